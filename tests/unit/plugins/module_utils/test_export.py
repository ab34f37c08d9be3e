# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files of rows: whole or not at all, closed to others, and no formula in a spreadsheet."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import typing as t
from pathlib import Path

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils import _export, _found_rows, _row_cutter
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError

SCHEMA = [
    {"name": "Timestamp", "type": "DateTime"},
    {"name": "Name", "type": "String"},
    {"name": "Size", "type": "Int64"},
    {"name": "Known", "type": "SByte"},
    {"name": "More", "type": "Object"},
]
ROWS: list[dict[str, t.Any]] = [
    {"Timestamp": "2026-11-22T09:39:50.7688641Z", "Name": "=1+1", "Size": -5, "Known": True, "More": {"a": [1]}},
    {"Timestamp": None, "Name": None, "Size": None, "Known": None, "More": None},
]


def placed(dest: Path, form: str, *, rows: list[dict[str, t.Any]] | None = None, schema: list[dict[str, str]] | None = None, mode: int = 0o600) -> bool:
    """Rows in the spool that the hunt leaves, put in place; whatever happens the spool goes, as when the hunt closes it."""
    spool = _found_rows.OnDisk(str(dest.parent), 0)
    try:
        spool.file.write(b"".join(json.dumps(row).encode() + b"\n" for row in (ROWS if rows is None else rows)))
        return _export.place(spool.file, str(dest), form=form, schema=schema or SCHEMA, mode=mode)
    finally:
        spool.close()


def test_ndjson_is_the_rows_in_a_file_closed_to_others(tmp_path: Path) -> None:
    dest = tmp_path / "rows"
    assert placed(dest, "ndjson") is True
    assert [json.loads(line) for line in dest.read_text().splitlines()] == ROWS
    assert dest.stat().st_mode & 0o777 == 0o600
    assert os.listdir(tmp_path) == ["rows"]


def test_the_same_rows_again_change_nothing(tmp_path: Path) -> None:
    dest = tmp_path / "rows"
    assert [placed(dest, "ndjson"), placed(dest, "ndjson"), placed(dest, "ndjson", mode=0o640), placed(dest, "ndjson", rows=ROWS[:1])] == [
        True,
        False,
        True,
        True,
    ]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_is_a_formula(tmp_path: Path, start: str) -> None:
    dest = tmp_path / "rows.csv"
    placed(dest, "csv", rows=[{"Name": f"{start}cmd|' /C calc'!A0", "Size": -5}], schema=SCHEMA[1:3])
    header, row = csv.reader(io.StringIO(dest.read_bytes().decode(), newline=""))
    assert header == ["Name", "Size"]
    assert row == [f"'{start}cmd|' /C calc'!A0", "-5"]


def test_csv_has_every_column_of_the_schema(tmp_path: Path) -> None:
    dest = tmp_path / "rows.csv"
    placed(dest, "csv")
    assert list(csv.reader(io.StringIO(dest.read_bytes().decode(), newline=""))) == [
        ["Timestamp", "Name", "Size", "Known", "More"],
        ["2026-11-22T09:39:50.7688641Z", "'=1+1", "-5", "true", '{"a": [1]}'],
        ["", "", "", "", ""],
    ]


def test_parquet_has_the_types_of_the_schema_to_the_last_digit(tmp_path: Path) -> None:
    pq = pytest.importorskip("pyarrow.parquet")
    dest = tmp_path / "rows.parquet"
    placed(dest, "parquet")
    table = pq.read_table(dest)
    assert [str(field.type) for field in table.schema] == ["timestamp[ns, tz=UTC]", "string", "int64", "bool", "string"]
    assert table.column("Timestamp").cast("int64").to_pylist() == [1795340390768864100, None]
    assert table.column("More").to_pylist() == ['{"a": [1]}', None]


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_half_a_surrogate_pair_is_replaced_where_it_cannot_be_written(tmp_path: Path, form: str) -> None:
    if form == "parquet":
        pytest.importorskip("pyarrow")
    placed(tmp_path / "rows", form, rows=[{"Name": "a\ud800b"}], schema=SCHEMA[1:2])
    assert "a\ufffdb".encode() in (tmp_path / "rows").read_bytes()


def test_what_json_writes_as_text_is_a_number_in_parquet_again(tmp_path: Path) -> None:
    pq = pytest.importorskip("pyarrow.parquet")
    placed(tmp_path / "rows", "parquet", rows=[{"Score": "Infinity"}, {"Score": 1}, {"Score": None}], schema=[{"name": "Score", "type": "Double"}])
    assert pq.read_table(tmp_path / "rows").column("Score").to_pylist() == [float("inf"), 1.0, None]


@pytest.mark.parametrize(("column", "value"), [("Timestamp", "0001-01-01T00:00:00Z"), ("Size", 2**63), ("Size", "many"), ("Timestamp", 5)])
def test_a_value_that_parquet_cannot_hold_is_said_with_its_column(tmp_path: Path, column: str, value: t.Any) -> None:
    pytest.importorskip("pyarrow")
    with pytest.raises(DefenderError, match=f"column {column} has a value that is no"):
        placed(tmp_path / "rows", "parquet", rows=[{column: value}])
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("form", _export.FORMATS)
def test_a_failure_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    if form == "parquet":
        pytest.importorskip("pyarrow")
    (tmp_path / "rows").write_text("before")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DefenderError, match="No space left on device"):
        placed(tmp_path / "rows", form)
    assert os.listdir(tmp_path) == ["rows"]
    assert (tmp_path / "rows").read_text() == "before"


@pytest.mark.parametrize("mode", ["888", "rw", "-1", "10000", ""])
def test_a_mode_that_is_none_is_refused(mode: str) -> None:
    with pytest.raises(DefenderError, match="which is no file mode"):
        _export.mode_of(mode)


def test_a_disk_that_is_nearly_full_is_refused_before_anything_is_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: type("Usage", (), {"free": 5 << 20}))
    with pytest.raises(DefenderError, match="only 5 MB are free there"):
        _found_rows.folder_of(str(tmp_path / "rows"))


class Service:
    """Answers hunts with these bodies, one after the other."""

    tenant = type("Tenant", (), {"options": type("Options", (), {"label": "contoso"})})

    def __init__(self, *bodies: bytes) -> None:
        self._bodies = list(bodies)

    def query(self, path: str, payload: t.Any, *, timeout: float, into: t.BinaryIO) -> None:
        into.seek(0)
        into.truncate()
        into.write(self._bodies.pop(0))


def taken(folder: Path, bodies: list[bytes], *, limit: int = 0, rollback: int | None = None) -> tuple[list[int], int, list[bytes]]:
    """How many rows there were after each answer, how many are kept, and the lines on disk."""
    rows = _found_rows.OnDisk(str(folder), limit)
    service, counts = Service(*bodies), []
    try:
        for _turn in bodies:
            rows.take(t.cast("t.Any", service), "/", {}, schema="schema", results="results", timeout=1)
            counts.append(rows.count)
        if rollback is not None:
            rows.rollback(rollback)
        return counts, rows.kept, Path(rows.file.name).read_bytes().splitlines()
    finally:
        rows.close()


def body(*rows: str) -> bytes:
    return f'{{"@odata.context":"x","schema":[{{"name":"n","type":"Object"}}],"results":[{",".join(rows)}]}}'.encode()


def test_rows_on_disk_are_counted_and_forgotten_again(tmp_path: Path) -> None:
    answers = [body('{"n":1}', '{"n":2.50}'), body('{"n":"ü"}'), body('{"n":null}')]
    assert taken(tmp_path, answers, rollback=3) == ([2, 3, 4], 3, [b'{"n":1}', b'{"n":2.50}', '{"n":"ü"}'.encode()])
    assert os.listdir(tmp_path) == []


def test_rows_of_an_answer_that_broke_off_are_forgotten_when_the_request_is_repeated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = Service.query

    def repeated(self: Service, path: str, payload: t.Any, *, timeout: float, into: t.BinaryIO) -> None:
        into.seek(0)
        into.truncate()
        into.write(body('{"n":1}', '{"n":2}')[:-3])
        whole(self, path, payload, timeout=timeout, into=into)

    monkeypatch.setattr(_row_cutter, "PIECE", 1)
    monkeypatch.setattr(Service, "query", repeated)
    assert taken(tmp_path, [body('{"n":1}'), body('{"n":3}')]) == ([1, 2], 2, [b'{"n":1}', b'{"n":3}'])


def test_rows_beyond_the_limit_are_counted_and_not_kept(tmp_path: Path) -> None:
    answers = [body('{"n":1}', '{"n":2}'), body('{"n":3}', '{"n":4}')]
    assert taken(tmp_path, answers, limit=3) == ([2, 4], 3, [b'{"n":1}', b'{"n":2}', b'{"n":3}'])


@pytest.mark.parametrize(
    "wrong",
    [
        b'{"schema": [{"name": "n", "type": "Int64"}], "results": [{"n": 1}, {"n"',
        b'{"schema": [], "results": [{"n": 1}',
        b'{"schema": [], "results": [{"n": 1}]',
        b'{"schema": [], "results": null}',
        b'{"schema": []}',
        b'{"results": []}',
        b"[]",
        b"",
    ],
)
def test_an_answer_that_was_cut_is_no_answer(tmp_path: Path, wrong: bytes) -> None:
    with pytest.raises(DefenderError, match="no whole schema and results"):
        taken(tmp_path, [wrong])


def test_a_disk_that_fills_up_on_the_way_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Service, path: str, payload: t.Any, *, timeout: float, into: t.BinaryIO) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Service, "query", full)
    with pytest.raises(DefenderError, match="No space left on device"):
        taken(tmp_path, [b""])
