#!/usr/bin/python
# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: application_credential
author:
  - The mssp.defender_xdr contributors (@mssp)
short_description: Create, rotate and remove the credentials of the application
version_added: 0.1.0
description:
  - Manages a client secret, a certificate or a federated credential of an application registration
    in the provider's own tenant.
  - A new secret is created if there is none with that name, or if the current one has less than
    O(rotate_before) days left. The current secret is the one in O(dest) or O(current_secret). If
    neither identifies one, it is the one that expires last.
  - A new secret is returned once or written to O(dest), and is never displayed by the task. If it
    has nowhere to go, the task fails without creating one.
  - A certificate is added next to its predecessor of the same name. Only its public part is used.
  - Rotation removes a predecessor O(keep_old_for) days after its successor was added. A predecessor
    started before its successor and expires no later. Credentials that a person adds in the
    meantime are not predecessors. Neither are certificates that were registered with the start date
    of the certificate itself, as the portal does, because nothing shows when they were added.
    Expired predecessors are also kept for O(keep_old_for) days. The credential that the task
    authenticates with is never removed.
  - A secret is removed only if its successor is known to be in use, so that a killed run, a lost
    result or a lost response never removes the secret that works. This is the case if the successor
    is in O(dest), if it is O(current_secret), or if the task authenticates with it. Otherwise both
    secrets stay, and a warning names them. A secret is recognized by its first three characters,
    which is all that Microsoft Graph returns of it. Secrets that share these characters cannot be
    told apart, and stay.
  - If the response to creating a secret is lost, or is a 408 or 5xx, the task fails with
    C(outcome_unknown). The new secret is removed again if it is certain that this task created it.
    Otherwise RV(key_ids) lists the candidates. Run the task again; the secret in O(dest) is
    unchanged.
  - It can take some minutes until every login server knows a new secret or certificate.
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
    details: Lists the credentials by type, name, id and expiry.
options:
  app_id:
    description:
      - Application (client) id of the registration. O(client_id) is the application that makes the
        call, which may be the same one.
      - If the tenant has no such application, the task fails, also with O(state=absent).
    type: str
    required: true
  type:
    description:
      - Type of the credential. Required with O(state=present). With O(state=absent), limits O(name)
        to credentials of this type.
    type: str
    choices: [secret, certificate, federated]
  name:
    description:
      - Exact name of the credential. Credentials with other names are left alone. With
        O(state=absent), all credentials with this name are removed.
      - Must not be empty. Use O(key_id) to remove a credential that has no name.
    type: str
  key_id:
    description:
      - Id of the credential to remove.
    type: str
  state:
    description:
      - Whether the credential exists. The last valid credential of an application, and the
        credential that this task uses, are removed only with O(force=true).
    type: str
    default: present
    choices: [present, absent]
  valid_for:
    description:
      - Number of days that a new secret is valid.
    type: int
    default: 180
  rotate_before:
    description:
      - A new secret is created if the current one has less than this number of days left. For a
        certificate, which is issued elsewhere, there is a warning instead.
    type: int
    default: 30
  keep_old_for:
    description:
      - Number of days that the predecessor of a secret or certificate stays after its successor was
        added. With V(0), a secret is removed as soon as its successor is in O(dest), and a
        certificate immediately.
    type: int
    default: 7
  dest:
    description:
      - File for the new secret. It is written completely or not at all, and only its owner can read
        it.
      - Plays that use the secret can read the file with O(client_secret_file).
      - Use one file for each credential name, and write it from one task only. If the file is
        missing, nothing is removed. In that case, no new secret is created while a secret of that
        name has enough days left, because it may be in use elsewhere. A warning names the secret to
        remove by O(key_id).
    type: path
  return_secret:
    description:
      - Whether to return a new secret as RV(secret_text). Without O(dest), this defaults to V(true)
        if the task registers its result.
    type: bool
  current_secret:
    description:
      - The secret that is currently in use, for example from a vault lookup, if the task has no
        O(dest). It identifies the secret in use, so that its predecessors can be removed and a new
        one is created in time. Omit it if there is no secret yet.
    type: str
  public_certificate:
    description:
      - The certificate as PEM text. A private key in it is ignored.
    type: str
  public_certificate_path:
    description:
      - File with the certificate in PEM or DER.
    type: path
  issuer:
    description:
      - Issuer in the workload's tokens, such as V(https://token.actions.githubusercontent.com).
    type: str
  subject:
    description:
      - Subject in the workload's tokens, such as V(repo:contoso/soc:ref:refs/heads/main).
    type: str
  audience:
    description:
      - Audience in the workload's tokens.
    type: str
    default: api://AzureADTokenExchange
  force:
    description:
      - Whether to remove even the last valid credential, and the one that this task uses.
    type: bool
    default: false
notes:
  - The certificates of an application are written as one list. Do not run two tasks at the same
    time that change the certificates of one application, or secrets of the same name.
seealso:
  - module: mssp.defender_xdr.application
  - module: mssp.defender_xdr.application_info
"""

EXAMPLES = r"""
- name: Rotate a secret, and write a new one to the file that the plays read
  mssp.defender_xdr.application_credential:
    app_id: 631a96bc-a705-4eda-9f99-fdaf9f54f6a2
    type: secret
    name: ansible
    rotate_before: 30
    keep_old_for: 7
    dest: /etc/soc/client_secret

---
# not run: it requires the collection community.hashi_vault and a vault
- name: Rotate a secret that is kept in a vault
  mssp.defender_xdr.application_credential:
    app_id: 631a96bc-a705-4eda-9f99-fdaf9f54f6a2
    type: secret
    name: vaulted
    current_secret: >-
      {{ lookup('community.hashi_vault.vault_kv2_get', 'soc/entra').secret.client_secret
         | default(omit) }}
  register: new_secret

- name: Write a new secret to the vault
  community.hashi_vault.vault_kv2_write:
    path: soc/entra
    data:
      client_secret: "{{ new_secret.secret_text }}"
  when: new_secret.secret_text is defined
  no_log: true

---
- name: Register this year's certificate next to last year's
  mssp.defender_xdr.application_credential:
    app_id: 631a96bc-a705-4eda-9f99-fdaf9f54f6a2
    type: certificate
    name: ansible
    public_certificate_path: /etc/soc/app-2027.pem

- name: Let a GitHub workflow authenticate without a secret
  mssp.defender_xdr.application_credential:
    app_id: 631a96bc-a705-4eda-9f99-fdaf9f54f6a2
    type: federated
    name: github-main
    issuer: https://token.actions.githubusercontent.com
    subject: repo:contoso/soc:ref:refs/heads/main

- name: Remove a secret by its id
  mssp.defender_xdr.application_credential:
    app_id: 631a96bc-a705-4eda-9f99-fdaf9f54f6a2
    key_id: f0b0b335-1d71-4883-8f98-567911bfdca6
    state: absent
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
secret_text:
  description: The new secret. It can be registered, but this task never displays it.
  returned: when a secret was created and the task returns it
  type: str
credential:
  description: The credential after the task. Empty with O(state=absent). In check mode, the
    C(key_id) of a credential that would be created is empty.
  returned: success
  type: dict
  sample: {type: secret, display_name: ansible, key_id: f0b0b335-1d71-4883-8f98-567911bfdca6, hint:
    "[6g", start: "2026-11-09T19:50:29Z",
           end: "2027-05-08T19:50:29Z", days_left: 166, in_use: false, superseded: false}
credentials:
  description:
    - All credentials of the application, those that expire first at the top, each with the keys of
      RV(credential). A certificate also has C(sha1) and C(sha256), and a federated credential has
      C(issuer), C(subject) and C(audiences).
  returned: success
  type: list
  elements: dict
key_ids:
  description: Ids of secrets that may have been created by this task, whose text is lost, and that
    could not be removed safely. Remove them with O(key_id), unless another run created them.
  returned: when the response to creating a secret was lost, or the secret could not be written, and
    it may still exist
  type: list
  elements: str
writes:
  description: The writes that the task sent, one entry for each request, or would send in check
    mode. The callback P(mssp.defender_xdr.audit#callback) records them. C(outcome) is
    V(succeeded), V(failed), V(outcome_unknown) or V(predicted).
  returned: when something was sent, or would be in check mode
  type: list
  elements: dict
  sample:
    - time: "2026-11-26T06:00:00.25Z"
      object: application 631a96bc-a705-4eda-9f99-fdaf9f54f6a2
      before: {}
      after: {passwordCredential: {displayName: automation}}
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
"""

import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils import _module
from ansible_collections.mssp.defender_xdr.plugins.module_utils._applications import (
    credential as _app_credential,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._applications import (
    credential_options as _app_kinds,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._applications import (
    lookup as _lookup,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.tenant import Tenant

SPEC = _module.spec(
    {
        "app_id": {"type": "str", "required": True},
        "type": {"type": "str", "choices": list(_app_credential.KINDS)},
        "name": {"type": "str"},
        "key_id": {"type": "str", "no_log": False},
        "state": {"type": "str", "default": "present", "choices": ["present", "absent"]},
        "valid_for": {"type": "int", "default": 180},
        "rotate_before": {"type": "int", "default": 30},
        "keep_old_for": {"type": "int", "default": 7},
        "dest": {"type": "path"},
        "return_secret": {"type": "bool", "no_log": False},
        "current_secret": {"type": "str", "no_log": True},
        "public_certificate": {"type": "str"},
        "public_certificate_path": {"type": "path"},
        "issuer": {"type": "str"},
        "subject": {"type": "str"},
        "audience": {"type": "str", "default": "api://AzureADTokenExchange"},
        "force": {"type": "bool", "default": False},
    },
    mutually_exclusive=[
        ("public_certificate", "public_certificate_path"),
        ("name", "key_id"),
        ("dest", "current_secret"),
    ],
    required_if=[
        ("state", "present", ("type", "name")),
        ("state", "absent", ("name", "key_id"), True),
    ],
)


def run(tenant: Tenant, params: dict[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
    app_id = _lookup.check_app_id(params["app_id"]) or ""
    build = _app_kinds.checked(params)
    api = tenant.api("graph", "application_credential")
    with _lookup.as_owner(api):
        result = _app_kinds.ensure(api, build(api), app_id, params, check_mode=check_mode)
    return {"api": "graph", **result}


def main() -> None:
    _module.serve(SPEC, run)


if __name__ == "__main__":
    main()
