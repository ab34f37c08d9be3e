# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bring one object into the state that a task asks for: read, compare, predict, write once, look.

Every module that acts does it through `bring_about`, so that check mode, `before` and `after`, and
lost responses are the same everywhere. A module says only what it reads, compares and sends.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._acting import (
    expectation as _expectation,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._shapes import Json
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.api import Api
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.exchange import Form
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.write_records import (
    FAILED,
    SUCCEEDED,
    Change,
)

# Seconds before each look at an object whose write got no response. The second look is for a
# service that was still working when its gateway gave up.
LOOKS: t.Final = (0.0, 2.0)


@dataclasses.dataclass(frozen=True)
class Write:
    """One request that changes some parts of an object's state.

    :arg parts: the members of the state that it changes.
    :arg payload: the body: a JSON object, a form with a file, or None.
    :arg updated: the object after the write, from the object before it and the response.
    :arg is_done: whether an object shows the effect of this write, if that is less than its parts
        as wanted.
    :arg starts_action: the response is a machine action that the request started or cancelled; its
        id belongs to the audit trail.
    """

    parts: tuple[str, ...]
    method: str
    path: str
    payload: Json | Form | None
    updated: t.Callable[[Json, Json], Json]
    is_done: t.Callable[[Json], bool] | None = None
    starts_action: bool = False

    def change(self, name: str, before: Json, after: Json) -> Change:
        """What the request changes, of the state that the task names."""
        return Change(name, self._part(before), self._part(after), self.starts_action)

    def _part(self, state: Json) -> Json:
        return {part: state[part] for part in self.parts if part in state}


class Subject(t.Protocol):
    """An object of a tenant, and what a task wants of it.

    A state has only what the task names, by option, in the words of results.
    """

    settle_seconds: float  # wait before the last look, if others may write at the same moment

    @property
    def name(self) -> str:
        """The object in messages, such as `incident 12`."""

    def read(self) -> Json:
        """The object as it is now."""

    def state(self, thing: Json) -> Json:
        """What the task names, as the object has it."""

    def wanted(self, thing: Json) -> Json:
        """What the task names, as it shall be; equal to `state` if nothing is to be done. Raises an
        error for a change that is not allowed."""

    def writes(self, before: Json, after: Json) -> list[Write]:
        """The requests that lead from one state to the other, in order."""


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What was changed, or would be in check mode."""

    before: Json
    after: Json
    thing: Json

    def as_result(self, name: str) -> Json:
        """The keys of a result; the object is returned as `name`."""
        return {
            "changed": self.before != self.after,
            "before": self.before,
            "after": self.after,
            "diff": {"before": self.before, "after": self.after},
            name: self.thing,
        }


def bring_about(api: Api, subject: Subject, *, check_mode: bool) -> Outcome:
    """Change the object as the task wants; nothing is sent if it already is so, or in check mode.

    An error after a write that took effect says `changed: true`.
    """
    thing = subject.read()
    before, after = subject.state(thing), subject.wanted(thing)
    _expectation.check(api.tenant, subject.name, before, after)
    if before == after:
        return Outcome(before, after, thing)
    if check_mode:
        for write in subject.writes(before, after):
            api.predict(write.change(subject.name, before, after))
        predicted = {name: value for name, value in after.items() if name in thing}
        return Outcome(before, after, {**thing, **predicted})
    changed = False
    try:
        for write in subject.writes(before, after):
            response = _sent(api, subject, write, write.change(subject.name, before, after))
            changed = True
            thing = subject.read() if response is None else write.updated(thing, response)
        thing = _settled(api, subject, thing)
    except DefenderError as e:
        if changed:
            e.facts.setdefault("changed", True)
        raise
    return Outcome(before, after, thing)


def _sent(api: Api, subject: Subject, write: Write, change: Change) -> Json | None:
    """The response to a write that took effect; None if it was lost, in which case the object was
    looked at, and the write was not repeated."""
    try:
        return api.write(write.method, write.path, write.payload, about=change)
    except DefenderError as e:
        if e.category != "outcome_unknown":
            raise
        lost = e
    _check_effect(api, subject, write, lost)
    return None


def _check_effect(api: Api, subject: Subject, write: Write, lost: DefenderError) -> None:
    """Return if the write took effect; raise `unavailable` if it did not, and the given error if
    the object cannot be read."""
    for pause in LOOKS:
        if pause:
            api.tenant.clock.sleep(pause)
        try:
            thing = subject.read()
        except DefenderError:
            raise lost from None
        if write.is_done(thing) if write.is_done else not _differences(subject, thing, write.parts):
            api.settle_write(SUCCEEDED)
            return
    api.settle_write(FAILED)
    raise DefenderError(
        "unavailable",
        (
            f"{lost.message.removesuffix(' Whether it took effect is unknown.')} A look at"
            f" {subject.name} shows that it had no effect; it was not sent again."
        ),
        status=lost.status,
        code=lost.code,
        request_id=lost.request_id,
    )


def _settled(api: Api, subject: Subject, thing: Json) -> Json:
    """The object after all writes, as it is wanted; raises `conflict` if it is not."""
    if subject.settle_seconds:
        api.tenant.clock.sleep(subject.settle_seconds)
        thing = subject.read()
    elif _differences(subject, thing):
        thing = subject.read()
    if different := _differences(subject, thing):
        state, wanted = subject.state(thing), subject.wanted(thing)
        values = ", ".join(f"{name} is {state[name]!r}, not {wanted[name]!r}" for name in different)
        raise DefenderError(
            "conflict",
            (
                f"The service accepted the change of {subject.name}, but {values}: somebody else"
                " changed it at the same moment, or the service does not apply this change."
            ),
        )
    return thing


def _differences(
    subject: Subject, thing: Json, parts: t.Collection[str] | None = None
) -> list[str]:
    """The parts of the state, or of these, that are not as wanted."""
    state, wanted = subject.state(thing), subject.wanted(thing)
    return [
        name
        for name in wanted
        if (parts is None or name in parts) and state.get(name) != wanted[name]
    ]
