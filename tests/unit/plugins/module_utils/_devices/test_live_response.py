# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A live response: started, joined or waited for, and what its commands returned."""

from __future__ import annotations

import hashlib
import json
import typing as t
from pathlib import Path

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils._devices import (
    commands as _commands,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._devices import (
    live_response as _live_response,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.endpoint import (
    MACHINE,
    Endpoint,
    Json,
)

SCRIPT: t.Final = [{"run_script": "look.ps1", "args": "-All"}]
GET: t.Final = [{"get_file": "C:\\a.txt"}]
# As the documented sample of a result.
OUTPUT: t.Final = json.dumps(
    {
        "script_name": "look.ps1",
        "exit_code": 0,
        "script_output": "51 MB\n\0\0\0",
        "script_errors": "",
    }
).encode()


def run(
    endpoint: Endpoint, commands: list[Json], *, check_mode: bool = False, **options: t.Any
) -> Json:
    params = {
        "device": MACHINE,
        "override_protection": False,
        "comment": "Ticket 4711",
        "commands": commands,
        "dest": None,
        "wait": True,
        "wait_timeout": 1800,
        **options,
    }
    return _live_response.run(endpoint.tenant, params, check_mode=check_mode)


def failed(endpoint: Endpoint, commands: list[Json], **options: t.Any) -> DefenderError:
    with pytest.raises(DefenderError) as caught:
        run(endpoint, commands, **options)
    return caught.value


def sent_commands(endpoint: Endpoint) -> list[list[str]]:
    return [[command["type"] for command in body["Commands"]] for unused, body in endpoint.sent]


def test_commands_run_and_their_results_are_fetched(tmp_path: Path) -> None:
    endpoint, dest = Endpoint(content=OUTPUT), tmp_path / "live"
    commands: list[Json] = [{"put_file": "tool.exe"}, *SCRIPT, *GET]
    predicted = run(endpoint, commands, dest=str(dest), check_mode=True)
    assert (endpoint.sent, dest.exists()) == ([], False)
    result = run(endpoint, commands, dest=str(dest))
    for name in ("changed", "before", "after"):
        assert predicted[name] == result[name]
    assert (result["before"], result["after"]) == ({"commands": None}, {"commands": commands})
    assert [command["status"] for command in predicted["commands"]] == [None] * 3
    put, script, got = result["commands"]
    assert put == {"index": 0, "put_file": "tool.exe", "status": "completed", "errors": []}
    digest = hashlib.sha256(OUTPUT).hexdigest()
    assert script == {
        "index": 1,
        **SCRIPT[0],
        "status": "completed",
        "errors": [],
        "exit_code": 0,
        "script_output": "51 MB\n",
        "script_errors": "",
        "dest": str(dest / "1-look.ps1"),
        "size": len(OUTPUT),
        "sha256": digest,
    }
    assert (got["dest"], got["sha256"]) == (str(dest / "2-a.txt"), digest)
    assert sorted(path.name for path in dest.iterdir()) == ["1-look.ps1", "2-a.txt"]
    assert {path.stat().st_mode & 0o777 for path in dest.iterdir()} == {0o600}
    assert dest.stat().st_mode & 0o777 == 0o700
    assert [name.partition("Link")[2] for name in endpoint.downloads] == ["(index=1)", "(index=2)"]


def test_a_script_needs_no_folder_and_may_return_any_text(tmp_path: Path) -> None:
    endpoint = Endpoint(content=b"no JSON \xff")
    (script,) = run(endpoint, SCRIPT)["commands"]
    assert (script["script_output"], script["exit_code"]) == ("no JSON \ufffd", None)
    assert "dest" not in script
    assert _live_response.output(b"[1]")["script_output"] == "[1]"


def test_an_expired_link_is_replaced_once() -> None:
    endpoint = Endpoint(content=OUTPUT, stale=1)
    assert run(endpoint, SCRIPT)["commands"][0]["exit_code"] == 0
    error = failed(Endpoint(content=OUTPUT, stale=2), SCRIPT)
    assert (error.category, error.facts["changed"]) == ("unavailable", True)
    assert error.facts["action"]["status"] == "succeeded"


def test_a_command_that_fails_says_which_and_keeps_the_results_before_it(tmp_path: Path) -> None:
    endpoint = Endpoint(content=OUTPUT, failing=1)
    commands = [*SCRIPT, *GET, {"get_file": "/b"}]
    error = failed(endpoint, commands, dest=str(tmp_path))
    assert (error.category, error.code) == ("action_failed", "Failed")
    assert "command 1 (GetFile): No such file." in error.message
    assert error.facts["changed"] is True
    results = error.facts["commands"]
    assert [result["status"] for result in results] == ["completed", "failed", "created"]
    assert results[0]["script_output"] == "51 MB\n"
    assert results[1]["errors"] == ["No such file."]
    assert [path.name for path in tmp_path.iterdir()] == ["0-look.ps1"]


def test_a_result_that_cannot_be_fetched_does_not_hide_why_the_session_failed() -> None:
    endpoint = Endpoint(content=OUTPUT, failing=1, stale=2)
    error = failed(endpoint, [*SCRIPT, {"run_script": "b.ps1"}])
    assert error.category == "action_failed"
    assert [result["status"] for result in error.facts["commands"]] == ["completed", "failed"]
    assert "exit_code" not in error.facts["commands"][0]
    (warning,) = endpoint.warnings
    assert "was refused with 403" in warning


def test_a_session_with_the_same_commands_is_joined_and_another_one_waited_for() -> None:
    payload = [command.as_payload() for command in _commands.parse(SCRIPT)]
    endpoint = Endpoint(content=OUTPUT)
    theirs = endpoint.start("LiveResponse", commands=payload)
    for check_mode in (True, False):
        joined = run(endpoint, SCRIPT, check_mode=check_mode)
        assert (joined["changed"], joined["action"]["id"]) == (False, theirs["id"])
        assert bool(endpoint.downloads) != check_mode
    assert joined["commands"][0]["exit_code"] == 0
    endpoint.start("LiveResponse", commands=[{**payload[0], "params": payload[0]["params"][:1]}])
    after = run(endpoint, SCRIPT)
    assert after["changed"]
    assert sent_commands(endpoint) == [["RunScript"]]
    assert [row["status"] for row in endpoint.actions] == ["Succeeded"] * 3


def test_the_failure_of_a_session_that_was_only_waited_for_has_no_results_of_ours() -> None:
    endpoint = Endpoint(seconds=(9999.0, 1.0))
    endpoint.start("LiveResponse", commands=[{"type": "GetFile", "params": []}])
    error = failed(endpoint, SCRIPT, wait_timeout=20)
    assert (error.category, endpoint.sent) == ("timeout", [])
    assert "commands" not in error.facts


def test_too_many_sessions_of_the_tenant_are_waited_for_within_the_timeout() -> None:
    endpoint = Endpoint(content=OUTPUT, fates=["busy"] * 3)
    result = run(endpoint, SCRIPT)
    assert (result["changed"], len(endpoint.sent), len(endpoint.actions)) == (True, 4, 1)
    endpoint = Endpoint(fates=["busy"] * 99)
    error = failed(endpoint, SCRIPT, wait_timeout=60)
    assert (error.category, endpoint.actions) == ("throttled", [])
    assert "wait_timeout" in error.advice
    assert "changed" not in error.facts
    assert 40 < endpoint.now < 60


def test_without_waiting_the_session_is_started_and_nothing_is_fetched() -> None:
    endpoint = Endpoint(seconds=(60.0, 60.0))
    result = run(endpoint, GET, wait=False)
    assert (result["changed"], result["action"]["status"]) == (True, "pending")
    assert result["commands"] == [{"index": 0, **GET[0], "status": "created", "errors": []}]
    assert endpoint.downloads == []


def test_a_folder_that_does_not_fit_is_refused_before_anything_is_sent(tmp_path: Path) -> None:
    endpoint, file = Endpoint(), tmp_path / "file"
    file.write_text("")
    (tmp_path / "0-a.txt").mkdir()
    assert "get_file, which needs dest" in failed(endpoint, GET).message
    assert "not a folder" in failed(endpoint, GET, dest=str(file)).message
    assert "which is a folder" in failed(endpoint, GET, dest=str(tmp_path)).message
    assert "could not be written" in failed(endpoint, GET, dest=str(file / "x")).message
    assert failed(endpoint, GET, check_mode=True, dest=str(file)).category == "bad_request"
    assert endpoint.now == 0


def test_a_lost_response_is_settled_and_the_results_fetched() -> None:
    endpoint = Endpoint(content=OUTPUT, fates=["lost"], seconds=(0.0, 0.0))
    result = run(endpoint, SCRIPT)
    assert (result["changed"], len(endpoint.sent)) == (True, 1)
    assert result["commands"][0]["exit_code"] == 0
