#!/usr/bin/python
# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: sweep
author:
  - The mssp.defender_xdr contributors (@mssp)
short_description: Run one of the collection's modules for every tenant of the play in one task
version_added: 0.1.0
description:
  - Runs a module for all tenants of the play's current batch in a few processes, with threads and
    shared connections. A thousand tenants take seconds, compared with minutes for one task per
    host.
  - Each tenant gets the options and arguments that it would get in a separate task. They are
    templated with the tenant's variables, and the C(module_defaults) of the module that is run
    apply.
  - A failure of one tenant does not affect the others. A tenant that failed is in RV(failures) with
    the reason, and never has an empty result. A warning lists the failed tenants by category.
  - A tenant that fails with V(wrong_tenant) is a security event, which a separate warning reports
    first.
  - Use it with C(run_once=true). It works with C(serial), but not with a strategy that has no
    batches, such as P(ansible.builtin.free#strategy).
  - Needs the application permission of the module that it runs, and no other.
extends_documentation_fragment:
  - mssp.defender_xdr._attributes.CONTROLLER
attributes:
  check_mode:
    description: Can run in check mode and report what would change, without changing anything.
    support: full
    details: Same as for the module that it runs.
  diff_mode:
    description: Returns what has changed, or would change, in diff mode.
    support: N/A
    details: Same as for the module that it runs.
requirements:
  - msal >= 1.35.0
  - requests >= 2.32.3
  - pyjwt[crypto] >= 2.10.0
options:
  module:
    description:
      - Module to run, by its short name or its fully qualified name.
      - A module that changes incidents, alerts, devices or files first runs in check mode in all
        tenants. If more would change than O(max_changes) allows, the task fails before it sends a
        write. Otherwise the module runs in those tenants where something is to be changed, or where
        it joins an open action of a device. A tenant that failed in check mode is not tried again.
      - Required unless O(apply) is set.
    type: str
    choices:
      - access_token
      - access_token_info
      - incident_info
      - incident
      - alert_info
      - alert
      - hunting_query
      - device_info
      - device_tag
      - device_isolation
      - device_code_restriction
      - device_scan
      - device_file_quarantine
      - device_investigation_package
      - device_live_response
      - device_investigation
      - device_offboarding
      - device_action
      - device_action_info
      - library_file
      - library_file_info
      - consent
      - consent_info
      - application
      - application_info
      - application_credential
      - mssp.defender_xdr.access_token
      - mssp.defender_xdr.access_token_info
      - mssp.defender_xdr.incident_info
      - mssp.defender_xdr.incident
      - mssp.defender_xdr.alert_info
      - mssp.defender_xdr.alert
      - mssp.defender_xdr.hunting_query
      - mssp.defender_xdr.device_info
      - mssp.defender_xdr.device_tag
      - mssp.defender_xdr.device_isolation
      - mssp.defender_xdr.device_code_restriction
      - mssp.defender_xdr.device_scan
      - mssp.defender_xdr.device_file_quarantine
      - mssp.defender_xdr.device_investigation_package
      - mssp.defender_xdr.device_live_response
      - mssp.defender_xdr.device_investigation
      - mssp.defender_xdr.device_offboarding
      - mssp.defender_xdr.device_action
      - mssp.defender_xdr.device_action_info
      - mssp.defender_xdr.library_file
      - mssp.defender_xdr.library_file_info
      - mssp.defender_xdr.consent
      - mssp.defender_xdr.consent_info
      - mssp.defender_xdr.application
      - mssp.defender_xdr.application_info
      - mssp.defender_xdr.application_credential
  module_args:
    description:
      - Options of the module. Templates in them are evaluated for each tenant.
      - The tenant options come from each host's variables as usual, and need not be repeated here.
    type: dict
    default: {}
  concurrency:
    description:
      - Maximum number of tenants to process at the same time.
      - If this option is not set, the number adapts. It starts at 32 and rises up to 256 while the
        services answer in time and the processor waits for them. It falls again, down to 32, if
        many tenants at once are throttled or get no response. A tenant that exceeds its own quota
        does not lower it.
      - If the module only reads, several processes share this number. There is one process for
        every 64 tenants, but no more than processors, Ansible's C(forks) or 8. Any other module
        runs in one process.
      - The upper bound is lower where fewer files can be open (C(ulimit -n), 4 for each tenant) or
        where half of the available memory is less than 16 MiB for each tenant, but at least 8.
    type: int
  hosts:
    description:
      - Hosts to run the module for. If the list is empty, no tenant is queried, nothing is changed,
        and the task does not fail.
      - If this option is not set, the module runs for all hosts of the play's current batch. Hosts
        that failed or were unreachable in earlier tasks count as failed. Hosts that the play ended
        on purpose, for example with C(meta=end_host), are left out.
    type: list
    elements: str
  fail_when:
    description:
      - When to fail the task, as V(all), V(any), V(never) or a percentage such as V(10%).
      - V(all) fails if all tenants failed, V(any) if at least one tenant failed, and a percentage
        if that share of the tenants or more failed. V(never) does not fail.
      - The result is complete even if the task fails.
    type: str
    default: all
  max_changes:
    description:
      - Maximum number of objects that the sweep may change in all tenants together. V(0) sets no
        limit. If the option is not set, the smallest C(max_changes) of the tenants applies, which
        is 10 by default.
      - If more would change, the task fails with the category V(refused) before it sends a write,
        in check mode too. With C(serial), the limit applies to each batch.
      - For M(mssp.defender_xdr.consent) with C(state=absent) it is the maximum number of tenants in
        which the sweep may remove the application. There it is required, even if C(state) comes
        from C(module_defaults) or from a template, and the task fails before any tenant is queried.
    type: int
  plan:
    description:
      - File on the controller for a plan of what the module would change, for a module that changes
        incidents, alerts, devices or files. The module runs in check mode in all tenants, and no
        write is sent. O(apply) can carry out the plan later, for example after somebody else has
        approved it.
      - The plan is NDJSON with mode 0600. Each line has the tenant, the arguments, the object, and
        its state before and after. It has no credentials. Tenants that failed are not in it.
      - O(max_changes) does not refuse a plan. RV(changes) is the number of changes in it.
      - In check mode, the file is not written. A play with C(serial) is refused, because each batch
        would replace the plan.
    type: path
  apply:
    description:
      - File with a plan to carry out, in place of O(module) and O(module_args). Exactly the changes
        in the plan are made, in the tenants of the plan, which must be hosts of the sweep.
      - If an object is neither as the plan saw it nor as the plan would make it, its tenant fails
        with the category V(conflict), and nothing is changed there.
      - A plan that was edited, is of another version, or has tenants that are no hosts of the sweep
        is refused as a whole with the category V(refused), before any tenant is queried. The same
        applies if it has more changes than O(max_changes) allows.
    type: path
  plan_key_file:
    description:
      - File with a secret key of at least 16 bytes. With it, only somebody who has the key can make
        or edit a plan. Without it, the plan is protected against mistakes only. The same key is
        needed for O(plan) and O(apply).
    type: path
  provider_tenants:
    description:
      - Confirms that all hosts of the sweep are your own tenants and not those of customers. It is
        required for M(mssp.defender_xdr.application) and
        M(mssp.defender_xdr.application_credential), which manage your own applications. Without
        it, the task fails with the category V(refused) before any tenant is queried.
    type: bool
    default: false
  dest:
    description:
      - File on the controller to write the rows of all tenants to (incidents, rows of a hunt). It
        has one JSON object per line, each with C(tenant_id) and C(tenant_name), in the order of the
        hosts. The rows are then not in the result. The file has mode 0600 and is put in place when
        all tenants are done. It stays unchanged if no tenant answered.
      - In check mode, nothing is written, the rows stay in the result, and RV(ignore:changed) shows
        whether the file would change.
      - Memory use does not grow with the number of rows. Without O(dest), Ansible needs several
        times the size of the rows in JSON, and the sweep warns above 50 MB of them.
      - If the sweep is interrupted, the rows that it has so far are written to a file with the
        suffix C(.partial).
      - Without this option, an interrupted sweep writes the result that it has so far to
        C(~/.ansible/defender_xdr/interrupted_sweep.json) with mode 0600. Results of
        M(mssp.defender_xdr.access_token) and M(mssp.defender_xdr.application_credential) are never
        written.
      - To write a separate file for each tenant, set the O(ignore:dest) of the module in
        O(module_args) instead, with C({{ inventory_hostname }}) in its name. If two tenants have
        the same file, the task fails before any tenant is queried.
    type: path
  fields:
    description:
      - Fields of each row to keep. If the list is empty, all fields are kept.
    type: list
    elements: str
    default: []
seealso:
  - module: mssp.defender_xdr.incident_info
  - module: mssp.defender_xdr.hunting_query
"""

EXAMPLES = r"""
- name: List the open incidents of every tenant
  mssp.defender_xdr.sweep:
    module: incident_info
    module_args:
      status: [active, in_progress]
    fields: [id, display_name, severity, assigned_to]
  run_once: true
  register: open_incidents

- name: Show how many tenants answered
  ansible.builtin.debug:
    var: open_incidents.coverage
  run_once: true

- name: Hunt in every tenant, write the rows to one file, and fail if 10 % or more failed
  mssp.defender_xdr.sweep:
    module: hunting_query
    module_args:
      query: DeviceInfo | where Timestamp > ago(1d) | summarize arg_max(Timestamp, *) by DeviceId
    dest: /tmp/devices.ndjson
    fail_when: 10%
  run_once: true

- name: Show what would change if one of us took the newest incident of each of these tenants
  mssp.defender_xdr.sweep:
    module: incident
    module_args:
      id: "{{ open_incidents.results[inventory_hostname].incidents[0].id }}"
      assigned_to: sam.soc@mssp.example
      claim: true
    hosts: "{{ open_incidents.results | dict2items | selectattr('value.count')
      | map(attribute='key') }}"
    max_changes: 50
  run_once: true
  check_mode: true

- name: Plan to tag the newest incident of each of these tenants
  mssp.defender_xdr.sweep:
    module: incident
    module_args:
      id: "{{ open_incidents.results[inventory_hostname].incidents[0].id }}"
      custom_tags: [night-shift]
    hosts: "{{ open_incidents.results | dict2items | selectattr('value.count')
      | map(attribute='key') }}"
    plan: /tmp/night-shift.ndjson
  run_once: true

- name: Carry out the plan
  mssp.defender_xdr.sweep:
    apply: /tmp/night-shift.ndjson
    max_changes: 50
  run_once: true

- name: Preview the removal of the application from two customer tenants
  mssp.defender_xdr.sweep:
    module: consent
    module_args:
      state: absent
    hosts: [contoso, litware]
    max_changes: 2
  run_once: true
  check_mode: true
"""

RETURN = r"""
results:
  description:
    - The result for each tenant that answered, by host, as documented for the module that was run.
      With O(dest), the results do not contain the rows, except in check mode.
  returned: success, or failure because of O(fail_when)
  type: dict
answered:
  description: The hosts that answered.
  returned: success, or failure because of O(fail_when)
  type: list
  elements: str
failures:
  description:
    - For each host that failed, the C(error) of the module, with its C(msg).
    - Also C(roles), C(missing_roles) and C(expires_at) of the token, if the module returns them
      when it fails, as M(mssp.defender_xdr.access_token_info) does.
  returned: success, or failure because of O(fail_when)
  type: dict
  sample: {litware: {category: not_consented, who: customer, msg: The application has not been
    consented to in tenant litware.}}
coverage:
  description:
    - Number of tenants in total (C(asked)), and how many of them C(answered) and C(failed). Every
      host that the batch started with is counted, except those in RV(ended).
  returned: success, or failure because of O(fail_when)
  type: dict
  sample: {asked: 25, answered: 24, failed: 1}
asked_at:
  description: Time when the first tenant was queried, in UTC. Null if no tenant was queried.
  returned: success, or failure because of O(fail_when)
  type: str
  sample: "2026-11-26T08:00:00Z"
ended:
  description: The hosts of the batch that the play ended on purpose before the sweep. The module
    was not run for them, and they are not counted.
  returned: when there are such hosts
  type: list
  elements: str
lost_or_ended:
  description:
    - Hosts that were no longer in the play, if this version of ansible-core does not show whether a
      task failed for them or the play ended them on purpose. They are in RV(failures), but
      O(fail_when) ignores them.
  returned: when there are such hosts
  type: list
  elements: str
changes:
  description: Number of objects that were changed, or would be in check mode or with O(plan).
  returned: for a module that changes incidents, alerts, devices or files
  type: int
plan:
  description: The file of the plan.
  returned: with O(plan)
  type: str
module:
  description: The module that the plan names.
  returned: with O(apply)
  type: str
  sample: mssp.defender_xdr.incident
dest:
  description: The file for the rows.
  returned: with O(dest)
  type: str
"""

from ansible_collections.mssp.defender_xdr.plugins.module_utils import _module
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.permissions import MODULES

COLLECTION = "mssp.defender_xdr"
SPEC = {
    "argument_spec": {
        "module": {
            "type": "str",
            "choices": [*MODULES, *(f"{COLLECTION}.{name}" for name in MODULES)],
        },
        "module_args": {"type": "dict", "default": {}},
        "concurrency": {"type": "int"},
        "hosts": {"type": "list", "elements": "str"},
        "fail_when": {"type": "str", "default": "all"},
        "max_changes": {"type": "int"},
        "plan": {"type": "path"},
        "apply": {"type": "path"},
        "plan_key_file": {"type": "path", "no_log": False},
        "provider_tenants": {"type": "bool", "default": False},
        "dest": {"type": "path"},
        "fields": {"type": "list", "elements": "str", "default": []},
    },
    "required_one_of": [("module", "apply")],
    "mutually_exclusive": [("module", "apply"), ("plan", "apply")],
    "supports_check_mode": True,
}


def main() -> None:
    _module.only_here(SPEC)


if __name__ == "__main__":
    main()
