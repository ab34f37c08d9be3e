#!/usr/bin/python
# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: application_info
author:
  - The mssp.defender_xdr contributors (@mssp)
short_description: Read an application registration and when its credentials end
version_added: 0.1.0
description:
  - Reads application registrations of the provider's own tenant through Microsoft Graph, with
    permissions by name and with every credential and the days that it has left.
  - Needs the application permission C(Application.Read.All) of Microsoft Graph.
extends_documentation_fragment:
  - mssp.defender_xdr._attributes
  - mssp.defender_xdr._attributes.reads
  - mssp.defender_xdr._tenant
options:
  app_id:
    description:
      - The application (client) id of the registration. Without it and without O(display_name), the
        one that the task authenticates as.
    type: str
  display_name:
    description:
      - The name of the registrations. All that have it are returned.
    type: str
seealso:
  - module: mssp.defender_xdr.application
  - module: mssp.defender_xdr.application_credential
"""

EXAMPLES = r"""
- name: Read our own application
  mssp.defender_xdr.application_info:
  register: ours

- name: Say which credential ends first
  ansible.builtin.debug:
    msg: "{{ ours.applications[0].credentials[0].display_name }} ends on
      {{ ours.applications[0].credentials[0].end }}."
  when: ours.applications[0].credentials | length > 0
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
applications:
  description: The registrations; empty when there is none. A registration in another tenant is not
    seen from here.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: Its object id.
      type: str
    app_id:
      description: Its application (client) id.
      type: str
    display_name:
      description: Its name.
      type: str
    sign_in_audience:
      description: Whose accounts it is for.
      type: str
      sample: AzureADMultipleOrgs
    redirect_uris:
      description: The addresses of its web platform.
      type: list
      elements: str
    api_permissions:
      description: What it asks of customers, as C(api), C(roles) by name, and C(delegated) with ids
        where there are delegated permissions.
      type: list
      elements: dict
      sample: [{api: graph, roles: [SecurityIncident.Read.All]}]
    credentials:
      description:
        - Its credentials, those that end first at the top. C(type) is V(secret), V(certificate) or
          V(federated); C(days_left) is below zero when it has ended and null when it has no end;
          C(in_use) says that this task authenticates with it, or may do so.
        - C(superseded) says that a later one of its type and name is there, so that nobody needs to
          worry about its end. The one that this task authenticates with is never superseded.
      type: list
      elements: dict
      sample:
        - {type: secret, display_name: ansible, key_id: f0b0b335-1d71-4883-8f98-567911bfdca6, hint:
          "[6g", start: "2026-01-09T19:50:29Z",
           end: "2026-12-09T19:50:29Z", days_left: 16, in_use: true, superseded: false}
count:
  description: How many there are.
  returned: success
  type: int
  sample: 1
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
