# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is done to a device, and how it goes on: it waits for the device, runs, and ends."""

from __future__ import annotations

import typing as t
import uuid
from dataclasses import dataclass

from defender_lab.service import instants

Record = dict[str, t.Any]

TYPES = (
    "Isolate",
    "Unisolate",
    "RunAntiVirusScan",
    "RestrictCodeExecution",
    "UnrestrictCodeExecution",
    "CollectInvestigationPackage",
    "StopAndQuarantineFile",
    "Offboard",
    "LiveResponse",
)
OPEN = frozenset({"Pending", "InProgress"})
OUTCOMES = ("Succeeded", "Failed", "TimeOut")
# an action that no device has picked up in three days is given up; the page says so of live
# response, and the lab holds all the others to it
EXPIRES = 3 * 24 * 3600.0
# E_FAIL as a signed number: which codes the service gives is not documented
FAILURE = -2147467259


@dataclass(frozen=True, slots=True)
class Course:
    """How an operation goes: seconds until it runs, seconds until it has run, and its outcome with
    an error text. ``hold``: it stays as it is until cancelled or expired. ``command``: the number
    of the live-response command that fails."""

    pending: float = 1.0
    running: float = 1.0
    outcome: str = "Succeeded"
    error: str = ""
    hold: bool = False
    command: int = 0

    def __post_init__(self) -> None:
        numbers = (self.pending, self.running, self.command)
        if not all(isinstance(number, int | float) and number >= 0 for number in numbers):
            raise ValueError("pending, running and command must be numbers of 0 or more")
        if self.outcome not in OUTCOMES:
            raise ValueError(f"outcome must be one of {', '.join(OUTCOMES)}")


@dataclass
class Operation:
    """``record`` is a machine action, or an investigation, as the API shows it; ``began`` a time of
    the quota clock."""

    record: Record
    began: float
    course: Course

    def stage(self, now: float, *, reachable: bool) -> str:
        """Pending, InProgress, an outcome, or "" where nothing changes."""
        elapsed = now - self.began
        if self.course.hold or not reachable:
            return "TimeOut" if elapsed >= EXPIRES else ""
        if elapsed < self.course.pending:
            return ""
        if elapsed < self.course.pending + self.course.running:
            return "InProgress"
        return self.course.outcome


def machine_action(machine: Record, kind: str, requestor: str, comment: str) -> Record:
    """A new one, with every member that newer answers have."""
    now = instants.now()
    return {
        "id": str(uuid.uuid4()),
        "type": kind,
        "title": None,
        "requestor": requestor,
        "requestorComment": comment,
        "status": "Pending",
        "machineId": machine["id"],
        "computerDnsName": machine["computerDnsName"],
        "creationDateTimeUtc": now,
        "lastUpdateDateTimeUtc": now,
        "cancellationRequestor": None,
        "cancellationComment": None,
        "cancellationDateTimeUtc": None,
        "errorHResult": 0,
        "scope": None,
        "externalId": None,
        "requestSource": "PublicApi",
        "relatedFileInfo": None,
        "commands": [],
        "troubleshootInfo": None,
    }


def investigation(machine: Record, number: int) -> Record:
    return {
        "id": str(number),
        "startTime": instants.now(),
        "endTime": None,
        "state": "Running",
        "cancelledBy": None,
        "statusDetails": None,
        "machineId": machine["id"],
        "computerDnsName": machine["computerDnsName"],
        "triggeringAlertId": None,
    }
