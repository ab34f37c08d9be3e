# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The arguments of each tenant, as a separate task would get them: templated with its variables,
with `module_defaults` and its tenant options.

What is the same for every tenant is computed once: otherwise the time grows with the square of the
number of tenants.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import contextvars
import threading
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils import _core, _tenant_options

COLLECTION: t.Final = "mssp.defender_xdr"
KINDS: t.Final = (
    (str, "text"),
    (bool, "true or false"),
    (int, "a number"),
    (float, "a number"),
    (list, "a list"),
)
Variables = t.Mapping[str, t.Any]


class Arguments:
    """Arguments of one module, by host.

    :arg task: the task of the sweep, whose keywords and `module_defaults` apply.
    :arg module_args: the option before templating.
    :arg variables: those of the host on which the task runs.
    """

    def __init__(
        self, task: t.Any, module: str, module_args: t.Any, variables: Variables, *, loader: t.Any
    ) -> None:
        self._task = task
        self._action = f"{COLLECTION}.{module}"
        self._module_args = module_args
        self._templars = _core.Templars(loader)
        self._loop = _loop_variables(variables)
        self._options = _tenant_options.options_from_env_and_cfg()
        self._lock = threading.RLock()  # core templates in one thread at a time
        self._variables = _core.HostVariables(task, variables, loader=loader)
        # without a template it is the same for every tenant
        self._fixed = (
            _tenant_options.native(module_args) if _tenant_options.is_plain(module_args) else None
        )

    def of(self, name: str) -> dict[str, t.Any]:
        """The arguments for this host.

        Raises DefenderError, or AnsibleError for example for an undefined variable.
        """
        if not self._variables.knows(name):
            raise DefenderError(
                "bad_request",
                f"hosts names {name}, which is not in the inventory; correct the name.",
            )
        with self._lock:
            return self._of(name)

    def _of(self, name: str) -> dict[str, t.Any]:
        variables = {**self._variables.of(name), **self._loop}
        templar = self._templars.of(variables)
        module_args = self._fixed
        if module_args is None:
            module_args = templar.template(self._module_args)
        if not isinstance(module_args, dict):
            raise DefenderError(
                "bad_request",
                f"module_args is {_kind(module_args)} for {name}, but must be a dictionary of the"
                " module's options.",
            )
        module_args = _core.with_defaults(self._action, self._task, module_args, templar)
        context = contextvars.copy_context()

        def template(value: t.Any) -> t.Any:
            """Also called later, by a tenant's thread that needs its credential."""
            if _tenant_options.is_plain(value):
                return value
            with self._lock:
                return context.copy().run(templar.template, value)

        return _tenant_options.resolve(
            variables, template, module_args, shared=self._options, late=True
        )


def _kind(value: t.Any) -> str:
    return next((name for kind, name in KINDS if isinstance(value, kind)), "nothing")


def _loop_variables(variables: Variables) -> dict[str, t.Any]:
    """The variables of the current loop item, which only the variables of the task contain."""
    names = {
        "ansible_loop",
        "ansible_loop_var",
        "ansible_index_var",
        variables.get("ansible_loop_var"),
        variables.get("ansible_index_var"),
    }
    return {name: variables[name] for name in names if name is not None and name in variables}
