# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The folder of audit files: who can read it, and what keeps a line from being written."""

from __future__ import annotations

import fcntl
import os
import typing as t
from pathlib import Path

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._audit import chain as _chain
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._audit.folder import Folder
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.stand_ins import TENANT, FakeClock

Json = dict[str, t.Any]
RECORD: t.Final = {"object": "incident 1"}


def refused(path: Path, tenant_id: str = TENANT, *, time: FakeClock | None = None) -> DefenderError:
    clock = (time or FakeClock()).clock
    folder = Folder(str(path), now=clock.now, sleep=clock.sleep)
    try:
        (error,) = folder.append({tenant_id: [RECORD]}).values()
    except DefenderError as e:
        return e
    return error


def test_the_folder_and_its_files_are_their_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "new" / "audit"
    folder = Folder(str(path))
    folder.prepare()
    assert folder.append({TENANT.upper(): [RECORD]}) == {}
    assert path.stat().st_mode & 0o777 == 0o700
    assert {file.name: file.stat().st_mode & 0o777 for file in path.iterdir()} == {
        ".lock": 0o600,
        f"{TENANT}.ndjson": 0o600,
        f"{TENANT}.head": 0o600,
    }


@pytest.mark.parametrize("tenant_id", ["", "None", "../../etc/cron.d/x", f"{TENANT}/.."])
def test_a_name_that_is_no_guid_never_becomes_a_file(tmp_path: Path, tenant_id: str) -> None:
    error = refused(tmp_path, tenant_id)
    assert "not a GUID" in error.message
    assert list(tmp_path.iterdir()) == []


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / f"{TENANT}.ndjson").symlink_to(tmp_path / "elsewhere")
    assert f"{TENANT}.ndjson, which could not be written" in refused(tmp_path).message
    assert not (tmp_path / "elsewhere").exists()


def test_a_file_in_the_place_of_the_folder_is_said(tmp_path: Path) -> None:
    (tmp_path / "audit").touch()
    with pytest.raises(DefenderError, match=r"audit_dir is .*/audit, which could not be written"):
        Folder(str(tmp_path / "audit")).prepare()
    assert ".lock, which could not be written" in refused(tmp_path / "audit").message


def test_a_full_disk_leaves_no_part_of_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Folder(str(tmp_path))
    assert folder.append({TENANT: [RECORD]}) == {}
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    write = os.write
    monkeypatch.setattr(os, "write", lambda handle, lines: write(handle, lines[:5]))
    assert "No space left on device" in refused(tmp_path).message
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before


def test_a_lock_that_is_never_free_is_said_after_a_minute(tmp_path: Path, time: FakeClock) -> None:
    with (tmp_path / ".lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        error = refused(tmp_path, time=time)
    assert (error.category, round(sum(time.slept))) == ("timeout", 60)
    assert f"lock {tmp_path}/.lock for 60 seconds" in error.message


@pytest.mark.parametrize("content", [None, b"{}"])
def test_a_head_that_is_gone_or_damaged_does_not_stop_the_trail(
    tmp_path: Path, content: bytes | None
) -> None:
    folder = Folder(str(tmp_path))
    assert folder.append({TENANT: [RECORD]}) == {}
    head = tmp_path / f"{TENANT}.head"
    head.unlink()
    if content is not None:
        head.write_bytes(content)
    assert folder.append({TENANT: [RECORD]}) == {}
    lines = (tmp_path / f"{TENANT}.ndjson").read_bytes().splitlines()
    assert lines[0] == lines[1]  # it starts anew, which audit_info finds


def test_reading_writes_nothing(tmp_path: Path) -> None:
    with Folder(str(tmp_path)).unchanged():
        assert list(tmp_path.iterdir()) == []
    (tmp_path / ".lock").touch()
    with (
        Folder(str(tmp_path)).unchanged(),
        (tmp_path / ".lock").open() as other,
        pytest.raises(BlockingIOError),
    ):
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_many_trails_are_written_at_once_and_one_that_cannot_be_leaves_the_others(
    tmp_path: Path,
) -> None:
    tenants = [f"{number:08}-0000-0000-0000-000000000000" for number in range(40)]
    (tmp_path / f"{tenants[7]}.ndjson").mkdir()
    folder = Folder(str(tmp_path))
    for _turn in range(2):
        errors = folder.append({tenant: [RECORD, RECORD] for tenant in [*tenants, "strange"]})
        assert set(errors) == {tenants[7], "strange"}
    good = [tenant for tenant in tenants if tenant != tenants[7]]
    for tenant in good:
        content = (tmp_path / f"{tenant}.ndjson").read_bytes()
        head = _chain.head_from((tmp_path / f"{tenant}.head").read_bytes())
        records, problems = _chain.check(content, head)
        assert (len(records), problems) == (4, [])
