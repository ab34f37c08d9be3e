# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tasks that run now, and what the live line shows of them.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import time
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.plugin_utils import _progress
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._fleet.live import State
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._fleet.tally import Tally
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._fleet.tasks import (
    is_quiet,
    name_of,
    queries_tenants,
)


class Running:
    """The counts of each running task; several tasks run at a time under the strategy `free`."""

    def __init__(self) -> None:
        self._board = _progress.board()  # made before Ansible forks a worker
        self._tallies: dict[str, Tally] = {}

    def begin(self, task: t.Any, *, asked: int, many: bool) -> bool:
        """Count this task from now on; whether that is new."""
        if task._uuid in self._tallies:
            return False
        self._tallies[task._uuid] = Tally(
            name_of(task),
            asked,
            time.monotonic(),
            self._board.read().number,
            "answered" if queries_tenants(task) else "ok",
            many,
            is_quiet(task),
        )
        return True

    def tally(self, task: t.Any) -> Tally | None:
        return self._tallies.get(task._uuid)

    def is_single(self, task: t.Any) -> bool:
        """Whether the task runs on one host only."""
        tally = self.tally(task)
        return tally is not None and not tally.many

    def end(self) -> list[Tally]:
        """The counts of the tasks that have ended."""
        ended, self._tallies = list(self._tallies.values()), {}
        return ended

    def sweep_figures(self, tally: Tally) -> tuple[int, int] | None:
        """How many tenants answered and failed in the newest sweep, if it belongs to this task."""
        sweep = self._board.read()
        return (sweep.answered, sweep.failed) if sweep.number != tally.sweeps else None

    def state(self, *, play: str | None, waits_for_one: bool) -> State | None:
        """What the live line shows; None for nothing.

        :arg play: the name of a play in which each host runs at its own pace.
        :arg waits_for_one: show a task that runs on a single host too.
        """
        tallies = list(self._tallies.values())
        if not tallies:
            return None
        if play is not None:
            states = [tally.state() for tally in tallies]
            return State(
                play,
                sum(state.asked for state in states),
                sum(state.answered for state in states),
                sum(state.failed for state in states),
                open_end=True,
            )
        task, sweep = tallies[-1], self._board.read()
        if sweep.number != task.sweeps:
            left = sweep.asked - sweep.answered - sweep.failed
            return State(task.name, sweep.asked, sweep.answered, sweep.failed) if left > 0 else None
        shown = task.asked > 1 or waits_for_one
        return task.state() if shown and task.asked != task.done else None
