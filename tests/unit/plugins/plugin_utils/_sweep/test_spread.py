# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which sweeps use several processes, and how many."""

from __future__ import annotations

import threading
import typing as t

import pytest
from ansible import context
from ansible.utils.context_objects import CLIArgs
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils import (
    _execution,
    _processes,
)
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._sweep import brakes as _brakes
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._sweep import spread as _spread
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._sweep import (
    two_passes as _two_passes,
)
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._sweep.tenant_run import Job, Jobs

HOSTS: t.Final = [f"tenant{number}" for number in range(4 * _processes.SHARE)]


class Arguments:
    def of(self, host: str) -> dict[str, t.Any]:
        return {"tenant_id": host}


@pytest.fixture(autouse=True)
def four_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_processes, "processors", lambda root: 4)
    monkeypatch.setattr(threading, "active_count", lambda: 1)
    monkeypatch.setattr(context, "CLIARGS", CLIArgs({"forks": 5}))


def jobs(hosts: t.Sequence[str] = HOSTS) -> Jobs:
    return Jobs(hosts, t.cast("t.Any", Arguments()))


def number(module: str = "incident_info", *, concurrency: int | None = None) -> int:
    return _spread.number({"module": module, "concurrency": concurrency}, len(HOSTS))


def test_only_modules_that_read_use_several_processes() -> None:
    assert (number(), number("hunting_query")) == (4, 4)
    assert {number(name) for name in ("incident", "access_token", "consent", "application")} == {1}


def test_no_module_that_only_reads_changes_anything() -> None:
    several = [name for name in _execution.module_named("sweep").MODULES if number(name) > 1]
    assert several
    assert not [name for name in several if _two_passes.noun_of(_execution.module_named(name))]
    assert not [name for name in several if _brakes.can_remove(name)]


def test_forks_and_concurrency_are_upper_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (number(concurrency=3), number(concurrency=1), number(concurrency=100)) == (3, 1, 4)
    monkeypatch.setattr(context, "CLIARGS", CLIArgs({"forks": 2}))
    assert (number(), number(concurrency=3)) == (2, 2)
    monkeypatch.setattr(context, "CLIARGS", CLIArgs({}))
    assert number() == 1


def test_arguments_that_were_resolved_in_this_process_are_used_in_this_process() -> None:
    def run(jobs: t.Iterable[Job], *, processes: int = 1) -> _spread.Answers:
        return ((job, {"processes": processes}) for job in jobs)

    params = {"module": "incident_info", "concurrency": None}
    answers = [answer for _job, answer in _spread.answers(params, list(jobs()), run)]
    assert answers == [{"processes": 1}] * len(HOSTS)


def test_each_process_is_told_how_many_there_are() -> None:
    def run(jobs: t.Iterable[Job], *, processes: int = 1) -> _spread.Answers:
        return ((job, {**job.arguments, "processes": processes}) for job in jobs)

    params = {"module": "incident_info", "concurrency": None}
    told = {job.host: answer for job, answer in _spread.answers(params, jobs(), run)}
    assert told == {host: {"tenant_id": host, "processes": 4} for host in HOSTS}
    few = {job.host: answer for job, answer in _spread.answers(params, jobs(HOSTS[:3]), run)}
    assert few == {host: {"tenant_id": host, "processes": 1} for host in HOSTS[:3]}
