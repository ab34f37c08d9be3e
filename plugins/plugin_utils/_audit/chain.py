# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The hash chain of an audit file: each line has the hash of the line before, and the head has the
number of lines and the hash of the last one.

A line that is removed, changed, moved or added is found. Somebody who can write the files can also
compute all hashes anew: the chain protects against accidents, and against edits by hand. To detect
the rest, keep a copy of the heads where that person cannot write.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils import _files
from ansible_collections.mssp.defender_xdr.plugins.module_utils._shapes import Json

FIRST: t.Final = "0" * 64  # `previous` in the first line
HEAD_SIZE: t.Final = 128  # bytes


@dataclasses.dataclass(frozen=True)
class Head:
    """The number of lines, and the hash of the last one."""

    count: int = 0
    last: str = FIRST

    def encoded(self) -> bytes:
        """The content of its file, always of the same length, so that one write replaces it."""
        line = _files.json_line({"count": self.count, "last": self.last})
        return line.rstrip(b"\n").ljust(HEAD_SIZE - 1) + b"\n"


@dataclasses.dataclass(frozen=True)
class Problem:
    """A place where the chain is broken. `line` counts from 1; None for the file as a whole."""

    code: str
    line: int | None
    text: str


def head_from(content: bytes) -> Head:
    """The head in this file; raises ValueError if it is none."""
    head = json.loads(content)
    if not isinstance(head, dict):
        raise ValueError(head)
    count, last = head.get("count"), head.get("last")
    if not isinstance(count, int) or isinstance(count, bool) or not isinstance(last, str):
        raise ValueError(head)
    return Head(count, last)


def hash_of(line: bytes) -> str:
    """SHA-256 of a line without its line break, in hex."""
    return hashlib.sha256(line).hexdigest()


def extended(head: Head, records: t.Iterable[Json]) -> tuple[bytes, Head]:
    """The lines for these records, and the head after them.

    The chain continues from the head, not from the file: a line that somebody removed or added
    stays detectable.
    """
    lines = []
    for record in records:
        line = _files.json_line({**record, "previous": head.last})
        head = Head(head.count + 1, hash_of(line.removesuffix(b"\n")))
        lines.append(line)
    return b"".join(lines), head


def check(content: bytes, head: Head | None) -> tuple[list[tuple[int, Json]], list[Problem]]:
    """The readable lines of an audit file with their numbers, and what is wrong with the file.

    :arg head: None if there is none, which is a problem of its own that the caller reports.
    """
    lines = content.split(b"\n")
    problems = []
    if lines.pop():  # what follows the last line break
        lines = content.split(b"\n")
        text = "the last line has no line break, so it was not written completely, or was changed"
        problems.append(Problem("line_incomplete", len(lines), text))
    records: list[tuple[int, Json]] = []
    expected = FIRST
    for number, line in enumerate(lines, 1):
        record = _record(line)
        if record is None:
            problems.append(Problem("not_json", number, "the line is not a JSON object"))
        else:
            records.append((number, record))
            if record.get("previous") != expected:
                problems.append(Problem("chain_broken", number, _broken(number)))
        expected = hash_of(line)
    if head is not None:
        problems += _against_head(len(lines), expected, head)
    return records, problems


def _record(line: bytes) -> Json | None:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None


def _broken(number: int) -> str:
    if number == 1:
        return "the line is not the first one of the trail: lines before it were removed, or moved"
    return (
        f"the hash in the line is not that of line {number - 1}: line {number - 1} was changed, or"
        " lines were removed, added or moved here"
    )


def _against_head(count: int, last: str, head: Head) -> list[Problem]:
    if count < head.count:
        text = f"the file has {count} lines, but the head counts {head.count}: lines were removed"
        return [Problem("lines_missing", count or None, text)]
    if count > head.count:
        text = f"the file has {count} lines, but the head counts {head.count}: lines were added"
        return [Problem("lines_added", head.count + 1, text)]
    if last != head.last:
        text = "the hash of the last line is not that in the head: the line or the head was changed"
        return [Problem("chain_broken", count or None, text)]
    return []
