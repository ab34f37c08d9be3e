# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a test decides about devices: their members, how the next actions go, and actions of
others."""

from __future__ import annotations

import typing as t

from defender_lab.estate.estate import Estate
from defender_lab.estate.operations import TYPES, Course, Record, machine_action
from defender_lab.service import instants

ANALYST = "analyst@customer.example"


def direct(estate: Estate, body: Record) -> Record:
    """ValueError says what is wrong with ``body``; the devices are changed first, then the
    courses, then the actions are added."""
    for changes in body.get("devices", ()):
        machine = _machine(estate, changes)
        members = {name: value for name, value in changes.items() if name not in ("id", "name")}
        if unknown := set(members) - set(machine):
            raise ValueError(f"a machine has no {', '.join(sorted(unknown))}")
        machine.update(members)
    if "actions" in body:
        course = dict(body["actions"])
        named = course.pop("device", None)
        key = _machine(estate, {"id": named})["id"] if named else ""
        estate.courses[key] = Course(**course)
    added = [_added(estate, members) for members in body.get("add", ())]
    return {"devices": len(estate.machines), "added": [action["id"] for action in added]}


def _added(estate: Estate, members: Record) -> Record:
    machine = _machine(estate, {"id": members["machineId"]})
    if members["type"] not in TYPES:
        raise ValueError(f"type must be one of {', '.join(TYPES)}")
    given = {name: value for name, value in members.items() if name not in ("machineId", "type")}
    if unknown := set(given) - set(machine_action(machine, "", "", "")):
        raise ValueError(f"a machine action has no {', '.join(sorted(unknown))}")
    # a time that is none would break every list later
    instants.ticks(given.get("creationDateTimeUtc", instants.now()))
    return estate.start(
        machine, members["type"], ANALYST, "", **{"requestSource": "Portal", **given}
    )


def _machine(estate: Estate, names: t.Mapping[str, t.Any]) -> Record:
    key = str(names.get("id") or names.get("name"))
    machine = estate.machine(key) or next(iter(estate.named(key)), None)
    if machine is None:
        raise ValueError(f"there is no device {key}")
    return machine
