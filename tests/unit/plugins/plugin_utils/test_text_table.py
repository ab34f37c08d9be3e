# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rows as the lines of a table: aligned, within the width, and harmless to a terminal."""

from __future__ import annotations

import typing as t
import unicodedata

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.mssp.defender_xdr.plugins.filter.table import table
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils import _text_table
from hypothesis import given
from hypothesis import strategies as st

TEXT = st.text(st.characters(codec="utf-8"), max_size=40) | st.sampled_from(
    [
        "\x1b[31mred\x1b[0m",
        "日本語の名前",
        "one\ntwo\ttab",
        "\u202egnp.exe",
        "e\u0301te\u0301",
        "\ud800",
    ]
)
VALUE = TEXT | st.none() | st.booleans() | st.integers() | st.lists(TEXT, max_size=3)
ROWS = st.lists(st.fixed_dictionaries({"a": VALUE, "b": VALUE, "c": VALUE}), min_size=1, max_size=6)


def test_a_table_has_a_heading_and_one_aligned_line_for_each_row() -> None:
    rows: list[dict[str, t.Any]] = [
        {"tenant": "contoso", "open": 7, "assigned_to": None, "tags": ["a", "b"]},
        {"tenant": "woodgrove", "open": 12, "assigned_to": "ada", "tags": []},
        {"tenant": "tailspin", "open": None, "assigned_to": "", "tags": None},
    ]
    assert table(rows, [{"tenant": "customer"}, "open", "assigned_to", "tags"]) == [
        "customer   open  assigned to  tags",
        "contoso       7  –            a, b",
        "woodgrove    12  ada          –",
        "tailspin      –               –",
    ]


def test_a_number_of_which_there_are_more_is_a_number() -> None:
    rows: list[dict[str, t.Any]] = [{"open": "1000+", "id": "12"}, {"open": 7, "id": "345"}]
    assert table(rows) == [" open  id", "1000+  12", "    7  345"]


def test_without_columns_the_first_row_names_them() -> None:
    assert table([{"a_b": 1, "c": True}, {"c": False}]) == ["a b  c", "  1  yes", "  –  no"]


def test_without_rows_there_are_no_lines() -> None:
    assert table([]) == []
    assert table([], ["a"]) == []


def test_only_the_widest_text_is_shortened() -> None:
    rows = [{"id": 1234567890, "host": "woodgrove", "text": "x" * 50}]
    assert table(rows, width=40) == [
        "        id  host       text",
        "1234567890  woodgrove  xxxxxxxxxxxxxxxx…",
    ]


def test_a_guid_is_never_shortened() -> None:
    key = "b08d5def-235d-4735-9da5-000000000001"
    rows: list[dict[str, t.Any]] = [{"name": "x" * 20, "key": key}, {"name": "y", "key": None}]
    assert table(rows, width=50) == [
        "name          key",
        f"xxxxxxxxxxx…  {key}",
        "y             –",
    ]


def test_a_wide_character_counts_as_two_columns() -> None:
    assert table([{"a": "日本", "b": 1}, {"a": "abcd", "b": 2}]) == [
        "a     b",
        "日本  1",
        "abcd  2",
    ]
    assert table([{"a": "日本語"}], width=4) == ["a", "日…"]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("\x1b]0;title\x07", "\ufffd]0;title\ufffd"),
        ("one\r\ntwo", "one  two"),
        ("\u202egnp.exe", "\ufffdgnp.exe"),
        ("a\u2028b", "a\ufffdb"),
        ("\ud83d", "\ufffd"),
    ],
)
def test_a_terminal_obeys_nothing_in_a_cell(value: str, shown: str) -> None:
    assert table([{"a": value}]) == ["a", shown]


@given(ROWS, st.integers(20, 120))
def test_no_line_is_wider_than_asked_and_all_are_harmless(rows: t.Any, width: int) -> None:
    made = table(rows, width=width)
    assert len(made) == len(rows) + 1
    # numbers are never shortened
    longest = max(len(_text_table.cell(value)) for row in rows for value in row.values())
    numbers = any(isinstance(value, int) for row in rows for value in row.values())
    if not numbers or longest * 3 + 4 <= width:
        assert all(_text_table.display_width(line) <= width for line in made)
    for character in "".join(made):
        assert unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Zl", "Zp")


@given(ROWS)
def test_with_enough_width_every_cell_starts_in_the_column_of_its_heading(rows: t.Any) -> None:
    made = table([{"first": row["a"], "last": "|"} for row in rows], width=10_000)
    places = {_text_table.display_width(line[: line.rindex("|")]) for line in made[1:]}
    assert places == {_text_table.display_width(made[0][: made[0].index("last")])}


@given(TEXT, st.integers(1, 40))
def test_a_shortened_text_is_a_beginning_of_the_text(text: str, width: int) -> None:
    short = _text_table.shortened(text, width)
    assert _text_table.display_width(short) <= width
    assert short == text or text.startswith(short.removesuffix("…"))


@pytest.mark.parametrize("rows", ["text", 5, ["text"], {"a": 1}, None])
def test_anything_but_a_list_of_dictionaries_is_an_error(rows: t.Any) -> None:
    with pytest.raises(AnsibleFilterError, match="table reads a list of dictionaries"):
        table(rows)


def test_a_width_of_nothing_is_an_error() -> None:
    with pytest.raises(AnsibleFilterError, match="width is 0"):
        table([{"a": 1}], width=0)
