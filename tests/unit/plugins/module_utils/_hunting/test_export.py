# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files of rows: whole or not at all, closed to others, and no formula in a spreadsheet."""

from __future__ import annotations

import csv
import io
import json
import os
import typing as t
from pathlib import Path

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._hunting import export as _export
from ansible_collections.mssp.defender_xdr.plugins.module_utils._hunting import (
    row_sinks as _found_rows,
)
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.module_utils._hunting.rows import (
    OWNER,
    Owner,
    Service,
)

SCHEMA = [
    {"name": "Timestamp", "type": "DateTime"},
    {"name": "Name", "type": "String"},
    {"name": "Size", "type": "Int64"},
    {"name": "Known", "type": "SByte"},
    {"name": "More", "type": "Object"},
]
ROWS: list[dict[str, t.Any]] = [
    {
        "Timestamp": "2026-11-22T09:39:50.7688641Z",
        "Name": "=1+1",
        "Size": -5,
        "Known": True,
        "More": {"a": [1]},
    },
    {"Timestamp": None, "Name": None, "Size": None, "Known": None, "More": None},
]


def placed(
    dest: Path,
    form: str,
    *,
    rows: list[dict[str, t.Any]] | None = None,
    schema: list[dict[str, str]] | None = None,
    mode: int = 0o600,
    owner: Owner = OWNER,
    check_mode: bool = False,
) -> bool:
    """Rows in the spool that the hunt leaves, put in place; whatever happens the spool goes, as
    when the hunt closes it."""
    with _found_rows.on_disk(str(dest), 0, check_mode=check_mode) as spool:
        spool.draft.file.write(
            b"".join(json.dumps(row).encode() + b"\n" for row in (ROWS if rows is None else rows))
        )
        changed, warnings = _export.place(
            spool.draft,
            form=form,
            schema=schema or SCHEMA,
            mode=mode,
            owner=t.cast("t.Any", owner),
            check_mode=check_mode,
        )
        assert warnings == []
        return changed


def test_ndjson_is_the_rows_in_a_file_closed_to_others(tmp_path: Path) -> None:
    dest = tmp_path / "rows"
    assert placed(dest, "ndjson") is True
    assert [json.loads(line) for line in dest.read_text().splitlines()] == ROWS
    assert dest.stat().st_mode & 0o777 == 0o600
    assert os.listdir(tmp_path) == ["rows"]


def test_the_same_rows_again_change_nothing(tmp_path: Path) -> None:
    dest = tmp_path / "rows"
    assert [
        placed(dest, "ndjson"),
        placed(dest, "ndjson"),
        placed(dest, "ndjson", mode=0o640),
        placed(dest, "ndjson", rows=ROWS[:1]),
    ] == [
        True,
        False,
        True,
        True,
    ]


@pytest.mark.parametrize(
    "start", ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20"]
)
def test_no_cell_is_a_formula(tmp_path: Path, start: str) -> None:
    dest = tmp_path / "rows.csv"
    placed(
        dest, "csv", rows=[{"Name": f"{start}cmd|' /C calc'!A0", "Size": -5}], schema=SCHEMA[1:3]
    )
    header, row = csv.reader(io.StringIO(dest.read_bytes().decode(), newline=""))
    assert header == ["Name", "Size"]
    assert row == [f"'{start}cmd|' /C calc'!A0", "-5"]


def test_every_cell_is_quoted_so_that_no_other_separator_cuts_a_formula_out_of_it(
    tmp_path: Path,
) -> None:
    dest = tmp_path / "rows.csv"
    rows: list[dict[str, t.Any]] = [
        {"Name": "a;=1+1", "Size": -5},
        {"Name": 'b"; =1', "Size": None},
        {"Name": "c\t@x\n+1", "Size": 0},
    ]
    placed(dest, "csv", rows=rows, schema=SCHEMA[1:3])
    text = dest.read_bytes().decode()
    assert text == '"Name","Size"\r\n"a;=1+1","-5"\r\n"b""; =1",""\r\n"c\t@x\n+1","0"\r\n'
    assert list(csv.reader(io.StringIO(text, newline=""), delimiter=";"))[1] == ['a;=1+1,"-5"']


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
    assert [str(field.type) for field in table.schema] == [
        "timestamp[ns, tz=UTC]",
        "string",
        "int64",
        "bool",
        "string",
    ]
    assert table.column("Timestamp").cast("int64").to_pylist() == [1795340390768864100, None]
    assert table.column("More").to_pylist() == ['{"a": [1]}', None]


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_half_a_surrogate_pair_is_replaced_where_it_cannot_be_written(
    tmp_path: Path, form: str
) -> None:
    if form == "parquet":
        pytest.importorskip("pyarrow")
    placed(tmp_path / "rows", form, rows=[{"Name": "a\ud800b"}], schema=SCHEMA[1:2])
    assert "a\ufffdb".encode() in (tmp_path / "rows").read_bytes()


def test_what_json_writes_as_text_is_a_number_in_parquet_again(tmp_path: Path) -> None:
    pq = pytest.importorskip("pyarrow.parquet")
    placed(
        tmp_path / "rows",
        "parquet",
        rows=[{"Score": "Infinity"}, {"Score": 1}, {"Score": None}],
        schema=[{"name": "Score", "type": "Double"}],
    )
    assert pq.read_table(tmp_path / "rows").column("Score").to_pylist() == [float("inf"), 1.0, None]


@pytest.mark.parametrize(
    ("column", "value"),
    [("Timestamp", "0001-01-01T00:00:00Z"), ("Size", 2**63), ("Size", "many"), ("Timestamp", 5)],
)
def test_a_value_that_parquet_cannot_hold_is_said_with_its_column(
    tmp_path: Path, column: str, value: t.Any
) -> None:
    pytest.importorskip("pyarrow")
    with pytest.raises(DefenderError, match=f"column {column} has a value that is no"):
        placed(tmp_path / "rows", "parquet", rows=[{column: value}])
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("form", _export.FORMATS)
def test_a_failure_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
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
    with pytest.raises(DefenderError, match="which is not a file mode"):
        _export.mode_of(mode)


CAPITALS = (
    b'{"Schema":[{"Name":"Timestamp","Type":"DateTime"},{"Name":"FileName","Type":"String"}],'
    b'"Results":[{"Timestamp":"t","FileName":"a"}]}'
)
ODD_SCHEMAS: t.Final = {
    "capitals": (CAPITALS, ["Timestamp", "FileName"], [["t", "a"]]),
    "capital columns": (
        CAPITALS.replace(b"Schema", b"schema").replace(b"Results", b"results"),
        ["Timestamp", "FileName"],
        [["t", "a"]],
    ),
    "all capitals": (
        CAPITALS.replace(b'"Name"', b'"NAME"').replace(b'"Type"', b'"TYPE"'),
        ["Timestamp", "FileName"],
        [["t", "a"]],
    ),
    "a column without a name": (
        b'{"schema":[{"type":"String"},{"name":"A"}],"results":[{"A":1,"B":"b"},{"B":2}]}',
        ["A", "B"],
        [["1", "b"], ["", "2"]],
    ),
    "a null name": (
        b'{"schema":[{"name":null,"type":null},{"name":""}],"results":[{"A":1}]}',
        ["A"],
        [["1"]],
    ),
    "a value without a column": (
        b'{"schema":[{"name":"A","type":"Int64"}],"results":[{"A":1},{"A":2,"C":[3]}]}',
        ["A", "C"],
        [["1", ""], ["2", "[3]"]],
    ),
    "no columns": (b'{"schema":[],"results":[{"B":1,"A":2}]}', ["B", "A"], [["1", "2"]]),
    "rows first": (
        b'{"results":[{"B":1,"A":2}],"schema":[{"name":"A","type":"Int64"}]}',
        ["A", "B"],
        [["2", "1"]],
    ),
}


@pytest.mark.parametrize("odd", ODD_SCHEMAS)
@pytest.mark.parametrize("form", _export.FORMATS)
def test_a_file_loses_no_value_whatever_the_schema_looks_like(
    tmp_path: Path, odd: str, form: str
) -> None:
    answer, names, cells = ODD_SCHEMAS[odd]
    dest = tmp_path / "rows"
    if form == "parquet":
        pq = pytest.importorskip("pyarrow.parquet")
        answer = answer.replace(b'"Timestamp":"t"', b'"Timestamp":null')
    with _found_rows.on_disk(str(dest), 0, check_mode=False) as rows:
        schema = rows.take(t.cast("t.Any", Service(answer)), "/", {}, timeout=1)
        _export.place(
            rows.draft, form=form, schema=schema, mode=0o600, owner=t.cast("t.Any", Owner())
        )
    assert [column["name"] for column in schema] == names
    if form == "csv":
        assert list(csv.reader(io.StringIO(dest.read_text(), newline=""))) == [names, *cells]
    elif form == "ndjson":
        held = [json.loads(line) for line in dest.read_text().splitlines()]
        assert [[_plain(row.get(name)) for name in names] for row in held] == cells
    else:
        table = pq.read_table(dest)
        held = [
            ["" if value is None else str(value) for value in row.values()]
            for row in table.to_pylist()
        ]
        assert table.column_names == names
        assert held == [[cell if cell != "t" else "" for cell in row] for row in cells]


def _plain(value: t.Any) -> str:
    return "" if value is None else str(value)
