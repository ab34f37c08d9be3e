# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The credentials of an application: list with expiry, rotate with an overlap, remove safely.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import contextlib
import dataclasses
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils import _directory
from ansible_collections.mssp.defender_xdr.plugins.module_utils._applications import (
    lookup as _lookup,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._applications import (
    rotation as _app_rotation,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._applications.credential import (
    DAY,
    KINDS,
    Caller,
    Credential,
    credential_from,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._directory import V1
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._shapes import Json
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.api import Api
from ansible_collections.mssp.defender_xdr.plugins.module_utils._times import SECOND, format_time

# Graph returns the certificates themselves only if keyCredentials of a single application are
# selected (keyCredential resource type).
FIELDS: t.Final = "id,appId,displayName,passwordCredentials,keyCredentials"
SKEW: t.Final = 300 * SECOND  # between the service's machines, or between it and this one


def moment(api: Api) -> int:
    """The current time in ticks by the service's clock; by the local clock if the service sends
    none."""
    return api.server_time if api.server_time is not None else int(api.tenant.clock.wall() * SECOND)


def find(api: Api, app_id: str) -> Json:
    """An application with its secrets and certificates; raises `not_found`."""
    application = _lookup.find(api, app_id=app_id, display_name=None, fields=FIELDS)
    if application is None:
        raise _lookup.absent(api, app_id)
    return application


def all_of(api: Api, application: Json) -> list[Credential]:
    """Every credential of an application from `find`: secrets, certificates and federated ones."""
    caller = Caller(api.tenant.options, application["appId"])
    path = f"{V1}/applications/{application['id']}/federatedIdentityCredentials"
    federated = _directory.listed(api, path)
    held = (application.get("passwordCredentials"), application.get("keyCredentials"), federated)
    return [
        credential_from(caller, kind, raw)
        for kind, raws in zip(KINDS, held, strict=True)
        for raw in raws or []
    ]


def shown(credentials: t.Iterable[Credential], now: int) -> list[Json]:
    """As in results, sorted by expiry, soonest first.

    A credential is superseded if a later one has its kind and name. The one that this task uses
    never is: its expiry matters even if a later one exists.
    """
    every = list(credentials)
    latest: dict[tuple[str, str], int] = {}
    for credential in every:
        place = credential.kind, credential.display_name
        latest[place] = max(latest.get(place, 0), credential.end or 0)
    endless = max((credential.end or 0 for credential in every), default=0) + 1
    every.sort(
        key=lambda credential: (
            credential.end or endless,
            credential.kind,
            credential.display_name,
            credential.key_id,
        )
    )
    return [
        credential.as_result(
            now,
            superseded=not credential.in_use
            and (credential.end or 0) < latest[credential.kind, credential.display_name],
        )
        for credential in every
    ]


class Kind(t.Protocol):
    """The operations that differ between kinds of credential."""

    name: str

    def current(
        self, named: t.Sequence[Credential], held: t.Sequence[Credential], now: int
    ) -> Credential | None:
        """The credential with this name that meets the options; None if a new one is due.

        :arg held: all credentials of the application, of any kind and name.
        """

    def planned(self, application: Json, held: t.Sequence[Credential], now: int) -> Json:
        """Graph's object for the new credential; raises if it cannot be created."""

    def create(self, application: Json, planned: Json) -> tuple[Json, Json]:
        """Create it: Graph's object, and further keys for the result."""

    def is_held(self, current: Credential, *, made: bool) -> bool:
        """Whether the users of the credential certainly have it.

        :arg made: whether this run creates it.
        """

    def remove(self, application: Json, credential: Credential) -> None:
        """Remove it; raises `not_found` if it no longer exists."""


def ensure_present(
    api: Api, kind: Kind, app_id: str, name: str, *, keep_old_for: int, check_mode: bool
) -> Json:
    """Ensure a credential with this name, and remove expired predecessors; returns the result's
    keys.

    :arg keep_old_for: days to keep a predecessor after its successor starts.
    """
    application = find(api, app_id)
    held = all_of(api, application)
    now = moment(api)
    named = [
        credential
        for credential in held
        if credential.kind == kind.name and credential.display_name == name
    ]
    current = kind.current(named, held, now)
    due = current is None
    extra: Json = {}
    if current is None:
        raw = kind.planned(application, held, now)
        if not check_mode:
            raw, extra = kind.create(application, raw)
        made = credential_from(Caller(api.tenant.options, app_id), kind.name, raw)
        current = _begun_after(made, now)
        if not check_mode:
            _wait_for(api, app_id, current.key_id)
    # a credential changed in place keeps its id
    others = [credential for credential in held if credential.key_id != current.key_id]
    keeper = current if kind.is_held(current, made=due) else None
    # one tick later than everything listed before the new one was created
    age = {"now": now + 1, "grace": keep_old_for * DAY}
    gone = _app_rotation.removable(others, keeper, **age)
    over = _app_rotation.predecessors(others, current, **age)
    api.tenant.warnings.extend(_reason(old, current) for old in over if old not in gone)
    if not check_mode:
        gone = [old for old in gone if _removed(api, kind, application, old, lenient=due)]
    after = [current, *(credential for credential in others if credential not in gone)]
    return {
        "changed": due or bool(gone),
        "credential": current.as_result(now),
        **_outcome(held, after, now),
        **extra,
    }


def _begun_after(made: Credential, now: int) -> Credential:
    """The new credential: it began after everything listed before, unless its validity starts
    later."""
    starts_later = made.start is not None and made.start > now + SKEW
    return dataclasses.replace(made, began=made.start if starts_later else now + 1)


def _reason(old: Credential, current: Credential) -> str:
    """Why a credential past its grace period is kept, and what to do."""
    if old.in_use:
        return (
            f"{old} is kept because this task authenticates with it; switch the task to {current},"
            f" or remove {current.key_id} by key_id if nobody has it."
        )
    return (
        f"{old} is kept because nothing proves that anybody has {current}; remove {old.key_id} by"
        f" key_id if the new one is in use, or {current.key_id} if nobody has it."
    )


def _removed(
    api: Api, kind: Kind, application: Json, credential: Credential, *, lenient: bool
) -> bool:
    """Whether a predecessor was removed. With `lenient`, a failure is only a warning."""
    try:
        _remove(kind, application, credential)
    except DefenderError as e:
        if not lenient:
            raise
        # failing now would lose the new credential; a later run removes this one
        api.tenant.warnings.append(f"{credential} could not be removed: {e.message}")
        return False
    return True


def _wait_for(api: Api, app_id: str, key_id: str) -> None:
    """Wait until the application lists it, so that the next run does not create another. Errors are
    ignored, because failing would lose the new credential."""

    def look() -> Credential | None:
        return next(
            (
                credential
                for credential in all_of(api, find(api, app_id))
                if credential.key_id == key_id
            ),
            None,
        )

    with contextlib.suppress(DefenderError):
        _directory.wait_until_visible(api, look, None, None)


def ensure_absent(
    api: Api,
    kinds: t.Mapping[str, Kind],
    app_id: str,
    chosen: t.Callable[[Credential], bool],
    *,
    force: bool,
    check_mode: bool,
) -> Json:
    """Remove every selected credential; returns the result's keys.

    Raises `conflict` for the last valid one and for the one in use, unless `force` is set.
    """
    application = find(api, app_id)
    held = all_of(api, application)
    now = moment(api)
    gone = [credential for credential in held if chosen(credential)]
    after = [credential for credential in held if credential not in gone]
    named = f"{application['displayName']} ({app_id})"
    if not force and (used := [credential for credential in gone if credential.in_use]):
        raise DefenderError(
            "conflict",
            (
                f"This task authenticates with {used[0]} of application {named}; it is removed"
                " only with force."
            ),
            advice="Run the task with another credential, or set force: true.",
        )
    valid_left = any(credential.valid(now) for credential in after)
    if not force and any(credential.valid(now) for credential in gone) and not valid_left:
        raise DefenderError(
            "conflict",
            (
                f"Application {named} would have no valid credential left and could reach no"
                " customer; the last one is removed only with force."
            ),
            advice="Create its replacement first, or set force: true.",
        )
    if not check_mode:
        for credential in gone:
            _remove(kinds[credential.kind], application, credential)
    return {"changed": bool(gone), "credential": {}, **_outcome(held, after, now)}


def _remove(kind: Kind, application: Json, credential: Credential) -> None:
    """Remove a credential; success if it no longer exists."""
    try:
        kind.remove(application, credential)
    except DefenderError as e:
        if e.category != "not_found":
            raise


def _outcome(held: t.Iterable[Credential], after: t.Iterable[Credential], now: int) -> Json:
    diff = {"before": _summary(held), "after": _summary(after)}
    return {"credentials": shown(after, now), "diff": diff}


def _summary(credentials: t.Iterable[Credential]) -> Json:
    """The credentials for a diff, without values that change over time."""
    lines = (
        f"{credential}"
        + (f" until {format_time(credential.end)}" if credential.end is not None else "")
        for credential in credentials
    )
    return {"credentials": sorted(lines)}
