#!/usr/bin/python
# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: device_action_info
author:
  - The mssp.defender_xdr contributors (@mssp)
short_description: List the actions that were requested for devices
version_added: 0.1.0
description:
  - Lists the actions on devices, such as isolations and scans, whoever requested them, newest
    first. The service keeps them for about six months.
  - Actions have the field names of the Defender for Endpoint API in snake_case. Values of C(type)
    and C(status) are in snake_case too, and C(TimeOut) is V(timed_out).
  - Options combine, and an action must match all of them. An option with several values matches any
    of them.
  - Needs the application permission C(Machine.Read.All) of the Defender for Endpoint API.
extends_documentation_fragment:
  - mssp.defender_xdr._attributes
  - mssp.defender_xdr._attributes.reads
  - mssp.defender_xdr._tenant
options:
  id:
    description:
      - Ids of actions.
    type: list
    elements: str
  device:
    description:
      - Id or whole DNS name of a device, to which the list is limited.
    type: str
  type:
    description:
      - Limits the list to these types of actions.
    type: list
    elements: str
    choices:
      - run_anti_virus_scan
      - offboard
      - live_response
      - collect_investigation_package
      - isolate
      - unisolate
      - stop_and_quarantine_file
      - restrict_code_execution
      - unrestrict_code_execution
  status:
    description:
      - Limits the list to these statuses.
    type: list
    elements: str
    choices: [pending, in_progress, succeeded, failed, timed_out, cancelled]
  since:
    description:
      - Limits the list to actions that were requested at or after this time. It is RFC 3339 with an
        offset, or an age such as V(90m), V(24h), V(7d).
    type: str
  limit:
    description:
      - Maximum number of actions to return. These are the newest ones.
      - RV(truncated) shows whether there are more. V(0) returns all actions.
    type: int
    default: 1000
  fields:
    description:
      - Fields of each action to return. The field C(id) is always returned.
    type: list
    elements: str
seealso:
  - module: mssp.defender_xdr.device_action
  - name: List machine actions
    description: Microsoft's reference.
    link: https://learn.microsoft.com/defender-endpoint/api/get-machineactions-collection
"""

EXAMPLES = r"""
- name: List the isolations and releases of the last week
  mssp.defender_xdr.device_action_info:
    type: [isolate, unisolate]
    since: 7d
  register: isolations

- name: Show which devices they were about
  ansible.builtin.debug:
    msg: "{{ isolations.actions | map(attribute='computer_dns_name') | unique }}"
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
actions:
  description: The actions, newest first.
  returned: success
  type: list
  elements: dict
  sample:
    - id: 5382f7ea-7557-4ab7-9782-d50480024a4e
      type: isolate
      status: succeeded
      machine_id: 1e5bc9d7e413ddd7902c2932e418702b84d0cc07
count:
  description: Number of actions in RV(actions).
  returned: success
  type: int
  sample: 1
truncated:
  description: Whether more actions match than O(limit) allows. Those left out are older than the
    ones in RV(actions).
  returned: success
  type: bool
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

from ansible_collections.mssp.defender_xdr.plugins.module_utils import _listing, _module, _times
from ansible_collections.mssp.defender_xdr.plugins.module_utils._devices import (
    action_list as _list,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._devices import actions as _actions
from ansible_collections.mssp.defender_xdr.plugins.module_utils._devices import target as _target
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.tenant import Tenant

SPEC = _module.spec(
    {
        **_list.FILTERS,
        "limit": {"type": "int", "default": 1000},
        "fields": {"type": "list", "elements": "str"},
    }
)
ROWS = "actions"


def run(tenant: Tenant, params: dict[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
    _listing.check(params, "an action", _actions.FIELDS)
    api = tenant.api("endpoint", "device_action_info")
    machine_id = _target.device(api, params["device"])["id"] if params["device"] else None
    actions = _actions.listed(api, _list.filter_texts(params, machine_id, at=_times.now()))
    limit = params["limit"] or len(actions)
    return {
        "api": "endpoint",
        "actions": [_listing.chosen(action, params["fields"]) for action in actions[:limit]],
        "count": min(limit, len(actions)),
        "truncated": limit < len(actions),
    }


def main() -> None:
    _module.serve(SPEC, run)


if __name__ == "__main__":
    main()
