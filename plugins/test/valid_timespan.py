# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: valid_timespan
author:
  - The mssp.defender_xdr contributors (@mssp)
short_description: Test whether a text is a valid time range of a hunting query
version_added: 0.1.0
description:
  - Use it to refuse a wrong time range before the first tenant is queried.
options:
  _input:
    description:
      - The text, in a form that O(mssp.defender_xdr.hunting_query#module:timespan) accepts. An
        empty text is valid, and means Microsoft's default.
    type: str
    required: true
seealso:
  - module: mssp.defender_xdr.hunting_query
"""

EXAMPLES = r"""
- name: Check the time range before any tenant is queried
  ansible.builtin.assert:
    that: my_timespan is mssp.defender_xdr.valid_timespan
    fail_msg: "my_timespan is {{ my_timespan }}; use an age such as 7d, or START/END."
  vars:
    my_timespan: 7d
  run_once: true
"""

RETURN = r"""
_value:
  description: Whether the time range is valid.
  type: bool
"""

import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._hunting import (
    timespans as _timespans,
)


def valid_timespan(text: t.Any) -> bool:
    try:
        _timespans.parse("" if text is None else str(text))
    except DefenderError:
        return False
    return True


class TestModule:
    def tests(self) -> dict[str, t.Callable[..., bool]]:
        return {"valid_timespan": valid_timespan}
