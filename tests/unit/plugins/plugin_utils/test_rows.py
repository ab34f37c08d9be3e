# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rows of all tenants: trimmed in memory, or in one private file that is there whole or not at all."""

from __future__ import annotations

import json
import stat
import typing as t
from pathlib import Path

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils import _rows


def answer(name: str, *rows: dict[str, t.Any]) -> dict[str, t.Any]:
    return {"tenant": {"id": f"id of {name}", "name": name, "cloud": "public"}, "rows": list(rows), "count": len(rows)}


def lines(path: Path) -> list[dict[str, t.Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_without_a_file_the_rows_stay_and_are_trimmed() -> None:
    with _rows.collector(None, ["a"], rows="rows") as collect:
        assert collect("h", answer("h", {"a": 1, "b": 2}, {"b": 3}))["rows"] == [{"a": 1}, {}]
    with _rows.collector(None, [], rows="rows") as collect:
        assert collect("h", answer("h", {"a": 1, "b": 2}))["rows"] == [{"a": 1, "b": 2}]


def test_each_row_has_its_tenant_and_leaves_the_result(tmp_path: Path) -> None:
    dest = tmp_path / "rows"
    with _rows.collector(str(dest), [], rows="rows") as collect:
        kept = collect("x", answer("x", {"a": "ä\n\ud800"}, {"tenant_id": "of the row itself"}))
        collect("y", answer("y"))
        assert collect("z", {"failed": True, "msg": "no"}) == {"failed": True, "msg": "no"}
    assert kept == {"tenant": {"id": "id of x", "name": "x", "cloud": "public"}, "count": 2}
    assert lines(dest) == [{"a": "ä\n\ud800", "tenant_id": "id of x", "tenant_name": "x"}, {"tenant_id": "id of x", "tenant_name": "x"}]


def test_a_result_without_rows_is_one_row(tmp_path: Path) -> None:
    dest = tmp_path / "rows"
    with _rows.collector(str(dest), ["valid"], rows=None) as collect:
        collect("x", {**answer("x"), "valid": True})
    assert lines(dest) == [{"valid": True, "tenant_id": "id of x", "tenant_name": "x"}]


def test_the_file_is_private_from_its_first_byte_and_takes_its_name_at_the_end(tmp_path: Path) -> None:
    dest = tmp_path / "rows"
    dest.write_text("before")
    dest.chmod(0o666)
    with _rows.collector(str(dest), [], rows="rows") as collect:
        collect("x", answer("x", {"a": 1}))
        (spare,) = set(tmp_path.iterdir()) - {dest}
        assert stat.S_IMODE(spare.stat().st_mode) == 0o600
        assert dest.read_text() == "before"
    assert stat.S_IMODE(dest.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [dest]


def broken_off(dest: Path, wrong: BaseException) -> None:
    """A run that has one row when this happens."""
    with pytest.raises(type(wrong)), _rows.collector(str(dest), [], rows="rows") as collect:  # noqa: PT012  # what happens is the test
        collect("x", answer("x", {"a": 1}))
        raise wrong


@pytest.mark.parametrize("wrong", [DefenderError("bad_request", "no"), RuntimeError("crash"), OSError(28, "No space left on device")])
def test_what_failed_leaves_neither_a_file_nor_what_was_half_written(wrong: Exception, tmp_path: Path) -> None:
    if isinstance(wrong, OSError):
        with pytest.raises(DefenderError, match="No space left"), _rows.collector(str(tmp_path / "rows"), [], rows="rows"):
            raise wrong
    else:
        broken_off(tmp_path / "rows", wrong)
    assert list(tmp_path.iterdir()) == []


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
