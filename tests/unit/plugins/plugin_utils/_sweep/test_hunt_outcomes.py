# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The result of a hunt sweep: coverage by hunt and over all hunts, the verdict of fail_when, and
the table on the terminal."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils import _coverage
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._batch import Batch
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._sweep import (
    hunt_outcomes as _outcomes,
)
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._sweep import (
    hunt_summary as _summary,
)
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._sweep.hunt_questions import (
    Question,
)
from hypothesis import given
from hypothesis import strategies as st

Json = dict[str, t.Any]
HOSTS: t.Final = ["a", "b", "c"]
AT: t.Final = "2026-11-26T06:00:00Z"


def answer(count: int = 0, at: str = AT, **more: t.Any) -> Json:
    tenant = {"id": "1", "name": "n", "cloud": "public"}
    return {"tenant": tenant, "count": count, "truncated": False, "asked_at": at, **more}


def failure(category: str, at: str = AT) -> Json:
    return {**DefenderError(category, f"no: {category}").as_result(), "asked_at": at}


def outcome(name: str = "q", severity: str = "high", **answers: Json) -> _outcomes.HuntOutcome:
    return outcome_of(name, answers, severity=severity)


def outcome_of(
    name: str, answers: t.Mapping[str, Json], *, severity: str = "high"
) -> _outcomes.HuntOutcome:
    about = {"title": name, "severity": severity}
    made = _outcomes.HuntOutcome(Question(name, "T", {}, "7d", 5, about), HOSTS)
    for host, found in answers.items():
        made.add(host, found)
    return made


def test_a_hunt_has_a_number_only_for_who_answered() -> None:
    made = outcome(b=answer(3, truncated=True, rows=[{}]), a=answer(0), c=failure("throttled"))
    result = made.as_result("/hits/q.ndjson")
    assert list(result["hits"].items()) == [("a", 0), ("b", 3)]
    assert result["coverage"] == {"asked": 3, "answered": 2, "failed": 1}
    assert result["truncated"] == ["b"]
    assert result["rows"] == {"b": [{}]}
    assert result["failures"]["c"]["category"] == "throttled"
    assert result["failures"]["c"]["msg"] == "no: throttled"
    assert {key: result[key] for key in ("timespan", "limit", "dest", "checked", "title")} == {
        "timespan": "7d",
        "limit": 5,
        "dest": "/hits/q.ndjson",
        "checked": False,
        "title": "q",
    }


def test_the_time_of_a_hunt_is_that_of_its_oldest_answer() -> None:
    made = outcome(a=answer(at="2026-11-26T06:00:01Z"), b=answer(at="2026-11-25T06:00:00Z"))
    assert made.as_result("")["asked_at"] == "2026-11-25T06:00:00Z"
    assert outcome(a=failure("timeout")).as_result("")["asked_at"] == AT
    assert outcome().as_result("")["asked_at"] is None


def test_a_tenant_is_complete_partial_or_unread() -> None:
    every = [
        outcome("p", a=answer(), b=answer(), c=failure("role_missing")),
        outcome("q", a=answer(), b=failure("not_licensed"), c=failure("role_missing")),
    ]
    states = _outcomes.tenants(every, HOSTS)
    assert states == {"a": "complete", "b": "partial", "c": "unread"}
    assert _outcomes.coverage(states) == {"asked": 3, "complete": 1, "partial": 1, "unread": 1}
    assert _outcomes.warnings(every, states) == [
        "1 of 3 tenants are unread and 1 partial (not_licensed: b (1 of 2 hunts); role_missing: c)."
    ]


def test_a_token_of_another_tenant_is_the_first_warning() -> None:
    every = [outcome(a=answer(), b=failure("timeout"), c=failure("wrong_tenant"))]
    first, second = _outcomes.warnings(every, _outcomes.tenants(every, HOSTS))
    assert first == "SECURITY EVENT (wrong_tenant) in c: no: wrong_tenant"
    assert second.startswith("2 of 3 tenants are unread")


@given(st.lists(st.lists(st.booleans(), min_size=3, max_size=3), min_size=1, max_size=4))
def test_the_states_of_all_tenants_add_up(grid: list[list[bool]]) -> None:
    every = [
        outcome_of(
            str(number),
            {
                host: answer() if good else failure("timeout")
                for host, good in zip(HOSTS, row, strict=True)
            },
        )
        for number, row in enumerate(grid)
    ]
    states = _outcomes.tenants(every, HOSTS)
    count = _outcomes.coverage(states)
    assert count["complete"] + count["partial"] + count["unread"] == count["asked"] == 3
    for host, column in zip(HOSTS, zip(*grid, strict=True), strict=True):
        expected = "partial" if any(column) else "unread"
        assert states[host] == ("complete" if all(column) else expected)
    assert (_outcomes.warnings(every, states) == []) is all(map(all, grid))


@pytest.mark.parametrize(
    ("fail_when", "categories", "fails"),
    [
        ("all", ["timeout", "timeout"], False),
        ("all", ["timeout", "timeout", "timeout"], True),
        ("all", ["timeout", "not_licensed", "timeout"], True),
        ("all", ["not_licensed", "not_licensed", "not_licensed"], False),
        ("any", ["not_licensed"], False),
        ("any", ["timeout"], True),
        ("50%", ["timeout", "not_licensed"], True),
        ("50%", ["timeout"], False),
        ("never", ["timeout", "timeout", "timeout"], False),
    ],
)
def test_each_hunt_is_judged_without_tenants_that_have_no_licence(
    fail_when: str, categories: list[str], fails: bool
) -> None:
    failures = dict(zip(HOSTS, map(failure, categories), strict=False))
    bad = outcome_of("bad", {host: failures.get(host, answer()) for host in HOSTS})
    good = outcome_of("good", dict.fromkeys(HOSTS, answer()))
    result: Json = {}
    _outcomes.judge(
        result, [good, bad], Batch(HOSTS), _coverage.threshold(fail_when), fail_when=fail_when
    )
    assert result.get("failed", False) is fails
    if fails:
        assert (
            f"failed in bad ({len(categories)} of 3); fail_when is {fail_when}." in (result["msg"])
        )


def test_a_host_that_the_play_may_have_ended_is_not_judged() -> None:
    made = outcome(a=answer(), b=answer(), c=failure("unavailable"))
    result: Json = {}
    batch = Batch(HOSTS, unclear=frozenset("c"))
    _outcomes.judge(result, [made], batch, _coverage.threshold("any"), fail_when="any")
    assert result == {}


def test_the_table_has_hits_first_and_no_number_over_nobody() -> None:
    every = [
        outcome("none", "high", a=answer(), b=answer(), c=failure("timeout")),
        outcome_of("silent", dict.fromkeys(HOSTS, failure("timeout"))),
        outcome("low", "low", a=answer(5, truncated=True), b=answer(), c=failure("timeout")),
        outcome("high", "high", a=answer(1), b=answer(2), c=failure("timeout")),
    ]
    states = _outcomes.tenants(every, HOSTS)
    result = {
        "hunts": {one.question.name: one.as_result("") for one in every},
        "coverage": _outcomes.coverage(states),
        "not_run": [{"name": "hashes", "missing": ["hashes"]}],
    }
    assert _summary.lines(result) == [
        "hunt    severity  hits  tenants  hits by tenant",
        "high    high         3  2 of 3   b 2, a 1",
        "low     low         5+  2 of 3   a 5+",
        "none    high         0  2 of 3",
        "silent  high         –  0 of 3",
        "c: timeout",
        "a: timeout (silent)",
        "b: timeout (silent)",
        "hashes was not run: no value for hashes",
        "3 tenants: 0 complete, 2 partial, 1 unread",
    ]
