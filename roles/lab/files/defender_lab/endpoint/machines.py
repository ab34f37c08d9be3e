# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Machines: list, get, find, tag and value."""

from __future__ import annotations

import time
import typing as t
from collections.abc import Mapping
from types import MappingProxyType
from urllib.parse import parse_qsl

from defender_lab.api.defender import incorrect_body
from defender_lab.api.routes import Call
from defender_lab.endpoint.bodies import collection, entity, members, no_machine, page, text
from defender_lab.estate.estate import Estate
from defender_lab.odata.fields import Fields, Kind
from defender_lab.odata.options import Listing
from defender_lab.service import instants
from defender_lab.service.exchange import Refused, Reply

Record = dict[str, t.Any]

PREFIX = "microsoft.windowsDefenderATP.api."
LEVELS = frozenset({"none", "low", "medium", "high"})
VALUES = ("Normal", "Low", "High")
# names are compared with regard to case: no page says that they are not
KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "computerDnsName": Kind("text"),
        "id": Kind("text"),
        "version": Kind("text"),
        "deviceValue": Kind(f"{PREFIX}deviceValue", frozenset({"normal", "low", "high"})),
        "aadDeviceId": Kind("guid"),
        "machineTags": Kind("texts"),
        "lastSeen": Kind("time"),
        "exposureLevel": Kind(f"{PREFIX}exposureScore", LEVELS),
        "onboardingStatus": Kind(
            f"{PREFIX}onboardingStatus",
            frozenset({"onboarded", "canbeonboarded", "unsupported", "insufficientinfo"}),
        ),
        "lastIpAddress": Kind("text"),
        "healthStatus": Kind(
            f"{PREFIX}healthStatus",
            frozenset(
                {
                    "active",
                    "inactive",
                    "impairedcommunication",
                    "nosensordata",
                    "nosensordataimpairedcommunication",
                    "unknown",
                }
            ),
        ),
        "osPlatform": Kind("text"),
        "riskScore": Kind(f"{PREFIX}deviceRiskScore", LEVELS | {"informational"}),
        "rbacGroupId": Kind("number"),
    }
)
LISTING = Listing(
    fields=Fields(f"{PREFIX}machine", KINDS, frozenset({"startswith"})),
    allowed=frozenset({"$filter", "$skip", "$top"}),
    most=10_000,
    page=10_000,
)
BATCH = 500
LONGEST_TAG = 200
QUARTER = 15 * 60 * instants.TICKS
MONTH = 30 * 24 * 3600 * instants.TICKS


def listed(call: Call, estate: Estate) -> Reply:
    return collection(call, "Machines", page(call, LISTING, estate.machines))


def got(call: Call, estate: Estate) -> Reply:
    """By id or full name; of several with one name the one seen last, which no page says."""
    key = call.parts[0]
    machine = estate.machine(key) or next(iter(estate.named(key)), None)
    if machine is None:
        raise no_machine(key)
    return entity(call, "Machine", machine)


def machine_of(call: Call, estate: Estate) -> Record:
    """For what changes a machine: by id only, as the pages of these calls say."""
    machine = estate.machine(call.parts[0])
    if machine is None:
        raise no_machine(call.parts[0])
    return machine


def with_ip(call: Call, estate: Estate) -> Reply:
    """A machine counts as seen all the time from ``firstSeen`` to ``lastSeen``."""
    ip, moment = call.parts
    try:
        when = instants.ticks(moment)
    except ValueError:
        raise Refused(400, "InvalidInput", f"Invalid input {moment}.") from None
    now = int(time.time() * instants.TICKS)
    if not now - MONTH <= when <= now:
        raise Refused(
            400, "InvalidInput", f"Invalid input {moment}: it must be in the past 30 days."
        )
    rows = [
        machine
        for machine in estate.machines
        if ip in {machine["lastIpAddress"], *(held["ipAddress"] for held in machine["ipAddresses"])}
        and instants.ticks(machine["firstSeen"]) - QUARTER <= when
        and when <= instants.ticks(machine["lastSeen"]) + QUARTER
    ]
    return collection(call, "Machines", rows)


def with_tag(call: Call, estate: Estate) -> Reply:
    query = dict(parse_qsl(call.request.query, keep_blank_values=True))
    tag, starts = query.pop("tag", ""), query.pop("useStartsWithFilter", "false")
    if not tag:
        raise Refused(400, "MissingRequiredParameter", "Parameter tag is missing.")
    if starts not in ("true", "false"):
        raise Refused(400, "InvalidInput", f"Invalid input {starts}.")
    if options := [name for name in query if name.startswith("$")]:
        raise Refused(400, "ODataError", f"The query option '{options[0]}' is not allowed.")
    rows = [
        machine
        for machine in estate.machines
        if any(
            held.startswith(tag) if starts == "true" else held == tag
            for held in machine["machineTags"]
        )
    ]
    return collection(call, "Machines", rows)


def tagged(call: Call, estate: Estate) -> Reply:
    tag, add = _tag(members(call.request, ("Value", "Action")))
    machine = machine_of(call, estate)
    _apply(machine, tag, add=add)
    return entity(call, "Machines/$entity", machine)


def all_tagged(call: Call, estate: Estate) -> Reply:
    """All or none: a machine that is not there leaves the others alone, which no page says."""
    body = members(call.request, ("Value", "Action", "MachineIds"))
    tag, add = _tag(body)
    keys = body["MachineIds"]
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
        raise incorrect_body()
    if len(keys) > BATCH:
        message = f"Maximum batch size exceeded. Received: {len(keys)}, allowed: {BATCH}."
        raise Refused(400, "MaximumBatchSizeExceeded", message)
    machines = {key: estate.machine(key) for key in keys}
    for key, machine in machines.items():
        if machine is None:
            raise no_machine(key)
    rows = [machine for machine in machines.values() if machine is not None]
    for machine in rows:
        _apply(machine, tag, add=add)
    return collection(call, "Machines", rows)


def _tag(body: Record) -> tuple[str, bool]:
    action = text(body, "Action", ("Add", "Remove"))
    return _checked_tag(text(body, "Value")), action == "Add"


def _checked_tag(tag: t.Any) -> str:
    if not isinstance(tag, str) or not tag.strip() or len(tag) > LONGEST_TAG:
        raise incorrect_body()
    return tag


def _apply(machine: Record, tag: str, *, add: bool) -> None:
    """Tags are a set: to add one twice or to remove one that is not there changes nothing."""
    held = machine["machineTags"]
    if not add:
        machine["machineTags"] = [other for other in held if other != tag]
    elif tag not in held:
        machine["machineTags"] = [*held, tag]


def updated(call: Call, estate: Estate) -> Reply:
    """PATCH: the tags given replace those there are."""
    body = members(call.request, (), ("deviceValue", "machineTags"))
    if not body:
        raise incorrect_body()
    changes: Record = {}
    if "deviceValue" in body:
        changes["deviceValue"] = text(body, "deviceValue", VALUES)
    if "machineTags" in body:
        if not isinstance(body["machineTags"], list):
            raise incorrect_body()
        tags = [_checked_tag(tag) for tag in body["machineTags"]]
        changes["machineTags"] = list(dict.fromkeys(tags))
    machine = machine_of(call, estate)
    machine.update(changes)
    return entity(call, "Machines/$entity", machine)


def valued(call: Call, estate: Estate) -> Reply:
    value = text(members(call.request, ("DeviceValue",)), "DeviceValue", VALUES)
    machine = machine_of(call, estate)
    machine["deviceValue"] = value
    return entity(call, "Machines/$entity", machine)
