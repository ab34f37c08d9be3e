# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One tenant's rows are never replaced by another's: in turn, in many processes at once, and after
files have moved."""

from __future__ import annotations

import multiprocessing
import os
import typing as t
from pathlib import Path

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils import _files
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._hunting import (
    row_owners as _row_owners,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import options as _options
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.stand_ins import (
    OTHER_TENANT,
    TENANT,
    parameters,
)


def tenant(tenant_id: str, name: str = "") -> _options.Options:
    return _options.check(parameters(tenant_id=tenant_id, tenant_name=name or tenant_id))


CONTOSO, WOODGROVE = tenant(TENANT, "contoso"), tenant(OTHER_TENANT, "woodgrove")


def write(dest: Path, owner: _options.Options, content: str) -> list[str]:
    _row_owners.check(str(dest), owner)
    with _row_owners.claimed(str(dest), owner) as warnings:
        _files.write(str(dest), content.encode())
    return warnings


def refused(dest: Path, owner: _options.Options) -> str:
    for work in (lambda: _row_owners.check(str(dest), owner), lambda: write(dest, owner, "other")):
        with pytest.raises(DefenderError) as caught:
            work()
        assert (caught.value.category, caught.value.who) == ("conflict", "caller")
    return caught.value.message


def test_another_tenants_rows_stay_and_its_own_are_replaced(tmp_path: Path) -> None:
    dest = tmp_path / "rows"
    assert write(dest, CONTOSO, "one") == []
    message = refused(dest, WOODGROVE)
    assert message.startswith(
        f"dest is {dest}, which contains rows of tenant contoso ({TENANT}) that tenant"
        f" woodgrove ({OTHER_TENANT}) would replace"
    )
    assert dest.read_text() == "one"
    write(dest, CONTOSO, "two")
    write(dest, CONTOSO, "two")
    refused(dest, WOODGROVE)
    assert dest.read_text() == "two"


def test_a_file_is_the_same_by_every_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "rows", CONTOSO, "one")
    for name in (tmp_path / "link" / "rows", Path("rows"), Path("link/../rows")):
        refused(name, WOODGROVE)


@pytest.mark.parametrize("change", ["removed", "moved", "edited", "replaced"])
def test_a_file_that_is_another_one_by_now_belongs_to_nobody(tmp_path: Path, change: str) -> None:
    dest = tmp_path / "rows"
    write(dest, CONTOSO, "one")
    if change == "removed":
        dest.unlink()
    elif change == "moved":
        dest.rename(tmp_path / "kept")
    elif change == "edited":
        dest.write_text("something else")
    else:
        (tmp_path / "new").write_text("one")
        (tmp_path / "new").rename(dest)
        os.utime(dest, ns=(1, 1))
    write(dest, WOODGROVE, "two")
    assert dest.read_text() == "two"
    refused(dest, CONTOSO)


def _worker(dest: str, number: int, barrier: t.Any, results: t.Any) -> None:
    owner = tenant(f"{number:08d}-2222-3333-4444-555555555555")
    barrier.wait(30)
    try:
        with _row_owners.claimed(dest, owner):
            _files.write(dest, str(number).encode())
        results.put(number)
    except DefenderError as e:
        results.put(e.category)


def test_of_many_processes_one_writes_and_the_others_are_refused(tmp_path: Path) -> None:
    dest = tmp_path / "rows"
    context = multiprocessing.get_context("fork")
    barrier, results = context.Barrier(8), context.Queue()
    workers = [
        context.Process(target=_worker, args=(str(dest), number, barrier, results))
        for number in range(8)
    ]
    for worker in workers:
        worker.start()
    outcomes = [results.get(timeout=60) for _worker_ in workers]
    for worker in workers:
        worker.join(60)
    assert outcomes.count("conflict") == 7
    assert [str(outcome) for outcome in outcomes if outcome != "conflict"] == [dest.read_text()]


def test_the_record_is_for_its_user_alone_and_forgets_what_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANSIBLE_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(_row_owners, "FILES", 1)
    for name in ("a", "b"):
        write(tmp_path / name, CONTOSO, name)
    (record,) = (tmp_path / "home/defender_xdr/row_owners").iterdir()
    assert (record.stat().st_mode & 0o777, record.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert all(str(tmp_path / name) in record.read_text() for name in ("a", "b"))
    (tmp_path / "a").unlink()
    write(tmp_path / "b", CONTOSO, "c")
    assert str(tmp_path / "a") not in record.read_text()


@pytest.mark.parametrize("broken", ["", "{", "[]", '{"x": 1}', "\x00"])
def test_a_broken_record_is_no_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    monkeypatch.setenv("ANSIBLE_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(_row_owners, "FILES", 1)
    write(tmp_path / "rows", CONTOSO, "one")
    (record,) = (tmp_path / "home/defender_xdr/row_owners").iterdir()
    record.write_text(broken)
    write(tmp_path / "rows", WOODGROVE, "two")
    refused(tmp_path / "rows", CONTOSO)


def test_where_no_record_can_be_kept_the_rows_are_written_with_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "home").write_text("a file")
    monkeypatch.setenv("ANSIBLE_HOME", str(tmp_path / "home"))
    (warning,) = write(tmp_path / "rows", CONTOSO, "one")
    assert "the owner of the rows" in warning
    assert (tmp_path / "rows").read_text() == "one"
