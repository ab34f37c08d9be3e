# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read a registry saved by a spreadsheet as CSV, with any separator, line breaks and empty margins.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import csv
import io
import re
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError

SEPARATORS: t.Final = (",", ";", "\t", "|")
REQUIRED: t.Final = ("tenant_id", "name")
# Excel interprets such a first line; other spreadsheets write it back with empty cells or in
# quotes.
NAMED_SEPARATOR: t.Final = re.compile(
    r"""["']?sep=(?:(\\t|[^\w\s"'\\]|\t)["']?)?["',;\t ]*(?:\r\n|\r|\n|\Z)""", re.I
)
At = t.Callable[[int], str]  # the place of a line, counted from 0
Record = tuple[int, list[str]]


def records(text: str, at: At) -> t.Iterator[tuple[int, dict[str, str]]]:
    """Each row that is not empty: the line where it begins and its fields by column name.

    A column without a name is ignored if it is empty in every row. Excel leaves out empty cells at
    the end of a row, so a row may be shorter than the header. Raises `bad_request`.
    """
    rows = _rows(text, at)
    line, columns = next(rows, (0, []))
    columns = [name.strip() for name in columns]
    _check(columns, at(line))
    named = max((number for number, name in enumerate(columns) if name), default=-1) + 1
    needed = max(columns.index(name) for name in REQUIRED) + 1
    for line, row in rows:
        fields = [field.strip() for field in row]
        if len(fields) < needed or any(fields[len(columns) :]):
            raise DefenderError(
                "bad_request",
                (
                    f"{at(line)}: this row has {len(fields)} fields, but the first line has"
                    f" {named} columns."
                ),
            )
        for number, (name, field) in enumerate(zip(columns, fields, strict=False), 1):
            if field and not name:
                raise DefenderError(
                    "bad_request",
                    (
                        f"{at(line)}: column {number} has no name, but contains {field!r}; name it"
                        " in the first line."
                    ),
                )
        fields += [""] * (len(columns) - len(fields))
        yield line, {name: field for name, field in zip(columns, fields, strict=False) if name}


def _check(columns: t.Sequence[str], place: str) -> None:
    for number, name in enumerate(columns):
        if name and name in columns[:number]:
            raise DefenderError(
                "bad_request",
                (
                    f"{place}: column {number + 1} repeats the name {name!r}; rename one of the"
                    " two columns."
                ),
            )
    if not set(REQUIRED) <= set(columns):
        raise DefenderError(
            "bad_request",
            (
                f"{place}: the first line has the columns"
                f" {', '.join(filter(None, columns)) or 'none'}, but must have tenant_id and name."
            ),
        )


def _rows(text: str, at: At) -> t.Iterator[Record]:
    """The header and every later row that is not empty."""
    skipped = 0
    candidates: t.Sequence[str] = SEPARATORS
    if named := NAMED_SEPARATOR.match(text):
        text, skipped = text[named.end() :], 1
        if named[1]:
            candidates = ("\t" if named[1] == "\\t" else named[1],)
    separator = _separator(text, candidates)
    for line, row in _parsed(text, separator, lambda line: at(line + skipped)):
        yield line + skipped, row


def _separator(text: str, candidates: t.Sequence[str]) -> str:
    """The separator with which the first row has the required columns, or else the most frequent
    one."""
    counts = {}
    for separator in candidates:
        try:
            unused, header = next(_parsed(text, separator, str), (0, []))
        except DefenderError:
            continue  # a quote inside a field with the wrong separator
        if set(REQUIRED) <= {name.strip() for name in header}:
            return separator
        counts[separator] = len(header)
    return max(counts, key=lambda separator: counts[separator], default=candidates[0])


def _parsed(text: str, separator: str, at: At) -> t.Iterator[Record]:
    """Rows that are not empty, each with the line where it begins."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    while True:
        line = reader.line_num
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as e:
            raise DefenderError("bad_request", f"{at(line)}: this is not valid CSV: {e}.") from None
        if any(field.strip() for field in row):
            yield line, row
