# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One tenant's devices: machines, machine actions, investigations and the live-response library."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from defender_lab.estate import commands
from defender_lab.estate.operations import (
    FAILURE,
    OPEN,
    Course,
    Operation,
    Record,
    investigation,
    machine_action,
)
from defender_lab.service import instants
from defender_lab.service.clock import Clock

REACHABLE = frozenset({"Active", "ImpairedCommunication"})
FIRST_INVESTIGATION = 63017
# the words for an investigation, which runs from the start; the documentation lists them, but not
# when each one comes
STATES = {
    "InProgress": "Running",
    "Succeeded": "Benign",
    "Failed": "Failed",
    "TimeOut": "TerminatedBySystem",
}


@dataclass(frozen=True, slots=True)
class LibraryFile:
    record: Record
    content: bytes


@dataclass
class Estate:
    """``seen`` gives the SHA-1 hashes of the files seen on a device. ``courses`` are those of the
    operations to come, by machine id, and under "" for all other devices."""

    machines: list[Record]
    clock: Clock
    seen: Callable[[str], frozenset[str]]
    files: dict[str, LibraryFile] = field(default_factory=dict)
    courses: dict[str, Course] = field(default_factory=dict)
    _actions: list[Operation] = field(default_factory=list)
    _investigations: list[Operation] = field(default_factory=list)

    def machine(self, key: str) -> Record | None:
        return next((machine for machine in self.machines if machine["id"] == key), None)

    def named(self, name: str) -> list[Record]:
        """The machines of that full name, the one seen last first."""
        matches = [machine for machine in self.machines if machine["computerDnsName"] == name]
        return sorted(
            matches, key=lambda machine: instants.ticks(machine["lastSeen"]), reverse=True
        )

    def actions(self) -> list[Record]:
        """As they stand now, newest first."""
        self._settle()
        records = [action.record for action in self._actions]
        records.reverse()
        return sorted(
            records, key=lambda record: instants.ticks(record["creationDateTimeUtc"]), reverse=True
        )

    def action(self, key: str) -> Record | None:
        return next((action for action in self.actions() if action["id"] == key), None)

    def investigations(self) -> list[Record]:
        self._settle()
        return [operation.record for operation in reversed(self._investigations)]

    def open_action(self, machine_id: str, kind: str) -> Record | None:
        return next(
            (
                action
                for action in self.actions()
                if action["status"] in OPEN
                and (action["machineId"], action["type"]) == (machine_id, kind)
            ),
            None,
        )

    def start(
        self, machine: Record, kind: str, requestor: str, comment: str, /, **members: object
    ) -> Record:
        """A new machine action; ``members`` replace those it begins with."""
        record = {**machine_action(machine, kind, requestor, comment), **members}
        self._actions.append(Operation(record, self.clock.quota(), self._course(machine["id"])))
        return record

    def investigate(self, machine: Record) -> Record:
        record = investigation(machine, FIRST_INVESTIGATION + len(self._investigations))
        course = self._course(machine["id"])
        self._investigations.append(Operation(record, self.clock.quota(), course))
        return record

    def _course(self, machine_id: str) -> Course:
        return self.courses.get(machine_id) or self.courses.get("") or Course()

    def _reachable(self, machine_id: str) -> bool:
        """A device without a sensor is acted on by its neighbours."""
        machine = self.machine(machine_id)
        return machine is not None and (
            machine["healthStatus"] in REACHABLE or machine["onboardingStatus"] != "onboarded"
        )

    def _settle(self) -> None:
        """Bring everything that is open to where it stands now."""
        now = self.clock.quota()
        for action in self._actions:
            record = action.record
            if record["status"] not in OPEN:
                continue
            stage = action.stage(now, reachable=self._reachable(record["machineId"]))
            if stage and stage != record["status"]:
                self._move(action, stage)
        for operation in self._investigations:
            if operation.record["endTime"] is None:
                stage = operation.stage(
                    now, reachable=self._reachable(operation.record["machineId"])
                )
                self._conclude(operation, stage)

    def _move(self, action: Operation, stage: str) -> None:
        record, when = action.record, instants.now()
        record.update(status=stage, lastUpdateDateTimeUtc=when)
        if stage == "InProgress":
            return
        error = action.course.error if action.course.outcome != "Succeeded" else ""
        never_ran = stage == "TimeOut" and action.course.outcome != "TimeOut"
        if record["type"] == "LiveResponse" and not never_ran:
            error = commands.finish(record["commands"], action.course, self.files, when) or error
        if record["type"] == "StopAndQuarantineFile" and stage == "Succeeded":
            error = self._missing_file(record)
        if stage == "Succeeded" and error:
            record["status"] = "Failed"
        if record["status"] != "Succeeded":
            record["errorHResult"] = FAILURE
            record["troubleshootInfo"] = error or None

    def _missing_file(self, record: Record) -> str:
        wanted = (record["relatedFileInfo"] or {}).get("fileIdentifier")
        if wanted in self.seen(record["machineId"]):
            return ""
        return f"File {wanted} was not found on the device."

    def _conclude(self, operation: Operation, stage: str) -> None:
        if not stage:
            return
        operation.record["state"] = STATES[stage]
        if stage != "InProgress":
            operation.record["endTime"] = instants.now()
            operation.record["statusDetails"] = operation.course.error or None
