# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Live response on a device: start or join a session, and fetch what its commands returned.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import hashlib
import json
import os
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils import _files
from ansible_collections.mssp.defender_xdr.plugins.module_utils._devices import actions as _actions
from ansible_collections.mssp.defender_xdr.plugins.module_utils._devices import (
    commands as _commands,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._devices import (
    response as _response,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._devices.commands import Command
from ansible_collections.mssp.defender_xdr.plugins.module_utils._devices.device_state import Kind
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._shapes import Json
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import (
    downloads as _downloads,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.tenant import Tenant

MODULE: t.Final = "device_live_response"
# Members of what the service keeps of a script; see the sample of a result file.
SCRIPT: t.Final = ("exit_code", "script_output", "script_errors")


def run(tenant: Tenant, params: t.Mapping[str, t.Any], *, check_mode: bool) -> Json:
    """The result of the module: that of `act`, with `commands`.

    An error of the action has the `commands` too, with the results of those that completed.
    """
    commands = _commands.parse(params["commands"])
    if params["wait"]:
        _check_dest(commands, params["dest"], check_mode=check_mode)
    kind = kind_of(commands)
    try:
        result = _response.act(tenant, MODULE, kind, params, check_mode=check_mode)
    except DefenderError as e:
        action = e.facts.get("action")
        if action and _is_ended(kind, action) and params["wait"]:
            e.facts["commands"] = Results(tenant, action, params["dest"]).available(commands)
        raise
    action = result["action"]
    if check_mode or not params["wait"]:
        return {**result, "commands": [shown(command, action) for command in commands]}
    try:
        results = Results(tenant, action, params["dest"]).complete(commands)
    except DefenderError as e:
        e.facts.setdefault("action", action)
        e.facts.setdefault("changed", result["changed"])
        raise
    return {**result, "commands": results}


def _is_ended(kind: Kind, action: Json) -> bool:
    """Whether the action ran these commands, and was not only waited for, and has ended."""
    return kind.is_like(action) and not _actions.is_open(action)


def kind_of(commands: t.Sequence[Command]) -> Kind:
    """The action that runs these commands."""
    return Kind(
        type="live_response",
        path="runliveresponse",
        state=("commands", [command.as_option() for command in commands]),
        payload={"Commands": [command.as_payload() for command in commands]},
        is_same=lambda action: _commands.are_those_of(commands, action),
        queues=True,
    )


def shown(command: Command, action: Json | None) -> Json:
    """A command in a result, with its status in the action; without an action that is None."""
    entries = (action or {}).get("commands") or ()
    matching = (entry for entry in entries if entry.get("index") == command.index)
    entry: Json = next(matching, {})
    status = entry.get("command_status")
    return {
        "index": command.index,
        **command.as_option(),
        "status": status.lower() if status else None,
        "errors": entry.get("errors") or [],
    }


class Results:
    """What the commands of an action returned."""

    def __init__(self, tenant: Tenant, action: Json, dest: str | None) -> None:
        self._tenant = tenant
        self._action = action
        self._dest = dest

    def complete(self, commands: t.Iterable[Command]) -> list[Json]:
        """All commands in a result, with what those that completed returned."""
        return [self._command(command) for command in commands]

    def available(self, commands: t.Iterable[Command]) -> list[Json]:
        """As `complete`; what cannot be fetched is a warning, because the action has failed."""
        results = []
        for command in commands:
            try:
                results.append(self._command(command))
            except DefenderError as e:
                self._tenant.warnings.append(e.message)
                results.append(shown(command, self._action))
        return results

    def _command(self, command: Command) -> Json:
        result = shown(command, self._action)
        if not command.has_result or result["status"] != "completed":
            return result
        fetch = self._file if command.verb == "get_file" else self._output
        return {**result, **fetch(command)}

    def _file(self, command: Command) -> Json:
        """Download a file of the device."""
        path = self._path(command)
        done = _downloads.download_renewed(self._tenant, self._link(command), path)
        return {"dest": path, "size": done.size, "sha256": done.sha256}

    def _output(self, command: Command) -> Json:
        """Read what a script returned, and keep it in a file too if there is a folder for it."""
        link = self._link(command)
        content = _downloads.renewed(link, lambda url: _downloads.content(self._tenant, url))
        result = output(content)
        if self._dest is None:
            return result
        path = self._path(command)
        _files.write(path, content)
        digest = hashlib.sha256(content).hexdigest()
        return {**result, "dest": path, "size": len(content), "sha256": digest}

    def _path(self, command: Command) -> str:
        return os.path.join(str(self._dest), command.file_name)

    def _link(self, command: Command) -> t.Callable[[], str]:
        """What asks for a link to the result of the command."""
        api = self._tenant.api("endpoint", MODULE)
        call = f"GetLiveResponseResultDownloadLink(index={command.index})"
        path = f"{_actions.PATH}/{self._action['id']}/{call}"
        return lambda: _downloads.signed_link(self._tenant, api.get(path))


def output(content: bytes) -> Json:
    """What a script returned; text that is not the documented JSON is its output as it is."""
    text = content.decode("utf-8", "replace")
    try:
        answer = json.loads(text)
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        answer = {"script_output": text}
    result = {name: answer.get(name) for name in SCRIPT}
    # the service fills the output up with NUL characters
    result["script_output"] = str(result["script_output"] or "").rstrip("\0")
    return result


def _check_dest(commands: t.Sequence[Command], dest: str | None, *, check_mode: bool) -> None:
    """Raise `bad_request` if a result cannot be kept, before anything is sent; the folder is made
    if it is missing."""
    if dest is None:
        if any(command.verb == "get_file" for command in commands):
            raise DefenderError(
                "bad_request",
                "commands has get_file, which needs dest, the folder for the files.",
            )
        return
    if os.path.lexists(dest) and not os.path.isdir(dest):
        raise DefenderError("bad_request", f"dest is {dest}, which is not a folder; name a folder.")
    if check_mode and not os.path.isdir(dest):
        return
    try:
        os.makedirs(dest, mode=0o700, exist_ok=True)
    except OSError as e:
        raise _files.not_written(dest, e) from None
    for command in commands:
        if command.has_result:
            _files.check(os.path.join(dest, command.file_name))
