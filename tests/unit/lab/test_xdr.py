# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Defender XDR API: the same incidents in the older vocabulary, and its own refusals."""

from __future__ import annotations

import pytest
from defender_lab.service.instants import ticks

PATH = "/api/incidents"
INCIDENT = {
    "incidentId",
    "redirectIncidentId",
    "incidentName",
    "createdTime",
    "lastUpdateTime",
    "assignedTo",
    "classification",
    "determination",
    "status",
    "severity",
    "tags",
    "comments",
    "alerts",
}
ALERT = set(
    "alertId incidentId serviceSource creationTime lastUpdatedTime resolvedTime firstActivity"
    " lastActivity title description category status severity investigationId investigationState"
    " classification determination detectionSource assignedTo actorName threatFamilyName"
    " mitreTechniques devices entities".split()
)
DEVICE = set(
    (
        "mdatpDeviceId aadDeviceId deviceDnsName osPlatform version osProcessor osBuild"
        " healthStatus riskScore rbacGroupName rbacGroupId firstSeen"
    ).split()
)
ENTITY_KINDS = {
    "User",
    "Ip",
    "Url",
    "File",
    "Process",
    "MailBox",
    "MailMessage",
    "MailCluster",
    "Registry",
    "SecurityGroup",
}


def rows(desk, tenant, query=""):
    answer = desk.call("xdr", tenant, "GET", PATH, query)
    assert answer.status == 200, answer.json()
    return answer.json()["value"]


def test_an_incident_has_the_documented_keys(desk, tenant) -> None:
    everything = rows(desk, tenant)
    alerts = [alert for one in everything for alert in one["alerts"]]
    devices = [device for alert in alerts for device in alert["devices"]]
    entities = [entity for alert in alerts for entity in alert["entities"]]
    assert all(set(one) == INCIDENT for one in everything)
    assert all(set(one) == ALERT for one in alerts)
    assert devices
    assert all(set(one) == DEVICE for one in devices)
    assert {one["entityType"] for one in entities} <= ENTITY_KINDS
    assert len({frozenset(one) for one in entities}) == 1
    assert len(entities[0]) == 31


def test_both_apis_tell_of_the_same_incidents(desk, tenant) -> None:
    graph = desk.call("graph", tenant, "GET", "/v1.0/security/incidents", "$expand=alerts").json()[
        "value"
    ]
    xdr = rows(desk, tenant)
    assert [str(one["incidentId"]) for one in xdr] == [one["id"] for one in graph]
    words = {
        "active": "Active",
        "resolved": "Resolved",
        "inProgress": "InProgress",
        "redirected": "Redirected",
    }
    for old, new in zip(xdr, graph, strict=True):
        assert isinstance(old["incidentId"], int)
        assert (old["incidentName"], old["lastUpdateTime"], old["tags"]) == (
            new["displayName"],
            new["lastUpdateDateTime"],
            new["customTags"],
        )
        assert old["status"] == words[new["status"]]
        assert [alert["alertId"] for alert in old["alerts"]] == [
            alert["id"] for alert in new["alerts"]
        ]
        assert all(isinstance(alert["incidentId"], int) for alert in old["alerts"])


def test_an_unclassified_incident_is_unknown_and_not_available(desk, tenant) -> None:
    open_ones = [one for one in rows(desk, tenant) if one["classification"] == "Unknown"]
    assert open_ones
    assert {one["determination"] for one in open_ones} == {"NotAvailable"}


def test_pages_have_no_next_link(desk, tenant) -> None:
    everything = [one["incidentId"] for one in rows(desk, tenant)]
    answer = desk.call("xdr", tenant, "GET", PATH, "$top=5").json()
    assert set(answer) == {"@odata.context", "value"}
    paged = [
        one["incidentId"]
        for skip in (0, 5, 10)
        for one in rows(desk, tenant, f"$top=5&$skip={skip}")
    ]
    assert paged == everything


def test_filters_of_the_older_vocabulary(desk, tenant) -> None:
    everything = rows(desk, tenant)
    assert [one["incidentId"] for one in rows(desk, tenant, {"$filter": "status eq 'Active'"})] == [
        one["incidentId"] for one in everything if one["status"] == "Active"
    ]
    since = everything[4]["lastUpdateTime"]
    newer = rows(desk, tenant, {"$filter": f"lastUpdateTime ge {since}"})
    assert [one["incidentId"] for one in newer] == [
        one["incidentId"] for one in everything if ticks(one["lastUpdateTime"]) >= ticks(since)
    ]


@pytest.mark.parametrize(
    "query",
    [
        "$top=101",
        "$filter=severity eq 'High'",
        "$filter=lastUpdateDateTime gt 2026-01-01T00:00:00Z",
        "$count=true",
        "$expand=alerts",
        "$orderby=x",
    ],
)
def test_an_option_this_api_does_not_take(desk, tenant, query) -> None:
    answer = desk.call("xdr", tenant, "GET", PATH, query)
    assert (answer.status, answer.error()["code"]) == (400, "ODataError")
    assert set(answer.error()) == {"code", "message", "target"}


def test_one_incident_and_one_that_is_not_there(desk, tenant) -> None:
    first = rows(desk, tenant)[0]
    got = desk.call("xdr", tenant, "GET", f"{PATH}/{first['incidentId']}").json()
    got.pop("@odata.context")
    assert got == first
    assert desk.call("xdr", tenant, "GET", f"{PATH}/1").status == 404


def test_an_update_here_is_seen_on_graph(desk, tenant) -> None:
    first = rows(desk, tenant)[0]
    change = {
        "status": "Resolved",
        "classification": "FalsePositive",
        "determination": "Clean",
        "tags": ["x"],
        "comment": "done",
        "assignedTo": "me@partner.example",
    }
    answer = desk.call("xdr", tenant, "PATCH", f"{PATH}/{first['incidentId']}", body=change).json()
    assert (
        answer["status"],
        answer["classification"],
        answer["determination"],
        answer["tags"],
    ) == ("Resolved", "FalsePositive", "Clean", ["x"])
    assert answer["comments"][-1]["comment"] == "done"
    graph = desk.call(
        "graph", tenant, "GET", f"/v1.0/security/incidents/{first['incidentId']}"
    ).json()
    assert (graph["status"], graph["classification"], graph["determination"]) == (
        "resolved",
        "falsePositive",
        "notMalicious",
    )


@pytest.mark.parametrize(
    "body",
    [{}, {"status": "Redirected"}, {"severity": "High"}, {"tags": "x"}, [], {"Status": "Active"}],
)
def test_an_update_with_a_bad_body(desk, tenant, body) -> None:
    first = rows(desk, tenant)[0]["incidentId"]
    answer = desk.call("xdr", tenant, "PATCH", f"{PATH}/{first}", body=body)
    assert (answer.status, answer.error()["code"], answer.error()["message"]) == (
        400,
        "InvalidRequestBody",
        "Request body is incorrect",
    )


def test_hunting_answers_stats_schema_and_results(desk, tenant) -> None:
    body = desk.call(
        "xdr",
        tenant,
        "POST",
        "/api/advancedhunting/run",
        body={"Query": "DeviceInfo | summarize Rows=count()"},
    ).json()
    assert set(body) == {"Stats", "Schema", "Results"}
    assert set(body["Stats"]) == {"ExecutionTime", "resource_usage", "dataset_statistics"}
    assert set(body["Schema"][0]) == {"Name", "Type"}


@pytest.mark.parametrize(
    "body", [{"query": "DeviceInfo"}, {"Query": "DeviceInfo", "Timespan": "P1D"}, {}, {"Query": ""}]
)
def test_hunting_knows_one_member_with_a_capital(desk, tenant, body) -> None:
    assert desk.call("xdr", tenant, "POST", "/api/advancedhunting/run", body=body).status == 400
