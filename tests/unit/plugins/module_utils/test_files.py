# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files are checked before, written whole, and never put in place of what is no regular file."""

from __future__ import annotations

import errno
import json
import os
import socket
import stat
from pathlib import Path

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils import _files
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_file_is_private_and_whole_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    dest = tmp_path / "rows"
    assert _files.write(str(dest), b"one")
    assert dest.read_bytes() == b"one"
    assert mode_of(dest) == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["rows"]


def test_the_same_content_and_mode_again_is_no_change(tmp_path: Path) -> None:
    dest = tmp_path / "rows"
    _files.write(str(dest), b"one", mode=0o640)
    before = dest.stat().st_ino
    assert not _files.write(str(dest), b"one", mode=0o640)
    assert dest.stat().st_ino == before
    assert _files.write(str(dest), b"one", mode=0o600)
    assert _files.write(str(dest), b"two", mode=0o600)


def test_check_mode_says_what_would_change_and_writes_nothing(tmp_path: Path) -> None:
    dest = tmp_path / "not-made-yet" / "rows"
    assert _files.write(str(dest), b"one", check_mode=True)
    assert not dest.parent.exists()
    existing = tmp_path / "rows"
    existing.write_bytes(b"one")
    existing.chmod(0o600)
    assert not _files.write(str(existing), b"one", check_mode=True)
    assert _files.write(str(existing), b"two", check_mode=True)
    assert existing.read_bytes() == b"one"


def test_what_was_not_kept_leaves_the_old_file(tmp_path: Path) -> None:
    dest = tmp_path / "rows"
    dest.write_bytes(b"old")
    with _files.draft(str(dest)) as draft:
        draft.file.write(b"new")
    assert dest.read_bytes() == b"old"
    assert [each.name for each in tmp_path.iterdir()] == ["rows"]


def test_a_draft_can_be_kept_under_another_name(tmp_path: Path) -> None:
    dest = tmp_path / "rows"
    with _files.draft(str(dest)) as draft:
        draft.file.write(b"half")
        draft.keep(path=f"{dest}.partial")
    assert [each.name for each in tmp_path.iterdir()] == ["rows.partial"]


def test_a_link_is_replaced_and_never_followed(tmp_path: Path) -> None:
    target, dest = tmp_path / "target", tmp_path / "rows"
    target.write_bytes(b"one")
    target.chmod(0o600)
    dest.symlink_to(target)
    assert _files.write(str(dest), b"one")
    assert not dest.is_symlink()
    assert target.read_bytes() == b"one"


@pytest.mark.parametrize("name", ["", "folder", "pipe", "socket", "device", "absent/rows"])
def test_a_destination_that_cannot_be_replaced_is_refused_before(name: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    listening = socket.socket(socket.AF_UNIX)
    with listening:
        listening.bind(str(tmp_path / "socket"))
        path = "/dev/null" if name == "device" else str(tmp_path / name)
        with pytest.raises(DefenderError, match="spool is ") as failure:
            _files.check(path, option="spool")
    assert failure.value.category == "bad_request"
    assert Path("/dev/null").is_char_device()


def test_a_good_destination_passes_and_leaves_no_trace(tmp_path: Path) -> None:
    (tmp_path / "old").write_bytes(b"old")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    for name in ("new", "old", "dangling"):
        _files.check(str(tmp_path / name))
    assert sorted(each.name for each in tmp_path.iterdir()) == ["dangling", "old"]


def test_a_full_disk_is_one_sentence_and_keeps_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dest = tmp_path / "rows"
    dest.write_bytes(b"old")

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DefenderError, match="could not be written: No space left on device"):
        _files.write(str(dest), b"new")
    assert dest.read_bytes() == b"old"
    assert [each.name for each in tmp_path.iterdir()] == ["rows"]


def test_half_of_a_surrogate_pair_becomes_an_escape() -> None:
    line = _files.json_line({"name": "a\ud800b", "é": 1})
    assert json.loads(line) == {"name": "a\ud800b", "é": 1}
    assert line.endswith(b"\n")
    assert "é".encode() in line
