# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Splits a $filter into words, literals and punctuation."""

from __future__ import annotations

import re
from dataclasses import dataclass

from defender_lab.odata.fields import BadFilter

TOKEN = re.compile(
    r"""\s*(?:
      (?P<text>'(?:[^']|'')*')
    | (?P<guid>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})
    | (?P<time>\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d))
    | (?P<number>-?\d+(?:\.\d+)?(?![\w-]))
    | (?P<word>[A-Za-z_][\w.]*(?:/[A-Za-z_]\w*)*)
    | (?P<mark>[(),:])
    )""",
    re.VERBOSE | re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Token:
    kind: str
    value: str
    at: int


def tokens(text: str) -> list[Token]:
    parsed: list[Token] = []
    place = 0
    end = len(text.rstrip())
    while place < end:
        match = TOKEN.match(text, place)
        if not match or match.lastgroup is None:
            raise BadFilter(f"Syntax error at position {place} in '{text}'.")
        parsed.append(
            Token(match.lastgroup, match.group(match.lastgroup), match.start(match.lastgroup))
        )
        place = match.end()
    return parsed
