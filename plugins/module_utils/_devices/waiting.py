# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Wait until an action on a device has ended, and explain how it ended.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import itertools
import re
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils import _odata
from ansible_collections.mssp.defender_xdr.plugins.module_utils._devices import actions as _actions
from ansible_collections.mssp.defender_xdr.plugins.module_utils._devices import reading as _reading
from ansible_collections.mssp.defender_xdr.plugins.module_utils._devices.device import Wanted
from ansible_collections.mssp.defender_xdr.plugins.module_utils._devices.source import (
    MACHINE_ACTIONS,
    Source,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._devices.target import described
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._shapes import Json
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.api import Api

FIRST: t.Final = (1.0, 2.0, 4.0, 8.0)  # seconds before the first looks
LATER: t.Final = 15.0
TELL: t.Final = 60.0  # seconds between two lines about a wait
# Words of a reason that is about the service and not about the customer's device.
OF_SERVICE: t.Final = re.compile(r"internal|service|server|throttl", re.I)
REACHED: t.Final = ("active", "impaired_communication")  # states of a sensor that gets actions


def warn_if_silent(api: Api, device: Json) -> None:
    """Warn before the wait for a device that may not receive an action for a long time."""
    status = device.get("health_status")
    if device.get("onboarding_status") == "onboarded" and status not in REACHED:
        api.tenant.warnings.append(
            f"Tenant {api.tenant.options.label}: the sensor of {described(device)} is {status},"
            f" last seen {device.get('last_seen')}; the action runs when the device connects again."
        )


def pauses() -> t.Iterator[float]:
    """Seconds before each look."""
    return itertools.chain(FIRST, itertools.repeat(LATER))


def until_ended(
    api: Api, action: Json, device: Json, *, deadline: float, source: Source = MACHINE_ACTIONS
) -> Json:
    """The action when it has ended; raises `timeout` at the deadline, a time of the tenant's
    clock."""
    clock, ahead = api.tenant.clock, pauses()
    begun = told = clock.now()
    while source.is_waited_for(action):
        now = clock.now()
        if deadline <= now:
            raise _timeout(api, action, device, source.advice)
        if now - told >= TELL:
            told = now
            api.tenant.notify(
                f"{api.tenant.options.tenant_name}: {action['type']} of"
                f" {device.get('computer_dns_name')} is {action['status']} after"
                f" {round(now - begun)} s"
            )
        clock.sleep(min(next(ahead), deadline - now))
        action = source.get(api, action["id"])
    return action


def check_end(api: Api, action: Json, device: Json) -> None:
    """Raise `action_failed` or `conflict` for an action that did not succeed."""
    status = action["status"]
    what = f"Tenant {api.tenant.options.label}: {action['type']} of {described(device)}"
    failures = _failed_commands(action)
    if _actions.is_open(action) or (status == "succeeded" and not failures):
        return
    facts = {"action": action}
    code = _code(action)
    if status == "cancelled":
        person = action.get("cancellation_requestor") or action.get("cancelled_by")
        words = action.get("cancellation_comment") or action.get("status_details")
        raise DefenderError(
            "conflict",
            f"{what} was cancelled by {person} ({words or 'without a comment'}).",
            code=code,
            facts=facts,
        )
    reason = failures or str(action.get("troubleshoot_info") or action.get("status_details") or "")
    end = {"timed_out": "timed out", "succeeded": "failed"}.get(status, status)
    raise DefenderError(
        "action_failed",
        f"{what} {end}: {reason or _without_reason(action)}",
        code=code,
        who="microsoft" if OF_SERVICE.search(reason) else "customer",
        facts=facts,
    )


def _code(action: Json) -> str:
    """The service's word for how the action ended."""
    if "state" in action:  # of an investigation
        return _odata.pascal(action["state"])
    return _actions.STATUSES.get(action["status"], action["status"])


def _without_reason(action: Json) -> str:
    if "state" in action:
        return f"no reason, its state is {action['state']}"
    return f"no reason, error code {action.get('error_h_result')}"


def _failed_commands(action: Json) -> str:
    """Which commands of a live response failed, and why; empty if none did."""
    failures = []
    for command in action.get("commands") or ():
        if command.get("command_status") == "Failed":
            errors = "; ".join(str(error) for error in command.get("errors") or ())
            kind = (command.get("command") or {}).get("type")
            failures.append(f"command {command['index']} ({kind}): {errors or 'no reason'}")
    return ", ".join(failures)


def _timeout(api: Api, action: Json, device: Json, advice: str) -> DefenderError:
    """The error at the end of the wait. The device is read again, because it may be offline now."""
    try:
        (now,) = _reading.devices(api, Wanted(id=(device["id"],)))
    except (DefenderError, ValueError):
        now = device
    return DefenderError(
        "timeout",
        f"Tenant {api.tenant.options.label}: {action['type']} of {described(device)} is"
        f" {action['status']} when wait_timeout ends; it stays open. The device's health status is"
        f" {now.get('health_status')}, last seen {now.get('last_seen')}.",
        who="microsoft" if now.get("health_status") == "active" else "customer",
        advice=advice,
        facts={"action": action},
    )
