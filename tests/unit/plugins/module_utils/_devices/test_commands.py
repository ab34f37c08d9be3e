# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The commands of a live response: what is refused before anything is sent, and what is sent."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils import _odata
from ansible_collections.mssp.defender_xdr.plugins.module_utils._devices import (
    commands as _commands,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError

Json = dict[str, t.Any]
# As on learn.microsoft.com/defender-endpoint/api/run-live-response.
SAMPLE: t.Final[list[Json]] = [
    {
        "type": "RunScript",
        "params": [
            {"key": "ScriptName", "value": "minidump.ps1"},
            {"key": "Args", "value": "OfficeClickToRun"},
        ],
    },
    {"type": "GetFile", "params": [{"key": "Path", "value": "C:\\TEMP\\a.dmp.zip"}]},
]
OPTION: t.Final[list[Json]] = [
    {"run_script": "minidump.ps1", "args": "OfficeClickToRun"},
    {"get_file": "C:\\TEMP\\a.dmp.zip"},
]


def action(commands: t.Sequence[Json]) -> Json:
    shown = [{"index": index, "command": command} for index, command in enumerate(commands)]
    return t.cast("Json", _odata.snake_names({"commands": shown}))


def test_commands_are_sent_as_the_service_documents_them() -> None:
    commands = _commands.parse(OPTION)
    assert [command.as_payload() for command in commands] == SAMPLE
    assert [command.as_option() for command in commands] == OPTION
    put = _commands.parse([{"put_file": "tool.exe", "run_script": None, "args": None}])
    assert put[0].as_payload() == {
        "type": "PutFile",
        "params": [{"key": "FileName", "value": "tool.exe"}],
    }


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ([], "commands is empty"),
        ([{}], "commands[0] has no command"),
        ([{"args": "-All"}], "commands[0] has no command"),
        ([{"put_file": "a", "get_file": "/b"}], "commands[0] has put_file and get_file"),
        ([{"get_file": "/b", "args": "x"}], "commands[0] has args beside get_file"),
        ([{"get_file": "/b"}, {"put_file": "a"}], "commands[1] is put_file after get_file"),
        ([{"run_script": "a"}, {"put_file": "a"}], "commands[1] is put_file after run_script"),
        ([{"run_script": "../a.ps1"}], "without a folder"),
        ([{"put_file": "a\\b"}], "without a folder"),
        ([{"get_file": "C:\\Temp\\"}], "names no file"),
        ([{"get_file": "/tmp/.."}], "names no file"),
        ([{"get_file": "/tmp/a\nb"}], "names no file"),
        ([{"run_script": " "}], "names no file"),
    ],
)
def test_what_the_service_would_refuse_is_refused_before(option: list[Json], words: str) -> None:
    with pytest.raises(DefenderError) as caught:
        _commands.parse(option)
    assert caught.value.category == "bad_request"
    assert words in caught.value.message


@pytest.mark.parametrize(
    ("option", "name"),
    [
        ({"get_file": "C:\\Windows\\System32\\drivers\\etc\\hosts"}, "0-hosts"),
        ({"get_file": "/var/log/auth.log"}, "0-auth.log"),
        ({"get_file": "C:/a\\..\\b.txt"}, "0-b.txt"),
        ({"run_script": "list.ps1"}, "0-list.ps1"),
    ],
)
def test_the_file_of_a_result_has_the_index_and_the_name(option: Json, name: str) -> None:
    assert _commands.parse([option])[0].file_name == name


def test_a_name_of_any_length_fits_into_a_name_of_a_file(tmp_path: Path) -> None:
    (command,) = _commands.parse([{"get_file": f"/tmp/{'ü' * 255}.log"}])
    (tmp_path / command.file_name).write_text("")
    assert command.file_name.endswith("ü.log")


def test_a_session_with_the_same_commands_is_recognized() -> None:
    commands = _commands.parse(OPTION)
    assert _commands.are_those_of(commands, action(SAMPLE))
    without = [{"type": "RunScript", "params": SAMPLE[0]["params"][:1]}]
    plain = _commands.parse([{"run_script": "minidump.ps1", "args": " "}])
    assert _commands.are_those_of(plain, action(without))
    empty = {"type": "RunScript", "params": [*without[0]["params"], {"key": "Args", "value": ""}]}
    assert _commands.are_those_of(plain, action([empty]))
    others: list[t.Any] = [SAMPLE[:1], SAMPLE[::-1], without, [*SAMPLE, SAMPLE[1]], []]
    for other in others:
        assert not _commands.are_those_of(commands, action(json.loads(json.dumps(other))))
    assert not _commands.are_those_of(commands, {"commands": None})
