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
  - Needs the application permission C(ThreatHunting.Read.All) of Microsoft Graph, or C(AdvancedHunting.Read.All) of the older Defender XDR API.
extends_documentation_fragment:
  - mssp.defender_xdr._attributes
  - mssp.defender_xdr._tenant
attributes:
  check_mode:
    description: Can run in check mode and say what would change, without changing anything.
    support: full
    details: Checks the query and its options and sends nothing. The result then has RV(checked) and no rows.
  diff_mode:
    description: Says what has changed, or would change, in diff mode.
    support: N/A
    details: It changes nothing but the file it writes.
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
      - >-
        Text, numbers, booleans and lists of those become the KQL values of the same kind.
        A point in time is C({datetime: 2026-11-01T00:00:00Z}) or C({datetime: 7d}), a length of time C({timespan: 12h}).
    type: dict
    default: {}
  timespan:
    description:
      - How far back the query may look, as ISO 8601 duration (V(P7D)), as an age (V(7d)), or as V(START/END).
      - Microsoft's default is 30 days. The shorter of this and the query's own limits counts.
      - The older API (O(api=xdr)) has no time span. There it becomes a condition behind the table, and a query that looks at several
        rows at once or reads a second table is refused with the reason.
    type: str
  limit:
    description:
      - The most rows to return. RV(truncated) says whether there were more. V(0) returns all that Microsoft answered.
    type: int
    default: 0
  on_truncated:
    description:
      - What to do when the answer hit one of Microsoft's caps (100,000 rows, 50 MB, three minutes), so that rows are missing which
        nobody asked to leave out.
      - V(warn) returns what came, with a warning. V(fail) fails.
      - V(split) halves the time until every slice is whole. Only a query whose rows do not depend on each other can be split, which is
        one table and the operators C(where), C(extend), C(project) and their kin, C(parse) and C(mv-expand).
        Any other fails with the reason, because sums of slices are wrong numbers.
    type: str
    default: warn
    choices: [split, warn, fail]
  dest:
    description:
      - Write the rows into this file instead of returning them. It is put in place whole or not at all, and memory does not grow
        with it. NDJSON has each row as the service wrote it.
    type: path
  format:
    description:
      - The format of O(dest). V(ndjson) is one JSON object a line; V(csv) has a header, and cells that a spreadsheet would take for a
        formula get a quote before them; V(parquet) has types from the answer's schema and needs the Python package C(pyarrow).
    type: str
    default: ndjson
    choices: [ndjson, csv, parquet]
  mode:
    description:
      - The mode of O(dest), in octal digits.
    type: str
    default: "0600"
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

- name: Write every network event of a day to a file, in as many slices as it takes
  mssp.defender_xdr.hunting_query:
    query: DeviceNetworkEvents | project Timestamp, DeviceName, RemoteIP, RemoteUrl
    timespan: 1d
    on_truncated: split
    dest: "/tmp/network-{{ inventory_hostname }}.ndjson"

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
  returned: success without O(dest), except in check mode
  type: list
  elements: dict
  sample: [{Timestamp: "2026-11-22T09:39:50.7688641Z", DeviceName: pc-1.contoso.example}]
dest:
  description: The file that has the rows.
  returned: success with O(dest), except in check mode
  type: str
schema:
  description: The columns in their order, each with C(name) and C(type).
  returned: success, except in check mode
  type: list
  elements: dict
  sample: [{name: Timestamp, type: DateTime}, {name: DeviceName, type: String}]
count:
  description: How many rows are in RV(rows) or RV(dest).
  returned: success, except in check mode
  type: int
  sample: 1
truncated:
  description: Whether rows are missing, because of O(limit) or of one of Microsoft's caps.
  returned: success, except in check mode
  type: bool
slices:
  description: The slices of time that the query was split into, each with C(since), C(before) (exclusive) and C(count). Empty for one piece.
  returned: success, except in check mode
  type: list
  elements: dict
missing_slices:
  description: The slices that could not be read.
  returned: when a split query failed
  type: list
  elements: dict
checked:
  description: Whether the query's syntax could be checked, for which the Python package C(duckdb-kql) is needed. Nothing was sent.
  returned: in check mode
  type: bool
waited_seconds:
  description: Seconds spent waiting for the tenant's quotas, and between repeats after failures.
  returned: always
  type: float
  sample: 0.0
error:
  description:
    - What went wrong. C(category) is for playbooks, C(who) must act, C(advice) says how.
    - V(not_licensed) with the key C(table) means that the tenant has no licence for the product that fills a documented table.
  returned: failure
  type: dict
"""

import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils import _export, _found_rows, _hunting, _kql, _module
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import Tenant

SPEC = _module.spec(
    {
        "query": {"type": "str"},
        "query_file": {"type": "path"},
        "parameters": {"type": "dict", "default": {}},
        "timespan": {"type": "str"},
        "limit": {"type": "int", "default": 0},
        "on_truncated": {"type": "str", "default": "warn", "choices": ["split", "warn", "fail"]},
        "dest": {"type": "path"},
        "format": {"type": "str", "default": "ndjson", "choices": list(_export.FORMATS)},
        "mode": {"type": "str", "default": "0600"},
    },
    mutually_exclusive=[("query", "query_file")],
    required_one_of=[("query", "query_file")],
)
ROWS = "rows"


def run(tenant: Tenant, params: dict[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
    query = _kql.with_parameters(_kql.text(params["query"], params["query_file"]), params["parameters"])
    request = _hunting.asked(query, params["timespan"], params["on_truncated"])
    limit, mode = _kql.checked_limit(params["limit"]), _export.mode_of(params["mode"])
    _export.check_format(params["format"])
    folder = _found_rows.folder_of(params["dest"]) if params["dest"] else None
    if check_mode:
        return {"checked": _kql.check(query)}
    api = tenant.chosen_api("hunting_query")
    if folder is None:
        memory = _found_rows.InMemory(limit)
        found = _hunting.run(api, request, memory)
        return {**_told(api.name, found), "rows": memory.wanted(), "count": len(memory.wanted())}
    disk = _found_rows.OnDisk(folder, limit)
    try:
        found = _hunting.run(api, request, disk)
        changed = _export.place(disk.file, params["dest"], form=params["format"], schema=found.schema, mode=mode)
        return {**_told(api.name, found), "dest": params["dest"], "count": disk.kept, "changed": changed}
    finally:
        disk.close()


def _told(api: str, found: _hunting.Found) -> dict[str, t.Any]:
    return {"api": api, "schema": found.schema, "truncated": found.truncated, "slices": found.slices, "warnings": found.warnings}


def main() -> None:
    _module.serve(SPEC, run)


if __name__ == "__main__":
    main()
