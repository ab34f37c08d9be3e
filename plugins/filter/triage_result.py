# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: triage_result
author:
  - The mssp.defender_xdr contributors (@mssp)
short_description: Determine what became of a triage
version_added: 0.1.0
description:
  - The role P(mssp.defender_xdr.triage#role) uses this filter to write the comments of the
    incidents, and to set the fact C(triage_result).
options:
  _input:
    description:
      - The result of P(mssp.defender_xdr.triage_plan#filter).
    type: dict
    required: true
  hunts:
    description:
      - The results of a loop over hunts, each with its C(name), in which
        M(mssp.defender_xdr.sweep) ran M(mssp.defender_xdr.hunting_query).
    type: list
    elements: dict
  written:
    description:
      - The results of a loop over the rounds C(claimed), in which M(mssp.defender_xdr.sweep) ran
        M(mssp.defender_xdr.incident) with the tags and the comment.
    type: list
    elements: dict
  timespan:
    description:
      - The time range of the hunts, for the comments.
    type: str
    default: 7d
  asked_at:
    description:
      - Time of the requests.
    type: str
    default: ""
  sent:
    description:
      - Whether this is more than a dry run.
    type: bool
    default: true
seealso:
  - plugin: mssp.defender_xdr.triage_plan
    plugin_type: filter
"""

EXAMPLES = r"""
- name: List the new incidents of every tenant
  mssp.defender_xdr.sweep:
    module: incident_info
    module_args: {status: active, assigned_to: [""], expand_alerts: true, limit: 3}
  register: listed
  run_once: true

- name: Show which incidents a triage would take
  ansible.builtin.debug:
    msg: >-
      {{ (listed | mssp.defender_xdr.triage_plan(limit=1)
          | mssp.defender_xdr.triage_result(sent=false)).summary }}
  run_once: true
"""

RETURN = r"""
_value:
  description: The fact, as the README of the role describes it.
  type: dict
"""

import typing as t

from ansible.errors import AnsibleFilterError
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._triage import lines, outcome


def triage_result(plan: t.Any, **options: t.Any) -> dict[str, t.Any]:
    if not isinstance(plan, t.Mapping) or "incidents" not in plan:
        raise AnsibleFilterError("The input of triage_result must be a result of triage_plan.")
    result = outcome.result(dict(plan), **options)
    return {**result, "summary": lines.lines(result), "markdown": lines.markdown(result)}


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"triage_result": triage_result}
