# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A containment as a person reads it."""

from __future__ import annotations

from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._containment import lines, outcome
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.containments import (
    DC,
    PC,
    REFUSED,
    WEB,
    planned,
    swept,
)

CHANGE = {"changed": True, "action": None}
ENDED = {"changed": False, "action": {"status": "succeeded"}}


def test_the_plan_begins_with_counts_and_the_problems_come_first() -> None:
    plan = planned({WEB: CHANGE, DC: REFUSED, PC: ENDED})[0]
    assert lines.of_result(outcome.result(plan)) == [
        "Plan: isolate 1 device in 1 tenant; nothing was sent so far",
        "1 already isolated; 1 refused",
        "",
        "tenant    device               incidents  result            reason",
        "contoso   dc.contoso.example   –          refused           refused",
        "contoso   web.contoso.example  –          would isolate     –",
        "fabrikam  pc.fabrikam.example  –          already isolated  –",
        "",
        "contoso: It has the tag tier0.",
        "",
        "asked 2, complete 1, partial 1, unread 0",
    ]


def test_the_result_says_what_was_done_and_repeats_no_tenant() -> None:
    plan = planned({WEB: CHANGE, DC: ENDED, PC: CHANGE})[0]
    error = {
        "category": "unavailable",
        "msg": "Tenant Fabrikam (33333333-3333-3333-3333-333333333333): 503.",
    }
    started = [swept({"contoso": WEB, "fabrikam": PC}, {"contoso": CHANGE}, {"fabrikam": error})]
    waited = [swept({"contoso": WEB}, {"contoso": ENDED})]
    shown = lines.of_result(outcome.result(plan, started=started, waited=waited))
    assert shown[:2] == ["1 device isolated in 1 tenant", "1 already isolated; 1 failed"]
    assert "fabrikam: 503." in shown
    nothing = outcome.result(planned({WEB: ENDED, DC: ENDED, PC: ENDED})[0], waited=[])
    assert lines.of_result(nothing)[0] == "No device was isolated"


def test_the_question_names_every_device_and_is_harmless() -> None:
    plan = planned({WEB: CHANGE, DC: CHANGE, PC: ENDED}, tags=["x"])[0]
    assert lines.question(plan, isolation_type="full", comment="Ticket\x1b[2J 1").split("\n") == [
        "Isolate 2 devices (full) in 1 tenant",
        "  contoso: 2 (web.contoso.example, dc.contoso.example)",
        "Change the tags of 3 devices",
        "Comment: Ticket\N{REPLACEMENT CHARACTER}[2J 1",
        "Type yes to go on; anything else sends nothing",
    ]


def test_too_many_devices_are_refused_with_the_number_that_would_do() -> None:
    plan = planned({WEB: CHANGE, DC: CHANGE, PC: CHANGE})[0]
    assert lines.too_many(plan, 0) == lines.too_many(plan, 3) == ""
    assert lines.too_many(plan, 2) == (
        "Refused: 3 devices in 2 tenants would be changed, but contain_max_changes is 2, so nothing"
        " was sent; set contain_max_changes to 3 to allow that."
    )
