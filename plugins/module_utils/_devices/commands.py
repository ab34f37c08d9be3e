# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The commands of a live response: checked, in the words of the service, and compared with it.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._shapes import Json

# From learn.microsoft.com/defender-endpoint/api/run-live-response, in the order that the service
# wants: the option, the service's type, and the name of its parameter.
TYPES: t.Final[t.Mapping[str, tuple[str, str]]] = {
    "put_file": ("PutFile", "FileName"),
    "run_script": ("RunScript", "ScriptName"),
    "get_file": ("GetFile", "Path"),
}
ORDER: t.Final = tuple(TYPES)
# The value of `commands` as an argument_spec has it.
OPTION: t.Final[t.Mapping[str, t.Any]] = {
    "type": "list",
    "elements": "dict",
    "required": True,
    "options": {name: {"type": "str"} for name in (*TYPES, "args")},
}
SEPARATORS: t.Final = re.compile(r"[/\\]")  # of the device, which may run Windows or another system
UNFIT: t.Final = re.compile(r"[\x00-\x1f\x7f]")
LONGEST: t.Final = 200  # bytes of a name in a name of a file


@dataclasses.dataclass(frozen=True, kw_only=True)
class Command:
    """One command: its place in the list, the option that says what it does, and their values."""

    index: int
    verb: str
    value: str
    args: str | None

    @property
    def has_result(self) -> bool:
        """Whether the service keeps a result of it."""
        return self.verb != "put_file"

    @property
    def file_name(self) -> str:
        """The name of the file for its result: `<index>-<name>`."""
        name = SEPARATORS.split(self.value)[-1].encode()[-LONGEST:].decode(errors="ignore")
        return f"{self.index}-{name}"

    def as_option(self) -> Json:
        """The command as the option has it."""
        return {self.verb: self.value, **({"args": self.args} if self.args else {})}

    def as_payload(self) -> Json:
        """The command as the service wants it."""
        kind, name = TYPES[self.verb]
        values = {name: self.value, **({"Args": self.args} if self.args else {})}
        return {"type": kind, "params": [{"key": key, "value": values[key]} for key in values]}


def parse(options: t.Sequence[t.Mapping[str, t.Any]]) -> list[Command]:
    """The commands in the option; raises `bad_request` for what the service would refuse."""
    if not options:
        raise DefenderError("bad_request", "commands is empty; name at least one command.")
    commands = [_command(index, entry) for index, entry in enumerate(options)]
    for earlier, later in zip(commands, commands[1:], strict=False):
        if ORDER.index(earlier.verb) > ORDER.index(later.verb):
            raise DefenderError(
                "bad_request",
                f"commands[{later.index}] is {later.verb} after {earlier.verb}, but the service"
                f" takes them only in the order {', '.join(ORDER)}.",
            )
    return commands


def _command(index: int, entry: t.Mapping[str, t.Any]) -> Command:
    verbs = [verb for verb in TYPES if entry.get(verb) is not None]
    if len(verbs) != 1:
        raise DefenderError(
            "bad_request",
            f"commands[{index}] has {' and '.join(verbs) or 'no command'}, but must have exactly"
            f" one of {', '.join(TYPES)}.",
        )
    (verb,) = verbs
    value, args = str(entry[verb]).strip(), str(entry.get("args") or "").strip()
    if args and verb != "run_script":
        raise DefenderError(
            "bad_request",
            f"commands[{index}] has args beside {verb}, but only run_script takes arguments.",
        )
    if not SEPARATORS.split(value)[-1].strip(". ") or UNFIT.search(value):
        raise DefenderError(
            "bad_request", f"commands[{index}] has the {verb} {value!r}, which names no file."
        )
    if verb != "get_file" and SEPARATORS.search(value):
        raise DefenderError(
            "bad_request",
            f"commands[{index}] has the {verb} {value!r}, but must have the name of a file in the"
            " library, without a folder.",
        )
    return Command(index=index, verb=verb, value=value, args=args or None)


def are_those_of(commands: t.Sequence[Command], action: Json) -> bool:
    """Whether a live response has the same commands."""
    shown = [_comparable(entry.get("command") or {}) for entry in action.get("commands") or ()]
    return shown == [_comparable(command.as_payload()) for command in commands]


def _comparable(command: Json) -> tuple[t.Any, Json]:
    """A command in the words of the service; an absent argument may be an empty one there."""
    values = {pair.get("key"): pair.get("value") for pair in command.get("params") or ()}
    return command.get("type"), {key: value for key, value in values.items() if value}
