# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Response actions: what is asked of a device, checked, and started."""

from __future__ import annotations

import re
import typing as t
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from defender_lab.api.routes import Call
from defender_lab.endpoint.bodies import entity, members, text
from defender_lab.endpoint.machines import machine_of
from defender_lab.estate.estate import Estate
from defender_lab.service.exchange import Refused, Reply

Record = dict[str, t.Any]

SHA1 = re.compile(r"[0-9a-fA-F]{40}")
UNMANAGED = "UnManagedDevice"


@dataclass(frozen=True, slots=True)
class Action:
    """``member`` beside the comment, with the values it may have; ``status`` of the answer."""

    path: str
    type: str
    role: str
    member: str = ""
    values: tuple[str, ...] = ()
    status: int = 201


ACTIONS = (
    Action(
        "isolate", "Isolate", "Machine.Isolate", "IsolationType", ("Full", "Selective", UNMANAGED)
    ),
    Action("unisolate", "Unisolate", "Machine.Isolate"),
    Action("runAntiVirusScan", "RunAntiVirusScan", "Machine.Scan", "ScanType", ("Quick", "Full")),
    Action("restrictCodeExecution", "RestrictCodeExecution", "Machine.RestrictExecution"),
    Action("unrestrictCodeExecution", "UnrestrictCodeExecution", "Machine.RestrictExecution"),
    Action(
        "collectInvestigationPackage", "CollectInvestigationPackage", "Machine.CollectForensics"
    ),
    Action("StopAndQuarantineFile", "StopAndQuarantineFile", "Machine.StopAndQuarantine", "Sha1"),
    # the page says 200 for this one, and 201 for all the others
    Action("offboard", "Offboard", "Machine.Offboard", status=200),
)
LIVE_RESPONSE = Action("runliveresponse", "LiveResponse", "Machine.LiveResponse")
ROLE_OF_TYPE: Mapping[str, str] = MappingProxyType(
    {action.type: action.role for action in (*ACTIONS, LIVE_RESPONSE)}
)


def started(call: Call, estate: Estate, action: Action) -> Reply:
    """The body is checked first, then the machine, then whether the same is under way: no page
    says in which order."""
    needed = ("Comment", action.member) if action.member else ("Comment",)
    body = members(call.request, needed)
    comment = text(body, "Comment")
    more: Record = {}
    if action.values:
        more["scope"] = text(body, action.member, action.values)
    elif action.member:
        more["relatedFileInfo"] = _file(text(body, action.member))
    machine = machine_of(call, estate)
    # what its neighbours have isolated they release as well
    if action.type != "Unisolate":
        check_sensor(machine, unmanaged=more.get("scope") == UNMANAGED)
    refuse_second(estate, machine, action.type)
    record = estate.start(machine, action.type, call.actor, comment, **more)
    return entity(call, "Machines/$entity", shown(record), action.status)


def _file(sha1: str) -> Record:
    if not SHA1.fullmatch(sha1):
        raise Refused(400, "InvalidHashValue", f"Hash value {sha1} is invalid.")
    return {"fileIdentifier": sha1.lower(), "fileIdentifierType": "Sha1"}


def check_sensor(machine: Record, *, unmanaged: bool = False) -> None:
    """A device without a sensor can only be isolated by its neighbours, one with a sensor only by
    itself: the rule is documented, the refusal is not."""
    if unmanaged == (machine["onboardingStatus"] == "onboarded"):
        state = "onboarded" if unmanaged else "not onboarded"
        raise Refused(400, "InvalidInput", f"Invalid input: machine {machine['id']} is {state}.")


def refuse_second(estate: Estate, machine: Record, kind: str) -> None:
    if estate.open_action(machine["id"], kind):
        raise Refused(400, "ActiveRequestAlreadyExists", "Action is already in progress")


def shown(record: Record) -> Record:
    """A machine action as the API writes it: of a quarter of the devices the time of the last
    change has its older name, but not for live response."""
    if record["type"] == "LiveResponse" or record["machineId"][0] not in "0123":
        return record
    return {
        ("lastUpdateTimeUtc" if name == "lastUpdateDateTimeUtc" else name): value
        for name, value in record.items()
    }


def investigated(call: Call, estate: Estate) -> Reply:
    """Answers an investigation. A second one while the first runs is refused like an action."""
    text(members(call.request, ("Comment",)), "Comment")
    machine = machine_of(call, estate)
    check_sensor(machine)
    running = (
        investigation["machineId"] == machine["id"]
        for investigation in estate.investigations()
        if investigation["endTime"] is None
    )
    if any(running):
        raise Refused(400, "ActiveRequestAlreadyExists", "Action is already in progress")
    return entity(call, "Investigations/$entity", estate.investigate(machine), 201)
