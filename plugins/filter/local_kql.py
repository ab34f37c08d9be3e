# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: local_kql
author:
  - The mssp.defender_xdr contributors (@mssp)
short_description: Run KQL over rows of many tenants on the controller
version_added: 0.1.0
description:
  - Runs a query in the Kusto query language over rows that were collected before. Use it for
    queries across customers, which Microsoft's portals and APIs do not offer.
  - The rows are read into memory. The query can access only these rows, and neither files nor the
    network.
  - The query is translated to SQL and runs on DuckDB. A query that cannot be translated is refused.
    Times have six decimal places instead of Microsoft's seven.
requirements:
  - duckdb
  - duckdb-kql
positional: query
options:
  _input:
    description:
      - A list of rows, or the path of a file on the controller with one JSON object per line, as
        written by M(mssp.defender_xdr.sweep) and the role P(mssp.defender_xdr.hunt#role).
      - For a query over several tables, a dictionary of these by table name.
      - A column is a number, a boolean, a time (RFC 3339) or dynamic if all of its values are.
        Otherwise it is text.
    type: raw
    required: true
  query:
    description:
      - The query.
    type: str
    required: true
  table:
    description:
      - Table name of the rows in the query, if O(_input) is not a dictionary.
    type: str
    default: Rows
  parameters:
    description:
      - Values for names that the query uses, as in M(mssp.defender_xdr.hunting_query).
    type: dict
    default: {}
seealso:
  - module: mssp.defender_xdr.sweep
  - plugin: mssp.defender_xdr.hunts
    plugin_type: lookup
"""

EXAMPLES = r"""
- name: Find programs with connections to the internet, in every tenant
  mssp.defender_xdr.sweep:
    module: hunting_query
    module_args:
      query: DeviceNetworkEvents | where RemoteIPType == "Public" | distinct
        InitiatingProcessFileName, InitiatingProcessSHA256, RemoteIP
    dest: /tmp/talkers.ndjson
    fail_when: never
  run_once: true
  register: talkers

- name: Show programs that connect to the same address from more than one customer
  ansible.builtin.debug:
    msg: >-
      {{ talkers.dest
         | mssp.defender_xdr.local_kql(shared, table='Talkers', parameters={'least': 2}) }}
  vars:
    shared: |
      Talkers
      | summarize Tenants = dcount(tenant_id), Names = make_set(tenant_name)
          by InitiatingProcessSHA256, RemoteIP
      | where Tenants >= least
      | order by Tenants desc
  run_once: true

- name: Count the rows with addresses that are not known
  ansible.builtin.debug:
    msg: >-
      {{ {'Talkers': talkers.dest, 'Known': known}
         | mssp.defender_xdr.local_kql('Talkers | join kind=leftanti Known on RemoteIP | count') }}
  vars:
    known:
      - RemoteIP: 192.0.2.10
      - RemoteIP: 192.0.2.11
  run_once: true
"""

RETURN = r"""
_value:
  description: The rows of the result, each a dictionary with the column names as keys.
  type: list
  elements: dict
"""

import typing as t

from ansible.errors import AnsibleFilterError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._hunts import (
    local_kql as _local_kql,
)


def local_kql(
    source: t.Any, query: str, table: str = "Rows", parameters: dict[str, t.Any] | None = None
) -> list[dict[str, t.Any]]:
    try:
        return _local_kql.run(_local_kql.tables(source, table), query, parameters or {})
    except DefenderError as e:
        raise AnsibleFilterError(e.message) from None


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"local_kql": local_kql}
