# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The state folder of a running lab: private files written atomically, and one lab per folder."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import typing as t
from collections.abc import Iterator
from pathlib import Path


class InUse(Exception):
    """Another lab lives in that folder."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"A lab is already running in {path}; stop it or set another --dir.")


@contextlib.contextmanager
def claimed(path: Path) -> Iterator[Path]:
    """Create the folder (0700) and hold it for this process; InUse when a living lab holds it. The
    kernel drops the lock with the process."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.chmod(0o700)
    lock = os.open(path / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise InUse(path) from None
        os.truncate(lock, 0)
        os.pwrite(lock, str(os.getpid()).encode(), 0)
        (path / "lab.json").unlink(missing_ok=True)
        yield path
        (path / "lab.json").unlink(missing_ok=True)
    finally:
        os.close(lock)


def holder(path: Path) -> int:
    """The pid of the lab that lives in the folder, 0 where none does."""
    try:
        lock = os.open(path / ".lock", os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return 0
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return int(os.pread(lock, 20, 0) or b"0")
    finally:
        os.close(lock)
    return 0


def write(path: Path, content: bytes | str) -> None:
    """Whole or not at all, 0600 from the first byte on."""
    data = content.encode() if isinstance(content, str) else content
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
    temporary.replace(path)


def write_json(path: Path, value: t.Any) -> None:
    write(path, json.dumps(value, indent=2) + "\n")
