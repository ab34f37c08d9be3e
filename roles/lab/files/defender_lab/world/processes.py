# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Programs and processes, and their columns in the device tables."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from defender_lab.world.chance import sha1, sha256, stamp
from defender_lab.world.people import Person

SYSTEM = Person("Local", "System", "system", "nt authority", "", "S-1-5-18", "", "", True)

_SYSTEM32 = "C:\\Windows\\System32"
_FOLDERS = {
    "winword.exe": "C:\\Program Files\\Microsoft Office\\root\\Office16",
    "excel.exe": "C:\\Program Files\\Microsoft Office\\root\\Office16",
    "outlook.exe": "C:\\Program Files\\Microsoft Office\\root\\Office16",
    "explorer.exe": "C:\\Windows",
    "powershell.exe": f"{_SYSTEM32}\\WindowsPowerShell\\v1.0",
    "msedge.exe": "C:\\Program Files (x86)\\Microsoft\\Edge\\Application",
    "teams.exe": "C:\\Program Files\\WindowsApps\\MSTeams",
    "ccmexec.exe": "C:\\Windows\\CCM",
    "msmpeng.exe": "C:\\ProgramData\\Microsoft\\Windows Defender\\Platform",
    "wmiprvse.exe": f"{_SYSTEM32}\\wbem",
    "wmic.exe": f"{_SYSTEM32}\\wbem",
    "backupagent.exe": "C:\\Program Files\\Fourth Coffee Backup",
}


@dataclass(frozen=True)
class Process:
    """A started program. ``sha256`` is the same wherever the same program runs, as it is in
    life."""

    file: str
    command: str
    pid: int
    started: datetime
    account: Person
    folder: str
    sha1: str
    sha256: str
    size: int
    parent: str = "services.exe"
    parent_pid: int = 700

    @property
    def path(self) -> str:
        return f"{self.folder}\\{self.file}"

    def itself(self) -> dict[str, Any]:
        """FileName, ProcessCommandLine and the like: the process as the thing an event is about."""
        return {
            "FileName": self.file,
            "FolderPath": self.path,
            "SHA1": self.sha1,
            "SHA256": self.sha256,
            "FileSize": self.size,
            "ProcessId": self.pid,
            "ProcessCommandLine": self.command,
            "ProcessCreationTime": stamp(self.started),
        }

    def initiating(self) -> dict[str, Any]:
        """InitiatingProcess…: the process as the one that did it."""
        return {
            "InitiatingProcessFileName": self.file,
            "InitiatingProcessFolderPath": self.path.lower(),
            "InitiatingProcessSHA1": self.sha1,
            "InitiatingProcessSHA256": self.sha256,
            "InitiatingProcessFileSize": self.size,
            "InitiatingProcessId": self.pid,
            "InitiatingProcessCommandLine": self.command,
            "InitiatingProcessCreationTime": stamp(self.started),
            "InitiatingProcessParentFileName": self.parent,
            "InitiatingProcessParentId": self.parent_pid,
            **self.account.columns("InitiatingProcess"),
        }


def start(
    file: str,
    command: str,
    moment: datetime,
    account: Person,
    *,
    pid: int,
    folder: str = "",
    image: str = "",
    parent: Process | None = None,
) -> Process:
    """A process of a well-known program, or of *image* (any text, hashed) in *folder* when it is a
    stranger."""
    return Process(
        file=file,
        command=command,
        pid=pid,
        started=moment,
        account=account,
        folder=folder or _FOLDERS.get(file.lower(), _SYSTEM32),
        sha1=sha1(image or file.lower()),
        sha256=sha256(image or file.lower()),
        size=40_000 + int(sha1(image or file)[:5], 16),
        parent=parent.file if parent else "services.exe",
        parent_pid=parent.pid if parent else 700,
    )


def shell(account: Person, moment: datetime) -> Process:
    """The desktop from which people start things."""
    return start("explorer.exe", "explorer.exe", moment - timedelta(hours=2), account, pid=4312)
