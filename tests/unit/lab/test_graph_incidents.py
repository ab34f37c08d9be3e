# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Incidents on Graph: pages, options, single ones, updates, comments."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import pytest
from defender_lab.service.instants import ticks

PATH = "/v1.0/security/incidents"


def page(desk, tenant, query="", **more):
    answer = desk.call("graph", tenant, "GET", PATH, query, **more)
    assert answer.status == 200, answer.json()
    return answer.json()


def test_incidents_come_newest_first_with_a_context(desk, tenant) -> None:
    body = page(desk, tenant)
    assert set(body) == {"@odata.context", "value"}
    assert body["@odata.context"] == "https://127.0.0.1:8443/v1.0/$metadata#security/incidents"
    times = [ticks(one["lastUpdateDateTime"]) for one in body["value"]]
    assert len(times) == 12
    assert times == sorted(times, reverse=True)
    assert all("alerts" not in one for one in body["value"])


def test_next_links_lead_through_all_of_them_once(desk, tenant) -> None:
    query = {
        "$top": "5",
        "$count": "true",
        "$filter": "createdDateTime gt 2000-01-01T00:00:00+02:00",
    }
    seen: list[str] = []
    while True:
        body = page(desk, tenant, query)
        assert body["@odata.count"] == 12
        seen += [one["id"] for one in body["value"]]
        if "@odata.nextLink" not in body:
            break
        link = urlsplit(body["@odata.nextLink"])
        assert (link.scheme, link.netloc, link.path) == ("https", "127.0.0.1:8443", PATH)
        query = dict(parse_qsl(link.query))
    assert len(seen) == len(set(seen)) == 12


def test_the_page_without_top_is_fifty(desk, tenant) -> None:
    desk.control(
        "POST",
        "incidents",
        body={"tenant": tenant.id, "incidents": [{"displayName": f"made {n}"} for n in range(45)]},
    )
    body = page(desk, tenant)
    assert len(body["value"]) == 50
    assert body["@odata.nextLink"].endswith("$skip=50")


def test_top_above_fifty_is_refused_as_observed(desk, tenant) -> None:
    answer = desk.call("graph", tenant, "GET", PATH, "$top=100")
    error = answer.error()
    assert answer.status == 400
    assert error["code"] == ""
    limit = (
        "The limit of '50' for Top query has been exceeded. The value from the incoming"
        " request is '100'."
    )
    assert error["message"] == f"The query specified in the URI is not valid. {limit}"
    assert error["details"] == []
    assert set(error["innerError"]) == {"date", "request-id", "client-request-id"}
    assert desk.call("graph", tenant, "GET", PATH, "$top=50").status == 200


@pytest.mark.parametrize(
    "query",
    [
        "$select=id",
        "$search=x",
        "$top=-1",
        "$top=x",
        "$skip=-1",
        "$count=yes",
        "$expand=evidence",
        "$orderby=displayName",
        "$orderby=lastUpdateDateTime down",
        "$filter=displayName eq 'x'",
        "$filter=status eq 'nonsense'",
        "$filter=",
        "$top=1&$top=2",
    ],
)
def test_an_option_graph_does_not_take_is_a_400(desk, tenant, query) -> None:
    answer = desk.call("graph", tenant, "GET", PATH, query)
    assert answer.status == 400
    assert answer.error()["message"]


def test_filters_choose(desk, tenant) -> None:
    everything = page(desk, tenant)["value"]
    for text, keep in {
        "status eq 'Active'": lambda one: one["status"] == "active",
        "severity in ('high','medium') and status ne 'resolved'": lambda one: (
            one["severity"] in ("high", "medium") and one["status"] != "resolved"
        ),
        f"lastUpdateDateTime gt {everything[5]['lastUpdateDateTime']}": lambda one: (
            ticks(one["lastUpdateDateTime"]) > ticks(everything[5]["lastUpdateDateTime"])
        ),
        "assignedTo eq null": lambda one: one["assignedTo"] is None,
    }.items():
        got = page(desk, tenant, {"$filter": text, "$count": "true"})
        assert [one["id"] for one in got["value"]] == [
            one["id"] for one in everything if keep(one)
        ], text
        assert got["@odata.count"] == len(got["value"])


def test_a_plus_sign_that_was_not_encoded_is_a_space(desk, tenant) -> None:
    assert (
        desk.call(
            "graph", tenant, "GET", PATH, "$filter=createdDateTime gt 2026-01-01T00:00:00+02:00"
        ).status
        == 400
    )


def test_orderby_turns_the_list(desk, tenant) -> None:
    newest = [one["id"] for one in page(desk, tenant)["value"]]
    assert [
        one["id"] for one in page(desk, tenant, {"$orderby": "lastUpdateDateTime asc"})["value"]
    ] == newest[::-1]


def test_alerts_come_with_expand(desk, tenant) -> None:
    body = page(desk, tenant, {"$expand": "alerts", "$top": "3"})
    for incident in body["value"]:
        assert all(alert["incidentId"] == incident["id"] for alert in incident["alerts"])
    assert any(incident["alerts"] for incident in body["value"])
    assert "$expand=alerts" in body["@odata.nextLink"]


def test_one_incident_and_one_that_is_not_there(desk, tenant) -> None:
    first = page(desk, tenant)["value"][0]
    got = desk.call("graph", tenant, "GET", f"{PATH}/{first['id']}").json()
    assert got.pop("@odata.context").endswith("#security/incidents/$entity")
    assert got == first
    assert desk.call("graph", tenant, "GET", f"{PATH}/{first['id']}", "$expand=alerts").json()[
        "alerts"
    ]
    missing = desk.call("graph", tenant, "GET", f"{PATH}/1")
    assert (missing.status, missing.error()["code"]) == (404, "NotFound")


def test_newer_members_are_told_to_those_who_ask(desk, tenant) -> None:
    first = page(desk, tenant)["value"][0]["id"]
    desk.control(
        "POST",
        "incidents",
        body={"tenant": tenant.id, "incidents": [{"id": first, "status": "awaitingAction"}]},
    )
    assert page(desk, tenant)["value"][0]["status"] == "unknownFutureValue"
    asked = page(desk, tenant, headers={"Prefer": "include-unknown-enum-members"})
    assert asked["value"][0]["status"] == "awaitingAction"


def test_an_update_changes_what_it_names(desk, tenant) -> None:
    before = page(desk, tenant)["value"][5]
    change = {
        "status": "Resolved",
        "classification": "truePositive",
        "determination": "malware",
        "assignedTo": "me@partner.example",
        "customTags": ["a", "b"],
    }
    answer = desk.call("graph", tenant, "PATCH", f"{PATH}/{before['id']}", body=change)
    assert answer.status == 200
    after = page(desk, tenant)["value"][0]
    assert after["id"] == before["id"]
    assert {name: after[name] for name in change} == {**change, "status": "resolved"}
    assert ticks(after["lastUpdateDateTime"]) > ticks(before["lastUpdateDateTime"])


@pytest.mark.parametrize(
    "change",
    [
        {"id": "1"},
        {"comments": []},
        {"status": "redirected"},
        {"status": "gone"},
        {"customTags": "a"},
        {"assignedTo": 5},
        [],
    ],
)
def test_an_update_graph_would_not_take(desk, tenant, change) -> None:
    first = page(desk, tenant)["value"][0]
    assert desk.call("graph", tenant, "PATCH", f"{PATH}/{first['id']}", body=change).status == 400
    assert page(desk, tenant)["value"][0] == first


def test_a_comment_is_answered_with_all_comments(desk, tenant) -> None:
    first = page(desk, tenant)["value"][0]
    body = {"@odata.type": "microsoft.graph.security.alertComment", "comment": "seen"}
    answer = desk.call("graph", tenant, "POST", f"{PATH}/{first['id']}/comments", body=body)
    assert answer.status == 200
    assert [one["comment"] for one in answer.json()["value"]] == [
        *(one["comment"] for one in first["comments"]),
        "seen",
    ]
    assert answer.json()["value"][-1]["createdByDisplayName"] == desk.app.display_name
