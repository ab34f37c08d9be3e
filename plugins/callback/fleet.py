# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The stdout callback for runs over many tenants."""

from __future__ import annotations

DOCUMENTATION = r"""
name: fleet
type: stdout
short_description: Progress and coverage of a run over many tenants
version_added: 0.1.0
author:
  - The mssp.defender_xdr contributors (@mssp)
description:
  - Shows progress and coverage of a run over many tenants. On a terminal, a status line at the
    bottom shows how many tenants answered, failed and are left, the speed, and the estimated
    remaining time. It is also updated while P(mssp.defender_xdr.sweep#module) is running.
  - Each task ends with one line of counts instead of one line per host. The run ends with the
    coverage. It shows how many tenants were queried and answered and, for those that failed, the
    category and the party that must act.
  - If the output is not a terminal, for example in a pipe or in AWX, plain lines with the same
    numbers are printed every few seconds.
  - Failures are shown as by P(ansible.builtin.default#callback). The same applies to the output of
    C(debug) and C(--diff) and, with C(-v), to everything.
  - A task that runs on a single host is shown as by P(ansible.builtin.default#callback).
  - Results with C(no_log) are counted, but never shown.
extends_documentation_fragment:
  - default_callback
  - result_format_callback
requirements:
  - to be set as C(stdout_callback) in the configuration, or in E(ANSIBLE_STDOUT_CALLBACK)
options:
  progress:
    description:
      - How to show progress while a task runs.
      - V(auto) uses V(bar) on a terminal, and V(lines) otherwise. Terminals that E(TERM) describes
        as dumb, and those of ansible-runner or AWX, are not treated as terminals.
      - V(bar) is a status line at the bottom of the terminal.
      - V(lines) prints plain lines.
      - V(none) shows no progress.
    type: str
    choices: [auto, bar, lines, none]
    default: auto
    env:
      - name: DEFENDER_XDR_FLEET_PROGRESS
    ini:
      - section: defender_xdr
        key: fleet_progress
  interval:
    description: Number of seconds between two plain lines.
    type: float
    default: 5
    env:
      - name: DEFENDER_XDR_FLEET_INTERVAL
    ini:
      - section: defender_xdr
        key: fleet_interval
"""

import os
import sys
import time
import types
import typing as t

from ansible import constants, context
from ansible.playbook.task_include import TaskInclude
from ansible.plugins.callback.default import CallbackModule as Default
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils import _core, _progress
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._fleet import live as _live
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._fleet import tally as _tally

C: t.Any = constants  # its names come out of core's configuration
MANY: t.Final = 5  # names of hosts in one line


class CallbackModule(Default):
    """The default callback with fewer lines, a moving one, and the coverage."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "mssp.defender_xdr.fleet"
    _play: t.Any

    def __init__(self) -> None:
        super().__init__()
        self._board = _progress.board()  # before any worker is forked
        self._coverage = _tally.Coverage()
        self._tallies: dict[str, _tally.Tally] = {}
        self._lost: dict[str, None] = {}
        self._batch: list[str] = []
        self._live: _live.Live | None = None

    # What is going on

    @property
    def _free(self) -> bool:
        return _core.is_free(str(self._play.strategy))

    def _look(self) -> _live.State | None:
        """For the thread that draws."""
        running = list(self._tallies.values())
        if not running:
            return None
        if self._free:
            every = [one.state() for one in running]
            asked, answered, failed = (
                sum(getattr(one, name) for one in every) for name in ("asked", "answered", "failed")
            )
            return _live.State(self._play.get_name(), asked, answered, failed, open_end=True)
        task = running[-1]
        sweep = self._board.read()
        if sweep.number != task.sweeps:
            return (
                _live.State(task.name, sweep.asked, sweep.answered, sweep.failed)
                if sweep.answered + sweep.failed < sweep.asked
                else None
            )
        # one host is no fleet; and nothing is drawn once all is done
        return task.state() if 1 < task.asked != task.done else None

    def _start_live(self) -> None:
        wanted = self._option("progress", "auto")
        asks = (
            C.ENABLE_TASK_DEBUGGER
            or context.CLIARGS.get("step")
            or str(self._play.strategy).endswith("debug")
        )
        if wanted == "none" or asks:  # a line that moves would be in the way of who types an answer
            self._stop_live()
        elif self._live is None:
            terminal = (
                sys.stdout.isatty()
                and os.environ.get("TERM", "dumb") != "dumb"
                and "AWX_ISOLATED_DATA_DIR" not in os.environ
            )
            stream = sys.stdout if wanted == "bar" or (wanted == "auto" and terminal) else None
            self._live = _live.Live(
                self._display, stream, self._look, interval=float(self._option("interval", 5.0))
            )
            self._live.start()

    def _stop_live(self) -> None:
        if self._live:
            self._live.stop()
            self._live = None

    def _option(self, name: str, default: t.Any) -> t.Any:
        try:
            return self.get_option(name)
        except KeyError:
            # ansible-runner makes a subclass, under whose name core does not know our options
            return default

    # Tasks

    def _begin(self, task: t.Any) -> None:
        if not self._free:
            self._finish()
        if (
            isinstance(task, TaskInclude)
            or str(task.action).rsplit(".", 1)[-1] == "pause"
            or getattr(task, "debugger", None)
        ):
            return
        still = len(self._batch) - len(set(self._batch) & set(self._play._removed_hosts))
        asked = 1 if task.run_once else still
        if self._free:
            asked = 0  # counted as its hosts start
        if task._uuid not in self._tallies:
            self._tallies[task._uuid] = _tally.Tally(
                str(task.name or task.get_name()).strip(),  # the role is in the banner above
                asked,
                time.monotonic(),
                self._board.read().number,
                "answered" if _tally.ours(task) else "ok",
                self._free or asked != 1,
            )
        if self._live and not self._free:
            self._live.fresh()

    def _finish(self) -> None:
        """Sum up what has ended."""
        tallies, self._tallies = self._tallies, {}
        for tally in tallies.values():
            shown = self.get_option("display_skipped_hosts") or tally.words.keys() - {"skipped"}
            if shown and tally.done > 1:
                color = C.COLOR_CHANGED if tally.words["changed"] else C.COLOR_OK
                if tally.failed:
                    color = C.COLOR_ERROR
                name = f"{tally.name}: " if self._free else ""
                self._display.display(
                    f"{name}{tally.summary(_live.duration(time.monotonic() - tally.began))}",
                    color=color,
                )

    def _count(self, result: t.Any, word: str) -> bool:
        """Count a result; whether its line is one of many, so that the count stands for it."""
        task, host = result.task, result.host.get_name()
        tally = self._tallies.get(task._uuid)
        failed = word == "failed"
        if _tally.ours(task) and word != "skipped":
            found = _tally.outcomes(host, result.result, failed=failed)
            self._coverage.add(found)
            if tally:
                tally.add(found)
        else:
            is_lost = failed or word == "unreachable"
            if is_lost and "defender_xdr_tenant_id" in result.host.get_vars():
                self._lost[host] = None
            if tally:
                tally.count(word)
        return (
            tally is not None
            and (tally.many or _tally.is_sweep(task))
            and not self._run_is_verbose(result)
        )

    def v2_runner_on_ok(self, result: t.Any) -> None:
        many = self._count(result, "changed" if result.result.get("changed") else "ok")
        if not many:
            super().v2_runner_on_ok(result)
            return
        if not (self._free or self._last_task_banner == result.task._uuid):
            self._print_task_banner(result.task)
        self._handle_warnings_and_exception(result)

    def v2_runner_on_skipped(self, result: t.Any) -> None:
        if self._count(result, "skipped"):
            self._handle_warnings_and_exception(result)
        else:
            super().v2_runner_on_skipped(result)

    def v2_runner_on_failed(self, result: t.Any, ignore_errors: bool = False) -> None:
        self._count(result, "failed")
        _hide(result)
        super().v2_runner_on_failed(result, ignore_errors)

    def v2_runner_on_unreachable(self, result: t.Any) -> None:
        self._count(result, "unreachable")
        super().v2_runner_on_unreachable(result)

    def v2_runner_item_on_ok(self, result: t.Any) -> None:
        if self._one_of_many(result):
            self._handle_warnings_and_exception(result)
        else:
            super().v2_runner_item_on_ok(result)

    def v2_runner_item_on_failed(self, result: t.Any) -> None:
        _hide(result)
        super().v2_runner_item_on_failed(result)

    def v2_runner_item_on_skipped(self, result: t.Any) -> None:
        if not self._one_of_many(result):
            super().v2_runner_item_on_skipped(result)

    def v2_runner_on_async_poll(self, result: t.Any) -> None:
        if not self._one_of_many(result):
            super().v2_runner_on_async_poll(result)

    def v2_runner_on_async_ok(self, result: t.Any) -> None:
        if not self._one_of_many(result):
            super().v2_runner_on_async_ok(result)

    def _one_of_many(self, result: t.Any) -> bool:
        tally = self._tallies.get(result.task._uuid)
        return tally is not None and tally.many and not self._run_is_verbose(result)

    def v2_runner_on_start(self, host: t.Any, task: t.Any) -> None:
        super().v2_runner_on_start(host, task)
        if self._free and task._uuid in self._tallies:
            self._tallies[task._uuid].asked += 1

    # The course of the run

    def v2_playbook_on_play_start(self, play: t.Any) -> None:
        self._finish()
        super().v2_playbook_on_play_start(play)
        self._batch = [
            host.name for host in play.get_variable_manager()._inventory.get_hosts(play.hosts)
        ]
        self._start_live()

    def v2_playbook_on_task_start(self, task: t.Any, is_conditional: bool) -> None:
        self._begin(task)
        super().v2_playbook_on_task_start(task, is_conditional)

    def v2_playbook_on_handler_task_start(self, task: t.Any) -> None:
        self._begin(task)
        super().v2_playbook_on_handler_task_start(task)

    def v2_playbook_on_vars_prompt(self, *args: t.Any, **kwargs: t.Any) -> None:
        self._finish()
        super().v2_playbook_on_vars_prompt(*args, **kwargs)

    def v2_playbook_on_no_hosts_remaining(self) -> None:
        self._finish()
        super().v2_playbook_on_no_hosts_remaining()

    def v2_playbook_on_include(self, included_file: t.Any) -> None:
        hosts = included_file._hosts
        if len(hosts) > MANY and not self._display.verbosity:
            label = self._get_item_label(included_file._vars)
            self._display.display(
                (
                    f"included: {included_file._filename} for {len(hosts)}"
                    f" hosts{f' => (item={label})' if label else ''}"
                ),
                color=C.COLOR_INCLUDED,
            )
        else:
            super().v2_playbook_on_include(included_file)

    def v2_playbook_on_stats(self, stats: t.Any) -> None:
        self._finish()
        self._stop_live()
        if len(stats.processed) > MANY and not self._display.verbosity:
            self._recap(stats)
        else:
            super().v2_playbook_on_stats(stats)
        if self._coverage:
            self._coverage.lost(self._lost)
            self._display.banner("COVERAGE")
            columns = (self._display.columns or 0) if sys.stdout.isatty() else 0
            for line in self._coverage.lines(columns):
                self._display.display(
                    line, color=C.COLOR_ERROR if self._coverage.failed else C.COLOR_OK
                )
            self._display.display("", screen_only=True)

    def _recap(self, stats: t.Any) -> None:
        """The default's recap of the hosts that failed, and one line for all."""
        every = {host: stats.summarize(host) for host in stats.processed}
        bad = {
            host: None for host, count in every.items() if count["failures"] or count["unreachable"]
        }
        super().v2_playbook_on_stats(
            types.SimpleNamespace(processed=bad, summarize=stats.summarize, custom=stats.custom)
        )
        names = {
            "ok": "ok",
            "changed": "changed",
            "unreachable": "unreachable",
            "failures": "failed",
            "skipped": "skipped",
            "rescued": "rescued",
            "ignored": "ignored",
        }
        sums = " ".join(
            f"{word}={sum(count[key] for count in every.values())}" for key, word in names.items()
        )
        self._display.display(
            f"{len(every)} hosts : {sums}", color=C.COLOR_ERROR if bad else C.COLOR_OK
        )


def _hide(result: t.Any) -> None:
    """Core censors what a `no_log` task returned, yet keeps its error, whose words come out of
    that."""
    if result.result.get("_ansible_no_log") or "censored" in result.result:
        result.result.pop("exception", None)
