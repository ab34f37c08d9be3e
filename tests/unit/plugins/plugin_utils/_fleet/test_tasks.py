# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What kind of task the callback shows."""

from __future__ import annotations

import types
import typing as t

import pytest
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._fleet import tasks as _tasks


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
    assert _tasks.is_ours(types.SimpleNamespace(resolved_action=resolved, action=action)) is ours


@pytest.mark.parametrize(
    ("action", "arguments", "module"),
    [
        ("mssp.defender_xdr.sweep", {"module": "mssp.defender_xdr.incident_info"}, "incident_info"),
        ("mssp.defender_xdr.sweep", {"module": "access_token"}, "access_token"),
        ("mssp.defender_xdr.hunting_query", {"module": "x"}, "hunting_query"),
        ("mssp.defender_xdr.hunt_sweep", {}, ""),
    ],
)
def test_a_sweep_stands_for_the_module_that_it_runs(
    action: str, arguments: dict[str, str], module: str
) -> None:
    task = types.SimpleNamespace(resolved_action=None, action=action, args=arguments)
    assert _tasks.module_of(task) == module


@pytest.mark.parametrize(
    ("shown", "result", "says_all"),
    [
        ("mssp.defender_xdr.sweep", {"error": {}}, True),
        ("mssp.defender_xdr.sweep", {"coverage": {}}, True),
        ("ansible.builtin.assert", {}, True),
        ("ansible.builtin.fail", {}, True),
        # a crash has a traceback
        ("mssp.defender_xdr.incident_info", {"exception": "Traceback"}, False),
        ("ansible.builtin.debug", {}, False),
    ],
)
def test_core_reports_an_error_where_its_message_does_not_say_all(
    shown: str, result: dict[str, t.Any], says_all: bool
) -> None:
    assert _tasks.says_all(task(shown), result) is says_all


def test_a_report_queries_no_tenant() -> None:
    assert not _tasks.queries_tenants(task("mssp.defender_xdr.report"))
    assert not _tasks.queries_tenants(task("mssp.defender_xdr.audit_info"))
    assert not _tasks.queries_tenants(task("ansible.builtin.debug"))
    assert _tasks.queries_tenants(task("mssp.defender_xdr.sweep"))


def task(action: str, **keywords: t.Any) -> types.SimpleNamespace:
    return types.SimpleNamespace(**{"action": action, "when": [], "loop": None, **keywords})


@pytest.mark.parametrize(
    ("shown", "may_show_nothing"),
    [
        (task("ansible.builtin.debug"), False),
        (task("debug", when=["false"]), True),
        (task("debug", loop=[]), True),
        (task("ansible.builtin.validate_argument_spec"), True),
        (task("ansible.builtin.meta"), True),
        (task("ansible.builtin.pause", when=["x"]), False),
        (task("debug", when=["x"], debugger="always"), False),
    ],
)
def test_a_banner_waits_only_where_there_may_be_nothing_to_show(
    shown: types.SimpleNamespace, may_show_nothing: bool
) -> None:
    assert _tasks.may_show_nothing(shown) is may_show_nothing
