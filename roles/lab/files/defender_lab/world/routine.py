# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Everyday incidents: small, mostly benign, with the classification they usually get."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from defender_lab.world import evidence
from defender_lab.world.chance import sha1, sha256
from defender_lab.world.chapters import CLOUD_APPS, ENDPOINT, ENTRA, OFFICE, XDR, AlertPlan, Chapter
from defender_lab.world.devices import Device
from defender_lab.world.evidence import Evidence
from defender_lab.world.mail import mail
from defender_lab.world.people import Person
from defender_lab.world.scene import Scene

Kind = tuple[str, str, str, str, str, str, str]
_MDO = "microsoftDefenderForOffice365"
_KINDS: tuple[Kind, ...] = (
    (
        "'Wacatac' malware was prevented",
        "informational",
        "Malware",
        "T1204.002",
        ENDPOINT,
        "antivirus",
        "file",
    ),
    (
        "Malware was detected on removable media",
        "low",
        "Malware",
        "T1091",
        ENDPOINT,
        "antivirus",
        "file",
    ),
    (
        "Email reported by user as malware or phish",
        "low",
        "InitialAccess",
        "T1566.002",
        OFFICE,
        _MDO,
        "mail",
    ),
    (
        "Email messages containing malicious URL removed after delivery",
        "informational",
        "InitialAccess",
        "T1566.002",
        OFFICE,
        _MDO,
        "mail",
    ),
    (
        "Atypical travel",
        "medium",
        "InitialAccess",
        "T1078.004",
        ENTRA,
        "azureAdIdentityProtection",
        "user",
    ),
    (
        "Password spray",
        "high",
        "CredentialAccess",
        "T1110.003",
        ENTRA,
        "azureAdIdentityProtection",
        "user",
    ),
    (
        "Impossible travel activity",
        "medium",
        "InitialAccess",
        "T1078.004",
        CLOUD_APPS,
        "cloudAppSecurity",
        "user",
    ),
    (
        "Suspicious administrative activity",
        "medium",
        "PrivilegeEscalation",
        "T1098.003",
        CLOUD_APPS,
        "cloudAppSecurity",
        "user",
    ),
    (
        "Unusual number of network scans",
        "low",
        "Discovery",
        "T1046",
        ENDPOINT,
        "microsoftDefenderForEndpoint",
        "device",
    ),
    (
        "Connection to a custom network indicator",
        "informational",
        "CommandAndControl",
        "T1071.001",
        ENDPOINT,
        "customTi",
        "device",
    ),
    (
        "Custom detection: local administrator added",
        "medium",
        "PrivilegeEscalation",
        "T1098.003",
        XDR,
        "customDetection",
        "device",
    ),
)


def routine(scene: Scene, number: int) -> Chapter:
    """The *number*-th ordinary incident of a tenant; every fourth is older than the 30 days that
    hunting sees."""
    title, severity, category, technique, service, detection, kind = scene.rng.choice(_KINDS)
    days = scene.rng.uniform(31, 120) if number % 4 == 3 else scene.rng.uniform(0.1, 29)
    moment = scene.now - timedelta(days=days)
    device = scene.rng.choice(scene.devices)
    pieces = _EVIDENCE[kind](
        scene, device, device.owner if kind != "user" else scene.rng.choice(scene.people), days
    )
    alerts = [
        AlertPlan(title, severity, category, (technique,), service, detection, moment, pieces)
    ]
    if scene.rng.random() < 0.3:
        alerts.append(
            AlertPlan(
                title,
                severity,
                category,
                (technique,),
                service,
                detection,
                moment + timedelta(minutes=scene.rng.uniform(3, 90)),
                pieces,
            )
        )
    where = {
        "file": "on one endpoint",
        "device": "on one endpoint",
        "mail": "involving one mailbox",
        "user": "involving one user",
    }[kind]
    return Chapter(
        "",
        f"{title} {where}" if not title.endswith("removed after delivery") else title,
        tuple(alerts),
    )


def _file(scene: Scene, device: Device, person: Person, days: float) -> tuple[Evidence, ...]:
    moment = scene.now - timedelta(days=days)
    name = scene.rng.choice(("setup_free.exe", "keygen.exe", "coupon.js", "invoice.zip"))
    folder = f"C:\\Users\\{person.account}\\Downloads"
    piece = evidence.file(
        name, folder, sha256(f"adware-{name}"), sha1(f"adware-{name}"), device, moment
    )
    piece |= {"remediationStatus": "remediated", "detectionStatus": "prevented"}
    return (evidence.device(device, moment, "low"), evidence.user(person, moment), piece)


def _mail(scene: Scene, device: Device, person: Person, days: float) -> tuple[Evidence, ...]:
    moment = scene.now - timedelta(days=days)
    link = "https://www.prize-draw.example/claim"
    row = mail(
        scene,
        moment,
        "win@prize-draw.example",
        "Prize Draw",
        "198.51.100.99",
        person,
        "You have won",
        [link],
        ThreatTypes="Phish",
    )
    return (
        evidence.mailbox(person, moment),
        evidence.url(link, moment, "suspicious"),
        evidence.message(row, [link], moment),
    )


def _user(scene: Scene, device: Device, person: Person, days: float) -> tuple[Evidence, ...]:
    moment = scene.now - timedelta(days=days)
    return (
        evidence.user(person, moment),
        evidence.ip(f"198.51.100.{scene.rng.randrange(1, 99)}", moment, "US"),
    )


def _device(scene: Scene, device: Device, person: Person, days: float) -> tuple[Evidence, ...]:
    moment = scene.now - timedelta(days=days)
    return (
        evidence.device(device, moment, "low"),
        evidence.ip(f"203.0.113.{scene.rng.randrange(1, 99)}", moment),
    )


_EVIDENCE: dict[str, Callable[[Scene, Device, Person, float], tuple[Evidence, ...]]] = {
    "file": _file,
    "mail": _mail,
    "user": _user,
    "device": _device,
}
