# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: preflight_result
author:
  - The mssp.defender_xdr contributors (@mssp)
short_description: Determine whether a tenant is ready
version_added: 0.1.0
description:
  - The role P(mssp.defender_xdr.preflight#role) uses this filter to set the fact
    C(preflight_result) from the registered results of its tasks.
options:
  _input:
    description:
      - The result of M(mssp.defender_xdr.access_token_info), or of
        M(mssp.defender_xdr.sweep) with that module.
    type: dict
    required: true
  read:
    description:
      - The result of M(mssp.defender_xdr.incident_info), or of M(mssp.defender_xdr.sweep) with that
        module. Without it, a tenant is ready if its token has no problems.
    type: dict
  host:
    description:
      - The host of the tenant, if the results are those of a sweep.
    type: str
  asked_at:
    description:
      - Time of the requests, for the member C(asked_at).
    type: str
    default: ""
seealso:
  - module: mssp.defender_xdr.access_token_info
"""

EXAMPLES = r"""
- name: Check the tokens of all tenants
  mssp.defender_xdr.sweep:
    module: access_token_info
    module_args:
      required_for: [incident_info]
    fail_when: never
  register: tokens
  run_once: true

- name: Show why the tenant is not ready
  ansible.builtin.debug:
    msg: "{{ (tokens | mssp.defender_xdr.preflight_result(host=inventory_hostname)).text }}"
"""

RETURN = r"""
_value:
  description: C(ready), C(token), C(category), C(text), C(who), C(advice), C(roles),
    C(missing_roles), C(expires_at) and C(asked_at), as the README of the role describes them.
  type: dict
"""

import typing as t

from ansible.errors import AnsibleFilterError
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._summary import readiness


def preflight_result(token: t.Any, **options: t.Any) -> dict[str, t.Any]:
    if not isinstance(token, t.Mapping):
        raise AnsibleFilterError(
            "The input of preflight_result must be a registered result of access_token_info or"
            " sweep."
        )
    return readiness.result(token, **options)


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"preflight_result": preflight_result}
