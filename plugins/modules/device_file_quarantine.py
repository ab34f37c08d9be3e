#!/usr/bin/python
# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: device_file_quarantine
author:
  - The mssp.defender_xdr contributors (@mssp)
short_description: Stop a file on a device, and quarantine it
version_added: 0.1.0
description:
  - Stops the processes of a file on a device, and moves the file to quarantine. The file must have
    been seen on that device.
  - A quarantine is an event, so that each run starts a new one.
  - Needs the application permissions C(Machine.StopAndQuarantine) and C(Machine.Read.All) of
    the Defender for Endpoint API.
extends_documentation_fragment:
  - mssp.defender_xdr._attributes
  - mssp.defender_xdr._attributes.changes
  - mssp.defender_xdr._devices.target
  - mssp.defender_xdr._devices.response
  - mssp.defender_xdr._tenant
options:
  sha1:
    description:
      - SHA-1 hash of the file, of 40 hexadecimal digits.
    type: str
    required: true
seealso:
  - module: mssp.defender_xdr.device_info
  - module: mssp.defender_xdr.device_action_info
  - name: Stop and quarantine file
    description: Microsoft's reference.
    link: https://learn.microsoft.com/defender-endpoint/api/stop-and-quarantine-file
"""

EXAMPLES = r"""
- name: Find a suspicious file on a device
  mssp.defender_xdr.hunting_query:
    query: DeviceFileEvents | where isnotempty(SHA1) | project DeviceId, SHA1 | take 1
  register: files

- name: Show what a quarantine would change
  mssp.defender_xdr.device_file_quarantine:
    device: "{{ item.DeviceId }}"
    sha1: "{{ item.SHA1 }}"
    comment: Dropper, ticket 4711
  loop: "{{ files.rows }}"
  check_mode: true
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
  sample: {sha1: null}
after:
  description: What the task names, as it is after the task, or would be in check mode.
  returned: success
  type: dict
  sample: {sha1: 87662bc3d60e4200ceaf7aae249d1c343f4b83c9}
action:
  description:
    - The action that was started, joined or found, with the fields of the Defender for Endpoint API
      in snake_case. V(null) in check mode, and if there is no such action.
  returned: success, or failure of the action
  type: dict
  sample:
    id: 5382f7ea-7557-4ab7-9782-d50480024a4e
    type: stop_and_quarantine_file
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
      before: {sha1: null}
      after: {sha1: 87662bc3d60e4200ceaf7aae249d1c343f4b83c9}
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
from ansible_collections.mssp.defender_xdr.plugins.module_utils._devices import actions as _actions
from ansible_collections.mssp.defender_xdr.plugins.module_utils._devices import (
    response as _response,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._devices.device_state import Kind
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.tenant import Tenant

SPEC = _module.spec({**_response.OPTIONS, "sha1": {"type": "str", "required": True}})
CHANGES = "device"


def run(tenant: Tenant, params: dict[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
    sha1 = _actions.sha1(params["sha1"])
    kind = Kind(
        type="stop_and_quarantine_file",
        path="StopAndQuarantineFile",
        state=("sha1", sha1),
        payload={"Sha1": sha1},
        parameters={"related_file_info.file_identifier": sha1},
    )
    return _response.act(tenant, "device_file_quarantine", kind, params, check_mode=check_mode)


def main() -> None:
    _module.serve(SPEC, run)


if __name__ == "__main__":
    main()
