# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: consented
author:
  - The mssp.defender_xdr contributors (@mssp)
short_description: Test whether a tenant has granted all wanted roles
version_added: 0.1.0
description:
  - Tests a result of M(mssp.defender_xdr.consent_info) or M(mssp.defender_xdr.consent). Superfluous
    roles are ignored.
options:
  _input:
    description:
      - The registered result. A result that failed or was skipped, or that is not from one of these
        modules, is an error, because it contains nothing about consent.
    type: dict
    required: true
seealso:
  - module: mssp.defender_xdr.consent_info
"""

EXAMPLES = r"""
- name: Read what the tenant has granted
  mssp.defender_xdr.consent_info:
    required_for: [incident_info]
  register: granted

- name: Continue only if all roles are granted
  ansible.builtin.assert:
    that: granted is mssp.defender_xdr.consented
    fail_msg: "{{ granted.consent_url }}"
"""

RETURN = r"""
_value:
  description: Whether no wanted role is missing.
  type: bool
"""

import typing as t

from ansible.errors import AnsibleFilterError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._consent.comparison import STATUSES


def consented(result: t.Any) -> bool:
    status = (
        result.get("status") if isinstance(result, t.Mapping) and not result.get("failed") else None
    )
    if status not in STATUSES:
        raise AnsibleFilterError(
            "The input of consented must be a successful result of consent_info or consent with a"
            f" status of {', '.join(STATUSES)}."
        )
    return status in ("complete", "superfluous")


class TestModule:
    def tests(self) -> dict[str, t.Callable[[t.Any], bool]]:
        return {"consented": consented}
