# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: valid_fail_when
author:
  - The mssp.defender_xdr contributors (@mssp)
short_description: Test whether a text is a valid value of fail_when
version_added: 0.1.0
description:
  - Use it to refuse a wrong value before the first tenant is queried.
options:
  _input:
    description:
      - The text. V(all), V(any), V(never) and a share such as V(10%) are valid.
    type: str
    required: true
seealso:
  - plugin: mssp.defender_xdr.too_many_failed
    plugin_type: test
"""

EXAMPLES = r"""
- name: Check the value before any tenant is queried
  ansible.builtin.assert:
    that: my_fail_when is mssp.defender_xdr.valid_fail_when
    fail_msg: "my_fail_when is {{ my_fail_when }}; use all, any, never or a share such as 10%."
  vars:
    my_fail_when: 10%
  run_once: true
"""

RETURN = r"""
_value:
  description: Whether the value is valid.
  type: bool
"""

import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils import _coverage


def valid_fail_when(text: t.Any) -> bool:
    try:
        _coverage.threshold(str(text))
    except DefenderError:
        return False
    return True


class TestModule:
    def tests(self) -> dict[str, t.Callable[..., bool]]:
        return {"valid_fail_when": valid_fail_when}
