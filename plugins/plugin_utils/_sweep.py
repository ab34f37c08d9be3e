# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The sweep: one task that serves every tenant of the play from one process.

Each tenant gets the options and arguments that a task of its own would get, and its trouble stays its own.

Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
"""

from __future__ import annotations

import contextlib
import dataclasses
import importlib
import os
import signal
import typing as t

from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase
from ansible_collections.mssp.defender_xdr.plugins.module_utils import _scrub
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils import _coverage, _door, _pool, _progress, _rows
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._arguments import Arguments


def _stderr() -> int:
    """Where Ansible itself writes: core imports this before it forks a worker, and takes the worker's own stderr away."""
    try:
        return os.dup(2)
    except OSError:
        return -1


STDERR: t.Final = _stderr()


@dataclasses.dataclass(frozen=True)
class Job:
    """One tenant's share: its arguments, or why they could not even be made."""

    host: str
    arguments: dict[str, t.Any] = dataclasses.field(repr=False)
    error: DefenderError | None = None


class Interrupted(BaseException):
    """Ctrl-C, or the end of the whole run; not an Exception, so that no tenant's failure handling swallows it."""


class ActionModule(ActionBase):
    """Resolves every tenant's arguments here, in one thread, and runs the module for them in many."""

    _supports_async = True  # so that the refusal below is ours, with the remedy

    @classmethod
    def finalize_task_arg(cls, name: str, value: t.Any, templar: t.Any, context: t.Any) -> t.Any:
        """Leave C(module_args) alone: it is templated for each tenant, not for the host that the task happens to run on."""
        return value if name == "module_args" else super().finalize_task_arg(name, value, templar, context)

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        super().run(tmp, task_vars)
        del tmp
        own = importlib.import_module(f"{_door.MODULES}.sweep")
        _door.settle()
        try:
            given = dict(self._task.args)
            raw = given.pop("module_args", {})
            params = {**_door.validated(own.SPEC, given), "module_args": raw}
            threshold = _coverage.threshold(params["fail_when"])
            self._check_play(task_vars or {}, params["concurrency"])
            module = importlib.import_module(f"{_door.MODULES}.{params['module']}")
            _rows.check(params["dest"], module=params["module"])
            with _interruptible(), _door.environment(self):
                result = self._sweep(module, params, task_vars or {})
        except DefenderError as e:
            return e.as_result()
        except Interrupted as e:
            # core has its own way to end a worker; by now our files are in order
            signal.raise_signal(e.args[0])
            raise
        _coverage.judge(result, threshold)
        return _door.private(result)

    def _check_play(self, variables: t.Mapping[str, t.Any], concurrency: int) -> None:
        if concurrency < 1:
            raise DefenderError("bad_request", f"concurrency is {concurrency}, but must be at least 1.")
        strategy = self._play.strategy
        if strategy.rsplit(".", 1)[-1] in ("free", "host_pinned"):
            raise DefenderError("bad_request", f"strategy is {strategy}, in which every host runs at its own pace and there is no batch to sweep; use linear.")
        if self._task.async_val:
            raise DefenderError("bad_request", f"async is {self._task.async_val}, but a sweep runs inside Ansible's own worker and takes no async; drop it.")
        if len(variables["ansible_play_batch"]) > 1 and not self._task.run_once:
            raise DefenderError(
                "bad_request", f"run_once is not set, so each of {len(variables['ansible_play_batch'])} hosts would sweep all of them; add run_once: true."
            )

    def _sweep(self, module: t.Any, params: dict[str, t.Any], variables: dict[str, t.Any]) -> dict[str, t.Any]:
        hosts = list(dict.fromkeys(params["hosts"])) or self._batch(variables)
        lost = set() if params["hosts"] else set(hosts) - set(variables["ansible_play_batch"])
        arguments = Arguments(self._task, params["module"], params["module_args"], variables, loader=self._loader)
        check_mode = bool(self._task.check_mode)

        def serve(job: Job) -> dict[str, t.Any]:
            return _serve(module, job, check_mode=check_mode)

        def crashed(job: Job, error: BaseException) -> dict[str, t.Any]:
            return _crashed(module, job, error)

        results: dict[str, dict[str, t.Any]] = {}
        failures: dict[str, dict[str, t.Any]] = {
            host: DefenderError("unavailable", f"Host {host} was lost before the sweep; an earlier task failed for it.", who="caller").as_result()
            for host in lost
        }
        progress = _progress.board()
        progress.begin(asked=len(hosts), failed=len(lost))
        try:
            with _rows.collector(params["dest"], params["fields"], rows=getattr(module, "ROWS", None)) as collect:
                for job, answer in _pool.each(self._jobs(hosts, lost, arguments), serve, crashed=crashed, threads=params["concurrency"]):
                    (failures if answer.get("failed") else results)[job.host] = collect(job.host, answer)
                    progress.count(failed=bool(answer.get("failed")))
        except Interrupted:
            self._say_what_is_kept(hosts, results, failures, params)
            raise
        told = _coverage.told(hosts, results, failures)
        return {**told, **({"dest": params["dest"]} if params["dest"] else {})}

    def _say_what_is_kept(self, hosts: list[str], results: dict[str, t.Any], failures: dict[str, t.Any], params: dict[str, t.Any]) -> None:
        """The last words of an interrupted sweep. The process that shows a worker's words may leave first, so that they go straight to its stderr."""
        kept: str | None = None
        if params["dest"]:
            kept = f" Their rows are in {_rows.partial(params['dest'])}."
        elif params["module"] not in _door.MAKERS and (path := _rows.rescued(_coverage.told(hosts, results, failures))):
            kept = f" What they answered is in {path}, until the next sweep is interrupted."
        words = f"[WARNING]: The sweep was interrupted: of {len(hosts)} tenants {len(results)} had answered and {len(failures)} had failed.{kept or ''}\n"
        with contextlib.suppress(OSError):
            os.write(STDERR, words.encode())

    def _batch(self, variables: t.Mapping[str, t.Any]) -> list[str]:
        """Every host that the batch began with, also those that earlier tasks lost."""
        return [host.name for host in variables["hostvars"]._inventory.get_hosts(self._play.hosts, order=self._play.order)]

    @property
    def _play(self) -> t.Any:
        parent: t.Any = self._task._parent
        return parent._play

    def _jobs(self, hosts: t.Iterable[str], lost: t.Collection[str], arguments: Arguments) -> t.Iterator[Job]:
        for host in hosts:
            if host not in lost:
                try:
                    yield Job(host, arguments.of(host))
                except DefenderError as e:
                    yield Job(host, {}, e)
                except AnsibleError as e:
                    # an undefined variable, a lookup that failed: this tenant's failure alone
                    yield Job(host, {}, DefenderError("bad_request", f"The arguments for {host} could not be made: {_scrub.text(str(e), ())}"))


@contextlib.contextmanager
def _interruptible() -> t.Iterator[None]:
    """Turn the signals that end a worker into L(Interrupted), so that files are put in order before it ends."""

    def stop(number: int, frame: t.Any) -> None:
        for ending in before:
            # core repeats itself with another signal; what is being put in order must not be interrupted again
            signal.signal(ending, signal.SIG_IGN)
        raise Interrupted(number)

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _serve(module: t.Any, job: Job, *, check_mode: bool) -> dict[str, t.Any]:
    """The module's result for one tenant; DefenderError becomes a failed one."""
    secrets = _scrub.secrets_of(module.SPEC["argument_spec"], job.arguments)
    try:
        if job.error:
            raise job.error
        return _door.run_here(module, _door.validated(module.SPEC, job.arguments), secrets, check_mode=check_mode)
    except DefenderError as e:
        return t.cast("dict[str, t.Any]", _scrub.result(e.as_result(), secrets))


def _crashed(module: t.Any, job: Job, error: BaseException) -> dict[str, t.Any]:
    """The failed result for one tenant's crash, which must not take the others with it."""
    try:
        return _scrub.crash(error, _scrub.secrets_of(module.SPEC["argument_spec"], job.arguments))
    except Exception:  # such as text that cannot be encoded
        text = f"The module failed for {job.host} in a way it should not, and its error cannot be shown."
        return DefenderError("unavailable", text, who="partner").as_result()
