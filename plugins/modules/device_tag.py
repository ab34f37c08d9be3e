#!/usr/bin/python
# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: device_tag
author:
  - The mssp.defender_xdr contributors (@mssp)
short_description: Add tags to a device, or remove them
version_added: 0.1.0
description:
  - Adds tags to a device in Defender for Endpoint, or removes them. Tags can put a device into a
    device group, which can change its rights and its automated remediation.
  - Each tag is sent once, in a request of its own. If the response is lost, the module reads the
    device to find out whether the tag was changed.
  - Needs the application permission C(Machine.ReadWrite.All) of the Defender for Endpoint API.
extends_documentation_fragment:
  - mssp.defender_xdr._attributes
  - mssp.defender_xdr._attributes.changes
  - mssp.defender_xdr._devices.target
  - mssp.defender_xdr._tenant
options:
  tags:
    description:
      - Tags, with upper and lower case as given.
    type: list
    elements: str
    required: true
  state:
    description:
      - V(present) adds the tags, V(absent) removes them, and V(exact) removes all other tags too.
    type: str
    default: present
    choices: [present, absent, exact]
seealso:
  - module: mssp.defender_xdr.device_info
  - name: Add or remove machine tags
    description: Microsoft's reference.
    link: https://learn.microsoft.com/defender-endpoint/api/add-or-remove-machine-tags
"""

EXAMPLES = r"""
- name: Find a device with a sensor that answers
  mssp.defender_xdr.device_info:
    health_status: active
    onboarding_status: onboarded
    limit: 1
  register: found

- name: Mark a device as under investigation
  mssp.defender_xdr.device_tag:
    device: "{{ found.devices[0].id }}"
    tags: [investigation]

- name: Remove the mark
  mssp.defender_xdr.device_tag:
    device: "{{ found.devices[0].id }}"
    tags: [investigation]
    state: absent
"""

RETURN = r"""
tenant:
  description: The tenant, with its C(id), C(name) and C(cloud).
  returned: always
  type: dict
  sample: {id: 22222222-2222-2222-2222-222222222222, name: contoso, cloud: public}
api:
  description: The API that was used.
  returned: success
  type: str
  sample: endpoint
before:
  description: What the task names, as it was before.
  returned: success
  type: dict
  sample: {machine_tags: []}
after:
  description: What the task names, as it is after the task, or would be in check mode.
  returned: success
  type: dict
  sample: {machine_tags: [investigation]}
device:
  description: The device after the task, with the fields of the Defender for Endpoint API in
    snake_case. In check mode it has the tags that the task would set.
  returned: success
  type: dict
  sample:
    id: 1e5bc9d7e413ddd7902c2932e418702b84d0cc07
    computer_dns_name: mymachine1.contoso.com
    machine_tags: [investigation]
writes:
  description: The writes that the task sent, one entry for each request, or would send in check
    mode. The callback P(mssp.defender_xdr.audit#callback) records them. C(outcome) is
    V(succeeded), V(failed), V(outcome_unknown) or V(predicted).
  returned: when something was sent, or would be in check mode
  type: list
  elements: dict
  sample:
    - time: "2026-11-26T06:00:00.25Z"
      object: device pc-1.contoso.example (1111111111111111111111111111111111111111)
      before: {machine_tags: []}
      after: {machine_tags: [vip]}
      action_id: null
      request_id: 0d5a3c1e-3f0f-4a0e-9c55-0e5f9b2a7d44
      outcome: succeeded
waited_seconds:
  description: Seconds spent waiting for the tenant's quotas and between retries after failures.
  returned: always
  type: float
  sample: 0.0
error:
  description: Details of the failure. Playbooks can branch on C(category); C(who) is the party that
    must act, and C(advice) describes what to do.
  returned: failure
  type: dict
missing_roles:
  description: The required roles that the tenant has not granted.
  returned: when the category is role_missing
  type: list
  elements: str
"""

import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils import _module
from ansible_collections.mssp.defender_xdr.plugins.module_utils._acting.desired_state import (
    bring_about,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._devices import tags as _tags
from ansible_collections.mssp.defender_xdr.plugins.module_utils._devices import target as _target
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.tenant import Tenant

SPEC = _module.spec(
    {
        **_target.OPTIONS,
        "tags": {"type": "list", "elements": "str", "required": True},
        "state": {
            "type": "str",
            "default": "present",
            "choices": ["present", "absent", "exact"],
        },
    }
)
CHANGES = "device"


def run(tenant: Tenant, params: dict[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
    tags = _tags.checked(params["tags"])
    api = tenant.api("endpoint", "device_tag")
    device = _target.target(api, params)
    subject = _tags.Tags(api, device, tags, params["state"])
    return {
        "api": "endpoint",
        **bring_about(api, subject, check_mode=check_mode).as_result("device"),
    }


def main() -> None:
    _module.serve(SPEC, run)


if __name__ == "__main__":
    main()
