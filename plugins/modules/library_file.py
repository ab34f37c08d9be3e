#!/usr/bin/python
# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: library_file
author:
  - The mssp.defender_xdr contributors (@mssp)
short_description: Upload a file to a customer tenant's live-response library, or delete one
version_added: 0.1.0
description:
  - Brings one file of a tenant's live-response library into the requested state. Live response can
    run such a file on a device, or put it there.
  - The file is uploaded only if the library does not have it, if the SHA-256 of its content is
    another one, or if a description that is set in the task is another one. A second run sends
    nothing.
  - A change is sent once. If its response is lost, the module reads the library to find out whether
    it was applied. The task fails with the category V(unavailable) if it was not, and with
    V(outcome_unknown) if the library cannot be read either.
  - Needs the application permission C(Library.Manage) of the Defender for Endpoint API.
extends_documentation_fragment:
  - mssp.defender_xdr._attributes
  - mssp.defender_xdr._attributes.changes
  - mssp.defender_xdr._tenant
options:
  name:
    description:
      - Name of the file in the library, with its extension and without a folder. Upper and lower
        case are different.
    type: str
    required: true
  src:
    description:
      - File to upload, of at most 20 MB. It is read on the machine that runs the module, which is
        the controller for a tenant host.
      - Required if O(state=present), and ignored if O(state=absent).
    type: path
  state:
    description:
      - V(present) uploads the file, and replaces one of the same name that differs. V(absent)
        deletes it.
    type: str
    default: present
    choices: [present, absent]
  description:
    description:
      - Description of the file. An empty text removes it. If it is not set, the description stays
        as it is.
      - Ignored if O(state=absent), like the two options below.
    type: str
  parameters_description:
    description:
      - Description of the parameters that the script takes. An empty text removes it. If it is not
        set, it stays as it is.
    type: str
  has_parameters:
    description:
      - Whether the script takes parameters. V(false) also removes the description of the
        parameters. If it is not set, it stays as it is, or is V(true) with
        O(parameters_description).
    type: bool
seealso:
  - module: mssp.defender_xdr.library_file_info
  - name: Upload files to the live response library
    description: Microsoft's reference.
    link: https://learn.microsoft.com/defender-endpoint/api/upload-library
"""

EXAMPLES = r"""
- name: Write a script on the controller
  ansible.builtin.copy:
    dest: /tmp/list_autoruns.ps1
    content: |
      param([switch]$All)
      Get-CimInstance Win32_StartupCommand
    mode: "0600"
  delegate_to: localhost
  run_once: true

- name: Keep it in the live-response library
  mssp.defender_xdr.library_file:
    name: list_autoruns.ps1
    src: /tmp/list_autoruns.ps1
    description: Lists the programs that start with Windows
    parameters_description: "-All: of all users"

- name: Remove an older script
  mssp.defender_xdr.library_file:
    name: autoruns.ps1
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
  description: What the task names, as the library had it before. Values of a file that was not
    there are V(null).
  returned: success
  type: dict
  sample: {state: absent, sha256: null}
after:
  description: What the task names, as the library has it after the task, or would have it in check
    mode.
  returned: success
  type: dict
  sample:
    state: present
    sha256: 6e212a0db618507c44e4ec8ee7499dfef7e5767e5f8d31144df3b96fd1145caf
file:
  description: The file after the task, with the fields of the Defender for Endpoint API in
    snake_case. V(null) if the library does not have it. In check mode it has the values that the
    task would set.
  returned: success
  type: dict
  sample:
    file_name: script1.ps1
    sha256: 6e212a0db618507c44e4ec8ee7499dfef7e5767e5f8d31144df3b96fd1145caf
    description: null
    has_parameters: true
    parameters_description: test
writes:
  description: The writes that the task sent, one entry for each request, or would send in check
    mode. The callback P(mssp.defender_xdr.audit#callback) records them. C(outcome) is
    V(succeeded), V(failed), V(outcome_unknown) or V(predicted).
  returned: when something was sent, or would be in check mode
  type: list
  elements: dict
  sample:
    - time: "2026-11-26T06:00:00.25Z"
      object: library file collect.ps1
      before: {state: absent}
      after: {state: present}
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
from ansible_collections.mssp.defender_xdr.plugins.module_utils._library import (
    changes as _changes,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.tenant import Tenant

SPEC = _module.spec(
    {
        "name": {"type": "str", "required": True},
        "src": {"type": "path"},
        "state": {"type": "str", "default": "present", "choices": ["present", "absent"]},
        "description": {"type": "str"},
        "parameters_description": {"type": "str"},
        "has_parameters": {"type": "bool"},
    },
    required_if=[("state", "present", ("src",))],
)
CHANGES = "library file"


def run(tenant: Tenant, params: dict[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
    request = _changes.parse_request(params)
    api = tenant.api("endpoint", "library_file")
    outcome = bring_about(api, _changes.LibraryFile(api, request), check_mode=check_mode)
    result = {"api": "endpoint", **outcome.as_result("file")}
    return {**result, "file": _changes.shown(outcome.thing)}


def main() -> None:
    _module.serve(SPEC, run)


if __name__ == "__main__":
    main()
