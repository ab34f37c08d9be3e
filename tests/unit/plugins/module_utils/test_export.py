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
from ansible_collections.mssp.defender_xdr.plugins.module_utils import _export, _found_rows
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


def spool(rows: list[dict[str, t.Any]]) -> io.BytesIO:
    return io.BytesIO(b"".join(json.dumps(row).encode() + b"\n" for row in rows))


def placed(dest: Path, form: str, *, count: int = 9, mode: int = 0o600) -> bool:
    return _export.place(spool(ROWS), count, str(dest), form=form, schema=SCHEMA, mode=mode)


def test_ndjson_is_the_rows_in_a_file_closed_to_others(tmp_path: Path) -> None:
    dest = tmp_path / "rows"
    assert placed(dest, "ndjson") is True
    assert [json.loads(line) for line in dest.read_text().splitlines()] == ROWS
    assert dest.stat().st_mode & 0o777 == 0o600
    assert os.listdir(tmp_path) == ["rows"]


def test_the_same_rows_again_change_nothing(tmp_path: Path) -> None:
    dest = tmp_path / "rows"
    assert [placed(dest, "ndjson"), placed(dest, "ndjson"), placed(dest, "ndjson", mode=0o640), placed(dest, "ndjson", count=1)] == [True, False, True, True]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_is_a_formula(tmp_path: Path, start: str) -> None:
    dest = tmp_path / "rows.csv"
    _export.place(spool([{"Name": f"{start}cmd|' /C calc'!A0", "Size": -5}]), 1, str(dest), form="csv", schema=SCHEMA[1:3], mode=0o600)
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


def test_a_failure_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DefenderError, match="No space left on device"):
        placed(tmp_path / "rows", "ndjson")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("mode", ["888", "rw", "-1", "10000", ""])
def test_a_mode_that_is_none_is_refused(mode: str) -> None:
    with pytest.raises(DefenderError, match="which is no file mode"):
        _export.mode_of(mode)


def test_a_disk_that_is_nearly_full_is_refused_before_anything_is_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: type("Usage", (), {"free": 5 << 20}))
    with pytest.raises(DefenderError, match="only 5 MB are free there"):
        _found_rows.folder_of(str(tmp_path / "rows"))


@pytest.mark.parametrize("with_ijson", [True, False])
def test_rows_on_disk_are_counted_and_forgotten_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, with_ijson: bool) -> None:
    if not with_ijson:
        monkeypatch.setattr(_found_rows, "ijson", None)
    else:
        pytest.importorskip("ijson")
    answers = [[{"n": 1}, {"n": 2.5}], [{"n": "ü"}], [{"n": None}]]

    class Api:
        def query(self, path: str, payload: t.Any, *, timeout: float, into: t.BinaryIO) -> None:
            into.seek(0)
            into.truncate()
            into.write(json.dumps({"@odata.context": "x", "schema": [{"name": "n", "type": "Object"}], "results": answers.pop(0)}).encode())

    rows = _found_rows.OnDisk(str(tmp_path), 0)
    try:
        counts = []
        for _turn in range(3):
            rows.take(t.cast("t.Any", Api()), "/", {}, schema="schema", results="results", timeout=1)
            counts.append(rows.count)
        rows.rollback(3)
        rows.file.seek(0)
        assert (counts, rows.count) == ([2, 3, 4], 3)
        assert [json.loads(line)["n"] for line in rows.file] == [1, 2.5, "ü"]
    finally:
        rows.close()
    assert os.listdir(tmp_path) == []


def test_an_answer_that_was_cut_is_no_answer(tmp_path: Path) -> None:
    class Api:
        tenant = type("Tenant", (), {"options": type("Options", (), {"label": "contoso"})})

        def query(self, path: str, payload: t.Any, *, timeout: float, into: t.BinaryIO) -> None:
            into.seek(0)
            into.write(b'{"schema": [{"name": "n", "type": "Int64"}], "results": [{"n": 1}, {"n"')

    rows = _found_rows.OnDisk(str(tmp_path), 0)
    try:
        with pytest.raises(DefenderError, match="no whole schema and results"):
            rows.take(t.cast("t.Any", Api()), "/", {}, schema="schema", results="results", timeout=1)
    finally:
        rows.close()
