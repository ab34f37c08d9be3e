# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The devices of a tenant and their rows in the inventory tables."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from defender_lab.world.chance import digits, guid, stamp
from defender_lab.world.people import Person

_SOFTWARE = (
    ("microsoft", "edge_chromium-based", "126.0.2592.87", "CVE-2024-6100", "High"),
    ("7-zip", "7-zip", "21.7.0.0", "CVE-2023-31102", "High"),
    ("adobe", "acrobat_reader_dc", "24.2.20687.0", "CVE-2024-20731", "Critical"),
    ("notepad++", "notepad++", "8.5.3.0", "CVE-2023-40031", "High"),
    ("openssl", "openssl", "3.0.8.0", "CVE-2023-0464", "Medium"),
)
_VERSIONS = {19045: "22H2", 20348: "21H2", 22631: "23H2", 26100: "24H2"}


@dataclass(frozen=True)
class Device:
    name: str
    id: str
    entra_id: str
    platform: str
    build: int
    ip: str
    public_ip: str
    mac: str
    owner: Person
    server: bool

    @property
    def version(self) -> str:
        return _VERSIONS[self.build]

    def columns(self) -> dict[str, Any]:
        return {"DeviceId": self.id, "DeviceName": self.name}


def devices(
    persons: tuple[Person, ...], domain: str, network: int, rng: Random
) -> tuple[Device, ...]:
    """A workstation for everybody but the administrator, and after them three servers, which are
    the administrator's."""
    short = domain.partition(".")[0]
    admin, *workers = persons
    made = []
    for number, (owner, kind) in enumerate(
        [
            *((worker, "wks") for worker in workers[:8]),
            (admin, "srv-file"),
            (admin, "srv-dc"),
            (admin, "srv-app"),
        ]
    ):
        server = kind.startswith("srv")
        platform, build = (
            ("WindowsServer2022", 20348)
            if server
            else rng.choice((("Windows11", 22631), ("Windows11", 26100), ("Windows10", 19045)))
        )
        host = f"{kind}-{number + 1:02d}" if not server else f"{kind}{number - 7:02d}"
        made.append(
            Device(
                name=f"{short}-{host}.{short}.example",
                id=digits(rng, 40),
                entra_id=guid(rng),
                platform=platform,
                build=build,
                ip=f"10.{network % 250}.{1 if server else 20}.{10 + number}",
                public_ip=f"192.0.2.{network % 250 + 1}",
                mac=":".join(digits(rng, 2).upper() for unused in range(6)),
                owner=owner,
                server=server,
            )
        )
    return tuple(made)


def inventory_rows(
    machines: tuple[Device, ...], now: datetime, rng: Random
) -> dict[str, list[dict[str, Any]]]:
    tables: dict[str, list[dict[str, Any]]] = {
        "DeviceInfo": [],
        "DeviceNetworkInfo": [],
        "DeviceTvmSoftwareInventory": [],
        "DeviceTvmSoftwareVulnerabilities": [],
    }
    for number, device in enumerate(machines):
        for day in (0, 1, 2):
            last_seen = now - timedelta(days=day, hours=rng.uniform(0.2, 12))
            tables["DeviceInfo"].append(_info(device, last_seen, number * 10 + day))
        tables["DeviceNetworkInfo"].append(
            _network(device, now - timedelta(hours=rng.uniform(0.2, 12)), number)
        )
        common = {
            **device.columns(),
            "OSPlatform": device.platform,
            "OSVersion": "10.0",
            "OSArchitecture": "x64",
        }
        for vendor, name, version, cve, level in rng.sample(_SOFTWARE, 2):
            software = {
                **common,
                "SoftwareVendor": vendor,
                "SoftwareName": name,
                "SoftwareVersion": version,
            }
            tables["DeviceTvmSoftwareInventory"].append(software)
            tables["DeviceTvmSoftwareVulnerabilities"].append(
                {**software, "CveId": cve, "VulnerabilitySeverityLevel": level, "CveTags": []}
            )
    return tables


def _info(device: Device, last_seen: datetime, report: int) -> dict[str, Any]:
    return {
        "Timestamp": stamp(last_seen),
        **device.columns(),
        "ClientVersion": "10.8750.26100.1000",
        "PublicIP": device.public_ip,
        "OSArchitecture": "64-bit",
        "OSPlatform": device.platform,
        "OSBuild": device.build,
        "OSVersion": "10.0",
        "IsAzureADJoined": not device.server,
        "JoinType": "Hybrid Azure AD Join" if device.server else "AAD Joined",
        "AadDeviceId": device.entra_id,
        "LoggedOnUsers": json.dumps(
            [
                {
                    "UserName": device.owner.account,
                    "DomainName": device.owner.netbios,
                    "Sid": device.owner.sid,
                }
            ]
        ),
        "MachineGroup": "Servers" if device.server else "Workstations",
        "ReportId": report,
        "OnboardingStatus": "Onboarded",
        "DeviceCategory": "Endpoint",
        "DeviceType": "Server" if device.server else "Workstation",
        "IsInternetFacing": False,
        "SensorHealthState": "Active",
        "ExposureLevel": "Medium" if device.server else "Low",
        "AssetValue": "High" if device.server else "Normal",
    }


def _network(device: Device, last_seen: datetime, report: int) -> dict[str, Any]:
    return {
        "Timestamp": stamp(last_seen),
        **device.columns(),
        "NetworkAdapterName": "Ethernet",
        "MacAddress": device.mac,
        "NetworkAdapterType": "Ethernet",
        "NetworkAdapterStatus": "Up",
        "IPAddresses": json.dumps(
            [{"IPAddress": device.ip, "SubnetPrefix": 24, "AddressType": "Private"}]
        ),
        "DefaultGateways": json.dumps([device.ip.rpartition(".")[0] + ".1"]),
        "ReportId": report,
        "OnboardingStatus": "Onboarded",
    }
