# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Benign activity that looks like an attack and that a precise hunt must not find."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from defender_lab.world.chance import sha256
from defender_lab.world.clouds import MICROSOFT_365, activity, application, inbox_rule
from defender_lab.world.mail import attach, click, mail
from defender_lab.world.processes import SYSTEM, start
from defender_lab.world.scene import Scene


@dataclass(frozen=True)
class Decoy:
    """A planted innocent: the row of *table* whose *column* is *value*."""

    story: str
    tenant_id: str
    table: str
    column: str
    value: str
    why: str


def _phishing(scene: Scene, at: datetime) -> Decoy:
    person = scene.rng.choice(scene.people[1:])
    link = "https://portal.fourthcoffee.example/invoices/4711"
    row = mail(
        scene,
        at,
        "billing@fourthcoffee.example",
        "Fourth Coffee Billing",
        "192.0.2.251",
        person,
        "Invoice 4711 - action required today",
        [link],
    )
    click(
        scene,
        at + timedelta(minutes=5),
        person,
        link,
        str(row["NetworkMessageId"]),
        scene.workstations[0].public_ip,
    )
    tidy = {"From": "billing@fourthcoffee.example", "MoveToFolder": "Invoices"}
    inbox_rule(
        scene,
        at + timedelta(hours=1),
        person,
        scene.workstations[0].public_ip,
        "DE",
        "Invoices",
        **tidy,
    )
    why = "a real supplier's invoice with a link, clicked, and a rule that files it away"
    return Decoy(
        "phishing",
        scene.tenant_id,
        "EmailEvents",
        "NetworkMessageId",
        str(row["NetworkMessageId"]),
        why,
    )


def _intrusion(scene: Scene, at: datetime) -> Decoy:
    device = scene.rng.choice(scene.workstations)
    agent = start(
        "CcmExec.exe",
        "C:\\Windows\\CCM\\CcmExec.exe",
        at - timedelta(days=3),
        SYSTEM,
        pid=scene.pid(),
    )
    encoded = base64.b64encode(
        "Get-CimInstance Win32_BIOS | Select-Object SerialNumber".encode("utf-16-le")
    ).decode()
    script = start(
        "powershell.exe",
        f"powershell.exe -NoProfile -NonInteractive -EncodedCommand {encoded}",
        at,
        SYSTEM,
        pid=scene.pid(),
        parent=agent,
    )
    scene.run(at, device, script, agent)
    scanner = start("MsMpEng.exe", "MsMpEng.exe", at - timedelta(days=3), SYSTEM, pid=scene.pid())
    opened = {
        "FileName": "lsass.exe",
        "FolderPath": "C:\\Windows\\System32\\lsass.exe",
        "ProcessId": 700,
    }
    scene.on_device(
        "DeviceEvents",
        at + timedelta(minutes=1),
        device,
        scanner,
        "OpenProcessApiCall",
        **opened,
        AdditionalFields='{"DesiredAccess":4096}',
    )
    row = mail(
        scene,
        at,
        "orders@fourthcoffee.example",
        "Fourth Coffee Orders",
        "192.0.2.251",
        device.owner,
        "Purchase order 4711",
        [],
        AttachmentCount=1,
    )
    attach(scene, at, row, "Purchase_Order_4711.docm", sha256(str(row["NetworkMessageId"])), 92_160)
    why = (
        "the software management agent runs an encoded inventory script, and a real order comes"
        " as a document with macros"
    )
    return Decoy(
        "intrusion",
        scene.tenant_id,
        "DeviceProcessEvents",
        "ProcessCommandLine",
        script.command,
        why,
    )


def _consent(scene: Scene, at: datetime) -> Decoy:
    app_id, name = "7c8ee681-8d31-4b3a-9a0c-1d0f2b3c4d5e", "Fabrikam Calendar Sync"
    raw = {
        "Operation": "Consent to application.",
        "ModifiedProperties": [{"Name": "ConsentContext.IsAdminConsent", "NewValue": "True"}],
    }
    about = {"ObjectName": name, "ObjectId": app_id, "OAuthAppId": app_id, "IsAdminOperation": True}
    activity(
        scene,
        at,
        scene.admin,
        "Consent to application.",
        scene.devices[0].public_ip,
        "DE",
        MICROSOFT_365,
        **about,
        RawEventData=raw,
    )
    application(
        scene,
        at + timedelta(minutes=30),
        app_id,
        name,
        ["Calendars.Read", "User.Read"],
        verified=True,
        admin=True,
        risk=8,
    )
    return Decoy(
        "consent",
        scene.tenant_id,
        "OAuthAppInfo",
        "AppName",
        name,
        "an administrator consents to an app of a verified publisher",
    )


def _ransomware(scene: Scene, at: datetime) -> Decoy:
    backup = start(
        "BackupAgent.exe",
        "BackupAgent.exe --service",
        at - timedelta(days=9),
        SYSTEM,
        pid=scene.pid(),
    )
    command = "vssadmin.exe delete shadows /for=D: /oldest /quiet"
    tidy = start("vssadmin.exe", command, at, SYSTEM, pid=scene.pid(), parent=backup)
    scene.run(at, scene.servers[0], tidy, backup)
    return Decoy(
        "ransomware",
        scene.tenant_id,
        "DeviceProcessEvents",
        "ProcessCommandLine",
        command,
        "the backup program removes its oldest shadow copy",
    )


def _exfiltration(scene: Scene, at: datetime) -> Decoy:
    server = scene.servers[-1]
    tasks = start(
        "svchost.exe",
        "svchost.exe -k netsvcs -p -s Schedule",
        at - timedelta(days=9),
        SYSTEM,
        pid=scene.pid(),
    )
    command = "rclone.exe sync D:\\Backup nas:weekly --config D:\\Tools\\rclone.conf"
    copy = start(
        "rclone.exe",
        command,
        at,
        SYSTEM,
        pid=scene.pid(),
        folder="D:\\Tools",
        image="rclone-v1.67",
        parent=tasks,
    )
    scene.run(at, server, copy, tasks)
    scene.connect(at + timedelta(seconds=3), server, copy, scene.servers[0].ip, "", port=22)
    return Decoy(
        "exfiltration",
        scene.tenant_id,
        "DeviceProcessEvents",
        "ProcessCommandLine",
        command,
        "the weekly backup goes to the tenant's own storage",
    )


PLANT: Mapping[str, Callable[[Scene, datetime], Decoy]] = {
    "phishing": _phishing,
    "intrusion": _intrusion,
    "consent": _consent,
    "ransomware": _ransomware,
    "exfiltration": _exfiltration,
}
