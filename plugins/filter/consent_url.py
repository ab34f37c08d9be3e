# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: consent_url
author:
  - The mssp.defender_xdr contributors (@mssp)
short_description: Create the link with which a customer's administrator consents to the application
version_added: 0.1.0
description:
  - Creates the link that an administrator of a customer tenant opens to consent to all permissions
    of the application registration. No request is sent.
  - The administrator signs in, reviews the permissions, and accepts or declines. Use
    M(mssp.defender_xdr.consent_info) to check the outcome.
positional: client_id
options:
  _input:
    description:
      - GUID of the customer tenant. V(common), V(organizations) and domain names are refused,
        because the link must lead to one particular tenant.
    type: str
    required: true
  client_id:
    description:
      - Application (client) id of the multi-tenant application.
    type: str
    required: true
  form:
    description:
      - V(adminconsent) is the admin consent endpoint. It requests all permissions of the
        application registration.
      - V(v2) is the newer version of that endpoint. It uses the scope C(/.default) of one O(api),
        and needs O(redirect_uri).
      - V(page) is the link in Microsoft's page on partner access, with the tenant instead of
        C(common).
    type: str
    default: adminconsent
    choices: [adminconsent, v2, page]
  api:
    description:
      - API whose roles the form V(v2) requests.
    type: str
    default: graph
    choices: [graph, xdr, endpoint]
  redirect_uri:
    description:
      - URI that the administrator's browser is redirected to afterwards. It must be registered on
        the application.
    type: str
  state:
    description:
      - Opaque value that is returned to O(redirect_uri), such as a ticket number.
    type: str
  cloud:
    description:
      - Microsoft cloud of the tenant.
    type: str
    default: public
    choices: [public, gcc, gcc_high, dod, china]
  login_url:
    description:
      - Base URL of the login service. Overrides the default of the cloud.
    type: str
seealso:
  - module: mssp.defender_xdr.consent
  - module: mssp.defender_xdr.consent_info
"""

EXAMPLES = r"""
- name: Show each customer's link
  ansible.builtin.debug:
    msg: "{{ defender_xdr_tenant_id | mssp.defender_xdr.consent_url(defender_xdr_client_id) }}"

- name: Show a link that redirects to your own page
  ansible.builtin.debug:
    msg: >-
      {{ defender_xdr_tenant_id | mssp.defender_xdr.consent_url(
           defender_xdr_client_id, form='v2', redirect_uri=landing, state='ticket 4711') }}
  vars:
    landing: https://onboarding.partner.example/consented
"""

RETURN = r"""
_value:
  description: The link.
  type: str
  sample:
    https://login.microsoftonline.com/22222222-2222-2222-2222-222222222222/adminconsent?client_id=11111111-1111-1111-1111-111111111111
"""

import typing as t

from ansible.errors import AnsibleFilterError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.consent_link import (
    consent_link,
)


def consent_url(tenant_id: str, client_id: str, **options: t.Any) -> str:
    try:
        return consent_link(tenant_id, client_id, **options)
    except DefenderError as e:
        raise AnsibleFilterError(e.message) from None


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"consent_url": consent_url}
