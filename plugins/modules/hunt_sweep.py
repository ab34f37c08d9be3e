#!/usr/bin/python
# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: hunt_sweep
author:
  - The mssp.defender_xdr contributors (@mssp)
short_description: Run many hunting queries in every tenant of the play in one task
version_added: 0.1.0
description:
  - Runs every query in all tenants of the play's current batch, in one process and with one request
    for each query and tenant. Each tenant gets its queries one after another, or up to four at a
    time if there are few tenants, so a slow or throttled tenant delays only itself.
  - A failure of one query or one tenant does not affect the others. Each hunt lists the tenants
    that did not answer with the reason; such a tenant never counts as having no hits.
  - If a tenant cannot be queried at all, for example because it has not consented, its other
    queries are not sent.
  - Each tenant is queried with its own tenant options and with the C(module_defaults) of
    M(mssp.defender_xdr.hunting_query).
  - Use it with C(run_once=true). It works with C(serial), but not with a strategy that has no
    batches, such as P(ansible.builtin.free#strategy).
  - Needs the application permission C(ThreatHunting.Read.All) of Microsoft Graph, or
    C(AdvancedHunting.Read.All) of the older Defender XDR API, in each tenant.
extends_documentation_fragment:
  - mssp.defender_xdr._attributes.CONTROLLER
attributes:
  check_mode:
    description: Can run in check mode and report what would change, without changing anything.
    support: full
    details: >-
      Runs the queries, but writes no file. RV(ignore:changed) shows whether an answer differs from
      the one of an earlier run in the same O(dest).
  diff_mode:
    description: Returns what has changed, or would change, in diff mode.
    support: N/A
    details: The module changes nothing except the files that it writes.
requirements:
  - msal >= 1.35.0
  - requests >= 2.32.3
  - pyjwt[crypto] >= 2.10.0
options:
  hunts:
    description:
      - Queries to run, as the lookup P(mssp.defender_xdr.hunts#lookup) returns them. If the list is
        empty, no tenant is queried, and the task does not fail.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Name of the hunt, which is also the name of its file in O(dest).
        type: str
        required: true
      query:
        description: The query (KQL).
        type: str
        required: true
      parameters:
        description: Values for names that the query uses, as for
          M(mssp.defender_xdr.hunting_query).
        type: dict
        default: {}
      missing:
        description: Parameters without a value. A hunt that has some is not run, and is listed in
          RV(not_run).
        type: list
        elements: str
        default: []
      title:
        description: Title of the hunt. If it is empty, the name.
        type: str
        default: ''
      description:
        description: What a hit means.
        type: str
        default: ''
      severity:
        description: Severity of a hit.
        type: str
        default: medium
        choices: [informational, low, medium, high]
      tactics:
        description: MITRE ATT&CK tactics.
        type: list
        elements: str
        default: []
      techniques:
        description: MITRE ATT&CK techniques.
        type: list
        elements: str
        default: []
      tables:
        description: Tables that the query reads.
        type: list
        elements: str
        default: []
      licence:
        description: License that the tables need.
        type: str
        default: ''
      pack:
        description: Name of the hunt's folder.
        type: str
        default: ''
      path:
        description: The hunt's file. It is not read again.
        type: str
        default: ''
  timespan:
    description:
      - Time range of every query, as for M(mssp.defender_xdr.hunting_query). Microsoft's default is
        30 days.
    type: str
  limit:
    description:
      - Maximum number of rows for each query and tenant. V(0) returns all rows that Microsoft
        returned.
    type: int
    default: 1000
  concurrency:
    description:
      - Maximum number of queries to run at the same time, over all tenants.
      - If this option is not set, the number adapts, as described for
        O(mssp.defender_xdr.sweep#module:concurrency).
    type: int
  canary:
    description:
      - Host of the batch to run every query in first. A query that this tenant refuses as
        V(bad_query) is not sent to the others, where it fails with the same category.
    type: str
    default: ''
  dest:
    description:
      - Folder on the controller for the rows. It gets one file for each hunt, C(NAME.ndjson), with
        the rows of all tenants in the order of the hosts, each with C(tenant_id) and
        C(tenant_name), and RV(hunts) as C(hunt_result.json). The rows are then not in the result.
        If no tenant answered a hunt, it has no file.
      - A missing folder is created with mode 0700; the files have mode 0600.
      - The rows of each tenant are saved as soon as the tenant has answered, in a folder
        C(.answers) for O(resume).
    type: path
  resume:
    description:
      - Whether to keep the answers that are in O(dest) from an earlier run, and to query only the
        tenants that have not answered. An earlier answer is used only for the same tenant, query,
        parameters, O(timespan) and O(limit).
      - A time range such as V(7d) is relative to the time when each tenant was queried.
    type: bool
    default: false
  fail_when:
    description:
      - When to fail the task, evaluated for each hunt. V(all) fails if no tenant answered a hunt,
        V(any) if at least one tenant did not answer, and a share such as V(10%) if that share of
        tenants or more did not answer. V(never) does not fail.
      - Tenants without a license for the queried table (V(not_licensed)) are not taken into
        account.
      - The result is complete even if the task fails.
    type: str
    default: all
  validate_only:
    description:
      - Whether to only check the syntax of the queries and all options, without sending anything.
        See M(mssp.defender_xdr.hunting_query).
    type: bool
    default: false
seealso:
  - module: mssp.defender_xdr.hunting_query
  - module: mssp.defender_xdr.sweep
  - plugin: mssp.defender_xdr.hunts
    plugin_type: lookup
"""

EXAMPLES = r"""
- name: Run a folder of queries in every tenant
  mssp.defender_xdr.hunt_sweep:
    hunts: "{{ query('mssp.defender_xdr.hunts', playbook_dir ~ '/hunts') }}"
    timespan: 7d
    dest: /tmp/hits
    fail_when: 10%
  run_once: true
  register: hunt

- name: Show the tenants with hits of each hunt
  ansible.builtin.debug:
    msg: "{{ item.key }}: {{ item.value.hits | dict2items | selectattr('value') | items2dict }}"
  loop: "{{ hunt.hunts | dict2items }}"
  loop_control:
    label: "{{ item.key }}"
  run_once: true

- name: Continue where an interrupted run stopped
  mssp.defender_xdr.hunt_sweep:
    hunts: "{{ query('mssp.defender_xdr.hunts', playbook_dir ~ '/hunts') }}"
    timespan: 7d
    dest: /tmp/hits
    resume: true
  run_once: true
"""

RETURN = r"""
hunts:
  description: The hunts that were run, by name.
  returned: success, or failure because of O(fail_when)
  type: dict
  contains:
    coverage:
      description: How many tenants were C(asked), and how many of them C(answered) and C(failed).
      type: dict
      sample: {asked: 25, answered: 24, failed: 1}
    hits:
      description: Number of rows of each tenant that answered, by host. V(0) means that the tenant
        answered and has none.
      type: dict
      sample: {contoso: 3, woodgrove: 0}
    truncated:
      description: Hosts with more rows than were returned, because of O(limit) or one of
        Microsoft's limits.
      type: list
      elements: str
    failures:
      description: For each host that did not answer, the C(error) of
        M(mssp.defender_xdr.hunting_query), with its C(msg).
      type: dict
      sample: {litware: {category: not_consented, who: customer, msg: The application has not been
        consented to in tenant litware.}}
    asked_at:
      description: When the first tenant was queried whose answer is used, which may have been in an
        earlier run; if no tenant answered, when the first one was queried. Null if none was.
      type: str
      sample: "2026-11-26T06:00:00Z"
    timespan:
      description: The O(timespan). Null for Microsoft's default of 30 days.
      type: str
      sample: 7d
    limit:
      description: The O(limit).
      type: int
      sample: 1000
    checked:
      description: Whether the query was only checked, with O(validate_only).
      type: bool
    dest:
      description: File with the rows of all tenants. Empty if there is none.
      type: str
      sample: /tmp/hits/encoded_powershell.ndjson
    rows:
      description: Rows of each host that has any, without O(dest).
      type: dict
    title:
      description: The title; likewise C(description), C(severity), C(tactics), C(techniques),
        C(tables), C(licence) and C(pack), as given in O(hunts).
      type: str
tenants:
  description: Each host with V(complete) if it answered every hunt, V(partial) if it answered some,
    and V(unread) if it answered none.
  returned: success, or failure because of O(fail_when)
  type: dict
  sample: {contoso: complete, litware: unread}
coverage:
  description: How many tenants were C(asked), and how many of them are C(complete), C(partial) and
    C(unread).
  returned: success, or failure because of O(fail_when)
  type: dict
  sample: {asked: 25, complete: 20, partial: 2, unread: 3}
summary:
  description: The lines of a table to show, with the hunts that have hits first, and the tenants
    that were not read.
  returned: success, or failure because of O(fail_when)
  type: list
  elements: str
not_run:
  description: Hunts that were not run, each with its C(name) and the parameters in C(missing).
  returned: when there are such hunts
  type: list
  elements: dict
ended:
  description: The hosts of the batch that the play ended on purpose before this task. They were not
    queried, and they are not counted.
  returned: when there are such hosts
  type: list
  elements: str
lost_or_ended:
  description: Hosts that were no longer in the play, if this version of ansible-core does not show
    whether a task failed for them or the play ended them on purpose. They are failures of each
    hunt, but O(fail_when) ignores them.
  returned: when there are such hosts
  type: list
  elements: str
"""

from ansible_collections.mssp.defender_xdr.plugins.module_utils import _module

TEXT = {"type": "str", "default": ""}
LIST = {"type": "list", "elements": "str", "default": []}
SEVERITIES = ["informational", "low", "medium", "high"]
HUNT = {
    "name": {"type": "str", "required": True},
    "query": {"type": "str", "required": True},
    "parameters": {"type": "dict", "default": {}},
    "missing": LIST,
    "title": TEXT,
    "description": TEXT,
    "severity": {"type": "str", "default": "medium", "choices": SEVERITIES},
    "tactics": LIST,
    "techniques": LIST,
    "tables": LIST,
    "licence": TEXT,
    "pack": TEXT,
    "path": TEXT,
}
SPEC = {
    "argument_spec": {
        "hunts": {"type": "list", "elements": "dict", "required": True, "options": HUNT},
        "timespan": {"type": "str"},
        "limit": {"type": "int", "default": 1000},
        "concurrency": {"type": "int"},
        "canary": TEXT,
        "dest": {"type": "path"},
        "resume": {"type": "bool", "default": False},
        "fail_when": {"type": "str", "default": "all"},
        "validate_only": {"type": "bool", "default": False},
    },
    "supports_check_mode": True,
}


def main() -> None:
    _module.only_here(SPEC)


if __name__ == "__main__":
    main()
