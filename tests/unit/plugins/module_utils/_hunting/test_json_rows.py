# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rows cut out of an answer: each as the service wrote it, wherever a piece of the file ends, and
nothing of a broken answer passes."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils._hunting import (
    json_rows as _row_cutter,
)
from hypothesis import given
from hypothesis import strategies as st

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
ROWS = st.lists(st.dictionaries(st.text(), VALUES, max_size=4), max_size=8)


def cut(body: bytes, piece: int) -> tuple[list[str], dict[str, t.Any]]:
    """The rows and what stands beside them, where the answer comes in pieces of so many bytes."""
    found: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_row_cutter, "PIECE", piece)
        cutter = _row_cutter.Cutter("results", found.extend)
        for at in range(0, len(body), piece):
            cutter.feed(body[at : at + piece])
        cutter.close()
    return found, cutter.members


@given(
    ROWS, VALUES, st.booleans(), st.sampled_from([None, 0, 2]), st.booleans(), st.integers(1, 40)
)
def test_rows_come_out_as_they_went_in_wherever_a_piece_ends(
    rows: t.Any, beside: t.Any, first: bool, indent: int | None, ascii_only: bool, piece: int
) -> None:
    answer = {"schema": beside, "results": rows} if first else {"results": rows, "schema": beside}
    found, members = cut(
        json.dumps(answer, ensure_ascii=ascii_only, indent=indent).encode("utf-8"), piece
    )
    assert [json.loads(line) for line in found] == rows
    assert not any("\n" in line or "\r" in line for line in found)
    assert members == {"schema": beside}


@given(ROWS.filter(bool), st.integers(1, 40), st.data())
def test_an_answer_that_was_cut_anywhere_is_found_out(rows: t.Any, piece: int, data: t.Any) -> None:
    body = json.dumps({"schema": [], "results": rows}).encode()
    with pytest.raises(_row_cutter.BROKEN):
        cut(body[: data.draw(st.integers(0, len(body) - 1))], piece)


@pytest.mark.parametrize(
    "row",
    [
        '{"n":1e400}',
        '{"n":0.10}',
        '{"n":123456789012345678901234567890}',
        '{"n":"\\ud800 \\u00e9 \\/"}',
        '{"n":"ü\u2028"}',
        '{"n":1,"n":2}',
    ],
)
def test_a_row_stays_as_it_was_written(row: str) -> None:
    assert cut(f'{{"results":[{row},{row}]}}'.encode(), 3)[0] == [row, row]


@pytest.mark.parametrize("number", ["0.5", "1e-7", "-12.5E+3", "120"])
@pytest.mark.parametrize("piece", range(1, 12))
def test_a_number_that_is_cut_anywhere_is_read_whole(number: str, piece: int) -> None:
    assert cut(f'{{"n":{number},"results":[]}}'.encode(), piece)[1] == {"n": json.loads(number)}


def test_line_breaks_between_tokens_are_white_space() -> None:
    assert cut(b'\r\n{"results"\n: [\n{"n":\r\n1}\n,\r\n{ }\n]\n}\n', 1)[0] == ['{"n":  1}', "{ }"]


@pytest.mark.parametrize(
    "wrong",
    [
        '{"results":[{"n":NaN}]}',
        '{"results":[{"n":1},]}',
        '{"results":[{"n":1} {"n":2}]}',
        '{"results":[{"n":1}]}}',
        '{"results":[{"n":1}],}',
        '{"results":[{"n":1}]} x',
        '{"results":[{"n":"\n"}]}',
        '{"results":[1]}',
        '{"results":{}}',
        '{"results":[{"n":' + "[" * 100_000 + "]" * 100_000 + "}]}",
        "{}",
        "{",
    ],
)
def test_what_is_no_answer_is_refused(wrong: str) -> None:
    with pytest.raises(_row_cutter.BROKEN):
        cut(wrong.encode(), 7)


def test_what_is_no_utf8_is_refused() -> None:
    for wrong in (b'{"results":[{"n":"\xff"}]}', b'{"results":[]}\xc3'):
        with pytest.raises(_row_cutter.BROKEN):
            cut(wrong, 5)


def test_rows_are_never_in_memory_all_together() -> None:
    row = '{"n":"' + "x" * 1000 + '"}'
    together: list[int] = []
    cutter = _row_cutter.Cutter("results", lambda lines: together.append(sum(map(len, lines))))
    cutter.feed(b'{"results":[')
    for _turn in range(5000):
        cutter.feed(row.encode() + b",")
    cutter.feed(row.encode() + b"]}")
    cutter.close()
    assert sum(together) == 5001 * len(row)
    assert max(together) <= 2 * _row_cutter.PIECE
