#!/usr/bin/python
# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: device_scan
author:
  - The mssp.defender_xdr contributors (@mssp)
short_description: Run an antivirus scan on a device
version_added: 0.1.0
description:
  - Runs an antivirus scan on a device.
  - A scan is an event, so that each run starts a new one.
  - Needs the application permissions C(Machine.Scan) and C(Machine.Read.All) of the Defender
    for Endpoint API.
extends_documentation_fragment:
  - mssp.defender_xdr._attributes
  - mssp.defender_xdr._attributes.changes
  - mssp.defender_xdr._devices.target
  - mssp.defender_xdr._devices.response
  - mssp.defender_xdr._tenant
options:
  scan_type:
    description:
      - Kind of scan.
    type: str
    default: quick
    choices: [quick, full]
seealso:
  - module: mssp.defender_xdr.device_info
  - module: mssp.defender_xdr.device_action_info
  - name: Run antivirus scan
    description: Microsoft's reference.
    link: https://learn.microsoft.com/defender-endpoint/api/run-av-scan
"""

EXAMPLES = r"""
- name: Find a device with a sensor that answers
  mssp.defender_xdr.device_info:
    health_status: active
    onboarding_status: onboarded
    limit: 1
  register: found

- name: Start a full scan, and go on
  mssp.defender_xdr.device_scan:
    device: "{{ found.devices[0].id }}"
    scan_type: full
    comment: After cleaning, ticket 4711
    wait: false
  register: scan

- name: Show its id, which device_action_info takes
  ansible.builtin.debug:
    var: scan.action.id
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
  sample: {scan_type: null}
after:
  description: What the task names, as it is after the task, or would be in check mode.
  returned: success
  type: dict
  sample: {scan_type: quick}
action:
  description:
    - The action that was started, joined or found, with the fields of the Defender for Endpoint API
      in snake_case. V(null) in check mode, and if there is no such action.
  returned: success, or failure of the action
  type: dict
  sample:
    id: 5382f7ea-7557-4ab7-9782-d50480024a4e
    type: run_anti_virus_scan
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
      object: device pc-1.contoso.example (1111111111111111111111111111111111111111)
      before: {scan_type: null}
      after: {scan_type: quick}
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
from ansible_collections.mssp.defender_xdr.plugins.module_utils._devices import (
    response as _response,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._devices.device_state import Kind
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.tenant import Tenant

SPEC = _module.spec(
    {
        **_response.OPTIONS,
        "scan_type": {"type": "str", "default": "quick", "choices": ["quick", "full"]},
    }
)
CHANGES = "device"


def run(tenant: Tenant, params: dict[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
    word = params["scan_type"].capitalize()
    kind = Kind(
        type="run_anti_virus_scan",
        path="runAntiVirusScan",
        state=("scan_type", params["scan_type"]),
        payload={"ScanType": word},
        parameters={"scope": word},
    )
    return _response.act(tenant, "device_scan", kind, params, check_mode=check_mode)


def main() -> None:
    _module.serve(SPEC, run)


if __name__ == "__main__":
    main()
