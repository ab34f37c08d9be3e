# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Extract the rows of a large JSON response unchanged and piece by piece, in constant memory.

Each row is parsed to detect a broken or truncated response, but kept as the service wrote it:
serializing it again would double the time and change numbers such as 1e400 or 0.10.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import codecs
import contextlib
import json
import json.scanner
import re
import typing as t

PIECE: t.Final = 256 * 1024
# Errors of a broken response: invalid, too short, nested too deeply.
BROKEN: t.Final = (ValueError, EOFError, RecursionError)
_past_space = re.compile(r"[ \t\n\r]*").match


def _no_json(word: str) -> t.NoReturn:
    raise ValueError(f"{word} is not valid JSON")


# the scanner in C: JSONDecoder.raw_decode without its two calls in Python for each row
_scan: t.Final[t.Callable[[str, int], tuple[t.Any, int]]] = json.scanner.make_scanner(
    t.cast("t.Any", json.JSONDecoder(parse_constant=_no_json))
)


# Requests bytes (empty at the end) and returns its result.
T = t.TypeVar("T")
Asking = t.Generator[None, bytes, T]


class Cutter:
    """Reads a JSON object in pieces; one of its members is a list of rows that is never in memory
    as a whole.

    :arg rows: the name of that member in lower case; the response may capitalize it. After `close`,
        the other members are in `members`, and `columns` has every name for which a row has a
        value.
    :arg keep: called with the rows in order, some at a time, each as JSON without a line break.

    `feed` and `close` raise one of `BROKEN` unless the input is one complete JSON object whose
    member is a list of objects.
    """

    def __init__(self, rows: str, keep: t.Callable[[list[str]], None]) -> None:
        self.members: dict[str, t.Any] = {}
        self.columns: dict[str, None] = {}
        self._rows = rows
        self._keep = keep
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        # the unread input: from _at on
        self._text = ""
        self._at = 0
        self._ended = False
        self._reading = self._object()
        next(self._reading)

    def feed(self, piece: bytes) -> None:
        """The next piece of the object, of any size."""
        if piece:
            self._reading.send(piece)

    def close(self) -> None:
        """End of the input."""
        with contextlib.suppress(StopIteration):
            self._reading.send(b"")
            raise EOFError("the response ends too early")

    def _object(self) -> Asking[None]:
        has_rows = False
        yield from self._expect("{")
        more = (yield from self._sign()) != "}"
        while more:
            name = yield from self._value()
            if not isinstance(name, str):
                raise ValueError("a name that is not a string")
            yield from self._expect(":")
            if name.lower() == self._rows:
                if has_rows:
                    raise ValueError(f"two members {self._rows}")
                has_rows = True
                yield from self._list()
            else:
                self.members[name] = yield from self._value()
            more = yield from self._goes_on("}")
        if not has_rows or (yield from self._sign()):
            raise ValueError(f"no {self._rows}, or more than the object")

    def _list(self) -> Asking[None]:
        yield from self._expect("[")
        if (yield from self._sign()) == "]":
            self._at += 1
            return
        more = True
        while more:
            text, at, rows = self._text, self._at, []
            whole = True
            try:
                while True:
                    row, end = _scan(text, at)
                    if row.__class__ is not dict:
                        raise TypeError
                    if not row.keys() <= self.columns.keys():
                        self.columns.update(dict.fromkeys(row))
                    rows.append(text[at:end])
                    at = end
                    if text[at : at + 2] != ",{":
                        break
                    at += 1
            except (ValueError, StopIteration):
                # most likely the rest of this row has not arrived yet
                whole = False
            except TypeError:
                raise ValueError("a row is not an object") from None
            self._at = at
            self._keep(_in_lines(rows))
            if whole:
                more = yield from self._goes_on("]")
            else:
                yield from self._more()

    def _goes_on(self, closing: str) -> Asking[bool]:
        """Whether a comma and another part follow; False at the end."""
        sign = yield from self._sign()
        if sign not in (",", closing):
            raise ValueError(f"{sign!r} instead of a comma or {closing}")
        self._at += 1
        if sign == ",":
            yield from self._sign()
        return sign == ","

    def _expect(self, sign: str) -> Asking[None]:
        if (yield from self._sign()) != sign:
            raise ValueError(f"no {sign}")
        self._at += 1
        yield from self._sign()

    def _sign(self) -> Asking[str]:
        """The next character after white space, without consuming it; empty at the end."""
        while True:
            space = _past_space(self._text, self._at)
            self._at = space.end() if space else self._at
            if self._at < len(self._text):
                return self._text[self._at]
            if self._ended:
                return ""
            yield from self._more()

    def _value(self) -> Asking[t.Any]:
        """The value that begins here."""
        while True:
            with contextlib.suppress(ValueError, StopIteration):
                value, end = _scan(self._text, self._at)
                # a number may continue, and one cut after its point or exponent parses as a shorter
                # number
                if end < len(self._text) and self._text[end] not in ".eE":
                    self._at = end
                    return value
            yield from self._more()

    def _more(self) -> Asking[None]:
        """Append more text, each time as much as there is, so that long values take linear time."""
        if self._ended:
            raise EOFError("the response ends too early")
        parts = [self._text[self._at :]]
        wanted = max(PIECE, len(parts[0]))
        while wanted > 0 and not self._ended:
            piece = yield
            wanted -= len(piece)
            self._ended = not piece
            # an incomplete character at the end raises an error
            parts.append(self._decoder.decode(piece, self._ended))
        self._text, self._at = "".join(parts), 0


def _in_lines(rows: list[str]) -> list[str]:
    """The rows, each on one line: a line break in JSON is white space between tokens, never part of
    a string."""
    together = "".join(rows)
    if "\n" in together or "\r" in together:
        return [row.replace("\n", " ").replace("\r", " ") for row in rows]
    return rows
