#!/usr/bin/python
# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: access_token_info
author:
  - The mssp.defender_xdr contributors (@mssp)
short_description: Check an access token's tenant, audience, roles and times
version_added: 0.1.0
description:
  - Reads the claims of a token and reports everything that makes it unsuitable for a given purpose.
  - Checks the tenant's own token, acquired for O(resource), or the token in O(access_token).
  - A C(ReadWrite) role covers the corresponding C(Read) role. For example,
    C(SecurityIncident.ReadWrite.All) satisfies C(SecurityIncident.Read.All).
  - Needs no application permission, and does not call the API itself.
extends_documentation_fragment:
  - mssp.defender_xdr._attributes
  - mssp.defender_xdr._attributes.reads
  - mssp.defender_xdr._tenant
options:
  access_token:
    description:
      - The token to check. If this option is not set, the tenant's own token is acquired.
    type: str
  resource:
    description:
      - The API that the token must be for.
    type: str
    default: graph
    choices: [graph, xdr, endpoint]
  required_roles:
    description:
      - Application roles that the token must have.
    type: list
    elements: str
    default: []
  required_for:
    description:
      - Modules of this collection, such as V(incident_info). The token must have the least roles
        that they need.
    type: list
    elements: str
    default: []
  verify_signature:
    description:
      - Whether to verify the token's signature with the keys that the tenant's login service
        publishes.
      - Only Microsoft Graph can verify tokens for Microsoft Graph. For such a token, the problem
        C(signature_not_verifiable) is reported.
    type: bool
    default: false
  on_problem:
    description:
      - V(fail) fails the task if there is a problem.
      - V(report) always succeeds and leaves the decision to the playbook. RV(error) then describes
        what is wrong, or why no token could be acquired.
    type: str
    default: fail
    choices: [fail, report]
seealso:
  - module: mssp.defender_xdr.access_token
"""

EXAMPLES = r"""
- name: Check that the tenant has granted what the other tasks need
  mssp.defender_xdr.access_token_info:
    required_for:
      - incident_info
      - hunting_query

- name: Report problems instead of failing
  mssp.defender_xdr.access_token_info:
    required_roles:
      - SecurityIncident.ReadWrite.All
    on_problem: report
  register: check

- name: Show what is wrong with the token
  ansible.builtin.debug:
    msg: "{{ check.tenant.name }}: {{ check.problems | map(attribute='text') | join(' ') }}"
  when: not check.valid
"""

RETURN = r"""
tenant:
  description: The tenant, with its C(id), C(name) and C(cloud).
  returned: always
  type: dict
  sample: {id: 22222222-2222-2222-2222-222222222222, name: contoso, cloud: public}
api:
  description: The API that the token was checked for.
  returned: success
  type: str
  sample: graph
valid:
  description: Whether the token has no problems.
  returned: success
  type: bool
problems:
  description: The problems, the most serious first.
  returned: always
  type: list
  elements: dict
  contains:
    code:
      description: Identifier of the problem, such as V(wrong_audience), V(expired),
        V(role_missing), or the category of the refusal.
      type: str
    text:
      description: The problem in one sentence, with the facts.
      type: str
claims:
  description: All claims of the token.
  returned: when there is a token that can be decoded
  type: dict
roles:
  description: The application roles in the token.
  returned: success
  type: list
  elements: str
  sample: [SecurityIncident.Read.All]
missing_roles:
  description: The required roles that no role in the token covers.
  returned: always
  type: list
  elements: str
unused_roles:
  description: The roles in the token that cover none of the required roles.
  returned: success
  type: list
  elements: str
audience:
  description: The token's audience.
  returned: success
  type: str
  sample: https://graph.microsoft.com
expires_at:
  description: When the token expires, as RFC 3339 UTC. Empty if that is not known.
  returned: success
  type: str
  sample: "2026-11-23T10:15:00Z"
msg:
  description: The most serious problem in one sentence, with the tenant.
  returned: when RV(valid) is false
  type: str
waited_seconds:
  description: Seconds spent waiting for the tenant's quotas and between retries after failures.
  returned: always
  type: float
  sample: 0.0
error:
  description: Details of the most serious problem. Playbooks can branch on C(category); C(who) is
    the party that must act, and C(advice) describes what to do, with the consent link if consent is
    needed.
  returned: when RV(valid) is false
  type: dict
"""

import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils import _module
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import (
    token_report as _token_check,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.clouds import RESOURCES
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.tenant import Tenant

SPEC = _module.spec(
    {
        "access_token": {"type": "str", "no_log": True},
        "resource": {"type": "str", "default": "graph", "choices": list(RESOURCES)},
        "required_roles": {"type": "list", "elements": "str", "default": []},
        "required_for": {"type": "list", "elements": "str", "default": []},
        "verify_signature": {"type": "bool", "default": False},
        "on_problem": {"type": "str", "default": "fail", "choices": ["fail", "report"]},
    }
)


def run(tenant: Tenant, params: dict[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
    required = _token_check.required(
        params["resource"], params["required_roles"], params["required_for"]
    )
    report, error = _token_check.check(
        tenant,
        params["resource"],
        required,
        given=params["access_token"],
        verify=params["verify_signature"],
    )
    if error and params["on_problem"] == "fail":
        error.facts.update(report)
        raise error
    reason = {"msg": error.message, "error": error.as_result()["error"]} if error else {}
    return {"api": params["resource"], **report, **reason}


def main() -> None:
    _module.serve(SPEC, run)


if __name__ == "__main__":
    main()
