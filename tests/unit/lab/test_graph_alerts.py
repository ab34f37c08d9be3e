# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Alerts and hunting on Graph."""

from __future__ import annotations

import pytest

PATH = "/v1.0/security/alerts_v2"
HUNT = "/v1.0/security/runHuntingQuery"


def test_alerts_filter_on_their_own_properties(desk, tenant) -> None:
    everything = desk.call("graph", tenant, "GET", PATH).json()["value"]
    source = everything[0]["serviceSource"]
    got = desk.call(
        "graph", tenant, "GET", PATH, {"$filter": f"serviceSource eq '{source}'", "$count": "true"}
    ).json()
    assert [one["id"] for one in got["value"]] == [
        one["id"] for one in everything if one["serviceSource"] == source
    ]
    assert got["@odata.count"] == len(got["value"])


def test_alerts_take_a_top_of_a_hundred_but_no_expand_and_no_orderby(desk, tenant) -> None:
    assert desk.call("graph", tenant, "GET", PATH, "$top=100").status == 200
    assert desk.call("graph", tenant, "GET", PATH, "$expand=evidence").status == 400
    assert desk.call("graph", tenant, "GET", PATH, "$orderby=createdDateTime").status == 400


def test_one_alert_its_update_and_its_comments(desk, tenant) -> None:
    first = desk.call("graph", tenant, "GET", PATH).json()["value"][0]
    one = f"{PATH}/{first['id']}"
    assert desk.call("graph", tenant, "GET", one).json()["title"] == first["title"]
    assert (
        desk.call("graph", tenant, "PATCH", one, body={"status": "resolved"}).json()["status"]
        == "resolved"
    )
    assert desk.call("graph", tenant, "PATCH", one, body={"severity": "low"}).status == 400
    assert (
        desk.call("graph", tenant, "POST", f"{one}/comments", body={"comment": "x"}).json()[
            "value"
        ][-1]["comment"]
        == "x"
    )
    assert desk.call("graph", tenant, "GET", f"{PATH}/none").status == 404


def test_a_hidden_source_is_shown_on_request(desk, tenant) -> None:
    desk.lab.store.shelf(tenant.id).alerts[0]["serviceSource"] = "microsoftSentinel"
    assert (
        desk.call("graph", tenant, "GET", PATH, "$top=1").json()["value"][0]["serviceSource"]
        == "unknownFutureValue"
    )
    asked = desk.call(
        "graph", tenant, "GET", PATH, "$top=1", headers={"Prefer": "include-unknown-enum-members"}
    )
    assert asked.json()["value"][0]["serviceSource"] == "microsoftSentinel"


@pytest.mark.parametrize("path", [HUNT, "/v1.0/security/microsoft.graph.security.runHuntingQuery"])
@pytest.mark.parametrize("member", ["Query", "query"])
def test_a_hunt_answers_schema_and_results(desk, tenant, path, member) -> None:
    answer = desk.call(
        "graph",
        tenant,
        "POST",
        path,
        body={member: "DeviceInfo | summarize Rows=count()", "Timespan": "P7D"},
    )
    body = answer.json()
    assert answer.status == 200, body
    assert [column["name"] for column in body["schema"]] == ["Rows"]
    assert body["results"][0]["Rows"] > 0
    assert body["@odata.context"].endswith("#microsoft.graph.security.huntingQueryResults")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"Query": ""},
        {"Query": 5},
        {"Query": "DeviceInfo", "Limit": 5},
        {"Query": "DeviceInfo", "query": "DeviceInfo"},
        {"Query": "DeviceInfo", "Timespan": "a week"},
    ],
)
def test_a_hunt_whose_body_does_not_fit(desk, tenant, body) -> None:
    answer = desk.call("graph", tenant, "POST", HUNT, body=body)
    assert (answer.status, answer.error()["code"]) == (400, "BadRequest")


def test_a_hunt_in_another_charset_is_read_in_it(desk, tenant) -> None:
    text = '{"Query": "print Name=\'Müller\'"}'
    headers = {"Content-Type": "application/json; charset=utf-8"}
    answer = desk.call("graph", tenant, "POST", HUNT, headers=headers, body=text.encode())
    assert answer.json()["results"] == [{"Name": "Müller"}]


def test_a_table_without_licence_looks_like_a_bad_query(desk, tenant) -> None:
    desk.become(tenant, personality="not_licensed")
    answer = desk.call(
        "graph", tenant, "POST", HUNT, body={"Query": "EmailEvents | where Timestamp > ago(1d)"}
    )
    assert (answer.status, answer.error()["code"]) == (400, "BadRequest")
    assert (
        "Failed to resolve table or column expression named 'EmailEvents'"
        in answer.error()["message"]
    )
    assert (
        desk.call("graph", tenant, "POST", HUNT, body={"Query": "DeviceInfo | take 1"}).status
        == 200
    )
