# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The chain of an audit file: whatever is done to one line is found."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._audit import chain as _chain
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._audit.chain import FIRST, Head
from hypothesis import given
from hypothesis import strategies as st

Json = dict[str, t.Any]
RECORDS = st.lists(
    st.fixed_dictionaries(
        {"object": st.text(), "outcome": st.sampled_from(["failed", "succeeded"])}
    ),
    min_size=1,
    max_size=6,
)


def trail(records: list[Json]) -> tuple[list[bytes], Head]:
    content, head = _chain.extended(Head(), records)
    return content.splitlines(keepends=True), head


def codes(lines: list[bytes], head: Head | None) -> list[str]:
    unused, problems = _chain.check(b"".join(lines), head)
    return [problem.code for problem in problems]


@given(RECORDS, st.integers(1, 6))
def test_lines_written_at_once_and_one_by_one_make_the_same_intact_trail(
    records: list[Json], size: int
) -> None:
    content, head = b"", Head()
    for start in range(0, len(records), size):
        more, head = _chain.extended(head, records[start : start + size])
        content += more
    assert (content, head) == _chain.extended(Head(), records)
    found, problems = _chain.check(content, head)
    assert problems == []
    assert [number for number, _unused in found] == list(range(1, len(records) + 1))
    assert [{**record, "previous": ""} for _unused, record in found] == [
        {**record, "previous": ""} for record in records
    ]
    assert head.count == len(records)
    assert _chain.head_from(head.encoded()) == head


@given(RECORDS, st.data())
def test_any_line_that_is_removed_is_found(records: list[Json], data: st.DataObject) -> None:
    lines, head = trail(records)
    del lines[data.draw(st.integers(0, len(lines) - 1))]
    assert "lines_missing" in codes(lines, head)


@given(RECORDS, st.data())
def test_any_line_that_is_changed_is_found(records: list[Json], data: st.DataObject) -> None:
    lines, head = trail(records)
    number = data.draw(st.integers(0, len(lines) - 1))
    record = json.loads(lines[number])
    member = data.draw(st.sampled_from(["object", "previous", "user"]))
    changed = json.dumps({**record, member: f"{record.get(member)}x"}).encode() + b"\n"
    lines[number] = changed
    assert codes(lines, head)


@given(RECORDS, st.data())
def test_any_byte_that_is_changed_is_found(records: list[Json], data: st.DataObject) -> None:
    lines, head = trail(records)
    content = bytearray(b"".join(lines))
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    assert codes([bytes(content)], head)


@given(RECORDS, st.data())
def test_any_line_that_is_moved_or_repeated_is_found(
    records: list[Json], data: st.DataObject
) -> None:
    lines, head = trail(records)
    place = st.integers(0, len(lines) - 1)
    source, target = data.draw(place), data.draw(place)
    moved = list(lines)
    moved.insert(target, moved.pop(source))
    if moved != lines:
        assert codes(moved, head)
    repeated = list(lines)
    repeated.insert(target, lines[source])
    assert "lines_added" in codes(repeated, head)


@given(RECORDS, RECORDS, st.data())
def test_a_line_that_is_removed_stays_found_after_more_were_written(
    records: list[Json], more: list[Json], data: st.DataObject
) -> None:
    lines, head = trail(records)
    del lines[data.draw(st.integers(0, len(lines) - 1))]
    content, head = _chain.extended(head, more)
    assert "chain_broken" in codes([*lines, content], head)


def test_a_problem_has_the_line_and_says_what_was_done() -> None:
    lines, head = trail([{"object": str(number)} for number in range(4)])
    unused, (problem,) = _chain.check(
        b"".join([lines[0], lines[1].replace(b'"1"', b'"7"'), *lines[2:]]), head
    )
    assert (problem.code, problem.line) == ("chain_broken", 3)
    assert "line 2 was changed" in problem.text
    unused, problems = _chain.check(b"".join(lines[1:]), head)
    assert [(problem.code, problem.line) for problem in problems] == [
        ("chain_broken", 1),
        ("lines_missing", 3),
    ]
    unused, problems = _chain.check(b"", head)
    assert [(problem.code, problem.line) for problem in problems] == [("lines_missing", None)]
    changed = [*lines[:3], lines[3].replace(b'"3"', b'"8"')]
    unused, problems = _chain.check(b"".join(changed), head)
    assert [(problem.code, problem.line) for problem in problems] == [("chain_broken", 4)]
    assert codes(changed, None) == []


def test_what_is_no_record_is_found_and_the_others_are_read() -> None:
    lines, head = trail([{"object": "a"}, {"object": "b"}])
    found, problems = _chain.check(b"[]\n" + b"".join(lines), head)
    assert [record["object"] for _unused, record in found] == ["a", "b"]
    assert [problem.code for problem in problems] == ["not_json", "chain_broken", "lines_added"]
    assert codes([lines[0], lines[1].rstrip(b"\n")], head) == ["line_incomplete"]
    assert codes([lines[0], lines[1][:9]], head) == ["line_incomplete", "not_json", "chain_broken"]


def test_an_empty_trail_has_the_head_of_none() -> None:
    assert _chain.check(b"", Head()) == ([], [])
    assert Head().last == FIRST == "0" * 64


@pytest.mark.parametrize("content", [b"", b"[]", b'{"count": 1}', b'{"count": true, "last": "a"}'])
def test_what_is_no_head_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        _chain.head_from(content)
