# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""incident_info: lists, single incidents and their filters."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.mssp.defender_xdr.plugins.modules import incident_info
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.modules.runs import (
    GOOD,
    Tenants,
    failed,
    read,
    run,
)
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.stand_ins import (
    TOKEN_URL,
    FakeHttp,
    answer,
    token_answer,
)

INCIDENTS = "https://graph.microsoft.com/v1.0/security/incidents"
INCIDENT = {
    "@odata.type": "#microsoft.graph.security.incident",
    "id": "2972395",
    "status": "Active",
    "severity": "Medium",
    "displayName": "Multi-stage incident",
    "assignedTo": "KaiC@contoso.onmicrosoft.com",
    "createdDateTime": "2021-08-13T08:43:35.5533333Z",
    "lastUpdateDateTime": "2021-09-30T09:35:45.1133333Z",
}


def test_incident_info_lists_with_its_filter_and_tells_the_watermark(tenant_with: Tenants) -> None:
    http = FakeHttp(token_answer(GOOD), answer(200, {"value": [INCIDENT]}))
    result = run(
        incident_info,
        tenant_with(http),
        status=["active"],
        severity="medium",
        fields=["severity", "assigned_to"],
    )
    assert result == {
        "api": "graph",
        "incidents": [
            {"id": "2972395", "severity": "medium", "assigned_to": "KaiC@contoso.onmicrosoft.com"}
        ],
        "count": 1,
        "truncated": False,
        "watermark": "2021-09-30T09:35:45.1133333Z",
        "warnings": [],
    }
    assert [(asked.url, asked.params) for asked in http.asked[1:]] == [
        (INCIDENTS, {"$top": "50", "$filter": "status eq 'active' and severity eq 'medium'"})
    ]


def test_incident_info_gets_one(tenant_with: Tenants) -> None:
    http = FakeHttp(token_answer(GOOD), answer(200, INCIDENT))
    result = run(incident_info, tenant_with(http), id=" 2972395")
    assert (result["count"], result["incidents"][0]["display_name"]) == (1, "Multi-stage incident")
    assert [asked.url for asked in http.asked] == [TOKEN_URL, f"{INCIDENTS}/2972395"]


def test_incident_info_without_an_incident_has_an_empty_watermark(tenant_with: Tenants) -> None:
    result = run(
        incident_info, tenant_with(FakeHttp(token_answer(GOOD), answer(200, {"value": []})))
    )
    assert (result["incidents"], result["count"], result["truncated"], result["watermark"]) == (
        [],
        0,
        False,
        "",
    )


def test_incident_info_tells_that_there_is_none_of_that_number(tenant_with: Tenants) -> None:
    gone = answer(
        404,
        {
            "error": {
                "code": "NotFound",
                "message": "Incident 5 was not found",
                "innerError": {"request-id": "r-1"},
            }
        },
    )
    error = failed(incident_info, tenant_with(FakeHttp(token_answer(GOOD), gone)), id="5")
    assert (error.category, error.request_id) == ("not_found", "r-1")


@pytest.mark.parametrize(
    "arguments",
    [
        {"id": "1/../2"},
        {"limit": -1},
        {"fields": ["nonsense"]},
        {"created_since": "2026-01-01T00:00:00"},
    ],
)
def test_incident_info_refuses_before_anything_is_sent(
    tenant_with: Tenants, arguments: dict[str, t.Any]
) -> None:
    http = FakeHttp()
    assert failed(incident_info, tenant_with(http), **arguments).category == "bad_request"
    assert http.asked == []


FILTERS = [
    "status",
    "severity",
    "classification",
    "determination",
    "assigned_to",
    "filter",
    "created_since",
    "created_before",
    "updated_since",
    "updated_before",
]


@pytest.mark.parametrize("option", FILTERS)
def test_incident_info_takes_an_id_or_a_filter_and_not_both(option: str) -> None:
    value = {
        "status": "active",
        "severity": "high",
        "classification": "unknown",
        "determination": "apt",
    }.get(option, "x")
    (message,) = read(incident_info, {"id": "1", option: value})[1]
    assert "mutually exclusive" in message
    assert read(incident_info, {option: value})[1] == []


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("status", "Active"),
        ("severity", "critical"),
        ("classification", "benign"),
        ("determination", "clean"),
    ],
)
def test_incident_info_takes_only_the_words_of_the_contract(option: str, value: str) -> None:
    assert read(incident_info, {option: [value]})[1]
