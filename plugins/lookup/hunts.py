# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: hunts
author:
  - The mssp.defender_xdr contributors (@mssp)
short_description: Read hunting queries with their headers out of folders
version_added: 0.1.0
description:
  - Reads the C(.kql) files of folders on the controller, each with the YAML header in its leading
    comment lines that says what the hunt is for, how bad a hit is, and which parameters it takes.
    The role P(mssp.defender_xdr.hunt#role) does so for its packs.
  - The header stands between two lines C(// ---), and each of its lines begins with C(//), so that
    the whole file is valid KQL.
  - Two files of one name in different folders are an error, as are a wrong header, and names and
    values that no hunt has.
options:
  _terms:
    description:
      - Folders on the controller. Only files directly in them count.
    type: list
    elements: path
    required: true
  names:
    description:
      - Which hunts, by file name without C(.kql). All of them when empty.
    type: list
    elements: str
    default: []
  parameters:
    description:
      - Values for the hunts' parameters, by parameter for every hunt that has it, or by hunt and
        then parameter for one hunt.
      - A time is text such as V(2026-11-01T00:00:00Z) or V(7d), and a length of time text such as
        V(12h).
      - A file without a header takes a value for a name that it uses and neither declares nor makes
        as a column, and for one that it declares with a C(let) whose value is a literal, which the
        given value replaces.
    type: dict
    default: {}
seealso:
  - module: mssp.defender_xdr.hunting_query
  - plugin: mssp.defender_xdr.local_kql
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Say which hunts there are, and how bad a hit is
  ansible.builtin.debug:
    msg: "{{ item.name }} ({{ item.severity }}): {{ item.title }}"
  loop: "{{ query('mssp.defender_xdr.hunts', playbook_dir ~ '/hunts') }}"
  loop_control:
    label: "{{ item.name }}"
  run_once: true

- name: Run one hunt in each tenant
  mssp.defender_xdr.hunting_query:
    query: "{{ hunt.query }}"
    parameters: "{{ hunt.parameters }}"
  vars:
    hunt: >-
      {{ query('mssp.defender_xdr.hunts', playbook_dir ~ '/hunts',
               names=['beacons'], parameters={'least_calls': 20}) | first }}
"""

RETURN = r"""
_raw:
  description:
    - The hunts in the order of their names, each with C(name), C(path), C(pack) (the folder's
      name), C(query), C(title), C(description), C(severity) (V(informational), V(low), V(medium),
      V(high)), C(tactics), C(techniques), C(tables), C(licence), and C(parameters) as
      M(mssp.defender_xdr.hunting_query) takes them.
    - C(missing) has the parameters that have no value. A hunt with any of those cannot be run.
  type: list
  elements: dict
"""

import typing as t

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._hunts import packs as _packs


class LookupModule(LookupBase):
    def run(
        self, terms: list[str], variables: dict[str, t.Any] | None = None, **kwargs: t.Any
    ) -> list[dict[str, t.Any]]:
        self.set_options(var_options=variables, direct=kwargs)
        try:
            return _packs.wanted(
                _packs.found(terms), self.get_option("names"), self.get_option("parameters")
            )
        except DefenderError as e:
            raise AnsibleLookupError(e.message) from None
