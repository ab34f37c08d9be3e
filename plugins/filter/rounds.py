# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: rounds
author:
  - The mssp.defender_xdr contributors (@mssp)
short_description: Arrange several objects of each host in rounds for a loop over a sweep
version_added: 0.1.0
description:
  - M(mssp.defender_xdr.sweep) runs its module once for each host. To change several devices or
    incidents of each tenant, loop over rounds. The first round has the first object of every host,
    the second round the second one, and so on.
options:
  _input:
    description:
      - The objects of each host, as a dictionary of lists. A value that is no list counts as a list
        of one object.
    type: dict
    required: true
seealso:
  - module: mssp.defender_xdr.sweep
"""

EXAMPLES = r"""
- name: List two incidents of every tenant
  mssp.defender_xdr.sweep:
    module: incident_info
    module_args: {limit: 2, fields: [id]}
  register: listed
  run_once: true

- name: Preview that all of them get a tag
  mssp.defender_xdr.sweep:
    module: incident
    module_args:
      id: "{{ item[inventory_hostname] }}"
      custom_tags: [night-shift]
    hosts: "{{ item.keys() | list }}"
    max_changes: 50
  loop: "{{ ids | mssp.defender_xdr.rounds }}"
  loop_control:
    label: "{{ item | length }} tenants"
  vars:
    ids: >-
      {{ dict(listed.results.keys() | zip(listed.results.values() | map(attribute='incidents')
              | map('map', attribute='id') | map('list'))) }}
  run_once: true
  check_mode: true
"""

RETURN = r"""
_value:
  description: The rounds, each a dictionary of one object by host. A host without further objects
    is not in the later rounds.
  type: list
  elements: dict
  sample:
    - {contoso: "12", woodgrove: "7"}
    - {contoso: "15"}
"""

import typing as t

from ansible.errors import AnsibleFilterError
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils import _rounds


def rounds(by_host: t.Any) -> list[dict[str, t.Any]]:
    if not isinstance(by_host, t.Mapping):
        raise AnsibleFilterError("The input of rounds must be a dictionary of lists, by host.")
    return _rounds.rounds(by_host)


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"rounds": rounds}
