# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What incident_info makes of answers that are odd, wrong or another tenant's, as a play meets
them."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.modules import incident_info
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils import _execution
from ansible_collections.mssp.defender_xdr.tests.behaviour.lab import Customer
from ansible_collections.mssp.defender_xdr.tests.behaviour.runs import Ansible, Run

Json = dict[str, t.Any]
PATHS: t.Final = {"graph": "/v1.0/security/incidents", "xdr": "/api/incidents"}
OTHER: t.Final = "99999999-8888-7777-6666-555555555555"
APIS: t.Final = pytest.mark.parametrize("api", ["graph", "xdr"])
DETAILS: t.Final = {"UserName": ["anna"], "userName": ["berta"], "IP Address": ["192.0.2.9"]}


def listed(ansible: Ansible, customer: Customer, *more: str, **arguments: t.Any) -> Run:
    task = {"name": "list", "mssp.defender_xdr.incident_info": arguments}
    return ansible.playbook([{"hosts": customer.host, "tasks": [task]}], *more)


def refused(run: Run) -> Json:
    """The error of a task that failed with one sentence, and without a crash."""
    result = run.result("list")
    assert run.code == 2
    assert "incidents" not in result
    assert "Traceback" not in run.output
    assert result["msg"].startswith("Tenant ")
    assert result["msg"].endswith(".")
    return t.cast("Json", {**result["error"], "msg": result["msg"]})


def run_here(customer: Customer, folder: Path, **params: t.Any) -> Json:
    """The module's result, without Ansible around it."""
    lab = customer.lab
    tenant = {
        "tenant_id": customer.tenant_id,
        "client_id": lab.facts["client_id"],
        "client_secret": lab.facts["client_secret"],
        "ca_path": lab.facts["ca_path"],
        "token_cache": str(folder / "cache"),
        **{f"{name}_url": url for name, url in lab.urls.items()},
    }
    validated = _execution.validated(incident_info.SPEC, {**tenant, **params})
    return _execution.run_here(incident_info, validated, (), check_mode=False)


def raw_incidents(customer: Customer) -> list[Json]:
    return customer.lab.incidents(customer.tenant_id)


def number_with_alerts(customer: Customer) -> str:
    """An incident that has alerts: those of a redirected one have moved to its target."""
    return next(str(one["id"]) for one in raw_incidents(customer) if one["status"] != "redirected")


def change(customer: Customer, **values: t.Any) -> None:
    customer.lab.control("POST", "incidents", tenant=customer.tenant_id, **values)


# Another tenant's data


@APIS
def test_an_answer_with_another_tenants_incident_is_never_returned(
    ansible: Ansible, customer: Customer, api: str
) -> None:
    customer.fault(path=PATHS[api], item={"tenantId" if api == "graph" else "aadTenantId": OTHER})
    error = refused(listed(ansible, customer, api=api))
    assert (error["category"], error["who"]) == ("wrong_tenant", "partner")
    assert OTHER in error["msg"]
    assert "security event" in error["advice"]


def test_an_answer_with_another_tenants_alert_is_never_returned(
    ansible: Ansible, customer: Customer
) -> None:
    number = number_with_alerts(customer)
    change(customer, alerts=[{"incidentId": number, "tenantId": OTHER}])
    for arguments in ({"expand_alerts": True}, {"expand_alerts": True, "id": number}):
        error = refused(listed(ansible, customer, api="graph", **arguments))
        assert error["category"] == "wrong_tenant"
        assert "one alert of another tenant" in error["msg"]
    run = listed(ansible, customer, api="graph").good()
    assert run.result("list")["count"] == 12


def test_the_tenants_own_id_in_capitals_is_no_mismatch(
    ansible: Ansible, customer: Customer
) -> None:
    customer.fault(path=PATHS["graph"], item={"tenantId": customer.tenant_id.upper()})
    assert listed(ansible, customer, api="graph").good().result("list")["count"] == 12


# A limit


@APIS
@pytest.mark.parametrize("order", ["createdDateTime", "lastUpdateDateTime"])
def test_a_limit_gives_the_newest_by_creation_in_check_mode_too(
    ansible: Ansible, customer: Customer, api: str, order: str
) -> None:
    """The oldest ten were updated last, so that they come first."""
    world = sorted(raw_incidents(customer), key=lambda one: one["createdDateTime"])
    touched = [{"id": one["id"]} for one in world[:10]]
    change(customer, incidents=touched, order=order)
    newest = [one["id"] for one in reversed(world)][:3]
    for check in ([], ["--check"]):
        result = listed(ansible, customer, *check, api=api, limit=3).good().result("list")
        assert [one["id"] for one in result["incidents"]] == newest
        assert (result["count"], result["truncated"]) == (3, True)


# Names and words


def test_the_keys_of_dictionaries_are_data(ansible: Ansible, customer: Customer) -> None:
    number = number_with_alerts(customer)
    kind = "#microsoft.graph.security.kubernetes"
    evidence = [
        {
            "@odata.type": f"{kind}PodEvidence",
            "labels": {"app.kubernetes.io/Name": "web"},
            "namespace": {"labels": {"teamA": "1"}},
            "verdict": "noThreatsFound",
            "roles": ["policyViolator"],
        },
        {"@odata.type": f"{kind}ServiceEvidence", "selector": {"App": "x"}},
        {"futureDetails": {"UserName": 1, "userName": 2}},
    ]
    change(
        customer, alerts=[{"incidentId": number, "customDetails": DETAILS, "evidence": evidence}]
    )
    run = listed(ansible, customer, api="graph", expand_alerts=True, id=number).good()
    alert = run.result("list")["incidents"][0]["alerts"][0]
    assert alert["custom_details"] == DETAILS
    pod, service, future = alert["evidence"]
    assert pod["labels"] == {"app.kubernetes.io/Name": "web"}
    assert pod["namespace"] == {"labels": {"teamA": "1"}}
    assert (pod["verdict"], pod["roles"]) == ("no_threats_found", ["policy_violator"])
    assert service["selector"] == {"App": "x"}
    assert sorted(future["future_details"].values()) == [1, 2]


@APIS
def test_a_dictionary_of_an_incident_is_data_through_both_apis(
    ansible: Ansible, customer: Customer, api: str
) -> None:
    customer.fault(
        path=PATHS[api], item={"customDetails": DETAILS, "tags": ["a"], "customTags": ["b"]}
    )
    incidents = listed(ansible, customer, api=api).good().result("list")["incidents"]
    (changed,) = [one for one in incidents if "custom_details" in one]
    assert changed["custom_details"] == DETAILS
    assert {"a", "b"} <= {
        tag for value in changed.values() if value in (["a"], ["b"]) for tag in value
    }


def test_the_words_of_devices_and_alerts_are_those_of_graph_through_both_apis(
    ansible: Ansible, customer: Customer
) -> None:
    alerts = {}
    for api in PATHS:
        run = listed(ansible, customer, api=api, expand_alerts=True).good()
        incidents = run.result("list")["incidents"]
        alerts[api] = {alert["id"]: alert for one in incidents for alert in one["alerts"]}
    for name in ("status", "severity", "service_source", "detection_source", "determination"):
        words = [{key: alert[name] for key, alert in found.items()} for found in alerts.values()]
        assert words[0] == words[1]
    devices = [device for alert in alerts["xdr"].values() for device in alert["devices"]]
    entities = [entity for alert in alerts["xdr"].values() for entity in alert["entities"]]
    assert devices
    assert {device["health_status"] for device in devices} <= {"active", "inactive"}
    assert {device["risk_score"] for device in devices} <= {
        "none",
        "low",
        "medium",
        "high",
        "informational",
    }
    assert {entity["entity_type"] for entity in entities} <= {
        "user",
        "ip",
        "url",
        "file",
        "process",
        "mail_box",
        "mail_message",
        "mail_cluster",
        "registry",
        "security_group",
    }


# A service that misbehaves


@APIS
@pytest.mark.parametrize(
    "fault",
    [
        {"without": ["lastUpdateDateTime", "lastUpdateTime"]},
        {"without": ["createdDateTime", "createdTime"]},
        {"item": {"createdDateTime": "soon", "createdTime": "soon"}},
        {"item": {"lastUpdateDateTime": 7, "lastUpdateTime": None}},
        {"without": ["id", "incidentId"]},
        {"item": {"alerts": "none"}},
        {"status": 200, "body": {}},
        {"status": 200, "body": {"value": None}},
        {"status": 200, "body": {"value": {"id": "1"}}},
        {"status": 200, "body": {"value": [None, "text", 3]}},
        {"status": 200, "body": {"value": [{"id": "1", "alerts": [None]}]}},
        {"status": 200, "body": '{"value": [' + '{"alerts": [' * 90 + "{}" + "]}" * 90 + "]}"},
    ],
    ids=lambda fault: str(fault)[:60],
)
def test_an_answer_that_cannot_be_read_is_one_sentence(
    tmp_path: Path, customer: Customer, api: str, fault: Json
) -> None:
    customer.fault(path=PATHS[api], **fault)
    with pytest.raises(DefenderError) as raised:
        run_here(customer, tmp_path, api=api, limit=5)
    assert (raised.value.category, raised.value.who) == ("unavailable", "microsoft")
    assert raised.value.message.startswith(f"Tenant {customer.tenant_id}: ")


def test_a_play_meets_an_incident_without_its_times_as_a_failed_task(
    ansible: Ansible, customer: Customer
) -> None:
    customer.fault(path=PATHS["graph"], without=["createdDateTime"])
    error = refused(listed(ansible, customer, api="graph"))
    assert error["category"] == "unavailable"
    assert "without a readable created_date_time" in error["msg"]


@APIS
@pytest.mark.parametrize("ignore", [["$filter"], ["$skip"], ["$skip", "$filter"]], ids=str)
@pytest.mark.parametrize("order", ["createdDateTime", "lastUpdateDateTime"])
@pytest.mark.parametrize("limit", [0, 70])
def test_a_service_that_ignores_what_it_is_asked_never_makes_an_endless_walk(
    tmp_path: Path, customer: Customer, api: str, ignore: list[str], order: str, limit: int
) -> None:
    """It ends with the whole list, or with a sentence; never with a list that only looks whole."""
    more = [
        {"createdDateTime": f"2026-01-{1 + day % 28:02}T00:{day % 60:02}:00.{day:07}Z"}
        for day in range(230)
    ]
    change(customer, incidents=more, order=order)
    world = sorted(raw_incidents(customer), key=lambda one: one["createdDateTime"], reverse=True)
    customer.fault(path=PATHS[api], ignore=ignore, times=10_000)
    since = customer.lab.now()
    error = None
    result: Json = {}
    try:
        result = run_here(customer, tmp_path, api=api, limit=limit)
    except DefenderError as e:
        error = e
    asked = [line for line in customer.calls(api) if line["n"] > since]
    assert len(asked) <= 45
    if error is None:
        assert [one["id"] for one in result["incidents"]] == [one["id"] for one in world][
            : limit or None
        ]
    else:
        assert error.category == "unavailable"
