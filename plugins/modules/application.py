#!/usr/bin/python
# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: application
author:
  - The mssp.defender_xdr contributors (@mssp)
short_description: Register the multi-tenant application in the provider's own tenant
version_added: 0.1.0
description:
  - Creates, changes or deletes an application registration through Microsoft Graph, with the
    application permissions that customers will be asked for.
  - It works in the tenant that the task names, which is the provider's own one. O(client_id) and
    the credential are those of the application that makes the call; O(app_id) and O(display_name)
    name the one that is managed.
  - Permissions are given by name. Their ids are looked up in that tenant's service principal of
    each API. A name that the API does not offer is refused, with the near ones or with the API that
    it belongs to.
  - A permission that is added here is in force nowhere until an administrator of each customer has
    consented again.
  - Needs the application permission C(Application.ReadWrite.OwnedBy) of Microsoft Graph, which
    allows to change applications that the caller owns. C(Application.ReadWrite.All) does as well,
    and allows to change any.
extends_documentation_fragment:
  - mssp.defender_xdr._attributes
  - mssp.defender_xdr._tenant
attributes:
  check_mode:
    description: Can run in check mode and say what would change, without changing anything.
    support: full
  diff_mode:
    description: Says what has changed, or would change, in diff mode.
    support: full
    details: Permissions are shown by name.
options:
  display_name:
    description:
      - The name that administrators see when they consent. Without O(app_id) it also selects the
        registration, and several of that name are refused with their ids.
      - With O(state=absent) it must be the registration's name to the letter, in case and spaces
        too, with O(app_id) as well.
    type: str
  app_id:
    description:
      - The application (client) id of a registration that exists, where its name does not tell it
        or shall change.
    type: str
  state:
    description:
      - Whether the registration exists. A deleted one can be restored for 30 days, by a person.
    type: str
    default: present
    choices: [present, absent]
  sign_in_audience:
    description:
      - Whose accounts the application is for. Only V(AzureADMultipleOrgs) and
        V(AzureADandPersonalMicrosoftAccount) can be consented to by other tenants.
      - Left out, a new application is for V(AzureADMultipleOrgs), and one that exists stays as it
        is.
    type: str
    choices: [AzureADMultipleOrgs, AzureADMyOrg, AzureADandPersonalMicrosoftAccount,
      PersonalMicrosoftAccount]
  redirect_uris:
    description:
      - All addresses of the web platform that a consent may return to. Left out, they stay as they
        are.
    type: list
    elements: str
  api_permissions:
    description:
      - The application permissions that the application asks of its customers.
    type: list
    elements: dict
    suboptions:
      api:
        description:
          - V(graph), V(xdr) or V(endpoint), the name of the product (V(Microsoft Graph),
            V(Microsoft Threat Protection), V(WindowsDefenderATP)), or the application id of any
            other API.
        type: str
        required: true
      roles:
        description: The names of its application permissions.
        type: list
        elements: str
        required: true
  permissions_for:
    description:
      - Modules of this collection; the application asks for the least permissions that they need.
      - Modules that know both generations of the API get those of Microsoft Graph, or those of the
        Defender XDR API where O(api=xdr).
    type: list
    elements: str
  purge_permissions:
    description:
      - Whether application permissions that are neither in O(api_permissions) nor in
        O(permissions_for) are taken off the registration.
      - Otherwise they stay, and RV(unmanaged_permissions) lists them. Delegated permissions always
        stay.
      - Refused where those name no role at all, because the application would lose every
        application permission.
    type: bool
    default: false
  service_principal:
    description:
      - Whether the application also gets its service principal in its own tenant, so that it can be
        consented to and used there. V(false) leaves it alone.
    type: bool
    default: true
seealso:
  - module: mssp.defender_xdr.application_info
  - module: mssp.defender_xdr.application_credential
"""

EXAMPLES = r"""
- name: Register the application, with what these modules need
  mssp.defender_xdr.application:
    display_name: Contoso Managed Detection
    redirect_uris: [https://portal.contoso.example/consented]
    permissions_for: [incident_info, hunting_query]
  register: registered

- name: Add a permission by name
  mssp.defender_xdr.application:
    app_id: "{{ registered.application.app_id }}"
    api_permissions:
      - api: graph
        roles: [SecurityIncident.ReadWrite.All]
      - api: WindowsDefenderATP
        roles: [Machine.Read.All, Machine.Isolate]

- name: Take off every application permission but one
  mssp.defender_xdr.application:
    app_id: "{{ registered.application.app_id }}"
    api_permissions:
      - api: graph
        roles: [SecurityIncident.Read.All]
    purge_permissions: true
"""

RETURN = r"""
tenant:
  description: The tenant, as C(id), C(name) and C(cloud).
  returned: always
  type: dict
  sample: {id: 22222222-2222-2222-2222-222222222222, name: provider, cloud: public}
api:
  description: The API that was used, which is V(graph).
  returned: success
  type: str
  sample: graph
application:
  description:
    - The registration, or an empty dictionary when it is absent. In check mode, the ids of one that
      would be created are empty.
    - C(api_permissions) has C(api), C(roles) and, where there are some, C(delegated) with the ids
      of delegated permissions.
  returned: success
  type: dict
  sample:
    id: 03ef14b0-ca33-4840-8f4f-d6e91916010e
    app_id: 631a96bc-a705-4eda-9f99-fdaf9f54f6a2
    display_name: Contoso Managed Detection
    sign_in_audience: AzureADMultipleOrgs
    redirect_uris: [https://portal.contoso.example/consented]
    api_permissions: [{api: graph, roles: [SecurityIncident.Read.All, ThreatHunting.Read.All]}]
    service_principal_id: 59e617e5-e447-4adc-8b88-00af644d7c92
unmanaged_permissions:
  description: Application permissions of the registration that this task did not ask for; empty
    when it names no permissions.
  returned: success
  type: list
  elements: dict
  sample: [{api: xdr, roles: [Incident.Read.All]}]
waited_seconds:
  description: Seconds spent waiting for the tenant's quotas, and between repeats after failures.
  returned: always
  type: float
  sample: 0.0
error:
  description: What went wrong. C(category) is for playbooks, C(who) must act, C(advice) says how.
  returned: failure
  type: dict
app_ids:
  description: The application ids of all that have the name.
  returned: when several applications have the name
  type: list
  elements: str
"""

import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils import _module
from ansible_collections.mssp.defender_xdr.plugins.module_utils._applications import (
    lookup as _lookup,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._applications import (
    registration as _applications,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._applications import (
    wanted as _wanted,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.tenant import Tenant

SPEC = _module.spec(
    {
        "display_name": {"type": "str"},
        "app_id": {"type": "str"},
        "state": {"type": "str", "default": "present", "choices": ["present", "absent"]},
        "sign_in_audience": {"type": "str", "choices": list(_wanted.AUDIENCES)},
        "redirect_uris": {"type": "list", "elements": "str"},
        "api_permissions": {
            "type": "list",
            "elements": "dict",
            "options": {
                "api": {"type": "str", "required": True},
                "roles": {"type": "list", "elements": "str", "required": True},
            },
        },
        "permissions_for": {"type": "list", "elements": "str"},
        "purge_permissions": {"type": "bool", "default": False},
        "service_principal": {"type": "bool", "default": True},
    },
    required_one_of=[("display_name", "app_id")],
    mutually_exclusive=[("api_permissions", "permissions_for")],
)


def run(tenant: Tenant, params: dict[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
    app_id = _lookup.check_app_id(params["app_id"])
    display_name = _lookup.check_display_name(params["display_name"])
    wish = _wanted.wanted(params, "xdr" if tenant.options.api == "xdr" else "graph")
    api = tenant.api("graph", "application")
    with _lookup.as_owner(api):
        if params["state"] == "absent":
            result = _applications.ensure_absent(
                api, app_id=app_id, display_name=display_name, check_mode=check_mode
            )
        else:
            result = _applications.ensure_present(
                api,
                wish,
                app_id=app_id,
                service_principal=params["service_principal"],
                check_mode=check_mode,
            )
    return {"api": "graph", **result}


def main() -> None:
    _module.serve(SPEC, run)


if __name__ == "__main__":
    main()
