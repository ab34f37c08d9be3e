# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The cancellation of a machine action as desired state.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

from ansible_collections.mssp.defender_xdr.plugins.module_utils._acting.desired_state import Write
from ansible_collections.mssp.defender_xdr.plugins.module_utils._devices import actions as _actions
from ansible_collections.mssp.defender_xdr.plugins.module_utils._devices import target as _target
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._shapes import Json
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.api import Api


class Cancellation:
    """One action that shall be cancelled: a subject of the core."""

    settle_seconds = 0.0

    def __init__(self, api: Api, key: str, comment: str, *, override: bool) -> None:
        self._api = api
        self._key = key
        self._comment = comment
        self._override = override
        self.name = f"action {key}"

    def read(self) -> Json:
        """The action; raises `refused` if it is open on a device with a protected tag."""
        action = _actions.get(self._api, self._key)
        if _actions.is_open(action) and self._api.tenant.options.protected_tags:
            device = _target.device(self._api, str(action["machine_id"]))
            _target.check_protected(self._api, device, override=self._override)
        return action

    def state(self, thing: Json) -> Json:
        return {"status": thing["status"]}

    def wanted(self, thing: Json) -> Json:
        if thing["status"] != "cancelled" and not _actions.is_open(thing):
            raise DefenderError(
                "conflict",
                f"Tenant {self._api.tenant.options.label}: {thing['type']} on"
                f" {thing.get('computer_dns_name')} has {thing['status']} already, so that it"
                " cannot be cancelled.",
                facts={"action": thing},
            )
        return {"status": "cancelled"}

    def writes(self, before: Json, after: Json) -> list[Write]:
        path = f"{_actions.PATH}/{self._key}/cancel"
        payload = {"Comment": self._comment}
        return [Write(("status",), "POST", path, payload, self._updated, starts_action=True)]

    def _updated(self, thing: Json, response: Json) -> Json:
        return _actions.read(self._api, response)
