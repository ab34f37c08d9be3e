# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: consent
author:
  - The mssp.defender_xdr contributors (@mssp)
short_description: The application's consent in a customer tenant
version_added: 0.2.0
description:
  - Grants an application its application roles in a customer tenant, or takes them and the
    application away. By API where the caller's own token may do that in that tenant. Otherwise a
    person at the customer must act, and the result says what that person does, with the link.
  - Needs C(AppRoleAssignment.ReadWrite.All) of Microsoft Graph, C(Application.Read.All) of
    Microsoft Graph, in the customer's tenant, to grant by API. To make a service principal there
    (of another application, or of a Defender API that the tenant has but never used), and for
    O(state=absent), C(Application.ReadWrite.All) too. To give out the link and to wait, nothing.
  - Only what differs is written. A write whose answer was lost is settled by looking.
options:
  state:
    description:
      - V(present) grants everything that is wanted.
      - V(absent) revokes every grant of the application and deletes its service principal in that
        tenant, and drops everything that the token cache holds of the tenant.
    type: str
    default: present
    choices: [present, absent]
  app_id:
    description:
      - Application (client) id of the application that is consented to, where it is not
        O(client_id).
      - So an application with the rights to do so grants another one its roles.
    type: str
  required_for:
    description:
      - Modules of this collection whose least roles are granted. Ignored with O(state=absent), as
        O(api_permissions) is.
      - For modules that know both generations the roles of Microsoft Graph are meant, unless O(api)
        is V(xdr).
    type: list
    elements: str
  api_permissions:
    description:
      - Further application roles.
    type: list
    elements: dict
    suboptions:
      api:
        description:
          - V(graph), V(xdr) or V(endpoint), the name of the product (V(Microsoft Graph),
            V(Microsoft Threat Protection), V(WindowsDefenderATP)), or the application id of another
            API.
        type: str
        required: true
      roles:
        description: The names of its application roles.
        type: list
        elements: str
        required: true
  purge:
    description:
      - By API, also revoke the roles that are neither in O(api_permissions) nor needed for
        O(required_for), and grant each wanted role by its own name where a C(ReadWrite) role
        covered it.
      - Otherwise they stay, and RV(superfluous) lists them.
    type: bool
    default: false
  method:
    description:
      - V(api) fails where the caller's token has not the roles for it. V(link) never writes.
        V(auto) is V(api) where that is allowed, otherwise V(link).
    type: str
    default: auto
    choices: [auto, api, link]
  link_form:
    description:
      - The form of RV(consent_url), as P(mssp.defender_xdr.consent_url#filter) has it.
      - V(v2) asks for the roles of one API only. The API is that of the first wanted role.
    type: str
    default: adminconsent
    choices: [adminconsent, v2, page]
  redirect_uri:
    description:
      - Where the administrator lands after clicking. It must be registered on the application.
    type: str
  link_state:
    description:
      - A word of yours that comes back to O(redirect_uri).
    type: str
  wait:
    description:
      - Wait until a fresh token shows that it was done, by the API or by a person. It asks the
        login service only.
      - For another application's O(app_id) the service principals are read instead, and with
        O(state=absent) nothing is waited for.
      - In check mode nothing is waited for.
    type: bool
    default: false
  wait_timeout:
    description:
      - The most seconds to wait. After that the task fails with C(not_consented), C(role_missing)
        or C(timeout), and C(customer) must act.
    type: int
    default: 900
  wait_interval:
    description:
      - Seconds between two looks.
    type: int
    default: 15
extends_documentation_fragment:
  - mssp.defender_xdr._tenant
  - mssp.defender_xdr._attributes
attributes:
  check_mode:
    support: full
    description: Can run in check mode and say what would change, without changing anything.
  diff_mode:
    support: full
    description: Says what has changed, or would change, in diff mode.
    details: By API only, with the names of the roles.
seealso:
  - module: mssp.defender_xdr.consent_info
  - plugin: mssp.defender_xdr.consent_url
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Get the link for the customer, where one is needed
  mssp.defender_xdr.consent:
    required_for: [incident_info, hunting_query]
    link_state: ticket 4711
  register: asked

- name: Show it
  ansible.builtin.debug:
    msg: "{{ asked.advice }}"
  when: asked is not mssp.defender_xdr.consented

- name: Wait for the click, at most an hour
  mssp.defender_xdr.consent:
    required_for: [incident_info, hunting_query]
    wait: true
    wait_timeout: 3600
"""

RETURN = r"""
tenant:
  description: The tenant, as C(id), C(name) and C(cloud).
  returned: always
  type: dict
  sample: {id: 22222222-2222-2222-2222-222222222222, name: contoso, cloud: public}
api:
  description: The API that is written to.
  returned: success
  type: str
  sample: graph
app_id:
  description: The application that is consented to.
  returned: success
  type: str
method:
  description: V(api) or V(link).
  returned: success
  type: str
  sample: link
status:
  description: As M(mssp.defender_xdr.consent_info) has it, after the task.
  returned: success
  type: str
  sample: complete
granted:
  description: The granted application roles by API.
  returned: success
  type: dict
  sample: {graph: [SecurityIncident.Read.All, ThreatHunting.Read.All]}
missing:
  description: The wanted roles that are not granted, by API.
  returned: success
  type: dict
  sample: {}
superfluous:
  description: The granted roles that nothing wanted needs, by API.
  returned: success
  type: dict
  sample: {}
consent_url:
  description: The link with which an administrator of the tenant consents.
  returned: success
  type: str
  sample:
    https://login.microsoftonline.com/22222222-2222-2222-2222-222222222222/adminconsent?client_id=11111111-1111-1111-1111-111111111111
advice:
  description: What somebody at the customer has to do; empty where nothing is left to do.
  returned: success
  type: str
dropped_tokens:
  description: How many tokens of the tenant the cache held and holds no longer.
  returned: when O(state=absent)
  type: int
  sample: 2
waited_seconds:
  description: Seconds spent waiting for the tenant's quotas, and between repeats after failures.
    Waiting for a person does not count.
  returned: always
  type: float
  sample: 0.0
error:
  description: What went wrong. C(category) is for playbooks, C(who) must act, C(advice) says how.
  returned: failure
  type: dict
missing_roles:
  description: The roles that are not granted, in one list.
  returned: when the category is not_consented or role_missing
  type: list
  elements: str
"""

import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils import _module
from ansible_collections.mssp.defender_xdr.plugins.module_utils._consent import (
    comparison as _grants,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._consent import (
    desired_state as _consent_state,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._consent import reading as _consent
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import (
    consent_link as _consent_link,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.tenant import Tenant

SPEC = _module.spec(
    {
        "state": {"type": "str", "default": "present", "choices": ["present", "absent"]},
        "app_id": {"type": "str"},
        **_grants.WANTED_SPEC,
        "purge": {"type": "bool", "default": False},
        "method": {"type": "str", "default": "auto", "choices": ["auto", "api", "link"]},
        "link_form": {
            "type": "str",
            "default": "adminconsent",
            "choices": list(_consent_link.FORMS),
        },
        "redirect_uri": {"type": "str"},
        "link_state": {"type": "str"},
        "wait": {"type": "bool", "default": False},
        "wait_timeout": {"type": "int", "default": 900},
        "wait_interval": {"type": "int", "default": 15},
    },
    required_if=[("state", "present", ("required_for", "api_permissions"), True)],
)


def run(tenant: Tenant, params: dict[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
    app_id = _consent.application(tenant, params["app_id"])
    wish = _consent_state.wish(tenant, app_id, params)
    ensure = _consent_state.absent if params["state"] == "absent" else _consent_state.present
    return {
        "api": "graph",
        "app_id": app_id,
        "consent_url": wish.link,
        **ensure(tenant, wish, check_mode=check_mode),
    }


def main() -> None:
    _module.serve(SPEC, run)


if __name__ == "__main__":
    main()
