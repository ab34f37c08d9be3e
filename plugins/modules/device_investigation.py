#!/usr/bin/python
# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: device_investigation
author:
  - The mssp.defender_xdr contributors (@mssp)
short_description: Start an automated investigation on a device
version_added: 0.1.0
description:
  - Starts an automated investigation on a device, and waits for it.
  - An investigation is an event, so that each run starts a new one. One that is open on the device
    is joined, whoever or whatever started it.
  - The service returns an investigation and no machine action. RV(action) has its fields, with the
    C(type) V(start_investigation) and a C(status) that follows from its C(state). The C(state)
    V(queued) is V(pending). V(running), V(pending_resource) and V(pending_approval) are
    V(in_progress). V(benign), V(successfully_remediated), V(partially_remediated) and
    V(partially_investigated) are V(succeeded). V(terminated_by_system) is V(timed_out).
    V(terminated) and V(terminated_by_user) are V(cancelled). V(failed), V(inner_failure),
    V(unsupported_os), V(unsupported_alert_type), V(preexisting_alert) and V(suppressed_alert) are
    V(failed). Any other is V(failed) if the investigation has ended, otherwise V(in_progress).
  - The wait ends at V(pending_approval), because the investigation goes on only after a person has
    approved or rejected its actions. The task succeeds with a warning, and C(status) stays
    V(in_progress). V(partially_remediated) and V(partially_investigated) are a warning too.
  - Needs the application permissions C(Alert.ReadWrite.All) and C(Machine.Read.All) of the Defender
    for Endpoint API.
extends_documentation_fragment:
  - mssp.defender_xdr._attributes
  - mssp.defender_xdr._attributes.changes
  - mssp.defender_xdr._devices.target
  - mssp.defender_xdr._devices.response
  - mssp.defender_xdr._tenant
notes:
  - The service starts at most 50 investigations an hour in each tenant. Beyond that the task fails
    with the category V(throttled).
  - An investigation does not show the comment. If the response is lost, one that was not there
    before counts as started by this task.
seealso:
  - module: mssp.defender_xdr.device_info
  - name: Start Investigation
    description: Microsoft's reference.
    link: https://learn.microsoft.com/defender-endpoint/api/initiate-autoir-investigation
  - name: Investigation resource type
    description: Microsoft's reference, with the states.
    link: https://learn.microsoft.com/defender-endpoint/api/investigation
"""

EXAMPLES = r"""
- name: Find a device with a sensor that answers
  mssp.defender_xdr.device_info:
    health_status: active
    onboarding_status: onboarded
    limit: 1
  register: found

- name: Let Defender investigate it
  mssp.defender_xdr.device_investigation:
    device: "{{ found.devices[0].id }}"
    comment: After phishing, ticket 4711
  register: investigation

- name: Show what it has found
  ansible.builtin.debug:
    var: investigation.action.state
  when: not ansible_check_mode
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
  sample: {investigation: null}
after:
  description: What the task names, as it is after the task, or would be in check mode.
  returned: success
  type: dict
  sample: {investigation: started}
action:
  description:
    - The investigation that was started or joined, with the fields of the Defender for Endpoint API
      in snake_case. V(null) in check mode, unless one is open.
  returned: success, or failure of the action
  type: dict
  sample:
    id: "63017"
    type: start_investigation
    status: succeeded
    state: benign
    status_details: null
    start_time: "2026-01-06T14:11:34Z"
    end_time: "2026-01-06T14:21:34Z"
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
      object: device pc-1.contoso.example (1111111111111111111111111111111111111111)
      before: {investigation: null}
      after: {investigation: started}
      action_id: "63017"
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
from ansible_collections.mssp.defender_xdr.plugins.module_utils._devices import (
    investigations as _investigations,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._devices import (
    response as _response,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._devices.device_state import Kind
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.tenant import Tenant

SPEC = _module.spec({**_response.OPTIONS})
CHANGES = "device"
INVESTIGATION: t.Final = Kind(
    type=_investigations.TYPE,
    path="startInvestigation",
    state=("investigation", "started"),
    source=_investigations.INVESTIGATIONS,
)


def run(tenant: Tenant, params: dict[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
    module = "device_investigation"
    result = _response.act(tenant, module, INVESTIGATION, params, check_mode=check_mode)
    if result["action"]:
        _investigations.warn(tenant, result["action"])
    return result


def main() -> None:
    _module.serve(SPEC, run)


if __name__ == "__main__":
    main()
