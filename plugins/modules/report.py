#!/usr/bin/python
# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: report
author:
  - The mssp.defender_xdr contributors (@mssp)
short_description: Write a report of what was read from all tenants of the play
version_added: 0.1.0
description:
  - Creates an HTML page that needs no network, the same data as JSON and CSV, and a summary in
    Markdown. The data comes from the facts set by the roles P(mssp.defender_xdr.preflight#role),
    P(mssp.defender_xdr.incidents#role) and P(mssp.defender_xdr.hunt#role), from the result of
    M(mssp.defender_xdr.sweep), or from the reports of slices of the inventory (O(slices)).
  - A tenant that could not be read is listed with the reason and the party that must act. It is
    never shown as a tenant without incidents.
  - Use it with C(run_once=true), or through the role P(mssp.defender_xdr.report#role).
  - Needs no application permission, because it sends no requests to tenants.
extends_documentation_fragment:
  - mssp.defender_xdr._attributes.CONTROLLER
attributes:
  check_mode:
    description: Can run in check mode and report what would change, without changing anything.
    support: full
  diff_mode:
    description: Returns what has changed, or would change, in diff mode.
    support: none
options:
  dest:
    description:
      - Folder on the controller for the files. If it does not exist, it is created for its owner
        alone. The files have mode 0600.
      - If this option is not set, nothing is written, and only O(fail_when) is evaluated.
    type: path
  formats:
    description:
      - Formats to write.
      - V(html) is C(report.html), V(json) is C(report.json), V(markdown) is C(report.md), and
        V(csv) are C(summary.csv), C(questions.csv), C(tenants.csv), C(incidents.csv), C(hits.csv)
        and C(indicators.csv).
      - With any format, the rows of hunts with hits are kept in O(dest) as well.
    type: list
    elements: str
    choices: [html, json, csv, markdown]
    default: [html, json, csv, markdown]
  title:
    description:
      - Heading of the page.
    type: str
    default: Defender XDR
  hosts:
    description:
      - Hosts to report. If the list is empty, no report is written, and the task does not fail.
      - If this option is not set, all hosts that the play started with are reported, including
        those that failed or were unreachable earlier. Hosts that the play ended on purpose before
        anything was read from them, for example with C(meta=end_host), are left out.
    type: list
    elements: str
  incidents:
    description:
      - Registered result of a M(mssp.defender_xdr.sweep) with M(mssp.defender_xdr.incident_info),
        to use instead of the hosts' facts.
      - If the sweep used O(mssp.defender_xdr.sweep#module:dest), its incidents are read from that
        file.
    type: dict
  incidents_from:
    description:
      - File of incidents that an earlier sweep wrote. The file does not show which tenants were
        read, so a tenant without a row in it counts as not read.
    type: path
  incidents_filters:
    description:
      - The options that the sweep in O(incidents) used, such as C(status) and C(limit), to be shown
        in the report.
    type: dict
    default: {}
  hunts_from:
    description:
      - The file C(hunt_result.json) that an earlier hunt wrote to its folder, to use instead of the
        fact C(hunt_result).
    type: path
  slices:
    description:
      - The C(report.json) of each slice of the inventory, to write one report on all their tenants.
        The rows of hunts are read from the files that they name, which must be next to them.
      - The report is made anew from this data, with the options of this task, such as O(sla) and
        O(previous). Ages and service levels are those of now, and indicators that tenants of
        different slices share are found.
      - If two slices contain the same tenant, or were asked different questions (another time
        span, limit or filter, or another hunt), the task fails.
      - Tenants of the play that are in no slice are reported as not read. Tenants of slices that
        are not in the play are reported as well. On a play without tenants, such as one on
        C(localhost), only the slices are reported.
    type: list
    elements: path
  tier_variable:
    description:
      - Host variable that contains the tenant's tier. A tenant without it has the tier V(default).
    type: str
    default: defender_xdr_tier
  sla:
    description:
      - Hours within which an incident must be resolved, counted from its creation, by tier and
        severity, at most 8760. A tier that is not listed uses the hours of V(default). A severity
        without hours has no limit.
      - Without this option, the report has no service levels.
    type: dict
    default: {}
  sla_calendar:
    description:
      - Working days and hours in which the hours of O(sla) count, as C(time_zone), C(days),
        C(from) and C(to). Without this option, they count around the clock.
    type: dict
    default: {}
  time_zone:
    description:
      - Time zone of all times on the page and in the summary, such as V(Europe/Berlin). The times
        in JSON and CSV are in UTC.
    type: str
    default: UTC
  previous:
    description:
      - The C(report.json) of an earlier report. Incidents that are not in it are marked as new.
    type: path
  validate_only:
    description:
      - Whether to only check the options, the files that they name and the folder O(dest), before
        any tenant is queried.
    type: bool
    default: false
  fail_when:
    description:
      - When to fail the task, after everything has been written. V(all) fails if no tenant could be
        read, V(any) if at least one tenant could not be read, and a share such as V(10%) if that
        share of tenants or more could not be read. V(never) does not fail. A tenant that was read
        in part is not counted.
    type: str
    default: all
seealso:
  - module: mssp.defender_xdr.sweep
"""

EXAMPLES = r"""
- name: List the open incidents of every tenant
  mssp.defender_xdr.sweep:
    module: incident_info
    module_args:
      status: [active, in_progress]
      expand_alerts: true
    fail_when: never
  run_once: true
  register: open_incidents

- name: Write the report, and fail if 10 % or more of the tenants could not be read
  mssp.defender_xdr.report:
    dest: /tmp/soc
    incidents: "{{ open_incidents }}"
    sla:
      default: {high: 8, medium: 24, low: 72}
      gold: {high: 4, medium: 8, low: 24, informational: 72}
    fail_when: 10%
  run_once: true

- name: Write one report from the reports of all slices of the inventory
  mssp.defender_xdr.report:
    dest: /tmp/soc/all
    slices:
      - /tmp/soc/report.json  # and those of the other slices
  run_once: true
"""

RETURN = r"""
coverage:
  description: Number of tenants in total (C(asked)), and how many of them answered every question
    (C(complete)), some (C(partial)) or none (C(unread)). The unread tenants are also counted
    C(by_category) and by the party that must act (C(by_who)).
  returned: success, or failure because of O(fail_when)
  type: dict
  sample: {asked: 25, complete: 17, partial: 0, unread: 8, by_category: {not_consented: 8}, by_who:
    {customer: 8}}
files:
  description: Paths of the files that were written, by file name.
  returned: success, or failure because of O(fail_when)
  type: dict
  sample: {report.html: /tmp/soc/report.html}
summary:
  description: The summary in Markdown.
  returned: success, or failure because of O(fail_when)
  type: str
"""

from ansible_collections.mssp.defender_xdr.plugins.module_utils import _module

SPEC = {
    "argument_spec": {
        "dest": {"type": "path"},
        "formats": {
            "type": "list",
            "elements": "str",
            "choices": ["html", "json", "csv", "markdown"],
            "default": ["html", "json", "csv", "markdown"],
        },
        "title": {"type": "str", "default": "Defender XDR"},
        "hosts": {"type": "list", "elements": "str"},
        "incidents": {"type": "dict"},
        "incidents_from": {"type": "path"},
        "hunts_from": {"type": "path"},
        "slices": {"type": "list", "elements": "path"},
        "tier_variable": {"type": "str", "default": "defender_xdr_tier"},
        "incidents_filters": {"type": "dict", "default": {}},
        "sla": {"type": "dict", "default": {}},
        "sla_calendar": {"type": "dict", "default": {}},
        "time_zone": {"type": "str", "default": "UTC"},
        "previous": {"type": "path"},
        "validate_only": {"type": "bool", "default": False},
        "fail_when": {"type": "str", "default": "all"},
    },
    "mutually_exclusive": [
        ["incidents", "incidents_from", "slices"],
        ["hosts", "slices"],
        ["hunts_from", "slices"],
    ],
    "supports_check_mode": True,
}


def main() -> None:
    _module.only_here(SPEC)


if __name__ == "__main__":
    main()
