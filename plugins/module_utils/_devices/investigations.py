# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Automated investigations of devices, as actions in the words of results.

The service returns an investigation where other calls return a machine action. It carries no
comment of the task that started it.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import typing as t
from urllib.parse import quote

from ansible_collections.mssp.defender_xdr.plugins.module_utils import _odata, _times
from ansible_collections.mssp.defender_xdr.plugins.module_utils._devices import actions as _actions
from ansible_collections.mssp.defender_xdr.plugins.module_utils._devices import pages as _pages
from ansible_collections.mssp.defender_xdr.plugins.module_utils._shapes import Json
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.api import Api
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.tenant import Tenant

PATH: t.Final = "/api/investigations"
NOUN: t.Final = "investigation"
TYPE: t.Final = "start_investigation"
# A state in the words of results, and the status of an action that it is. The states are from
# learn.microsoft.com/defender-endpoint/api/investigation; what they mean is from
# learn.microsoft.com/defender-endpoint/auto-investigation-action-center.
STATUS_OF_STATE: t.Final[t.Mapping[str, str]] = {
    "queued": "pending",
    "running": "in_progress",
    "pending_approval": "in_progress",
    "pending_resource": "in_progress",
    "benign": "succeeded",
    "successfully_remediated": "succeeded",
    "partially_remediated": "succeeded",
    "partially_investigated": "succeeded",
    "failed": "failed",
    "inner_failure": "failed",
    "preexisting_alert": "failed",
    "suppressed_alert": "failed",
    "unsupported_alert_type": "failed",
    "unsupported_os": "failed",
    "terminated_by_system": "timed_out",
    "terminated": "cancelled",
    "terminated_by_user": "cancelled",
}
# These end the wait, but leave work to a person: what is left to do, for a warning.
LEFT_TO_PEOPLE: t.Final[t.Mapping[str, str]] = {
    "pending_approval": "somebody has to approve or reject its actions in the action center",
    "partially_remediated": "some of its actions failed or were not approved",
    "partially_investigated": "some of its findings have no action that removes them",
}


def normalized(thing: Json) -> Json:
    """An investigation in the words of results, with the members of an action beside its own."""
    plain = {name: value for name, value in thing.items() if "@odata." not in name}
    action: Json = _odata.snake_names(plain)
    action["state"] = _odata.snake(str(action.get("state") or "unknown"))
    unknown = "failed" if action.get("end_time") else "in_progress"
    status = STATUS_OF_STATE.get(action["state"], unknown)
    return {**action, "type": TYPE, "status": status}


def started(action: Json) -> int:
    """When it was started, in ticks; 0 if the service does not say."""
    text = action.get("start_time")
    return _times.read_time(text) if isinstance(text, str) and text else 0


class Investigations:
    """The investigations of a tenant as a source of actions."""

    advice = "Look at the investigation in the Microsoft Defender portal."

    def of_device(self, api: Api, machine_id: str, types: t.Iterable[str]) -> list[Json]:
        text = f"machineId eq {_odata.quote(machine_id)}"
        rows = _pages.pages(api, PATH, NOUN, normalized, text)
        return sorted(rows, key=started, reverse=True)

    def get(self, api: Api, key: str) -> Json:
        return self.read(api, api.get(f"{PATH}/{quote(key, safe='')}"))

    def read(self, api: Api, answer: Json) -> Json:
        return _pages.single(api, answer, NOUN, normalized)

    def is_started_by(self, action: Json, mark: str, earlier: t.Container[str]) -> bool:
        """One that appeared after the request counts as the task's, because the service runs one
        at a time on a device."""
        return action["id"] not in earlier

    def is_waited_for(self, action: Json) -> bool:
        return _actions.is_open(action) and action["state"] not in LEFT_TO_PEOPLE


INVESTIGATIONS: t.Final = Investigations()


def warn(tenant: Tenant, action: Json) -> None:
    """Add a warning if the investigation leaves work to a person."""
    if rest := LEFT_TO_PEOPLE.get(action["state"]):
        tenant.warnings.append(
            f"Tenant {tenant.options.label}: the investigation {action['id']} of"
            f" {action.get('computer_dns_name')} is {action['state']}: {rest}."
        )
