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
  - Reads the claims of a token and says everything that is wrong with it for a given purpose.
  - Checks the tenant's own token, acquired for O(resource), or one given as O(access_token).
  - A role that allows writing covers its reading twin. C(SecurityIncident.ReadWrite.All) satisfies
    C(SecurityIncident.Read.All).
  - Needs no application permission, and makes no call to the API itself.
extends_documentation_fragment:
  - mssp.defender_xdr._attributes
  - mssp.defender_xdr._attributes.reads
  - mssp.defender_xdr._tenant
options:
  access_token:
    description:
      - The token to check. Without it the tenant's own token is acquired.
    type: str
  resource:
    description:
      - The resource that the token has to be for.
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
      - Modules of this collection whose least roles the token must have, such as V(incident_info).
    type: list
    elements: str
    default: []
  verify_signature:
    description:
      - Verify the token's signature with the keys that the tenant's login service publishes.
      - Tokens for Microsoft Graph cannot be verified by anyone but Graph, which is then the problem
        C(signature_not_verifiable).
    type: bool
    default: false
  on_problem:
    description:
      - V(fail) fails the task when there is a problem.
      - V(report) always succeeds and leaves the decision to the playbook. What is wrong, or why no
        token could be had, is then in RV(error).
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

- name: Report instead of failing
  mssp.defender_xdr.access_token_info:
    required_roles:
      - SecurityIncident.ReadWrite.All
    on_problem: report
  register: check

- name: Show what is missing
  ansible.builtin.debug:
    msg: "{{ check.tenant.name }}: {{ check.problems | map(attribute='text') | join(' ') }}"
  when: not check.valid
"""

RETURN = r"""
tenant:
  description: The tenant, as C(id), C(name) and C(cloud).
  returned: always
  type: dict
  sample: {id: 22222222-2222-2222-2222-222222222222, name: contoso, cloud: public}
api:
  description: The resource that the token was checked for.
  returned: success
  type: str
  sample: graph
valid:
  description: Whether nothing is wrong with the token.
  returned: success
  type: bool
problems:
  description: What is wrong, the gravest first.
  returned: always
  type: list
  elements: dict
  contains:
    code:
      description: A word for it, such as V(wrong_audience), V(expired), V(role_missing) or the
        category of the refusal.
      type: str
    text:
      description: One sentence with the facts.
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
  description: The roles in the token that nothing required needs.
  returned: success
  type: list
  elements: str
audience:
  description: The token's audience.
  returned: success
  type: str
  sample: https://graph.microsoft.com
expires_at:
  description: When the token ends, as RFC 3339 UTC; empty where that is not known.
  returned: success
  type: str
  sample: "2026-11-23T10:15:00Z"
msg:
  description: The gravest problem in one sentence, with the tenant.
  returned: when RV(valid) is false
  type: str
waited_seconds:
  description: Seconds spent waiting for the tenant's quotas, and between repeats after failures.
  returned: always
  type: float
  sample: 0.0
error:
  description: The gravest problem. C(category) is for playbooks, C(who) must act, C(advice) says
    how, with the consent link where one helps.
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
