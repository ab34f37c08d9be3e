# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The host whose tenant a task uses.

It is the host to which the task is delegated if that host is a tenant, otherwise the play's host.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible.errors import AnsibleError
from ansible.template import Templar
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils import _tenant_options
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._tenant_options import VARIABLE

Variables = t.Mapping[str, t.Any]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Subject:
    """The host whose tenant options apply.

    :arg variables: all variables of the host.
    :arg template: renders a value in its context.
    :arg is_machine: whether the task's machine is a tenant, for which no transport is used.
    :arg passed: `(host, tenant id)` of the play's host if the task is delegated to another tenant.
    """

    variables: Variables = dataclasses.field(repr=False)
    template: t.Callable[[t.Any], t.Any]
    is_machine: bool
    passed: tuple[str, t.Any] | None = None

    def check(self, arguments: Variables) -> None:
        """Refuse to return data of the play's host under the name of another tenant.

        An argument such as `tenant_id: "{{ defender_xdr_tenant_id }}"` is rendered for the play's
        host.
        """
        if self.passed is None or not arguments.get("tenant_id"):
            return
        host, tenant_id = self.passed
        other = self.template(self.variables[VARIABLE])
        if tenant_id is None or _tenant_options.names_another(tenant_id, arguments):
            return
        raise DefenderError(
            "bad_request",
            f"tenant_id is {tenant_id}, the tenant of {host}, but the task is delegated to"
            f" {self.variables['inventory_hostname']}, which is tenant {other}; remove tenant_id"
            " or delegate_to.",
        )


def subject_of(action: t.Any, variables: Variables) -> Subject:
    """The subject of an action's task; `variables` are those of the play's host."""
    template, machine = action._templar.template, action._task.delegate_to
    here = Subject(variables=variables, template=template, is_machine=VARIABLE in variables)
    if not machine:
        return here
    hostvars = variables.get("hostvars", {})
    here = dataclasses.replace(
        here, is_machine=machine in hostvars and VARIABLE in hostvars[machine]
    )
    others = variables.get("ansible_delegated_vars", {}).get(machine, {})
    if VARIABLE not in others:
        return here
    # core keeps the name of the play's host here, which look-ups of tenant options may use
    others = {**others, "inventory_hostname": machine}
    there = Templar(loader=action._loader, variables=others).template
    mine, theirs = _tenant_id(template, variables), _tenant_id(there, others)
    if theirs is None and not here.is_machine:
        return here  # a variable of the play, which does not apply to this machine
    if mine and theirs and not _tenant_options.names_another(mine, {"tenant_id": theirs}):
        # the same tenant, for example from a play variable or a group of all hosts
        return here
    passed = (variables["inventory_hostname"], mine)
    return Subject(variables=others, template=there, is_machine=True, passed=passed)


def _tenant_id(template: t.Callable[[t.Any], t.Any], variables: Variables) -> t.Any:
    """The tenant id in these variables; None if it is missing or undefined."""
    try:
        return template(variables[VARIABLE]) if VARIABLE in variables else None
    except AnsibleError:
        return None
