# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The control routes: journal, faults, clock, consent, incidents."""

from __future__ import annotations

import pytest

PATH = "/v1.0/security/incidents"


def lines(desk, tenant):
    return [
        line
        for line in desk.control("GET", "journal").json()["value"]
        if line["tenant"] == tenant.id
    ]


def test_nothing_is_told_without_the_key(desk) -> None:
    for key in ("", "wrong"):
        assert desk.control("GET", "journal", key=key).status == 403


def test_the_journal_tells_what_came_but_no_secret(desk, tenant) -> None:
    token = desk.token(tenant)
    desk.call("graph", tenant, "GET", PATH, "$top=1", headers={"client-request-id": "mine"})
    seen = lines(desk, tenant)
    assert [(line["origin"], line["method"], line["status"]) for line in seen] == [
        ("login", "POST", 200),
        ("login", "POST", 200),
        ("graph", "GET", 200),
    ]
    last = seen[-1]
    assert (last["path"], last["query"], last["client_request_id"], last["authorization"]) == (
        PATH,
        "$top=1",
        "mine",
        "Bearer",
    )
    assert token not in str(seen)
    assert desk.app.secret not in str(seen)
    assert desk.control("GET", "journal", f"since={last['n']}").json()["value"] == []


def test_a_secret_in_a_query_is_masked_and_a_header_at_the_login_host_is_noted(
    desk, tenant
) -> None:
    desk.send(
        "login",
        "POST",
        f"/{tenant.id}/oauth2/v2.0/token",
        "client_secret=abc&x=1",
        {"Authorization": "Bearer abc", "Cookie": "a=b"},
    )
    line = lines(desk, tenant)[-1]
    assert line["query"] == "client_secret=***&x=1"
    assert line["forbidden"] == ["Authorization", "Cookie"]


def fault(desk, tenant, **settings):
    answer = desk.control(
        "POST", "faults", body={"tenant": tenant.id, "origin": "graph", **settings}
    )
    assert answer.status == 200, answer.json()


def test_a_fault_hits_as_often_as_it_says(desk, tenant) -> None:
    fault(
        desk,
        tenant,
        status=502,
        body="<html>Bad gateway</html>",
        headers={"Content-Type": "text/html"},
        times=2,
        skip=1,
    )
    answers = [desk.call("graph", tenant, "GET", PATH).reply for _unused in range(4)]
    assert [one.status for one in answers] == [200, 502, 502, 200]
    assert answers[1].body == b"<html>Bad gateway</html>"
    assert answers[1].headers["Content-Type"] == "text/html"


def test_a_fault_without_conditions_is_a_latency_of_every_answer_but_the_labs_own(
    desk, tenant
) -> None:
    try:
        assert desk.control("POST", "faults", body={"delay": 0.15, "times": 10**9}).status == 200
        assert desk.ask_token(tenant.id).reply.delay == 0.15
        answer = desk.call("graph", tenant, "GET", PATH)
        assert (answer.status, answer.reply.delay) == (200, 0.15)
        assert desk.control("GET", "journal").reply.delay == 0
    finally:
        desk.control("DELETE", "faults")
    assert desk.call("graph", tenant, "GET", PATH).reply.delay == 0


def test_a_fault_may_spare_others(desk, tenant, other) -> None:
    fault(desk, tenant, status=500, path=f"{PATH}/")
    assert desk.call("graph", tenant, "GET", PATH).status == 200
    assert desk.call("graph", other, "GET", f"{PATH}/1").status == 404
    assert desk.call("graph", tenant, "GET", f"{PATH}/1").status == 500


def test_ways_to_break_an_answer(desk, tenant) -> None:
    fault(desk, tenant, reset=True)
    fault(desk, tenant, truncate=True)
    fault(desk, tenant, redirect="https://evil.example/")
    fault(desk, tenant, delay=2.5)
    replies = [desk.call("graph", tenant, "GET", PATH).reply for _unused in range(4)]
    assert [one.wire for one in replies] == ["reset", "truncate", "whole", "whole"]
    assert (replies[2].status, replies[2].headers["Location"]) == (302, "https://evil.example/")
    assert (replies[3].status, replies[3].delay) == (200, 2.5)
    assert [line["status"] for line in lines(desk, tenant) if line["origin"] == "graph"] == [
        0,
        200,
        302,
        200,
    ]


def test_a_write_may_take_effect_and_lose_its_answer(desk, tenant) -> None:
    first = desk.call("graph", tenant, "GET", PATH).json()["value"][0]["id"]
    fault(desk, tenant, method="PATCH", reset=True, after=True)
    assert (
        desk.call(
            "graph", tenant, "PATCH", f"{PATH}/{first}", body={"assignedTo": "me@partner.example"}
        ).reply.wire
        == "reset"
    )
    assert (
        desk.call("graph", tenant, "GET", f"{PATH}/{first}").json()["assignedTo"]
        == "me@partner.example"
    )


@pytest.mark.parametrize(
    ("origin", "path", "number"), [("graph", PATH, "id"), ("xdr", "/api/incidents", "incidentId")]
)
def test_a_service_may_ignore_options_of_a_query(desk, tenant, origin, path, number) -> None:
    whole = [one[number] for one in desk.call(origin, tenant, "GET", path).json()["value"]]
    query = {
        "$filter": "createdTime lt 2000-01-01T00:00:00Z"
        if origin == "xdr"
        else "createdDateTime lt 2000-01-01T00:00:00Z",
        "$skip": "3",
    }
    for ignore, count in ((["$filter"], 9), (["$skip"], 0), (["$filter", "$skip"], 12)):
        fault(desk, tenant, origin=origin, ignore=ignore)
        found = [
            one[number] for one in desk.call(origin, tenant, "GET", path, query).json()["value"]
        ]
        assert found == whole[12 - count :]
    assert desk.call(origin, tenant, "GET", path, query).json()["value"] == []


def test_pages_that_repeat_say_that_more_follow(desk, tenant) -> None:
    fault(desk, tenant, ignore=["$skip"], times=2)
    pages = [
        desk.call("graph", tenant, "GET", PATH, {"$top": "5", "$skip": skip}).json()
        for skip in ("5", "10")
    ]
    assert pages[0] == pages[1]
    assert pages[0]["@odata.nextLink"].endswith("$skip=5")


def test_an_object_may_have_other_members_or_lack_some(desk, tenant) -> None:
    first, second = desk.call("graph", tenant, "GET", PATH).json()["value"][:2]
    fault(
        desk,
        tenant,
        item={"tenantId": "other", "severity": None},
        without=["createdDateTime"],
        times=2,
    )
    changed, whole = desk.call("graph", tenant, "GET", PATH).json()["value"][:2]
    assert changed == {
        name: value
        for name, value in {**first, "tenantId": "other", "severity": None}.items()
        if name != "createdDateTime"
    }
    assert whole == second
    assert desk.call("graph", tenant, "GET", f"{PATH}/{second['id']}").json()["tenantId"] == "other"
    assert desk.call("graph", tenant, "GET", PATH).json()["value"][0] == first


def test_a_fault_at_the_login_host(desk, tenant) -> None:
    fault(desk, tenant, origin="login", status=503, times=1)
    assert [desk.ask_token(tenant.id).status for _unused in range(2)] == [503, 200]


@pytest.mark.parametrize("body", [{"colour": "red"}, [], {"tenant": "nobody"}])
def test_a_fault_nobody_knows(desk, body) -> None:
    assert desk.control("POST", "faults", body=body).status in (400, 404)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("clock", {}),
        ("clock", {"advance": "soon"}),
        ("consent", {}),
        ("incidents", {"tenant": "contoso", "incidents": 5}),
    ],
)
def test_a_control_body_that_does_not_fit_is_refused(desk, path, body) -> None:
    assert desk.control("POST", path, body=body).status in (400, 404)


def test_incidents_can_be_made_changed_and_taken_away(desk, tenant) -> None:
    before = desk.call("graph", tenant, "GET", PATH).json()["value"]
    gone, kept = before[0]["id"], before[3]["id"]
    body = {
        "tenant": tenant.host,
        "incidents": [
            {"displayName": "fresh", "severity": "high"},
            {"id": kept, "severity": "low"},
        ],
        "delete": [gone],
    }
    assert desk.control("POST", "incidents", body=body).json()["count"] == 12
    after = desk.call("graph", tenant, "GET", PATH).json()["value"]
    assert {after[0]["displayName"], after[1]["displayName"]} == {"fresh", before[3]["displayName"]}
    assert gone not in {one["id"] for one in after}
    assert next(one for one in after if one["id"] == kept)["severity"] == "low"
    assert next(one for one in after if one["displayName"] == "fresh")["status"] == "active"


def test_the_id_of_an_incident_that_was_taken_away_is_never_given_again(desk, tenant) -> None:
    ids = [one["id"] for one in desk.call("graph", tenant, "GET", PATH).json()["value"]]
    newest = max(ids, key=int)
    body = {"tenant": tenant.host, "incidents": [{"displayName": "fresh"}], "delete": [newest]}
    desk.control("POST", "incidents", body=body)
    after = {one["id"] for one in desk.call("graph", tenant, "GET", PATH).json()["value"]}
    assert newest not in after
    assert len(after - set(ids)) == 1


def test_alerts_can_be_changed_by_their_incident(desk, tenant) -> None:
    listed = desk.call("graph", tenant, "GET", PATH, "$expand=alerts").json()["value"]
    number = next(one["id"] for one in listed if one["alerts"])
    details = {"UserName": ["anna"], "userName": ["berta"]}
    desk.control(
        "POST",
        "incidents",
        body={"tenant": tenant.host, "alerts": [{"incidentId": number, "customDetails": details}]},
    )
    alerts = desk.call("graph", tenant, "GET", PATH, "$expand=alerts").json()["value"]
    assert {
        one["id"]
        for one in alerts
        if any(alert.get("customDetails") == details for alert in one["alerts"])
    } == {number}


@pytest.mark.parametrize(
    ("origin", "path", "time"),
    [("graph", PATH, "createdDateTime"), ("xdr", "/api/incidents", "createdTime")],
)
def test_both_services_can_sort_by_creation(desk, tenant, origin, path, time) -> None:
    oldest = desk.call("graph", tenant, "GET", PATH).json()["value"][-1]["id"]
    desk.control(
        "POST",
        "incidents",
        body={"tenant": tenant.host, "incidents": [{"id": oldest}], "order": "createdDateTime"},
    )
    times = [one[time] for one in desk.call(origin, tenant, "GET", path).json()["value"]]
    assert times == sorted(times, reverse=True)
    desk.control("POST", "incidents", body={"tenant": tenant.host, "order": "lastUpdateDateTime"})
    assert desk.call("graph", tenant, "GET", PATH).json()["value"][0]["id"] == oldest


def test_the_stories_of_the_world_are_told(desk) -> None:
    told = desk.control("GET", "stories").json()["value"]
    assert {one["name"] for one in told} >= {"phishing", "intrusion"}
    assert all(one["tenants"] for one in told)


def test_an_unknown_control_route(desk) -> None:
    assert desk.control("GET", "nothing").status == 404
