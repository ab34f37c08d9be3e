# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The token cache on disk: what it trusts, what it survives, and that only one holds an entry."""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import fcntl
import hashlib
import json
import multiprocessing
import os
import stat
import threading
import time as real_time
import typing as t
from pathlib import Path

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils import _files
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.clock import Clock
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.token_cache import (
    TokenFile,
    forget,
)
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.stand_ins import (
    CLIENT,
    LOGIN,
    OTHER_TENANT,
    TENANT,
    FakeClock,
)
from hypothesis import given
from hypothesis import strategies as st

ENTRY: t.Final[dict[str, t.Any]] = {
    "token": "eyJ-a-token-that-is-long-and-unique",
    "expires_at": 5,
    "obtained_at": 1,
}


def a_file(folder: Path | str | None, clock: Clock | None = None, **changes: str) -> TokenFile:
    key = {
        "login_url": LOGIN,
        "tenant_id": TENANT,
        "client_id": CLIENT,
        "audience": "https://graph.microsoft.com",
        **changes,
    }
    return TokenFile(str(folder) if folder else None, clock=clock or FakeClock().clock, **key)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "tokens"


def write(ours: TokenFile, entry: dict[str, t.Any]) -> None:
    with ours.locked(seconds=1):
        ours.write(entry)


def rewrite(path: Path, **changes: t.Any) -> None:
    """Change the file as somebody does who knows its format."""
    entry = {name: value for name, value in json.loads(path.read_text()).items() if name != "sum"}
    content = json.dumps({**entry, **changes})
    checksum = hashlib.sha256(content.encode()).hexdigest()
    path.write_text(f'{content[:-1]}, "sum": "{checksum}"}}')


@pytest.fixture
def path(folder: Path) -> Path:
    """The one file in the folder, with the entry in it."""
    write(a_file(folder), ENTRY)
    (found,) = folder.iterdir()
    return found


def read(folder: Path) -> dict[str, t.Any]:
    return {name: value for name, value in a_file(folder).read().items() if name != "key"}


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.usefixtures("path")
def test_what_was_written_is_read_again(folder: Path) -> None:
    assert read(folder) == ENTRY


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_folder_and_file_are_closed_to_others_whatever_the_umask(folder: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        ours = a_file(folder)
        ours.write(ENTRY)
        with ours.locked(seconds=1):
            pass
    finally:
        os.umask(before)
    assert mode(folder) == 0o700
    assert {mode(path) for path in folder.iterdir()} == {0o600}


def test_a_name_shows_the_tenant_and_nothing_else(path: Path) -> None:
    assert path.name.startswith(f"{TENANT}-")
    assert CLIENT not in path.name
    assert "graph" not in path.name


@pytest.mark.parametrize(
    "change",
    [
        {"login_url": "https://login.microsoftonline.us"},
        {"tenant_id": OTHER_TENANT},
        {"client_id": OTHER_TENANT},
        {"audience": "https://api.security.microsoft.com"},
    ],
)
@pytest.mark.usefixtures("path")
def test_every_part_of_the_key_has_its_own_file(folder: Path, change: dict[str, t.Any]) -> None:
    assert a_file(folder, **change).read() == {}
    write(a_file(folder, **change), {"token": "another"})
    assert read(folder) == ENTRY
    assert len(list(folder.iterdir())) == 2


def test_the_entry_of_another_key_is_not_believed_under_our_name(folder: Path, path: Path) -> None:
    rewrite(path, key=json.loads(path.read_text())["key"].replace(TENANT, OTHER_TENANT))
    assert read(folder) == {}


@pytest.mark.parametrize(
    "content", [b"", b"{", b"\xff\xfe", b"[]", b"null", b'"text"', b"{}", b"\x00" * 2_000_000]
)
def test_a_corrupt_file_is_an_empty_one(folder: Path, path: Path, content: bytes) -> None:
    path.write_bytes(content)
    assert a_file(folder).read() == {}


@pytest.mark.parametrize("bits", [0o640, 0o604, 0o620, 0o602, 0o660, 0o666])
def test_a_file_that_others_can_touch_is_not_believed(folder: Path, path: Path, bits: int) -> None:
    path.chmod(bits)
    assert a_file(folder).read() == {}
    assert mode(path) == bits, "nothing is repaired behind the owner's back"


def test_a_file_of_another_user_is_not_believed(
    folder: Path, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = a_file(folder)
    assert ours.read()
    monkeypatch.setattr(os, "geteuid", lambda: path.stat().st_uid + 1)
    assert ours.read() == {}


def test_a_symlink_is_not_followed(folder: Path, path: Path, tmp_path: Path) -> None:
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    assert a_file(folder).read() == {}


def test_a_symlink_in_the_place_of_an_entry_is_replaced_and_its_target_left_alone(
    folder: Path, path: Path, tmp_path: Path
) -> None:
    (tmp_path / "victim").write_text("untouched")
    path.unlink()
    path.symlink_to(tmp_path / "victim")
    write(a_file(folder), ENTRY)
    assert not path.is_symlink()
    assert read(folder) == ENTRY
    assert (tmp_path / "victim").read_text() == "untouched"


def test_a_named_pipe_does_not_hang(folder: Path, path: Path) -> None:
    path.unlink()
    os.mkfifo(path, 0o600)
    done = threading.Thread(target=a_file(folder).read, daemon=True)
    done.start()
    done.join(5)
    assert not done.is_alive()
    assert a_file(folder).read() == {}


def test_a_folder_in_the_place_of_an_entry_is_an_empty_one(folder: Path, path: Path) -> None:
    path.unlink()
    path.mkdir(0o700)
    assert a_file(folder).read() == {}


@pytest.mark.parametrize("bits", [0o750, 0o705, 0o770, 0o755])
def test_a_folder_that_is_open_to_others_is_not_used_and_said(
    folder: Path, path: Path, bits: int
) -> None:
    folder.chmod(bits)
    ours = a_file(folder)
    assert ours.read() == {}
    assert ours.warning == (
        f"token_cache {folder} is owned by another user or accessible to others; tokens are not"
        " cached on disk. Change its owner to this user and its mode to 0700."
    )
    path.unlink()
    ours.write(ENTRY)
    assert list(folder.iterdir()) == []
    assert mode(folder) == bits


def test_a_folder_of_another_user_is_not_used(
    folder: Path, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: path.stat().st_uid + 1)
    ours = a_file(folder)
    assert ours.read() == {}
    assert "is owned by another user" in str(ours.warning)


def test_a_folder_that_cannot_be_made_costs_the_cache_and_not_the_task(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    ours = a_file(tmp_path / "file" / "tokens")
    write(ours, ENTRY)
    assert ours.read() == {}
    assert "cannot be used (Not a directory)" in str(ours.warning)


def test_a_disk_that_cannot_be_written_costs_the_cache_and_not_the_task(
    folder: Path, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = os.open

    def read_only(name: str, flags: int, *rest: int) -> int:
        if flags & (os.O_WRONLY | os.O_RDWR):
            raise OSError(30, "Read-only file system")
        return opened(name, flags, *rest)

    ours = a_file(folder)
    monkeypatch.setattr(os, "open", read_only)
    write(ours, {"token": "another"})
    assert ours.warning == (
        f"token_cache {folder} cannot be locked (Read-only file system); tokens are not cached on"
        " disk."
    )
    entered = []
    with ours.locked(seconds=1):
        entered.append("in")
        assert ours.read() == {}
    assert entered == ["in"]
    monkeypatch.undo()
    assert list(folder.iterdir()) == [path]
    assert read(folder) == ENTRY


@pytest.mark.parametrize("written", [0, 1, 30, 200])
def test_a_write_that_fails_half_way_leaves_nothing_that_is_believed(
    folder: Path, path: Path, monkeypatch: pytest.MonkeyPatch, written: int
) -> None:
    def full(handle: int, content: bytes, at: int) -> int:
        return pwrite(handle, content[:written], at)

    pwrite = os.pwrite
    ours = a_file(folder)
    with monkeypatch.context() as disk:
        disk.setattr(os, "pwrite", full)
        write(ours, {"token": "another" * 100})
    assert ours.warning == (f"The token was not cached on disk: {path}: No space left on device.")
    assert list(folder.iterdir()) == [path]
    assert read(folder) in ({}, ENTRY)
    write(ours, ENTRY)
    assert read(folder) == ENTRY


@given(
    before=st.binary(min_size=1, max_size=40),
    after=st.binary(min_size=1, max_size=40),
    share=st.floats(0, 1),
)
def test_a_reader_sees_one_entry_or_the_other_or_none_wherever_the_writer_is(
    tmp_path_factory: pytest.TempPathFactory, before: bytes, after: bytes, share: float
) -> None:
    folder = tmp_path_factory.getbasetemp() / "torn"
    contents = []
    for token in (before, after):
        write(a_file(folder), {"token": token.hex()})
        (path,) = folder.iterdir()
        contents.append(path.read_bytes())
    old, new = contents
    cut = round(share * len(new))
    path.write_bytes(new[:cut] + old[cut:])  # the writer was killed, or is not done
    seen = a_file(folder).read().get("token")
    assert seen in (None, before.hex(), after.hex())


@pytest.mark.usefixtures("path")
def test_an_entry_that_was_removed_while_somebody_waited_for_it_is_made_anew(
    folder: Path, time: FakeClock
) -> None:
    with contextlib.ExitStack() as other:
        other.enter_context(a_file(folder).locked(seconds=1))

        def remove(_seconds: float) -> None:
            assert forget(str(folder), TENANT) == 1
            other.close()

        clock = dataclasses.replace(time.clock, sleep=remove)
        write(a_file(folder, clock), {"token": "another"})
    assert read(folder) == {"token": "another"}


@pytest.mark.parametrize("bits", [0o640, 0o604, 0o666])
def test_a_file_that_others_can_read_gets_no_token(folder: Path, path: Path, bits: int) -> None:
    path.chmod(bits)
    with path.open(encoding="utf-8") as stranger:
        write(a_file(folder), {"token": "another"})
        assert "another" not in stranger.read()
    assert mode(path) == 0o600
    assert read(folder) == {"token": "another"}


def test_a_second_name_of_an_entry_gets_no_token(folder: Path, path: Path, tmp_path: Path) -> None:
    os.link(path, tmp_path / "second")
    assert read(folder) == {}
    write(a_file(folder), {"token": "another"})
    assert "another" not in (tmp_path / "second").read_text()
    assert read(folder) == {"token": "another"}


def test_without_a_folder_nothing_is_kept() -> None:
    ours = a_file(None)
    write(ours, ENTRY)
    assert ours.read() == {}
    with ours.locked(seconds=1):
        assert ours.warning is None


def test_who_waits_in_vain_is_told_in_time(folder: Path, time: FakeClock) -> None:
    second = a_file(folder, time.clock)
    with (
        a_file(folder).locked(seconds=1),
        pytest.raises(DefenderError, match="The token cache entry .* is still locked") as caught,
        second.locked(seconds=7),
    ):
        pytest.fail("two hold one entry")
    assert (caught.value.category, caught.value.who) == ("timeout", "caller")
    assert 6.5 < time.passed <= 7


def test_the_lock_is_free_again_afterwards_even_after_a_failure(
    folder: Path, time: FakeClock
) -> None:
    with pytest.raises(RuntimeError), a_file(folder).locked(seconds=1):
        raise RuntimeError
    with a_file(folder, time.clock).locked(seconds=1):
        assert time.slept == []


def test_another_tenant_does_not_wait(folder: Path, time: FakeClock) -> None:
    with (
        a_file(folder).locked(seconds=1),
        a_file(folder, time.clock, tenant_id=OTHER_TENANT).locked(seconds=1),
    ):
        assert time.slept == []


def count_up(folder: Path, times: int) -> None:
    for _unused in range(times):
        ours = a_file(folder, Clock())
        with ours.locked(seconds=60):
            seen = ours.read().get("count", 0)
            os.sched_yield()
            ours.write({"count": seen + 1})


# pytest-xdist has threads of its own, and Ansible forks just so
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_threads_and_processes_take_turns(folder: Path) -> None:
    workers: list[t.Any] = [
        threading.Thread(target=count_up, args=(folder, 20)) for _unused in range(3)
    ]
    workers += [
        multiprocessing.get_context("fork").Process(target=count_up, args=(folder, 20))
        for _unused in range(2)
    ]
    begin = real_time.monotonic()
    for worker in workers[::-1]:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert real_time.monotonic() - begin < 60
    assert a_file(folder).read()["count"] == 100


def test_a_file_system_without_a_lock_service_costs_the_cache_and_not_the_task(
    folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_locks(handle: int, operation: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", no_locks)
    ours = a_file(folder)
    with ours.locked(seconds=1):
        ours.write({"token": "one"})
    assert "cannot be locked (No locks available)" in str(ours.warning)
    assert ours.read() == {}


def test_what_other_processes_left_of_a_tenant_is_forgotten_too(folder: Path, path: Path) -> None:
    # drafts and locks of other files
    for name in (f"{path.name}.lock", f"{_files.PREFIX}{path.name}.x1"):
        (folder / name).touch()
    forget(str(folder), TENANT)
    assert list(folder.iterdir()) == []


def test_an_entry_of_more_than_a_mebibyte_is_not_believed(folder: Path, path: Path) -> None:
    for padding, believed in ((1_000_000, True), (1_050_000, False)):
        rewrite(path, padding="x" * padding)
        assert bool(a_file(folder).read()) is believed


def test_who_waits_looks_again_soon_and_then_less_often(folder: Path, time: FakeClock) -> None:
    with (
        a_file(folder).locked(seconds=1),
        pytest.raises(DefenderError),
        a_file(folder, time.clock).locked(seconds=7),
    ):
        pytest.fail("two hold one entry")
    assert time.slept[0] <= 0.01
    assert time.slept[0] < time.slept[1] <= time.slept[-1] == max(time.slept) == 0.1


@pytest.mark.parametrize("pretend", [True, False])
def test_forgetting_counts_the_tokens_of_one_tenant(folder: Path, pretend: bool) -> None:
    for client_id in (CLIENT, OTHER_TENANT):
        write(a_file(folder, client_id=client_id), ENTRY)
    write(a_file(folder, audience="https://api.security.microsoft.com"), {"refused_at": 5})
    write(a_file(folder, tenant_id=OTHER_TENANT), ENTRY)
    (folder / f"{TENANT}-notes.txt").write_text("of a person")
    before = {path.name for path in folder.iterdir()}
    assert forget(str(folder), TENANT, pretend=pretend) == 2
    left = {path.name for path in folder.iterdir()}
    ours = {name for name in before if name.startswith(TENANT) and not name.endswith(".txt")}
    assert len(ours) == 3
    assert left == (before if pretend else before - ours)
    assert forget(str(folder), TENANT) == (2 if pretend else 0)


def test_nothing_is_forgotten_where_nothing_is_kept(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for nowhere in (None, str(tmp_path / "none"), str(tmp_path / "file")):
        assert forget(nowhere, TENANT) == 0


def test_an_entry_that_cannot_be_read_is_forgotten_too(folder: Path, path: Path) -> None:
    write(a_file(folder, client_id=OTHER_TENANT), ENTRY)
    path.unlink()
    path.symlink_to(folder / "gone")
    assert forget(str(folder), TENANT) == 1
    assert list(folder.iterdir()) == []
