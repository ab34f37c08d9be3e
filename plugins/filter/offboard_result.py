# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: offboard_result
author:
  - The mssp.defender_xdr contributors (@mssp)
short_description: Determine whether all access to a tenant is removed
version_added: 0.1.0
description:
  - The role P(mssp.defender_xdr.offboard#role) uses this filter to set the fact C(offboard_result)
    from the registered results of its tasks.
options:
  _input:
    description:
      - The result of M(mssp.defender_xdr.consent), or the name of a host that C(offboard_confirm)
        does not name.
    type: raw
    required: true
  proven:
    description:
      - The result of M(mssp.defender_xdr.consent) that waited until a new token was refused, if
        any.
    type: dict
  registered:
    description:
      - The result of the task that wrote O(registry), if any.
    type: dict
  registry:
    description:
      - Path of the registry. Without it, the step C(out_of_the_registry) is skipped.
    type: path
    default: ""
seealso:
  - plugin: mssp.defender_xdr.onboard_result
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Show what the role says of a host that nobody confirmed
  ansible.builtin.debug:
    msg: "{{ (inventory_hostname | mssp.defender_xdr.offboard_result).text }}"
"""

RETURN = r"""
_value:
  description: C(status), C(steps), C(text), C(category), C(who) and C(advice), as the README of the
    role describes them.
  type: dict
"""

import typing as t

from ansible.errors import AnsibleFilterError
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._onboarding import offboard


def offboard_result(removed: t.Any, **options: t.Any) -> dict[str, t.Any]:
    if isinstance(removed, str):
        return offboard.refusal(removed)
    if not isinstance(removed, t.Mapping):
        raise AnsibleFilterError(
            "The input of offboard_result must be a registered result of consent."
        )
    return offboard.result(dict(removed), **options)


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"offboard_result": offboard_result}
