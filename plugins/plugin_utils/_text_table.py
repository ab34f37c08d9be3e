# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Renders rows as the aligned lines of a text table that fits a terminal.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import re
import typing as t
import unicodedata

from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError

NULL: t.Final = "–"
ELLIPSIS: t.Final = "…"
HARMLESS: t.Final = "\N{REPLACEMENT CHARACTER}"
SEPARATOR: t.Final = "  "
GUID: t.Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
MORE_THAN: t.Final = re.compile(r"[0-9]{1,9}\+")
NARROWEST: t.Final = 4  # columns that a shortened text keeps
# Control characters, characters that change the direction of the text, lone surrogates, and line
# separators: a terminal would obey them.
OBEYED: t.Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
BLANKS: t.Final = frozenset("\t\n\r\v\f")

Row = t.Mapping[str, t.Any]


def lines(rows: t.Sequence[Row], columns: t.Sequence[t.Any] | None, width: int) -> list[str]:
    """The heading and one line for each row; nothing where there are no rows.

    :arg columns: keys of the rows, or mappings of a key to its heading; None for the keys of the
        first row.
    :arg width: terminal columns of a line. The widest column of text is shortened until the lines
        fit, but no column to less than `NARROWEST`, and never one of numbers or GUIDs.
    :raises DefenderError: `bad_request` for arguments of another shape.
    """
    headings = _headings(rows, columns)
    if width < 1:
        raise DefenderError("bad_request", f"width is {width}, but must be at least 1.")
    if not rows:
        return []
    values = {key: [row.get(key) for row in rows] for key in headings}
    numeric = {key for key in headings if _all_known(values[key], _is_number)}
    whole = numeric | {key for key in headings if _all_known(values[key], _is_guid)}
    cells = {
        key: [safe_text(heading), *map(cell, values[key])] for key, heading in headings.items()
    }
    widths = {key: max(map(display_width, column)) for key, column in cells.items()}
    _fit(widths, whole, width)
    table = zip(
        *(
            [_aligned(text, widths[key], key in numeric) for text in column]
            for key, column in cells.items()
        ),
        strict=True,
    )
    return [SEPARATOR.join(line).rstrip() for line in table]


def cell(value: t.Any) -> str:
    """The text of a value: `–` for null, and no character that a terminal would obey."""
    if value is None:
        return NULL
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)):
        return ", ".join(map(cell, value)) if value else NULL
    return safe_text(str(value))


def safe_text(text: str) -> str:
    return "".join(map(_safe_character, text))


def _safe_character(character: str) -> str:
    if character in BLANKS:
        return " "
    return HARMLESS if unicodedata.category(character) in OBEYED else character


def display_width(text: str) -> int:
    """The columns of a terminal that the text takes: two for a wide character, none for one that
    combines with the character before it."""
    return sum(map(_character_width, text))


def _character_width(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1


def shortened(text: str, width: int) -> str:
    """The text, or as much of its beginning as fits before an ellipsis."""
    if display_width(text) <= width:
        return text
    left = width - display_width(ELLIPSIS)
    kept = []
    for character in text:
        left -= _character_width(character)
        if left < 0:
            break
        kept.append(character)
    return "".join(kept).rstrip() + ELLIPSIS


def _headings(rows: t.Sequence[Row], columns: t.Sequence[t.Any] | None) -> dict[str, str]:
    if isinstance(rows, (str, bytes)) or not isinstance(rows, t.Sequence):
        raise DefenderError("bad_request", "table reads a list of dictionaries.")
    if not all(isinstance(row, t.Mapping) for row in rows):
        raise DefenderError("bad_request", "table reads a list of dictionaries only.")
    if columns is None:
        columns = list(rows[0]) if rows else []
    found: dict[str, str] = {}
    for column in columns:
        if isinstance(column, t.Mapping):
            found |= {str(key): str(heading) for key, heading in column.items()}
        else:
            found[str(column)] = str(column).replace("_", " ")
    return found


def _all_known(values: t.Sequence[t.Any], is_one: t.Callable[[t.Any], bool]) -> bool:
    """Whether all values that are not null, at least one, are of this kind."""
    known = [value for value in values if value is not None]
    return bool(known) and all(map(is_one, known))


def _is_number(value: t.Any) -> bool:
    """A number, or the text of one such as `1000+`, which means that there are more."""
    if isinstance(value, str):
        return MORE_THAN.fullmatch(value) is not None
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_guid(value: t.Any) -> bool:
    return isinstance(value, str) and GUID.fullmatch(value) is not None


def _fit(widths: dict[str, int], whole: t.Collection[str], width: int) -> None:
    """Narrow the widest columns of text, one terminal column at a time."""
    excess = sum(widths.values()) + len(SEPARATOR) * (len(widths) - 1) - width
    while excess > 0:
        text = [key for key in widths if key not in whole and widths[key] > NARROWEST]
        if not text:
            return
        widths[max(text, key=lambda key: widths[key])] -= 1
        excess -= 1


def _aligned(text: str, width: int, to_the_right: bool) -> str:
    text = shortened(text, width)
    padding = " " * (width - display_width(text))
    return padding + text if to_the_right else text + padding
