# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An application's client secrets: made once, handed over once, into a file or into the result.

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
from ansible_collections.mssp.defender_xdr.plugins.module_utils._times import (
    SECOND,
    format_time,
    read_time,
)

GONE: t.Final = "No password credential found"  # a 400 of removePassword


class Secrets:
    """Secrets of one name."""

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
        """The one that its users have, where that is known; otherwise the one that ends last."""
        placed = self.place.dest is not None or self.place.current is not None
        text = self.place.text() if placed else None
        self._holder = _app_rotation.holder_of(text, held) if placed else _callers_own(held)
        known = self._holder if placed and self._holder in named else None
        latest = max(named, key=lambda each: (_end(each), each.key_id), default=None)
        current = known or latest
        if current is None or _end(current) - now < max(self.rotate_before * DAY, 1):
            return None
        if known:
            self._warn_of_others(named, known, now)
        elif placed:
            self.api.tenant.warnings.append(
                f"{self.place.name} is not known to hold {current}; that secret cannot be read"
                " again, and nothing is removed. Where nobody has it, remove it by its key_id, and"
                " a new one is made."
            )
        return current

    def _warn_of_others(self, named: t.Sequence[Credential], known: Credential, now: int) -> None:
        """Of those that a rotation leaves alone: a killed run leaves some, and so does a person in
        the portal."""
        self.api.tenant.warnings.extend(
            f"{each} is not the secret in {'dest' if self.place.dest else 'current_secret'}, but"
            " was made later or ends later, and is left alone. Where nobody has it, remove it by"
            " its key_id."
            for each in named
            if each.valid(now) and each != known and not _app_rotation.precedes(each, known)
        )

    def is_held(self, current: Credential, *, made: bool) -> bool:
        """A new one is held when it is in `dest`: a result may get lost on its way."""
        if made:
            return self.place.dest is not None
        return self._holder is not None and self._holder.key_id == current.key_id

    def planned(self, application: Json, held: t.Sequence[Credential], now: int) -> Json:
        # whole seconds, and the beginning is the service's own
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
        """A new secret without its text, and the text."""
        path = f"{V1}/applications/{application['id']}/addPassword"
        sent = _app_credentials.moment(self.api)
        try:
            made = _directory.retry_until_replicated(
                self.api, lambda: self.api.write("POST", path, {"passwordCredential": planned})
            )
            if not made.get("secretText"):
                raise DefenderError(
                    "outcome_unknown", f"POST {path} was answered without a secret."
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
        """The error for a secret whose answer was lost, and the secret with it.

        What there may be of it is removed where it is ours without doubt, and named where it is
        not.
        """
        left: list[str] = []
        try:
            suspects = self._suspects(application)
            left = [each["keyId"] for each in suspects]
            if len(suspects) == 1 and self._is_ours(suspects[0], planned, sent):
                self._take(application, left[0])
                left = []
            outcome = _outcome_text(suspects, left)
        except DefenderError as e:
            also = f" Remove {left[0]} by key_id, which nobody has." if left else ""
            outcome = f"What there is of it could not be settled: {e.message}{also}"
        facts = {**cause.facts, **({"key_ids": left} if left else {})}
        return DefenderError(
            "outcome_unknown",
            (
                f"The answer to making secret {self.display_name} was lost, and the secret with it:"
                f" {cause.message} {outcome}"
            ),
            status=cause.status,
            code=cause.code,
            request_id=cause.request_id,
            advice=(
                "Run the task again. A secret of that name that nobody has is never a reason to"
                " remove another one; remove it by its key_id."
            ),
            facts=facts,
        )

    def _suspects(self, application: Json) -> list[Json]:
        """The secrets of our name that were not there before."""
        before = {each["keyId"] for each in application.get("passwordCredentials") or []}
        listed = _app_credentials.find(self.api, application["appId"]).get("passwordCredentials")
        return [
            each
            for each in listed or []
            if each["keyId"] not in before and each.get("displayName") == self.display_name
        ]

    def _is_ours(self, suspect: Json, planned: Json, sent: int) -> bool:
        """Whether it begins when we asked and ends to the second as we asked; another run's may do
        so too."""
        try:
            start, end = (read_time(suspect[name]) for name in ("startDateTime", "endDateTime"))
        except (DefenderError, KeyError, TypeError):
            return False
        asked = read_time(planned["endDateTime"])
        until = _app_credentials.moment(self.api) + SKEW
        hint = str(suspect.get("hint") or "")
        if self.place.dest is not None and hint and (self.place.text() or "").startswith(hint):
            return False  # another run put it into the same file
        return end // SECOND == asked // SECOND and sent - SKEW <= start <= until

    def _unkept(self, application: Json, made: Json, cause: DefenderError) -> DefenderError:
        """The error for a secret that could not be written: it is of no use, and goes again."""
        try:
            self._take(application, made["keyId"])
        except DefenderError as e:
            cause.message += (
                f" The new secret ({made['keyId']}), which nobody has, could not be"
                f" removed; remove it by its key_id. {e.message}"
            )
            cause.facts["key_ids"] = [made["keyId"]]
        else:
            cause.message += " The new secret was removed again."
        return cause

    def _take(self, application: Json, key_id: str) -> None:
        """Remove a secret; one that is gone is as wanted, so that this may be sent twice."""
        path = f"{V1}/applications/{application['id']}/removePassword"
        try:
            self.api.write("POST", path, {"keyId": key_id}, repeatable=True)
        except DefenderError as e:
            if GONE not in e.message:
                raise

    def remove(self, application: Json, credential: Credential) -> None:
        self._take(application, credential.key_id)


def _end(credential: Credential) -> float:
    return math.inf if credential.end is None else credential.end


def _callers_own(held: t.Iterable[Credential]) -> Credential | None:
    """The secret that this task authenticates with, where only one can be it."""
    used = [each for each in held if each.kind == "secret" and each.in_use]
    return used[0] if len(used) == 1 and used[0].hint else None


def _outcome_text(suspects: t.Sequence[Json], left: t.Sequence[str]) -> str:
    """What became of a secret whose answer was lost, in words."""
    if left:
        return (
            f"It may be {' or '.join(left)}, which was made meanwhile. Remove by key_id what no"
            " other run made; nobody has it."
        )
    if suspects:
        return "It had been made, and was removed again; run the task again."
    return "Nothing of it is visible so far."
