# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: consent_url
author:
  - The mssp.defender_xdr contributors (@mssp)
short_description: The link with which a customer's administrator consents to the application
version_added: 0.2.0
description:
  - Makes the link that an administrator of one customer tenant opens to consent to everything that
    the application lists. Nothing is sent.
  - The administrator signs in, sees the permissions and accepts or declines.
    M(mssp.defender_xdr.consent_info) says what came of it.
positional: client_id
options:
  _input:
    description:
      - GUID of the customer tenant. V(common), V(organizations) and domain names are refused,
        because the link has to lead to one tenant.
    type: str
    required: true
  client_id:
    description:
      - Application (client) id of the multi-tenant application.
    type: str
    required: true
  form:
    description:
      - V(adminconsent) is the end point for administrators, and asks for everything that the
        application lists.
      - V(v2) is its newer twin. It asks with the scope C(/.default) of one O(api), and needs
        O(redirect_uri).
      - V(page) is the link of Microsoft's page on partner access, with the tenant in the place of
        C(common).
    type: str
    default: adminconsent
    choices: [adminconsent, v2, page]
  api:
    description:
      - The API whose roles the form V(v2) asks for.
    type: str
    default: graph
    choices: [graph, xdr, endpoint]
  redirect_uri:
    description:
      - Where the administrator lands afterwards. It must be registered on the application.
    type: str
  state:
    description:
      - A word of yours that comes back to O(redirect_uri), such as the number of your ticket.
    type: str
  cloud:
    description:
      - Microsoft's cloud in which the tenant lives.
    type: str
    default: public
    choices: [public, gcc, gcc_high, dod, china]
  login_url:
    description:
      - Base URL of the login service instead of the cloud's.
    type: str
seealso:
  - module: mssp.defender_xdr.consent
  - module: mssp.defender_xdr.consent_info
"""

EXAMPLES = r"""
- name: Show each customer's link
  ansible.builtin.debug:
    msg: "{{ defender_xdr_tenant_id | mssp.defender_xdr.consent_url(defender_xdr_client_id) }}"

- name: Show a link that leads back to a page of yours
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
