# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: contain_result
author:
  - The mssp.defender_xdr contributors (@mssp)
short_description: Determine what became of a containment
version_added: 0.1.0
description:
  - The role P(mssp.defender_xdr.contain#role) uses this filter to set the fact C(contain_result)
    from its plan and the registered results of its tasks.
options:
  _input:
    description:
      - The result of P(mssp.defender_xdr.contain_plan#filter).
    type: dict
    required: true
  started:
    description:
      - The results of the loop that started the actions.
    type: list
    elements: dict
  waited:
    description:
      - The results of the loop that waited for them. Without it, the result says what would be
        done.
    type: list
    elements: dict
  tagged:
    description:
      - The results of the loop that changed the tags.
    type: list
    elements: dict
  refusal:
    description:
      - C(category) and C(text), if the whole containment was refused.
    type: dict
seealso:
  - plugin: mssp.defender_xdr.contain_plan
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Show what a containment would do
  ansible.builtin.debug:
    msg: >-
      {{ ({'contoso': ['web1.contoso.example']} | mssp.defender_xdr.contain_targets
          | mssp.defender_xdr.contain_plan | mssp.defender_xdr.contain_result).summary }}
  run_once: true
"""

RETURN = r"""
_value:
  description: The fact, as the README of the role describes it.
  type: dict
"""

import typing as t

from ansible.errors import AnsibleFilterError
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._containment import lines, outcome


def contain_result(plan: t.Any, **options: t.Any) -> dict[str, t.Any]:
    if not isinstance(plan, t.Mapping) or "devices" not in plan:
        raise AnsibleFilterError("The input of contain_result must be a result of contain_plan.")
    result = outcome.result(dict(plan), **options)
    return {**result, "summary": lines.of_result(result)}


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"contain_result": contain_result}
