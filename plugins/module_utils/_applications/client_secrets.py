# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An application's client secrets: each is created once and returned once, in a file or in the
result.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import math
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils import _directory, _files
from ansible_collections.mssp.defender_xdr.plugins.module_utils._applications import (
    credentials as _app_credentials,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._applications import (
    rotation as _app_rotation,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._applications.credential import (
    DAY,
    Credential,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._applications.credentials import (
    SKEW,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._applications.secret_place import (
    Place,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._directory import V1
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._shapes import Json
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.api import Api
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.write_records import (
    SUCCEEDED,
    of_application,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._times import (
    SECOND,
    format_time,
    read_time,
)

GONE: t.Final = "No password credential found"  # a 400 of removePassword


class Secrets:
    """The client secrets with one display name."""

    name = "secret"

    def __init__(
        self, api: Api, display_name: str, *, valid_for: int, rotate_before: int, place: Place
    ) -> None:
        self.api = api
        self.display_name = display_name
        self.valid_for = valid_for
        self.rotate_before = rotate_before
        self.place = place
        self._holder: Credential | None = None

    def current(
        self, named: t.Sequence[Credential], held: t.Sequence[Credential], now: int
    ) -> Credential | None:
        """The secret that is in use, if known; otherwise the one that expires last."""
        placed = self.place.dest is not None or self.place.current is not None
        text = self.place.text() if placed else None
        self._holder = _app_rotation.holder_of(text, held) if placed else _callers_secret(held)
        holder = self._holder if placed and self._holder in named else None
        latest = max(named, key=lambda secret: (_end(secret), secret.key_id), default=None)
        current = holder or latest
        if current is None or _end(current) - now < max(self.rotate_before * DAY, 1):
            return None
        if holder:
            self._warn_of_others(named, holder, now)
        elif placed:
            self.api.tenant.warnings.append(
                f"{self.place.name} is not confirmed to hold {current}, whose text cannot be read"
                " again, so nothing is removed; if nobody has that secret, remove it by its"
                " key_id, and the next run creates a new one."
            )
        return current

    def _warn_of_others(self, named: t.Sequence[Credential], holder: Credential, now: int) -> None:
        """Warn of secrets that rotation keeps, such as those of an interrupted run or created in
        the portal."""
        self.api.tenant.warnings.extend(
            f"{secret} is not the secret in {'dest' if self.place.dest else 'current_secret'}, but"
            " was created later or expires later, so it is kept; if nobody has it, remove it by"
            " its key_id."
            for secret in named
            if secret.valid(now) and secret != holder and not _app_rotation.precedes(secret, holder)
        )

    def is_held(self, current: Credential, *, made: bool) -> bool:
        """Whether the secret is held for certain; a new one only if it is in `dest`, because a
        result may be lost."""
        if made:
            return self.place.dest is not None
        return self._holder is not None and self._holder.key_id == current.key_id

    def planned(self, application: Json, held: t.Sequence[Credential], now: int) -> Json:
        # whole seconds; the service sets the start
        end = (now // SECOND + self.valid_for * (DAY // SECOND)) * SECOND
        return {"displayName": self.display_name, "endDateTime": format_time(end)}

    def create(self, application: Json, planned: Json) -> tuple[Json, Json]:
        if self.place.dest is None:
            made, secret = self._made(application, planned)
            return made, {"secret_text": secret}
        with _files.draft(self.place.dest) as draft:
            made, secret = self._made(application, planned)
            try:
                draft.file.write(secret.encode("utf-8", "surrogatepass"))
                draft.keep()
            except OSError as e:
                raise self._unkept(application, made, _files.not_written(draft.path, e)) from None
            except DefenderError as e:
                raise self._unkept(application, made, e) from None
        return made, {"secret_text": secret} if self.place.returned else {}

    def _made(self, application: Json, planned: Json) -> tuple[Json, str]:
        """Create a secret: Graph's object without the text, and the text."""
        path = f"{V1}/applications/{application['id']}/addPassword"
        payload = {"passwordCredential": planned}
        about = of_application(application["appId"], {}, payload)
        sent = _app_credentials.moment(self.api)
        try:
            made = _directory.retry_until_replicated(
                self.api, lambda: self.api.write("POST", path, payload, about=about)
            )
            if not made.get("secretText"):
                raise DefenderError(
                    "outcome_unknown", f"The response to POST {path} contains no secret."
                )
        except DefenderError as e:
            if e.category != "outcome_unknown":
                raise
            raise self._lost(application, planned, sent, e) from None
        secret = str(made.pop("secretText"))
        return made, secret

    def _lost(
        self, application: Json, planned: Json, sent: int, cause: DefenderError
    ) -> DefenderError:
        """The error if the response was lost and with it the text of the new secret.

        Removes the secret if this run certainly created it; otherwise names it.
        """
        left: list[str] = []
        try:
            suspects = self._suspects(application)
            left = [suspect["keyId"] for suspect in suspects]
            if len(suspects) == 1 and self._is_ours(suspects[0], planned, sent):
                self.api.settle_write(SUCCEEDED)
                self._take(application, left[0])
                left = []
            outcome = _outcome_text(suspects, left)
        except DefenderError as e:
            also = f" Remove {left[0]} by key_id; nobody has that secret." if left else ""
            outcome = f"Whether it was created is unknown: {e.message}{also}"
        facts = {**cause.facts, **({"key_ids": left} if left else {})}
        return DefenderError(
            "outcome_unknown",
            (
                f"The response to creating secret {self.display_name} was lost, and with it the"
                f" text of the secret: {cause.message} {outcome}"
            ),
            status=cause.status,
            code=cause.code,
            request_id=cause.request_id,
            advice=(
                "Run the task again. Remove by key_id only a secret of that name that nobody has."
            ),
            facts=facts,
        )

    def _suspects(self, application: Json) -> list[Json]:
        """The secrets with this display name that did not exist before."""
        before = {secret["keyId"] for secret in application.get("passwordCredentials") or []}
        listed = _app_credentials.find(self.api, application["appId"]).get("passwordCredentials")
        return [
            secret
            for secret in listed or []
            if secret["keyId"] not in before and secret.get("displayName") == self.display_name
        ]

    def _is_ours(self, suspect: Json, planned: Json, sent: int) -> bool:
        """Whether its start and end match our request; those of another run may match too."""
        try:
            start, end = (read_time(suspect[name]) for name in ("startDateTime", "endDateTime"))
        except (DefenderError, KeyError, TypeError):
            return False
        asked = read_time(planned["endDateTime"])
        until = _app_credentials.moment(self.api) + SKEW
        hint = str(suspect.get("hint") or "")
        if self.place.dest is not None and hint and (self.place.text() or "").startswith(hint):
            return False  # another run wrote it to the same file
        return end // SECOND == asked // SECOND and sent - SKEW <= start <= until

    def _unkept(self, application: Json, made: Json, cause: DefenderError) -> DefenderError:
        """The error if the file could not be written; the secret is removed again because nobody
        can read it."""
        try:
            self._take(application, made["keyId"])
        except DefenderError as e:
            cause.message += (
                f" The new secret ({made['keyId']}) could not be removed; nobody has it, so remove"
                f" it by its key_id. {e.message}"
            )
            cause.facts["key_ids"] = [made["keyId"]]
        else:
            cause.message += " The new secret was removed again."
        return cause

    def _take(self, application: Json, key_id: str) -> None:
        """Remove a secret; success if it no longer exists, so the request may be repeated."""
        path = f"{V1}/applications/{application['id']}/removePassword"
        payload = {"keyId": key_id}
        about = of_application(application["appId"], {"passwordCredential": payload}, {})
        try:
            self.api.write("POST", path, payload, repeatable=True, about=about)
        except DefenderError as e:
            if GONE not in e.message:
                raise

    def remove(self, application: Json, credential: Credential) -> None:
        self._take(application, credential.key_id)


def _end(credential: Credential) -> float:
    return math.inf if credential.end is None else credential.end


def _callers_secret(held: t.Iterable[Credential]) -> Credential | None:
    """The secret that this task authenticates with; None unless exactly one matches."""
    used = [credential for credential in held if credential.kind == "secret" and credential.in_use]
    return used[0] if len(used) == 1 and used[0].hint else None


def _outcome_text(suspects: t.Sequence[Json], left: t.Sequence[str]) -> str:
    """The state of a secret whose response was lost, as text."""
    if left:
        return (
            f"It may be {' or '.join(left)}, created in the meantime; nobody has its text, so"
            " remove it by key_id unless another run created it."
        )
    if suspects:
        return "It had been created and was removed again; run the task again."
    return "No such secret is visible yet."
