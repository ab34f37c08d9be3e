# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An application's federated credentials: the external identities that may sign in as it without a
secret.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils import _directory
from ansible_collections.mssp.defender_xdr.plugins.module_utils._applications.credential import (
    Credential,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._directory import V1
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._shapes import Json
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.api import Api
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.write_records import (
    Change,
    of_application,
)

MOST: t.Final = (
    20  # learn.microsoft.com/entra/workload-id/workload-identity-federation-considerations
)
AUDIENCE: t.Final = "api://AzureADTokenExchange"


def check_issuer(issuer: str) -> None:
    """Refuse an issuer that cannot issue tokens."""
    if not issuer.startswith("https://"):
        raise DefenderError(
            "bad_request",
            (
                f"issuer is {issuer!r}, but must be the https URL in the iss claim of the"
                " workload's tokens."
            ),
        )


class Federated:
    """The federated credential with one name. Everything but the name can be changed in place."""

    name = "federated"

    def __init__(
        self, api: Api, display_name: str, *, issuer: str, subject: str, audience: str
    ) -> None:
        self.api = api
        self.display_name = display_name
        self.wanted: Json = {"issuer": issuer, "subject": subject, "audiences": [audience]}
        self._current: Credential | None = None

    def current(
        self, named: t.Sequence[Credential], held: t.Sequence[Credential], now: int
    ) -> Credential | None:
        self._current = next(iter(named), None)
        return self._current if self._current and self._current.details == self.wanted else None

    def planned(self, application: Json, held: t.Sequence[Credential], now: int) -> Json:
        others = [
            credential
            for credential in held
            if credential.kind == self.name and credential is not self._current
        ]
        if twin := next(
            (
                credential
                for credential in others
                if all(
                    credential.details[name] == self.wanted[name] for name in ("issuer", "subject")
                )
            ),
            None,
        ):
            raise DefenderError(
                "conflict",
                (
                    f"{twin} already has this issuer and subject, and Entra ID accepts each pair"
                    " only once; remove it, or use another subject."
                ),
            )
        if self._current is None and len(others) >= MOST:
            raise DefenderError(
                "conflict",
                (
                    f"Application {application['displayName']} has {len(others)} federated"
                    f" credentials, and Entra ID allows {MOST}; remove one first."
                ),
            )
        return {
            "name": self.display_name,
            **self.wanted,
            **({"id": self._current.key_id} if self._current else {}),
        }

    def create(self, application: Json, planned: Json) -> tuple[Json, Json]:
        path = f"{V1}/applications/{application['id']}/federatedIdentityCredentials"
        if self._current:
            place = f"{path}/{self._current.key_id}"
            about = self._change(application, self._current.details, self.wanted)
            self.api.write("PATCH", place, self.wanted, repeatable=True, about=about)
            return planned, {}
        about = self._change(application, {}, planned)
        try:
            return _directory.retry_until_replicated(
                self.api, lambda: self.api.write("POST", path, planned, about=about)
            ), {}
        except DefenderError as e:
            if e.category != "outcome_unknown":
                raise
            lost = e

        def look() -> Json | None:
            # names are unique, so a look-up shows whether the lost request succeeded
            return next(
                (
                    credential
                    for credential in _directory.listed(self.api, path)
                    if credential["name"] == self.display_name
                ),
                None,
            )

        return _directory.wait_until_visible(self.api, look, None, lost), {}

    def is_held(self, current: Credential, *, made: bool) -> bool:
        """Always: there is no secret."""
        return True

    def remove(self, application: Json, credential: Credential) -> None:
        self.api.write(
            "DELETE",
            f"{V1}/applications/{application['id']}/federatedIdentityCredentials"
            f"/{credential.key_id}",
            repeatable=True,
            about=self._change(application, credential.details, {}),
        )

    def _change(self, application: Json, before: t.Mapping[str, t.Any], after: Json) -> Change:
        member = "federatedIdentityCredential"
        return of_application(application["appId"], {member: dict(before)}, {member: after})
