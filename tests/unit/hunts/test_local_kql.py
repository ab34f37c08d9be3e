# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""KQL over collected rows: what it answers, what types it gives the columns, and that it reaches
nothing else."""

from __future__ import annotations

import json
import sys
import typing as t
from pathlib import Path

import pytest
from ansible.errors import AnsibleError

pytest.importorskip(
    "duckdb_kql", reason="local_kql needs duckdb-kql: pip install -r tests/requirements-test.txt"
)

from ansible_collections.mssp.defender_xdr.plugins.filter.local_kql import FilterModule, local_kql
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._hunts import (
    local_kql as _local_kql,
)

ROWS: t.Final[list[dict[str, t.Any]]] = [
    {
        "SHA256": "a",
        "tenant_id": "t1",
        "Timestamp": "2026-01-01T10:00:00.1234567Z",
        "Size": 1,
        "More": {"x": [1, 2]},
        "Seen": True,
        "Share": 1,
    },
    {
        "SHA256": "a",
        "tenant_id": "t2",
        "Timestamp": "2026-01-01T12:00:00+02:00",
        "Size": None,
        "Share": 0.5,
        'odd "$. name': "v",
    },
    {"SHA256": "b", "tenant_id": "t1"},
]


def test_it_answers_across_tenants_what_no_portal_can() -> None:
    assert local_kql(
        ROWS, "Rows | summarize Tenants = dcount(tenant_id) by SHA256 | where Tenants > 1"
    ) == [{"SHA256": "a", "Tenants": 2}]


def test_rows_come_back_as_they_were() -> None:
    first, second, third = local_kql(ROWS, "Rows")
    assert first == {
        **ROWS[0],
        "Timestamp": "2026-01-01T10:00:00.1234560Z",
        "Share": 1.0,
        'odd "$. name': "",
    }
    assert (second["Size"], second["Share"], second['odd "$. name']) == (None, 0.5, "v")
    assert second["Timestamp"] == "2026-01-01T10:00:00Z"
    assert third["Timestamp"] is third["More"] is third["Seen"] is None


def test_columns_have_types_that_a_query_can_count_on() -> None:
    query = (
        "Rows | where Timestamp < datetime(2026-01-02) and Size + 1 == 2 and Seen | project"
        " Next = Timestamp + 1h, X = toint(More.x[1])"
    )
    assert local_kql(ROWS, query) == [{"Next": "2026-01-01T11:00:00.1234560Z", "X": 2}]


def test_lengths_of_time_are_written_as_kusto_writes_them() -> None:
    query = "print a = 1d + 2h, b = datetime(2026-01-01) - datetime(2026-01-02 00:00:00.5), c = 7s"
    assert local_kql({}, query) == [
        {"a": "1.02:00:00", "b": "-1.00:00:00.5000000", "c": "00:00:07"}
    ]


def test_a_file_of_rows_is_read_and_so_are_several_tables(tmp_path: Path) -> None:
    file = tmp_path / "hits.ndjson"
    file.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    assert local_kql(str(file), "Hits | count", table="Hits") == [{"Count": 3}]
    joined = local_kql(
        {"Hits": str(file), "Known": [{"SHA256": "b"}]},
        "Hits | join kind=leftanti Known on SHA256 | distinct SHA256",
    )
    assert joined == [{"SHA256": "a"}]


def test_values_get_in_by_parameters_and_never_as_query() -> None:
    assert local_kql(
        ROWS,
        "Rows | where SHA256 in (wanted) | count",
        parameters={"wanted": ['b"]) or true //', "b"]},
    ) == [{"Count": 1}]


def test_more_rows_than_a_batch_are_all_there(tmp_path: Path) -> None:
    count = 2 * _local_kql.BATCH + 1
    file = tmp_path / "many.ndjson"
    file.write_text("".join(f'{{"n": {n}}}\n' for n in range(count)))
    assert local_kql(str(file), "Rows | summarize count(), sum(n)") == [
        {"count_": count, "sum_n": count * (count - 1) // 2}
    ]


def test_no_rows_are_an_answer_too(tmp_path: Path) -> None:
    (tmp_path / "none.ndjson").touch()
    assert local_kql(str(tmp_path / "none.ndjson"), "Rows | summarize dcount(tenant_id)") == [
        {"dcount_tenant_id": 0}
    ]


@pytest.mark.parametrize(
    ("source", "query", "said"),
    [
        (ROWS, "Rows |", "line 1, column"),
        (ROWS, "Rows | where Nope == 1", "The tables are Rows (SHA256, tenant_id"),
        (ROWS, "Other | count", "The tables are Rows"),
        (ROWS, 'externaldata(line: string)["/etc/passwd"]', "cannot be run locally"),
        (ROWS, ".drop table Rows", "cannot be run locally"),
        (ROWS, " ", "empty"),
        ([1], "Rows", "Row 1 of the table Rows is a number"),
        ([{"a": 1, "A": 2}], "Rows", "a and A"),
        ({"x y": []}, "Rows", "not a valid table name"),
        (7, "Rows", "Rows is a number"),
        ("/nowhere/at/all", "Rows", "No such file"),
    ],
)
def test_what_cannot_be_done_is_said(source: t.Any, query: str, said: str) -> None:
    with pytest.raises(AnsibleError) as caught:
        local_kql(source, query)
    assert said in str(caught.value)


def test_a_line_that_is_no_json_is_named(tmp_path: Path) -> None:
    (tmp_path / "half.ndjson").write_text('{"a": 1}\n{"a":')
    with pytest.raises(AnsibleError, match="line 2"):
        local_kql(str(tmp_path / "half.ndjson"), "Rows")


def test_sql_that_reads_a_file_is_shut_out_even_behind_the_translation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "secret.csv").write_text("a\n1\n")

    class Wide(str):
        parameters: t.ClassVar[dict[str, t.Any]] = {}

    monkeypatch.setattr(
        "duckdb_kql.to_sql", lambda *args, **kwargs: Wide(f"SELECT * FROM '{tmp_path}/secret.csv'")
    )
    with pytest.raises(AnsibleError, match="cannot be run locally"):
        local_kql(ROWS, "Rows")


def test_without_the_package_the_error_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "duckdb_kql", None)
    with pytest.raises(AnsibleError, match="duckdb-kql"):
        local_kql(ROWS, "Rows")


def test_the_filter_is_there_under_its_name() -> None:
    assert list(FilterModule().filters()) == ["local_kql"]
