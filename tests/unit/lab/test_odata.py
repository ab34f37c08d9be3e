# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The $filter parser: what it takes, what it means, and the words it refuses in."""

from __future__ import annotations

import typing as t

import pytest
from defender_lab.odata.fields import BadFilter, Fields, Kind
from defender_lab.odata.filters import parsed
from hypothesis import given
from hypothesis import strategies as st

FIELDS = Fields(
    "lab.thing",
    {
        "when": Kind("time"),
        "owner": Kind("text"),
        "status": Kind("lab.status", frozenset({"active", "resolved"})),
    },
)
ROWS: list[dict[str, t.Any]] = [
    {"n": 1, "when": "2026-01-01T00:00:00.0000001Z", "owner": "ann", "status": "active"},
    {"n": 2, "when": "2026-01-01T00:00:00.0000002Z", "owner": "o'neil", "status": "resolved"},
    {"n": 3, "when": "2026-01-02T00:00:00Z", "owner": None, "status": "active"},
]


def chosen(text: str) -> list[int]:
    return [row["n"] for row in ROWS if parsed(text, FIELDS)(row)]


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("status eq 'active'", [1, 3]),
        ("status eq 'Active'", [1, 3]),
        ("status eq lab.status'active'", [1, 3]),
        ("status ne 'active'", [2]),
        ("status in ('active','resolved')", [1, 2, 3]),
        ("owner eq 'o''neil'", [2]),
        ("owner eq null", [3]),
        ("owner ne null", [1, 2]),
        ("owner eq 'ANN'", []),
        ("when gt 2026-01-01T00:00:00.0000001Z", [2, 3]),
        ("when ge 2026-01-01T00:00:00.0000001Z", [1, 2, 3]),
        ("when lt 2026-01-02T01:00:00+01:00", [1, 2]),
        ("when le 2026-01-02T01:00:00+01:00", [1, 2, 3]),
        ("not status eq 'active'", [2]),
        ("not (status eq 'active' and owner eq null)", [1, 2]),
        ("owner eq 'ann' or status eq 'resolved' and owner eq 'nobody'", [1]),
        ("(owner eq 'ann' or status eq 'resolved') and when gt 2026-01-01T00:00:00.0000001Z", [2]),
        ("  status  eq  'active'  ", [1, 3]),
    ],
)
def test_a_filter_chooses(text: str, numbers: list[int]) -> None:
    assert chosen(text) == numbers


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "Syntax error at position 0"),
        ("status", "Syntax error at position 6"),
        ("status eq", "Syntax error at position 9"),
        ("status eq 'active' and", "Syntax error"),
        ("(status eq 'active'", "Syntax error"),
        ("status eq 'active')", "Syntax error at position 18"),
        ("status eq active", "Syntax error"),
        ("status EQ 'active'", "Syntax error"),
        ("'active' eq status", "Syntax error at position 0"),
        ("status like 'active'", "Syntax error"),
        ("status eq 'open'", "The string 'open' is not a valid enumeration type constant."),
        ("status gt 'active'", "A binary operator with incompatible types was detected."),
        ("title eq 'x'", "Could not find a property named 'title' on type 'lab.thing'"),
        ("contains(owner,'a')", "An unknown function with name 'contains' was found."),
        (
            "when gt '2026-01-01T00:00:00Z'",
            (
                "Found operand types 'Edm.DateTimeOffset' and 'Edm.String' for operator kind"
                " 'GreaterThan'."
            ),
        ),
        ("when gt 2026-01-01T00:00:00 01:00", "Syntax error"),
        ("when gt 2026-13-01T00:00:00Z", "Unrecognized 'Edm.DateTimeOffset' literal"),
        (
            "owner eq 5",
            "Found operand types 'Edm.String' and 'Edm.Int32' for operator kind 'Equal'.",
        ),
        ("owner eq 'it", "Syntax error"),
    ],
)
def test_a_bad_filter_is_refused_in_odata_words(text: str, words: str) -> None:
    with pytest.raises(BadFilter) as refused:
        parsed(text, FIELDS)
    assert words in str(refused.value)


@given(st.text(max_size=60))
def test_no_text_breaks_the_parser(text: str) -> None:
    try:
        predicate = parsed(text, FIELDS)
    except BadFilter:
        return
    assert all(isinstance(predicate(row), bool) for row in ROWS)
