# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the actions of a device are read: machine actions, or another list of the Endpoint API.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._devices import actions as _actions
from ansible_collections.mssp.defender_xdr.plugins.module_utils._shapes import Json
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.api import Api


class Source(t.Protocol):
    """A list of actions in the words of results, with at least `id`, `type`, `status` and
    `machine_id`."""

    advice: str  # what to do about an action that is open when the wait ends

    def of_device(self, api: Api, machine_id: str, types: t.Iterable[str]) -> list[Json]:
        """The device's actions of these types, newest first."""

    def get(self, api: Api, key: str) -> Json:
        """The action with this id; raises `not_found`."""

    def read(self, api: Api, answer: Json) -> Json:
        """The action that a response is."""

    def is_started_by(self, action: Json, mark: str, earlier: t.Container[str]) -> bool:
        """Whether the task started the action.

        :arg mark: a text in the comment that the task sent.
        :arg earlier: the ids of the actions that the task saw before it sent anything.
        """

    def is_waited_for(self, action: Json) -> bool:
        """Whether the action goes on by itself."""


class MachineActions:
    """The machine actions of a tenant."""

    advice = "Look at the action later with device_action_info, or cancel it with device_action."

    def of_device(self, api: Api, machine_id: str, types: t.Iterable[str]) -> list[Json]:
        return _actions.of_device(api, machine_id, types)

    def get(self, api: Api, key: str) -> Json:
        return _actions.get(api, key)

    def read(self, api: Api, answer: Json) -> Json:
        return _actions.read(api, answer)

    def is_started_by(self, action: Json, mark: str, earlier: t.Container[str]) -> bool:
        return mark in str(action.get("requestor_comment"))

    def is_waited_for(self, action: Json) -> bool:
        return _actions.is_open(action)


MACHINE_ACTIONS: t.Final = MachineActions()
