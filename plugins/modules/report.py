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
  - Makes one HTML page that needs no network, the same data as JSON and CSV, and a summary in
    Markdown, out of the facts that the roles P(mssp.defender_xdr.preflight#role),
    P(mssp.defender_xdr.incidents#role) and P(mssp.defender_xdr.hunt#role) left with the hosts, or
    out of what M(mssp.defender_xdr.sweep) found.
  - A tenant that could not be read is in it with the reason and who must act, and never as one
    without incidents.
  - Use it with C(run_once=true), or through the role P(mssp.defender_xdr.report#role).
  - Needs no application permission, because it asks no tenant anything.
attributes:
  action:
    description: Has a corresponding action plugin, so parts of the options can be executed on the
      controller.
    support: full
  async:
    description: Supports C(async).
    support: none
  check_mode:
    description: Can run in check mode and say what would change, without changing anything.
    support: full
  diff_mode:
    description: Says what has changed, or would change, in diff mode.
    support: none
  platform:
    description: Where it runs.
    support: full
    platforms: posix
options:
  dest:
    description:
      - Folder on the controller for the files, which is made where it is missing, for its owner
        alone. The files get mode 0600.
      - Without it nothing is written, and only O(fail_when) is judged.
    type: path
  formats:
    description:
      - What to write.
      - V(html) is C(report.html), V(json) is C(report.json), V(markdown) is C(report.md), and
        V(csv) are C(tenants.csv), C(incidents.csv), C(hits.csv) and C(indicators.csv).
    type: list
    elements: str
    choices: [html, json, csv, markdown]
    default: [html, json, csv, markdown]
  title:
    description:
      - The page's heading.
    type: str
    default: Defender XDR
  hosts:
    description:
      - The hosts to report. An empty list is nobody - there is no report, nothing is written, and
        the task does not fail.
      - Without this option all hosts that the play began with are reported, also those that were
        lost, but not those that the play ended on purpose before anything was read from them, such
        as with C(meta=end_host).
    type: list
    elements: str
  incidents:
    description:
      - The registered result of a M(mssp.defender_xdr.sweep) of M(mssp.defender_xdr.incident_info),
        instead of the hosts' facts.
      - Where the sweep had O(mssp.defender_xdr.sweep#module:dest), its incidents are read from
        there.
    type: dict
  incidents_from:
    description:
      - A file of incidents that an earlier sweep wrote. Such a file does not say who answered, so a
        tenant without a row in it counts as not read.
    type: path
  hunts_from:
    description:
      - The file C(hunt_result.json) that an earlier hunt left in its folder, instead of the fact
        C(hunt_result).
    type: path
  tier_variable:
    description:
      - The host variable that names the tenant's tier. A tenant without it is of the tier
        V(default).
    type: str
    default: defender_xdr_tier
  sla:
    description:
      - Hours from the creation of an incident until it has to be resolved, by tier and severity. A
        tier that is not listed has those of V(default); a severity without hours has no limit.
    type: dict
    default: {default: {high: 8, medium: 24, low: 72}}
  asked:
    description:
      - What was asked, as it is to stand in the report, each with C(what), C(at) and C(how).
    type: list
    elements: dict
    default: []
  fail_when:
    description:
      - Fail after everything is written when V(all) or V(any) tenants could not be read, V(never),
        or when a share of them such as V(10%) or more could not. A tenant that was read in part
        counts as read.
    type: str
    default: never
seealso:
  - module: mssp.defender_xdr.sweep
"""

EXAMPLES = r"""
- name: List the open incidents of every tenant
  mssp.defender_xdr.sweep:
    module: incident_info
    module_args:
      status: [active, in_progress]
    fail_when: never
  run_once: true
  register: open_incidents

- name: Write the report, and fail when a tenth of the tenants could not be read
  mssp.defender_xdr.report:
    dest: /tmp/soc
    incidents: "{{ open_incidents }}"
    sla:
      default: {high: 8, medium: 24, low: 72}
      gold: {high: 4, medium: 8, low: 24, informational: 72}
    fail_when: 10%
  run_once: true
"""

RETURN = r"""
coverage:
  description: How many tenants were C(asked), C(read), read C(partly) and C(unread), and the unread
    ones C(by_category) and C(by_who) must act.
  returned: success or failure of tenants
  type: dict
  sample: {asked: 25, read: 17, partly: 0, unread: 8, by_category: {not_consented: 8}, by_who:
    {customer: 8}}
files:
  description: The files that were written, by name.
  returned: success or failure of tenants
  type: dict
  sample: {report.html: /tmp/soc/report.html}
summary:
  description: The summary in Markdown.
  returned: success or failure of tenants
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
        "tier_variable": {"type": "str", "default": "defender_xdr_tier"},
        "sla": {"type": "dict", "default": {"default": {"high": 8, "medium": 24, "low": 72}}},
        "asked": {"type": "list", "elements": "dict", "default": []},
        "fail_when": {"type": "str", "default": "never"},
    },
    "mutually_exclusive": [["incidents", "incidents_from"]],
    "supports_check_mode": True,
}


def main() -> None:
    _module.only_here(SPEC)


if __name__ == "__main__":
    main()
