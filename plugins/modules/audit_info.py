#!/usr/bin/python
# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: audit_info
author:
  - The mssp.defender_xdr contributors (@mssp)
short_description: Read the audit trail of writes, and check that it is intact
version_added: 0.1.0
description:
  - Reads the files that the callback P(mssp.defender_xdr.audit#callback) wrote on the controller,
    and checks them. It finds lines that were changed, removed, added or moved, files that were
    removed, and files that other users can access.
  - The check protects against accidents and against edits by hand. Somebody who can write the files
    can also compute all hashes anew. To detect that, keep copies of the C(.head) files elsewhere.
  - Needs no application permission, because it sends no requests to tenants.
extends_documentation_fragment:
  - mssp.defender_xdr._attributes.CONTROLLER
  - mssp.defender_xdr._attributes.READS
options:
  audit_dir:
    description:
      - Folder on the controller with the audit files.
      - Defaults to the folder that is configured for the callback, under C([defender_xdr]) in
        C(ansible.cfg) or in E(DEFENDER_XDR_AUDIT_DIR).
    type: path
  since:
    description:
      - Return only records from this time on, as an RFC 3339 time with an offset, or an age such as
        V(24h). The whole files are checked all the same.
    type: str
  on_problem:
    description:
      - V(fail) fails the task with the category V(conflict) if the trail is not intact. The result
        then has the same keys.
      - V(report) always succeeds and leaves the decision to the playbook.
    type: str
    default: fail
    choices: [fail, report]
seealso:
  - plugin: mssp.defender_xdr.audit
    plugin_type: callback
"""

EXAMPLES = r"""
- name: Read what was written in the last week, and check the whole trail
  mssp.defender_xdr.audit_info:
    audit_dir: /var/log/soc/audit
    since: 7d
    on_problem: report
  run_once: true
  register: trail

- name: Show every change that failed
  ansible.builtin.debug:
    msg: "{{ item.time }} {{ item.user }}: {{ item.module }} in {{ item.tenant.name }}"
  loop: "{{ trail.records | selectattr('outcome', 'eq', 'failed') }}"
  loop_control:
    label: "{{ item.object }}"
  run_once: true
"""

RETURN = r"""
records:
  description:
    - The records, by time, with the keys C(time), C(run_id), C(user), C(playbook), C(task),
      C(tenant), C(module), C(object), C(before), C(after), C(action_id), C(request_id),
      C(outcome) and C(previous), as described for P(mssp.defender_xdr.audit#callback).
    - Lines that are not JSON objects are only in RV(problems).
  returned: success, or failure because of O(on_problem)
  type: list
  elements: dict
  sample:
    - time: "2026-11-26T06:00:00.25Z"
      run_id: 6f4c2a52-6f0b-4c57-a2b4-9b8a9e1d6c11
      user: sam
      playbook: /home/sam/triage.yml
      task: Claim it
      tenant: {id: 22222222-2222-2222-2222-222222222222, name: contoso, cloud: public}
      module: mssp.defender_xdr.incident
      object: incident 2972395
      before: {status: active}
      after: {status: in_progress}
      action_id: null
      request_id: 0d5a3c1e-3f0f-4a0e-9c55-0e5f9b2a7d44
      outcome: succeeded
      previous: "0000000000000000000000000000000000000000000000000000000000000000"
count:
  description: Number of records.
  returned: success, or failure because of O(on_problem)
  type: int
  sample: 1
valid:
  description: Whether all files are intact, and only their owner can access them.
  returned: success, or failure because of O(on_problem)
  type: bool
  sample: true
problems:
  description:
    - What is wrong with the files, as C(file), C(line) (from 1, or V(null) for the whole file),
      C(code) and C(text).
    - C(code) is V(chain_broken) for a line that was changed, or where lines were removed, added or
      moved, V(lines_missing) or V(lines_added) at the end of a file, V(line_incomplete),
      V(not_json), V(other_tenant), V(file_missing), V(head_missing), V(unreadable), or
      V(accessible_to_others).
  returned: success, or failure because of O(on_problem)
  type: list
  elements: dict
  sample:
    - file: /var/log/soc/audit/22222222-2222-2222-2222-222222222222.ndjson
      line: 12
      code: lines_missing
      text: "the file has 12 lines, but the head counts 13: lines were removed"
error:
  description: Details of the failure. Playbooks can branch on C(category); C(who) is the party that
    must act, and C(advice) describes what to do.
  returned: failure
  type: dict
"""

from ansible_collections.mssp.defender_xdr.plugins.module_utils import _module

SPEC = {
    "argument_spec": {
        "audit_dir": {"type": "path"},
        "since": {"type": "str"},
        "on_problem": {"type": "str", "default": "fail", "choices": ["fail", "report"]},
    },
    "supports_check_mode": True,
}


def main() -> None:
    _module.only_here(SPEC)


if __name__ == "__main__":
    main()
