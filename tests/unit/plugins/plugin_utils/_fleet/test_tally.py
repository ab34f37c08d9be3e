# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who answered and who did not, out of the results of tasks."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._fleet import tally as _tally

NOT_CONSENTED = ("not_consented", "customer")


def refused(category: str = "not_consented") -> dict[str, t.Any]:
    return DefenderError(category, "It is so.").as_result()


def only(host: str, result: dict[str, t.Any], *, failed: bool) -> _tally.Outcomes:
    return _tally.merged(_tally.parts(host, result, failed=failed))


def test_a_result_without_an_error_is_an_answer() -> None:
    assert only("contoso", {"incidents": []}, failed=False) == {"contoso": None}


def test_an_error_counts_even_where_failed_when_made_it_no_failure() -> None:
    assert only("contoso", refused(), failed=False) == {"contoso": NOT_CONSENTED}


def test_a_sweep_tells_of_every_tenant() -> None:
    told = {
        "results": {"contoso": {}},
        "answered": ["contoso"],
        "failures": {"litware": {"category": "not_consented", "who": "customer"}},
        "coverage": {"asked": 2, "answered": 1, "failed": 1},
    }
    assert only("contoso", told, failed=False) == {
        "contoso": None,
        "litware": NOT_CONSENTED,
    }


def test_of_a_loop_one_failed_turn_is_the_hosts_failure_and_skipped_turns_are_none() -> None:
    loop = {"results": [{"count": 1}, refused(), {"count": 2}, {"skipped": True}]}
    assert only("contoso", loop, failed=True) == {"contoso": NOT_CONSENTED}
    assert only("contoso", {"results": [{"skipped": True}]}, failed=False) == {}


def test_a_censored_failure_has_no_category_and_a_censored_answer_is_one() -> None:
    censored = {"censored": "the output has been hidden"}
    assert only("contoso", censored, failed=True) == {"contoso": _tally.HIDDEN}
    assert only("contoso", censored, failed=False) == {"contoso": None}


def test_a_failure_of_ansibles_own_was_never_sent() -> None:
    assert only("contoso", {"msg": "'tier' is undefined"}, failed=True) == {
        "contoso": ("not sent", "caller")
    }


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


def test_a_security_event_is_the_first_category_of_a_line() -> None:
    tally = _tally.Tally("List", 3, 0.0)
    tally.add({"a": NOT_CONSENTED, "b": NOT_CONSENTED, "c": _tally.SECURITY_EVENT})
    assert tally.summary("1 s") == "3 failed (wrong_tenant 1, not_consented 2), 1 s"


def test_a_line_that_is_too_long_names_fewer_categories() -> None:
    tally = _tally.Tally("List", 6, 0.0)
    tally.add({"a": None, "b": NOT_CONSENTED, "c": ("throttled", "caller"), "d": NOT_CONSENTED})
    whole = "1 answered, 3 failed (not_consented 2, throttled 1), 1 s"
    assert tally.summary("1 s", len(whole)) == whole
    assert tally.summary("1 s", len(whole) - 1) == "1 answered, 3 failed (not_consented 2, …), 1 s"
    assert tally.summary("1 s", 30) == "1 answered, 3 failed, 1 s"
    assert tally.summary("1 s", 5) == "1 answered, 3 failed, 1 s"


@pytest.mark.parametrize(
    ("words", "is_quiet", "is_shown"),
    [
        ({"skipped": 3}, False, False),
        ({"skipped": 3, "ok": 1}, False, True),
        ({"ok": 3}, True, False),
        ({"ok": 2, "failed": 1}, True, True),
    ],
)
def test_a_task_that_all_skipped_and_a_quiet_one_without_failure_have_no_line(
    words: dict[str, int], is_quiet: bool, is_shown: bool
) -> None:
    tally = _tally.Tally("List", 6, 0.0, is_quiet=is_quiet)
    for word, number in words.items():
        tally.count(word, number)
    assert tally.is_shown is is_shown


def test_a_hunt_sweep_has_a_question_for_each_hunt() -> None:
    result = {
        "coverage": {"asked": 3, "complete": 1, "partial": 1, "unread": 1},
        "hunts": {
            "One": {"hits": {"a": 0, "b": 2}, "failures": {"c": {"category": "throttled"}}},
            "Two": {
                "hits": {"a": 0},
                "failures": {
                    "b": {"category": "wrong_tenant", "who": "partner", "msg": "A foreign token."},
                    "c": "not_licensed",
                },
            },
        },
    }
    found = _tally.parts("a", result, failed=False)
    assert found == {
        "One": {"a": None, "b": None, "c": ("throttled", "")},
        "Two": {"a": None, "b": _tally.SECURITY_EVENT, "c": ("not_licensed", "")},
    }
    assert _tally.merged(found) == {
        "a": None,
        "b": _tally.SECURITY_EVENT,
        "c": ("throttled", ""),
    }
    assert _tally.alarms("a", result) == {"b": "A foreign token."}
    assert _tally.has_tenants(result)


def test_a_foreign_token_is_a_security_event_and_nobodys_chore() -> None:
    foreign = DefenderError("wrong_tenant", "A foreign token.", who="caller").as_result()
    swept = {
        "results": {},
        "answered": [],
        "failures": {
            "b": {**foreign["error"], "msg": foreign["msg"]},
            "c": {"category": "timeout", "msg": "Slow."},
        },
        "coverage": {"asked": 2, "answered": 0, "failed": 2},
    }
    assert only("a", foreign, failed=True) == {"a": _tally.SECURITY_EVENT}
    assert _tally.alarms("a", foreign) == {"a": "A foreign token."}
    assert only("a", swept, failed=True)["b"] == _tally.SECURITY_EVENT
    assert _tally.alarms("a", swept) == {"b": "A foreign token."}
    assert _tally.alarms("a", {"results": [foreign, swept, {"count": 1}]}) == {
        "a": "A foreign token.",
        "b": "A foreign token.",
    }
    assert "caller" not in _tally.SECURITY_EVENT


def test_a_security_event_is_known_from_the_warning_of_a_hidden_result() -> None:
    warning = "SECURITY EVENT (wrong_tenant) in b: Tenant b: a foreign token."
    hidden = {"censored": "hidden", "warnings": ["2 of 3 tenants failed (x: b).", warning]}
    assert _tally.alarms("a", hidden) == {"b": "Tenant b: a foreign token."}


def test_a_sweep_that_was_refused_as_a_whole_has_no_tenants() -> None:
    assert not _tally.has_tenants(refused("refused"))
    assert not _tally.has_tenants({"results": [refused("refused")]})
    assert _tally.has_tenants({"results": [{"coverage": {"asked": 0}}]})
