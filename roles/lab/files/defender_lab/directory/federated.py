# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""/applications/{id}/federatedIdentityCredentials: the token issuers and subjects that an
application trusts."""

from __future__ import annotations

import re
import typing as t
import uuid

from defender_lab.api.routes import Call
from defender_lab.directory.listing import NAME, TEXT, Collection, listed, single
from defender_lab.directory.refusals import absent, bad, conflict
from defender_lab.odata.bodies import object_of
from defender_lab.odata.fields import Fields
from defender_lab.service.exchange import Reply
from defender_lab.tenants.registrations import Federated, Record, Registration

TYPE = "microsoft.graph.federatedIdentityCredential"
MOST = 20
NAME_FORM = re.compile(r"[A-Za-z0-9._~-]+")
LENGTHS = {"name": 120, "issuer": 600, "subject": 600, "description": 600}
PROPERTIES = frozenset({"id", "name", "issuer", "subject", "description", "audiences"})
COLLECTION = Collection(
    "",
    Fields(TYPE, {"name": NAME, "subject": TEXT, "issuer": TEXT}, frozenset({"startswith"})),
    PROPERTIES,
    advanced=False,
)


def _path(app: Registration) -> str:
    return f"applications('{app.id}')/federatedIdentityCredentials"


def all_of(call: Call, app: Registration) -> Reply:
    return listed(
        call,
        COLLECTION,
        [credential.record for credential in app.federated if credential.shows()],
        _path(app),
    )


def _credential(call: Call, app: Registration) -> Federated:
    """By id or by name, as Graph takes both."""
    key = call.parts[1]
    credential = next(
        (
            credential
            for credential in app.federated
            if key in (credential.record["id"], credential.record["name"])
        ),
        None,
    )
    if credential is None or not credential.shows():
        raise absent(key)
    return credential


def got(call: Call, app: Registration) -> Reply:
    return single(call, _path(app), _credential(call, app).record, TYPE, PROPERTIES)


def created(call: Call, app: Registration) -> Reply:
    body = object_of(call.request)
    for name in ("name", "issuer", "subject", "audiences"):
        if not body.get(name):
            raise bad(
                f"Federated Identity Credential {name} must not be null or empty.",
                target=name,
                detail="InvalidValue",
            )
    record = {"id": str(uuid.uuid4()), "description": None, **_checked(body)}
    if len(app.federated) >= MOST:
        raise bad(
            f"The maximum number of federated identity credentials for an application is {MOST}.",
            detail="DirectoryQuotaExceeded",
        )
    if any(
        credential.record["name"].lower() == record["name"].lower() for credential in app.federated
    ):
        raise conflict(
            f"FederatedIdentityCredential with name {record['name']} already exists.", target="name"
        )
    _unique(app, record)
    made = Federated(record)
    call.tenant.lag.on(made)
    app.federated.append(made)
    return single(call, _path(app), record, TYPE, PROPERTIES, 201)


def changed(call: Call, app: Registration) -> Reply:
    credential = _credential(call, app)
    new = _checked(object_of(call.request))
    if new.get("name", credential.record["name"]) != credential.record["name"]:
        raise bad(
            "Federated Identity Credential name is immutable and cannot be changed.",
            target="name",
            detail="InvalidValue",
        )
    _unique(app, {**credential.record, **new})
    credential.record.update(new)
    return Reply(204)


def removed(call: Call, app: Registration) -> Reply:
    app.federated.remove(_credential(call, app))
    return Reply(204)


def _unique(app: Registration, record: Record) -> None:
    for credential in app.federated:
        if credential.record["id"] != record["id"] and all(
            credential.record[name] == record[name] for name in ("issuer", "subject")
        ):
            raise conflict(
                "FederatedIdentityCredential with the same issuer and subject already exists.",
                target="subject",
            )


def _checked(body: Record) -> Record:
    """What may be written, in a shape that may be kept."""
    new: dict[str, t.Any] = {}
    for name, value in body.items():
        if name.startswith("@"):
            continue
        if name not in PROPERTIES - {"id"}:
            raise bad(f"Invalid property '{name}'.", target=name, detail="InvalidProperty")
        if name == "audiences":
            if (
                not isinstance(value, list)
                or len(value) != 1
                or not isinstance(value[0], str)
                or not value[0]
            ):
                raise bad(
                    "Federated Identity Credential audiences must hold exactly one value.",
                    target=name,
                    detail="InvalidValue",
                )
        elif not (value is None and name == "description") and (
            not isinstance(value, str) or not value or len(value) > LENGTHS[name]
        ):
            raise bad(
                f"Federated Identity Credential {name} is invalid.",
                target=name,
                detail="InvalidValue",
            )
        new[name] = value
    if "name" in new and not NAME_FORM.fullmatch(str(new["name"])):
        raise bad(
            "Federated Identity Credential name must be URL friendly.",
            target="name",
            detail="InvalidValue",
        )
    issuer = new.get("issuer")
    if issuer is not None and not str(issuer).startswith("https://"):
        raise bad(
            "Federated Identity Credential issuer must be a valid https URL.",
            target="issuer",
            detail="InvalidValue",
        )
    return new
