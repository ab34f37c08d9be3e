# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: consent_info
author:
  - The mssp.defender_xdr contributors (@mssp)
short_description: What a customer tenant has granted to the application
version_added: 0.2.0
description:
  - Says whether a customer has consented, which of the wanted application roles are granted, which
    are missing and which are superfluous.
  - Where the token for Microsoft Graph has C(Application.Read.All) (or C(Directory.Read.All)), the
    service principals in that tenant are read, which also says since when. Otherwise the roles of
    fresh tokens are compared, which calls no API at all. Nothing is believed that was cached.
  - Needs no application permission.
  - A tenant that has not consented is an answer here. So is one without the product. It fails where
    the tenant refuses for another reason, such as a disabled application or an expired credential.
options:
  app_id:
    description:
      - Application (client) id of the application whose consent is meant, where it is not
        O(client_id).
      - Another application's grants can only be read from its service principal.
    type: str
  required_for:
    description:
      - Modules of this collection whose least roles are wanted.
      - For modules that know both generations the roles of Microsoft Graph are wanted, unless
        O(api) is V(xdr).
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
            API, which only service principals can tell about.
        type: str
        required: true
      roles:
        description: The names of its application roles.
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
- name: See what the tenant has granted
  mssp.defender_xdr.consent_info:
    required_for: [incident_info, hunting_query]
  register: granted

- name: Show the link to a tenant that has to consent
  ansible.builtin.debug:
    msg: "{{ granted.status }}: {{ granted.consent_url }}"
  when: granted is not mssp.defender_xdr.consented

- name: See it in every tenant of the play
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
  description: The tenant, as C(id), C(name) and C(cloud).
  returned: always
  type: dict
  sample: {id: 22222222-2222-2222-2222-222222222222, name: contoso, cloud: public}
api:
  description: The API that the service principals are read from.
  returned: success
  type: str
  sample: graph
app_id:
  description: The application that was asked about.
  returned: success
  type: str
status:
  description:
    - V(not_consented) where the tenant does not know the application, V(partial) where RV(missing)
      has roles (all of them, it may be), V(complete), or V(superfluous) where nothing is missing
      and more is granted than was asked for.
  returned: success
  type: str
  sample: partial
source:
  description: V(service_principals) or V(token).
  returned: success
  type: str
  sample: token
granted:
  description: The granted application roles by API.
  returned: success
  type: dict
  sample: {graph: [SecurityIncident.Read.All]}
missing:
  description: The wanted roles that are not granted, by API. A C(ReadWrite) role covers its C(Read)
    twin.
  returned: success
  type: dict
  sample: {graph: [ThreatHunting.Read.All]}
superfluous:
  description: The granted roles that nothing wanted needs, by API.
  returned: success
  type: dict
  sample: {}
absent:
  description:
    - The APIs that the tenant has no service principal of, so that none of their roles can be
      granted before it has the product. Known from tokens only.
  returned: success
  type: list
  elements: str
since:
  description: The time of the newest grant, as RFC 3339 UTC. Empty where the source is a token,
    which does not say.
  returned: success
  type: str
  sample: "2026-11-22T09:35:45Z"
consent_url:
  description: Where an administrator of the tenant consents to what the application lists.
  returned: success
  type: str
  sample:
    https://login.microsoftonline.com/22222222-2222-2222-2222-222222222222/adminconsent?client_id=11111111-1111-1111-1111-111111111111
waited_seconds:
  description: Seconds spent waiting for the tenant's quotas, and between repeats after failures.
  returned: always
  type: float
  sample: 0.0
error:
  description: What went wrong. C(category) is for playbooks, C(who) must act, C(advice) says how.
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
