# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The setting of a story: one tenant with its people and devices; collects the rows of the
story."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Any

from defender_lab.world.chance import guid, stamp
from defender_lab.world.devices import Device
from defender_lab.world.people import Person
from defender_lab.world.processes import Process

Rows = dict[str, list[dict[str, Any]]]

# these two have no report number; the device tables count theirs, the others give it a GUID
_UNREPORTED = frozenset({"GraphApiAuditEvents", "AlertInfo", "AlertEvidence"})


@dataclass(frozen=True)
class Scene:
    tenant_id: str
    name: str
    domain: str
    now: datetime
    people: tuple[Person, ...]
    devices: tuple[Device, ...]
    rng: Random
    rows: Rows = field(default_factory=dict)

    @property
    def admin(self) -> Person:
        return self.people[0]

    @property
    def workstations(self) -> list[Device]:
        return [device for device in self.devices if not device.server]

    @property
    def servers(self) -> list[Device]:
        return [device for device in self.devices if device.server]

    def add(self, table: str, moment: datetime, **columns: Any) -> dict[str, Any]:
        rows = self.rows.setdefault(table, [])
        row: dict[str, Any] = {"Timestamp": stamp(moment), **columns}
        if table not in _UNREPORTED:
            row["ReportId"] = len(rows) + 1 if table.startswith("Device") else guid(self.rng)
        rows.append(row)
        return row

    def on_device(
        self, table: str, moment: datetime, device: Device, by: Process, action: str, **columns: Any
    ) -> dict[str, Any]:
        return self.add(
            table, moment, **device.columns(), ActionType=action, **by.initiating(), **columns
        )

    def run(self, moment: datetime, device: Device, process: Process, by: Process) -> None:
        """A process starts on a device."""
        self.on_device(
            "DeviceProcessEvents",
            moment,
            device,
            by,
            "ProcessCreated",
            **process.itself(),
            **process.account.columns(),
        )

    def connect(
        self, moment: datetime, device: Device, by: Process, ip: str, url: str, port: int = 443
    ) -> None:
        self.on_device(
            "DeviceNetworkEvents",
            moment,
            device,
            by,
            "ConnectionSuccess",
            RemoteIP=ip,
            RemotePort=port,
            RemoteUrl=url,
            LocalIP=device.ip,
            LocalPort=self.rng.randrange(49152, 65535),
            Protocol="Tcp",
            LocalIPType="Private",
            RemoteIPType="Private" if ip.startswith("10.") else "Public",
        )

    def pid(self) -> int:
        return self.rng.randrange(1000, 16000, 4)
