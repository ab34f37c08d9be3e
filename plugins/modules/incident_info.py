#!/usr/bin/python
# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: incident_info
author:
  - The mssp.defender_xdr contributors (@mssp)
short_description: List a customer tenant's incidents, or get one
version_added: 0.1.0
description:
  - Lists the incidents of a tenant, most recently created first, or gets one incident by its id.
  - The list is complete even if incidents change while it is read. Incidents that change in the
    meantime are read again until no new changes appear.
  - Incidents have the field names of Microsoft Graph v1.0 in snake_case. Enum values are in
    snake_case too. Keys and values of open dictionaries, such as C(custom_details) of an alert, are
    returned as the service wrote them.
  - If a response contains an incident or alert of another tenant, the task fails with the category
    V(wrong_tenant) and returns nothing from it.
  - Needs the application permission C(SecurityIncident.Read.All) of Microsoft Graph, or
    C(Incident.Read.All) of the older Defender XDR API.
extends_documentation_fragment:
  - mssp.defender_xdr._attributes
  - mssp.defender_xdr._attributes.reads
  - mssp.defender_xdr._incidents.filters
  - mssp.defender_xdr._tenant
options:
  id:
    description:
      - Id of the incident to get, which is a number.
    type: str
  status:
    description:
      - Limits the list to incidents with one of these statuses.
    type: list
    elements: str
    choices: [active, in_progress, resolved, redirected, awaiting_action]
  filter:
    description:
      - OData filter, in addition to the other options. Property names and values differ between the
        two APIs, so set O(api) too.
    type: str
  expand_alerts:
    description:
      - Whether to return each incident with its alerts and their evidence.
    type: bool
    default: false
  limit:
    description:
      - Maximum number of incidents to return. With both APIs, these are the most recently created
        ones. Of incidents created at the same time, those with higher ids come first.
      - RV(truncated) shows whether there are more. V(0) returns all incidents.
    type: int
    default: 1000
  fields:
    description:
      - Fields of each incident to return. The field C(id) is always returned.
    type: list
    elements: str
seealso:
  - module: mssp.defender_xdr.hunting_query
  - name: List incidents
    description: Microsoft's reference.
    link: https://learn.microsoft.com/graph/api/security-list-incidents
"""

EXAMPLES = r"""
- name: List open incidents of high severity
  mssp.defender_xdr.incident_info:
    status: [active, in_progress]
    severity: high
    fields: [display_name, severity, assigned_to, last_update_date_time]
  register: open_incidents

- name: Show them
  ansible.builtin.debug:
    msg: "{{ item.id }} {{ item.display_name }}"
  loop: "{{ open_incidents.incidents }}"
  loop_control:
    label: "{{ item.id }}"

- name: List all incidents that changed in the last 24 hours, with their alerts
  mssp.defender_xdr.incident_info:
    updated_since: 24h
    expand_alerts: true
    limit: 0
  register: changed_incidents

- name: Get one incident
  mssp.defender_xdr.incident_info:
    id: "{{ changed_incidents.incidents[0].id }}"
  when: changed_incidents.count > 0
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
incidents:
  description:
    - The incidents with the fields of Microsoft Graph in snake_case, most recently created first.
    - An incident with the status C(redirected) was merged into the incident in its
      C(redirect_incident_id).
  returned: success
  type: list
  elements: dict
  sample:
    - id: "2972395"
      display_name: Multi-stage incident on multiple endpoints
      status: active
      severity: medium
      assigned_to: kai@contoso.example
      last_update_date_time: "2026-11-22T09:35:45.1133333Z"
count:
  description: Number of incidents in RV(incidents).
  returned: success
  type: int
  sample: 1
truncated:
  description: Whether more incidents match than O(limit) allows. Those left out were created
    earlier than the ones in RV(incidents).
  returned: success
  type: bool
watermark:
  description:
    - The latest update time among RV(incidents), as RFC 3339 UTC. Empty if there are no incidents.
    - If RV(truncated) is true, older incidents that were updated before that time may be missing.
  returned: success
  type: str
  sample: "2026-11-22T09:35:45.1133333Z"
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
from ansible_collections.mssp.defender_xdr.plugins.module_utils._incidents import (
    graph as _incidents_graph,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._incidents import (
    incident as _incidents,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._incidents import paging as _walk
from ansible_collections.mssp.defender_xdr.plugins.module_utils._incidents import (
    xdr as _incidents_xdr,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.tenant import Tenant

SPEC = _module.spec(
    {
        "id": {"type": "str"},
        **_incidents.FILTERS,
        "expand_alerts": {"type": "bool", "default": False},
        "limit": {"type": "int", "default": 1000},
        "fields": {"type": "list", "elements": "str"},
    },
    mutually_exclusive=[("id", name) for name in _incidents.FILTERS],
)
ROWS = "incidents"
SOURCES: dict[str, t.Any] = {
    "graph": _incidents_graph.GraphIncidents,
    "xdr": _incidents_xdr.XdrIncidents,
}


def run(tenant: Tenant, params: dict[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
    wanted = _incidents.wanted(params, at=_times.now())
    number = _incidents.number(params["id"]) if params["id"] is not None else None
    api = tenant.chosen_api("incident_info")
    source = SOURCES[api.name](api, wanted)
    if number:
        incidents, truncated = [source.get(number)], False
    else:
        incidents, truncated = _walk.everything(source, limit=wanted.limit)
    return {
        "api": api.name,
        "incidents": [_listing.chosen(incident, wanted.fields) for incident in incidents],
        "count": len(incidents),
        "truncated": truncated,
        "watermark": _incidents.watermark(incidents) or "",
        "warnings": source.warnings,
    }


def main() -> None:
    _module.serve(SPEC, run)


if __name__ == "__main__":
    main()
