# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What kind of task the callback shows.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import typing as t

COLLECTION: t.Final = "mssp.defender_xdr."
WITHOUT_TENANT: t.Final = ("audit_info", "report")
QUIET: t.Final = "validate_argument_spec"  # core adds it to every role; only its failures matter
SPEAKING: t.Final = ("assert", "fail")  # actions whose message says everything


def name_of(task: t.Any) -> str:
    """The name without its role, which the banner shows."""
    return str(task.name or task.get_name()).strip()


def action_of(task: t.Any) -> str:
    """The short name of the action."""
    return str(task.action).rsplit(".", 1)[-1]


def is_ours(task: t.Any) -> bool:
    return str(getattr(task, "resolved_action", None) or task.action).startswith(COLLECTION)


def queries_tenants(task: t.Any) -> bool:
    """Whether the task runs a module of ours for a tenant, which some do not."""
    return is_ours(task) and action_of(task) not in WITHOUT_TENANT


def is_sweep(task: t.Any) -> bool:
    return is_ours(task) and str(task.action).endswith("sweep")


def module_of(task: t.Any) -> str:
    """The short name of the module that the task runs, for a sweep that in its tenants."""
    name = task.args.get("module", "") if is_sweep(task) else task.action
    return str(name).rsplit(".", 1)[-1]


def is_quiet(task: t.Any) -> bool:
    """Whether nobody needs to see that the task succeeded."""
    return action_of(task) == QUIET


def asks(task: t.Any) -> bool:
    """Whether the task may wait for a person."""
    return action_of(task) == "pause" or bool(getattr(task, "debugger", None))


def may_show_nothing(task: t.Any) -> bool:
    """Whether all hosts may skip the task, or nobody needs to see that it succeeded.

    Core reports no result of `meta`, but begins it once for each host.
    """
    may_be_skipped = bool(task.when) or task.loop is not None
    return not asks(task) and (may_be_skipped or is_quiet(task) or action_of(task) == "meta")


def says_all(task: t.Any, result: t.Mapping[str, t.Any]) -> bool:
    """Whether the message of a failure says everything that core's report of the error would."""
    return "error" in result or "coverage" in result or action_of(task) in SPEAKING
