# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An application's client secrets: made once, handed over once, into a file or into the result.

Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils import _app_credentials, _directory
from ansible_collections.mssp.defender_xdr.plugins.module_utils._app_credentials import DAY, Credential
from ansible_collections.mssp.defender_xdr.plugins.module_utils._directory import V1
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import Api
from ansible_collections.mssp.defender_xdr.plugins.module_utils._times import SECOND, format_time

Json = dict[str, t.Any]
GONE: t.Final = "No password credential found"  # a 400 of removePassword


def check(*, valid_for: int, rotate_before: int, dest: str | None, returned: bool) -> None:
    """Refuse to make a secret that nobody could ever read, or one on every run, before anything is sent."""
    if not 0 <= rotate_before < valid_for:
        raise DefenderError("bad_request", f"rotate_before is {rotate_before}, but must be from 0 to less than valid_for ({valid_for}), both in days.")
    if dest is None and not returned:
        raise DefenderError(
            "bad_request",
            "type is secret, and a new one can be read only once, but nothing takes it here: register the task's result, or set dest or return_secret.",
            advice="Add register: to the task, with no_log: true on every task that uses it; or set dest.",
        )
    if dest is not None:
        os.unlink(_spare(dest))


def _spare(dest: str) -> str:
    """An empty file beside dest that only its owner can read."""
    folder = os.path.dirname(os.path.abspath(dest))
    if os.path.isdir(dest) or dest.endswith("/"):
        raise DefenderError("bad_request", f"dest is {dest}, which is a folder; name a file in it.")
    try:
        handle, spare = tempfile.mkstemp(prefix=".secret-", dir=folder)
    except OSError as e:
        raise DefenderError("bad_request", f"dest is {dest}, but no file can be made in {folder}: {e.strerror}.") from None
    os.close(handle)
    return spare


class Secrets:
    """Secrets of one name. C(dest) is a file for the new one; otherwise it is in the result as C(secret_text)."""

    name = "secret"

    def __init__(self, api: Api, display_name: str, *, valid_for: int, rotate_before: int, dest: str | None, returned: bool) -> None:
        self.api = api
        self.display_name = display_name
        self.valid_for = valid_for
        self.rotate_before = rotate_before
        self.dest = dest
        self.returned = returned

    def current(self, named: t.Sequence[Credential], now: int) -> Credential | None:
        latest = max(named, key=lambda each: (each.end or 0, each.key_id), default=None)
        if latest is None or (latest.end is not None and latest.end - now < max(self.rotate_before * DAY, 1)):
            return None
        if self.dest is not None and not self._holds(latest):
            self.api.tenant.warnings.append(
                f"dest is {self.dest}, which does not hold {latest}; that secret cannot be read again. To make a new one, remove it by its key_id first."
            )
        return latest

    def _holds(self, credential: Credential) -> bool:
        """Whether the file begins with what Graph keeps of the secret; true where nothing can be told."""
        try:
            with open(str(self.dest), encoding="utf-8") as f:
                return f.read().startswith(credential.raw.get("hint") or "")
        except PermissionError:
            return True
        except (OSError, ValueError):
            return False

    def planned(self, application: Json, held: t.Sequence[Credential], now: int) -> Json:
        # whole seconds, and the beginning is the service's own
        return {"displayName": self.display_name, "endDateTime": format_time((now // SECOND + self.valid_for * (DAY // SECOND)) * SECOND)}

    def create(self, application: Json, planned: Json) -> tuple[Json, Json]:
        spare = _spare(self.dest) if self.dest is not None else None
        try:
            made = self._made(application, planned)
            secret = str(made.pop("secretText"))
            if spare is not None:
                self._put(application, made, spare, secret)
            return made, {"secret_text": secret} if self.returned else {}
        finally:
            if spare is not None:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(spare)

    def _made(self, application: Json, planned: Json) -> Json:
        """A new secret. Where its answer was lost, so is the secret, and what there may be of it is taken away again."""
        before = {each["keyId"] for each in application.get("passwordCredentials") or []}
        path = f"{V1}/applications/{application['id']}/addPassword"
        try:
            return _directory.settled(self.api, lambda: self.api.write("POST", path, {"passwordCredential": planned}))
        except DefenderError as e:
            if e.category != "outcome_unknown":
                raise
            now = _app_credentials.find(self.api, application["appId"]).get("passwordCredentials") or []
            orphans = [each["keyId"] for each in now if each["keyId"] not in before and each.get("displayName") == self.display_name]
            for key_id in orphans:
                self._take(application, key_id)
            what = "It had been made, and was removed again" if orphans else "Nothing is seen of it so far"
            raise DefenderError(
                "outcome_unknown",
                f"The answer to making secret {self.display_name} was lost, and the secret with it. {what}; run the task again.",
                advice="Run the task again; a secret of that name that nobody has can be removed by its key_id.",
            ) from None

    def _put(self, application: Json, made: Json, spare: str, secret: str) -> None:
        """The secret in its file, whole or not at all; one that could not be written is of no use and goes again."""
        try:
            with open(spare, "w", encoding="utf-8") as f:
                f.write(secret)
                f.flush()
                os.fsync(f.fileno())
            os.replace(spare, str(self.dest))
        except OSError as e:
            self._take(application, made["keyId"])
            raise DefenderError("bad_request", f"dest is {self.dest}, which could not be written: {e.strerror}. The new secret was removed again.") from None

    def _take(self, application: Json, key_id: str) -> None:
        try:
            self.api.write("POST", f"{V1}/applications/{application['id']}/removePassword", {"keyId": key_id})
        except DefenderError as e:
            if GONE not in e.message:
                raise

    def remove(self, application: Json, credential: Credential) -> None:
        self._take(application, credential.key_id)
