#!/usr/bin/python
# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: alert_info
author:
  - The mssp.defender_xdr contributors (@mssp)
short_description: List a customer tenant's alerts, or get one
version_added: 0.1.0
description:
  - Lists the alerts of a tenant, most recently created first, or gets one alert by its id. Alerts
    are returned with their evidence.
  - The list is complete even if alerts change while it is read.
  - Alerts have the field names of Microsoft Graph v1.0 in snake_case. Enum values are in snake_case
    too. Keys and values of open dictionaries, such as C(custom_details), are returned as the
    service wrote them.
  - If a response contains an alert of another tenant, the task fails with the category
    V(wrong_tenant) and returns nothing from it.
  - Needs the application permission C(SecurityAlert.Read.All) of Microsoft Graph. The older
    Defender XDR API has no list of alerts, so O(api=xdr) is refused.
extends_documentation_fragment:
  - mssp.defender_xdr._attributes
  - mssp.defender_xdr._attributes.reads
  - mssp.defender_xdr._incidents.filters
  - mssp.defender_xdr._tenant
options:
  id:
    description:
      - Id of the alert to get.
    type: str
  status:
    description:
      - Limits the list to alerts with one of these statuses.
    type: list
    elements: str
    choices: [new, in_progress, resolved, unknown]
  filter:
    description:
      - OData filter over the properties of an alert in Microsoft Graph, in addition to the other
        options.
    type: str
  service_source:
    description:
      - Limits the list to alerts of one of these products.
    type: list
    elements: str
    choices:
      - unknown
      - microsoft_defender_for_endpoint
      - microsoft_defender_for_identity
      - microsoft_defender_for_cloud_apps
      - microsoft_defender_for_office365
      - microsoft365_defender
      - azure_ad_identity_protection
      - microsoft_app_governance
      - data_loss_prevention
      - microsoft_defender_for_cloud
      - microsoft_sentinel
      - microsoft_insider_risk_management
      - microsoft_threat_intelligence
      - microsoft_security_for_ai
  incident_id:
    description:
      - Limits the list to the alerts of this incident.
      - Microsoft Graph cannot filter by this, so all alerts that match the other options are read.
        Combine it with a time such as O(created_since), or use
        M(mssp.defender_xdr.incident_info) with C(expand_alerts).
    type: str
  limit:
    description:
      - Maximum number of alerts to return. These are the most recently created ones.
      - RV(truncated) shows whether there are more. V(0) returns all alerts.
    type: int
    default: 1000
  fields:
    description:
      - Fields of each alert to return. The field C(id) is always returned.
    type: list
    elements: str
seealso:
  - module: mssp.defender_xdr.incident_info
  - module: mssp.defender_xdr.alert
  - name: List alerts
    description: Microsoft's reference.
    link: https://learn.microsoft.com/graph/api/security-list-alerts_v2
"""

EXAMPLES = r"""
- name: List new alerts of high severity from Defender for Endpoint
  mssp.defender_xdr.alert_info:
    status: new
    severity: high
    service_source: microsoft_defender_for_endpoint
    fields: [title, severity, incident_id, evidence]
  register: new_alerts

- name: List the alerts of the last day for one incident
  mssp.defender_xdr.alert_info:
    created_since: 24h
    incident_id: "{{ new_alerts.alerts[0].incident_id }}"
  when: new_alerts.count > 0
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
alerts:
  description: The alerts with the fields of Microsoft Graph in snake_case, most recently created
    first.
  returned: success
  type: list
  elements: dict
  sample:
    - id: da637551227677560813_-961444813
      title: Suspicious execution of hidden file
      status: new
      severity: low
      incident_id: "28282"
count:
  description: Number of alerts in RV(alerts).
  returned: success
  type: int
  sample: 1
truncated:
  description: Whether more alerts match than O(limit) allows. Those left out were created earlier
    than the ones in RV(alerts).
  returned: success
  type: bool
watermark:
  description:
    - The latest update time among RV(alerts), as RFC 3339 UTC. Empty if there are no alerts.
    - If RV(truncated) is true, older alerts that were updated before that time may be missing.
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
    alert as _alerts,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._incidents import (
    incident as _incidents,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._incidents import paging as _walk
from ansible_collections.mssp.defender_xdr.plugins.module_utils._incidents.graph_alerts import (
    GraphAlerts,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.tenant import Tenant

SPEC = _module.spec(
    {
        "id": {"type": "str"},
        **_alerts.FILTERS,
        "limit": {"type": "int", "default": 1000},
        "fields": {"type": "list", "elements": "str"},
    },
    mutually_exclusive=[("id", name) for name in _alerts.FILTERS],
)
ROWS = "alerts"


def run(tenant: Tenant, params: dict[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
    wanted = _incidents.wanted(params, at=_times.now(), noun="an alert", fields=_alerts.FIELDS)
    key = _alerts.identity(params["id"]) if params["id"] is not None else None
    source = GraphAlerts(tenant.graph_only("alert_info", "A list of alerts"), wanted)
    if key:
        alerts, truncated = [source.get(key)], False
    else:
        alerts, truncated = _walk.everything(source, limit=wanted.limit)
    return {
        "api": "graph",
        "alerts": [_listing.chosen(alert, wanted.fields) for alert in alerts],
        "count": len(alerts),
        "truncated": truncated,
        "watermark": _incidents.watermark(alerts) or "",
    }


def main() -> None:
    _module.serve(SPEC, run)


if __name__ == "__main__":
    main()
