# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An application's certificates: public keys in a list that every change rewrites as a whole.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import base64
import hashlib
import typing as t
import uuid

from ansible_collections.mssp.defender_xdr.plugins.module_utils import _directory
from ansible_collections.mssp.defender_xdr.plugins.module_utils._applications.credential import (
    DAY,
    Credential,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._credential_text import file_bytes
from ansible_collections.mssp.defender_xdr.plugins.module_utils._directory import V1
from ansible_collections.mssp.defender_xdr.plugins.module_utils._shapes import Json
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.api import Api
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.public_certificate import (
    PublicCertificate,
    public_certificate,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.write_records import (
    of_application,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._times import SECOND, format_time


def read_certificate(text: str | None, path: str | None) -> PublicCertificate:
    """The certificate that the caller passes, as text or as a file."""
    if text is not None:
        return public_certificate("public_certificate", "public_certificate", text.encode())
    option = "public_certificate_path"
    return public_certificate(option, f"{option} {path}", file_bytes(option, str(path)))


class Certificates:
    """The certificates with one display name. `certificate` is the required one; None if they are
    only removed."""

    name = "certificate"

    def __init__(
        self,
        api: Api,
        display_name: str,
        *,
        certificate: PublicCertificate | None,
        rotate_before: int,
    ) -> None:
        self.api = api
        self.display_name = display_name
        self.certificate = certificate
        self.rotate_before = rotate_before
        self._keys: list[Json] | None = None

    def current(
        self, named: t.Sequence[Credential], held: t.Sequence[Credential], now: int
    ) -> Credential | None:
        wanted = t.cast("PublicCertificate", self.certificate)
        if (left := wanted.end * SECOND - now) < self.rotate_before * DAY:
            self.api.tenant.warnings.append(
                f"The certificate for {self.display_name} ends on"
                f" {format_time(wanted.end * SECOND)}, in {left // DAY} days; issue its"
                " replacement now."
            )
        if len(named) > 1:
            self.api.tenant.warnings.extend(
                f"{credential} was registered without a start date, so the time of its"
                " registration is unknown and rotation removes neither it nor any earlier"
                " certificate; remove those that are no longer used by key_id."
                for credential in named
                if credential.began is None
            )
        return self._same(named, wanted)

    def _same(self, named: t.Sequence[Credential], wanted: PublicCertificate) -> Credential | None:
        digests = (
            hashlib.sha1(wanted.der, usedforsecurity=False).hexdigest(),
            hashlib.sha256(wanted.der).hexdigest(),
        )
        return next(
            (
                credential
                for credential in named
                if credential.details["sha256"] == digests[1]
                or (not credential.details["sha256"] and credential.details["sha1"] == digests[0])
            ),
            None,
        )

    def planned(self, application: Json, held: t.Sequence[Credential], now: int) -> Json:
        wanted = t.cast("PublicCertificate", self.certificate)
        return {
            "displayName": self.display_name,
            "type": "AsymmetricX509Cert",
            "usage": "Verify",
            "key": base64.b64encode(wanted.der).decode(),
            # Starts now, so that `keep_old_for` of the predecessor counts from this registration.
            # It never equals the certificate's own start, because that marks a certificate whose
            # time of registration is unknown.
            "startDateTime": format_time(max(now // SECOND, wanted.start + 1) * SECOND),
            "endDateTime": format_time(wanted.end * SECOND),
        }

    def create(self, application: Json, planned: Json) -> tuple[Json, Json]:
        # with an id set here, the request can be repeated safely
        made = {**planned, "keyId": str(uuid.uuid4())}
        self._write(application, [*self._held(application), made])
        return made, {}

    def is_held(self, current: Credential, *, made: bool) -> bool:
        """Always: the caller passed the certificate."""
        return True

    def remove(self, application: Json, credential: Credential) -> None:
        self._write(
            application,
            [key for key in self._held(application) if key["keyId"] != credential.key_id],
        )

    def _held(self, application: Json) -> list[Json]:
        """The list including our own changes, which may not be readable yet."""
        return list(application.get("keyCredentials") or []) if self._keys is None else self._keys

    def _write(self, application: Json, keys: list[Json]) -> None:
        path = f"{V1}/applications/{application['id']}"
        payload = {"keyCredentials": keys}
        before, after = _named(self._held(application)), _named(keys)
        about = of_application(application["appId"], before, after)
        _directory.retry_until_replicated(
            self.api,
            lambda: self.api.write("PATCH", path, payload, repeatable=True, about=about),
        )
        self._keys = keys


def _named(keys: t.Iterable[Json]) -> Json:
    """The certificates without their content, for the record of a change."""
    shown = ("keyId", "displayName", "endDateTime")
    return {"keyCredentials": [{name: key.get(name) for name in shown} for key in keys]}
