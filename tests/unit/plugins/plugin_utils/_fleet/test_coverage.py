# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The coverage of a run: questions by asked, answered, failed; tenants as complete, partial or
unread."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._fleet import coverage as _coverage
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._fleet.tally import (
    SECURITY_EVENT,
    Outcomes,
)
from hypothesis import given
from hypothesis import strategies as st

NOT_CONSENTED = ("not_consented", "customer")
THROTTLED = ("throttled", "caller")
TENANTS = ("a", "b", "c", "d", "e")


class Run:
    """A run whose tasks have outcomes for tenants."""

    def __init__(self, *, batch: t.Sequence[str] = TENANTS) -> None:
        self.coverage = _coverage.Coverage()
        self.batch = batch

    def ask(
        self,
        name: str,
        outcomes: Outcomes,
        *,
        module: str = "incident_info",
        is_sweep: bool = False,
    ) -> Run:
        self.coverage.begin(name, self.batch)
        self.coverage.add(name, name, {"": outcomes}, module=module, is_sweep=is_sweep)
        return self

    def lines(self, columns: int = 0) -> list[str]:
        return [" ".join(line.split()) for line in self.coverage.lines(columns)]


def test_a_single_question_is_asked_answered_and_failed() -> None:
    run = Run().ask("List", {"a": None, "b": NOT_CONSENTED, "c": None})
    assert run.lines() == [
        "asked 3, answered 2, failed 1",
        "failed category who must act tenants",
        "1 not_consented customer b",
    ]


def test_when_all_answered_there_is_no_table() -> None:
    run = Run()
    assert not run.coverage
    run.ask("List", {"a": None})
    assert run.coverage
    assert not run.coverage.failed
    assert run.lines() == ["asked 1, answered 1, failed 0"]


def test_a_figure_over_nobody_is_a_dash() -> None:
    assert Run().ask("List", {}, is_sweep=True).lines() == ["asked 0, answered –, failed –"]
    twice = Run().ask("List", {}, is_sweep=True).ask("Hunt", {}, is_sweep=True)
    assert twice.lines()[0] == "0 tenants: – complete, – partial, – unread"


def test_over_several_questions_a_tenant_is_complete_partial_or_unread() -> None:
    run = Run().ask("List", {"a": None, "b": None, "c": NOT_CONSENTED})
    run.ask("Hunt", {"a": None, "b": THROTTLED, "c": NOT_CONSENTED})
    assert run.lines() == [
        "3 tenants: 1 complete, 1 partial, 1 unread",
        "asked 3, answered 2, failed 1: List",
        "asked 3, answered 1, failed 2: Hunt",
        "failed category who must act tenants",
        "1 not_consented customer c",
        "1 throttled caller b",
    ]


def test_a_tenant_that_failed_before_a_question_counts_as_failed_in_it() -> None:
    run = Run().ask("Check", {"a": None, "b": NOT_CONSENTED}, module="access_token_info")
    run.ask("List", {"a": None})
    assert run.lines()[:3] == [
        "2 tenants: 1 complete, 0 partial, 1 unread",
        "asked 2, answered 1, failed 1: Check",
        "asked 2, answered 1, failed 1: List",
    ]


def test_a_tenant_that_fails_later_was_not_asked_an_earlier_question() -> None:
    run = Run().ask("Canary", {"a": None}).ask("List", {"a": None, "b": NOT_CONSENTED})
    assert run.lines()[1:3] == [
        "asked 1, answered 1, failed 0: Canary",
        "asked 2, answered 1, failed 1: List",
    ]


def test_a_tenant_of_another_play_is_not_counted() -> None:
    run = Run(batch=["a"]).ask("First", {"a": NOT_CONSENTED})
    run.batch = ["b"]
    run.ask("Second", {"b": None})
    assert "asked 1, answered 1, failed 0: Second" in run.lines()


def test_the_figures_of_a_sweep_are_its_own() -> None:
    run = Run().ask("Check", {"a": None, "b": NOT_CONSENTED})
    run.ask("Sweep", {"a": None}, is_sweep=True)
    assert "asked 1, answered 1, failed 0: Sweep" in run.lines()


def test_an_access_check_alone_reads_nothing_of_a_tenant() -> None:
    run = Run().ask("Check", {"a": None, "b": None}, module="access_token_info")
    run.ask("List", {"a": None, "b": THROTTLED})
    assert run.lines()[0] == "2 tenants: 1 complete, 0 partial, 1 unread"
    checks = Run().ask("Token", {"a": None}, module="access_token")
    checks.ask("Check", {"a": NOT_CONSENTED}, module="access_token_info")
    assert checks.lines()[0] == "1 tenants: 0 complete, 1 partial, 0 unread"


def test_a_tenant_that_was_lost_before_it_was_asked_is_a_row() -> None:
    run = Run()
    run.coverage.lose("b")
    run.ask("List", {"a": None})
    run.coverage.lose("a")
    assert run.lines() == [
        "asked 2, answered 1, failed 1",
        "failed category who must act tenants",
        "1 lost before it was asked caller b",
    ]


def test_the_batches_of_a_play_are_one_question() -> None:
    run = Run(batch=["a", "b"]).ask("List", {"a": None, "b": NOT_CONSENTED})
    run.batch = ["c", "d"]
    run.ask("List", {"c": None, "d": None})
    assert run.lines()[0] == "asked 4, answered 3, failed 1"


def test_names_that_no_log_hides_are_counted() -> None:
    run = Run()
    run.coverage.add_hidden("t", "Tokens", module="access_token", answered=3, failed=1)
    assert run.lines() == ["asked 4, answered 3, failed 1"]
    assert run.coverage.failed


def test_security_events_have_lines_of_their_own_and_the_first_row() -> None:
    run = Run().ask("List", {"a": NOT_CONSENTED, "b": NOT_CONSENTED, "c": SECURITY_EVENT})
    line = "SECURITY EVENT (wrong_tenant) in c: A foreign token."
    assert run.coverage.alarm({"c": "A foreign token."}) == [line]
    assert run.coverage.alarm({"c": "A foreign token."}) == []
    assert run.coverage.alarm_lines() == [line]
    assert run.lines()[2:] == [
        "1 wrong_tenant security event c",
        "2 not_consented customer a, b",
    ]


def test_many_questions_are_listed_by_their_failures_and_counted() -> None:
    run = Run()
    for number in range(20):
        run.ask(f"Hunt {number}", {"a": THROTTLED if number in (18, 19) else None}, is_sweep=True)
    listed = run.lines()[1:14]
    assert [line.rsplit(": ", maxsplit=1)[-1] for line in listed[:-1]] == [
        *(f"Hunt {number}" for number in range(10)),
        "Hunt 18",
        "Hunt 19",
    ]
    assert listed[-1] == "8 more questions, none with more failures"


def test_a_thousand_names_are_counted() -> None:
    run = Run().ask("List", {f"t{number}": NOT_CONSENTED for number in range(1000)})
    assert run.lines()[-1].endswith("t9 and 990 more")


def test_a_row_is_no_wider_than_the_terminal_and_names_at_least_one_tenant() -> None:
    run = Run().ask("List", {f"tenant{number}": NOT_CONSENTED for number in range(30)})
    assert run.coverage.lines(79)[-1].endswith("  tenant0, tenant1, tenant2 and 27 more")
    assert len(run.coverage.lines(79)[-1]) <= 79
    assert run.coverage.lines(10)[-1].endswith("tenant0 and 29 more")


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_the_name_of_a_question_is_shortened_to_the_terminal(columns: int) -> None:
    run = Run().ask("List" * 40, {"a": None}).ask("Hunt" * 40, {"a": NOT_CONSENTED})
    assert max(map(len, run.coverage.lines(columns))) <= columns


REASONS = st.sampled_from([None, NOT_CONSENTED, THROTTLED, SECURITY_EVENT])
QUESTIONS = st.lists(st.dictionaries(st.sampled_from(TENANTS), REASONS), min_size=2, max_size=6)


@given(QUESTIONS)
def test_the_states_of_the_tenants_add_up(questions: list[Outcomes]) -> None:
    run = Run()
    for number, outcomes in enumerate(questions):
        run.ask(f"Question {number}", outcomes)
    lines = run.lines()
    tenants = {tenant for outcomes in questions for tenant in outcomes}
    if not tenants:
        return
    counts = [int(word) for word in lines[0].replace(",", "").split() if word.isdigit()]
    assert counts[0] == len(tenants) == sum(counts[1:])
    rows = [line.split() for line in lines if line[0].isdigit() and "tenants:" not in line]
    failing = sum(int(row[0]) for row in rows)
    assert failing == counts[2] + counts[3]
