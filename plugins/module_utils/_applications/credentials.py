# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The credentials of an application: listed with their expiry, rotated with an overlap, removed
with care.

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

# Graph gives the certificates themselves only where keyCredentials of a single application are
# selected (keyCredential resource type).
FIELDS: t.Final = "id,appId,displayName,passwordCredentials,keyCredentials"
SKEW: t.Final = 300 * SECOND  # between the service's machines, or between it and this one


def moment(api: Api) -> int:
    """The present in ticks by the service's own clock, or by this machine's where it does not
    say."""
    return api.server_time if api.server_time is not None else int(api.tenant.clock.wall() * SECOND)


def find(api: Api, app_id: str) -> Json:
    """An application with its secrets and certificates; raises `not_found`."""
    application = _lookup.find(api, app_id=app_id, display_name=None, fields=FIELDS)
    if application is None:
        raise _lookup.absent(api, app_id)
    return application


def all_of(api: Api, application: Json) -> list[Credential]:
    """Every credential of an application that `find` gave: secrets, certificates, federated
    ones."""
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
    """As results list them, those that end first at the top.

    A credential is superseded when a later one has its kind and name. The one that this call uses
    is not: its end matters, whether or not somebody has the later one.
    """
    every = list(credentials)
    latest: dict[tuple[str, str], int] = {}
    for each in every:
        place = each.kind, each.display_name
        latest[place] = max(latest.get(place, 0), each.end or 0)
    endless = max((each.end or 0 for each in every), default=0) + 1
    every.sort(key=lambda each: (each.end or endless, each.kind, each.display_name, each.key_id))
    return [
        each.as_result(
            now,
            superseded=not each.in_use and (each.end or 0) < latest[each.kind, each.display_name],
        )
        for each in every
    ]


class Kind(t.Protocol):
    """What each kind of credential does in its own way."""

    name: str

    def current(
        self, named: t.Sequence[Credential], held: t.Sequence[Credential], now: int
    ) -> Credential | None:
        """The credential of this name that is as wanted; None when a new one is due.

        :arg held: all that the application has, of any kind and name.
        """

    def planned(self, application: Json, held: t.Sequence[Credential], now: int) -> Json:
        """Graph's object for the one that is due; raises where it could not be made."""

    def create(self, application: Json, planned: Json) -> tuple[Json, Json]:
        """Make it: Graph's object, and what the result carries beside the list."""

    def is_held(self, current: Credential, *, made: bool) -> bool:
        """Whether those who use the credential have it for certain.

        :arg made: whether it is the one that this run makes.
        """

    def remove(self, application: Json, credential: Credential) -> None:
        """Take it away; raises `not_found` when it is gone already."""


def ensure_present(
    api: Api, kind: Kind, app_id: str, name: str, *, keep_old_for: int, check_mode: bool
) -> Json:
    """A credential of this name as wanted, and its predecessors gone when their time is over; the
    result's keys.

    :arg keep_old_for: days that a predecessor stays after its successor began.
    """
    application = find(api, app_id)
    held = all_of(api, application)
    now = moment(api)
    named = [each for each in held if each.kind == kind.name and each.display_name == name]
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
    # one that was changed in place has the id of the one that it replaces
    others = [each for each in held if each.key_id != current.key_id]
    keeper = current if kind.is_held(current, made=due) else None
    # a tick later than anything that was listed before a new one was made
    age = {"now": now + 1, "grace": keep_old_for * DAY}
    gone = _app_rotation.removable(others, keeper, **age)
    over = _app_rotation.predecessors(others, current, **age)
    api.tenant.warnings.extend(_reason(each, current) for each in over if each not in gone)
    if not check_mode:
        gone = [each for each in gone if _removed(api, kind, application, each, lenient=due)]
    after = [current, *(each for each in others if each not in gone)]
    return {
        "changed": due or bool(gone),
        "credential": current.as_result(now),
        **_outcome(held, after, now),
        **extra,
    }


def _begun_after(made: Credential, now: int) -> Credential:
    """What this run makes: it began after all that was listed before, unless its validity starts
    later."""
    starts_later = made.start is not None and made.start > now + SKEW
    return dataclasses.replace(made, began=made.start if starts_later else now + 1)


def _reason(old: Credential, current: Credential) -> str:
    """Why a credential stays whose time is over, and what to do."""
    if old.in_use:
        return (
            f"{old} is not removed, because this task itself authenticates with it. Let it use"
            f" {current}; where nobody has that, remove {current.key_id} by key_id."
        )
    return (
        f"{old} is not removed, because nothing shows that anybody has {current}. Where that is in"
        f" use, remove {old.key_id} by key_id; where nobody has it, remove {current.key_id}."
    )


def _removed(
    api: Api, kind: Kind, application: Json, credential: Credential, *, lenient: bool
) -> bool:
    """Whether a predecessor went. With `lenient` a failure is a warning."""
    try:
        _remove(kind, application, credential)
    except DefenderError as e:
        if not lenient:
            raise
        # failing now would lose what was just made; a later run removes what is left
        api.tenant.warnings.append(f"{credential} could not be removed: {e.message}")
        return False
    return True


def _wait_for(api: Api, app_id: str, key_id: str) -> None:
    """Until the application lists it, so that the next run does not make another; no trouble on the
    way may lose what was made."""

    def look() -> Credential | None:
        return next(
            (each for each in all_of(api, find(api, app_id)) if each.key_id == key_id), None
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
    """No credential that is chosen; the result's keys.

    Raises `conflict` for the last valid one, and for the one in use, without `force`.
    """
    application = find(api, app_id)
    held = all_of(api, application)
    now = moment(api)
    gone = [each for each in held if chosen(each)]
    after = [each for each in held if each not in gone]
    named = f"{application['displayName']} ({app_id})"
    if not force and (used := [each for each in gone if each.in_use]):
        raise DefenderError(
            "conflict",
            (
                f"{used[0]} of application {named} is what this task itself authenticates with; it"
                " is removed with force only."
            ),
            advice="Run the task with another credential, or set force: true.",
        )
    valid_left = any(each.valid(now) for each in after)
    if not force and any(each.valid(now) for each in gone) and not valid_left:
        raise DefenderError(
            "conflict",
            (
                f"Application {named} would be left without any valid credential, and no customer"
                " could be reached; the last one is removed with force only."
            ),
            advice="Create its successor first, or set force: true.",
        )
    if not check_mode:
        for each in gone:
            _remove(kinds[each.kind], application, each)
    return {"changed": bool(gone), "credential": {}, **_outcome(held, after, now)}


def _remove(kind: Kind, application: Json, credential: Credential) -> None:
    """Remove one; where it is gone already, all is well."""
    try:
        kind.remove(application, credential)
    except DefenderError as e:
        if e.category != "not_found":
            raise


def _outcome(held: t.Iterable[Credential], after: t.Iterable[Credential], now: int) -> Json:
    diff = {"before": _summary(held), "after": _summary(after)}
    return {"credentials": shown(after, now), "diff": diff}


def _summary(credentials: t.Iterable[Credential]) -> Json:
    """For a diff: which credentials there are, without what passes with time."""
    lines = (
        f"{each}" + (f" until {format_time(each.end)}" if each.end is not None else "")
        for each in credentials
    )
    return {"credentials": sorted(lines)}
