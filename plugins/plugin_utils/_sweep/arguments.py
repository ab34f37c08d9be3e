# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a task of each tenant's own would be given: its arguments, templated in its context, its
module_defaults, its tenant options.

What is the same for every tenant is computed once; otherwise each tenant costs a loop over all
tenants.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import typing as t

from ansible.template import Templar
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

    :arg task: the sweep's own, whose keywords and module_defaults count.
    :arg given: `module_args` as it was written.
    :arg variables: those of the host that the task happens to run on.
    """

    def __init__(
        self, task: t.Any, module: str, given: t.Any, variables: Variables, *, loader: t.Any
    ) -> None:
        self._task = task
        self._action = f"{COLLECTION}.{module}"
        self._given = given
        self._loader = loader
        self._loop = _loop_variables(variables)
        self._options = _tenant_options.options_from_env_and_cfg()
        self._variables = _core.HostVariables(task, variables, loader=loader)
        # what has no template in it is the same for everybody
        self._fixed = _tenant_options.native(given) if is_plain(given) else None

    def of(self, name: str) -> dict[str, t.Any]:
        """The arguments for this host; raises DefenderError, or AnsibleError such as for an
        undefined variable."""
        if not self._variables.knows(name):
            raise DefenderError(
                "bad_request", f"hosts names {name}, which is not in the inventory."
            )
        variables = {**self._variables.of(name), **self._loop}
        templar = Templar(loader=self._loader, variables=variables)
        given = templar.template(self._given) if self._fixed is None else self._fixed
        if not isinstance(given, dict):
            raise DefenderError(
                "bad_request",
                (
                    f"module_args is {_kind(given)} for {name}, but must be a dictionary of the"
                    " module's options."
                ),
            )
        given = _core.with_defaults(self._action, self._task, given, templar)
        return _tenant_options.resolve(
            variables,
            lambda value: value if is_plain(value) else templar.template(value),
            given,
            shared=self._options,
        )


def _kind(value: t.Any) -> str:
    return next((name for kind, name in KINDS if isinstance(value, kind)), "nothing")


def is_plain(value: t.Any) -> bool:
    """Whether templating would give the value back as it is: nothing but plain values, and no text
    that could be a template."""
    if isinstance(value, str):
        return "{" not in value and not value.startswith("#jinja2")
    if isinstance(value, dict):
        return all(is_plain(name) and is_plain(member) for name, member in value.items())
    if isinstance(value, list):
        return all(map(is_plain, value))
    return value is None or isinstance(value, (bool, int, float))


def _loop_variables(variables: Variables) -> dict[str, t.Any]:
    """What a loop sets for its turn: only the task's own variables have it."""
    names = {
        "ansible_loop",
        "ansible_loop_var",
        "ansible_index_var",
        variables.get("ansible_loop_var"),
        variables.get("ansible_index_var"),
    }
    return {name: variables[name] for name in names if name is not None and name in variables}
