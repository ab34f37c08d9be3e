# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Record which tenant's rows a file contains, so that no task replaces the rows of another tenant.

A file of rows names no tenant, so a record of each is kept in the user's home: the tenant, and the
file's device, inode, size and time. A file that was moved or changed since then has no owner.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import stat
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.options import Options

HOME, FOLDER = "ANSIBLE_HOME", os.path.join("defender_xdr", "row_owners")
# Number of record files, each for many paths. Records of deleted files are dropped at the next
# write.
FILES: t.Final = 64

Record = dict[str, t.Any]


def check(dest: str, options: Options) -> None:
    """Raise `conflict` if the file contains another tenant's rows; nothing is written."""
    path = _path(dest)
    with contextlib.suppress(OSError), open(_file(path), "rb") as file:
        _refuse(dest, options, _records(file).get(path))


@contextlib.contextmanager
def claimed(dest: str, options: Options) -> t.Iterator[list[str]]:
    """A context for replacing the file with the tenant's rows: no other task does at the same time,
    and the tenant is recorded.

    Raises `conflict` like `check`. Yields a list of warnings, with one entry if no record can be
    kept.
    """
    path = _path(dest)
    warnings: list[str] = []
    with contextlib.ExitStack() as stack:
        try:
            file: t.BinaryIO | None = stack.enter_context(_locked(_file(path)))
        except OSError as e:
            file = None
            warnings.append(
                f"{os.path.dirname(_file(path))} cannot be used ({e.strerror}), so the owner of"
                f" the rows in {dest} is not recorded; give each tenant a different dest, because"
                " another tenant's task with this dest would replace them."
            )
        records = _records(file) if file else {}
        _refuse(dest, options, records.get(path))
        yield warnings
        if file:
            current = {
                old: record
                for old, record in records.items()
                if _identity(old) == record.get("file")
            }
            current[path] = {
                "tenant_id": options.tenant_id,
                "tenant": options.label,
                "file": _identity(path),
            }
            # the rows are in place; with a full disk only the record is lost
            with contextlib.suppress(OSError):
                _replace(file, current)


def _refuse(dest: str, options: Options, record: Record | None) -> None:
    if not record or record.get("tenant_id") == options.tenant_id:
        return
    identity = _identity(_path(dest))
    if identity and record.get("file") == identity:
        raise DefenderError(
            "conflict",
            f"dest is {dest}, which contains rows of tenant {record.get('tenant')} that tenant"
            f" {options.label} would replace; give each tenant a different file, for example with"
            " {{ inventory_hostname }} in dest, or move that file away first.",
            who="caller",
        )


def _path(dest: str) -> str:
    """A canonical path of the file; a final symbolic link is replaced, not followed."""
    folder, name = os.path.split(os.path.abspath(dest))
    return os.path.join(os.path.realpath(folder), name)


def _file(path: str) -> str:
    home = os.environ.get(HOME) or os.path.join("~", ".ansible")
    number = hashlib.sha256(os.fsencode(path)).digest()[0] % FILES
    return os.path.join(os.path.expanduser(home), FOLDER, f"{number:02d}.json")


def _identity(path: str) -> list[int] | None:
    try:
        status = os.lstat(path)
    except OSError:
        return None
    if not stat.S_ISREG(status.st_mode):
        return None
    return [status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns]


@contextlib.contextmanager
def _locked(name: str) -> t.Iterator[t.BinaryIO]:
    os.makedirs(os.path.dirname(name), mode=0o700, exist_ok=True)
    handle = os.open(name, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # ends with the file
        yield file


def _records(file: t.BinaryIO) -> dict[str, Record]:
    try:
        records = json.loads(file.read())
    except ValueError:
        return {}
    if not isinstance(records, dict):
        return {}
    return {path: record for path, record in records.items() if isinstance(record, dict)}


def _replace(file: t.BinaryIO, records: dict[str, Record]) -> None:
    """Overwrite the file in place, because the lock is on it; a truncated file is read as empty."""
    file.seek(0)
    file.write(json.dumps(records).encode())
    file.truncate()
    file.flush()
