# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: too_many_failed
author:
  - The mssp.defender_xdr contributors (@mssp)
short_description: Test whether too many tenants failed
version_added: 0.1.0
description:
  - Judges a coverage as C(fail_when) of M(mssp.defender_xdr.sweep) does.
positional: fail_when
options:
  _input:
    description:
      - The coverage, with the numbers C(asked) and C(failed), as returned by
        M(mssp.defender_xdr.sweep). C(unread) takes the place of C(failed) if only that is present,
        as in the coverage of M(mssp.defender_xdr.report).
    type: dict
    required: true
  fail_when:
    description:
      - V(all), V(any), V(never), or a share such as V(10%), which means that share or more.
        Anything else is an error.
    type: str
    default: all
seealso:
  - plugin: mssp.defender_xdr.valid_fail_when
    plugin_type: test
"""

EXAMPLES = r"""
- name: List the incidents of every tenant
  mssp.defender_xdr.sweep:
    module: incident_info
    fail_when: never
  run_once: true
  register: swept

- name: Fail after the results are used
  ansible.builtin.assert:
    that: swept.coverage is not mssp.defender_xdr.too_many_failed('10%')
  run_once: true
"""

RETURN = r"""
_value:
  description: Whether so many tenants failed. It is false if no tenant was asked.
  type: bool
"""

import typing as t

from ansible.errors import AnsibleFilterError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils import _coverage


def too_many_failed(coverage: t.Any, fail_when: str = "all") -> bool:
    count = coverage if isinstance(coverage, t.Mapping) else {}
    asked, failed = count.get("asked"), count.get("failed", count.get("unread"))
    if not (isinstance(asked, int) and isinstance(failed, int)):
        raise AnsibleFilterError(
            "The input of too_many_failed must be a coverage, a mapping with the numbers"
            " asked and failed."
        )
    try:
        return _coverage.threshold(str(fail_when))(failed, asked)
    except DefenderError as e:
        raise AnsibleFilterError(e.message) from None


class TestModule:
    def tests(self) -> dict[str, t.Callable[..., bool]]:
        return {"too_many_failed": too_many_failed}
