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
  - Keeps a client secret, a certificate or a federated credential on an application registration of
    the provider's own tenant.
  - A secret is made when there is none of that name, and again when the present one has less than
    O(rotate_before) days left. The present one is the one in O(dest), or O(current_secret); where
    neither tells, it is the one that ends last.
  - A new secret is returned once, or written to O(dest), and is never displayed by its task.
    Without a place for it, none is made.
  - A certificate is added beside its predecessor of the same name. Only its public part is used.
  - Rotation removes a predecessor when its successor has been there for O(keep_old_for) days. A
    predecessor began before its successor and ends no later; what a person adds meanwhile is none,
    and neither is a certificate that was registered with its own start (as the portal does),
    because nobody can tell since when it is there. An ended one waits for its time too. The
    credential that the task itself authenticates with always stays.
  - A secret is removed only where its successor is known to be held, so that an accident (a killed
    run, a lost result, an answer that did not come) never costs the secret that works. It is held
    when O(dest) has it, when it is O(current_secret), or when the task itself authenticates with
    it. Otherwise both stay, and a warning names them. A secret is known by its first three
    characters, which is all that Graph keeps of it; two with the same ones are not told apart, and
    stay.
  - When the answer to making a secret is lost, or is a 408 or 5xx, the task fails with
    C(outcome_unknown). What was made is removed again where it can only be ours, and RV(key_ids)
    names it otherwise. Run the task again; the secret in O(dest) has not been touched.
  - A new secret or certificate may need some minutes before every login server knows it.
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
    details: It lists the credentials by type, name, id and end.
options:
  app_id:
    description:
      - The application (client) id of the registration. O(client_id) is the application that makes
        the call, which may be the same one.
      - One that the tenant does not have is an error, with O(state=absent) too.
    type: str
    required: true
  type:
    description:
      - What kind of credential. Needed with O(state=present); with O(state=absent) it narrows
        O(name) down.
    type: str
    choices: [secret, certificate, federated]
  name:
    description:
      - Its name, to the letter. Credentials of other names are left alone. With O(state=absent),
        all of that name are removed.
      - It is never empty. One without a name is removed by its O(key_id).
    type: str
  key_id:
    description:
      - The id of the credential to remove.
    type: str
  state:
    description:
      - Whether there is such a credential. The last valid one of an application, and the one that
        this task uses, are removed with O(force=true) only.
    type: str
    default: present
    choices: [present, absent]
  valid_for:
    description:
      - Days that a new secret is valid.
    type: int
    default: 180
  rotate_before:
    description:
      - A new secret is made when the latest one has less than this many days left. For a
        certificate, which is issued elsewhere, it is a warning.
    type: int
    default: 30
  keep_old_for:
    description:
      - Days that the predecessor of a secret or certificate stays valid after its successor was
        registered. With V(0) a secret goes as soon as its successor is in O(dest), and a
        certificate at once.
    type: int
    default: 7
  dest:
    description:
      - A file for the new secret. It is written whole or not at all, and readable by its owner
        only.
      - It suits O(client_secret_file) of the plays that use the secret.
      - One file has one name of credentials, and one task that writes it. Without the file, nothing
        is removed; and while there is a secret of that name with enough days left, no other is
        made, because nobody can tell whether it is in use elsewhere. A warning says which one to
        remove by O(key_id).
    type: path
  return_secret:
    description:
      - Whether a new secret is in the result, as RV(secret_text). Without O(dest), it is where the
        task registers its result.
    type: bool
  current_secret:
    description:
      - The secret that its users have at present, such as looked up in a vault, where the task has
        no O(dest). It shows which secret is in use, so that its predecessors can be removed, and
        that a new one is made in time. Leave it out where there is none yet.
    type: str
    version_added: 0.2.0
  public_certificate:
    description:
      - The certificate as PEM text. A private key in it is not used.
    type: str
  public_certificate_path:
    description:
      - A file with the certificate as PEM or DER.
    type: path
  issuer:
    description:
      - The issuer in the workload's tokens, such as V(https://token.actions.githubusercontent.com).
    type: str
  subject:
    description:
      - The subject in the workload's tokens, such as V(repo:contoso/soc:ref:refs/heads/main).
    type: str
  audience:
    description:
      - The audience in the workload's tokens.
    type: str
    default: api://AzureADTokenExchange
  force:
    description:
      - Whether to remove even the last valid credential, and the one that this task uses.
    type: bool
    default: false
notes:
  - Certificates are a list that is written whole. Do not run two tasks at once that change the
    certificates of one application, or the secrets of one name.
seealso:
  - module: mssp.defender_xdr.application
  - module: mssp.defender_xdr.application_info
"""

EXAMPLES = r"""
- name: Keep a secret, and put a new one where the plays read it
  mssp.defender_xdr.application_credential:
    app_id: 631a96bc-a705-4eda-9f99-fdaf9f54f6a2
    type: secret
    name: ansible
    rotate_before: 30
    keep_old_for: 7
    dest: /etc/soc/client_secret

---
# not run: it needs the collection community.hashi_vault and a vault
- name: Make a secret and register it
  mssp.defender_xdr.application_credential:
    app_id: 631a96bc-a705-4eda-9f99-fdaf9f54f6a2
    type: secret
    name: vaulted
    current_secret: >-
      {{ lookup('community.hashi_vault.vault_kv2_get', 'soc/entra').secret.client_secret
         | default(omit) }}
  register: made

- name: Put it where it belongs
  community.hashi_vault.vault_kv2_write:
    path: soc/entra
    data:
      client_secret: "{{ made.secret_text }}"
  when: made.secret_text is defined
  no_log: true

---
- name: Register this year's certificate beside last year's
  mssp.defender_xdr.application_credential:
    app_id: 631a96bc-a705-4eda-9f99-fdaf9f54f6a2
    type: certificate
    name: ansible
    public_certificate_path: /etc/soc/app-2027.pem

- name: Let a workflow in without any secret
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
  description: The tenant, as C(id), C(name) and C(cloud).
  returned: always
  type: dict
  sample: {id: 22222222-2222-2222-2222-222222222222, name: provider, cloud: public}
api:
  description: The API that was used, which is V(graph).
  returned: success
  type: str
  sample: graph
secret_text:
  description: A new secret. It can be registered, but is never displayed by this task.
  returned: when a secret was made and the result is where it goes
  type: str
credential:
  description: The credential that is as wanted; empty with O(state=absent). In check mode, the
    C(key_id) of one that would be made is empty.
  returned: success
  type: dict
  sample: {type: secret, display_name: ansible, key_id: f0b0b335-1d71-4883-8f98-567911bfdca6, hint:
    "[6g", start: "2026-11-09T19:50:29Z",
           end: "2027-05-08T19:50:29Z", days_left: 166, in_use: false, superseded: false}
credentials:
  description:
    - All credentials of the application, those that end first at the top, each like RV(credential).
      A certificate has C(sha1) and C(sha256), a federated credential C(issuer), C(subject) and
      C(audiences).
  returned: success
  type: list
  elements: dict
key_ids:
  description: The ids of secrets that nobody has and that could not be removed for certain. Remove
    them with O(key_id), unless another run made them.
  returned: when the answer to making a secret was lost, or it could not be written, and something
    of it may be left
  type: list
  elements: str
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
