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
  - Microsoft answers at most 100,000 rows or 50 MB, and gives a query three minutes. What hits a
    cap is said in RV(truncated).
  - Needs the application permission C(ThreatHunting.Read.All) of Microsoft Graph, or
    C(AdvancedHunting.Read.All) of the older Defender XDR API.
extends_documentation_fragment:
  - mssp.defender_xdr._attributes
  - mssp.defender_xdr._tenant
attributes:
  check_mode:
    description: Can run in check mode and say what would change, without changing anything.
    support: full
    details: >-
      Reads as it does otherwise and writes no file. RV(ignore:changed) says whether O(dest) would
      differ. Its folder may be missing, as an earlier task that makes it has not run either. To
      check a query without sending it, use O(validate_only).
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
      - Values for names that the query uses. Each is put before the query as a C(let) statement,
        quoted so that no value can become part of the query.
      - Where the query itself declares the name with a C(let) whose value is a literal, such as
        C(let threshold = 10;), the given value takes the place of that literal. A name that the
        query declares in any other way is refused with the line.
      - >-
        Text, numbers, booleans and lists of those become the KQL values of the same kind.
        A point in time is C({datetime: 2026-11-01T00:00:00Z}) or C({datetime: 7d}), a length of
        time C({timespan: 12h}).
    type: dict
    default: {}
  timespan:
    description:
      - How far back the query may look, as an ISO 8601 duration (V(P7D)) or an age (V(7d)) before
        now, as V(START/END), as V(START/P7D), as V(P7D/END), or as V(START), which goes on until
        now. START and END are times such as V(2026-11-01T08:00:00Z), or ages.
      - A length before now counts by the service's clock.
      - Microsoft's default is 30 days. The shorter of this and the query's own limits counts.
      - The older API (O(api=xdr)) has no time span. There it becomes a condition behind the table,
        and a query that looks at several rows at once or reads a second table is refused with the
        reason.
    type: str
  limit:
    description:
      - The most rows to return. RV(truncated) says whether there were more. V(0) returns all that
        Microsoft answered.
    type: int
    default: 0
  on_truncated:
    description:
      - What to do when the answer hit one of Microsoft's caps (100,000 rows, 50 MB, three minutes),
        so that rows are missing which nobody asked to leave out.
      - V(warn) returns what came, with a warning. V(fail) fails.
      - V(split) halves the time until every slice is whole. Only a query whose rows do not depend
        on each other can be split, which is one table and the operators C(where), C(extend),
        C(project) and their kin, C(parse) and C(mv-expand). Any other fails with the reason,
        because sums of slices are wrong numbers. The slices together have every row of the whole
        query, also those ahead of this machine's clock, those older than Microsoft's default, and
        those without a time.
    type: str
    default: warn
    choices: [split, warn, fail]
  dest:
    description:
      - Write the rows into this file instead of returning them. It is put in place whole or not at
        all, and memory does not grow with it. NDJSON has each row as the service wrote it.
      - A file that holds the rows of another tenant is left as it is, and the task fails with the
        category V(conflict). Give each tenant a file of its own, as with
        C({{ inventory_hostname }}) in the name. What a file holds is recorded below
        C(~/.ansible/defender_xdr) (C(ANSIBLE_HOME)) on the machine where the module runs, until it
        is moved or changed.
    type: path
  format:
    description:
      - The format of O(dest). V(ndjson) is one JSON object a line; V(csv) has a header and quotes
        every cell, and cells that a spreadsheet would take for a formula get a quote before them;
        V(parquet) has types from the answer's schema and needs the Python package C(pyarrow).
      - CSV has no null. There null and an empty text are both an empty cell.
      - A value whose column the answer's schema does not list gets a column of its own, behind the
        others.
    type: str
    default: ndjson
    choices: [ndjson, csv, parquet]
  mode:
    description:
      - The mode of O(dest), in octal digits.
    type: str
    default: "0600"
  validate_only:
    description:
      - Check the query's syntax and all options, and send nothing. The result has RV(checked) and
        no rows.
      - The syntax is checked with the Python package C(duckdb-kql). What that does not know, but
        Microsoft's parser might take, is not refused.
    type: bool
    default: false
    version_added: 0.2.0
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

- name: Check a query before it is sent to anybody
  mssp.defender_xdr.hunting_query:
    query_file: hunts/beacons.kql
    validate_only: true

- name: Say how many rows were found
  ansible.builtin.debug:
    msg: "{{ encoded.tenant.name }}: {{ encoded.count }}
      rows{{ ', and more' if encoded.truncated else '' }}"
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
  returned: success without O(dest), except with O(validate_only)
  type: list
  elements: dict
  sample: [{Timestamp: "2026-11-22T09:39:50.7688641Z", DeviceName: pc-1.contoso.example}]
dest:
  description: The file that has the rows.
  returned: success with O(dest), except with O(validate_only)
  type: str
schema:
  description: The columns in their order, each with C(name) and C(type). Where the service names no
    type, it is empty.
  returned: success, except with O(validate_only)
  type: list
  elements: dict
  sample: [{name: Timestamp, type: DateTime}, {name: DeviceName, type: String}]
count:
  description: How many rows are in RV(rows) or RV(dest).
  returned: success, except with O(validate_only)
  type: int
  sample: 1
truncated:
  description: Whether rows are missing, because of O(limit) or of one of Microsoft's caps.
  returned: success, except with O(validate_only)
  type: bool
slices:
  description:
    - The slices of time that the query was split into, each with C(since), C(before) (exclusive)
      and C(count). Empty for one piece.
    - The first begins with the first moment that Kusto knows and also has the rows without a time.
      The last ends with the last one.
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
    - Whether the query's syntax could be checked as a whole. V(false) without the Python package
      C(duckdb-kql), and for a query that it does not understand although nothing in it is surely
      wrong. Nothing was sent.
  returned: with O(validate_only)
  type: bool
waited_seconds:
  description: Seconds spent waiting for the tenant's quotas, and between repeats after failures.
  returned: always
  type: float
  sample: 0.0
error:
  description:
    - What went wrong. C(category) is for playbooks, C(who) must act, C(advice) says how.
    - V(not_licensed) with the key C(table) means that the tenant has no licence for the product
      that fills a documented table.
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
