# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One credential of an application as Graph lists it, and whether the caller authenticates with it.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import dataclasses
import hashlib
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._shapes import Json
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import claims as _claims
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import (
    credential as _credential,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import (
    public_certificate as _public_certificate,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.options import Options
from ansible_collections.mssp.defender_xdr.plugins.module_utils._times import (
    SECOND,
    format_time,
    read_time,
)

DAY: t.Final = 86400 * SECOND
KINDS: t.Final = ("secret", "certificate", "federated")
HINT: t.Final = (
    3  # Graph keeps the first three characters of a secret (passwordCredential resource type)
)


@dataclasses.dataclass(frozen=True)
class Credential:
    """One credential. Times are ticks.

    :arg start: the start of its validity, None if it has none.
    :arg end: its end, None if it does not expire.
    :arg began: when the application got it; None if unknown.
    :arg details: further keys of its type.
    :arg raw: Graph's own object.
    """

    kind: str
    display_name: str
    key_id: str
    start: int | None
    end: int | None
    details: Json
    raw: Json = dataclasses.field(repr=False)
    began: int | None = None
    in_use: bool = False

    @property
    def hint(self) -> str:
        """The first characters of a secret, empty if Graph does not return them."""
        return str(self.raw.get("hint") or "") if self.kind == "secret" else ""

    def valid(self, now: int) -> bool:
        return self.end is None or self.end > now

    def days_left(self, now: int) -> int | None:
        """Whole days until it expires, negative if it has expired."""
        return None if self.end is None else (self.end - now) // DAY

    def as_result(self, now: int, *, superseded: bool = False) -> Json:
        """As in results. The secret itself is never included; Graph stores only its first
        characters."""
        return {
            "type": self.kind,
            "display_name": self.display_name,
            "key_id": self.key_id,
            "hint": self.raw.get("hint") if self.kind == "secret" else None,
            "start": None if self.start is None else format_time(self.start),
            "end": None if self.end is None else format_time(self.end),
            "days_left": self.days_left(now),
            "in_use": self.in_use,
            "superseded": superseded,
            **self.details,
        }

    def __str__(self) -> str:
        return f"{self.kind} {self.display_name or 'without a name'} ({self.key_id or 'new'})"


class Caller:
    """Decides which credentials of an application this task authenticates with.

    `secret` is the caller's client secret if the application is the caller's and uses one.
    """

    def __init__(self, options: Options, app_id: str) -> None:
        is_caller = options.client_id == app_id.lower()
        mine = _credential.read(options.credential) if is_caller else None
        self.secret = mine if isinstance(mine, str) else None
        self._thumbprint = mine.thumbprint if isinstance(mine, _credential.Signer) else None
        self._assertion = _claims_of(mine()) if callable(mine) else None

    def uses(self, kind: str, raw: Json, details: Json) -> bool:
        """Whether it may be the caller's. A secret without a hint may be; so may any federated
        credential if the assertion is opaque."""
        if kind == "secret":
            return self.secret is not None and raw.get("hint") in (None, self.secret[:HINT])
        if kind == "certificate":
            return self._thumbprint is not None and self._thumbprint in (details["sha256"], "")
        return self._assertion is not None and all(
            self._assertion.get(claim) in (None, raw.get(name))
            for claim, name in (("iss", "issuer"), ("sub", "subject"))
        )


def _claims_of(assertion: str) -> Json:
    claims = _claims.read(assertion)
    return dict(claims.raw) if claims else {}


def credential_from(caller: Caller, kind: str, raw: Json) -> Credential:
    """A credential from Graph's object."""
    details: Json = {}
    start, end = (_moment(raw.get(name)) for name in ("startDateTime", "endDateTime"))
    began = start
    if kind == "certificate":
        der, sha1, sha256 = _thumbprints(raw)
        details = {"sha1": sha1, "sha256": sha256}
        issued = _public_certificate.issued_at(der)
        # without a start date in the registration, Entra ID uses the start of the certificate
        # itself
        if start is not None and issued is not None and start // SECOND == issued:
            began = None
    if kind == "federated":
        details = {
            "issuer": raw.get("issuer"),
            "subject": raw.get("subject"),
            "audiences": raw.get("audiences") or [],
        }
    return Credential(
        kind,
        str(raw.get("name" if kind == "federated" else "displayName") or ""),
        str(raw.get("id" if kind == "federated" else "keyId") or ""),
        start,
        end,
        details,
        raw,
        began=began,
        in_use=caller.uses(kind, raw, details),
    )


def _moment(text: t.Any) -> int | None:
    """Ticks; None if the time is missing or unreadable."""
    if not text:
        return None
    with contextlib.suppress(DefenderError):
        return read_time(str(text))
    return None


def _thumbprints(raw: Json) -> tuple[bytes, str, str]:
    """The certificate, and its SHA-1 and SHA-256 in hexadecimal digits.

    Graph returns SHA-1 as digits or as bytes in base64. SHA-256 needs the certificate itself.
    """
    try:
        der = base64.b64decode(raw.get("key") or "", validate=True)
        identifier = str(raw.get("customKeyIdentifier") or "")
        sha1 = identifier.lower()
        if len(identifier) != 40:
            sha1 = base64.b64decode(identifier).hex()
    except binascii.Error:
        der, sha1 = b"", ""
    if not der:
        return b"", sha1, ""
    # an identifier of a public certificate, not a protection
    sha1 = hashlib.sha1(der, usedforsecurity=False).hexdigest()
    return der, sha1, hashlib.sha256(der).hexdigest()
