# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: triage_plan
author:
  - The mssp.defender_xdr contributors (@mssp)
short_description: Choose the incidents of a triage
version_added: 0.1.0
description:
  - The role P(mssp.defender_xdr.triage#role) uses this filter to choose the incidents that it
    takes, and what it hunts for in each tenant.
options:
  _input:
    description:
      - The result of M(mssp.defender_xdr.sweep) with M(mssp.defender_xdr.incident_info) and
        C(expand_alerts=true).
    type: dict
    required: true
  claims:
    description:
      - The results of a loop over the C(rounds) of an earlier call, in which
        M(mssp.defender_xdr.sweep) ran M(mssp.defender_xdr.incident) with C(claim=true).
    type: list
    elements: dict
  tags:
    description:
      - Tags of a triaged incident. An incident that has all of them is left out.
    type: list
    elements: str
    default: []
  limit:
    description:
      - Maximum number of incidents per tenant, the worst and oldest first. V(0) sets no limit.
    type: int
    default: 0
  max_changes:
    description:
      - Maximum number of incidents in all tenants together. V(0) sets no limit.
    type: int
    default: 0
seealso:
  - plugin: mssp.defender_xdr.triage_result
    plugin_type: filter
  - plugin: mssp.defender_xdr.rounds
    plugin_type: filter
"""

EXAMPLES = r"""
- name: List the new incidents of every tenant
  mssp.defender_xdr.sweep:
    module: incident_info
    module_args: {status: active, assigned_to: [""], expand_alerts: true, limit: 3}
  register: listed
  run_once: true

- name: Show what a triage would hunt for
  ansible.builtin.debug:
    msg: "{{ (listed | mssp.defender_xdr.triage_plan(limit=1)).questions }}"
  run_once: true
"""

RETURN = r"""
_value:
  description: The C(incidents), the rounds of all of them (C(rounds)) and of those that were
    claimed (C(claimed)), the C(questions) by hunt and host, what is C(left_over), the C(failures)
    by host, and the C(refusal), which is empty if there is none.
  type: dict
"""

import typing as t

from ansible.errors import AnsibleFilterError
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._triage import plan


def triage_plan(listed: t.Any, claims: t.Any = None, **options: t.Any) -> dict[str, t.Any]:
    if not isinstance(listed, t.Mapping) or "coverage" not in listed:
        raise AnsibleFilterError("The input of triage_plan must be a registered result of sweep.")
    return plan.plan(dict(listed), claims, **options)


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"triage_plan": triage_plan}
