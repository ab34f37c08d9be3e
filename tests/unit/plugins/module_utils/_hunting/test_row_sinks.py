# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rows in memory and on disk: counted, limited and rolled back; an incomplete response is no
result."""

from __future__ import annotations

import json
import os
import shutil
import typing as t
from pathlib import Path

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._hunting import (
    json_rows as _row_cutter,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._hunting import (
    row_sinks as _found_rows,
)
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.module_utils._hunting.rows import (
    Owner,
    Service,
)


def taken(
    folder: Path, bodies: list[bytes], *, limit: int = 0, rollback: int | None = None
) -> tuple[list[int], int, list[bytes]]:
    """How many rows there were after each answer, how many are kept, and the lines on disk."""
    with _found_rows.on_disk(str(folder / "rows"), limit, check_mode=False) as rows:
        service, counts = Service(*bodies), []
        for _turn in bodies:
            rows.take(t.cast("t.Any", service), "/", {}, timeout=1)
            counts.append(rows.count)
        if rollback is not None:
            rows.rollback(rollback)
        rows.draft.file.flush()
        return counts, rows.kept, Path(rows.draft.name).read_bytes().splitlines()


def body(*rows: str) -> bytes:
    schema = '[{"name":"n","type":"Object"}]'
    return f'{{"@odata.context":"x","schema":{schema},"results":[{",".join(rows)}]}}'.encode()


def test_a_disk_that_is_nearly_full_is_refused_before_anything_is_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: type("Usage", (), {"free": 5 << 20}))
    with pytest.raises(DefenderError, match="only 5 MB are free in"):
        _found_rows.check_dest(str(tmp_path / "rows"), t.cast("t.Any", Owner()), check_mode=False)


def test_rows_on_disk_are_counted_and_removed_on_rollback(tmp_path: Path) -> None:
    answers = [body('{"n":1}', '{"n":2.50}'), body('{"n":"ü"}'), body('{"n":null}')]
    assert taken(tmp_path, answers, rollback=3) == (
        [2, 3, 4],
        3,
        [b'{"n":1}', b'{"n":2.50}', '{"n":"ü"}'.encode()],
    )
    assert os.listdir(tmp_path) == []


def test_rows_of_an_incomplete_response_are_removed_when_the_request_is_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Service.query

    def repeated(
        self: Service, path: str, payload: t.Any, *, timeout: float, into: t.BinaryIO
    ) -> None:
        into.seek(0)
        into.truncate()
        into.write(body('{"n":1}', '{"n":2}')[:-3])
        whole(self, path, payload, timeout=timeout, into=into)

    monkeypatch.setattr(_row_cutter, "PIECE", 1)
    monkeypatch.setattr(Service, "query", repeated)
    assert taken(tmp_path, [body('{"n":1}'), body('{"n":3}')]) == (
        [1, 2],
        2,
        [b'{"n":1}', b'{"n":3}'],
    )


def test_rows_beyond_the_limit_are_counted_and_not_kept(tmp_path: Path) -> None:
    answers = [body('{"n":1}', '{"n":2}'), body('{"n":3}', '{"n":4}')]
    assert taken(tmp_path, answers, limit=3) == ([2, 4], 3, [b'{"n":1}', b'{"n":2}', b'{"n":3}'])


@pytest.mark.parametrize("memory", [True, False])
@pytest.mark.parametrize(
    ("answer", "category"),
    [
        ({"schema": None, "results": [{"A": 1}]}, "unavailable"),
        ({"schema": ["A"], "results": [{"A": 1}]}, "unavailable"),
        ({"schema": {"name": "A"}, "results": [{"A": 1}]}, "unavailable"),
        ({"schema": [], "results": [["A"]]}, "unavailable"),
        ({"schema": [{"name": "A"}, {"name": "A"}], "results": [{"A": 1}]}, "bad_query"),
        ({"schema": [{"name": "A"}, {"Name": "A"}], "results": []}, "bad_query"),
    ],
)
def test_a_schema_that_would_lose_values_is_a_failure(
    tmp_path: Path, answer: t.Any, category: str, memory: bool
) -> None:
    class Small(Service):
        def query(
            self, path: str, payload: t.Any, *, timeout: float, into: t.BinaryIO | None = None
        ) -> t.Any:
            return (
                answer if into is None else super().query(path, payload, timeout=timeout, into=into)
            )

    service = t.cast("t.Any", Small(json.dumps(answer).encode()))
    with _found_rows.on_disk(str(tmp_path / "rows"), 0, check_mode=False) as disk:
        rows: _found_rows.Rows = _found_rows.InMemory(0) if memory else disk
        with pytest.raises(DefenderError) as failed:
            rows.take(service, "/", {}, timeout=1)
    assert failed.value.category == category


@pytest.mark.parametrize(
    "wrong",
    [
        b'{"schema": [{"name": "n", "type": "Int64"}], "results": [{"n": 1}, {"n"',
        b'{"schema": [], "results": [{"n": 1}',
        b'{"schema": [], "results": [{"n": 1}]',
        b'{"schema": [], "results": null}',
        b'{"schema": []}',
        b'{"schema": [], "results": [], "Results": [{"n": 1}]}',
        b'{1: 2, "schema": [], "results": []}',
        b'{"results": []}',
        b"[]",
        b"",
    ],
)
def test_an_incomplete_response_is_an_error(tmp_path: Path, wrong: bytes) -> None:
    with pytest.raises(DefenderError, match="no complete schema and results"):
        taken(tmp_path, [wrong])


def test_a_disk_that_fills_up_during_a_hunt_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Service, path: str, payload: t.Any, *, timeout: float, into: t.BinaryIO) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Service, "query", full)
    with pytest.raises(DefenderError, match="No space left on device"):
        taken(tmp_path, [b""])
