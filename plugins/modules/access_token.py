#!/usr/bin/python
# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: access_token
author:
  - The mssp.defender_xdr contributors (@mssp)
short_description: Acquire an app-only access token for a customer tenant
version_added: 0.1.0
description:
  - Acquires a token for one of the three APIs behind Microsoft Defender XDR, from the token cache
    or from the tenant's login service.
  - Checks the tenant and the audience of the token before returning it.
  - A result that contains a token can be registered, but is never displayed. Failures are
    displayed, so the task itself does not need C(no_log).
  - Set C(no_log=true) on every task that uses the registered token.
  - Needs no application permission. The other modules acquire their own tokens; use this module for
    API calls that the collection does not cover.
extends_documentation_fragment:
  - mssp.defender_xdr._attributes
  - mssp.defender_xdr._attributes.reads
  - mssp.defender_xdr._tenant
options:
  resource:
    description:
      - The API that the token is for. V(graph) is Microsoft Graph, V(xdr) is the Defender XDR API,
        V(endpoint) is the Defender for Endpoint API.
    type: str
    default: graph
    choices: [graph, xdr, endpoint]
  force_refresh:
    description:
      - Whether to request a new token even if the cache holds a token or a recent refusal.
      - Only a token that was issued after a role was granted contains that role.
    type: bool
    default: false
seealso:
  - module: mssp.defender_xdr.access_token_info
"""

EXAMPLES = r"""
- name: Acquire a token for the Defender for Endpoint API
  mssp.defender_xdr.access_token:
    resource: endpoint
  register: token

- name: Show when the token expires
  ansible.builtin.debug:
    msg: "The token for {{ token.tenant.name }} expires at {{ token.expires_at }}."
"""

RETURN = r"""
tenant:
  description: The tenant, with its C(id), C(name) and C(cloud).
  returned: always
  type: dict
  sample: {id: 22222222-2222-2222-2222-222222222222, name: contoso, cloud: public}
api:
  description: The API that the token is for.
  returned: success
  type: str
  sample: graph
access_token:
  description: The token. It can be registered, but this task never displays it.
  returned: success
  type: str
expires_at:
  description: When the token expires, as RFC 3339 UTC.
  returned: success
  type: str
  sample: "2026-11-23T10:15:00Z"
audience:
  description: The token's audience, or the requested audience if the token is opaque.
  returned: success
  type: str
  sample: https://graph.microsoft.com
roles:
  description: The application roles in the token, which are those that the customer has granted.
  returned: success
  type: list
  elements: str
  sample: [SecurityIncident.Read.All]
app_id:
  description: Application (client) id of the application that the token was issued to.
  returned: success
  type: str
from_cache:
  description: Whether the token was taken from the cache.
  returned: success
  type: bool
waited_seconds:
  description: Seconds spent waiting for the tenant's quotas and between retries after failures.
  returned: always
  type: float
  sample: 0.0
error:
  description: Details of the failure. Playbooks can branch on C(category); C(who) is the party that
    must act, and C(advice) describes what to do.
  returned: failure
  type: dict
  sample: {category: not_consented, status: 400, code: AADSTS700016, who: customer, advice: An
    administrator has to consent.}
"""

import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils import _module
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.clouds import RESOURCES
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.tenant import Tenant
from ansible_collections.mssp.defender_xdr.plugins.module_utils._times import SECOND, format_time

SPEC = _module.spec(
    {
        "resource": {"type": "str", "default": "graph", "choices": list(RESOURCES)},
        "force_refresh": {"type": "bool", "default": False},
    }
)


def run(tenant: Tenant, params: dict[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
    token, claims = tenant.guard.token(params["resource"], force=params["force_refresh"])
    return {
        "api": params["resource"],
        "access_token": token.value,
        "expires_at": format_time(token.expires_at * SECOND),
        "audience": claims.audience
        if claims
        else tenant.options.service(params["resource"]).audience,
        "roles": list(claims.roles) if claims else [],
        "app_id": claims.app_id if claims else tenant.options.client_id,
        "from_cache": token.from_cache,
    }


def main() -> None:
    _module.serve(SPEC, run)


if __name__ == "__main__":
    main()
