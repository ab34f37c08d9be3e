# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rows of all tenants: trimmed in memory, or in one private file that is there whole or not at
all."""

from __future__ import annotations

import json
import random
import stat
import typing as t
from pathlib import Path

import pytest
from ansible import constants as C
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._sweep import (
    collected_rows as _rows,
)
from hypothesis import given
from hypothesis import strategies as st


def answer(name: str, *rows: dict[str, t.Any]) -> dict[str, t.Any]:
    return {
        "tenant": {"id": f"id of {name}", "name": name, "cloud": "public"},
        "rows": list(rows),
        "count": len(rows),
    }


def lines(path: Path) -> list[dict[str, t.Any]]:
    with path.open(encoding="utf-8", newline="\n") as file:
        return [json.loads(line) for line in file]


def test_without_a_file_the_rows_stay_and_are_trimmed() -> None:
    with _rows.collector(None, ["a"], rows="rows", hosts="h") as collector:
        assert collector.collect("h", answer("h", {"a": 1, "b": 2}, {"b": 3}))["rows"] == [
            {"a": 1},
            {},
        ]
    with _rows.collector(None, [], rows="rows", hosts="h") as collector:
        assert collector.collect("h", answer("h", {"a": 1, "b": 2}))["rows"] == [{"a": 1, "b": 2}]


def test_each_row_has_its_tenant_and_leaves_the_result(tmp_path: Path) -> None:
    dest = tmp_path / "rows"
    with _rows.collector(str(dest), [], rows="rows", hosts="xyz") as collector:
        kept = collector.collect(
            "x", answer("x", {"a": "ä\n\ud800"}, {"tenant_id": "of the row itself"})
        )
        collector.collect("y", answer("y"))
        assert collector.collect("z", {"failed": True, "msg": "no"}) == {
            "failed": True,
            "msg": "no",
        }
    assert kept == {"tenant": {"id": "id of x", "name": "x", "cloud": "public"}, "count": 2}
    assert lines(dest) == [
        {"a": "ä\n\ud800", "tenant_id": "id of x", "tenant_name": "x"},
        {"tenant_id": "id of x", "tenant_name": "x"},
    ]


def test_a_result_without_rows_is_one_row(tmp_path: Path) -> None:
    dest = tmp_path / "rows"
    with _rows.collector(str(dest), ["valid"], rows=None, hosts="xyz") as collector:
        collector.collect("x", {**answer("x"), "valid": True})
    assert lines(dest) == [{"valid": True, "tenant_id": "id of x", "tenant_name": "x"}]


def test_the_records_of_writes_are_in_a_row_only_if_they_are_named(tmp_path: Path) -> None:
    dest = tmp_path / "rows"
    wrote = {**answer("x"), "writes": [{"time": "2026-11-26T06:00:00Z"}]}
    for fields in ([], ["writes"]):
        with _rows.collector(str(dest), fields, rows=None, hosts="x") as collector:
            assert collector.collect("x", dict(wrote))["writes"]
        assert ("writes" in lines(dest)[0]) == bool(fields)


def test_the_file_is_private_from_its_first_byte_and_takes_its_name_at_the_end(
    tmp_path: Path,
) -> None:
    dest = tmp_path / "rows"
    dest.write_text("before")
    dest.chmod(0o666)
    with _rows.collector(str(dest), [], rows="rows", hosts="xyz") as collector:
        collector.collect("x", answer("x", {"a": 1}))
        (spare,) = set(tmp_path.iterdir()) - {dest}
        assert stat.S_IMODE(spare.stat().st_mode) == 0o600
        assert dest.read_text() == "before"
    assert stat.S_IMODE(dest.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [dest]


def collecting(dest: str) -> t.Any:
    return _rows.collector(dest, [], rows="rows", hosts="xyz")


def broken_off(dest: Path, wrong: BaseException) -> None:
    """A run that has one row when this happens."""
    with pytest.raises(type(wrong)), collecting(str(dest)) as collector:  # noqa: PT012  # the test
        collector.collect("x", answer("x", {"a": 1}))
        raise wrong


@pytest.mark.parametrize(
    "wrong",
    [DefenderError("bad_request", "no"), RuntimeError("crash"), OSError(5, "nobody's file")],
)
def test_what_failed_leaves_neither_a_file_nor_what_was_half_written(
    wrong: Exception, tmp_path: Path
) -> None:
    broken_off(tmp_path / "rows", wrong)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_said_in_words_and_leaves_nothing(tmp_path: Path) -> None:
    def full(row: bytes) -> int:
        raise OSError(28, "No space left on device")

    dest = str(tmp_path / "rows")
    with collecting(dest) as collector:
        collector._spool.file.write = full
        with pytest.raises(
            DefenderError,
            match="dest is .*/rows, which could not be written: No space left on device",
        ):
            collector.collect("x", answer("x", {"a": 1}))
    assert list(tmp_path.iterdir()) == []


ROWS = st.dictionaries(
    st.sampled_from("abcdef"),
    st.lists(st.dictionaries(st.sampled_from("pq"), st.text(max_size=5), max_size=2), max_size=4),
)


@given(rows=ROWS, seed=st.randoms(use_true_random=False))
def test_equal_answers_make_an_equal_file_in_whatever_order_they_come(
    rows: dict[str, t.Any], seed: random.Random, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """In the order of the hosts, each tenant's rows in the order of its answer."""
    dest = tmp_path_factory.mktemp("rows") / "rows"
    hosts = sorted(rows)
    for changed in (bool(rows), False):
        arrivals = list(hosts)
        seed.shuffle(arrivals)
        with _rows.collector(str(dest), [], rows="rows", hosts=hosts) as collector:
            for host in arrivals:
                collector.collect(host, answer(host, *rows[host]))
        assert collector.changed is changed
    wanted = [
        {**row, "tenant_id": f"id of {host}", "tenant_name": host}
        for host in hosts
        for row in rows[host]
    ]
    assert (lines(dest) if rows else []) == wanted
    assert dest.exists() is bool(rows)


def test_rows_longer_than_a_chunk_are_copied_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_rows, "CHUNK", 7)
    with collecting(str(tmp_path / "rows")) as collector:
        for host in "yx":
            collector.collect(host, answer(host, {"a": host * 100}, {"a": host}))
    assert [row["a"] for row in lines(tmp_path / "rows")] == ["x" * 100, "x", "y" * 100, "y"]


def test_where_nobody_answered_the_file_stays_as_it_was(tmp_path: Path) -> None:
    dest = tmp_path / "rows"
    for before in (None, "before"):
        if before:
            dest.write_text(before)
        with collecting(str(dest)) as collector:
            collector.collect("x", {"failed": True, "msg": "no"})
        assert not collector.changed
        assert [path.read_text() for path in tmp_path.iterdir()] == ([before] if before else [])


def test_tenants_that_answered_nothing_empty_the_file(tmp_path: Path) -> None:
    dest = tmp_path / "rows"
    dest.write_text("before")
    with collecting(str(dest)) as collector:
        collector.collect("x", answer("x"))
    assert (dest.read_text(), collector.changed) == ("", True)


def test_check_mode_writes_nothing_keeps_the_rows_and_says_whether_the_file_would_change(
    tmp_path: Path,
) -> None:
    dest = tmp_path / "rows"
    for changed in (True, False):
        with _rows.collector(str(dest), [], rows="rows", hosts="x", check_mode=True) as collector:
            assert collector.collect("x", answer("x", {"a": 1}))["rows"] == [{"a": 1}]
        assert collector.changed is changed
        assert dest.exists() is not changed
        with collecting(str(dest)) as collector:
            collector.collect("x", answer("x", {"a": 1}))
        assert collector.changed is changed
    checking = _rows.collector(str(dest), [], rows="rows", hosts="x", check_mode=True)
    with pytest.raises(KeyboardInterrupt), checking as collector:  # noqa: PT012
        collector.collect("x", answer("x", {"a": 2}))
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == [dest]


@pytest.mark.parametrize("rows", [[1], [{"a": object()}], "nested"])
def test_rows_that_are_no_json_raise_and_leave_no_half_of_that_tenant(
    rows: t.Any, tmp_path: Path
) -> None:
    if rows == "nested":
        deep: dict[str, t.Any] = {}
        for _unused in range(100_000):
            deep = {"a": deep}
        rows = [deep]
    with collecting(str(tmp_path / "rows")) as collector:
        with pytest.raises((TypeError, RecursionError, AttributeError)):
            collector.collect("x", {**answer("x"), "rows": [{"good": 1}, *rows]})
        collector.collect("y", answer("y", {"a": 1}))
    assert [row["tenant_name"] for row in lines(tmp_path / "rows")] == ["y"]


def test_what_was_interrupted_keeps_its_rows_under_another_name(tmp_path: Path) -> None:
    dest = tmp_path / "rows"
    dest.write_text("before")
    broken_off(dest, KeyboardInterrupt())
    partial = tmp_path / "rows.partial"
    assert (set(tmp_path.iterdir()), dest.read_text()) == ({dest, partial}, "before")
    assert lines(partial) == [{"a": 1, "tenant_id": "id of x", "tenant_name": "x"}]
    assert stat.S_IMODE(partial.stat().st_mode) == 0o600


def test_a_file_that_can_be_written_is_not_refused(tmp_path: Path) -> None:
    _rows.check(str(tmp_path / "rows"), module="incident_info")
    _rows.check(None, module="access_token")


@pytest.mark.parametrize("dest", ["nowhere/rows", "file/rows", "", "folder"])
def test_a_file_that_cannot_be_written_is_refused_at_once(dest: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    with pytest.raises(DefenderError) as refused:
        _rows.check(f"{tmp_path}/{dest}", module="incident_info")
    assert refused.value.category == "bad_request"
    assert str(tmp_path) in refused.value.message


def test_a_folder_that_takes_no_file_is_refused_in_words() -> None:
    """Whoever is root has every permission bit, and still can make no file there."""
    with pytest.raises(DefenderError) as refused:
        _rows.check("/proc/rows", module="incident_info")
    assert refused.value.message.startswith("dest is /proc/rows")


def test_a_check_leaves_nothing_behind(tmp_path: Path) -> None:
    _rows.check(str(tmp_path / "rows"), module="incident_info")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("module", ["access_token", "application_credential"])
def test_tokens_and_secrets_are_never_written(tmp_path: Path, module: str) -> None:
    with pytest.raises(DefenderError) as refused:
        _rows.check(str(tmp_path / "tokens"), module=module)
    assert "never written to a file" in refused.value.message


def test_an_interrupted_run_without_an_answer_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), collecting(str(tmp_path / "rows")) as collector:
        raise KeyboardInterrupt
    assert (collector.kept, list(tmp_path.iterdir())) == (None, [])


def test_the_rows_of_an_interrupted_run_stand_in_the_order_of_the_hosts(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), collecting(str(tmp_path / "rows")) as collector:  # noqa: PT012
        for host in "zx":
            collector.collect(host, answer(host, {"a": 1}))
        raise KeyboardInterrupt
    assert [row["tenant_name"] for row in lines(tmp_path / "rows.partial")] == ["x", "z"]
    assert collector.kept == str(tmp_path / "rows.partial")


def test_in_check_mode_the_folder_may_be_made_by_a_task_that_did_not_run(tmp_path: Path) -> None:
    _rows.check(str(tmp_path / "nowhere/rows"), module="incident_info", check_mode=True)
    with pytest.raises(DefenderError, match="is a folder"):
        _rows.check(str(tmp_path), module="incident_info", check_mode=True)


def test_what_an_interrupted_sweep_has_is_kept_also_with_half_a_surrogate_pair(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(C.config, "get_config_value", lambda name: str(tmp_path))
    kept = _rows.rescued({"a": "x\ud800"})
    assert kept
    assert (json.loads(Path(kept).read_text()), stat.S_IMODE(Path(kept).stat().st_mode)) == (
        {"a": "x\ud800"},
        0o600,
    )
    (tmp_path / "file").touch()
    monkeypatch.setattr(C.config, "get_config_value", lambda name: str(tmp_path / "file"))
    assert _rows.rescued({}) is None


def test_a_result_that_needs_much_memory_is_said_with_the_remedy() -> None:
    row = {"text": "x" * 986}  # 1,000 characters of JSON
    results = {host: answer(host, *[row] * 20_000) for host in "xyz"}
    assert _rows.size_warning(results, rows="rows") == (
        "The result has 60000 rows, about 60 MB of JSON, and Ansible needs several times as much"
        " memory for it. Set dest to write the rows to a file, or fields to keep fewer of their"
        " fields."
    )


@pytest.mark.parametrize(
    ("results", "rows"),
    [
        ({}, "rows"),
        ({"x": answer("x")}, "rows"),
        ({"x": answer("x", {"a": 1})}, "rows"),
        ({"x": {"count": 7}}, "rows"),  # in the file
        ({"x": {"access_token": "t"}}, None),
    ],
)
def test_a_small_result_needs_no_remedy(
    results: dict[str, dict[str, t.Any]], rows: str | None
) -> None:
    assert _rows.size_warning(results, rows=rows) is None
