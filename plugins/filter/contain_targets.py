# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: contain_targets
author:
  - The mssp.defender_xdr contributors (@mssp)
short_description: List which devices to contain, by tenant
version_added: 0.1.0
description:
  - The role P(mssp.defender_xdr.contain#role) uses this filter to combine the devices that are
    named with those in the evidence of incidents.
options:
  _input:
    description:
      - Ids or whole DNS names of devices by host.
    type: dict
    required: true
  incidents:
    description:
      - Ids of incidents by host.
    type: dict
    default: {}
  evidence:
    description:
      - The results of a loop over rounds of O(incidents) in which M(mssp.defender_xdr.sweep) ran
        M(mssp.defender_xdr.incident_info) with C(expand_alerts=true).
    type: list
    elements: dict
    default: []
seealso:
  - plugin: mssp.defender_xdr.contain_plan
    plugin_type: filter
  - plugin: mssp.defender_xdr.rounds
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Show which devices would be looked up
  ansible.builtin.debug:
    msg: "{{ {'contoso': ['web1.contoso.example']} | mssp.defender_xdr.contain_targets }}"
  run_once: true
"""

RETURN = r"""
_value:
  description: C(hosts), for each host with the C(ids) and C(names) to look up, C(incidents) (the
    incidents of each of them), and C(problems); and C(lookups), the rounds in which
    M(mssp.defender_xdr.device_info) looks them up.
  type: dict
"""

import typing as t

from ansible.errors import AnsibleFilterError
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._containment import targets


def contain_targets(
    devices: t.Any, incidents: t.Any = None, evidence: t.Any = None
) -> dict[str, t.Any]:
    if not isinstance(devices, t.Mapping) or not isinstance(incidents or {}, t.Mapping):
        raise AnsibleFilterError(
            "The devices and incidents of contain_targets must be dictionaries, by host."
        )
    return targets.targets(devices, incidents, evidence)


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"contain_targets": contain_targets}
