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
  - Each task ends with one line of counts instead of one line per host. Plays and tasks that all
    hosts skip are not shown.
  - The run ends with the coverage. It shows how many tenants each question was asked, and how many
    answered and failed, with the same numbers as the C(coverage) of
    P(mssp.defender_xdr.sweep#module). A tenant that failed before a question counts as failed in
    it. For a run with several questions, the coverage also shows how many tenants are complete
    (answered every question), partial, or unread (answered none, apart from checks of the token or
    the consent). Failed tenants are listed by category and by the party that must act. A figure
    over no tenant is C(–).
  - A token or a response of another tenant, V(wrong_tenant), is a security event. Each one is shown
    on a separate line at once, and again in red at the beginning of the coverage.
  - A failure is shown with its category, the party that must act, the message and the advice. On a
    terminal, these lines fit its width, so long links are shortened. Use C(-v) to show the whole
    result.
  - If the output is not a terminal, for example in a pipe or in AWX, plain lines with the same
    numbers are printed every few seconds, and a failure is one line.
  - A C(debug) task on a single host whose O(ignore:msg) is a list of texts, such as a table of one
    of the roles, prints these lines alone. Otherwise the output of C(debug) and C(--diff) is shown
    as by P(ansible.builtin.default#callback), as is a task that runs on a single host. With
    C(-v), everything is.
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
import typing as t

from ansible import constants, context
from ansible.playbook.task_include import TaskInclude
from ansible.plugins.callback.default import CallbackModule as Default
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils import _core
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._fleet import counts as _counts
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._fleet import failure as _failure
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._fleet import live as _live
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._fleet import recap as _recap
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._fleet import screen as _screen
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._fleet import tasks as _tasks

C: t.Any = constants  # its names come out of core's configuration
MANY: t.Final = 5  # names of hosts in one line
STARS: t.Final = len("TASK [] ***")


class CallbackModule(Default):
    """The default callback with fewer lines, a live line, and the coverage."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "mssp.defender_xdr.fleet"
    _play: t.Any

    def __init__(self) -> None:
        super().__init__()
        self._counts = _counts.Counts()
        self._batch: list[str] = []
        self._play_to_announce: t.Any = None
        self._live: _live.Live | None = None

    # The terminal

    @property
    def _is_free(self) -> bool:
        return _core.is_free(str(self._play.strategy))

    def _state(self) -> _live.State | None:
        """For the thread that draws the live line."""
        return self._counts.running.state(
            play=self._play.get_name() if self._is_free else None,
            waits_for_one=self._last_task_banner is None,
        )

    def _start_live(self) -> None:
        wanted = self._option("progress", "auto")
        asks = (
            C.ENABLE_TASK_DEBUGGER
            or context.CLIARGS.get("step")
            or str(self._play.strategy).endswith("debug")
        )
        if wanted == "none" or asks:  # a live line would be in the way of a prompt
            self._stop_live()
        elif self._live is None:
            draws = wanted == "bar" or (wanted == "auto" and _live.is_terminal(sys.stdout))
            self._live = _live.Live(
                self._display,
                sys.stdout if draws else None,
                self._state,
                interval=float(self._option("interval", 5.0)),
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

    # Banners, which come with the first thing that is shown below them

    def v2_playbook_on_play_start(self, play: t.Any) -> None:
        self._finish()
        self._play = self._play_to_announce = play
        self._batch = [
            host.name for host in play.get_variable_manager()._inventory.get_hosts(play.hosts)
        ]
        if self._display.verbosity:
            self._announce_play()
        self._start_live()

    def _announce_play(self) -> None:
        play, self._play_to_announce = self._play_to_announce, None
        if play is not None:
            super().v2_playbook_on_play_start(play)

    def _task_start(self, task: t.Any, prefix: str | None = None) -> None:
        if prefix is not None:
            self._task_type_cache[task._uuid] = prefix
        name = _screen.fit(task.get_name().strip(), reserve=STARS)
        if self._is_free:
            self._last_task_name = None
            return
        self._last_task_name, self._last_task_banner = name, None
        if self._display.verbosity or not _tasks.may_show_nothing(task):
            self._print_task_banner(task)

    def _print_task_banner(self, task: t.Any) -> None:
        self._announce_play()
        super()._print_task_banner(task)

    def _show_banner(self, task: t.Any) -> None:
        if self._last_task_banner != task._uuid:
            self._print_task_banner(task)

    # Tasks

    def _begin(self, task: t.Any) -> None:
        if not self._is_free:
            self._finish()
        if isinstance(task, TaskInclude) or _tasks.asks(task):
            return
        still = len(self._batch) - len(set(self._batch) & set(self._play._removed_hosts))
        asked = 1 if task.run_once else still
        many = self._is_free or asked != 1
        if self._is_free:
            asked = 0  # counted as its hosts start
        self._counts.begin(task, self._batch, asked=asked, many=many)
        if self._live and not self._is_free:
            self._live.fresh()

    def _finish(self) -> None:
        """Sum up the tasks that have ended."""
        for tally in self._counts.running.end():
            if tally.done <= 1 or not tally.is_shown:
                continue
            self._announce_play()
            color = C.COLOR_CHANGED if tally.words["changed"] else C.COLOR_OK
            if tally.failed:
                color = C.COLOR_ERROR
            name = f"{tally.name}: " if self._is_free else ""
            took = _live.duration(time.monotonic() - tally.began)
            width = max(_screen.columns() - len(name), 1) if _screen.columns() else 0
            self._display.display(f"{name}{tally.summary(took, width)}", color=color)

    def _count(self, result: t.Any, word: str, *, is_lost: bool = False) -> bool:
        """Count a result; whether the count stands for its line."""
        task, tally = result.task, self._counts.running.tally(result.task)
        alarms = self._counts.add(result, word, is_lost=is_lost)
        if alarms and (word != "failed" or _tasks.is_sweep(task)):  # a module's failure shows it
            self._show_banner(task)
            _screen.show_alarms(self._display, alarms)
        stands = tally is not None and (tally.many or _tasks.is_sweep(task))
        return stands and not self._is_verbose(result)

    def _is_verbose(self, result: t.Any) -> bool:
        """Whether the result is shown; that of `assert` says nothing unless it failed."""
        says_nothing = _tasks.action_of(result.task) == "assert" and not self._display.verbosity
        return not says_nothing and bool(self._run_is_verbose(result))

    def v2_runner_on_ok(self, result: t.Any) -> None:
        many = self._count(result, "changed" if result.result.get("changed") else "ok")
        if _tasks.is_quiet(result.task) and not self._display.verbosity:
            return
        is_table = _tasks.action_of(result.task) == "debug" and not self._display.verbosity
        is_table = is_table and self._counts.running.is_single(result.task)
        texts = _failure.listed(result.result) if is_table else None
        if many or texts:
            if not self._is_free or texts:
                self._show_banner(result.task)
            self._handle_warnings_and_exception(result)
            _screen.show_texts(self._display, texts or [])
        else:
            super().v2_runner_on_ok(result)

    def v2_runner_on_skipped(self, result: t.Any) -> None:
        self._count(result, "skipped")
        if self._display.verbosity:
            super().v2_runner_on_skipped(result)
        else:
            self._handle_warnings_and_exception(result)

    def v2_runner_on_failed(self, result: t.Any, ignore_errors: bool = False) -> None:
        self._count(result, "failed", is_lost=not ignore_errors)
        _hide(result)
        start = f"fatal: [{self.host_label(result)}]: FAILED! =>"
        if not self._show_failure(result, start):
            super().v2_runner_on_failed(result, ignore_errors)
        elif ignore_errors:
            self._display.display("...ignoring", color=C.COLOR_SKIP)

    def v2_runner_on_unreachable(self, result: t.Any) -> None:
        self._count(result, "unreachable", is_lost=not result.task.ignore_unreachable)
        start = f"fatal: [{self.host_label(result)}]: UNREACHABLE! =>"
        if not self._show_failure(result, start):
            super().v2_runner_on_unreachable(result)
        elif result.task.ignore_unreachable:
            self._display.display("...ignoring", color=C.COLOR_SKIP)

    def v2_runner_item_on_ok(self, result: t.Any) -> None:
        if self._is_one_of_many(result):
            self._handle_warnings_and_exception(result)
        else:
            super().v2_runner_item_on_ok(result)

    def v2_runner_item_on_failed(self, result: t.Any) -> None:
        _hide(result)
        item = self._get_item_label(result.result)
        start = f"failed: [{self.host_label(result)}] (item={item}) =>"
        if not self._show_failure(result, start):
            super().v2_runner_item_on_failed(result)

    def v2_runner_item_on_skipped(self, result: t.Any) -> None:
        if self._display.verbosity:
            super().v2_runner_item_on_skipped(result)

    def v2_runner_retry(self, result: t.Any) -> None:
        self._show_banner(result.task)
        super().v2_runner_retry(result)

    def v2_runner_on_async_poll(self, result: t.Any) -> None:
        if not self._is_one_of_many(result):
            super().v2_runner_on_async_poll(result)

    def v2_runner_on_async_ok(self, result: t.Any) -> None:
        if not self._is_one_of_many(result):
            super().v2_runner_on_async_ok(result)

    def _is_one_of_many(self, result: t.Any) -> bool:
        tally = self._counts.running.tally(result.task)
        return tally is not None and tally.many and not self._is_verbose(result)

    def v2_runner_on_start(self, host: t.Any, task: t.Any) -> None:
        super().v2_runner_on_start(host, task)
        tally = self._counts.running.tally(task)
        if self._is_free and tally:
            tally.asked += 1

    def _show_failure(self, result: t.Any, start: str) -> bool:
        """Show a failure in a few lines; whether these say enough about it."""
        texts = None if self._display.verbosity else _failure.sentences(result.result)
        if texts is None:
            return False
        self._show_banner(result.task)
        if _tasks.says_all(result.task, result.result):
            result.result.pop("exception", None)
        self._handle_warnings_and_exception(result)
        if self.get_option("show_task_path_on_failure"):
            self._print_task_path(result.task)
        self._display.display(
            _failure.lines(start, texts, _screen.columns()),
            color=C.COLOR_ERROR,
            stderr=self.get_option("display_failed_stderr"),
        )
        return True

    # The course of the run

    def v2_playbook_on_task_start(self, task: t.Any, is_conditional: bool) -> None:
        self._begin(task)
        super().v2_playbook_on_task_start(task, is_conditional)

    def v2_playbook_on_handler_task_start(self, task: t.Any) -> None:
        self._begin(task)
        super().v2_playbook_on_handler_task_start(task)

    def v2_playbook_on_vars_prompt(self, *args: t.Any, **kwargs: t.Any) -> None:
        self._finish()
        super().v2_playbook_on_vars_prompt(*args, **kwargs)

    def v2_playbook_on_no_hosts_matched(self) -> None:
        if self._display.verbosity:
            super().v2_playbook_on_no_hosts_matched()

    def v2_playbook_on_no_hosts_remaining(self) -> None:
        self._finish()
        super().v2_playbook_on_no_hosts_remaining()

    def v2_playbook_on_include(self, included_file: t.Any) -> None:
        if self._display.verbosity:
            super().v2_playbook_on_include(included_file)
            return
        names = [host.name for host in included_file._hosts]
        hosts = f"{len(names)} hosts" if len(names) > MANY else ", ".join(names)
        label = self._get_item_label(included_file._vars)
        item = f" => (item={label})" if label else ""
        line = f"included: {os.path.basename(included_file._filename)} for {hosts}{item}"
        self._display.display(_screen.fit(line), color=C.COLOR_INCLUDED)

    def v2_playbook_on_stats(self, stats: t.Any) -> None:
        self._finish()
        self._stop_live()
        if not self._display.verbosity and _screen.needs_recap(stats, MANY):
            super().v2_playbook_on_stats(_recap.without_hosts(stats))
            _screen.show_recap(self._display, stats)
        else:
            if not stats.processed and not self._display.verbosity:
                super().v2_playbook_on_no_hosts_matched()
            super().v2_playbook_on_stats(stats)
        _screen.show_coverage(self._display, self._counts.coverage)


def _hide(result: t.Any) -> None:
    """Remove the error of a `no_log` task: core hides the result, but not the error, which may
    quote it."""
    if result.result.get("_ansible_no_log") or "censored" in result.result:
        result.result.pop("exception", None)
