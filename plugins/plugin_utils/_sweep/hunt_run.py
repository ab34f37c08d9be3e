# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One hunt sweep: what was asked of each tenant, and what became of it so far.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._shapes import Json
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils import (
    _batch,
    _execution,
    _progress,
)
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._sweep import (
    collected_rows as _rows,
)
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._sweep import (
    hunt_lanes as _lanes,
)
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._sweep import (
    hunt_outcomes as _outcomes,
)
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._sweep import (
    hunt_questions as _questions,
)
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._sweep import (
    tenant_run as _run,
)
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._sweep.hunt_answers import Folder
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._sweep.interruption import say_last

MODULE: t.Final = "hunting_query"
# what module_defaults of hunting_query must not change: it belongs to the hunt, or to its files
OURS: t.Final = {"query_file": None, "format": "ndjson", "mode": "0600", "dest": None}


class Hunt:
    """One hunt sweep: what was asked, and what became of it so far."""

    def __init__(
        self,
        batch: _batch.Batch,
        questions: t.Sequence[_questions.Question],
        params: Json,
        *,
        check_mode: bool,
    ) -> None:
        self._batch = batch
        self._questions = questions
        self._params = params
        self._check_mode = check_mode
        self._by_name = {
            question.name: _outcomes.HuntOutcome(question, batch.asked) for question in questions
        }
        self._warnings: dict[str, None] = {}
        self._changes = False  # an answer differs from the one of an earlier run
        self._folder = None
        if params["dest"] and not params["validate_only"]:
            self._folder = Folder(params["dest"], questions, check_mode=check_mode)

    @property
    def outcomes(self) -> list[_outcomes.HuntOutcome]:
        """One for each question."""
        return list(self._by_name.values())

    def result(self, jobs: t.Mapping[str, _run.Job]) -> Json:
        """Ask everything, and return the result of the task."""
        self._take_earlier(jobs)
        lost = {*self._batch.lost, *self._batch.unclear}
        lanes = {}
        for host, job in jobs.items():
            left = [outcome.question for outcome in self.outcomes if host not in outcome.answers]
            if host in lost:
                for question in left:
                    failure = _run.lost(host, unclear=host in self._batch.unclear)
                    self._by_name[question.name].fail(host, failure)
            elif left:
                lanes[host] = _lanes.Lane(job, left)
        progress = _progress.board()
        progress.begin(asked=len(self._batch.asked), failed=0)
        for host in jobs.keys() - lanes.keys():
            self._count(host, progress)
        if canary := lanes.pop(self._params["canary"], None):
            self._ask([canary], progress)
            self._keep_from_the_others(lanes.values())
            for host in [host for host, lane in lanes.items() if not lane.open]:
                del lanes[host]
                self._count(host, progress)
        self._ask(list(lanes.values()), progress)
        return self._as_result(changed=self._collect())

    def say_what_is_kept(self) -> None:
        """The last words of an interrupted hunt."""
        arrived = sum(len(outcome.answers) for outcome in self.outcomes)
        asked = len(self._batch.asked) * len(self._questions)
        kept = ""
        if self._folder and not self._check_mode:
            kept = f" They are kept in {self._params['dest']}; resume: true continues from there."
        elif path := _rows.rescued(self._as_result(changed=False)):
            kept = f" They are in {path}, until the next sweep is interrupted."
        say_last(
            f"[WARNING]: The hunt was interrupted: {arrived} of {asked} answers had arrived."
            f"{kept}\n"
        )

    def _take_earlier(self, jobs: t.Mapping[str, _run.Job]) -> None:
        """Answers of an earlier run, each only for the tenant that gave it."""
        if self._folder is None:
            return
        journal = self._folder.prepare(resume=self._params["resume"])
        for name, lines in journal.items():
            for host, line in lines.items():
                job = jobs.get(host)
                if job and line["tenant_id"].lower() == _tenant_of(job):
                    self._by_name[name].answers[host] = line

    def _options(self, job: _run.Job, question: _questions.Question) -> Json:
        """The options of `hunting_query` beside those of the tenant."""
        dest = None
        if self._folder:
            dest = str(self._folder.file_of(question, job.host, _tenant_of(job)))
        return {
            **OURS,
            **question.arguments,
            "dest": dest,
            "validate_only": self._params["validate_only"],
        }

    def _ask(self, lanes: t.Sequence[_lanes.Lane], progress: _progress.Board) -> None:
        module = _execution.module_named(MODULE)
        ask = _lanes.asking(module, self._options, check_mode=self._check_mode)
        if self._params["validate_only"]:
            ask = _lanes.validating(ask)
        stream = _lanes.answered(lanes, ask, concurrency=self._params["concurrency"])
        for lane, question, answer in stream:
            host = lane.job.host
            outcome = self._by_name[question.name]
            self._warnings.update(dict.fromkeys(answer.pop("warnings", ())))
            line = outcome.add(host, answer)
            if line and self._folder:
                self._changes |= bool(answer.get("changed"))
                self._folder.note(question, host, line)
            if not lane.open:
                self._count(host, progress)

    def _count(self, host: str, progress: _progress.Board) -> None:
        """Show that nothing more comes from the host."""
        progress.count(failed=not any(host in outcome.answers for outcome in self.outcomes))

    def _keep_from_the_others(self, lanes: t.Iterable[_lanes.Lane]) -> None:
        """Do not send what the canary's tenant refused as a bad query."""
        canary = self._params["canary"]
        refused = {
            outcome.question.name: outcome.failures[canary]["msg"]
            for outcome in self.outcomes
            if outcome.failures.get(canary, {}).get("category") == "bad_query"
        }
        for lane in lanes:
            kept = [question for question in lane.left if question.name not in refused]
            for question in (question for question in lane.left if question.name in refused):
                error = DefenderError(
                    "bad_query",
                    f"Hunt {question.name} was not sent, because the canary {canary} refused it:"
                    f" {refused[question.name]}",
                )
                self._by_name[question.name].fail(lane.job.host, error.as_result())
            lane.keep(kept)

    def _collect(self) -> bool:
        """Put the files of rows in place; whether one changes, or would."""
        if self._folder is None:
            return False
        if self._check_mode:
            missing = (
                bool(outcome.answers) != self._folder.rows_file(outcome.question).exists()
                for outcome in self.outcomes
            )
            return self._changes or any(missing)
        changes = [
            self._folder.collect(outcome.question, outcome.answered) for outcome in self.outcomes
        ]
        self._folder.write_result(self._hunts())
        return any(changes)

    def _hunts(self) -> Json:
        files = self._folder is not None and not self._check_mode
        return {
            name: outcome.as_result(
                str(self._folder.rows_file(outcome.question))
                if self._folder and files and outcome.answers
                else ""
            )
            for name, outcome in self._by_name.items()
        }

    def _as_result(self, *, changed: bool) -> Json:
        states = _outcomes.tenants(self.outcomes, self._batch.asked)
        unclear = [host for host in self._batch.asked if host in self._batch.unclear]
        warnings = [*_outcomes.warnings(self.outcomes, states), *self._warnings]
        return {
            "changed": changed,
            "hunts": self._hunts(),
            "tenants": states,
            "coverage": _outcomes.coverage(states),
            **({"ended": list(self._batch.ended)} if self._batch.ended else {}),
            **({"lost_or_ended": unclear} if unclear else {}),
            **({"warnings": warnings} if warnings else {}),
        }


def _tenant_of(job: _run.Job) -> str:
    return str(job.arguments.get("tenant_id")).strip().lower()
