# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: table
author:
  - The mssp.defender_xdr contributors (@mssp)
short_description: Render a list of dictionaries as a text table
version_added: 0.1.0
description:
  - Returns the lines of an aligned text table, a heading and one line per row. Show them with
    M(ansible.builtin.debug), which prints each line of a list on a line of its own.
  - Null is shown as C(–), a list as its members separated by commas, a boolean as C(yes) or C(no).
    Columns of numbers are aligned to the right, also if some are texts such as V(1000+).
  - Characters that a terminal would obey, such as escape sequences in the name of an incident, are
    replaced.
positional: columns, width
options:
  _input:
    description:
      - The rows. Without rows there are no lines.
    type: list
    elements: dict
    required: true
  columns:
    description:
      - The columns from left to right. Each is a key of the rows, whose heading is the key itself
        with spaces instead of underscores, or a dictionary of one key and its heading.
      - By default, the keys of the first row.
    type: list
    elements: raw
  width:
    description:
      - Maximum width of a line in columns of the terminal. The widest column of text is shortened,
        marked by C(…), until the lines fit. Numbers and GUIDs are never shortened.
    type: int
    default: 100
seealso:
  - plugin: mssp.defender_xdr.fleet_summary
    plugin_type: lookup
"""

EXAMPLES = r"""
- name: List the incidents of a tenant
  mssp.defender_xdr.incident_info:
    status: active
  register: listed

- name: Show them
  ansible.builtin.debug:
    msg: >-
      {{ listed.incidents | mssp.defender_xdr.table(
           ['severity', {'created_date_time': 'created'}, 'assigned_to', 'display_name']) }}
"""

RETURN = r"""
_value:
  description: The lines of the table.
  type: list
  elements: str
  sample:
    - severity  created               assigned to  display name
    - high      2026-05-04T09:12:00Z  –            Multi-stage incident
"""

import typing as t

from ansible.errors import AnsibleFilterError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils import _text_table


def table(
    rows: t.Sequence[_text_table.Row], columns: t.Sequence[t.Any] | None = None, width: int = 100
) -> list[str]:
    try:
        return _text_table.lines(rows, columns, int(width))
    except DefenderError as e:
        raise AnsibleFilterError(e.message) from None


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"table": table}
