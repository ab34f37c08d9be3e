#!/usr/bin/python
# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: alert
author:
  - The mssp.defender_xdr contributors (@mssp)
short_description: Assign, classify, comment on or resolve an alert
version_added: 0.1.0
description:
  - Brings one alert of a tenant into the requested state. Only the options that are set are
    compared and changed.
  - A second run changes nothing and sends nothing. Each change is sent once. If its response is
    lost, the module reads the alert to find out whether it was applied. The task fails with the
    category V(unavailable) if it was not, and with V(outcome_unknown) if the alert cannot be read
    either.
  - Needs the application permission C(SecurityAlert.ReadWrite.All) of Microsoft Graph. The older
    Defender XDR API cannot change alerts, so O(api=xdr) is refused.
extends_documentation_fragment:
  - mssp.defender_xdr._attributes
  - mssp.defender_xdr._attributes.changes
  - mssp.defender_xdr._incidents.changes
  - mssp.defender_xdr._tenant
options:
  id:
    description:
      - Id of the alert.
    type: str
    required: true
  status:
    description:
      - Status of the alert.
    type: str
    choices: [new, in_progress, resolved]
seealso:
  - module: mssp.defender_xdr.alert_info
  - module: mssp.defender_xdr.incident
  - name: Update an alert
    description: Microsoft's reference.
    link: https://learn.microsoft.com/graph/api/security-alert-update
"""

EXAMPLES = r"""
- name: Find one new alert
  mssp.defender_xdr.alert_info:
    status: new
    limit: 1
  register: found

- name: Resolve it as a false positive
  mssp.defender_xdr.alert:
    id: "{{ found.alerts[0].id }}"
    status: resolved
    classification: false_positive
    determination: not_malicious
    comment: This is the backup software.
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
  description: What the task names, as the alert had it before. A comment that is not there yet
    is V(null).
  returned: success
  type: dict
  sample: {status: active, assigned_to: null}
after:
  description: What the task names, as the alert has it after the task, or would have it in check
    mode.
  returned: success
  type: dict
  sample: {status: in_progress, assigned_to: sam.soc@mssp.example}
alert:
  description: The alert after the task, with the fields of Microsoft Graph in snake_case. In
    check mode it has the values that the task would set.
  returned: success
  type: dict
  sample:
    id: da637551227677560813_-961444813
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
      object: alert da637551227677560813_-961444813
      before: {status: new}
      after: {status: resolved}
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
    alert as _alerts,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._incidents import (
    changes as _changes,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._incidents.graph_alerts import (
    GraphAlerts,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._incidents.incident import Wanted
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.tenant import Tenant

SPEC = _module.spec(
    {
        **_changes.OPTIONS,
        "status": {"type": "str", "choices": ["new", "in_progress", "resolved"]},
    }
)
CHANGES = "alert"


def run(tenant: Tenant, params: dict[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
    key, request = _alerts.identity(params["id"]), _changes.parse_request(params)
    api = tenant.graph_only("alert", "A change of an alert")
    change = _changes.Change(GraphAlerts(api, Wanted()), key, request)
    outcome = bring_about(api, change, check_mode=check_mode)
    return {"api": "graph", **outcome.as_result("alert")}


def main() -> None:
    _module.serve(SPEC, run)


if __name__ == "__main__":
    main()
