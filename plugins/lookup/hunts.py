# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: hunts
author:
  - The mssp.defender_xdr contributors (@mssp)
short_description: Read hunting queries and their headers from folders
version_added: 0.1.0
description:
  - Reads the C(.kql) files in folders on the controller, as the role P(mssp.defender_xdr.hunt#role)
    does for its packs. The leading comment lines of each file contain a YAML header with the
    purpose of the hunt, the severity of a hit, and the parameters of the hunt.
  - The header is between two lines C(// ---), and each of its lines starts with C(//), so that the
    whole file is valid KQL.
  - Two files with the same name in different folders are an error, and so are an invalid header and
    names or values that no hunt has.
options:
  _terms:
    description:
      - Folders on the controller. Files in subfolders are ignored.
    type: list
    elements: path
    required: true
  names:
    description:
      - Names of the hunts to return, which are the file names without C(.kql). If the list is
        empty, all hunts are returned.
    type: list
    elements: str
    default: []
  parameters:
    description:
      - Values for the hunts' parameters. A key is either the name of a parameter, for all hunts
        that have it, or the name of a hunt, with a dictionary of its parameters.
      - A time is a string such as V(2026-11-01T00:00:00Z) or V(7d), and a duration is a string such
        as V(12h).
      - A file without a header accepts a value for a name that it uses but neither declares nor
        creates as a column. It also accepts a value for a name that it declares with a C(let) and a
        literal; the value then replaces that literal.
    type: dict
    default: {}
seealso:
  - module: mssp.defender_xdr.hunting_query
  - plugin: mssp.defender_xdr.local_kql
    plugin_type: filter
"""

EXAMPLES = r"""
- name: List the hunts and the severity of a hit
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
    - The hunts, sorted by name, each with C(name), C(path), C(pack) (the name of the folder),
      C(query), C(title), C(description), C(severity) (V(informational), V(low), V(medium),
      V(high)), C(tactics), C(techniques), C(tables), C(licence), and C(parameters) in the form that
      M(mssp.defender_xdr.hunting_query) accepts.
    - C(missing) lists the parameters that have no value. A hunt with missing parameters cannot be
      run.
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
                _packs.find(terms), self.get_option("names"), self.get_option("parameters")
            )
        except DefenderError as e:
            raise AnsibleLookupError(e.message) from None
