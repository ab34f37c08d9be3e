# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: contain_plan
author:
  - The mssp.defender_xdr contributors (@mssp)
short_description: Plan the containment of devices
version_added: 0.1.0
description:
  - The role P(mssp.defender_xdr.contain#role) uses this filter to determine what it would do, how
    many devices it would change, and in which rounds.
options:
  _input:
    description:
      - The result of P(mssp.defender_xdr.contain_targets#filter).
    type: dict
    required: true
  found:
    description:
      - The results of loops over rounds in which M(mssp.defender_xdr.sweep) ran
        M(mssp.defender_xdr.device_info).
    type: list
    elements: dict
    default: []
  dry_run:
    description:
      - The results of a loop over the rounds C(all) of an earlier call, in which
        M(mssp.defender_xdr.sweep) ran M(mssp.defender_xdr.device_isolation) in check mode.
    type: list
    elements: dict
  done:
    description:
      - The results of the loops that have changed something so far. A device that failed in one of
        them is in no further round.
    type: list
    elements: list
    default: []
  state:
    description:
      - The wanted state, V(isolated) or V(released).
    type: str
    default: isolated
  isolation_type:
    description:
      - The kind of isolation, for the question.
    type: str
    default: full
  comment:
    description:
      - The comment, for the question.
    type: str
    default: ""
  tags:
    description:
      - Tags that isolated devices get and released ones lose.
    type: list
    elements: str
    default: []
  max_changes:
    description:
      - Maximum number of devices to change. V(0) sets no limit.
    type: int
    default: 0
seealso:
  - plugin: mssp.defender_xdr.contain_targets
    plugin_type: filter
  - plugin: mssp.defender_xdr.contain_result
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Plan the containment of a device that nobody has looked up
  ansible.builtin.debug:
    msg: >-
      {{ ({'contoso': ['web1.contoso.example']} | mssp.defender_xdr.contain_targets
          | mssp.defender_xdr.contain_plan).devices | map(attribute='text') }}
  run_once: true
"""

RETURN = r"""
_value:
  description: The C(devices) with their C(plan), the number of C(changes), the rounds C(all),
    C(act), C(wait) and C(tag), the C(question) for approval, and the C(refusal), which is empty if
    there is none.
  type: dict
"""

import typing as t

from ansible.errors import AnsibleFilterError
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._containment import lines, plan


def contain_plan(
    targets: t.Any,
    *,
    isolation_type: str = "full",
    comment: str = "",
    max_changes: int = 0,
    **options: t.Any,
) -> dict[str, t.Any]:
    if not isinstance(targets, t.Mapping):
        raise AnsibleFilterError("The input of contain_plan must be a result of contain_targets.")
    planned = plan.plan(dict(targets), options.pop("found", None), **options)
    question = lines.question(planned, isolation_type=isolation_type, comment=comment)
    return {
        **planned,
        "question": question,
        "refusal": lines.too_many(planned, int(max_changes)),
    }


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"contain_plan": contain_plan}
