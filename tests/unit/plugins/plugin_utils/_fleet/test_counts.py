# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every result is counted once, for its task and for the run."""

from __future__ import annotations

import types
import typing as t

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._fleet import counts as _counts

FOREIGN = DefenderError("wrong_tenant", "A foreign token.").as_result()
ALARM = "SECURITY EVENT (wrong_tenant) in b: A foreign token."


def task(action: str, **arguments: str) -> t.Any:
    return types.SimpleNamespace(
        _uuid=action, name="Task", action=action, resolved_action=None, args=arguments
    )


def result(of: t.Any, host: str, **values: t.Any) -> t.Any:
    variables = {"defender_xdr_tenant_id": "x"} if host != "localhost" else {}
    named = types.SimpleNamespace(get_name=lambda: host, get_vars=lambda: variables)
    return types.SimpleNamespace(task=of, host=named, result=values)


def swept(**values: t.Any) -> dict[str, t.Any]:
    return {
        "answered": ["a"],
        "results": {"a": {}},
        "failures": {"b": {**FOREIGN["error"], "msg": FOREIGN["msg"]}},
        "coverage": {"asked": 2, "answered": 1, "failed": 1},
        **values,
    }


SWEEP = task("mssp.defender_xdr.sweep", module="incident_info")


def begun(of: t.Any) -> _counts.Counts:
    counts = _counts.Counts()
    counts.begin(of, ["a", "b"], asked=1, many=False)
    return counts


def test_a_sweep_counts_its_tenants_and_reports_a_security_event_once() -> None:
    counts = begun(SWEEP)
    assert counts.add(result(SWEEP, "a", **swept()), "ok", is_lost=False) == [ALARM]
    assert counts.add(result(SWEEP, "a", **swept()), "ok", is_lost=False) == []
    assert counts.coverage.lines()[0] == "asked 2, answered 1, failed 1"
    assert counts.coverage.alarm_lines() == [ALARM]


def test_a_security_event_among_the_warnings_is_not_reported_again() -> None:
    counts = begun(SWEEP)
    assert counts.add(result(SWEEP, "a", **swept(warnings=[ALARM])), "ok", is_lost=False) == []
    assert counts.coverage.alarm_lines() == [ALARM]


@pytest.mark.parametrize("values", [DefenderError("refused", "No.").as_result(), {"msg": "No."}])
def test_a_sweep_that_is_refused_as_a_whole_counts_no_tenant(values: dict[str, t.Any]) -> None:
    counts = begun(SWEEP)
    assert counts.add(result(SWEEP, "a", **values), "failed", is_lost=True) == []
    assert not counts.coverage
    (tally,) = counts.running.end()
    assert dict(tally.words) == {"failed": 1}


@pytest.mark.parametrize(("host", "is_lost", "failed"), [("b", True, 1), ("b", False, 0)])
def test_a_tenant_that_is_lost_counts_in_later_questions(
    host: str, is_lost: bool, failed: int
) -> None:
    other, ours = task("ansible.builtin.assert"), task("mssp.defender_xdr.incident_info")
    counts = begun(other)
    counts.add(result(other, host, msg="No."), "failed", is_lost=is_lost)
    counts.begin(ours, ["a", "b"], asked=2, many=True)
    counts.add(result(ours, "a", incidents=[]), "ok", is_lost=False)
    expected = f"asked {1 + failed}, answered 1, failed {failed}"
    assert counts.coverage.lines()[0] == expected


def test_a_host_that_is_no_tenant_is_not_lost() -> None:
    other, ours = task("ansible.builtin.assert"), task("mssp.defender_xdr.incident_info")
    counts = begun(other)
    counts.add(result(other, "localhost", msg="No."), "failed", is_lost=True)
    counts.begin(ours, ["localhost", "a"], asked=2, many=True)
    counts.add(result(ours, "a", incidents=[]), "ok", is_lost=False)
    assert counts.coverage.lines()[0] == "asked 1, answered 1, failed 0"
