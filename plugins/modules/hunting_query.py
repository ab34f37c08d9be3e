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
  - Runs a query in the Kusto query language over the tenant's advanced hunting tables.
  - Microsoft returns at most 100,000 rows or 50 MB, and lets a query run for three minutes.
    RV(truncated) shows whether rows are missing; O(on_truncated) controls what happens then.
  - Needs the application permission C(ThreatHunting.Read.All) of Microsoft Graph, or
    C(AdvancedHunting.Read.All) of the older Defender XDR API.
extends_documentation_fragment:
  - mssp.defender_xdr._attributes
  - mssp.defender_xdr._tenant
attributes:
  check_mode:
    description: Can run in check mode and report what would change, without changing anything.
    support: full
    details: >-
      Runs the query, but writes no file. RV(ignore:changed) shows whether O(dest) would change. The
      folder of O(dest) may be missing, because an earlier task that creates it has not run either.
      To check a query without sending it, use O(validate_only).
  diff_mode:
    description: Returns what has changed, or would change, in diff mode.
    support: N/A
    details: The module changes nothing except the file that it writes.
options:
  query:
    description:
      - The query.
    type: str
  query_file:
    description:
      - File that contains the query, in UTF-8.
    type: path
  parameters:
    description:
      - Values for names that the query uses. Each value is put before the query as a C(let)
        statement, quoted so that no value can become part of the query.
      - If the query itself declares the name with a C(let) and a literal, such as
        C(let threshold = 10;), the value replaces that literal. A name that the query declares in
        any other way is refused, with the line number.
      - >-
        Strings, numbers, booleans and lists of these become KQL values of the same type.
        A time is written as C({datetime: 2026-11-01T00:00:00Z}) or C({datetime: 7d}), a duration as
        C({timespan: 12h}).
    type: dict
    default: {}
  timespan:
    description:
      - Time range of the query. Supported forms are an ISO 8601 duration (V(P7D)) or an age (V(7d))
        before now, V(START/END), V(START/P7D), V(P7D/END), and V(START), which extends until now.
        START and END are times such as V(2026-11-01T08:00:00Z), or ages.
      - A duration before now is relative to the service's clock.
      - Microsoft's default is 30 days. If the query limits the time itself, the shorter range
        applies.
      - The older API (O(api=xdr)) has no parameter for the time range. The module adds a condition
        after the table instead. It refuses a query that looks at several rows at once or reads a
        second table, with the reason.
    type: str
  limit:
    description:
      - Maximum number of rows to return. RV(truncated) shows whether there were more. V(0) returns
        all rows that Microsoft returned.
    type: int
    default: 0
  on_truncated:
    description:
      - What to do if a query exceeds one of Microsoft's limits (100,000 rows, 50 MB, three
        minutes).
      - V(warn) returns the 100,000 rows with a warning. If a query exceeds 50 MB or three minutes,
        Microsoft returns no rows and the task fails. V(fail) fails in each of these cases.
      - V(split) halves the time range until no slice exceeds a limit. Only a query whose rows do
        not depend on each other can be split. Such queries read one table and use the operators
        C(where), C(extend), C(project) and its variants, C(parse) and C(mv-expand). Any other query
        fails with the reason, because aggregates over slices are not those of the whole query. The
        slices together contain every row of the whole query, including rows with a later time than
        this machine's clock, rows older than Microsoft's default range, and rows without a time.
    type: str
    default: warn
    choices: [split, warn, fail]
  dest:
    description:
      - File to write the rows to, instead of returning them. It is written completely or not at
        all, and memory use does not grow with the number of rows. NDJSON has each row as the
        service wrote it.
      - If the file holds the rows of another tenant, it stays unchanged, and the task fails with
        the category V(conflict). Use a separate file for each tenant, for example with
        C({{ inventory_hostname }}) in its name. The tenant of each file is recorded in
        C(~/.ansible/defender_xdr) (C(ANSIBLE_HOME)) on the machine where the module runs, until the
        file is moved or changed.
    type: path
  format:
    description:
      - Format of O(dest). V(ndjson) has one JSON object per line. V(csv) has a header and quotes
        every cell; a cell that a spreadsheet would take for a formula gets a leading apostrophe.
        V(parquet) uses the types in the schema of the response and needs the Python package
        C(pyarrow).
      - CSV has no null value. Null and an empty string are both an empty cell.
      - A value whose column is not in the schema of the response gets an additional column after
        the others.
    type: str
    default: ndjson
    choices: [ndjson, csv, parquet]
  mode:
    description:
      - File mode of O(dest), in octal digits.
    type: str
    default: "0600"
  validate_only:
    description:
      - Whether to only check the query's syntax and all options, without sending anything. The
        result has RV(checked) and no rows.
      - The syntax is checked with the Python package C(duckdb-kql). Syntax that the package does
        not know, but that Microsoft's parser might accept, is not refused.
    type: bool
    default: false
seealso:
  - module: mssp.defender_xdr.incident_info
  - name: Advanced hunting through Microsoft Graph
    description: Microsoft's reference.
    link: https://learn.microsoft.com/graph/api/security-security-runhuntingquery
"""

EXAMPLES = r"""
- name: Find encoded PowerShell commands of the last seven days
  mssp.defender_xdr.hunting_query:
    query: |
      DeviceProcessEvents
      | where FileName =~ "powershell.exe" and ProcessCommandLine has "-EncodedCommand"
      | project Timestamp, DeviceName, AccountName, ProcessCommandLine
    timespan: 7d
  register: encoded

- name: Search for indicators
  mssp.defender_xdr.hunting_query:
    query: |
      DeviceNetworkEvents
      | where Timestamp > since and RemoteUrl has_any (domains)
      | project Timestamp, DeviceName, RemoteUrl, RemoteIP
    parameters:
      domains: [login-contoso.example, cdn-update.example]
      since: {datetime: 3d}
    on_truncated: fail

- name: Write all network events of one day to a file, in as many slices as needed
  mssp.defender_xdr.hunting_query:
    query: DeviceNetworkEvents | project Timestamp, DeviceName, RemoteIP, RemoteUrl
    timespan: 1d
    on_truncated: split
    dest: "/tmp/network-{{ inventory_hostname }}.ndjson"

- name: Check a query without sending it
  mssp.defender_xdr.hunting_query:
    query_file: hunts/beacons.kql
    validate_only: true

- name: Show how many rows were found
  ansible.builtin.debug:
    msg: "{{ encoded.tenant.name }}: {{ encoded.count }}
      rows{{ ', and more' if encoded.truncated else '' }}"
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
rows:
  description: The rows, each a dictionary with the original column names as keys.
  returned: success without O(dest), except with O(validate_only)
  type: list
  elements: dict
  sample: [{Timestamp: "2026-11-22T09:39:50.7688641Z", DeviceName: pc-1.contoso.example}]
dest:
  description: The file that contains the rows.
  returned: success with O(dest), except with O(validate_only)
  type: str
schema:
  description: The columns in their order, each with C(name) and C(type). The type is empty if the
    service does not return it.
  returned: success, except with O(validate_only)
  type: list
  elements: dict
  sample: [{name: Timestamp, type: DateTime}, {name: DeviceName, type: String}]
count:
  description: Number of rows in RV(rows) or RV(dest).
  returned: success, except with O(validate_only)
  type: int
  sample: 1
truncated:
  description: Whether rows are missing because of O(limit) or of one of Microsoft's limits.
  returned: success, except with O(validate_only)
  type: bool
slices:
  description:
    - The time slices that the query was split into, each with C(since), C(before) (exclusive) and
      C(count). Empty if the query was not split.
    - The first slice starts at the earliest time that Kusto supports, and also contains the rows
      without a time. The last slice ends at the latest time that Kusto supports.
  returned: success, except with O(validate_only)
  type: list
  elements: dict
missing_slices:
  description: The slices that could not be read.
  returned: when a split query failed
  type: list
  elements: dict
checked:
  description:
    - Whether the syntax of the whole query could be checked. V(false) if the Python package
      C(duckdb-kql) is not installed, or if it does not understand the query although no definite
      mistake was found.
  returned: with O(validate_only)
  type: bool
waited_seconds:
  description: Seconds spent waiting for the tenant's quotas and between retries after failures.
  returned: always
  type: float
  sample: 0.0
error:
  description:
    - Details of the failure. Playbooks can branch on C(category); C(who) is the party that must
      act, and C(advice) describes what to do.
    - V(not_licensed) with the key C(table) means that the tenant has no license for the product
      that fills this documented table.
  returned: failure
  type: dict
"""

import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils import _module
from ansible_collections.mssp.defender_xdr.plugins.module_utils._hunting import export as _export
from ansible_collections.mssp.defender_xdr.plugins.module_utils._hunting import kql as _kql
from ansible_collections.mssp.defender_xdr.plugins.module_utils._hunting import query as _hunting
from ansible_collections.mssp.defender_xdr.plugins.module_utils._hunting import (
    row_sinks as _found_rows,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._hunting import (
    timespans as _timespans,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.tenant import Tenant

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
        "validate_only": {"type": "bool", "default": False},
    },
    mutually_exclusive=[("query", "query_file")],
    required_one_of=[("query", "query_file")],
)
ROWS = "rows"


def run(tenant: Tenant, params: dict[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
    text = _kql.text(params["query"], params["query_file"])
    query = _kql.with_parameters(text, params["parameters"])
    timespan = _timespans.parse(params["timespan"])
    request = _hunting.Request(query, timespan, params["on_truncated"])
    limit, mode = _kql.checked_limit(params["limit"]), _export.mode_of(params["mode"])
    dest, form = params["dest"], params["format"]
    _export.check_format(form)
    only = params["validate_only"]
    if dest:
        _found_rows.check_dest(dest, tenant.options, check_mode=check_mode or only)
    if only:
        return {"checked": _kql.check(text)}
    api = tenant.chosen_api("hunting_query")
    if not dest:
        memory = _found_rows.InMemory(limit)
        outcome = _hunting.run(api, request, memory)
        rows = memory.wanted()
        return {"api": api.name, **outcome.as_result(), "rows": rows, "count": len(rows)}
    with _found_rows.on_disk(dest, limit, check_mode=check_mode) as disk:
        outcome = _hunting.run(api, request, disk)
        place = {"form": form, "schema": outcome.schema, "mode": mode, "owner": tenant.options}
        changed, warnings = _export.place(disk.draft, **place, check_mode=check_mode)
        outcome.warnings.extend(warnings)
        result = {**outcome.as_result(), "dest": dest, "count": disk.kept, "changed": changed}
        return {"api": api.name, **result}


def main() -> None:
    _module.serve(SPEC, run)


if __name__ == "__main__":
    main()
