#!/usr/bin/python
# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: device_live_response
author:
  - The mssp.defender_xdr contributors (@mssp)
short_description: Put files on a device, run scripts there, and get files from it
version_added: 0.1.0
description:
  - Runs the commands of a live-response session on a device, waits for them, and fetches what they
    return.
  - Live response is an event, so that each run starts a new session. A device has one session at a
    time. An open one with the same commands is joined, and one with other commands is waited for.
  - RV(ignore:changed) says whether a session was started. Fetched files alone do not count.
  - Needs the application permissions C(Machine.LiveResponse) and C(Machine.Read.All) of the
    Defender for Endpoint API. Live response must be enabled in the tenant, and the device's group
    must have an automation level.
extends_documentation_fragment:
  - mssp.defender_xdr._attributes
  - mssp.defender_xdr._attributes.changes
  - mssp.defender_xdr._devices.target
  - mssp.defender_xdr._devices.response
  - mssp.defender_xdr._tenant
options:
  commands:
    description:
      - Commands to run, in this order. The first one that fails ends the session.
      - Each has exactly one of C(put_file), C(run_script) and C(get_file). The service takes them
        in this order only, so all C(put_file) come first and all C(get_file) last.
    type: list
    elements: dict
    required: true
    suboptions:
      put_file:
        description:
          - Name of a file of the live-response library that is put on the device.
        type: str
      run_script:
        description:
          - Name of a script of the live-response library that is run on the device. It may run for
            10 minutes.
        type: str
      args:
        description:
          - Arguments of the script in C(run_script).
        type: str
      get_file:
        description:
          - Path of a file on the device that is fetched.
        type: str
  dest:
    description:
      - Folder for what the commands return. It is created with mode 0700 if it is missing, on the
        machine that runs the module, which is the controller for a tenant host.
      - Each C(get_file) and C(run_script) has a file in it with the name C(<index>-<name>), where
        the index counts all commands from 0, and the name is that of the script, or of the file
        without its folder. The file of a script is the JSON that the service keeps of its run.
        Files are written with mode 0600, each as a whole or not at all.
      - Each tenant and each device needs a folder of its own.
      - Required with C(get_file), unless O(wait=false), which only starts the session and fetches
        nothing. Run the module again with O(wait=true) before the session ends to fetch its
        results.
    type: path
notes:
  - If a command fails, the task fails with the category V(action_failed), and the message has the
    command's index and errors. RV(commands) has the results of the commands before it.
  - A tenant can have 25 sessions at a time and start 10 a minute. If there are too many, the module
    waits for a free one for at most O(wait_timeout), even if O(wait=false).
  - The service keeps a session for a device that is offline for 3 days.
seealso:
  - module: mssp.defender_xdr.library_file
  - module: mssp.defender_xdr.device_info
  - module: mssp.defender_xdr.device_action_info
  - name: Run live response commands on a device
    description: Microsoft's reference.
    link: https://learn.microsoft.com/defender-endpoint/api/run-live-response
"""

EXAMPLES = r"""
- name: Write a script on the controller
  ansible.builtin.copy:
    dest: /tmp/list_autoruns.ps1
    content: Get-CimInstance Win32_StartupCommand
    mode: "0600"
  delegate_to: localhost
  run_once: true

- name: Keep it in the live-response library
  mssp.defender_xdr.library_file:
    name: list_autoruns.ps1
    src: /tmp/list_autoruns.ps1

- name: Find a device with a sensor that answers
  mssp.defender_xdr.device_info:
    health_status: active
    onboarding_status: onboarded
    limit: 1
  register: found

- name: Run the script on the device, and fetch a file from it
  mssp.defender_xdr.device_live_response:
    device: "{{ found.devices[0].id }}"
    comment: Persistence, ticket 4711
    commands:
      - run_script: list_autoruns.ps1
        args: -All
      - get_file: C:\Windows\System32\drivers\etc\hosts
    dest: "/tmp/live-{{ inventory_hostname }}"
  register: live

- name: Show the output of the script
  ansible.builtin.debug:
    var: live.commands[0].script_output
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
  sample: {commands: null}
after:
  description: What the task names, as it is after the task, or would be in check mode.
  returned: success
  type: dict
  sample: {commands: [{run_script: list_autoruns.ps1, args: -All}]}
action:
  description:
    - The action that was started, joined or found, with the fields of the Defender for Endpoint API
      in snake_case. V(null) in check mode, and if there is no such action.
  returned: success, or failure of the action
  type: dict
  sample:
    id: 5382f7ea-7557-4ab7-9782-d50480024a4e
    type: live_response
    status: succeeded
    machine_id: 1e5bc9d7e413ddd7902c2932e418702b84d0cc07
commands:
  description:
    - The commands, each with its C(index), the option that names it, its C(args) if it has any,
      C(status) (V(created), V(completed), V(failed), and V(null) without an action) and C(errors).
    - Those that completed have what they returned. For C(run_script) that is C(exit_code),
      C(script_output) and C(script_errors). With O(dest), C(run_script) and C(get_file) have
      C(dest), C(size) in bytes and C(sha256) of the file. C(put_file) returns nothing.
  returned: success, or failure of the action
  type: list
  elements: dict
  sample:
    - index: 0
      run_script: list_autoruns.ps1
      args: -All
      status: completed
      errors: []
      exit_code: 0
      script_output: "OneDrive\n"
      script_errors: ""
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
      before: {commands: null}
      after: {commands: [{run_script: list_autoruns.ps1, args: -All}]}
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
    commands as _commands,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._devices import (
    live_response as _live_response,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._devices import (
    response as _response,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.tenant import Tenant

SPEC = _module.spec({**_response.OPTIONS, "commands": _commands.OPTION, "dest": {"type": "path"}})
CHANGES = "device"


def run(tenant: Tenant, params: dict[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
    return _live_response.run(tenant, params, check_mode=check_mode)


def main() -> None:
    _module.serve(SPEC, run)


if __name__ == "__main__":
    main()
