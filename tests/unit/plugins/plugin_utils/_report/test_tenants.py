# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tenants of a report: nobody unread counts as quiet, and each gap says who must act."""

from __future__ import annotations

from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report import page as _report_page
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report import (
    tables as _report_tables,
)
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report.inputs import Tenant
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.plugin_utils._report.reports import (
    CONSENT,
    hunt,
    incident,
    made,
    tenant,
)


def test_an_unread_tenant_has_no_numbers_and_says_who_must_act() -> None:
    refused = {
        "category": "not_consented",
        "text": "It was never consented to.",
        "who": "customer",
        "advice": f"Consent: {CONSENT}.",
    }
    report = made(tenant("a", incident()), tenant("b", read=False, **refused))
    assert report["coverage"] == {
        "asked": 2,
        "complete": 1,
        "partial": 0,
        "unread": 1,
        "by_category": {"not_consented": 1},
        "by_who": {"customer": 1},
    }
    one = report["tenants"][1]
    assert (one["state"], one["reason"], one["figures"]) == ("unread", "not_consented", None)
    summary = report["incidents_summary"]
    assert (summary["asked"], summary["answered"], summary["open"]) == (2, 1, 1)
    assert one["gaps"][0]["link"] == CONSENT


def test_a_host_that_was_lost_is_not_a_tenant_without_incidents() -> None:
    lost = Tenant(host="b", name="b", tenant_id="", tier="default")
    report = made(tenant("a"), lost)
    assert report["coverage"]["unread"] == 1
    assert report["tenants"][1]["gaps"][0]["text"] == "Host b was lost before it was queried."
    assert report["tenants"][0]["figures"]["open"] == 0


def test_a_tenant_that_was_not_ready_keeps_the_reason_of_preflight() -> None:
    preflight = {
        "ready": False,
        "category": "role_missing",
        "text": "Roles.",
        "who": "customer",
        "advice": CONSENT,
        "missing_roles": ["A.Read.All"],
    }
    sick = Tenant(host="b", name="b", tenant_id="", tier="default", preflight=preflight)
    gaps = made(tenant("a"), sick)["tenants"][1]["gaps"]
    assert [(gap["what"], gap["category"], gap["link"], gap["missing_roles"]) for gap in gaps] == [
        ("preflight", "role_missing", CONSENT, ["A.Read.All"]),
        ("incidents", "role_missing", CONSENT, ["A.Read.All"]),
    ]


def test_a_tenant_without_licence_for_a_hunt_is_partial_and_a_truncated_list_is_a_warning() -> None:
    failure = {"category": "not_licensed", "msg": "No licence."}
    hunts = {
        "mail": hunt(hits={"a": 0, "c": 0}, failures={"b": failure}),
        "script": hunt(hits={"a": 0, "b": 3, "c": 0}),
    }
    report = made(tenant("a", incident(), truncated=True), tenant("b"), tenant("c"), hunts=hunts)
    assert [one["state"] for one in report["tenants"]] == ["complete", "partial", "complete"]
    assert [one["truncated"] for one in report["tenants"]] == [True, False, False]
    warning = "More incidents than the limit in A; raise the limit"
    assert f"  - {warning}" in _report_tables.markdown(report).splitlines()
    assert warning in _report_page.page(report)
    [gap] = [gap for one in report["tenants"] for gap in one["gaps"]]
    assert (gap["category"], gap["hunts"]) == ("not_licensed", ["mail"])
    assert [one["figures"]["hits"] for one in report["tenants"]] == [0, 3, 0]
    assert [
        (one["name"], one["asked"], one["answered"], one["failed"]) for one in report["questions"]
    ] == [("incidents", 3, 3, 0), ("mail", 3, 2, 1), ("script", 3, 3, 0)]


def test_a_tenant_whose_incidents_failed_has_no_number_of_incidents() -> None:
    failure = {"category": "role_missing", "text": "No role."}
    hunts = {"script": hunt(hits={"a": 2, "b": 1})}
    report = made(tenant("a"), tenant("b", read=False, **failure), hunts=hunts)
    one = report["tenants"][1]
    assert (one["state"], one["reason"], one["figures"]["open"]) == (
        "partial",
        "role_missing",
        None,
    )
    assert one["figures"]["hits"] == 1


def test_a_tenant_without_any_question_is_unread_with_a_reason() -> None:
    failure = {"category": "timeout", "msg": "No."}
    hunts = {"script": hunt(hits={"a": 0}, failures={"b": failure})}
    hosts = [Tenant(host=host, name=host, tenant_id=host, tier="") for host in ("a", "b", "newer")]
    report = made(*hosts, hunts=hunts)
    newer = report["tenants"][2]
    assert (newer["state"], newer["reason"], newer["figures"]) == ("unread", "unavailable", None)
    assert report["coverage"]["by_who"] == {"microsoft": 1, "caller": 1}
    assert "newer" in _report_tables.markdown(report)


def test_the_token_of_another_tenant_is_an_alarm_without_a_task() -> None:
    failure = {"category": "wrong_tenant", "text": "The token is for another tenant."}
    hunts = {"script": hunt(hits={"a": 0}, failures={"b": {**failure, "msg": failure["text"]}})}
    report = made(tenant("a"), tenant("b", read=False, **failure), hunts=hunts)
    assert report["alarms"] == [
        {
            "host": "b",
            "tenant_name": "B",
            "category": "wrong_tenant",
            "what": "incidents",
            "text": failure["text"],
        }
    ]
    text = _report_tables.markdown(report)
    assert "- **SECURITY EVENT: B: The token is for another tenant.**" in text.splitlines()
    assert "must act" not in text
    page = _report_page.page(report)
    assert "Every tenant answered every question" not in page
    assert "Tenants with a security event are listed at the top of the page." in page
