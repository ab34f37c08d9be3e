# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Response actions on a device: look at its actions, start one at most, and wait for it.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._acting import (
    expectation as _expectation,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._acting.desired_state import (
    Outcome,
    bring_about,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._devices import actions as _actions
from ansible_collections.mssp.defender_xdr.plugins.module_utils._devices import target as _target
from ansible_collections.mssp.defender_xdr.plugins.module_utils._devices import waiting as _waiting
from ansible_collections.mssp.defender_xdr.plugins.module_utils._devices.device_state import (
    DeviceState,
    Kind,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._shapes import Json
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.api import Api
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.tenant import Tenant
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.write_records import (
    FAILED,
    SUCCEEDED,
    Change,
)

# Options of every module that starts an action, as an argument_spec has them.
OPTIONS: t.Final[t.Mapping[str, t.Any]] = {
    **_target.OPTIONS,
    "comment": {"type": "str", "required": True},
    "wait": {"type": "bool", "default": True},
    "wait_timeout": {"type": "int", "default": 1800},
}
ON_OPPOSITE: t.Final = {"type": "str", "default": "wait", "choices": ["wait", "cancel", "fail"]}
ALREADY: t.Final = "ActiveRequestAlreadyExists"
ATTEMPTS: t.Final = 3  # when others start actions on the device at the same moment


def act(
    tenant: Tenant, module: str, kind: Kind, params: t.Mapping[str, t.Any], *, check_mode: bool
) -> Json:
    """Bring the device in the option `device` into the state, and wait if the task says so.

    Returns the keys of a result: `api`, `changed`, `before`, `after`, `diff`, `action`. An error
    has the action, if there is one, and `changed: true` after a write.
    """
    check(params)
    api = tenant.api("endpoint", module)
    device = _target.target(api, params)
    state = DeviceState(api, device, kind, checked_comment(params))
    result = Response(api, device, state, params).run(check_mode=check_mode)
    return {"api": api.name, **result}


@dataclasses.dataclass
class Response:
    """One task's response on one device, from the first look to the end of the action."""

    api: Api
    device: Json
    state: DeviceState
    params: t.Mapping[str, t.Any]
    changed: bool = False
    deadline: float = 0.0  # of all waiting, on the tenant's clock

    def run(self, *, check_mode: bool) -> Json:
        """See `act`."""
        self.deadline = self.api.tenant.clock.now() + self.params["wait_timeout"]
        thing = self.state.read()
        before = self.state.state(thing)
        wanted = self.state.wanted(thing)
        _expectation.check(self.api.tenant, self.state.name, before, wanted)
        self._refuse_opposite(thing)
        try:
            self.state.kept = thing if check_mode else self._clear_way(thing)
            outcome = self._brought_about(check_mode=check_mode)
            self.changed |= outcome.before != outcome.after
            action = self.state.standing(outcome.thing)
            if check_mode and self.changed:
                action = None
            if not check_mode and action and outcome.before != outcome.after:
                self.api.name_action(action["id"])
            if not check_mode and self.params["wait"] and action:
                action = self._waited_for(action)
        except DefenderError as e:
            if self.changed:
                e.facts.setdefault("changed", True)
            raise
        result = Outcome(before, outcome.after, {}).as_result("action")
        return {**result, "changed": self.changed, "action": action}

    def _waited_for(self, action: Json) -> Json:
        """The action after the wait; raises an error if it did not succeed. A lost response may
        show it only after it has ended."""
        is_open = self.state.kind.source.is_waited_for(action)
        if is_open:
            action = self._ended(action)
        _waiting.check_end(self.api, action, self.device)
        if is_open or self.changed:
            self._check_standing(action)
        return action

    def _refuse_opposite(self, thing: Json) -> None:
        """Raise `conflict` if the task says that an open opposite action is a failure."""
        action = self.state.in_the_way(thing)
        if action and self._on_opposite(action) == "fail":
            raise DefenderError(
                "conflict",
                f"Tenant {self.api.tenant.options.label}: {self.state.name} has the open action"
                f" {_actions.described(action)}, and on_opposite is fail.",
                advice="Wait until it ends, or set on_opposite to wait or cancel.",
                facts={"action": action},
            )

    def _on_opposite(self, action: Json) -> str:
        """What to do about an action that is in the way. The same action with other parameters is
        always waited for."""
        same = action["type"] == self.state.kind.type
        return "wait" if same else str(self.params.get("on_opposite", "wait"))

    def _clear_way(self, thing: Json) -> Json:
        """Cancel the actions that are in the way, or wait until they end. Returns the last look."""
        while action := self.state.in_the_way(thing):
            if self._on_opposite(action) == "cancel" and action["status"] == "pending":
                self.changed |= self._is_cancelled(action)
            self._ended(action)
            thing = self.state.read()
        return thing

    def _is_cancelled(self, action: Json) -> bool:
        """Cancel an action; False if it runs or has ended already."""
        path, comment = f"{_actions.PATH}/{action['id']}/cancel", self.state.comment
        change = Change(
            f"action {action['id']}", {"status": action["status"]}, {"status": "cancelled"}, True
        )
        try:
            self.api.write("POST", path, {"Comment": comment}, about=change)
        except DefenderError as e:
            if e.category == "outcome_unknown":
                done: bool = _actions.get(self.api, action["id"])["status"] == "cancelled"
                self.api.settle_write(SUCCEEDED if done else FAILED)
                return done
            if e.category not in ("bad_request", "conflict"):
                raise
            return False
        return True

    def _ended(self, action: Json) -> Json:
        _waiting.warn_if_silent(self.api, self.device)
        return _waiting.until_ended(
            self.api,
            action,
            self.device,
            deadline=self.deadline,
            source=self.state.kind.source,
        )

    def _brought_about(self, *, check_mode: bool) -> Outcome:
        """The core's outcome. If somebody starts the same action at this moment, it is joined, or
        waited for if it has other parameters."""
        attempts, pauses = ATTEMPTS, _waiting.pauses()
        while True:
            try:
                return bring_about(self.api, self.state, check_mode=check_mode)
            except DefenderError as e:
                pause = next(pauses)
                if self.state.kind.queues and e.category == "throttled":
                    e.advice = "Wait until other sessions have ended, or set a longer wait_timeout."
                if not self._is_queued(e, pause):
                    attempts, pause = attempts - 1, 1.0
                    if e.code != ALREADY or not attempts:
                        raise
            self.state.refused()
            self.api.tenant.clock.sleep(pause)
            self.state.kept = self._clear_way(self.state.read())

    def _is_queued(self, error: DefenderError, pause: float) -> bool:
        """Whether the service refused the action because too many are open in the tenant, and
        there is time to wait for one of them."""
        return (
            self.state.kind.queues
            and error.category == "throttled"
            and self.api.tenant.clock.now() + pause < self.deadline
        )

    def _check_standing(self, action: Json) -> None:
        """Raise `conflict` if somebody has undone the action in the meantime, or is about to."""
        if self.state.kind.opposite is None:
            return
        thing = self.state.read()
        # an older one that is still open may end last
        standing = self.state.in_the_way(thing) or self.state.standing(thing)
        if standing and standing["type"] != self.state.kind.type:
            raise DefenderError(
                "conflict",
                f"Tenant {self.api.tenant.options.label}: {action['type']} of {self.state.name}"
                f" succeeded, but somebody else requested {_actions.described(standing)}.",
                facts={"action": action},
            )


def checked_comment(params: t.Mapping[str, t.Any]) -> str:
    """The option `comment`; raises `bad_request` for an empty one."""
    comment = str(params["comment"]).strip()
    if not comment:
        raise DefenderError("bad_request", "comment is empty, but the service requires one.")
    return comment


def check(params: t.Mapping[str, t.Any]) -> None:
    """Raise `bad_request` for options that cannot work, before anything is sent."""
    checked_comment(params)
    if params["wait_timeout"] < 1:
        raise DefenderError(
            "bad_request",
            f"wait_timeout is {params['wait_timeout']}, but must be at least 1 second.",
        )
