# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The credential options of a task, checked before any request.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._applications import (
    certificates as _app_certificates,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._applications import (
    client_secrets as _client_secrets,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._applications import (
    credentials as _app_credentials,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._applications import (
    federated as _app_federated,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._applications import (
    secret_place as _secret_place,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._applications.certificates import (
    Certificates,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._applications.credential import (
    Credential,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._applications.credentials import (
    Kind,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._applications.federated import (
    Federated,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.api import Api

Params = t.Mapping[str, t.Any]
# options for one type of credential
ONLY_FOR: t.Final = {
    "dest": "secret",
    "current_secret": "secret",
    "public_certificate": "certificate",
    "public_certificate_path": "certificate",
    "issuer": "federated",
    "subject": "federated",
}
# an empty text must not mean "all", "ours" or "without a name"
NEVER_EMPTY: t.Final = {
    "name": "name the credential, or remove one without a name by its key_id",
    "key_id": "set it to the id of the credential, which application_info lists",
    "current_secret": "leave the option out if there is no secret yet",
}


def checked(params: Params) -> t.Callable[[Api], dict[str, Kind]]:
    """A function that returns the kinds by name for an API; raises `bad_request` for invalid
    options."""
    present = params["state"] == "present"
    kind, name = params["type"], params["name"] or ""
    for option in NEVER_EMPTY:
        if params[option] is not None and not params[option].strip():
            raise DefenderError(
                "bad_request",
                f"{option} is empty; {NEVER_EMPTY[option]}.",
            )
    for option, owner in ONLY_FOR.items():
        if present and params[option] is not None and kind != owner:
            raise DefenderError(
                "bad_request",
                f"{option} is set, but type is {kind}; {option} requires type {owner}.",
            )
    for option in ("keep_old_for", "rotate_before"):
        if params[option] < 0:
            raise DefenderError(
                "bad_request", f"{option} is {params[option]}, but must be 0 or more days."
            )
    certificate = None
    place = _secret_place.Place(
        params["dest"], bool(params["return_secret"]), params["current_secret"]
    )
    if present and kind == "secret":
        _secret_place.check(
            place, valid_for=params["valid_for"], rotate_before=params["rotate_before"]
        )
    elif present and kind == "certificate":
        if params["public_certificate"] is None and params["public_certificate_path"] is None:
            raise DefenderError(
                "bad_request",
                (
                    "type is certificate, but neither public_certificate nor"
                    " public_certificate_path is set."
                ),
            )
        certificate = _app_certificates.read_certificate(
            params["public_certificate"], params["public_certificate_path"]
        )
    elif present:
        for option in ("issuer", "subject"):
            if not params[option]:
                raise DefenderError(
                    "bad_request",
                    (
                        f"type is federated, but {option} is not set; copy it from the workload's"
                        " tokens."
                    ),
                )
        _app_federated.check_issuer(params["issuer"])

    def build(api: Api) -> dict[str, Kind]:
        secrets = _client_secrets.Secrets(
            api,
            name,
            valid_for=params["valid_for"],
            rotate_before=params["rotate_before"],
            place=place,
        )
        federated = Federated(
            api,
            name,
            issuer=params["issuer"] or "",
            subject=params["subject"] or "",
            audience=params["audience"],
        )
        certificates = Certificates(
            api, name, certificate=certificate, rotate_before=params["rotate_before"]
        )
        return {"secret": secrets, "certificate": certificates, "federated": federated}

    return build


def ensure(
    api: Api, kinds: t.Mapping[str, Kind], app_id: str, params: Params, *, check_mode: bool
) -> dict[str, t.Any]:
    """Bring the application's credentials into the requested state; returns the result's keys."""
    if params["state"] == "absent":
        return _app_credentials.ensure_absent(
            api, kinds, app_id, _chosen(params), force=params["force"], check_mode=check_mode
        )
    return _app_credentials.ensure_present(
        api,
        kinds[params["type"]],
        app_id,
        params["name"],
        keep_old_for=params["keep_old_for"],
        check_mode=check_mode,
    )


def _chosen(params: Params) -> t.Callable[[Credential], bool]:
    """Selects the credentials to remove: the one with the id, or all with the name and, if set, the
    type."""
    if params["key_id"] is not None:
        return lambda credential: credential.key_id == params["key_id"]
    return lambda credential: (
        credential.display_name == params["name"] and params["type"] in (None, credential.kind)
    )
