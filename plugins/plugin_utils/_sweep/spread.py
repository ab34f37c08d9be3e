# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A sweep that reads many tenants uses several processors.

It needs no interpreter for that: the processes are forks of the worker, made before it opens a
connection.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import typing as t

from ansible import context
from ansible_collections.mssp.defender_xdr.plugins.module_utils._shapes import Json
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils import _core, _processes
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._sweep.tenant_run import (
    Job,
    Jobs,
    unserved,
)

Answers = t.Iterator[tuple[Job, Json]]


class Run(t.Protocol):
    """Runs the module for these jobs in this process, which is one of so many."""

    def __call__(self, jobs: t.Iterable[Job], *, processes: int = 1) -> Answers: ...


def answers(params: Json, jobs: t.Iterable[Job], run: Run) -> Answers:
    """Every job with its answer, in the order of the answers.

    Jobs whose arguments were resolved before run in this process, in which a lookup may have left a
    connection open.

    :arg params: the options of the sweep.
    """
    if not isinstance(jobs, Jobs):
        return run(jobs)
    processes = number(params, len(jobs.hosts))
    if processes == 1:
        return run(jobs)

    def serve(hosts: t.Sequence[str]) -> t.Iterator[tuple[str, Json]]:
        for job, answer in run(jobs.of(hosts), processes=processes):
            yield job.host, answer

    each = _processes.each(
        jobs.hosts,
        serve,
        processes=processes,
        lost=unserved,
        parting=_core.captured_warnings,
        take=_core.capture_warnings,
    )
    return ((Job(host, {}), answer) for host, answer in each)


def number(params: Json, tenants: int) -> int:
    """How many processes run the module, at most Ansible's `forks`.

    One where the module is not known to only read, so that a change is never in doubt because
    another process was killed.
    """
    reads = params["module"].endswith("_info") or params["module"] == "hunting_query"
    if not reads:
        return 1
    forks = int(context.CLIARGS.get("forks") or 1)
    most = min(forks, params["concurrency"] or forks)
    return _processes.number(tenants, most=most)
