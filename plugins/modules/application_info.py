#!/usr/bin/python
# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: application_info
author:
  - The mssp.defender_xdr contributors (@mssp)
short_description: Read an application registration and when its credentials expire
version_added: 0.1.0
description:
  - Reads application registrations in the provider's own tenant through Microsoft Graph. Returns
    permissions by name, and each credential with the number of days until it expires.
  - Needs the application permission C(Application.Read.All) of Microsoft Graph.
extends_documentation_fragment:
  - mssp.defender_xdr._attributes
  - mssp.defender_xdr._attributes.reads
  - mssp.defender_xdr._tenant
options:
  app_id:
    description:
      - Application (client) id of the registration. If neither this option nor O(display_name) is
        set, the application that the task authenticates as is read.
    type: str
  display_name:
    description:
      - Name of the registrations. All registrations with that name are returned.
    type: str
seealso:
  - module: mssp.defender_xdr.application
  - module: mssp.defender_xdr.application_credential
"""

EXAMPLES = r"""
- name: Read our own application
  mssp.defender_xdr.application_info:
  register: ours

- name: Show which credential expires first
  ansible.builtin.debug:
    msg: "{{ ours.applications[0].credentials[0].display_name }} expires on
      {{ ours.applications[0].credentials[0].end }}."
  when: ours.applications[0].credentials | length > 0
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
applications:
  description: The registrations. Empty if there are none. Registrations in other tenants are not
    visible.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: Object id of the registration.
      type: str
    app_id:
      description: Application (client) id of the registration.
      type: str
    display_name:
      description: Name of the registration.
      type: str
    sign_in_audience:
      description: Whose accounts the application supports.
      type: str
      sample: AzureADMultipleOrgs
    redirect_uris:
      description: Redirect URIs of the web platform.
      type: list
      elements: str
    api_permissions:
      description: Permissions that the application requests from customers, as C(api), C(roles) by
        name and, if there are delegated permissions, their ids in C(delegated).
      type: list
      elements: dict
      sample: [{api: graph, roles: [SecurityIncident.Read.All]}]
    credentials:
      description:
        - Credentials of the registration, those that expire first at the top. C(type) is V(secret),
          V(certificate) or V(federated). C(days_left) is negative if the credential has expired,
          and null if it does not expire. C(in_use) is true if this task authenticates with the
          credential, or might do so.
        - C(superseded) is true if there is a later credential of the same type and name, so that
          this one may expire. The credential that this task authenticates with is never reported as
          superseded.
      type: list
      elements: dict
      sample:
        - {type: secret, display_name: ansible, key_id: f0b0b335-1d71-4883-8f98-567911bfdca6, hint:
          "[6g", start: "2026-01-09T19:50:29Z",
           end: "2026-12-09T19:50:29Z", days_left: 16, in_use: true, superseded: false}
count:
  description: Number of registrations.
  returned: success
  type: int
  sample: 1
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
from ansible_collections.mssp.defender_xdr.plugins.module_utils._applications import (
    credentials as _app_credentials,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._applications import (
    lookup as _lookup,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._applications import (
    registration as _applications,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.tenant import Tenant

SPEC = _module.spec(
    {"app_id": {"type": "str"}, "display_name": {"type": "str"}},
    mutually_exclusive=[("app_id", "display_name")],
)
ROWS = "applications"
FIELDS = f"{_lookup.FIELDS},passwordCredentials,keyCredentials"


def run(tenant: Tenant, params: dict[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
    app_id = _lookup.check_app_id(params["app_id"])
    display_name = _lookup.check_display_name(params["display_name"])
    api = tenant.api("graph", "application_info")
    if display_name is not None:
        found = _lookup.named(api, display_name, fields=FIELDS)
    else:
        one = _lookup.find(
            api, app_id=app_id or tenant.options.client_id, display_name=None, fields=FIELDS
        )
        found = [one] if one else []
    registrar = _applications.Registrar(api)
    rows = [
        {
            **registrar.view(each),
            "credentials": _app_credentials.shown(
                _app_credentials.all_of(api, each), _app_credentials.moment(api)
            ),
        }
        for each in found
    ]
    return {"api": "graph", "applications": rows, "count": len(rows)}


def main() -> None:
    _module.serve(SPEC, run)


if __name__ == "__main__":
    main()
