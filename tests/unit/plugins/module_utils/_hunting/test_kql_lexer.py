# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Places in the syntax are places in the query, and nothing in a text or a comment is syntax."""

from __future__ import annotations

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils._hunting import (
    kql_lexer as _kql_lexer,
)
from hypothesis import given
from hypothesis import strategies as st


@given(st.text(alphabet="ab|;()[]{}\"'@h`~/\\\n ", max_size=60))
def test_syntax_is_as_long_as_its_query(query: str) -> None:
    assert len(_kql_lexer.plain(query)) == len(query)


@pytest.mark.parametrize(
    ("query", "syntax"),
    [
        ("T | where A == 'x | y' // | z", 'T | where A == "_____"       '),
        ('T | where A == @"\\" | take 1', 'T | where A == "__" | take 1'),
        ('T | where A == ```a " | ;``` | count', 'T | where A == "___________" | count'),
        ("T // a 'text\n| count", "T           \n| count"),
    ],
)
def test_texts_and_comments_are_blanked(query: str, syntax: str) -> None:
    assert _kql_lexer.plain(query) == syntax


@pytest.mark.parametrize(
    ("text", "stop", "end"),
    [
        ("a; b", ";", 1),
        ("f(a; b); c", ";", 7),
        ("a, b) | c", "", 4),
        ("a, b) | c", "|", 4),
        ("(a", ";", 2),
    ],
)
def test_a_part_ends_at_its_stop_or_at_the_bracket_around_it(
    text: str, stop: str, end: int
) -> None:
    assert _kql_lexer.end_of_part(text, 0, stop) == end


def test_parts_and_operators_are_those_outside_of_brackets() -> None:
    text = "1, f(2, 3), [4, 5]"
    parts = [text[first:last] for first, last in _kql_lexer.parts(text, 0, len(text), ",")]
    assert parts == ["1", " f(2, 3)", " [4, 5]"]
    assert _kql_lexer.outside_brackets(text) == "1, f(), []"
    pipeline = "T | Where a in (b | count) | mv-expand c | | take 1"
    assert list(_kql_lexer.operators(pipeline)) == ["where", "mv-expand", "an empty pipe", "take"]


@pytest.mark.parametrize(
    ("text", "start"), [("T", 0), ("let a = 1; T", 10), ("let a = 1; T;", 10), ("a; b; c ;; ", 5)]
)
def test_the_last_statement_makes_the_rows(text: str, start: int) -> None:
    assert _kql_lexer.last_statement(text) == start


def test_a_last_statement_without_rows_is_refused() -> None:
    with pytest.raises(ValueError, match="returns no rows"):
        _kql_lexer.last_statement("T; let a = 1;")
