# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A sweep that changes something: a dry run in all tenants, the limit of changes, then the run in
those tenants that need a change.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._acting import (
    guard_rails as _guard_rails,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._devices import actions as _actions
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._shapes import Json
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.options import TENANT_SPEC
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._sweep.tenant_run import Job

Answers = t.Iterator[tuple[Job, Json]]
Pass = t.Callable[[t.Iterable[Job], bool], Answers]
DEFAULT: t.Final[int] = TENANT_SPEC["max_changes"]["default"]


def noun_of(module: t.Any) -> str | None:
    """What the module changes in a tenant, in the singular; None if a sweep need not count it."""
    noun: str | None = getattr(module, "CHANGES", None)
    return noun


def check_option(max_changes: int | None) -> None:
    """Raise `bad_request` for a limit below 0."""
    if max_changes is not None and max_changes < 0:
        raise DefenderError(
            "bad_request", f"max_changes is {max_changes}, but must be at least 0 (no limit)."
        )


def answers(
    jobs: t.Iterable[Job], run: Pass, *, noun: str, max_changes: int | None, check_mode: bool
) -> Answers:
    """Every job with its answer. Raises `refused` before the first write if more tenants need a
    change than the limit allows.

    A tenant that needs no change, or failed in the dry run, gets no second one; but one whose
    device has an open action already gets it, to wait for that action and fetch what it collects.

    :arg run: runs the module for these jobs, in check mode or not.
    :arg max_changes: the sweep's own limit; without it, the smallest of its tenants applies.
    """
    kept = list(jobs)
    ahead: list[Job] = []
    joining: list[Job] = []
    for job, answer in run(kept, True):
        needs_change = bool(answer.get("changed"))
        if job.call and not needs_change and "before" in answer:
            # it is not counted, so that nothing may be started if the action ends meanwhile
            job.call.allow_no_change(answer["before"])
        if not answer.get("failed") and (needs_change or _has_open_action(answer)):
            (ahead if needs_change else joining).append(job)
            if not check_mode:
                continue
        yield job, answer
    _check_count(ahead, noun, limit_of(kept, max_changes))
    if not check_mode:
        yield from run([*ahead, *joining], False)


def _has_open_action(answer: Json) -> bool:
    """Whether the tenant has an action of the kind that the task asks for, which has not ended."""
    action = answer.get("action")
    return isinstance(action, dict) and _actions.is_open(action)


def check_planned(jobs: t.Iterable[Job], noun: str, max_changes: int | None) -> None:
    """Raise `refused` if a plan has more changes than the limit allows."""
    kept = list(jobs)
    _check_count(kept, noun, limit_of(kept, max_changes))


def _check_count(jobs: list[Job], noun: str, limit: _guard_rails.Limit) -> None:
    text = f"The task would change {len(jobs)} {noun}s"
    _guard_rails.check_count([job.host for job in jobs], text, limit)


def limit_of(jobs: t.Iterable[Job], max_changes: int | None) -> _guard_rails.Limit:
    """The limit for all tenants together."""
    if max_changes is not None:
        return _guard_rails.Limit(max_changes or None, "max_changes")
    limits = [
        (limit, job.host)
        for job in jobs
        if not job.error and (limit := _number(job.arguments.get("max_changes")))
    ]
    if not limits:
        return _guard_rails.Limit(None, "max_changes")
    most, host = min(limits)
    return _guard_rails.Limit(most, f"max_changes of {host}")


def _number(value: t.Any) -> int:
    """The tenant's limit. What is not a number has failed in the dry run already."""
    try:
        return DEFAULT if value is None else int(value)
    except (TypeError, ValueError):
        return 0
