# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The sweep: one task that runs a module for every tenant of the play, in threads.

Each tenant gets the options and arguments that a separate task would get, and its failure does not
affect the others.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import functools
import typing as t

from ansible.plugins.action import ActionBase
from ansible_collections.mssp.defender_xdr.plugins.module_utils import _scrub, _times
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._shapes import Json
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils import (
    _batch,
    _concurrency,
    _coverage,
    _door,
    _execution,
    _pool,
    _progress,
)
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._sweep import (
    brakes as _brakes,
)
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._sweep import (
    collected_rows as _rows,
)
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._sweep import (
    destinations as _destinations,
)
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._sweep import (
    plan_file as _plan_file,
)
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._sweep import (
    planning as _planning,
)
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._sweep import (
    play as _play,
)
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._sweep import (
    preview as _preview,
)
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._sweep import (
    spread as _spread,
)
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._sweep import (
    tenant_run as _run,
)
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._sweep import (
    two_passes as _two_passes,
)
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._sweep.arguments import (
    COLLECTION,
    Arguments,
)
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._sweep.interruption import (
    Interrupted,
    say_last,
)

NOBODY: t.Final = "hosts is empty, so no tenant was queried and nothing was changed."


class Answers:
    """The results and failures of the batch so far."""

    def __init__(self, batch: _batch.Batch) -> None:
        self.batch = batch
        self.results: dict[str, Json] = {}
        self.failures = {
            host: _run.lost(host, unclear=host in batch.unclear)
            for host in (*batch.lost, *batch.unclear)
        }

    def add(self, host: str, answer: Json) -> bool:
        """Store the answer of a host; returns whether it is a failure."""
        failed = bool(answer.get("failed"))
        outcomes = self.failures if failed else self.results
        outcomes[host] = answer
        return failed

    def as_result(self) -> Json:
        """The result of the sweep so far."""
        return _coverage.sweep_result(self.batch, self.results, self.failures)


class Sweep(ActionBase):
    """Resolves the arguments of every tenant in one thread, and runs the module in many."""

    spec: t.ClassVar[dict[str, t.Any]]  # of the module sweep, from its action file
    _supports_async = True  # `_play.check` refuses it with a better message than core's

    @classmethod
    def finalize_task_arg(cls, name: str, value: t.Any, templar: t.Any, context: t.Any) -> t.Any:
        """Do not template `module_args` yet: each tenant's variables apply, not those of the
        task's host."""
        if name == "module_args":
            return value
        return super().finalize_task_arg(name, value, templar, context)

    def run(
        self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None
    ) -> dict[str, t.Any]:
        super().run(tmp, task_vars)
        del tmp
        variables = task_vars or {}
        return _play.served(self, lambda: self._checked_sweep(variables))

    def _checked_sweep(self, variables: Json) -> Json:
        """The result, unless an option is refused before any tenant is queried."""
        options = dict(self._task.args)
        module_args = options.pop("module_args", None)
        params = {
            **_execution.validated(self.spec, options),
            "module_args": {} if module_args is None else module_args,
        }
        params["hosts"] = _batch.named(options, params["hosts"])
        threshold = _coverage.threshold(params["fail_when"])
        key = _plan_file.key_from(params["plan_key_file"])
        plan = _planning.opened(params, key)
        params["module"] = (plan.module if plan else params["module"]).removeprefix(
            f"{COLLECTION}."
        )
        _brakes.check_module(params["module"], provider_tenants=params["provider_tenants"])
        _two_passes.check_option(params["max_changes"])
        _play.check(self._task, variables, concurrency=params["concurrency"])
        module = _execution.module_named(params["module"])
        check_mode = bool(self._task.check_mode)
        _rows.check(params["dest"], module=params["module"], check_mode=check_mode)
        _planning.check(params, module, variables, check_mode=check_mode)
        result = self._sweep(module, params, variables, plan=plan, key=key)
        _coverage.judge(result, threshold)
        return result

    def _sweep(
        self,
        module: t.Any,
        params: Json,
        variables: Json,
        *,
        plan: _plan_file.Plan | None,
        key: bytes | None,
    ) -> Json:
        hosts = params["hosts"]
        batch = _batch.batch(self._task, variables) if hosts is None else _batch.Batch(hosts)
        arguments = Arguments(
            self._task, params["module"], params["module_args"], variables, loader=self._loader
        )
        jobs: t.Iterable[_run.Job]
        if plan:
            every = (_run.job_for(host, arguments) for host in batch.asked)
            batch, planned = _planning.jobs_of(plan, batch, every)
            jobs = [job for job in planned if job.host not in batch.lost | batch.unclear]
        else:
            gone = batch.lost | batch.unclear
            jobs = _run.Jobs([host for host in batch.asked if host not in gone], arguments)
        answers = Answers(batch)
        check_mode = bool(self._task.check_mode)
        progress = _progress.board()
        rows = getattr(module, "ROWS", None)
        collecting = _rows.collector(
            params["dest"],
            params["fields"],
            rows=rows,
            hosts=batch.asked,
            check_mode=check_mode,
        )
        collector = None
        try:
            jobs = self._checked(module, params, jobs)
            progress.begin(asked=len(batch.asked), failed=len(answers.failures))
            asked_at = _times.this_second()
            with collecting as collector:
                for job, answer in self._answers(module, params, jobs):
                    failed = answers.add(job.host, _collected(collector, job.host, answer))
                    progress.count(failed=failed)
        except Interrupted:
            self._say_what_is_kept(answers, params, collector)
            raise
        result = answers.as_result()
        result["changed"] |= collector.changed
        is_asked = bool(set(batch.asked) - batch.lost - batch.unclear)
        result["asked_at"] = asked_at if is_asked else None
        if hosts == []:
            result |= {"msg": NOBODY, "warnings": [NOBODY]}
        if large := _rows.size_warning(result["results"], rows=rows):
            result["warnings"] = [*result.get("warnings", ()), large]
        if params["dest"]:
            result["dest"] = params["dest"]
        if noun := _two_passes.noun_of(module):
            self._add_changes(result, params, jobs, noun, key)
        return result

    def _add_changes(
        self,
        result: Json,
        params: Json,
        jobs: t.Iterable[_run.Job],
        noun: str,
        key: bytes | None,
    ) -> None:
        """Add what was changed, or would be, to the result, and write the plan."""
        results = result["results"]
        result["changes"] = sum(bool(answer.get("changed")) for answer in results.values())
        if self._task.diff:
            result["diff"] = {"prepared": _preview.text(results, result["failures"], noun)}
        if params["apply"]:
            result["module"] = f"{COLLECTION}.{params['module']}"
        if params["plan"]:
            result["plan"] = params["plan"]
            result["changed"] = True
            if not self._task.check_mode:
                asked = len(results) + len(result["failures"])
                _planning.save(
                    params["plan"], params["module"], jobs, results, key=key, asked=asked
                )

    def _answers(
        self, module: t.Any, params: Json, jobs: t.Iterable[_run.Job]
    ) -> t.Iterator[tuple[_run.Job, Json]]:
        """Every job with the module's answer, in the order of the answers."""
        crashed = functools.partial(_run.crashed, module)
        # a second pass goes on with the number that the first one reached
        limit_of = functools.cache(functools.partial(_concurrency.limit, params["concurrency"]))

        def run(jobs: t.Iterable[_run.Job], check_mode: bool, **share: int) -> _two_passes.Answers:
            limit = limit_of(**share)
            serve = functools.partial(_run.serve, module=module, check_mode=check_mode)
            return _pool.each(jobs, limit.watching(serve), crashed=crashed, limit=limit.now)

        check_mode = bool(self._task.check_mode)
        noun = _two_passes.noun_of(module)
        if noun is None:
            return _spread.answers(params, jobs, functools.partial(run, check_mode=check_mode))
        if params["plan"]:
            return run(jobs, True)
        most = params["max_changes"]
        if params["apply"]:
            _two_passes.check_planned(jobs, noun, most)
            return run(jobs, check_mode)
        return _two_passes.answers(jobs, run, noun=noun, max_changes=most, check_mode=check_mode)

    def _checked(
        self, module: t.Any, params: Json, jobs: t.Iterable[_run.Job]
    ) -> t.Iterable[_run.Job]:
        """The jobs, after the checks that need the arguments of all tenants.

        If there is such a check, all arguments are resolved before the first request is sent.
        """
        if _brakes.can_remove(params["module"]):
            jobs = list(jobs)
            _brakes.check_removals(
                params["module"],
                ((job.host, job.arguments) for job in jobs),
                max_changes=params["max_changes"],
            )
        defaults = self._task.module_defaults or ()
        if _destinations.are_given(module.SPEC, params["module_args"], defaults):
            jobs = list(jobs)
            _destinations.check(((job.host, job.arguments) for job in jobs), own=params["dest"])
        return list(jobs) if _two_passes.noun_of(module) else jobs

    def _say_what_is_kept(
        self, answers: Answers, params: Json, collector: _rows.Collector | None
    ) -> None:
        """Show the figures of an interrupted sweep, and the file that has its rows."""
        place = ""
        if collector is not None and collector.kept:
            place = f" The rows so far are in {collector.kept}."
        elif (
            not params["dest"]
            and params["module"] not in _door.SECRET_MODULES
            and (path := _rows.rescued(answers.as_result()))
        ):
            place = f" The result so far is in {path}, until another sweep is interrupted."
        answered, failed = len(answers.results), len(answers.failures)
        words = (
            f"[WARNING]: The sweep was interrupted: of {len(answers.batch.asked)} tenants,"
            f" {answered} had answered and {failed} had failed.{place}\n"
        )
        say_last(words)


def _collected(collector: _rows.Collector, host: str, answer: Json) -> Json:
    """The answer as it stays in memory; one that is not valid JSON is a failure of its tenant."""
    try:
        return collector.collect(host, answer)
    except DefenderError:
        raise  # the file cannot be written for any tenant
    except Exception as e:
        return _scrub.crash(e, ())
