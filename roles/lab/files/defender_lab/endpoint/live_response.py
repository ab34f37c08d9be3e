# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Live response: commands for a device, and the link to what one of them gave."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping
from types import MappingProxyType

from defender_lab.api.defender import incorrect_body
from defender_lab.api.routes import Call
from defender_lab.endpoint.bodies import entity, members, text
from defender_lab.endpoint.downloads import Downloads
from defender_lab.endpoint.machine_actions import ENTITY, action_of
from defender_lab.endpoint.machines import machine_of
from defender_lab.endpoint.response_actions import LIVE_RESPONSE, check_sensor, refuse_second
from defender_lab.estate.commands import created, missing_file, parameter
from defender_lab.estate.estate import Estate
from defender_lab.estate.operations import OPEN
from defender_lab.service.exchange import Refused, Reply, dumped

Record = dict[str, t.Any]

# in this order the page wants them, each as often as one likes: parameters needed, and optional
PARAMETERS: Mapping[str, tuple[frozenset[str], frozenset[str]]] = MappingProxyType(
    {
        "PutFile": (frozenset({"FileName"}), frozenset()),
        "RunScript": (frozenset({"ScriptName"}), frozenset({"Args"})),
        "GetFile": (frozenset({"Path"}), frozenset()),
    }
)
ORDER = tuple(PARAMETERS)
AT_ONCE = 25


def started(call: Call, estate: Estate) -> Reply:
    body = members(call.request, ("Commands", "Comment"))
    comment, commands = text(body, "Comment"), _commands(body["Commands"])
    machine = machine_of(call, estate)
    check_sensor(machine)
    for command in commands:
        # whether a file is looked for before the action starts is not documented
        if gone := missing_file(command, estate.files):
            raise Refused(400, "InvalidInput", f"Invalid input: file {gone} is not in the library.")
    refuse_second(estate, machine, LIVE_RESPONSE.type)
    under_way = [
        action
        for action in estate.actions()
        if action["type"] == LIVE_RESPONSE.type and action["status"] in OPEN
    ]
    if len(under_way) >= AT_ONCE:
        raise Refused(
            429, "TooManyRequests", f"The limit of {AT_ONCE} concurrent sessions is reached."
        )
    action = estate.start(
        machine,
        LIVE_RESPONSE.type,
        call.actor,
        comment,
        commands=[created(index, command) for index, command in enumerate(commands)],
    )
    return entity(call, ENTITY, action, 201)


def _commands(value: t.Any) -> list[Record]:
    if not isinstance(value, list) or not all(_is_command(command) for command in value):
        raise incorrect_body()
    places = [ORDER.index(command["type"]) for command in value]
    if places != sorted(places):
        raise incorrect_body()
    return value


def _is_command(value: t.Any) -> bool:
    if not isinstance(value, dict) or set(value) != {"type", "params"}:
        return False
    if value["type"] not in PARAMETERS or not isinstance(value["params"], list):
        return False
    keys = [pair["key"] for pair in value["params"] if _is_pair(pair)]
    needed, optional = PARAMETERS[value["type"]]
    return (
        len(keys) == len(value["params"]) == len(set(keys))
        and needed <= set(keys) <= needed | optional
    )


def _is_pair(value: t.Any) -> bool:
    return (
        isinstance(value, dict)
        and set(value) == {"key", "value"}
        and all(isinstance(part, str) and part for part in value.values())
    )


def result_link(call: Call, estate: Estate, downloads: Downloads) -> Reply:
    """PutFile has no result, and no other command has one before it is completed."""
    action, index = action_of(call, estate), call.parts[1]
    if not index.isascii() or not index.isdigit():
        raise Refused(400, "InvalidInput", f"Invalid input {index}.")
    commands = action["commands"] if action["type"] == LIVE_RESPONSE.type else []
    command = commands[int(index)] if int(index) < len(commands) else None
    if (
        command is None
        or command["commandStatus"] != "Completed"
        or command["command"]["type"] == "PutFile"
    ):
        raise Refused(
            404,
            "ResourceNotFound",
            f"Result of command {index} of machine action {action['id']} was not found",
        )
    path = f"/investigation-actions-data/{action['id']}/CustomPlaybookCommandOutput/{index}"
    content, kind = _result(command["command"])
    query = downloads.signed(path, content, kind)
    return entity(call, "Edm.String", {"value": f"{call.request.base}{path}?{query}"})


def _result(command: Record) -> tuple[bytes, str]:
    """The output of a script as JSON, or the file."""
    if command["type"] == "GetFile":
        return f"content of {parameter(command, 'Path')}\n".encode(), "application/octet-stream"
    script = parameter(command, "ScriptName")
    output = {
        "script_name": script,
        "exit_code": 0,
        "script_output": f"{script} {parameter(command, 'Args')}".rstrip() + "\n",
        "script_errors": "",
    }
    return dumped(output), "application/json"
