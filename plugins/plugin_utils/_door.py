# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The in-process door: every module's action, which calls the module's `run()` in Ansible's worker.

Only a machine that is not a tenant and has another transport receives the module itself.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.plugins.action import ActionBase
from ansible_collections.mssp.defender_xdr.plugins.module_utils import _scrub, _sealed
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils import (
    _execution,
    _tenant_options,
    _writes,
)
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._subject import Subject, subject_of

HERE: t.Final = ("local", "ansible.builtin.local", _tenant_options.CONNECTION)
RETURNS: t.Final = "return_secret"
SECRET_MODULES: t.Final = ("access_token", "application_credential")  # results may contain a secret
SHOWN: t.Final = 10  # number of failures listed in warnings
Result = dict[str, t.Any]

_tenant_options.prepare()


class ActionModule(ActionBase):
    """Resolves the tenant's options, then runs the module in the worker or on the task's
    machine."""

    _supports_async = True  # so that the error below applies, which has a remedy

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> Result:
        super().run(tmp, task_vars)
        del tmp
        _execution.freeze_gc()
        if self._task.async_val:
            raise AnsibleActionFail(
                f"async is {self._task.async_val}, but {self._task.action} runs in Ansible's"
                " worker and does not support async; remove it, or raise forks."
            )
        module = _execution.module_named(self._task.action.rsplit(".", 1)[-1])
        with _writes.handing_over(self._task) as result:
            result |= private(self._answer(module, task_vars or {}))
        return result

    def _answer(self, module: t.Any, variables: dict[str, t.Any]) -> Result:
        secrets: list[str] = []
        try:
            with _execution.environment(self):
                subject = subject_of(self, variables)
                is_here = subject.is_machine or self._is_local()
                arguments = self._arguments(module, subject, late=is_here)
                secrets = _scrub.secrets_of(module.SPEC["argument_spec"], arguments)
                params = _execution.validated(module.SPEC, arguments)
                if is_here:
                    return _execution.run_here(
                        module, params, secrets, check_mode=self._task.check_mode
                    )
            result = self._answer_of_machine(arguments, variables)
        except DefenderError as e:
            result = e.as_result()
        except AnsibleError:
            raise  # connection errors of core, which contain none of our secrets
        except Exception as e:  # before core 2.22, core does not remove secrets from tracebacks
            return _scrub.crash(e, secrets)
        return _scrub.result(result, secrets)

    def _arguments(self, module: t.Any, subject: Subject, *, late: bool) -> dict[str, t.Any]:
        arguments = _tenant_options.resolve(
            subject.variables, subject.template, self._task.args, late=late
        )
        subject.check(arguments)
        if RETURNS in module.SPEC["argument_spec"] and arguments.get("dest") is None:
            # only the task shows whether its result is registered
            arguments.setdefault(RETURNS, bool(self._task.register))
        return arguments

    def _answer_of_machine(
        self, arguments: dict[str, t.Any], variables: dict[str, t.Any]
    ) -> Result:
        """The result of the module run as an ordinary module on the task's machine.

        Connections display its output, so secrets in it are encrypted for this task.
        """
        reader = _sealed.Reader()
        self._task.environment.append({_sealed.VARIABLE: reader.public_key})
        try:
            result = self._execute_module(
                module_name=self._task.action, module_args=arguments, task_vars=variables
            )
        finally:
            self._task.environment.pop()
        return reader.opened(result)

    def _is_local(self) -> bool:
        return self._connection._load_name in HERE or self._connection.transport == "local"


def carries_secret(result: t.Mapping[str, t.Any]) -> bool:
    """Whether a module's or a sweep's result contains a token or a new secret."""
    results = result.get("results")
    inner = results.values() if isinstance(results, dict) else ()
    return any(result.get(key) for key in _scrub.SECRET_KEYS) or any(map(carries_secret, inner))


def private(result: Result) -> Result:
    """The result for core; hidden if and only if it contains a secret.

    Core displays the warnings of a hidden result, so its failures are added to them.
    """
    if not carries_secret(result):
        return result
    failures = list((result.get("failures") or {}).items())
    reasons = [f"{host}: {error['msg']}" for host, error in failures[:SHOWN]]
    if rest := len(failures) - len(reasons):
        reasons.append(f"{rest} more tenants failed; register the result to see them all.")
    warnings = [*result.get("warnings", []), *reasons]
    return {**result, **({"warnings": warnings} if warnings else {}), "_ansible_no_log": True}
