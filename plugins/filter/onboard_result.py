# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: onboard_result
author:
  - The mssp.defender_xdr contributors (@mssp)
short_description: Determine how far the onboarding of a tenant got
version_added: 0.1.0
description:
  - The role P(mssp.defender_xdr.onboard#role) uses this filter to set the fact C(onboard_result)
    from the registered results of its tasks.
options:
  _input:
    description:
      - The result of M(mssp.defender_xdr.consent).
    type: dict
    required: true
  waited:
    description:
      - The result of M(mssp.defender_xdr.consent) that waited for the customer, if any.
    type: dict
  first_read:
    description:
      - The result of M(mssp.defender_xdr.incident_info) that read the first incident, if any.
    type: dict
  registered:
    description:
      - The result of the task that wrote O(registry), if any.
    type: dict
  read:
    description:
      - Whether an incident must have been read.
    type: bool
    default: true
  registry:
    description:
      - Path of the registry. Without it, the step C(in_the_registry) is skipped.
    type: path
    default: ""
seealso:
  - plugin: mssp.defender_xdr.offboard_result
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Check what the tenant has granted
  mssp.defender_xdr.consent:
    required_for: [incident_info]
    method: link
  register: asked

- name: Show the steps
  ansible.builtin.debug:
    msg: "{{ (asked | mssp.defender_xdr.onboard_result(read=false)).steps }}"
"""

RETURN = r"""
_value:
  description: C(status), C(steps), C(changed), C(text), C(category), C(who), C(advice),
    C(consent_url) and C(missing_roles), as the README of the role describes them.
  type: dict
"""

import typing as t

from ansible.errors import AnsibleFilterError
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._onboarding import onboard


def onboard_result(asked: t.Any, **options: t.Any) -> dict[str, t.Any]:
    if not isinstance(asked, t.Mapping):
        raise AnsibleFilterError(
            "The input of onboard_result must be a registered result of consent."
        )
    return onboard.result(dict(asked), **options)


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"onboard_result": onboard_result}
