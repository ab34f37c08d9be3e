# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the collection says about each tenant is what is true of it, and a token reaches nobody but
its own tenant's API."""

from __future__ import annotations

import collections
import typing as t
import urllib.parse

import pytest
from ansible_collections.mssp.defender_xdr.tests.behaviour.lab import Customer, Lab
from ansible_collections.mssp.defender_xdr.tests.behaviour.runs import Ansible, Run

Json = dict[str, t.Any]
Customers = t.Callable[[int], list[Customer]]
# What truth.json names, as a task; the host's name is in the query, so that the journal tells for
# whom a request was made.
OPERATIONS: t.Final[dict[str, Json]] = {
    "access_token:graph": {"mssp.defender_xdr.access_token_info": {}},
    "access_token:xdr": {"mssp.defender_xdr.access_token_info": {"resource": "xdr"}},
    "incident_info": {
        "mssp.defender_xdr.incident_info": {
            "filter": "assignedTo ne '{{ inventory_hostname }}'",
            "limit": 0,
            "fields": ["severity"],
        }
    },
    "hunting_query": {"mssp.defender_xdr.hunting_query": {"query": "DeviceInfo | take 1"}},
    "hunting_query:EmailEvents": {
        "mssp.defender_xdr.hunting_query": {"query": "EmailEvents | take 1"}
    },
}


def asked(name: str, **more: t.Any) -> Json:
    return {"name": name, **OPERATIONS[name], "ignore_errors": True, **more}


@pytest.fixture
def inventory(lab: Lab, ansible: Ansible) -> Ansible:
    """Ansible with the 25 tenants of the default mix."""
    ansible.inventory = lab.inventory
    return ansible


def test_each_operation_ends_as_the_truth_says_for_each_of_25_tenants(
    lab: Lab, inventory: Ansible
) -> None:
    # the throttled one may make two calls in ten seconds; the lab's clock is pushed on instead of
    # waiting
    push = {
        "name": "push the clock",
        "ansible.builtin.uri": {
            "url": f"{lab.urls['login']}/_lab/clock",
            "method": "POST",
            "body_format": "json",
            "body": {"advance": 11},
            "headers": {"X-Lab-Key": lab.facts["admin_key"]},
            "ca_path": lab.facts["ca_path"],
        },
        "run_once": True,
    }
    start = lab.now()
    run = inventory.playbook(
        [
            {
                "hosts": "tenants",
                "tasks": [asked(name) for name in list(OPERATIONS)[:4]]
                + [push, asked("hunting_query:EmailEvents")],
            }
        ]
    ).good()
    lines = lab.journal(start)
    for name in OPERATIONS:
        told = {
            host: result.get("error", {}).get("category")
            for host, result in run.results(name).items()
        }
        assert told == {host: truth["operations"][name] for host, truth in lab.truth.items()}, name
    _each_result_names_its_own_tenant(lab, run)
    _each_request_was_made_for_the_tenant_of_its_token(lab, lines)
    _the_wrong_token_was_never_sent(lab, lines)


def _each_result_names_its_own_tenant(lab: Lab, run: Run) -> None:
    for name in OPERATIONS:
        assert {host: result["tenant"]["id"] for host, result in run.results(name).items()} == {
            host: truth["tenant_id"] for host, truth in lab.truth.items()
        }
    for host, result in run.results("incident_info").items():
        if lab.truth[host]["operations"]["incident_info"] is None:
            assert {one["id"] for one in result["incidents"]} == {
                one["id"] for one in lab.incidents(lab.truth[host]["tenant_id"])
            }


def _each_request_was_made_for_the_tenant_of_its_token(lab: Lab, lines: list[Json]) -> None:
    listed = [line for line in lines if line["path"] == "/v1.0/security/incidents"]
    for line in listed:
        query = urllib.parse.parse_qs(line["query"])
        host = next(host for host in lab.truth if f"'{host}'" in query["$filter"][0])
        assert line["tenant"] == lab.truth[host]["tenant_id"]
    assert (
        len({line["tenant"] for line in listed})
        == sum(truth["operations"]["incident_info"] is None for truth in lab.truth.values()) + 1
    )
    assert {line["authorization"] for line in lines if line["origin"] == "graph"} == {"Bearer"}
    # no token, cookie or other authorization reaches the login service
    assert not [
        line
        for line in lines
        if line["origin"] == "login" and (line["authorization"] or line["forbidden"])
    ]
    assert "endpoint" not in {line["origin"] for line in lines}


def _the_wrong_token_was_never_sent(lab: Lab, lines: list[Json]) -> None:
    calls = collections.Counter(
        line["tenant"]
        for line in lines
        if line["origin"] == "graph" and line["path"].endswith("runHuntingQuery")
    )
    healthy = {
        truth["tenant_id"] for truth in lab.truth.values() if truth["personality"] == "healthy"
    }
    # a foreign token is that of a healthy tenant, whose calls would then be more than its own two
    assert {calls[tenant] for tenant in healthy} == {2}


def test_a_tenant_with_several_hundred_incidents_is_listed_whole(
    ansible: Ansible, customer: Customer
) -> None:
    new = [
        {
            "id": str(700_000 + number),
            "severity": ("low", "high")[number % 2],
            "status": "active",
            "createdDateTime": f"2026-01-{number % 28 + 1:02}T08:00:00Z",
            "lastUpdateDateTime": (
                f"2026-02-{number % 28 + 1:02}T08:{number % 60:02}:00.{number:07}Z"
            ),
        }
        for number in range(333)
    ]
    customer.lab.control("POST", "incidents", tenant=customer.tenant_id, incidents=new)
    truth = customer.lab.incidents(customer.tenant_id)
    start = customer.lab.now()
    tasks: list[Json] = [
        {
            "name": "all",
            "mssp.defender_xdr.incident_info": {"limit": 0, "fields": ["severity", "status"]},
        },
        {
            "name": "high",
            "mssp.defender_xdr.incident_info": {
                "limit": 0,
                "severity": "high",
                "status": "active",
                "fields": ["severity"],
            },
        },
        {"name": "some", "mssp.defender_xdr.incident_info": {"limit": 120, "fields": ["severity"]}},
        {
            "name": "none",
            "mssp.defender_xdr.incident_info": {"created_before": "2001-01-01T00:00:00Z"},
        },
        {
            "name": "raw",
            "mssp.defender_xdr.incident_info": {
                "filter": "severity eq 'low' or severity eq 'high'",
                "status": "resolved",
                "limit": 0,
            },
        },
    ]
    run = ansible.playbook([{"hosts": customer.host, "tasks": tasks}]).good()

    def ids(task: str) -> list[str]:
        found = [one["id"] for one in run.result(task)["incidents"]]
        assert len(found) == len(set(found)) == run.result(task)["count"]
        return sorted(found)

    assert ids("all") == sorted(one["id"] for one in truth)
    assert len(ids("all")) > 333
    assert run.result("all")["watermark"] == max(one["lastUpdateDateTime"] for one in truth)
    assert ids("high") == sorted(
        one["id"] for one in truth if one["severity"] == "high" and one["status"] == "active"
    )
    assert ids("raw") == sorted(
        one["id"]
        for one in truth
        if one["severity"] in ("low", "high") and one["status"] == "resolved"
    )
    assert (run.result("some")["count"], run.result("some")["truncated"]) == (120, True)
    assert (
        run.result("all")["truncated"],
        run.result("none")["incidents"],
        run.result("none")["watermark"],
    ) == (False, [], "")
    # 345 incidents are 7 pages of 50; three of the five lists go down all of them or half, and each
    # looks once more at what changed meanwhile
    assert (
        20
        <= len(
            [
                line
                for line in customer.lab.journal(start)
                if line["tenant"] == customer.tenant_id and line["origin"] == "graph"
            ]
        )
        <= 40
    )


@pytest.mark.parametrize("status", [302, 307, 308])
def test_a_redirect_is_not_followed_with_a_token(
    status: int, ansible: Ansible, customer: Customer
) -> None:
    elsewhere = f"{customer.lab.urls['xdr']}/api/incidents"
    customer.fault(origin="graph", redirect=elsewhere, status=status)
    run = ansible.adhoc(customer.host, "incident_info")
    told = run.result("mssp.defender_xdr.incident_info")
    assert told["error"]["category"] == "network"
    assert told["error"]["status"] == status
    assert elsewhere.rsplit(":", 1)[0] in told["msg"]
    assert [line["origin"] for line in customer.calls()] == ["login", "graph"]


def test_a_redirect_of_the_login_service_is_not_followed_with_a_secret(
    ansible: Ansible, customer: Customer
) -> None:
    customer.fault(origin="login", redirect=f"{customer.lab.urls['endpoint']}/catch", status=307)
    start = customer.lab.now()
    told = ansible.adhoc(customer.host, "incident_info").result("mssp.defender_xdr.incident_info")
    assert told["error"]["category"] == "network"
    assert not [line for line in customer.lab.journal(start) if line["origin"] == "endpoint"]


@pytest.mark.parametrize("items", [0, 1])
def test_a_next_link_to_another_origin_is_never_followed(
    items: int, ansible: Ansible, customer: Customer
) -> None:
    start = customer.lab.now()
    truth = customer.lab.incidents(customer.tenant_id)
    link = f"{customer.lab.urls['xdr']}/v1.0/security/incidents?$skip=1"
    customer.fault(
        origin="graph", status=200, body={"value": truth[:items], "@odata.nextLink": link}
    )
    told = ansible.adhoc(customer.host, "incident_info", "limit=0").result(
        "mssp.defender_xdr.incident_info"
    )
    # either the answer is refused, or the rest is asked of the API's own origin; a list that ends
    # there would be neither
    if "incidents" not in told:
        assert told.get("error", {}).get("category") in ("network", "unavailable"), told["msg"]
    else:
        assert {one["id"] for one in told["incidents"]} == {one["id"] for one in truth}
    assert {line["origin"] for line in customer.lab.journal(start)} == {"login", "graph"}


def test_an_answer_that_breaks_off_is_asked_for_again_and_never_taken_for_all(
    ansible: Ansible, customer: Customer
) -> None:
    customer.fault(origin="graph", truncate=True)
    told = (
        ansible.adhoc(customer.host, "incident_info", "limit=0")
        .good()
        .result("mssp.defender_xdr.incident_info")
    )
    assert told["count"] == len(customer.lab.incidents(customer.tenant_id))
    assert len([line for line in customer.calls("graph") if line["query"] != ""]) == 2


def test_a_throttled_call_waits_as_long_as_it_is_told_and_is_repeated(
    ansible: Ansible, customers: Customers
) -> None:
    patient, hurried = customers(2)
    throttled: Json = {
        "origin": "graph",
        "status": 429,
        "body": {"error": {"code": "TooManyRequests", "message": "Please retry again later."}},
    }
    patient.fault(**throttled, headers={"Retry-After": "0"})
    hurried.fault(**throttled, headers={"Retry-After": "250"}, times=9)
    task = {
        "name": "list",
        "mssp.defender_xdr.incident_info": {"limit": 1, "retry_deadline": 100},
        "ignore_errors": True,
    }
    run = ansible.playbook([{"hosts": f"{patient.host},{hurried.host}", "tasks": [task]}]).good()
    assert run.results("list")[patient.host]["count"] == 1
    assert [line["status"] for line in patient.calls("graph")] == [429, 200]
    # a wait that would outlast the deadline is not begun
    assert run.results("list")[hurried.host]["error"]["category"] == "throttled"
    assert run.results("list")[hurried.host]["error"]["retryable"]
    assert [line["status"] for line in hurried.calls("graph")] == [429]


def test_a_flaky_tenant_answers_every_list_and_every_hunt(
    ansible: Ansible, customer: Customer
) -> None:
    customer.consent(personality="flaky")
    times = list(range(6))
    tasks: list[Json] = [
        {
            "name": "hunt",
            "mssp.defender_xdr.hunting_query": {"query": "DeviceInfo | take 1"},
            "loop": times,
            "ignore_errors": True,
        },
        {
            "name": "list",
            "mssp.defender_xdr.incident_info": {"limit": 1},
            "loop": times,
            "ignore_errors": True,
        },
    ]
    run = ansible.playbook([{"hosts": customer.host, "tasks": tasks}]).good()
    for name in ("hunt", "list"):
        assert [one.get("msg", "") for one in run.result(name)["results"]] == [""] * 6
    # it did fail, each time in another way, a connection that was cut (0) among them
    failures = {line["status"] for line in customer.calls("graph")} - {200}
    assert 0 in failures
    assert len(failures) >= 3


def test_a_certificate_of_another_authority_is_not_trusted(
    ansible: Ansible, customer: Customer, lab: Lab
) -> None:
    environment = {
        "REQUESTS_CA_BUNDLE": customer.lab.facts["ca_path"],
        "CURL_CA_BUNDLE": customer.lab.facts["ca_path"],
    }
    start = customer.lab.now()
    run = ansible.playbook(
        [
            {
                "hosts": customer.host,
                "tasks": [
                    {
                        "name": "list",
                        "mssp.defender_xdr.incident_info": {"ca_path": lab.facts["ca_path"]},
                    }
                ],
            }
        ],
        env=environment,
    )
    assert run.result("list")["error"]["category"] == "tls"
    assert customer.lab.journal(start) == [] or customer.calls() == []
