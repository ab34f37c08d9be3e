# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Live-response commands: what becomes of each when its action runs and ends."""

from __future__ import annotations

from collections.abc import Container

from defender_lab.estate.operations import Course, Record

# the parameter that names the file of the library
FROM_LIBRARY = {"PutFile": "FileName", "RunScript": "ScriptName"}


def created(index: int, command: Record) -> Record:
    return {
        "index": index,
        "startTime": None,
        "endTime": None,
        "commandStatus": "Created",
        "errors": [],
        "command": command,
    }


def parameter(command: Record, key: str) -> str:
    """The value of a parameter, or an empty text."""
    return str(next((pair["value"] for pair in command["params"] if pair["key"] == key), ""))


def missing_file(command: Record, library: Container[str]) -> str:
    """The file that the command needs and the library lacks, or an empty text."""
    key = FROM_LIBRARY.get(command["type"])
    name = parameter(command, key) if key else ""
    return "" if name in library else name


def finish(commands: list[Record], course: Course, library: Container[str], now: str) -> str:
    """Run the commands in order up to the first that fails; its error, or an empty text. The rest
    stay Created."""
    for command in commands:
        error = ""
        if gone := missing_file(command["command"], library):
            error = f"File {gone} was not found in the library."
        elif course.outcome != "Succeeded" and command["index"] == course.command:
            error = course.error or "The command failed."
        command.update(
            startTime=now,
            endTime=now,
            commandStatus="Failed" if error else "Completed",
            errors=[error] if error else [],
        )
        if error:
            return error
    return ""
