# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The devices of a tenant as machines of the Defender for Endpoint API."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any

from defender_lab.world.chance import digits, stamp
from defender_lab.world.devices import Device

_LEVELS = ("None", "Informational", "Low", "Medium", "High")


def machines(
    devices: tuple[Device, ...], alerts: Sequence[dict[str, Any]], now: datetime, rng: Random
) -> list[dict[str, Any]]:
    """A machine for every device, and those that no table names because they were last seen before
    hunting begins: an inactive one that has the short host name of the first workstation, a
    discovered one, and in about a quarter of the tenants an old record of the second workstation
    under its full name."""
    risks = _risks(alerts)
    made = [_machine(device, risks.get(device.id, "None"), now, rng) for device in devices]
    first, second = made[0], made[1]
    host, unused, domain = str(first["computerDnsName"]).partition(".")
    made.append(
        {
            **_retired(first, now, rng),
            "computerDnsName": f"{host}.legacy.{domain}",
            "lastIpAddress": "198.51.100.20",
            "ipAddresses": [],
            "machineTags": ["to-retire"],
        }
    )
    made.append(_discovered(first, now, rng))
    if rng.random() < 0.25:
        made.append(_retired(second, now, rng))
    return made


def _risks(alerts: Sequence[dict[str, Any]]) -> dict[str, str]:
    """The highest risk that an open alert names for each device."""
    risks: dict[str, str] = {}
    for alert in alerts:
        for piece in alert["evidence"] if alert["status"] != "resolved" else ():
            risk = str(piece.get("riskScore") or "none").capitalize()
            name = piece.get("mdeDeviceId")
            if name and risk in _LEVELS:
                risks[name] = max(risks.get(name, "None"), risk, key=_LEVELS.index)
    return risks


def _machine(device: Device, risk: str, now: datetime, rng: Random) -> dict[str, Any]:
    """The same words as in the device's rows of DeviceInfo and in alert evidence."""
    tags = []
    if "-srv-dc" in device.name:
        tags = ["crown-jewel"]
    elif not device.server and rng.random() < 0.2:
        tags = ["vip"]
    return {
        "id": device.id,
        "computerDnsName": device.name,
        "firstSeen": stamp(now - timedelta(days=rng.uniform(200, 900))),
        "lastSeen": stamp(now - timedelta(hours=rng.uniform(0.2, 12))),
        "osPlatform": device.platform,
        "osProcessor": "x64",
        "version": device.version,
        "lastIpAddress": device.ip,
        "lastExternalIpAddress": device.public_ip,
        "osBuild": device.build,
        "healthStatus": "Active",
        "deviceValue": "High" if device.server else "Normal",
        "rbacGroupId": 2 if device.server else 1,
        "rbacGroupName": "Servers" if device.server else "Workstations",
        "riskScore": risk,
        "exposureLevel": "Medium" if device.server else "Low",
        "isAadJoined": not device.server,
        "aadDeviceId": device.entra_id,
        "machineTags": tags,
        "onboardingStatus": "onboarded",
        "osArchitecture": "64-bit",
        "ipAddresses": [
            {
                "ipAddress": device.ip,
                "macAddress": device.mac.replace(":", ""),
                "type": "Ethernet",
                "operationalStatus": "Up",
            }
        ],
    }


def _long_ago(now: datetime, rng: Random) -> dict[str, Any]:
    return {
        "id": digits(rng, 40),
        "firstSeen": stamp(now - timedelta(days=rng.uniform(1000, 1200))),
        "lastSeen": stamp(now - timedelta(days=rng.uniform(35, 150))),
        "riskScore": "None",
        "machineTags": [],
    }


def _retired(machine: dict[str, Any], now: datetime, rng: Random) -> dict[str, Any]:
    """An older record of the same computer, from before it was installed anew."""
    return {
        **machine,
        **_long_ago(now, rng),
        "osBuild": 19045,
        "osPlatform": "Windows10",
        "version": "22H2",
        "healthStatus": "Inactive",
        "exposureLevel": "High",
        "aadDeviceId": None,
        "isAadJoined": False,
    }


def _discovered(beside: dict[str, Any], now: datetime, rng: Random) -> dict[str, Any]:
    """A computer without a sensor, found by its neighbours."""
    short = str(beside["computerDnsName"]).partition("-")[0]
    return {
        **beside,
        **_long_ago(now, rng),
        "computerDnsName": f"{short}-guest",
        "osPlatform": "Windows10",
        "version": "Other",
        "osBuild": None,
        "healthStatus": "Unknown",
        "onboardingStatus": "CanBeOnboarded",
        "exposureLevel": "None",
        "deviceValue": "Normal",
        "rbacGroupId": 0,
        "rbacGroupName": None,
        "isAadJoined": False,
        "aadDeviceId": None,
        "lastIpAddress": "198.51.100.21",
        "ipAddresses": [],
    }
