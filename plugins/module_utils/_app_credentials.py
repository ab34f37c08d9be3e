# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The credentials of an application: listed with their expiry, rotated with an overlap, and never taken from under the caller.

Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import dataclasses
import hashlib
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils import _applications, _claims, _credential, _directory
from ansible_collections.mssp.defender_xdr.plugins.module_utils._directory import V1
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._options import Options
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import Api
from ansible_collections.mssp.defender_xdr.plugins.module_utils._times import SECOND, format_time, read_time

Json = dict[str, t.Any]
DAY: t.Final = 86400 * SECOND
# Graph gives the certificates themselves only where keyCredentials of a single application are selected (keyCredential resource type).
FIELDS: t.Final = "id,appId,displayName,passwordCredentials,keyCredentials"
KINDS: t.Final = ("secret", "certificate", "federated")


@dataclasses.dataclass(frozen=True)
class Credential:
    """One credential. Times in ticks, None where it does not end; C(details) are what its kind has beside; C(raw) is Graph's own object."""

    kind: str
    display_name: str
    key_id: str
    start: int | None
    end: int | None
    details: Json
    raw: Json = dataclasses.field(repr=False)
    in_use: bool = False

    def valid(self, now: int) -> bool:
        return self.end is None or self.end > now

    def days_left(self, now: int) -> int | None:
        """Whole days until it ends, below zero when it has ended."""
        return None if self.end is None else (self.end - now) // DAY

    def as_result(self, now: int, *, superseded: bool = False) -> Json:
        """What results show; never the secret, of which Graph itself keeps only the first characters."""
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


class Own:
    """Tells which credentials of an application are the one that this very call authenticates with."""

    def __init__(self, options: Options, app_id: str) -> None:
        mine = _credential.read(options.credential) if options.client_id == app_id.lower() else None
        self._hint = mine[:3] if isinstance(mine, str) else None
        self._thumbprint = mine.thumbprint if isinstance(mine, _credential.Signer) else None
        self._assertion = ((claims := _claims.read(mine())) and claims.raw or {}) if callable(mine) else None

    def uses(self, kind: str, raw: Json, details: Json) -> bool:
        """Graph keeps the first three characters of a secret; one without them may be ours, and so may any that an opaque assertion fits."""
        if kind == "secret":
            return self._hint is not None and raw.get("hint") in (None, self._hint)
        if kind == "certificate":
            return self._thumbprint is not None and self._thumbprint in (details["sha256"], "")
        return self._assertion is not None and all(
            self._assertion.get(claim) in (None, raw.get(name)) for claim, name in (("iss", "issuer"), ("sub", "subject"))
        )


def moment(api: Api) -> int:
    """The present in ticks by the service's own clock, or by this machine's where it does not say."""
    return api.clock if api.clock is not None else int(api.tenant.clock.wall() * SECOND)


def find(api: Api, app_id: str) -> Json:
    """An application with its secrets and certificates; raises C(not_found)."""
    found = _applications.find(api, app_id=app_id, display_name=None, fields=FIELDS)
    if found is None:
        raise _applications.absent(api, app_id)
    return found


def all_of(api: Api, application: Json) -> list[Credential]:
    """Every credential of an application that L(find) gave: secrets, certificates, federated ones."""
    own = Own(api.tenant.options, application["appId"])
    federated = _directory.listed(api, f"{V1}/applications/{application['id']}/federatedIdentityCredentials")
    held = (application.get("passwordCredentials"), application.get("keyCredentials"), federated)
    return [_read(own, kind, raw) for kind, raws in zip(KINDS, held, strict=True) for raw in raws or []]


def _read(own: Own, kind: str, raw: Json) -> Credential:
    details: Json = {}
    if kind == "certificate":
        details = dict(zip(("sha1", "sha256"), _thumbprints(raw), strict=True))
    if kind == "federated":
        details = {"issuer": raw.get("issuer"), "subject": raw.get("subject"), "audiences": raw.get("audiences") or []}
    return Credential(
        kind,
        str(raw.get("name") if kind == "federated" else raw.get("displayName") or ""),
        str(raw.get("id" if kind == "federated" else "keyId") or ""),
        read_time(raw["startDateTime"]) if raw.get("startDateTime") else None,
        read_time(raw["endDateTime"]) if raw.get("endDateTime") else None,
        details,
        raw,
        in_use=own.uses(kind, raw, details),
    )


def _thumbprints(raw: Json) -> tuple[str, str]:
    """SHA-1 and SHA-256 in hexadecimal digits; Graph says the first one as digits or as bytes in base64, and the second only by the certificate itself."""
    try:
        der = base64.b64decode(raw.get("key") or "", validate=True)
        told = str(raw.get("customKeyIdentifier") or "")
        sha1 = told.lower() if len(told) == 40 else base64.b64decode(told).hex()
    except binascii.Error:
        der, sha1 = b"", ""
    # an app's certificate is public: this names it, and protects nothing
    return (hashlib.sha1(der, usedforsecurity=False).hexdigest(), hashlib.sha256(der).hexdigest()) if der else (sha1, "")


def shown(credentials: t.Iterable[Credential], now: int) -> list[Json]:
    """As results list them, those that end first at the top. A credential is superseded when a later one has its kind and name."""
    every = list(credentials)
    latest: dict[tuple[str, str], int] = {}
    for each in every:
        latest[each.kind, each.display_name] = max(latest.get((each.kind, each.display_name), 0), each.end or 0)
    endless = max((each.end or 0 for each in every), default=0) + 1
    ordered = sorted(every, key=lambda each: (each.end or endless, each.kind, each.display_name, each.key_id))
    return [each.as_result(now, superseded=(each.end or 0) < latest[each.kind, each.display_name]) for each in ordered]


class Kind(t.Protocol):
    """What each kind of credential does in its own way."""

    name: str

    def current(self, named: t.Sequence[Credential], now: int) -> Credential | None:
        """The credential of this name that is as wanted; None when a new one is due."""

    def planned(self, application: Json, held: t.Sequence[Credential], now: int) -> Json:
        """Graph's object for the one that is due; raises where it could not be made."""

    def create(self, application: Json, planned: Json) -> tuple[Json, Json]:
        """Make it: Graph's object, and what the result carries beside the list."""

    def remove(self, application: Json, credential: Credential) -> None:
        """Take it away; raises C(not_found) when it is gone already."""


def ensure_present(api: Api, kind: Kind, app_id: str, name: str, *, keep_old_for: int, check_mode: bool) -> Json:
    """A credential of this name as wanted, and its predecessors gone when their time is over; the result's keys.

    :arg keep_old_for: days that a predecessor stays after its successor began. The one that this call uses stays in any case.
    """
    application = find(api, app_id)
    held = all_of(api, application)
    now = moment(api)
    mine = [each for each in held if each.kind == kind.name and each.display_name == name]
    current = kind.current(mine, now)
    due = current is None
    made: Json = {}
    if current is None:
        raw = kind.planned(application, held, now)
        if not check_mode:
            raw, made = kind.create(application, raw)
        current = _read(Own(api.tenant.options, app_id), kind.name, raw)
        if not check_mode:
            _wait_for(api, app_id, current.key_id)
    # one that was changed in place has the id of the one that it replaces
    held_on = [each for each in held if each.key_id != current.key_id]
    began = now if due or current.start is None else current.start
    old = [each for each in held_on if each in mine and (not each.valid(now) or began + keep_old_for * DAY <= now)]
    stale = [each for each in old if not each.in_use]
    api.tenant.warnings.extend(f"{each} would be removed now, but this task itself authenticates with it." for each in old if each.in_use)
    for each in [] if check_mode else list(stale):
        try:
            _remove(api, kind, application, each)
        except DefenderError as e:
            if not made:
                raise
            # failing now would lose the secret that was just made; a later run removes what is left
            stale.remove(each)
            api.tenant.warnings.append(f"{each} could not be removed: {e.message}")
    after = [current, *(each for each in held_on if each not in stale)]
    return {"changed": due or bool(stale), "credential": current.as_result(now), **_outcome(held, after, now), **made}


def _wait_for(api: Api, app_id: str, key_id: str) -> None:
    """Until the application lists it, so that the next run does not make another; no trouble on the way may lose what was made."""
    with contextlib.suppress(DefenderError):
        _directory.seen(api, lambda: next((each for each in all_of(api, find(api, app_id)) if each.key_id == key_id), None), None, None)


def ensure_absent(api: Api, kinds: t.Mapping[str, Kind], app_id: str, chosen: t.Callable[[Credential], bool], *, force: bool, check_mode: bool) -> Json:
    """No credential that is chosen; the result's keys. Raises C(conflict) for the last valid one, and for the one in use, without C(force)."""
    application = find(api, app_id)
    held = all_of(api, application)
    now = moment(api)
    gone = [each for each in held if chosen(each)]
    after = [each for each in held if each not in gone]
    named = f"{application['displayName']} ({app_id})"
    if not force and (used := [each for each in gone if each.in_use]):
        raise DefenderError(
            "conflict",
            f"{used[0]} of application {named} is what this task itself authenticates with; it is removed with force only.",
            advice="Run the task with another credential, or set force: true.",
        )
    if not force and any(each.valid(now) for each in gone) and not any(each.valid(now) for each in after):
        raise DefenderError(
            "conflict",
            f"Application {named} would be left without any valid credential, and no customer could be reached; the last one is removed with force only.",
            advice="Create its successor first, or set force: true.",
        )
    if not check_mode:
        for each in gone:
            _remove(api, kinds[each.kind], application, each)
    return {"changed": bool(gone), "credential": {}, **_outcome(held, after, now)}


def _remove(api: Api, kind: Kind, application: Json, credential: Credential) -> None:
    """Remove one; where it is gone already, or a lost answer turns out to have been a yes, all is well."""
    try:
        kind.remove(application, credential)
    except DefenderError as e:
        if e.category == "outcome_unknown" and not any(each.key_id == credential.key_id for each in all_of(api, find(api, application["appId"]))):
            return
        if e.category != "not_found":
            raise


def _outcome(held: t.Iterable[Credential], after: t.Iterable[Credential], now: int) -> Json:
    return {"credentials": shown(after, now), "diff": {"before": _summary(held), "after": _summary(after)}}


def _summary(credentials: t.Iterable[Credential]) -> Json:
    """For a diff: which credentials there are, without what passes with time."""
    lines = (f"{each}" + (f" until {format_time(each.end)}" if each.end is not None else "") for each in credentials)
    return {"credentials": sorted(lines)}
