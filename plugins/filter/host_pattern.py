# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: host_pattern
author:
  - The mssp.defender_xdr contributors (@mssp)
short_description: Refuse a host pattern that names no host
version_added: 0.1.0
description:
  - Returns the pattern unchanged, or fails if it contains no name.
  - Ansible treats some patterns without a name, such as a single comma, as all hosts. With this
    filter, a variable that is empty by accident selects nobody.
positional: variable
options:
  _input:
    description:
      - The pattern, or a list of patterns.
    type: raw
    required: true
  variable:
    description:
      - Name of the variable that contains the pattern, for the error message.
    type: str
    default: the host pattern
"""

EXAMPLES = r"""
- name: List the incidents of the chosen tenants
  hosts: "{{ chosen | default('tenants') | mssp.defender_xdr.host_pattern('chosen') }}"
  gather_facts: false
  tasks:
    - name: List the incidents
      mssp.defender_xdr.incident_info:
"""

RETURN = r"""
_value:
  description: The pattern.
  type: raw
"""

import re
import typing as t

from ansible.errors import AnsibleFilterError


def host_pattern(pattern: t.Any, variable: str = "the host pattern") -> t.Any:
    members = pattern if isinstance(pattern, (list, tuple)) else [pattern]
    named = [member for member in members if re.search(r"[^\[\],:;&!\s\"']", str(member or ""))]
    if not named:
        raise AnsibleFilterError(
            f"{variable} is {pattern!r}, which names no host, so Ansible would select all hosts;"
            " set it to host or group names."
        )
    return pattern


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"host_pattern": host_pattern}
