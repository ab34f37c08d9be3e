# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The state of a device that its actions bring about, and what a task wants of it.

The service has no idempotency key, and no field of a device says what was done to it. So the state
is derived from the device's last actions, and the comment of an action carries an id of this run:
after a lost response, a look finds out whether the action was started. Where the service does not
return comments, an action that was not there before counts as started by this run.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import dataclasses
import typing as t
import uuid

from ansible_collections.mssp.defender_xdr.plugins.module_utils._acting.desired_state import Write
from ansible_collections.mssp.defender_xdr.plugins.module_utils._devices import actions as _actions
from ansible_collections.mssp.defender_xdr.plugins.module_utils._devices import target as _target
from ansible_collections.mssp.defender_xdr.plugins.module_utils._devices.source import (
    MACHINE_ACTIONS,
    Source,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._shapes import Json
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.api import Api


@dataclasses.dataclass(frozen=True, kw_only=True)
class Kind:
    """An action that a task can ask for.

    :arg type: in the words of results, such as `isolate`.
    :arg path: of the call, below the machine.
    :arg state: name and value of what it brings about, in `before` and `after`.
    :arg opposite: the type that undoes it, and the value that the state then has. Without one, it
        is an event: each run starts an action anew.
    :arg initial: the value for a device without such actions.
    :arg payload: members of the request besides the comment.
    :arg parameters: members of an action that tell it from others of its type, such as `scope` or
        `related_file_info.file_identifier`.
    :arg is_same: whether an action of the type is the same in what is no single member.
    :arg source: where actions of this type are read.
    :arg queues: the service refuses it with 429 while too many are open in the tenant.
    """

    type: str
    path: str
    state: tuple[str, t.Any]
    opposite: tuple[str, str] | None = None
    initial: str | None = None
    payload: Json = dataclasses.field(default_factory=dict)
    parameters: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    is_same: t.Callable[[Json], bool] | None = None
    source: Source = MACHINE_ACTIONS
    queues: bool = False

    def is_like(self, action: Json) -> bool:
        """Whether the action is of this type and has these parameters.

        The service may leave a parameter out. That is enough to count a device as isolated, but not
        to take another scan for the one that the task asks for.
        """
        if action["type"] != self.type:
            return False
        for name, value in self.parameters.items():
            stands = _member(action, name)
            if stands is None and self.opposite:
                continue
            if str(stands).lower() != value.lower():
                return False
        return self.is_same is None or self.is_same(action)


class DeviceState:
    """What the actions of a device say about it, and what a task wants: a subject of the core."""

    settle_seconds = 0.0

    def __init__(self, api: Api, device: Json, kind: Kind, comment: str) -> None:
        self._api = api
        self._device = device
        self.kind = kind
        self._mark = f"(run {uuid.uuid4()})"
        self.comment = f"{comment} {self._mark}"
        self.kept: Json | None = None  # what the next `read` returns without a request
        self._last: frozenset[str] = frozenset()  # ids of the actions in the last look
        self._earlier: frozenset[str] | None = None  # and in the one before the request

    @property
    def name(self) -> str:
        return _target.described(self._device)

    def read(self) -> Json:
        kept, self.kept = self.kept, None
        if kept is None:
            types = [self.kind.type, *(self.kind.opposite or ())[:1]]
            source, machine_id = self.kind.source, self._device["id"]
            kept = {"actions": source.of_device(self._api, machine_id, types)}
        self._last = frozenset(action["id"] for action in kept["actions"])
        return kept

    def state(self, thing: Json) -> Json:
        name, value = self.kind.state
        action = self.standing(thing)
        if action is None:
            return {name: self.kind.initial}
        if self.kind.opposite and action["type"] != self.kind.type:
            return {name: self.kind.opposite[1]}
        differing = {} if self._is_wanted(action) else self._differing(action)
        return {name: value, **differing}

    def wanted(self, thing: Json) -> Json:
        name, value = self.kind.state
        now = self.state(thing)
        return {**{part: self.kind.parameters.get(part) for part in now}, name: value}

    def writes(self, before: Json, after: Json) -> list[Write]:
        self._earlier = self._last
        return [
            Write(
                tuple(after),
                "POST",
                f"/api/machines/{self._device['id']}/{self.kind.path}",
                {"Comment": self.comment, **self.kind.payload},
                self._started,
                is_done=self._has_own,
                starts_action=True,
            )
        ]

    def standing(self, thing: Json) -> Json | None:
        """The action that the device's state follows from; None if there is none.

        For an event this is an open action with the same parameters, or that of this run.
        """
        actions = thing["actions"]
        if self.kind.opposite is None:
            return next((action for action in actions if self._is_current(action)), None)
        if running := [action for action in actions if _actions.is_open(action)]:
            return t.cast("Json", running[0])
        done = [action for action in actions if action["status"] == "succeeded"]
        return max(done, key=_actions.updated, default=None)

    def in_the_way(self, thing: Json) -> Json | None:
        """An open action that has to end first: the opposite, or the same with other parameters."""
        actions = filter(_actions.is_open, thing["actions"])
        return next((action for action in actions if not self._is_wanted(action)), None)

    def refused(self) -> None:
        """The service refused the request: no action is of this task."""
        self._earlier = None

    def _is_own(self, action: Json) -> bool:
        """Whether this task started the action."""
        if self._earlier is None:
            return False
        return self.kind.source.is_started_by(action, self._mark, self._earlier)

    def _has_own(self, thing: Json) -> bool:
        """Whether this task started an action. The state alone may come from somebody else."""
        return any(map(self._is_own, thing["actions"]))

    def _is_wanted(self, action: Json) -> bool:
        return self._is_own(action) or self.kind.is_like(action)

    def _is_current(self, action: Json) -> bool:
        return self._is_own(action) or (_actions.is_open(action) and self.kind.is_like(action))

    def _differing(self, action: Json) -> Json:
        """The parameters in which an action of the same type differs."""
        return {name: _member(action, name) for name in self.kind.parameters}

    def _started(self, thing: Json, response: Json) -> Json:
        return {"actions": [self.kind.source.read(self._api, response), *thing["actions"]]}


def _member(action: Json, name: str) -> t.Any:
    """A member of an action, or one of an object in it."""
    first, unused, second = name.partition(".")
    value = action.get(first)
    if not second:
        return value
    return value.get(second) if isinstance(value, dict) else None
