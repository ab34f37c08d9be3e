# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who edits a registry keeps it until the task has ended."""

from __future__ import annotations

import fcntl
import multiprocessing
import os
import typing as t
from pathlib import Path

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.mssp.defender_xdr.plugins.filter import registry_with, registry_without
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._inventory import (
    registry_lock as _registry_lock,
)

ONE, TWO = (f"{digit * 8}-0000-4000-8000-{digit * 12}" for digit in "12")
FORK = multiprocessing.get_context("fork")


def edit(path: str, pipe: t.Any) -> None:
    """A worker: reads the registry, waits for its cue, writes it."""
    text = registry_with.registry_with(path, ONE, "contoso")
    registry_without.registry_without(path, TWO)
    pipe.send("read")
    pipe.recv()
    Path(path).write_text(text)


def is_free(folder: Path) -> bool:
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(handle)
    return True


def test_a_worker_keeps_the_registry_until_it_has_ended(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    path = tmp_path / "registry.yml"
    path.symlink_to(tmp_path / "real" / "registry.yml")
    ours, theirs = FORK.Pipe()
    worker = FORK.Process(target=edit, args=(str(path), theirs))
    worker.start()
    assert ours.recv() == "read"
    assert not is_free(tmp_path / "real")
    ours.send("write")
    worker.join()
    assert is_free(tmp_path / "real")
    assert ONE in path.read_text()


def test_the_first_process_which_lasts_for_the_whole_run_takes_no_lock(tmp_path: Path) -> None:
    registry_with.registry_with(str(tmp_path / "registry.yml"), ONE, "contoso")
    assert is_free(tmp_path)


def test_a_lock_that_stays_is_an_error_after_a_while(tmp_path: Path) -> None:
    first, second = (os.open(tmp_path, os.O_RDONLY) for unused in range(2))
    fcntl.flock(first, fcntl.LOCK_EX)
    hours = iter(range(9))
    slept: list[float] = []
    try:
        with pytest.raises(DefenderError, match=f"registries in {tmp_path} for 300 seconds"):
            _registry_lock._wait(
                second, str(tmp_path), now=lambda: next(hours) * 200.0, sleep=slept.append
            )
    finally:
        os.close(first)
        os.close(second)
    assert slept == [_registry_lock.PAUSE]


@pytest.mark.parametrize("error", [OSError(37, "No locks available"), FileNotFoundError()])
def test_a_folder_that_cannot_be_locked_is_no_crash(
    error: OSError, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(handle: int, folder: str) -> None:
        raise error

    warnings: list[str] = []
    monkeypatch.setattr(_registry_lock, "_wait", refuse)
    monkeypatch.setattr(_registry_lock.display, "warning", warnings.append)
    monkeypatch.setattr(multiprocessing, "parent_process", object)
    with pytest.raises(AnsibleFilterError, match="not a GUID"):
        registry_with.registry_with(str(tmp_path / "registry.yml"), "contoso", "contoso")
    assert [("No locks available" in each) for each in warnings] == [True] * (error.errno == 37)
