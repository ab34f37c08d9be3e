# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which tenants were asked, which failed and why, and when that is too many."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils import _coverage
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._batch import Batch
from hypothesis import given
from hypothesis import strategies as st

COUNTS = st.integers(0, 500).flatmap(lambda asked: st.tuples(st.integers(0, asked), st.just(asked)))


def failure(category: str = "not_consented", text: str = "No consent.") -> dict[str, t.Any]:
    return DefenderError(category, text).as_result()


@pytest.mark.parametrize(
    ("text", "failed", "asked", "too_many"),
    [
        ("all", 3, 3, True),
        ("all", 2, 3, False),
        ("all", 0, 0, False),
        ("any", 1, 3, True),
        ("any", 0, 3, False),
        ("never", 3, 3, False),
        ("10%", 1, 10, True),
        ("10%", 1, 11, False),
        ("34%", 1, 3, False),
        ("33%", 1, 3, True),
        ("100%", 3, 3, True),
        ("100%", 2, 3, False),
        ("1 %", 0, 100, False),
        ("1%", 0, 0, False),
    ],
)
def test_a_threshold_says_how_many_are_too_many(
    text: str, failed: int, asked: int, too_many: bool
) -> None:
    assert _coverage.threshold(text)(failed, asked) is too_many


@given(COUNTS, st.integers(1, 100))
def test_a_share_lies_between_any_and_all(counts: tuple[int, int], share: int) -> None:
    every, some, part = (_coverage.threshold(text)(*counts) for text in ("all", "any", f"{share}%"))
    assert every <= part <= some
    assert part == (counts[0] > 0 and counts[0] / max(counts[1], 1) >= share / 100 - 1e-12)


@pytest.mark.parametrize(
    "text", ["", "some", "0%", "101%", "1000%", "10", "-1%", "5.5%", "ALL", "10%%", "٣%"]
)
def test_any_other_threshold_is_refused_in_words(text: str) -> None:
    with pytest.raises(DefenderError) as refused:
        _coverage.threshold(text)
    assert refused.value.category == "bad_request"
    assert repr(text) in refused.value.message


@given(st.lists(st.sampled_from(["answered", "failed"]), max_size=40))
def test_every_host_is_counted_once_and_in_order(outcomes: list[str]) -> None:
    hosts = [f"h{number}" for number in range(len(outcomes))]
    results = {
        host: {"changed": False}
        for host, outcome in reversed(list(zip(hosts, outcomes, strict=True)))
        if outcome == "answered"
    }
    failures = {host: failure() for host in reversed(hosts) if host not in results}
    result = _coverage.sweep_result(Batch(hosts), results, failures)
    assert (
        list(result["results"]) == result["answered"] == [host for host in hosts if host in results]
    )
    assert list(result["failures"]) == [host for host in hosts if host in failures]
    assert result["coverage"] == {
        "asked": len(hosts),
        "answered": len(results),
        "failed": len(failures),
    }


def test_a_failure_keeps_its_reason_and_its_text() -> None:
    result = _coverage.sweep_result(Batch(["a"]), {}, {"a": failure("not_licensed", "No licence.")})
    assert (
        result["failures"]["a"]["category"],
        result["failures"]["a"]["who"],
        result["failures"]["a"]["msg"],
    ) == ("not_licensed", "customer", "No licence.")


def test_a_crash_without_a_category_is_still_a_failure() -> None:
    assert _coverage.sweep_result(Batch(["a"]), {}, {"a": {"failed": True, "msg": "Boom."}})[
        "failures"
    ] == {"a": {"category": "unavailable", "msg": "Boom."}}


def test_one_changed_tenant_is_a_change() -> None:
    assert (
        _coverage.sweep_result(
            Batch(["a", "b"]), {"a": {"changed": False}, "b": {"changed": True}}, {}
        )["changed"]
        is True
    )
    assert _coverage.sweep_result(Batch(["a"]), {"a": {}}, {})["changed"] is False


def test_those_who_did_not_answer_are_the_first_warning_by_category_and_name() -> None:
    hosts = ["a", "b", "c", "d"]
    failures = {"a": failure(), "b": failure("throttled", "Slow."), "d": failure()}
    result = _coverage.sweep_result(Batch(hosts), {"c": {"warnings": ["An old API."]}}, failures)
    assert result["warnings"] == [
        "3 of 4 tenants failed (not_consented: a, d; throttled: b).",
        "An old API.",
    ]
    assert result["results"] == {"c": {}}


def test_a_warning_names_ten_hosts_and_counts_the_rest() -> None:
    hosts = [f"h{number}" for number in range(12)]
    (warning,) = _coverage.sweep_result(Batch(hosts), {}, {host: failure() for host in hosts})[
        "warnings"
    ]
    assert warning.endswith("h8, h9 and 2 more).")


def test_nobody_failing_is_no_warning() -> None:
    assert "warnings" not in _coverage.sweep_result(Batch(["a"]), {"a": {}}, {})


def test_too_few_answers_fail_the_task_and_keep_what_was_answered() -> None:
    result = _coverage.sweep_result(Batch(["a", "b"]), {"a": {"count": 1}}, {"b": failure()})
    _coverage.judge(result, _coverage.threshold("any"))
    assert result["failed"] is True
    assert result["msg"] == "1 of 2 tenants failed, for example b: No consent."
    assert result["results"] == {"a": {"count": 1}}


def test_a_security_event_is_a_warning_before_all_others_and_the_example_of_the_failures() -> None:
    hosts = ["a", "b", "c", "d"]
    failures = {
        "a": failure(),
        "c": failure("wrong_tenant", "A foreign token."),
        "d": failure("wrong_tenant", "Another foreign token."),
    }
    result = _coverage.sweep_result(Batch(hosts), {"b": {"warnings": ["An old API."]}}, failures)
    assert result["warnings"] == [
        "SECURITY EVENT (wrong_tenant) in c: A foreign token.",
        "SECURITY EVENT (wrong_tenant) in d: Another foreign token.",
        "3 of 4 tenants failed (wrong_tenant: c, d; not_consented: a).",
        "An old API.",
    ]
    _coverage.judge(result, _coverage.threshold("any"))
    assert result["msg"] == "3 of 4 tenants failed, for example c: A foreign token."


@given(st.from_regex(r"[a-z0-9._-]{1,20}", fullmatch=True), st.text(max_size=60))
def test_an_alarm_can_be_read_again(host: str, message: str) -> None:
    assert _coverage.alarm_in(_coverage.alarm(host, message)) == (host, message)


@pytest.mark.parametrize(
    "text", ["", "An old API.", "1 of 2 tenants failed (wrong_tenant) in a: b", "SECURITY EVENT"]
)
def test_any_other_warning_is_no_alarm(text: str) -> None:
    assert _coverage.alarm_in(text) is None


def test_enough_answers_do_not_fail_the_task() -> None:
    result = _coverage.sweep_result(Batch(["a", "b"]), {"a": {}}, {"b": failure()})
    _coverage.judge(result, _coverage.threshold("all"))
    assert "failed" not in result


def test_hosts_that_the_play_ended_are_named_and_not_asked() -> None:
    result = _coverage.sweep_result(Batch(["a"], ended=("b", "c")), {"a": {}}, {})
    assert (result["ended"], result["coverage"]["asked"]) == (["b", "c"], 1)
    assert "ended" not in _coverage.sweep_result(Batch(["a"]), {"a": {}}, {})


@pytest.mark.parametrize("text", ["any", "all", "50%"])
def test_a_host_that_may_have_been_ended_is_named_and_fails_no_threshold(text: str) -> None:
    result = _coverage.sweep_result(
        Batch(["a", "b"], unclear=frozenset("b")), {"a": {}}, {"b": failure("unavailable")}
    )
    assert (result["lost_or_ended"], result["coverage"]["failed"]) == (["b"], 1)
    _coverage.judge(result, _coverage.threshold(text))
    assert "failed" not in result


def test_a_real_failure_beside_an_unclear_one_still_counts() -> None:
    result = _coverage.sweep_result(
        Batch(["a", "b"], unclear=frozenset("b")), {}, {"a": failure(), "b": failure("unavailable")}
    )
    _coverage.judge(result, _coverage.threshold("all"))
    assert result["failed"] is True


def test_a_failure_after_a_write_keeps_the_tenant_and_the_writes() -> None:
    tenant, writes = {"id": "1"}, [{"object": "incident 1"}]
    wrote = {**failure("conflict"), "tenant": tenant, "writes": writes, "other": 1}
    read = {**failure("conflict"), "tenant": tenant}
    failed = _coverage.sweep_result(Batch(["a", "b"]), {}, {"a": wrote, "b": read})["failures"]
    assert (failed["a"]["tenant"], failed["a"]["writes"]) == (tenant, writes)
    assert {"tenant", "writes", "other"}.isdisjoint(failed["b"])
    assert "other" not in failed["a"]
