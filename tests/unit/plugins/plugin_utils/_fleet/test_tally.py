# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who answered and who did not, out of the results of tasks."""

from __future__ import annotations

import types

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._fleet import tally as _tally

NOT_CONSENTED = ("not_consented", "customer")


def refused(category: str = "not_consented") -> dict[str, object]:
    return DefenderError(category, "It is so.").as_result()


def test_a_result_without_an_error_is_an_answer() -> None:
    assert _tally.outcomes("contoso", {"incidents": []}, failed=False) == {"contoso": None}


def test_an_error_counts_even_where_failed_when_made_it_no_failure() -> None:
    assert _tally.outcomes("contoso", refused(), failed=False) == {"contoso": NOT_CONSENTED}


def test_a_sweep_tells_of_every_tenant() -> None:
    told = {
        "results": {"contoso": {}},
        "answered": ["contoso"],
        "failures": {"litware": {"category": "not_consented", "who": "customer"}},
        "coverage": {"asked": 2, "answered": 1, "failed": 1},
    }
    assert _tally.outcomes("contoso", told, failed=False) == {
        "contoso": None,
        "litware": NOT_CONSENTED,
    }


def test_of_a_loop_one_failed_turn_is_the_hosts_failure_and_skipped_turns_are_none() -> None:
    loop = {"results": [{"count": 1}, refused(), {"count": 2}, {"skipped": True}]}
    assert _tally.outcomes("contoso", loop, failed=True) == {"contoso": NOT_CONSENTED}
    assert _tally.outcomes("contoso", {"results": [{"skipped": True}]}, failed=False) == {}


def test_a_censored_failure_has_no_category_and_a_censored_answer_is_one() -> None:
    censored = {"censored": "the output has been hidden"}
    assert _tally.outcomes("contoso", censored, failed=True) == {"contoso": _tally.HIDDEN}
    assert _tally.outcomes("contoso", censored, failed=False) == {"contoso": None}


def test_a_failure_of_ansibles_own_was_never_sent() -> None:
    assert _tally.outcomes("contoso", {"msg": "'tier' is undefined"}, failed=True) == {
        "contoso": ("not sent", "caller")
    }


@pytest.mark.parametrize(
    ("resolved", "action", "ours"),
    [
        ("mssp.defender_xdr.incident_info", "incident_info", True),
        (None, "mssp.defender_xdr.sweep", True),
        ("ansible.builtin.debug", "debug", False),
    ],
)
def test_our_modules_are_known_by_their_full_name(
    resolved: str | None, action: str, ours: bool
) -> None:
    assert _tally.ours(types.SimpleNamespace(resolved_action=resolved, action=action)) is ours


def test_a_task_ends_in_one_line_with_the_reasons() -> None:
    tally = _tally.Tally("List", 6, 0.0)
    tally.add(
        {"a": None, "b": None, "c": NOT_CONSENTED, "d": ("throttled", "caller"), "e": NOT_CONSENTED}
    )
    tally.count("skipped")
    assert (
        tally.summary("1 s")
        == "2 answered, 3 failed (not_consented 2, throttled 1), 1 skipped, 1 s"
    )


def test_a_host_that_skipped_is_neither_asked_nor_answered() -> None:
    tally = _tally.Tally("List", 6, 0.0)
    tally.add({"a": None, "c": NOT_CONSENTED})
    tally.count("skipped")
    state = tally.state()
    assert (state.asked, state.answered, state.failed, state.left) == (5, 1, 1, 3)


def test_the_coverage_counts_each_tenant_once_with_its_first_failure() -> None:
    coverage = _tally.Coverage()
    coverage.add({"contoso": None, "litware": NOT_CONSENTED, "fabrikam": None})
    coverage.add(
        {"contoso": None, "litware": ("timeout", "microsoft"), "fabrikam": ("throttled", "caller")}
    )
    coverage.add({"fabrikam": None, "adatum": NOT_CONSENTED})
    assert [line.split() for line in coverage.lines()] == [
        ["asked", "4,", "answered", "1,", "failed", "3"],
        ["failed", "category", "who", "must", "act", "tenants"],
        ["2", "not_consented", "customer", "litware,", "adatum"],
        ["1", "throttled", "caller", "fabrikam"],
    ]


def test_a_tenant_that_was_lost_before_it_was_asked_is_a_row() -> None:
    coverage = _tally.Coverage()
    coverage.add({"contoso": None})
    coverage.lost(["contoso", "litware"])
    assert coverage.lines()[0] == "asked 2, answered 1, failed 1"
    assert coverage.lines()[-1].split() == [
        "1",
        *"lost before it was asked".split(),
        "caller",
        "litware",
    ]


def test_a_thousand_names_are_counted() -> None:
    coverage = _tally.Coverage()
    coverage.add({f"t{number}": NOT_CONSENTED for number in range(1000)})
    assert coverage.lines()[-1].endswith("t9 and 990 more")


def test_a_row_is_no_wider_than_the_terminal_and_names_one_tenant_at_least() -> None:
    coverage = _tally.Coverage()
    coverage.add({f"tenant{number}": NOT_CONSENTED for number in range(30)})
    assert coverage.lines(79)[-1].endswith("  tenant0, tenant1, tenant2 and 27 more")
    assert len(coverage.lines(79)[-1]) <= 79
    assert coverage.lines(10)[-1].endswith("tenant0 and 29 more")


def test_when_all_answered_there_is_no_table() -> None:
    coverage = _tally.Coverage()
    assert not coverage
    coverage.add({"contoso": None})
    assert coverage
    assert coverage.lines() == ["asked 1, answered 1, failed 0"]
