# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Counts every result, for the line of its task and for the coverage of the run.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import typing as t

from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._fleet import tally as _tally
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._fleet import tasks as _tasks
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._fleet.coverage import Coverage
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._fleet.running import Running

TENANT: t.Final = "defender_xdr_tenant_id"  # the variable that makes a host a tenant


class Counts:
    """The running tasks, and the coverage of all tasks so far."""

    def __init__(self) -> None:
        self.running = Running()
        self.coverage = Coverage()

    def begin(self, task: t.Any, batch: list[str], *, asked: int, many: bool) -> None:
        """A task begins for the hosts of this batch; `asked` of them are still in the play."""
        if self.running.begin(task, asked=asked, many=many) and _tasks.queries_tenants(task):
            self.coverage.begin(task._uuid, batch)

    def add(self, result: t.Any, word: str, *, is_lost: bool) -> list[str]:
        """Count a result as `ok`, `changed`, `failed`, `unreachable` or `skipped`.

        :arg is_lost: whether the host is out of the play now.
        Returns a line for each security event that is new and not in the result's warnings.
        """
        task, host = result.task, result.host.get_name()
        tally = self.running.tally(task)
        if _tasks.queries_tenants(task) and word != "skipped":
            self._add_tenants(task, host, result.result, tally, failed=word == "failed")
            alarms = self.coverage.alarm(_tally.alarms(host, result.result))
            shown = result.result.get("warnings") or ()  # core displays them with the result
            return [line for line in alarms if line not in shown]
        if is_lost and TENANT in result.host.get_vars():
            self.coverage.lose(host)
        if tally:
            tally.count(word)
        return []

    def _add_tenants(
        self,
        task: t.Any,
        host: str,
        result: _tally.Result,
        tally: _tally.Tally | None,
        *,
        failed: bool,
    ) -> None:
        name, module = _tasks.name_of(task), _tasks.module_of(task)
        is_sweep = _tasks.is_sweep(task)
        hidden = self.running.sweep_figures(tally) if tally and is_sweep else None
        if tally and "censored" in result and hidden:
            answered, lost = hidden
            self.coverage.add_hidden(
                task._uuid, name, module=module, answered=answered, failed=lost
            )
            tally.count("answered", answered)
            tally.count("failed", lost)
        elif is_sweep and not _tally.has_tenants(result):
            if tally:  # refused as a whole: no tenant was queried
                tally.count("failed" if failed else "ok")
        else:
            parts = _tally.parts(host, result, failed=failed)
            self.coverage.add(task._uuid, name, parts, module=module, is_sweep=is_sweep)
            if tally:
                tally.add(_tally.merged(parts))
