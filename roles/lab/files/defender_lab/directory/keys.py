# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""addPassword, removePassword, and an application's list of certificates."""

from __future__ import annotations

import base64
import binascii
import typing as t
from datetime import UTC, datetime, timedelta

from cryptography import x509

from defender_lab.api.routes import Call
from defender_lab.directory.refusals import bad
from defender_lab.odata.bodies import KIND, object_of
from defender_lab.service import instants
from defender_lab.service.exchange import Refused, Reply, as_json
from defender_lab.tenants.registrations import Key, Password, Record, Registration, secret_text

YEARS = timedelta(days=730)


def password_added(call: Call, app: Registration) -> Reply:
    """The only answer that ever holds the secret."""
    asked = object_of(call.request).get("passwordCredential")
    asked = {} if asked is None else asked
    if not isinstance(asked, dict) or set(asked) - {
        "displayName",
        "startDateTime",
        "endDateTime",
        "@odata.type",
    }:
        raise bad(
            "Invalid value specified for property 'passwordCredential' of resource 'Application'.",
            target="passwordCredential",
            detail="InvalidValue",
        )
    now = datetime.now(UTC)
    start = _time(asked.get("startDateTime"), now)
    end = _time(asked.get("endDateTime"), start + YEARS)
    if end <= start or end <= now:
        raise Refused(
            400, "PasswordCredentialsInvalidEndDate", "Password credential end date is invalid."
        )
    text = secret_text()
    made = Password.made(
        text,
        displayName=asked.get("displayName"),
        startDateTime=_stamp(start),
        endDateTime=_stamp(end),
    )
    call.tenant.lag.on(made)
    app.passwords.append(made)
    return _reply(call, "passwordCredential", {**made.record, "secretText": text})


def password_removed(call: Call, app: Registration) -> Reply:
    key = object_of(call.request).get("keyId")
    if not any(password.record["keyId"] == key for password in app.passwords):
        raise bad(
            f"No password credential found with keyId '{key}'.",
            target="keyId",
            detail="InvalidValue",
        )
    app.passwords = [password for password in app.passwords if password.record["keyId"] != key]
    return Reply(204)


def replaced(app: Registration, keys: t.Any) -> list[Key]:
    """The whole list anew. One that is there already may come as it was listed, that is without its
    key; any other needs the certificate."""
    if not isinstance(keys, list) or not all(isinstance(key, dict) for key in keys):
        raise Refused(400, "KeyCredentialsInvalidValue", "Key credential value is invalid.")
    keys_by_id = {key.record["keyId"]: key for key in app.keys}
    return [
        keys_by_id[key["keyId"]]
        if key.get("key") is None and key.get("keyId") in keys_by_id
        else _made(key, keys_by_id)
        for key in keys
    ]


def _made(key: Record, keys_by_id: dict[str, Key]) -> Key:
    if key.get("type") not in ("AsymmetricX509Cert", "X509CertAndPassword", "Symmetric"):
        raise Refused(400, "KeyCredentialsInvalidType", "Key credential type is invalid.")
    if key["type"] != "AsymmetricX509Cert" or key.get("usage") not in ("Verify", "Encrypt"):
        raise Refused(400, "KeyCredentialsInvalidUsage", "Key credential usage is invalid.")
    try:
        der = base64.b64decode(str(key.get("key")), validate=True)
        certificate = x509.load_der_x509_certificate(der)
    except (binascii.Error, ValueError):
        raise Refused(
            400, "KeyCredentialsInvalidValue", "Key credential value is invalid."
        ) from None
    start = _time(key.get("startDateTime"), certificate.not_valid_before_utc)
    end = _time(key.get("endDateTime"), certificate.not_valid_after_utc)
    if (
        end > certificate.not_valid_after_utc
        or end <= start
        or (end <= datetime.now(UTC) and key.get("keyId") not in keys_by_id)
    ):
        raise Refused(400, "KeyCredentialsInvalidEndDate", "Key credential end date is invalid.")
    if start < certificate.not_valid_before_utc:
        raise Refused(
            400, "KeyCredentialsInvalidStartDate", "Key credential start date is invalid."
        )
    names = {name: key.get(name) for name in ("displayName", "customKeyIdentifier", "keyId")}
    return Key.made(
        certificate,
        der,
        startDateTime=_stamp(start),
        endDateTime=_stamp(end),
        usage=key["usage"],
        **names,
    )


def _time(text: t.Any, default: datetime) -> datetime:
    if text is None:
        return default
    try:
        return datetime.fromtimestamp(instants.ticks(str(text)) / instants.TICKS, UTC)
    except ValueError:
        raise Refused(
            400,
            "BadRequest",
            f"Cannot convert the literal '{text}' to the expected type 'Edm.DateTimeOffset'.",
        ) from None


def _stamp(when: datetime) -> str:
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


def _reply(call: Call, kind: str, body: Record) -> Reply:
    return as_json(
        200,
        {"@odata.context": f"{call.request.base}/v1.0/$metadata#microsoft.graph.{kind}", **body},
        kind=KIND,
    )
