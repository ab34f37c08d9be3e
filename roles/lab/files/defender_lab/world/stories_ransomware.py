# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Story ``ransomware``: recovery is disabled with built-in tools, then the file server is
encrypted."""

from __future__ import annotations

from datetime import datetime, timedelta

from defender_lab.world import evidence
from defender_lab.world.chance import sha256
from defender_lab.world.chapters import ENDPOINT, AlertPlan, Chapter
from defender_lab.world.indicators import Indicators
from defender_lab.world.processes import SYSTEM, start
from defender_lab.world.scene import Scene

NAME = "ransomware"
TABLES = ("DeviceProcessEvents", "DeviceFileEvents")
_COMMANDS = (
    ("vssadmin.exe", "vssadmin.exe delete shadows /all /quiet"),
    ("wmic.exe", "wmic.exe shadowcopy delete"),
    ("bcdedit.exe", "bcdedit.exe /set {default} recoveryenabled No"),
    ("wbadmin.exe", "wbadmin.exe delete catalog -quiet"),
    ("wevtutil.exe", "wevtutil.exe cl Security"),
)


def tell(scene: Scene, indicators: Indicators, begin: datetime) -> Chapter:
    facts = indicators.ransomware
    server = scene.servers[0]
    where = "C:\\ProgramData\\svcupd"
    tool = start(
        facts.tool,
        f"{where}\\{facts.tool} -s D:\\Shares -q",
        begin,
        SYSTEM,
        pid=scene.pid(),
        folder=where,
        image=facts.tool_image,
    )
    services = start("services.exe", "services.exe", begin - timedelta(days=9), SYSTEM, pid=700)
    scene.run(begin, server, tool, services)
    at = begin
    removers = []
    for name, command in _COMMANDS:
        at += timedelta(seconds=scene.rng.uniform(2, 9))
        remover = start(name, command, at, SYSTEM, pid=scene.pid(), parent=tool)
        scene.run(at, server, remover, tool)
        removers.append(remover)
    removed = at
    for number in range(40):
        at += timedelta(seconds=scene.rng.uniform(0.1, 1.5))
        old = f"Budget_{2019 + number % 8}_{number:02d}.xlsx"
        folder = f"D:\\Shares\\{('Finance', 'HR', 'Projects')[number % 3]}"
        scene.on_device(
            "DeviceFileEvents",
            at,
            server,
            tool,
            "FileRenamed",
            FileName=old + facts.extension,
            FolderPath=f"{folder}\\{old}{facts.extension}",
            PreviousFileName=old,
            PreviousFolderPath=folder,
            SHA256=sha256(f"{scene.tenant_id}{old}"),
        )
    for share in ("Finance", "HR", "Projects"):
        scene.on_device(
            "DeviceFileEvents",
            at,
            server,
            tool,
            "FileCreated",
            FileName=facts.note,
            FolderPath=f"D:\\Shares\\{share}\\{facts.note}",
        )
    machine = evidence.device(server, removed)
    return Chapter(
        NAME,
        "Ransomware activity on one endpoint",
        (
            AlertPlan(
                "File backups were deleted",
                "high",
                "Impact",
                ("T1490",),
                ENDPOINT,
                "microsoftDefenderForEndpoint",
                removed,
                (
                    machine,
                    *(
                        evidence.process(process, server, removed, "malicious")
                        for process in removers
                    ),
                ),
                "Shadow copies and the backup catalogue were removed by tools of the system.",
            ),
            AlertPlan(
                "Ransomware behavior detected in the file system",
                "high",
                "Impact",
                ("T1486",),
                ENDPOINT,
                "microsoftDefenderForEndpoint",
                at,
                (
                    machine,
                    evidence.process(tool, server, at, "malicious"),
                    evidence.file(facts.tool, where, facts.tool_sha256, tool.sha1, server, at),
                ),
                "Many files were renamed with one extension in a short time.",
            ),
        ),
    )
