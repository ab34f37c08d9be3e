# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a report counts of incidents and hunts."""

from __future__ import annotations

from ansible_collections.mssp.defender_xdr.tests.unit.plugins.plugin_utils._report.reports import (
    SLA,
    hunt,
    incident,
    made,
    tenant,
)


def test_the_requested_figures_of_a_report_without_incidents_are_0_and_not_missing() -> None:
    report = made(tenant("a"), sla=SLA, previous=frozenset())
    summary = report["incidents_summary"]
    assert (summary["new"], summary["breached"], summary["by_tier"]) == (0, 0, [])
    assert report["tenants"][0]["figures"]["breached"] == 0


def test_what_to_do_now_is_ransomware_then_high_without_owner_then_new() -> None:
    early, late = "2026-11-20T00:00:00Z", "2026-11-23T00:00:00Z"
    incidents = (
        incident(id="new", severity="low", assigned_to="me"),
        incident(id="late high", created_date_time=late),
        incident(id="early high", created_date_time=early),
        incident(id="taken", assigned_to="me"),
        incident(id="closed", status="resolved"),
        incident(
            id="low ransom",
            severity="low",
            display_name="RANSOMWARE on a server",
            created_date_time=early,
        ),
        incident(id="ransom", severity="medium", custom_tags=["Ransomware"]),
    )
    previous = frozenset(("a", one["id"]) for one in incidents if one["id"] != "new")
    summary = made(tenant("a", *incidents), previous=previous)["incidents_summary"]
    assert [number for host, number in summary["do_now"]] == [
        "ransom",
        "low ransom",
        "early high",
        "late high",
        "new",
    ]
    assert summary["new"] == 1
    assert "new" not in made(tenant("a", *incidents))["incidents_summary"]


def test_tactics_count_hunts_and_tenants() -> None:
    hunts = {
        "p": hunt(tactics=["Execution", "Impact"], hits={"a": 5, "b": 1}),
        "q": hunt(tactics=["Execution"], hits={"a": 1, "b": 0}),
        "r": hunt(tactics=[], hits={"a": 0}),
    }
    assert made(tenant("a"), tenant("b"), hunts=hunts)["tactics"] == [
        {"tactic": "Execution", "hunts": 2, "hunts_with_hits": 2, "tenants": 2},
        {"tactic": "Impact", "hunts": 1, "hunts_with_hits": 1, "tenants": 2},
        {"tactic": "none given", "hunts": 1, "hunts_with_hits": 0, "tenants": 0},
    ]


def test_the_counts_by_age_tenant_status_and_severity_have_the_same_sum() -> None:
    strange = incident(severity="wild", status="on_hold", created_date_time="yesterday")
    report = made(
        tenant("a", incident(), incident(status="resolved"), strange),
        tenant("b", incident(severity="low", assigned_to="me")),
    )
    summary = report["incidents_summary"]
    assert (summary["listed"], summary["open"], summary["unassigned"]) == (4, 3, 2)
    for name in ("by_age", "by_tenant"):
        assert sum(sum(own.values()) for own in summary[name].values()) == summary["open"]
    assert sum(sum(own.values()) for own in summary["by_status"].values()) == summary["listed"]
    assert sum(summary["by_severity"].values()) == summary["open"]
