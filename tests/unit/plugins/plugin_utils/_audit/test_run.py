# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lines for a result, and who runs Ansible."""

from __future__ import annotations

import os
import pwd
import types
import typing as t

import pytest
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils import _writes
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._audit import run as _run
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.stand_ins import (
    CONTOSO,
    OTHER_TENANT,
    TENANT,
)

Json = dict[str, t.Any]
RECORD: t.Final = {
    "time": "2026-11-26T06:00:00Z",
    "object": "incident 1",
    "before": {"status": "active"},
    "after": {"status": "resolved"},
    "action_id": None,
    "request_id": "r1",
    "outcome": "succeeded",
    "previous": "x" * 64,
    "extra": "is left out",
}
OTHER: t.Final = {**CONTOSO, "id": OTHER_TENANT}


def result(values: Json, *, action: str = "incident", variables: Json | None = None) -> t.Any:
    task = types.SimpleNamespace(
        action=f"mssp.defender_xdr.{action}",
        resolved_action=None,
        args={"module": "mssp.defender_xdr.consent"} if action == "sweep" else {},
        get_name=lambda: "triage : Resolve it",
    )
    fields = {"vars": variables or {}, "args": {}}
    return types.SimpleNamespace(task=task, result=values, task_fields=fields)


def test_a_line_says_who_did_what_where_and_what_became_of_it() -> None:
    run = _run.Run("sam", "triage.yml")
    lines = run.lines(result({"tenant": CONTOSO, "writes": [RECORD, RECORD]}))
    assert list(lines) == [TENANT]
    first, second = lines[TENANT]
    assert first == second
    assert first == {
        "time": "2026-11-26T06:00:00Z",
        "run_id": run.run_id,
        "user": "sam",
        "playbook": "triage.yml",
        "task": "triage : Resolve it",
        "tenant": CONTOSO,
        "module": "mssp.defender_xdr.incident",
        "object": "incident 1",
        "before": {"status": "active"},
        "after": {"status": "resolved"},
        "action_id": None,
        "request_id": "r1",
        "outcome": "succeeded",
    }
    assert len(run.run_id) == 36
    assert run.run_id != _run.Run("sam").run_id


def test_a_sweep_has_lines_for_each_tenant_with_the_module_that_it_ran() -> None:
    swept = {
        "results": {"a": {"tenant": CONTOSO, "writes": [RECORD]}, "b": {"tenant": OTHER}},
        "failures": {"c": {"tenant": OTHER, "writes": [RECORD], "category": "conflict"}},
    }
    lines = _run.Run("sam").lines(result(swept, action="sweep"))
    assert {tenant: len(some) for tenant, some in lines.items()} == {TENANT: 1, OTHER_TENANT: 1}
    assert lines[OTHER_TENANT][0]["module"] == "mssp.defender_xdr.consent"
    planned = {**swept, "module": "mssp.defender_xdr.alert"}
    lines = _run.Run("sam").lines(result(planned, action="sweep"))
    assert lines[TENANT][0]["module"] == "mssp.defender_xdr.alert"


def test_a_loop_as_a_whole_has_no_line_because_its_items_have() -> None:
    item = {"tenant": CONTOSO, "writes": [RECORD]}
    assert _run.Run("sam").lines(result({"results": [item]})) == {}


def test_a_result_of_another_collection_has_no_line() -> None:
    other = result({"tenant": CONTOSO, "writes": [RECORD]})
    other.task.action = "ansible.builtin.debug"
    assert _run.Run("sam").lines(other) == {}


def test_a_hidden_result_has_the_lines_that_the_worker_handed_over() -> None:
    place = {"tenant": CONTOSO, "module": None, "writes": [RECORD]}
    variables = {_writes.VARIABLE: [place]}
    hidden = result({"censored": "hidden"}, variables=variables)
    assert len(_run.Run("sam").lines(hidden)[TENANT]) == 1


@pytest.mark.parametrize(
    ("extra", "environment", "user"),
    [
        ({"awx_user_name": "kim"}, {"tower_user_name": "ana"}, "kim"),
        ({"tower_user_name": "ana"}, {}, "ana"),
        ({}, {"awx_user_name": "kim"}, "kim"),
        ({}, {"USER": "somebody else"}, pwd.getpwuid(os.getuid()).pw_name),
    ],
)
def test_the_user_is_that_of_awx_or_of_this_machine(
    extra: Json, environment: dict[str, str], user: str
) -> None:
    assert _run.user_of(extra, environment) == user


def test_a_user_without_a_name_is_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 2**31 - 7)
    assert _run.user_of({}, {}) == str(2**31 - 7)
