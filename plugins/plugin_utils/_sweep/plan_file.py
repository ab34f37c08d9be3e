# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The file of a plan: what a sweep would change, one line for each object.

NDJSON with a head, the objects, and a last line with the number of lines. Each line has a digest of
itself and of the line before, so that every edit is noticed. Without a key it notices mistakes;
with a key, nobody without the key can make a plan.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import dataclasses
import hashlib
import hmac
import json
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils import _files
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._shapes import Json

VERSION: t.Final = 1
ENTRY: t.Final = frozenset({"tenant", "module", "arguments", "object", "before", "after", "digest"})
LEAST_KEY: t.Final = 16  # bytes
LARGEST: t.Final = 1 << 30  # bytes of a plan


@dataclasses.dataclass(frozen=True)
class Plan:
    """A plan as it was written: `entries` are its lines about objects, without their digests."""

    head: Json
    entries: list[Json]

    @property
    def module(self) -> str:
        return str(self.head["module"])


def text(head: Json, entries: t.Iterable[Json], key: bytes | None) -> bytes:
    """The content of the file."""
    lines: list[Json] = [{**head, "plan_version": VERSION, "keyed": key is not None}, *entries]
    lines.append({"lines": len(lines) + 1})
    digest, written = "", []
    for line in lines:
        digest = _digest(digest, line, key)
        written.append(_files.json_line({**line, "digest": digest}))
    return b"".join(written)


def key_from(path: str | None) -> bytes | None:
    """The key in a file, without white space around it; raises `bad_request`."""
    if path is None:
        return None
    key = read(path, option="plan_key_file").strip()
    if len(key) < LEAST_KEY:
        raise DefenderError(
            "bad_request",
            f"plan_key_file is {path}, which has {len(key)} bytes; use a random key of at least"
            f" {LEAST_KEY}.",
        )
    return key


def read(path: str, *, option: str) -> bytes:
    """The content of a file; raises `bad_request`."""
    try:
        with open(path, "rb") as file:
            return file.read(LARGEST)
    except OSError as e:
        raise DefenderError(
            "bad_request", f"{option} is {path}, which cannot be read: {e.strerror}."
        ) from None


def parse(path: str, content: bytes, key: bytes | None) -> Plan:
    """The plan in a file; raises `refused` for one that was edited or is of another version, and
    `bad_request` for what is no plan."""
    lines = [_object(path, number, line) for number, line in enumerate(content.splitlines(), 1)]
    if not lines or "plan_version" not in lines[0]:
        raise DefenderError(
            "bad_request", f"apply is {path}, which is not a plan of a sweep; set plan to make one."
        )
    head = lines[0]
    if head["plan_version"] != VERSION:
        raise DefenderError(
            "refused",
            f"{path} is a plan of version {head['plan_version']}, but this collection applies only"
            f" version {VERSION}; make the plan again.",
        )
    if bool(head.get("keyed")) != (key is not None):
        has, lacks = ("a", "no") if head.get("keyed") else ("no", "a")
        raise DefenderError(
            "refused",
            f"{path} was made with {has} key, but plan_key_file names {lacks} key; use the same for"
            " both.",
        )
    _check_digests(path, lines, key)
    if lines[-1].get("lines") != len(lines) or len(lines) < 2:
        raise _edited(path, len(lines), "the last line is missing")
    entries = [{name: line[name] for name in line if name != "digest"} for line in lines[1:-1]]
    for number, line in enumerate(lines[1:-1], 2):
        if not _is_entry(line, head.get("module")):
            raise _edited(path, number, "it is no change of the plan's module")
    return Plan(head, entries)


def _is_entry(line: Json, module: t.Any) -> bool:
    """Whether a line has all that is used of it. Without a key, anybody can make a digest."""
    tenant = line.get("tenant")
    return (
        set(line) == ENTRY
        and line["module"] == module
        and isinstance(tenant, dict)
        and {"id", "name", "cloud"} <= set(tenant)
        and all(isinstance(line[name], dict) for name in ("arguments", "before", "after"))
    )


def _check_digests(path: str, lines: list[Json], key: bytes | None) -> None:
    digest = ""
    for number, line in enumerate(lines, 1):
        digest = _digest(digest, {name: line[name] for name in line if name != "digest"}, key)
        if not hmac.compare_digest(digest, str(line.get("digest"))):
            raise _edited(path, number, "its digest is wrong")


def _digest(previous: str, line: Json, key: bytes | None) -> str:
    canonical = json.dumps(line, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    message = f"{previous}{canonical}".encode()
    if key is None:
        return hashlib.sha256(message).hexdigest()
    return hmac.new(key, message, hashlib.sha256).hexdigest()


def _object(path: str, number: int, line: bytes) -> Json:
    try:
        value = json.loads(line)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        if number == 1:
            raise DefenderError(
                "bad_request",
                f"apply is {path}, which is not a plan of a sweep; set plan to make one.",
            )
        raise _edited(path, number, "it is not a JSON object")
    return value


def _edited(path: str, number: int, why: str) -> DefenderError:
    return DefenderError(
        "refused",
        f"{path} is not as the sweep wrote it (line {number}: {why}), so nothing of it is applied;"
        " make the plan again.",
    )
