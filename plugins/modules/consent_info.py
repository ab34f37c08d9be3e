# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: consent_info
author:
  - The mssp.defender_xdr contributors (@mssp)
short_description: Read what a customer tenant has granted to the application
version_added: 0.1.0
description:
  - Reports whether a customer has consented, and which of the wanted application roles are granted,
    missing or superfluous.
  - If the token for Microsoft Graph has C(Application.Read.All) (or C(Directory.Read.All)), the
    module reads the service principals in that tenant, which also show when roles were granted.
    Otherwise it compares the roles in new tokens, without calling any API. Cached tokens and
    refusals are not used.
  - Needs no application permission.
  - A tenant that has not consented, or that lacks the product, is not a failure. The module fails
    if the tenant refuses for another reason, such as a disabled application or an expired
    credential.
options:
  app_id:
    description:
      - Application (client) id of the application to check. Defaults to O(client_id).
      - The roles of another application can be read from its service principal only.
    type: str
  required_for:
    description:
      - Modules of this collection. The least roles that they need are wanted.
      - For modules that support both generations of the API, these are the roles of Microsoft
        Graph, unless O(api) is V(xdr).
    type: list
    elements: str
  api_permissions:
    description:
      - Further application roles that are wanted.
    type: list
    elements: dict
    suboptions:
      api:
        description:
          - V(graph), V(xdr) or V(endpoint), the name of the product (V(Microsoft Graph),
            V(Microsoft Threat Protection), V(WindowsDefenderATP)), or the application id of another
            API, whose roles can be read from service principals only.
        type: str
        required: true
      roles:
        description: Names of the API's application roles.
        type: list
        elements: str
        required: true
extends_documentation_fragment:
  - mssp.defender_xdr._tenant
  - mssp.defender_xdr._attributes
  - mssp.defender_xdr._attributes.READS
seealso:
  - module: mssp.defender_xdr.consent
  - module: mssp.defender_xdr.access_token_info
  - plugin: mssp.defender_xdr.consent_url
    plugin_type: filter
  - plugin: mssp.defender_xdr.consented
    plugin_type: test
"""

EXAMPLES = r"""
- name: Read what the tenant has granted
  mssp.defender_xdr.consent_info:
    required_for: [incident_info, hunting_query]
  register: granted

- name: Show the link for a tenant that has to consent
  ansible.builtin.debug:
    msg: "{{ granted.status }}: {{ granted.consent_url }}"
  when: granted is not mssp.defender_xdr.consented

- name: Read what every tenant of the play has granted
  mssp.defender_xdr.sweep:
    module: consent_info
    module_args:
      required_for: [incident_info]
      api_permissions:
        - api: graph
          roles: [SecurityAlert.Read.All]
  run_once: true
"""

RETURN = r"""
tenant:
  description: The tenant, with its C(id), C(name) and C(cloud).
  returned: always
  type: dict
  sample: {id: 22222222-2222-2222-2222-222222222222, name: contoso, cloud: public}
api:
  description: The API that service principals are read from.
  returned: success
  type: str
  sample: graph
app_id:
  description: Application (client) id of the application that was checked.
  returned: success
  type: str
status:
  description:
    - V(not_consented) if the tenant does not know the application, V(partial) if RV(missing) has
      some or all of the wanted roles, V(complete) if the tenant has granted exactly what is needed,
      or V(superfluous) if nothing is missing and more is granted than was requested.
  returned: success
  type: str
  sample: partial
source:
  description: Where the roles were read from, V(service_principals) or V(token).
  returned: success
  type: str
  sample: token
granted:
  description: The granted application roles by API.
  returned: success
  type: dict
  sample: {graph: [SecurityIncident.Read.All]}
missing:
  description: The wanted roles that are not granted, by API. A C(ReadWrite) role covers the
    corresponding C(Read) role.
  returned: success
  type: dict
  sample: {graph: [ThreatHunting.Read.All]}
superfluous:
  description: The granted roles that the wanted roles do not need, by API.
  returned: success
  type: dict
  sample: {}
absent:
  description:
    - The APIs that have no service principal in the tenant. Their roles cannot be granted until the
      tenant has the product. Only reported if RV(source=token).
  returned: success
  type: list
  elements: str
since:
  description: The time of the latest grant, as RFC 3339 UTC. Empty if RV(source=token), because
    tokens do not contain it.
  returned: success
  type: str
  sample: "2026-11-22T09:35:45Z"
consent_url:
  description: The link with which an administrator of the tenant consents to the permissions of the
    application registration.
  returned: success
  type: str
  sample:
    https://login.microsoftonline.com/22222222-2222-2222-2222-222222222222/adminconsent?client_id=11111111-1111-1111-1111-111111111111
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
"""

import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils import _module
from ansible_collections.mssp.defender_xdr.plugins.module_utils._consent import (
    comparison as _grants,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._consent import reading as _consent
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.consent_link import (
    consent_link,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.tenant import Tenant

SPEC = _module.spec(
    {"app_id": {"type": "str"}, **_grants.WANTED_SPEC},
    required_one_of=[("required_for", "api_permissions")],
)


def run(tenant: Tenant, params: dict[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
    app_id = _consent.application(tenant, params["app_id"])
    wanted = _grants.wanted(params, "xdr" if tenant.options.api == "xdr" else "graph")
    found = _consent.read(tenant, app_id, wanted)
    return {
        "api": "graph",
        "app_id": app_id,
        **_grants.compared(found, wanted),
        "source": found.source,
        "absent": list(found.absent),
        "since": found.since or "",
        "consent_url": consent_link(
            tenant.options.tenant_id, app_id, login_url=tenant.options.login_url
        ),
    }


def main() -> None:
    _module.serve(SPEC, run)


if __name__ == "__main__":
    main()
