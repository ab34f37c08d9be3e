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
  - Serves all tenants of the play's current batch from one process, with threads and shared
    connections. A thousand tenants take seconds instead of the minutes that a task for each host
    takes.
  - Each tenant gets the options and arguments that a task of its own would get, templated with its
    own variables, with the C(module_defaults) of the swept module.
  - One tenant's trouble stays its own. A tenant that did not answer is in RV(failures) with the
    reason, and never an empty result.
  - Use it with C(run_once=true). It works with C(serial), but not with a strategy without batches,
    such as P(ansible.builtin.free#strategy).
  - Needs the application permission of the module that it runs, and none of its own.
attributes:
  action:
    description: Has a corresponding action plugin, so parts of the options can be executed on the
      controller.
    support: full
  async:
    description: Supports C(async).
    support: none
  check_mode:
    description: Can run in check mode and say what would change, without changing anything.
    support: full
    details: As the module that it runs.
  diff_mode:
    description: Says what has changed, or would change, in diff mode.
    support: N/A
    details: As the module that it runs.
  platform:
    description: Where it runs.
    support: full
    platforms: posix
requirements:
  - msal >= 1.35.0
  - requests >= 2.32.3
  - pyjwt[crypto] >= 2.10.0
options:
  module:
    description:
      - The module to run, by its short name or with the collection's name before it.
    type: str
    required: true
    choices:
      - access_token
      - access_token_info
      - incident_info
      - hunting_query
      - consent
      - consent_info
      - application
      - application_info
      - application_credential
      - mssp.defender_xdr.access_token
      - mssp.defender_xdr.access_token_info
      - mssp.defender_xdr.incident_info
      - mssp.defender_xdr.hunting_query
      - mssp.defender_xdr.consent
      - mssp.defender_xdr.consent_info
      - mssp.defender_xdr.application
      - mssp.defender_xdr.application_info
      - mssp.defender_xdr.application_credential
  module_args:
    description:
      - The module's options. Templates in it are rendered for each tenant.
      - The tenant options come from each host's variables, as always, and need not be given here.
    type: dict
    default: {}
  concurrency:
    description:
      - How many tenants are served at the same time.
    type: int
    default: 32
  hosts:
    description:
      - The hosts to serve. An empty list is nobody - no tenant is asked, nothing is changed, and
        the task does not fail.
      - Without this option all hosts of the play's current batch are served. Those that earlier
        tasks lost count as failed, and those that the play ended on purpose, such as with
        C(meta=end_host), are not asked.
    type: list
    elements: str
  fail_when:
    description:
      - Fail the task when V(all) or V(any) tenants did not answer, V(never), or when a share of
        them such as V(10%) or more did not.
      - The task's result is complete also when it fails.
    type: str
    default: all
  dest:
    description:
      - Write the rows of all tenants (incidents, rows of a hunt) into this file on the controller,
        one JSON object a line, each with C(tenant_id) and C(tenant_name), and leave them out of the
        result. They stand in the order of the hosts. The file gets mode 0600 and is put in place
        when all tenants are done. It stays as it was where no tenant answered.
      - In check mode nothing is written, the rows stay in the result, and RV(ignore:changed) says
        whether the file would change.
      - An interrupted sweep leaves the rows it had in a file with C(.partial) behind its name.
      - Without it an interrupted sweep leaves the result it had so far in
        C(~/.ansible/defender_xdr/interrupted_sweep.json), mode 0600; tokens and new secrets never.
      - For a file of each tenant give the O(ignore:dest) of the swept module in O(module_args)
        instead. Two tenants with the same file are refused before any tenant is asked; put
        C({{ inventory_hostname }}) into its name.
    type: path
  fields:
    description:
      - Keep only these fields of each row.
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
    fields: [display_name, severity, assigned_to]
  run_once: true
  register: open_incidents

- name: Show who answered
  ansible.builtin.debug:
    var: open_incidents.coverage
  run_once: true

- name: Hunt in every tenant, rows to one file, and fail when a tenth of the tenants did not answer
  mssp.defender_xdr.sweep:
    module: hunting_query
    module_args:
      query: DeviceInfo | where Timestamp > ago(1d) | summarize arg_max(Timestamp, *) by DeviceId
    dest: /tmp/devices.ndjson
    fail_when: 10%
  run_once: true
"""

RETURN = r"""
results:
  description:
    - The result of each tenant that answered, by host, as the swept module describes it. With
      O(dest) without the rows, except in check mode.
  returned: success or failure of tenants
  type: dict
answered:
  description: The hosts that answered.
  returned: success or failure of tenants
  type: list
  elements: str
failures:
  description: For each host that did not answer the C(error) of the swept module, with its C(msg).
  returned: success or failure of tenants
  type: dict
  sample: {litware: {category: not_consented, who: customer, msg: Tenant litware gives no token.}}
coverage:
  description:
    - How many tenants were C(asked), C(answered) and C(failed). Every host that the batch began
      with counts as asked, except those in RV(ended).
  returned: success or failure of tenants
  type: dict
  sample: {asked: 25, answered: 24, failed: 1}
ended:
  description: The hosts of the batch that the play ended on purpose before the sweep. They were not
    asked and do not count.
  returned: when there are such hosts
  type: list
  elements: str
lost_or_ended:
  description:
    - Hosts that were no longer in the play, where this version of ansible-core does not say whether
      a task failed for them or the play ended them on purpose. They are in RV(failures), but
      O(fail_when) leaves them out.
  returned: when there are such hosts
  type: list
  elements: str
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
            "required": True,
            "choices": [*MODULES, *(f"{COLLECTION}.{name}" for name in MODULES)],
        },
        "module_args": {"type": "dict", "default": {}},
        "concurrency": {"type": "int", "default": 32},
        "hosts": {"type": "list", "elements": "str"},
        "fail_when": {"type": "str", "default": "all"},
        "dest": {"type": "path"},
        "fields": {"type": "list", "elements": "str", "default": []},
    },
    "supports_check_mode": True,
}


def main() -> None:
    _module.only_here(SPEC)


if __name__ == "__main__":
    main()
