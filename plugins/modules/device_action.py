#!/usr/bin/python
# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: device_action
author:
  - The mssp.defender_xdr contributors (@mssp)
short_description: Cancel an action that was requested for a device
version_added: 0.1.0
description:
  - Cancels an action on a device that has not ended. The service can refuse to cancel an action
    that runs already.
  - Needs the application permission C(Machine.Read.All) of the Defender for Endpoint API.
  - The service also wants the permission that starts an action of this type, such as
    C(Machine.Isolate) for an isolation. Whoever starts such actions has it already.
extends_documentation_fragment:
  - mssp.defender_xdr._attributes
  - mssp.defender_xdr._attributes.changes
  - mssp.defender_xdr._tenant
options:
  id:
    description:
      - Id of the action, as in the C(action) of the module that started it.
    type: str
    required: true
  state:
    description:
      - State of the action.
    type: str
    default: cancelled
    choices: [cancelled]
  comment:
    description:
      - Reason for the cancellation, which Microsoft requires.
    type: str
    required: true
  override_protection:
    description:
      - Whether to cancel the action even if its device has one of the tags in O(protected_tags).
    type: bool
    default: false
seealso:
  - module: mssp.defender_xdr.device_action_info
  - name: Cancel machine action
    description: Microsoft's reference.
    link: https://learn.microsoft.com/defender-endpoint/api/cancel-machine-action
"""

EXAMPLES = r"""
- name: Find the actions that no device has picked up for a day
  mssp.defender_xdr.device_action_info:
    status: pending
  register: pending

- name: Cancel them
  mssp.defender_xdr.device_action:
    id: "{{ item.id }}"
    comment: The device did not connect
  loop: "{{ pending.actions | rejectattr('creation_date_time_utc', '>', yesterday) }}"
  vars:
    yesterday: "{{ '%Y-%m-%dT%H:%M:%S' | strftime(now().timestamp() - 86400, utc=true) }}"
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
  sample: {status: pending}
after:
  description: What the task names, as it is after the task, or would be in check mode.
  returned: success
  type: dict
  sample: {status: cancelled}
action:
  description:
    - The action, with the fields of the Defender for Endpoint API
      in snake_case. In check mode it has the status that the task would set.
  returned: success
  type: dict
  sample:
    id: 5382f7ea-7557-4ab7-9782-d50480024a4e
    type: isolate
    status: succeeded
    machine_id: 1e5bc9d7e413ddd7902c2932e418702b84d0cc07
writes:
  description: The writes that the task sent, one entry for each request, or would send in check
    mode. The callback P(mssp.defender_xdr.audit#callback) records them. C(outcome) is
    V(succeeded), V(failed), V(outcome_unknown) or V(predicted).
  returned: when something was sent, or would be in check mode
  type: list
  elements: dict
  sample:
    - time: "2026-11-26T06:00:00.25Z"
      object: action 5382f7ea-7557-4ab7-9782-d50480024a4e
      before: {status: pending}
      after: {status: cancelled}
      action_id: 5382f7ea-7557-4ab7-9782-d50480024a4e
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
from ansible_collections.mssp.defender_xdr.plugins.module_utils._devices import (
    action_list as _list,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._devices import (
    response as _response,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._devices.cancellation import (
    Cancellation,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.tenant import Tenant

SPEC = _module.spec(
    {
        "id": {"type": "str", "required": True},
        "state": {"type": "str", "default": "cancelled", "choices": ["cancelled"]},
        "comment": {"type": "str", "required": True},
        "override_protection": {"type": "bool", "default": False},
    }
)
CHANGES = "action"


def run(tenant: Tenant, params: dict[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
    key, comment = _list.identity(params["id"]), _response.checked_comment(params)
    api = tenant.api("endpoint", "device_action")
    subject = Cancellation(api, key, comment, override=params["override_protection"])
    outcome = bring_about(api, subject, check_mode=check_mode)
    return {"api": "endpoint", **outcome.as_result("action")}


def main() -> None:
    _module.serve(SPEC, run)


if __name__ == "__main__":
    main()
