# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A triage as a person reads it, on a terminal and in Markdown."""

from __future__ import annotations

import typing as t

from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._triage import lines, outcome, plan
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.triages import (
    EVIDENCE,
    GONE,
    TAKEN,
    hunted,
    incident,
    listed,
    swept,
)

Json = dict[str, t.Any]


def result(**options: t.Any) -> Json:
    several = {"a": [incident("1", evidence=EVIDENCE, display_name="Bad|*\x1b"), incident("2")]}
    claims = [swept({"a": "1"}, {"a": {"changed": True}}), swept({"a": "2"}, {}, {"a": TAKEN})]
    made = plan.plan(listed({"litware": GONE}, **several), claims, limit=2)
    return outcome.result(made, asked_at="2026-11-26T06:00:00Z", **options)


def test_counts_come_first_then_the_incidents_then_who_was_not_read() -> None:
    written = [swept({"a": "1"}, {"a": {"changed": True}})]
    rows = [{"Entity": "ana.lima", "DeviceName": "pc", "Events": 5}]
    shown = lines.lines(result(written=written, hunts=[hunted("logons_of_users", {"a": rows})]))
    assert shown == [
        "1 new incident in 1 of 1 tenant claimed, 1 taken by somebody else",
        "",
        "tenant  incident  severity  devices  users  hits  result   title",
        "a       1         high            1      1     5  triaged  Bad|*\N{REPLACEMENT CHARACTER}",
        "a       2         high            0      0     –  taken    Incident 2",
        "",
        "a 2: incident 2 is assigned to kim.",
        "",
        "tenant   result         must act  what to do",
        "litware  not_consented  customer  Ask.",
        "",
        "asked 2, complete 1, partial 0, unread 1",
    ]


def test_a_plan_says_that_nothing_was_sent() -> None:
    assert lines.lines(result(sent=False))[0] == (
        "Plan: claim 1 new incident in 1 of 1 tenant; nothing was sent"
    )


def test_what_is_only_claimed_has_the_command_that_finishes_it() -> None:
    broken = [swept({"a": "1"}, {}, {"a": {"category": "unavailable", "msg": "503"}})]
    missing = {"a": {"category": "not_licensed", "msg": "No such table."}}
    shown = lines.lines(result(written=broken, hunts=[hunted("files_by_hash", None, missing)]))
    assert "a 1: 503" in shown
    assert lines.AGAIN in shown
    assert "a 1: files by hash not known (not_licensed)" in shown


def test_nothing_new_and_nobody_read_differ() -> None:
    nothing = outcome.result(plan.plan(listed(a=[])))
    nobody = outcome.result(plan.plan(listed({"litware": GONE})))
    assert lines.lines(nothing)[0] == "Nothing new in 1 tenant"
    assert lines.lines(nobody)[0] == "No tenant could be read"
    assert "|" not in lines.markdown(nothing)


def test_what_the_limit_left_out_is_said() -> None:
    made = plan.plan(listed(a=[incident("1"), incident("2"), incident("3")]), limit=1)
    assert "More incidents than triage_limit allows: a 2" in lines.lines(outcome.result(made))


def test_the_page_has_the_comments_and_interprets_no_name() -> None:
    text = lines.markdown(result(written=[swept({"a": "1"}, {"a": {"changed": True}})]))
    assert text.startswith("# Triage of 2026-11-26T06:00:00Z\n\n1 new incident in 1 of 1 tenant")
    assert r"| Bad\|\*" in text
    assert "- a 1: Evidence: 1 alert, 1 device, 1 user, 1 address, 1 hash." in text
    assert r"- litware was not read: not\_consented" in text
