#!/usr/bin/python
# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: incident
author:
  - The mssp.defender_xdr contributors (@mssp)
short_description: Assign, classify, tag, comment on or resolve an incident
version_added: 0.1.0
description:
  - Brings one incident of a tenant into the requested state. Only the options that are set are
    compared and changed.
  - A second run changes nothing and sends nothing. Each change is sent once. If its response is
    lost, the module reads the incident to find out whether it was applied. The task fails with the
    category V(unavailable) if it was not, and with V(outcome_unknown) if the incident cannot be
    read either.
  - An incident that was merged into another one is never changed. The other one is changed instead,
    with a warning, or the task fails with the category V(conflict), as O(follow_redirects) says.
  - Needs the application permission C(SecurityIncident.ReadWrite.All) of Microsoft Graph, or
    C(Incident.ReadWrite.All) of the older Defender XDR API.
extends_documentation_fragment:
  - mssp.defender_xdr._attributes
  - mssp.defender_xdr._attributes.changes
  - mssp.defender_xdr._incidents.changes
  - mssp.defender_xdr._tenant
options:
  id:
    description:
      - Id of the incident, which is a number.
    type: str
    required: true
  status:
    description:
      - Status of the incident.
    type: str
    choices: [active, in_progress, resolved]
  claim:
    description:
      - Whether to assign the incident to O(assigned_to) only if nobody else has it. Otherwise the
        task fails with the category V(conflict) and says who has it.
      - The incident is read again after two seconds. If two people claim it at the same moment, one
        of them gets it, and the task of the other one fails.
    type: bool
    default: false
  custom_tags:
    description:
      - Tags of the incident.
    type: list
    elements: str
  custom_tags_state:
    description:
      - V(present) adds the tags in O(custom_tags), V(absent) removes them, and V(exact) removes all
        other tags too.
    type: str
    default: present
    choices: [present, absent, exact]
  severity:
    description:
      - Severity of the incident. Only Microsoft Graph can change it.
    type: str
    choices: [informational, low, medium, high]
  display_name:
    description:
      - Name of the incident. Only Microsoft Graph can change it.
    type: str
  resolving_comment:
    description:
      - Explanation of how the incident was resolved. Only Microsoft Graph can change it.
    type: str
  follow_redirects:
    description:
      - Whether to change the incident that this one was merged into. V(false) fails with the
        category V(conflict), which names that incident.
    type: bool
    default: true
seealso:
  - module: mssp.defender_xdr.incident_info
  - module: mssp.defender_xdr.alert
  - name: Update an incident
    description: Microsoft's reference.
    link: https://learn.microsoft.com/graph/api/security-incident-update
"""

EXAMPLES = r"""
- name: Find one active incident of high severity
  mssp.defender_xdr.incident_info:
    status: active
    severity: high
    limit: 1
  register: found

- name: Claim it, unless somebody else has it
  mssp.defender_xdr.incident:
    id: "{{ found.incidents[0].id }}"
    status: in_progress
    assigned_to: sam.soc@mssp.example
    claim: true
    custom_tags: [night-shift]
  when: found.count > 0

- name: Resolve it with a verdict
  mssp.defender_xdr.incident:
    id: "{{ found.incidents[0].id }}"
    status: resolved
    classification: true_positive
    determination: phishing
    comment: The mail was removed from all mailboxes.
  when: found.count > 0
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
  sample: graph
before:
  description: What the task names, as the incident had it before. A comment that is not there yet
    is V(null).
  returned: success
  type: dict
  sample: {status: active, assigned_to: null}
after:
  description: What the task names, as the incident has it after the task, or would have it in check
    mode.
  returned: success
  type: dict
  sample: {status: in_progress, assigned_to: sam.soc@mssp.example}
incident:
  description: The incident after the task, with the fields of Microsoft Graph in snake_case. In
    check mode it has the values that the task would set.
  returned: success
  type: dict
  sample:
    id: "2972395"
    status: in_progress
    assigned_to: sam.soc@mssp.example
writes:
  description: The writes that the task sent, one entry for each request, or would send in check
    mode. The callback P(mssp.defender_xdr.audit#callback) records them. C(outcome) is
    V(succeeded), V(failed), V(outcome_unknown) or V(predicted).
  returned: when something was sent, or would be in check mode
  type: list
  elements: dict
  sample:
    - time: "2026-11-26T06:00:00.25Z"
      object: incident 2972395
      before: {status: active}
      after: {status: in_progress}
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
from ansible_collections.mssp.defender_xdr.plugins.module_utils._incidents import (
    changes as _changes,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._incidents import (
    graph as _incidents_graph,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._incidents import (
    incident as _incidents,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._incidents import (
    xdr as _incidents_xdr,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.tenant import Tenant

SPEC = _module.spec(
    {
        **_changes.OPTIONS,
        "status": {"type": "str", "choices": ["active", "in_progress", "resolved"]},
        "claim": {"type": "bool", "default": False},
        "custom_tags": {"type": "list", "elements": "str"},
        "custom_tags_state": {
            "type": "str",
            "default": "present",
            "choices": ["present", "absent", "exact"],
        },
        "severity": {"type": "str", "choices": ["informational", "low", "medium", "high"]},
        "display_name": {"type": "str"},
        "resolving_comment": {"type": "str"},
        "follow_redirects": {"type": "bool", "default": True},
    }
)
SOURCES: dict[str, t.Any] = {
    "graph": _incidents_graph.GraphIncidents,
    "xdr": _incidents_xdr.XdrIncidents,
}
CHANGES = "incident"
GRAPH_ONLY: t.Final = ("severity", "display_name", "resolving_comment")


def run(tenant: Tenant, params: dict[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
    key, request = _incidents.number(params["id"]), _changes.parse_request(params)
    only = [name for name in GRAPH_ONLY if params[name] is not None]
    if only:
        api = tenant.graph_only("incident", f"The option {only[0]}")
    else:
        api = tenant.chosen_api("incident")
    change = _changes.Change(SOURCES[api.name](api, _incidents.Wanted()), key, request)
    outcome = bring_about(api, change, check_mode=check_mode)
    return {"api": api.name, **outcome.as_result("incident"), "warnings": change.warnings}


def main() -> None:
    _module.serve(SPEC, run)


if __name__ == "__main__":
    main()
