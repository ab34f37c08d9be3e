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
  - Creates, changes or deletes an application registration through Microsoft Graph, including the
    application permissions that customers are asked to consent to.
  - Works in the tenant that the task names, which is the provider's own tenant. O(client_id) and
    the credential belong to the application that makes the call. O(app_id) and O(display_name)
    identify the application to manage.
  - Permissions are given by name. The module looks up their ids in that tenant's service principal
    of each API. A name that the API does not offer is refused, with similar names or with the API
    that it belongs to.
  - A permission that is added here takes effect in a tenant only after its administrator consents
    again.
  - Needs the application permission C(Application.ReadWrite.OwnedBy) of Microsoft Graph, which
    allows changing the applications that the caller owns. C(Application.ReadWrite.All) also works,
    and allows changing any application.
extends_documentation_fragment:
  - mssp.defender_xdr._attributes
  - mssp.defender_xdr._tenant
attributes:
  check_mode:
    description: Can run in check mode and report what would change, without changing anything.
    support: full
  diff_mode:
    description: Returns what has changed, or would change, in diff mode.
    support: full
    details: Permissions are shown by name.
options:
  display_name:
    description:
      - Name that administrators see when they consent. Without O(app_id), it also selects the
        registration. If several registrations have that name, the task fails and lists their ids.
      - With O(state=absent), it must match the registration's name exactly, including case and
        spaces, even if O(app_id) is set.
    type: str
  app_id:
    description:
      - Application (client) id of an existing registration. Set it if the name does not identify
        the registration, or if the name is to change.
    type: str
  state:
    description:
      - Whether the registration exists. A person can restore a deleted registration for 30 days.
    type: str
    default: present
    choices: [present, absent]
  sign_in_audience:
    description:
      - Whose accounts the application supports. Other tenants can consent only to applications with
        V(AzureADMultipleOrgs) or V(AzureADandPersonalMicrosoftAccount).
      - If this option is not set, a new application gets V(AzureADMultipleOrgs), and an existing
        one stays unchanged.
    type: str
    choices: [AzureADMultipleOrgs, AzureADMyOrg, AzureADandPersonalMicrosoftAccount,
      PersonalMicrosoftAccount]
  redirect_uris:
    description:
      - All redirect URIs of the web platform. If this option is not set, they stay unchanged.
    type: list
    elements: str
  api_permissions:
    description:
      - Application permissions that the application requests from customers.
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
        description: Names of the API's application permissions.
        type: list
        elements: str
        required: true
  permissions_for:
    description:
      - Modules of this collection. The application requests the least permissions that they need.
      - Modules that support both generations of the API get the permissions of Microsoft Graph, or
        those of the Defender XDR API with O(api=xdr).
    type: list
    elements: str
  purge_permissions:
    description:
      - Whether to remove application permissions that are neither in O(api_permissions) nor in
        O(permissions_for) from the registration.
      - Otherwise they stay, and RV(unmanaged_permissions) lists them. Delegated permissions always
        stay.
      - Refused if those options name no permission at all, because the application would lose every
        application permission.
    type: bool
    default: false
  service_principal:
    description:
      - Whether to create the application's service principal in its own tenant, so that it can be
        consented to and used there. With V(false), the service principal is left alone.
    type: bool
    default: true
seealso:
  - module: mssp.defender_xdr.application_info
  - module: mssp.defender_xdr.application_credential
"""

EXAMPLES = r"""
- name: Register the application with the permissions that these modules need
  mssp.defender_xdr.application:
    display_name: Contoso Managed Detection
    redirect_uris: [https://portal.contoso.example/consented]
    permissions_for: [incident_info, hunting_query]
  register: registered

- name: Add permissions by name
  mssp.defender_xdr.application:
    app_id: "{{ registered.application.app_id }}"
    api_permissions:
      - api: graph
        roles: [SecurityIncident.ReadWrite.All]
      - api: WindowsDefenderATP
        roles: [Machine.Read.All, Machine.Isolate]

- name: Remove all application permissions except one
  mssp.defender_xdr.application:
    app_id: "{{ registered.application.app_id }}"
    api_permissions:
      - api: graph
        roles: [SecurityIncident.Read.All]
    purge_permissions: true
"""

RETURN = r"""
tenant:
  description: The tenant, with its C(id), C(name) and C(cloud).
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
    - The registration, or an empty dictionary if it is absent. In check mode, the ids of a
      registration that would be created are empty.
    - C(api_permissions) has C(api), C(roles) and, if there are delegated permissions, their ids in
      C(delegated).
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
  description: Application permissions of the registration that are not in this task's options.
    Empty if the task names no permissions.
  returned: success
  type: list
  elements: dict
  sample: [{api: xdr, roles: [Incident.Read.All]}]
writes:
  description: The writes that the task sent, one entry for each request, or would send in check
    mode. The callback P(mssp.defender_xdr.audit#callback) records them. C(outcome) is
    V(succeeded), V(failed), V(outcome_unknown) or V(predicted).
  returned: when something was sent, or would be in check mode
  type: list
  elements: dict
  sample:
    - time: "2026-11-26T06:00:00.25Z"
      object: application Contoso Managed Detection
      before: {}
      after: {displayName: Contoso Managed Detection}
      action_id: null
      request_id: 0d5a3c1e-3f0f-4a0e-9c55-0e5f9b2a7d44
      outcome: succeeded
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
app_ids:
  description: The application ids of all applications with the name.
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
    settings = _wanted.wanted(params, "xdr" if tenant.options.api == "xdr" else "graph")
    api = tenant.api("graph", "application")
    with _lookup.as_owner(api):
        if params["state"] == "absent":
            result = _applications.ensure_absent(
                api, app_id=app_id, display_name=display_name, check_mode=check_mode
            )
        else:
            result = _applications.ensure_present(
                api,
                settings,
                app_id=app_id,
                service_principal=params["service_principal"],
                check_mode=check_mode,
            )
    return {"api": "graph", **result}


def main() -> None:
    _module.serve(SPEC, run)


if __name__ == "__main__":
    main()
