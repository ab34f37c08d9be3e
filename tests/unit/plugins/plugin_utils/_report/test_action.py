# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A report's data, and what is made of it: nothing that a customer wrote runs, and nobody unread
counts as quiet."""

from __future__ import annotations

import base64
import csv
import datetime
import hashlib
import html.parser
import io
import json
import re
import typing as t
from pathlib import Path

import jsonschema
import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils import _times
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report import action as _report
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report import (
    entities as _entities,
)
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report import (
    facts as _report_facts,
)
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report import (
    hunt_rows as _hunt_rows,
)
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report import (
    incident_entries as _incident_entries,
)
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report import (
    indicators as _report_indicators,
)
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report import (
    model as _report_model,
)
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report import page as _report_page
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report import plots as _plots
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report import (
    service_levels as _service_levels,
)
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report import (
    tables as _report_tables,
)
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report.hunt_rows import (
    Rows,
    read,
)
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report.inputs import (
    Setting,
    Tenant,
)
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report.work_calendar import (
    checked_calendar,
)
from hypothesis import given
from hypothesis import strategies as st

Json = dict[str, t.Any]
NOW: t.Final = _times.parse_time("now", "2026-11-24T06:00:00Z", at=0)
SLA: t.Final = {"gold": {"high": 4.0}, "default": {"high": 8.0, "medium": 24.0}}
SCHEMA: t.Final = json.loads(
    (Path(__file__).parents[5] / "roles/report/files/report.schema.json").read_text(
        encoding="utf-8"
    )
)
CONSENT: t.Final = "https://login.microsoftonline.com/3333/adminconsent?client_id=1111"
HOSTILE: t.Final = (
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "<!--<script>",
    "{{ 7 * 7 }}{% for x in y %}",
    '=HYPERLINK("http://evil.example")',
    "@SUM(1)",
    '"><img src=x onerror=alert(1)>',
    "[click](https://evil.example) <@everyone> `x`",
    "\u2028\u2029\u0000\x1b]8;;",
    "gpj.\u202eexe",
    "\ud800",
    "&lt;b&gt;",
)


def incident(**changes: t.Any) -> Json:
    return {
        "id": "7",
        "display_name": "Phishing",
        "severity": "high",
        "status": "active",
        "assigned_to": None,
        "created_date_time": "2026-11-24T01:00:00.1234567Z",
        "last_update_date_time": "2026-11-24T02:00:00Z",
        "incident_web_url": "https://security.microsoft.com/incidents/7",
        **changes,
    }


def alert(**changes: t.Any) -> Json:
    return {
        "title": "Phishing",
        "category": "InitialAccess",
        "service_source": "microsoft_defender_for_endpoint",
        "evidence": [
            {"device_dns_name": "PC-1.contoso.example"},
            {"user_account": {"user_principal_name": "ana@contoso.example"}},
            {"user_account": {"account_name": "SYSTEM"}},
        ],
        **changes,
    }


def tenant(host: str, *incidents: Json, tier: str = "default", **answer: t.Any) -> Tenant:
    kept = [_incident_entries.kept(one) for one in incidents]
    told = {"read": True, "incidents": kept, **answer}
    return Tenant(host=host, name=host.title(), tenant_id=f"id-{host}", tier=tier, incidents=told)


def hunt(**changes: t.Any) -> Json:
    return {
        "title": "Encoded commands",
        "severity": "medium",
        "tactics": ["Execution"],
        "techniques": ["T1059.001"],
        "asked_at": "2026-11-24T05:00:00Z",
        "timespan": "7d",
        "limit": 10,
        "hits": {},
        "failures": {},
        **changes,
    }


def setting(**changes: t.Any) -> Setting:
    return Setting(
        **{
            "title": "Morning",
            "at": NOW,
            "versions": {"ours": "0"},
            "zone": datetime.UTC,
            "zone_name": "UTC",
            **changes,
        }
    )


def made(
    *tenants: Tenant, hunts: Json | None = None, rows: Rows | None = None, **changes: t.Any
) -> Json:
    hunts = hunts or {}
    if rows is None:
        rows = read(hunts, {one.tenant_id: one.host for one in tenants}, "/soc")
    report = _report_model.build(tenants, hunts, rows, setting(**changes))
    jsonschema.Draft202012Validator(SCHEMA).validate(report)
    return report


def test_a_tenant_that_was_not_read_has_no_numbers_and_stands_with_who_must_act() -> None:
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


def test_a_lost_host_belongs_to_the_question_of_the_others() -> None:
    lost = Tenant(host="b", name="b", tenant_id="", tier="default")
    [question] = made(tenant("a", asked={"limit": 10}), lost)["questions"]
    assert (question["limit"], question["asked"], question["answered"]) == (10, 2, 1)


def test_who_was_not_ready_and_so_not_asked_keeps_the_reason_of_preflight() -> None:
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


def test_a_hunt_without_licence_is_partial_and_a_cut_list_is_said() -> None:
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


def test_a_tenant_that_no_question_was_asked_of_is_unread_with_a_reason() -> None:
    failure = {"category": "timeout", "msg": "No."}
    hunts = {"script": hunt(hits={"a": 0}, failures={"b": failure})}
    hosts = [Tenant(host=host, name=host, tenant_id=host, tier="") for host in ("a", "b", "newer")]
    report = made(*hosts, hunts=hunts)
    newer = report["tenants"][2]
    assert (newer["state"], newer["reason"], newer["figures"]) == ("unread", "unavailable", None)
    assert report["coverage"]["by_who"] == {"microsoft": 1, "caller": 1}
    assert "newer" in _report_tables.markdown(report)


def test_without_incidents_the_figures_that_were_wanted_are_0_and_not_missing() -> None:
    report = made(tenant("a"), sla=SLA, previous=frozenset())
    summary = report["incidents_summary"]
    assert (summary["new"], summary["breached"], summary["by_tier"]) == (0, 0, [])
    assert report["tenants"][0]["figures"]["breached"] == 0


def test_hunts_that_were_only_checked_are_no_question() -> None:
    alone = Tenant(host="a", name="a", tenant_id="", tier="default")
    with pytest.raises(DefenderError, match="There is nothing to report"):
        made(alone, hunts={"script": hunt(checked=True, hits={"a": 0})})


def test_where_nobody_was_read_every_figure_is_a_dash() -> None:
    failure = {"category": "timeout", "text": "No."}
    failures = {"a": {"category": "timeout", "msg": "No."}}
    report = made(tenant("a", read=False, **failure), hunts={"script": hunt(failures=failures)})
    summary = report["incidents_summary"]
    assert {key: summary[key] for key in ("asked", "answered")} == {"asked": 1, "answered": 0}
    assert {value for key, value in summary.items() if key not in ("asked", "answered")} == {None}
    assert report["hunts"][0]["rows"] is None
    assert report["tactics"] == [
        {"tactic": "Execution", "hunts": 1, "hunts_with_hits": None, "tenants": None}
    ]
    text = _report_tables.markdown(report)
    assert "Open incidents: – (in 0 of 1 tenants)" in text
    assert "Hunts with hits: – of 1 in 0 of 1 tenants" in text
    assert "Indicators found in several tenants: –" in text
    page = _report_page.page(report)
    assert "1 hunt that no tenant answered" in page
    assert "without hits" not in page
    assert "was found in more than one tenant" not in page
    assert "tactics" not in _plots.plots(report)
    figures = {tile["title"]: tile["number"] for tile in _report_page.tiles(report)}
    assert figures.pop("Tenants unread") == "1"
    assert set(figures.values()) == {"–"}
    assert b'"incidents open","","1","0"' in _report_tables.csvs(report)["summary.csv"]
    check_page(report, ["No tenant could be read, so its incidents are not known."])


def test_the_token_of_another_tenant_is_an_alarm_and_nobodys_task() -> None:
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


def test_a_message_names_ten_security_events_and_counts_the_others() -> None:
    failure = {"category": "wrong_tenant", "text": "The token is for another tenant."}
    report = made(*(tenant(f"t{number}", read=False, **failure) for number in range(12)))
    lines = _report_tables.markdown(report).splitlines()
    assert sum("SECURITY EVENT" in line for line in lines) == 10
    assert "- 2 more security events are in the report" in lines


def test_each_question_has_the_time_and_the_filters_of_when_it_was_asked() -> None:
    asked = {"status": ["active"], "severity": [], "updated_since": "", "limit": 5}
    first = tenant("a", asked=asked, asked_at="2026-11-24T05:30:00Z")
    later = tenant("b", asked=asked, asked_at="2026-11-24T05:31:00Z")
    other = tenant("c", asked={**asked, "limit": 7}, asked_at="2026-11-24T05:32:00Z")
    hunts = {"script": hunt(hits={"a": 0})}
    assert made(first, later, other, hunts=hunts)["questions"] == [
        {
            "what": "incidents",
            "name": "incidents",
            "asked_at": "2026-11-24T05:30:00Z",
            "timespan": None,
            "limit": 5,
            "filters": {"status": ["active"]},
            "asked": 2,
            "answered": 2,
            "failed": 0,
        },
        {
            "what": "incidents",
            "name": "incidents",
            "asked_at": "2026-11-24T05:32:00Z",
            "timespan": None,
            "limit": 7,
            "filters": {"status": ["active"]},
            "asked": 1,
            "answered": 1,
            "failed": 0,
        },
        {
            "what": "hunt",
            "name": "script",
            "asked_at": "2026-11-24T05:00:00Z",
            "timespan": "7d",
            "limit": 10,
            "filters": {},
            "asked": 1,
            "answered": 1,
            "failed": 0,
        },
    ]


def test_an_incident_has_its_products_devices_and_users_or_says_that_it_does_not_know() -> None:
    full = incident(
        alerts=[alert(), alert(category="Impact")],
        custom_tags=["vip"],
        system_tags=["Ransomware"],
        classification="true_positive",
    )
    known, unknown = made(tenant("a", full, incident(id="8")))["incidents"]
    assert {
        key: known[key]
        for key in ("tenant_name", "service_sources", "alerts", "devices", "users", "tactics")
    } == {
        "tenant_name": "A",
        "service_sources": ["microsoft_defender_for_endpoint"],
        "alerts": 2,
        "devices": 1,
        "users": 1,
        "tactics": ["InitialAccess", "Impact"],
    }
    assert (known["tags"], known["ransomware"]) == (["Ransomware", "vip"], True)
    assert (known["device_names"], known["user_names"]) == (
        ["PC-1.contoso.example"],
        ["ana@contoso.example"],
    )
    assert [unknown[key] for key in ("alerts", "devices", "users")] == [None, None, None]
    assert (unknown["ransomware"], unknown["new"]) == (False, None)


def test_a_limit_that_the_calendar_does_not_reach_in_years_is_refused() -> None:
    calendar = checked_calendar({"days": ["mon"], "from": "08:00", "to": "08:01"})
    assert calendar
    _service_levels.check_calendar({"default": {"high": 8.0}}, calendar)
    with pytest.raises(DefenderError, match="sla has 8760 hours, but a week of sla_calendar has"):
        _service_levels.check_calendar({"default": {"high": 8760.0}}, calendar)


def test_the_rows_of_a_hunt_of_any_name_stay_below_the_report() -> None:
    rows = [{"DeviceName": "pc"}]
    report = made(tenant("a"), hunts={"../../away": hunt(hits={"a": 1}, rows={"a": rows})})
    assert report["hunts"][0]["dest"] == "hunts/..%2F..%2Faway.ndjson"


def test_two_addresses_are_two_devices() -> None:
    assert _entities.device_key("10.0.0.5") != _entities.device_key("10.9.9.9")
    assert _entities.device_key("PC-1.contoso.example") == _entities.device_key("pc-1")


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


def test_hits_and_incidents_of_one_device_or_account_lead_to_each_other() -> None:
    rows = [
        {
            "Timestamp": "2026-11-24T01:00:00Z",
            "DeviceName": "pc-1",
            "ProcessCommandLine": "x" * 300,
        },
        {"AccountName": "CONTOSO\\Ana", "FileName": "a.exe"},
        {"DeviceName": "pc-2", "AccountName": "system"},
    ]
    hunts = {"script": hunt(hits={"a": 3, "b": 1}, rows={"a": rows, "b": rows[:1]})}
    report = made(
        tenant("a", incident(alerts=[alert()]), incident(id="8")),
        tenant("b", incident(id="9")),
        hunts=hunts,
    )
    assert [one["hunts"] for one in report["incidents"]] == [["script"], [], []]
    [entry] = report["hunts"]
    assert [(row["host"], row["incidents"]) for row in entry["shown"]] == [
        ("a", ["7"]),
        ("a", ["7"]),
        ("a", []),
        ("b", []),
    ]
    assert entry["dest"] == "hunts/script.ndjson"
    assert [row["account"] for row in entry["shown"]] == ["", "CONTOSO\\Ana", "system", ""]
    assert len(entry["shown"][0]["what"]) == 200


@pytest.mark.parametrize("in_file", [False, True])
def test_a_report_on_some_tenants_has_no_row_of_another(tmp_path: Path, in_file: bool) -> None:
    """A report for one customer, out of a hunt over all of them."""
    rows = {host: [{"DeviceName": f"pc-of-{host}", "RemoteIP": "203.0.113.9"}] for host in "abc"}
    hunts = {"script": hunt(hits=dict.fromkeys("abc", 1), rows=rows)}
    if in_file:
        source = tmp_path / "all.ndjson"
        lines = [{**rows[host][0], "tenant_id": f"ID-{host}".upper()} for host in "abc"]
        source.write_text("".join(json.dumps(line) + "\n" for line in lines))
        hunts["script"] |= {"dest": str(source), "rows": {}}
    dest = tmp_path / "report"
    found = read(hunts, {"id-a": "a"}, str(dest))
    columns = {"a": {"tenant_id": "id-a", "tenant_name": "A"}}
    assert _hunt_rows.keep(hunts, found, columns, str(dest), check_mode=False)
    kept = (dest / "hunts/script.ndjson").read_text()
    assert [json.loads(line)["DeviceName"] for line in kept.splitlines()] == ["pc-of-a"]
    report = made(tenant("a"), hunts=hunts, rows=found)
    assert "pc-of-b" not in json.dumps(report)
    # what it shares with tenants outside the report is not told either
    assert report["shared"] == []


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


def test_the_number_of_hunts_with_hits_says_how_many_tenants_answered() -> None:
    failure = {"category": "not_licensed", "msg": "No licence."}
    hunts = {
        "p": hunt(hits={"a": 5, "b": 1}),
        "q": hunt(hits={"a": 0}, failures={"b": failure}, severity="severe"),
    }
    report = made(tenant("a"), tenant("b"), hunts=hunts)
    text = _report_tables.markdown(report)
    assert "- Hunts with hits: 1 of 2 in 1 to 2 of 2 tenants" in text.splitlines()
    assert report["hunts"][1]["severity"] == "unknown"


def test_a_report_of_nothing_is_refused() -> None:
    with pytest.raises(DefenderError, match="There is nothing to report"):
        made(Tenant(host="a", name="a", tenant_id="", tier="default"))


def test_service_levels_follow_tier_and_severity_and_only_open_incidents_are_late() -> None:
    report = made(
        tenant("a", incident(), incident(id="8", status="resolved"), tier="gold"),
        tenant(
            "b",
            incident(),
            incident(severity="low"),
            incident(severity="medium", created_date_time="2026-11-20T00:00:00Z"),
            tier="bronze",
        ),
        sla=SLA,
    )
    assert [(one["host"], one["breached"], one["late_hours"]) for one in report["incidents"]] == [
        ("a", True, 1.0),
        ("a", False, None),
        ("b", False, -3.0),
        ("b", False, None),
        ("b", True, 78.0),
    ]
    assert [
        (one["tier"], one["open"], one["breached"], one["within"], one["without"])
        for one in report["incidents_summary"]["by_tier"]
    ] == [
        ("gold", 1, 1, 0, 0),
        ("bronze", 3, 1, 1, 1),
    ]
    assert report["incidents_summary"]["breached"] == 2
    without = made(tenant("a", incident()))
    assert "breached" not in without["incidents_summary"]
    assert "breached" not in without["incidents"][0]


def test_a_service_level_can_count_working_hours_only() -> None:
    calendar = checked_calendar(
        {"time_zone": "Europe/Berlin", "days": ["mon", "tue"], "from": "08:00", "to": "18:00"}
    )
    # Friday evening; NOW is Tuesday 07:00 in Berlin
    late = incident(created_date_time="2026-11-20T20:00:00Z")
    [one] = made(tenant("a", late), sla={"default": {"high": 8}}, calendar=calendar)["incidents"]
    assert (one["due"], one["breached"]) == ("2026-11-23T15:00:00Z", True)
    [one] = made(tenant("a", late), sla={"default": {"high": 12}}, calendar=calendar)["incidents"]
    assert (one["due"], one["breached"]) == ("2026-11-24T09:00:00Z", False)


def test_the_sums_of_every_plot_are_the_same_incidents() -> None:
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


@pytest.mark.parametrize(
    ("sla", "said"),
    [
        ({"gold": 4}, "sla has 4 for the tier gold"),
        ({"gold": {"severe": 4}}, "severity 'severe'"),
        ({"gold": {"high": 0}}, "sla has 0 hours"),
        ({"gold": {"high": "4h"}}, "sla has '4h' hours"),
        ({"gold": {"high": True}}, "sla has True hours"),
        ({"gold": {"high": float("inf")}}, "sla has inf hours"),
        ({"gold": {"high": float("nan")}}, "sla has nan hours"),
        ({"gold": {"high": 8761}}, "up to 8760"),
    ],
)
def test_a_service_level_that_is_none_is_refused(sla: Json, said: str) -> None:
    with pytest.raises(DefenderError, match=re.escape(said)):
        _service_levels.check_sla(sla)


@pytest.mark.parametrize(
    ("column", "value", "expected"),
    [
        ("SHA256", "A" * 64, ("hash", "a" * 64)),
        ("SHA256", "", None),
        ("InitiatingProcessSHA256", "a" * 64, None),
        ("RemoteIP", "203.0.113.7", ("address", "203.0.113.7")),
        ("RemoteIP", "10.1.2.3", None),
        ("RemoteIP", "fe80::1", None),
        ("RemoteIP", "2001:0db8::0001", ("address", "2001:db8::1")),
        ("RemoteUrl", "https://Evil.Example:8443/x?y", ("domain", "evil.example")),
        ("RemoteUrl", "203.0.113.7:443", ("address", "203.0.113.7")),
        ("Url", "http://[bad", None),
        ("SenderFromAddress", "Ana@Evil.Example", ("sender", "ana@evil.example")),
        ("SenderFromDomain", "evil.example", ("domain", "evil.example")),
        ("DeviceName", "evil.example", None),
        ("SHA1", 7, None),
    ],
)
def test_an_indicator_has_one_spelling_and_inner_addresses_are_none(
    column: str, value: t.Any, expected: tuple[str, str] | None
) -> None:
    assert _report_indicators.indicator(column, value) == expected


def test_only_what_two_tenants_have_is_shared() -> None:
    rows = [
        ("q", "a", {"SHA1": "a" * 40}),
        ("q", "a", {"SHA1": "a" * 40}),
        ("p", "b", {"SHA1": "A" * 40, "RemoteIP": "203.0.113.9"}),
    ]
    assert _report_indicators.shared(rows) == [
        {"kind": "hash", "value": "a" * 40, "tenants": ["a", "b"], "hunts": ["p", "q"], "rows": 3}
    ]


def test_a_sweep_gives_the_same_as_the_facts(tmp_path: Path) -> None:
    dest = tmp_path / "found.ndjson"
    dest.write_text(
        json.dumps({**incident(), "tenant_id": "ID-A", "description": "long"}) + "\n",
        encoding="utf-8",
    )
    failure = {"category": "throttled", "who": "caller", "advice": "Wait.", "msg": "Too much."}
    result = {
        "results": {"a": {"truncated": True}, "b": {}},
        "failures": {"c": failure},
        "dest": str(dest),
        "asked_at": "2026-11-24T05:00:00Z",
    }
    found = _report_facts.swept(
        result, ["a", "b", "c", "d"], {host: f"id-{host}" for host in "abcd"}
    )
    assert (found["a"]["incidents"], found["a"]["truncated"]) == (
        [_incident_entries.kept(incident())],
        True,
    )
    assert (found["b"]["read"], found["b"]["incidents"]) == (True, [])
    assert found["c"] == {
        "read": False,
        "text": "Too much.",
        "category": "throttled",
        "who": "caller",
        "advice": "Wait.",
        "asked_at": "2026-11-24T05:00:00Z",
    }
    assert "d" not in found
    # the file alone does not know who answered
    alone = _report_facts.filed(str(dest), ["a", "b"], {"a": "id-a", "b": "id-b"})
    assert (alone["a"]["read"], alone["b"]["read"]) == (True, False)


@pytest.mark.parametrize("content", [b"[1]\n", b"{\n", b"\xff\n"])
def test_a_file_that_is_no_rows_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "rows.ndjson"
    path.write_bytes(content)
    with pytest.raises(DefenderError, match="has no JSON object in line"):
        _report_facts.filed(str(path), ["a"], {"a": "id-a"})


class Page(html.parser.HTMLParser):
    """What a browser makes of the page: its elements, its text, and what its scripts are."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.raw: dict[str, list[str]] = {"script": [], "style": []}
        self.inside = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.inside = tag if tag in self.raw else ""

    def handle_endtag(self, tag: str) -> None:
        self.inside = ""

    def handle_data(self, data: str) -> None:
        (self.raw[self.inside] if self.inside else self.texts).append(data)


def hostile(word: str) -> Json:
    mean = incident(
        id=word,
        display_name=word,
        assigned_to=word,
        status=word,
        severity=word,
        classification=word,
        custom_tags=[word],
        incident_web_url=f"javascript:{word}",
        alerts=[
            alert(
                title=word,
                category=word,
                service_source=word,
                evidence=[{"device_dns_name": word}, {"user_account": {"account_name": word}}],
            )
        ],
        asked={word: word},
    )
    sick = tenant(
        f"sick{word}", read=False, category=word, text=word, who=word, advice=f"{word} {CONSENT}"
    )
    stolen = tenant(f"stolen{word}", read=False, category="wrong_tenant", text=word)
    row = {"DeviceName": word, "AccountName": word, "FileName": word, "Timestamp": word}
    hunts = {
        word: hunt(
            title=word,
            description=word,
            tactics=[word],
            techniques=[word],
            timespan=word,
            hits={f"host{word}": 2},
            failures={f"sick{word}": {"category": word, "msg": word}},
            rows={f"host{word}": [row]},
        )
    }
    tenants = [tenant(f"host{word}", mean, tier=word), sick, stolen]
    rows = read(hunts, {}, "/soc")
    rows.shared = [
        {"kind": "domain", "value": word, "tenants": [word, "b"], "hunts": [word], "rows": 2}
    ]
    return _report_model.build(
        tenants, hunts, rows, setting(title=word, versions={"ours": word}, previous=frozenset())
    )


def check_page(report: Json, words: t.Iterable[str]) -> None:
    text = _report_page.page(report)
    page = Page(text)
    assert len(page.raw["script"]) == 2
    assert len([tag for tag, _attributes in page.tags if tag == "script"]) == 2
    assert not {"img", "iframe", "object", "embed", "link", "base", "form"} & {
        tag for tag, _attributes in page.tags
    }
    for tag, attributes in page.tags:
        assert not [
            name
            for name in attributes
            if name.startswith("on") or name in ("src", "style", "xlink:href")
        ], (tag, attributes)
        if "href" in attributes:
            assert re.match("https://|#", attributes["href"] or ""), attributes
    # the policy lets exactly this script and this style run
    policy = next(
        attributes["content"] or ""
        for tag, attributes in page.tags
        if attributes.get("http-equiv") == "Content-Security-Policy"
    )
    digest = [
        "sha256-" + base64.b64encode(hashlib.sha256(own.encode()).digest()).decode()
        for own in (page.raw["style"][0], page.raw["script"][1])
    ]
    assert policy == (
        f"default-src 'none'; style-src '{digest[0]}'; script-src '{digest[1]}'; base-uri"
        " 'none'; form-action 'none'"
    )
    rows = json.loads(page.raw["script"][0])["incidents"]["rows"]
    assert len(rows) == len(report["incidents"])
    shown = "".join(page.texts)
    for word in words:
        assert _report_model.fit(word) in shown, word


@pytest.mark.parametrize("word", HOSTILE)
def test_what_a_customer_wrote_is_shown_and_never_run(word: str) -> None:
    report = hostile(word)
    check_page(report, [word])
    for name, content in _report_tables.csvs(report).items():
        for row in csv.reader(io.StringIO(content.decode(), newline="")):
            assert not [
                cell
                for cell in row
                if cell.startswith(("=", "+", "@", "\t", "\r")) or re.match(r"-[^\d.]", cell)
            ], (name, row)
    said = _report_tables.markdown(report)
    assert not re.search(r"(?<!\\)(<|\[|\{\{|@everyone)", said), said


@given(st.text(max_size=40))
def test_no_text_leaves_its_place(word: str) -> None:
    check_page(hostile(word), [])


@given(st.text())
def test_the_embedded_data_is_what_went_in(word: str) -> None:
    report = made(tenant("a", incident(display_name=word)))
    embedded = _report_page._embedded(report)
    assert "<" not in embedded
    assert "\u2028" not in embedded
    assert json.loads(embedded)["incidents"]["rows"][0][
        _report_page.COLUMNS.index("name")
    ] == _report_model.fit(word)


def test_a_plot_says_in_words_and_in_a_table_what_it_shows() -> None:
    report = made(tenant("a", incident(), incident(severity="low")), tenant("b", incident()))
    plots = _plots.plots(report)
    assert "A: 1 high, 1 low; B: 1 high" in plots["tenants"]["svg"]
    assert plots["tenants"]["head"] == ["high", "low"]
    assert plots["tenants"]["rows"] == [["A", 1, 1], ["B", 1, 0]]
    ids = re.findall(r' id="([^"]+)"', _report_page.page(report))
    assert len(ids) == len(set(ids))


def test_the_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    dest = tmp_path / "a" / "b"
    written = _report.files(made(tenant("a", incident())), ["html", "json", "csv", "markdown"])
    assert _report.write(str(dest), written, check_mode=True)
    assert not dest.exists()
    assert _report.write(str(dest), written, check_mode=False)
    assert not _report.write(str(dest), written, check_mode=True)
    assert sorted(path.name for path in dest.iterdir()) == sorted(written)
    assert {path.stat().st_mode & 0o777 for path in dest.iterdir()} == {0o600}
    assert dest.stat().st_mode & 0o777 == 0o700
    assert json.loads((dest / "report.json").read_text(encoding="utf-8"))["coverage"]["asked"] == 1


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("azure_ad_identity_protection", "Entra ID Protection"),
        ("microsoft_defender_for_office365", "Office 365"),
        ("microsoft_something_new", "something new"),
    ],
)
def test_a_product_has_its_short_name(source: str, expected: str) -> None:
    report = made(tenant("a", incident(alerts=[alert(service_source=source)])))
    assert report["incidents"][0]["service_sources"] == [source]
    embedded = json.loads(_report_page._embedded(report))["incidents"]["rows"][0]
    assert embedded[_report_page.COLUMNS.index("service_sources")] == [expected]
    assert embedded[_report_page.COLUMNS.index("tactics")] == ["Initial Access"]
    assert f">{expected}</td>" in _report_page.page(report)


@pytest.mark.parametrize(
    ("value", "expected"), [(None, "–"), (0.5, "30 min"), (47.4, "47 h"), (-3, "3 h"), (72, "3 d")]
)
def test_a_length_of_time_reads_as_a_person_says_it(value: float | None, expected: str) -> None:
    assert _report_page.hours(value) == expected
