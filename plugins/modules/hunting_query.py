#!/usr/bin/python
# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: hunting_query
author:
  - The mssp.defender_xdr contributors (@mssp)
short_description: Run an advanced hunting query (KQL) in a customer tenant
version_added: 0.1.0
description:
  - Runs a query in Kusto query language over the tenant's advanced hunting tables.
  - Microsoft answers at most 100,000 rows or 50 MB, and gives a query three minutes. What hits a cap is said in RV(truncated).
  - Needs the application permission C(ThreatHunting.Read.All) of Microsoft Graph.
extends_documentation_fragment:
  - mssp.defender_xdr._attributes
  - mssp.defender_xdr._tenant
attributes:
  check_mode:
    description: Can run in check mode and say what would change, without changing anything.
    support: full
    details: Checks the query and its parameters and sends nothing. The result then has RV(checked) and no rows.
  diff_mode:
    description: Says what has changed, or would change, in diff mode.
    support: N/A
    details: It changes nothing.
options:
  query:
    description:
      - The query.
    type: str
  query_file:
    description:
      - File with the query, in UTF-8.
    type: path
  parameters:
    description:
      - Values for names that the query uses. Each is put before the query as a C(let) statement, quoted so that no value can
        become part of the query.
      - Text, numbers, booleans and lists of those become the KQL values of the same kind.
        A point in time is C({datetime: 2026-11-01T00:00:00Z}) or C({datetime: 7d}), a length of time C({timespan: 12h}).
    type: dict
    default: {}
  timespan:
    description:
      - How far back the query may look, as ISO 8601 duration (V(P7D)), as an age (V(7d)), or as V(START/END).
      - Microsoft's default is 30 days. The shorter of this and the query's own limits counts.
    type: str
  limit:
    description:
      - The most rows to return. RV(truncated) says whether there were more. V(0) returns all that Microsoft answered.
    type: int
    default: 0
  on_truncated:
    description:
      - What to do when the answer hit one of Microsoft's caps, so that rows are missing which nobody asked to leave out.
      - V(warn) returns what came, with a warning. V(fail) fails.
    type: str
    default: warn
    choices: [warn, fail]
seealso:
  - module: mssp.defender_xdr.incident_info
  - name: Advanced hunting through Microsoft Graph
    description: Microsoft's reference.
    link: https://learn.microsoft.com/graph/api/security-security-runhuntingquery
"""

EXAMPLES = r"""
- name: Find encoded PowerShell of the last week
  mssp.defender_xdr.hunting_query:
    query: |
      DeviceProcessEvents
      | where FileName =~ "powershell.exe" and ProcessCommandLine has "-EncodedCommand"
      | project Timestamp, DeviceName, AccountName, ProcessCommandLine
    timespan: 7d
  register: encoded

- name: Look for indicators
  mssp.defender_xdr.hunting_query:
    query: |
      DeviceNetworkEvents
      | where Timestamp > since and RemoteUrl has_any (domains)
      | project Timestamp, DeviceName, RemoteUrl, RemoteIP
    parameters:
      domains: [login-contoso.example, cdn-update.example]
      since: {datetime: 3d}
    on_truncated: fail

- name: Say how many rows were found
  ansible.builtin.debug:
    msg: "{{ encoded.tenant.name }}: {{ encoded.count }} rows{{ ', and more' if encoded.truncated else '' }}"
"""

RETURN = r"""
tenant:
  description: The tenant, as C(id), C(name) and C(cloud).
  returned: always
  type: dict
  sample: {id: 22222222-2222-2222-2222-222222222222, name: contoso, cloud: public}
api:
  description: The API that answered.
  returned: success
  type: str
  sample: graph
rows:
  description: The rows, each a dictionary by column name, with the columns' own names.
  returned: success, except in check mode
  type: list
  elements: dict
  sample: [{Timestamp: "2026-11-22T09:39:50.7688641Z", DeviceName: pc-1.contoso.example}]
schema:
  description: The columns in their order, each with C(name) and C(type).
  returned: success, except in check mode
  type: list
  elements: dict
  sample: [{name: Timestamp, type: DateTime}, {name: DeviceName, type: String}]
count:
  description: How many rows are in RV(rows).
  returned: success, except in check mode
  type: int
  sample: 1
truncated:
  description: Whether rows are missing, because of O(limit) or of one of Microsoft's caps.
  returned: success, except in check mode
  type: bool
checked:
  description: That the query was checked and not sent.
  returned: in check mode
  type: bool
error:
  description:
    - What went wrong. C(category) is for playbooks, C(who) must act, C(advice) says how.
    - V(not_licensed) with the key C(table) means that the tenant has no licence for the product that fills a documented table.
  returned: failure
  type: dict
"""

import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils import _hunting, _module
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import Tenant

SPEC = _module.spec(
    {
        "query": {"type": "str"},
        "query_file": {"type": "path"},
        "parameters": {"type": "dict", "default": {}},
        "timespan": {"type": "str"},
        "limit": {"type": "int", "default": 0},
        "on_truncated": {"type": "str", "default": "warn", "choices": ["warn", "fail"]},
    },
    mutually_exclusive=[("query", "query_file")],
    required_one_of=[("query", "query_file")],
)
ROWS = "rows"


def run(tenant: Tenant, params: dict[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
    query = _hunting.with_parameters(_hunting.text(params["query"], params["query_file"]), params["parameters"])
    span = _hunting.timespan(params["timespan"])
    limit = _hunting.checked_limit(params["limit"])
    name = _hunting.api_of(tenant.options.api)
    if check_mode:
        return {"api": name, "checked": True}
    answer = _hunting.run(tenant.api(name, "hunting_query"), query, span)
    capped = _hunting.capped(answer, fail=params["on_truncated"] == "fail", label=tenant.options.label)
    rows = answer["results"][:limit] if limit else answer["results"]
    truncated = bool(capped) or len(rows) < len(answer["results"])
    return {"api": name, "schema": answer["schema"], "rows": rows, "count": len(rows), "truncated": truncated, "warnings": capped}


def main() -> None:
    _module.serve(SPEC, run)


if __name__ == "__main__":
    main()
