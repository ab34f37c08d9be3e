#!/usr/bin/python
# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: device_investigation_package
author:
  - The mssp.defender_xdr contributors (@mssp)
short_description: Collect an investigation package from a device, and download it
version_added: 0.1.0
description:
  - Collects an investigation package on a device, waits for it, and downloads it. The package is a
    ZIP file with the device's autoruns, connections, processes, logs and the like.
  - A collection is an event, so that each run starts a new one and replaces the file. A collection
    that is open already is joined, and its package is downloaded.
  - RV(ignore:changed) says whether a collection was started. The download alone does not count.
  - Needs the application permissions C(Machine.CollectForensics) and C(Machine.Read.All) of the
    Defender for Endpoint API.
extends_documentation_fragment:
  - mssp.defender_xdr._attributes
  - mssp.defender_xdr._attributes.changes
  - mssp.defender_xdr._devices.target
  - mssp.defender_xdr._devices.response
  - mssp.defender_xdr._tenant
options:
  dest:
    description:
      - File for the package. It is written with mode 0600, as a whole or not at all, and on the
        machine that runs the module, which is the controller for a tenant host. Its folder must
        exist.
      - Each tenant and each device needs a file of its own.
      - Required if O(wait=true), and ignored if O(wait=false), which only starts the collection.
        Run the module again with O(wait=true) before the collection ends to download its package.
    type: path
notes:
  - The service returns at most 2 links to packages a minute and 120 an hour for each tenant. The
    module waits for this quota, for at most O(retry_deadline).
seealso:
  - module: mssp.defender_xdr.device_info
  - module: mssp.defender_xdr.device_action_info
  - name: Collect investigation package
    description: Microsoft's reference.
    link: https://learn.microsoft.com/defender-endpoint/api/collect-investigation-package
"""

EXAMPLES = r"""
- name: Find a device with a sensor that answers
  mssp.defender_xdr.device_info:
    health_status: active
    onboarding_status: onboarded
    limit: 1
  register: found

- name: Collect its investigation package
  mssp.defender_xdr.device_investigation_package:
    device: "{{ found.devices[0].id }}"
    comment: Forensics, ticket 4711
    dest: "/tmp/{{ inventory_hostname }}-{{ found.devices[0].computer_dns_name }}.zip"
  register: package

- name: Show what to write into the chain of custody
  ansible.builtin.debug:
    msg: "{{ package.dest }} has {{ package.size }} bytes and the SHA-256 {{ package.sha256 }}"
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
  sample: {package: null}
after:
  description: What the task names, as it is after the task, or would be in check mode.
  returned: success
  type: dict
  sample: {package: collected}
action:
  description:
    - The action that was started, joined or found, with the fields of the Defender for Endpoint API
      in snake_case. V(null) in check mode, and if there is no such action.
  returned: success, or failure of the action
  type: dict
  sample:
    id: 5382f7ea-7557-4ab7-9782-d50480024a4e
    type: collect_investigation_package
    status: succeeded
    machine_id: 1e5bc9d7e413ddd7902c2932e418702b84d0cc07
dest:
  description: The file with the package.
  returned: when the package was downloaded
  type: str
  sample: /var/forensics/contoso-web1.zip
size:
  description: Size of the package in bytes.
  returned: when the package was downloaded
  type: int
  sample: 18874368
sha256:
  description: SHA-256 hash of the package in hexadecimal digits.
  returned: when the package was downloaded
  type: str
  sample: 6e212a0db618507c44e4ec8ee7499dfef7e5767e5f8d31144df3b96fd1145caf
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
      before: {package: null}
      after: {package: collected}
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
from ansible_collections.mssp.defender_xdr.plugins.module_utils._devices import package as _package
from ansible_collections.mssp.defender_xdr.plugins.module_utils._devices import (
    response as _response,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.tenant import Tenant

SPEC = _module.spec(
    {**_response.OPTIONS, "dest": {"type": "path"}}, required_if=[("wait", True, ("dest",))]
)
CHANGES = "device"


def run(tenant: Tenant, params: dict[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
    return _package.collect(tenant, params, check_mode=check_mode)


def main() -> None:
    _module.serve(SPEC, run)


if __name__ == "__main__":
    main()
