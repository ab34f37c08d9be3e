# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: fleet_summary
author:
  - The mssp.defender_xdr contributors (@mssp)
short_description: Summarize the results of a role over all tenants
version_added: 0.1.0
description:
  - Reads the facts that a role of this collection set for the hosts of the current batch, and
    returns a table of all tenants, the worst first, and how many were asked, answered and failed.
    No request is sent.
  - The roles and playbooks of this collection show it at their end.
  - A host that failed before the role served it counts as failed. A host that the play ended on
    purpose before, for example with C(meta=end_host), does not count.
  - With C(serial), each batch has a summary of its own.
options:
  _terms:
    description:
      - V(preflight), V(incidents), V(onboard), V(offboard) for the role of this name, or V(demo)
        for the playbook.
    type: list
    elements: str
    required: true
  width:
    description:
      - Maximum width of a line of the table. The default fits a terminal of 100 columns in the
        output of M(ansible.builtin.debug).
    type: int
    default: 88
seealso:
  - plugin: mssp.defender_xdr.table
    plugin_type: filter
  - plugin: mssp.defender_xdr.ended_hosts
    plugin_type: lookup
"""

EXAMPLES = r"""
- name: List the incidents of each tenant
  ansible.builtin.include_role:
    name: mssp.defender_xdr.incidents
  vars:
    incidents_summary: false
    incidents_fail_when: never

- name: Show them, worst first
  ansible.builtin.debug:
    msg: "{{ lookup('mssp.defender_xdr.fleet_summary', 'incidents').lines }}"
  run_once: true
"""

RETURN = r"""
_raw:
  description:
    - For each term a dictionary with C(coverage), the numbers C(asked), C(answered) and C(failed)
      of tenants, and C(lines), the lines to show.
  type: list
  elements: dict
"""

import typing as t

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase
from ansible_collections.mssp.defender_xdr.plugins.module_utils import _times
from ansible_collections.mssp.defender_xdr.plugins.module_utils._shapes import Json
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._summary import (
    demo,
    incidents,
    onboarding,
    preflight,
)
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._summary.hosts import collect

FACTS: t.Final[t.Mapping[str, t.Sequence[str]]] = {
    "preflight": preflight.FACTS,
    "incidents": incidents.FACTS,
    "onboard": ("onboard_result",),
    "offboard": ("offboard_result",),
    "demo": demo.FACTS,
}


class LookupModule(LookupBase):
    def run(
        self, terms: list[str], variables: dict[str, t.Any] | None = None, **kwargs: t.Any
    ) -> list[Json]:
        self.set_options(var_options=variables, direct=kwargs)
        return [_summary(str(term), self.get_option("width"), variables or {}) for term in terms]


def _summary(name: str, width: int, variables: dict[str, t.Any]) -> Json:
    if name not in FACTS:
        raise AnsibleLookupError(
            f"The term of fleet_summary is {name!r}, but must be one of {', '.join(FACTS)}."
        )
    hosts = collect(variables, FACTS[name])
    match name:
        case "preflight":
            return preflight.summarize(hosts, width)
        case "incidents":
            return incidents.summarize(hosts, width, _times.now())
        case "demo":
            return demo.summarize(hosts, width)
    return onboarding.summarize(hosts, width, FACTS[name][0])
