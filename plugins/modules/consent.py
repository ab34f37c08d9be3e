# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: consent
author:
  - The mssp.defender_xdr contributors (@mssp)
short_description: Manage the application's consent in a customer tenant
version_added: 0.1.0
description:
  - Grants an application its application roles in a customer tenant, or removes the roles and the
    application. This is done by API if the caller's own token allows it in that tenant. Otherwise a
    person at the customer must act, and the result describes what to do and has the link.
  - Needs C(AppRoleAssignment.ReadWrite.All) of Microsoft Graph, and C(Application.Read.All) of
    Microsoft Graph, in the customer's tenant, to grant by API. O(state=absent) also needs
    C(Application.ReadWrite.All), and so does creating a service principal in that tenant (of
    another application, or of a Defender API that the tenant has but never used). Returning the
    link and waiting for consent need no permission.
  - Only differences are written. If the response to a write is lost, the module reads the state to
    find out whether the write succeeded.
options:
  state:
    description:
      - V(present) grants all wanted roles.
      - V(absent) revokes all roles of the application and deletes its service principal in that
        tenant. If the application is O(client_id), it also deletes everything that the token cache
        holds for the tenant.
    type: str
    default: present
    choices: [present, absent]
  app_id:
    description:
      - Application (client) id of the application that is consented to. Defaults to O(client_id).
      - Use it to grant roles to another application with an application that is allowed to do so.
    type: str
  required_for:
    description:
      - Modules of this collection. The least roles that they need are granted. Ignored with
        O(state=absent), as is O(api_permissions).
      - Modules that support both generations of the API get the roles of Microsoft Graph, unless
        O(api) is V(xdr).
    type: list
    elements: str
  api_permissions:
    description:
      - Further application roles to grant.
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
        description: Names of the API's application roles.
        type: list
        elements: str
        required: true
  purge:
    description:
      - Whether to also revoke, by API, the roles that are neither in O(api_permissions) nor needed
        for O(required_for). A wanted role that is only covered by a C(ReadWrite) role is then
        granted explicitly.
      - Otherwise these roles stay, and RV(superfluous) lists them.
    type: bool
    default: false
  method:
    description:
      - V(api) fails if the caller's token lacks the required roles. V(link) never writes. V(auto)
        uses V(api) if the token has the roles, and V(link) otherwise.
    type: str
    default: auto
    choices: [auto, api, link]
  link_form:
    description:
      - Form of RV(consent_url), as described for P(mssp.defender_xdr.consent_url#filter).
      - V(v2) requests the roles of one API only, which is the API of the first wanted role.
    type: str
    default: adminconsent
    choices: [adminconsent, v2, page]
  redirect_uri:
    description:
      - URI that the administrator's browser is redirected to after consent. It must be registered
        on the application.
    type: str
  link_state:
    description:
      - Opaque value that is returned to O(redirect_uri).
    type: str
  wait:
    description:
      - Whether to wait until a new token shows that the change, made by the API or by a person, has
        taken effect. Only the login service is queried.
      - If O(app_id) is another application, its service principal is read instead, and with
        O(state=absent) the task does not wait.
      - In check mode, the task does not wait.
    type: bool
    default: false
  wait_timeout:
    description:
      - Maximum number of seconds to wait. After that, the task fails with the category
        C(not_consented), C(role_missing) or C(timeout), and C(who) is C(customer).
    type: int
    default: 900
  wait_interval:
    description:
      - Number of seconds between two checks.
    type: int
    default: 15
extends_documentation_fragment:
  - mssp.defender_xdr._tenant
  - mssp.defender_xdr._attributes
attributes:
  check_mode:
    support: full
    description: Can run in check mode and report what would change, without changing anything.
  diff_mode:
    support: full
    description: Returns what has changed, or would change, in diff mode.
    details: Only for changes by API. Roles are shown by name.
seealso:
  - module: mssp.defender_xdr.consent_info
  - plugin: mssp.defender_xdr.consent_url
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Grant the roles, or get the link for the customer
  mssp.defender_xdr.consent:
    required_for: [incident_info, hunting_query]
    link_state: ticket 4711
  register: consent

- name: Show what the customer has to do
  ansible.builtin.debug:
    msg: "{{ consent.advice }}"
  when: consent is not mssp.defender_xdr.consented

- name: Wait up to one hour for the customer's consent
  mssp.defender_xdr.consent:
    required_for: [incident_info, hunting_query]
    wait: true
    wait_timeout: 3600
"""

RETURN = r"""
tenant:
  description: The tenant, with its C(id), C(name) and C(cloud).
  returned: always
  type: dict
  sample: {id: 22222222-2222-2222-2222-222222222222, name: contoso, cloud: public}
api:
  description: The API that is used for changes.
  returned: success
  type: str
  sample: graph
app_id:
  description: Application (client) id of the application that is consented to.
  returned: success
  type: str
method:
  description: The method that was used, V(api) or V(link).
  returned: success
  type: str
  sample: link
status:
  description: The status after the task, as described for M(mssp.defender_xdr.consent_info).
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
  description: The granted roles that the wanted roles do not need, by API.
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
  description: What an administrator of the customer has to do. Empty if nothing is left to do.
  returned: success
  type: str
dropped_tokens:
  description: Number of tokens of the tenant that were deleted from the token cache.
  returned: with O(state=absent)
  type: int
  sample: 2
writes:
  description: The writes that the task sent, one entry for each request, or would send in check
    mode. The callback P(mssp.defender_xdr.audit#callback) records them. C(outcome) is
    V(succeeded), V(failed), V(outcome_unknown) or V(predicted).
  returned: when something was sent, or would be in check mode
  type: list
  elements: dict
  sample:
    - time: "2026-11-26T06:00:00.25Z"
      object: application 11111111-1111-1111-1111-111111111111
      before: {roles: {}}
      after: {roles: {Microsoft Graph: [SecurityIncident.Read.All]}}
      action_id: null
      request_id: 0d5a3c1e-3f0f-4a0e-9c55-0e5f9b2a7d44
      outcome: succeeded
waited_seconds:
  description: Seconds spent waiting for the tenant's quotas and between retries after failures.
    Does not include the time spent waiting for a person.
  returned: always
  type: float
  sample: 0.0
error:
  description: Details of the failure. Playbooks can branch on C(category); C(who) is the party that
    must act, and C(advice) describes what to do.
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
    request = _consent_state.consent_request(tenant, app_id, params)
    ensure = _consent_state.absent if params["state"] == "absent" else _consent_state.present
    return {
        "api": "graph",
        "app_id": app_id,
        "consent_url": request.link,
        **ensure(tenant, request, check_mode=check_mode),
    }


def main() -> None:
    _module.serve(SPEC, run)


if __name__ == "__main__":
    main()
