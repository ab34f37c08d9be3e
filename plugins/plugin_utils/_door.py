# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The in-process door: every module's action. It runs the module's run() in the worker that Ansible already started.

Only where the task's machine is reached by another transport and is no tenant, the same module is sent there.

Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
"""

from __future__ import annotations

import gc
import importlib
import typing as t

from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.plugins.action import ActionBase
from ansible_collections.mssp.defender_xdr.plugins.module_utils import _scrub
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._module import perform
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils import _tenant_options

MODULES: t.Final = "ansible_collections.mssp.defender_xdr.plugins.modules"
RULES: t.Final = ("mutually_exclusive", "required_together", "required_one_of", "required_if", "required_by")
HERE: t.Final = ("local", "ansible.builtin.local", _tenant_options.CONNECTION)
TOKEN_MODULE: t.Final = "access_token"
RETURNS: t.Final = "return_secret"
SECRET: t.Final = "secret_text"  # a credential that a module has just made
MAKERS: t.Final = (TOKEN_MODULE, "application_credential")

_tenant_options.prepare()


class ActionModule(ActionBase):
    """Resolves the tenant's options, then runs the module here or sends it out."""

    _supports_async = True  # so that the refusal below is ours, with the remedy

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        super().run(tmp, task_vars)
        del tmp
        settle()
        variables = task_vars or {}
        if self._task.async_val:
            raise AnsibleActionFail(
                f"async is {self._task.async_val}, but {self._task.action} runs inside Ansible's own worker and takes no async; drop it, or raise forks."
            )
        name = self._task.action.rsplit(".", 1)[-1]
        arguments = _tenant_options.resolve(variables, self._templar.template, self._task.args)
        if _tenant_options.VARIABLE in variables:
            arguments.setdefault("tenant_name", variables["inventory_hostname"])
        module = importlib.import_module(f"{MODULES}.{name}")
        if RETURNS in module.SPEC["argument_spec"] and arguments.get("dest") is None:
            # whether a new secret has a place in the result, only the task knows
            arguments.setdefault(RETURNS, bool(self._task.register))
        result = self._answer(module, arguments, variables)
        if name == TOKEN_MODULE or SECRET in result:
            # registered, never displayed
            result["_ansible_no_log"] = True
        return result

    def _answer(self, module: t.Any, arguments: dict[str, t.Any], variables: dict[str, t.Any]) -> dict[str, t.Any]:
        secrets = _scrub.secrets_of(module.SPEC["argument_spec"], arguments)
        try:
            params = validated(module.SPEC, arguments)
            if self._is_here(variables):
                return run_here(module, params, secrets, check_mode=self._task.check_mode)
            result = self._execute_module(module_name=self._task.action, module_args=arguments, task_vars=variables)
        except DefenderError as e:
            result = e.as_result()
        except AnsibleError:
            raise  # core's own business with the connection, which knows no secret of ours
        except Exception as e:  # below core 2.22 nobody else takes secrets out of a traceback
            result = _scrub.crash(e, secrets)
        return t.cast("dict[str, t.Any]", _scrub.result(result, secrets))

    def _is_here(self, variables: t.Mapping[str, t.Any]) -> bool:
        """Whether the task's machine is a tenant (never reached by its transport), or this one."""
        machine = self._task.delegate_to
        owner = variables.get("hostvars", {}).get(machine, {}) if machine else variables
        return _tenant_options.VARIABLE in owner or self._connection._load_name in HERE or self._connection.transport == "local"


def settle() -> None:
    """Spare the collector what the worker inherited: it all stays until its end, and looking through it would copy its memory from the parent's."""
    gc.freeze()


def run_here(module: t.Any, params: dict[str, t.Any], secrets: t.Sequence[str], *, check_mode: bool) -> dict[str, t.Any]:
    """The module's result out of this process, without secrets; raises DefenderError."""
    return t.cast("dict[str, t.Any]", _scrub.result(perform(module.run, params, check_mode=check_mode), secrets))


def validated(spec: t.Mapping[str, t.Any], arguments: dict[str, t.Any]) -> dict[str, t.Any]:
    """The arguments as the module's own spec reads them, checked here so that a mistake is told the same way through both doors."""
    rules = {rule: spec[rule] for rule in RULES if rule in spec}
    checked = ArgumentSpecValidator(spec["argument_spec"], **rules).validate(arguments)
    if checked.error_messages:
        named = {
            "id": arguments.get("tenant_id"),
            "name": arguments.get("tenant_name") or arguments.get("tenant_id"),
            "cloud": arguments.get("cloud", "public"),
        }
        raise DefenderError("bad_request", "; ".join(checked.error_messages), facts={"tenant": named})
    return t.cast("dict[str, t.Any]", checked.validated_parameters)
