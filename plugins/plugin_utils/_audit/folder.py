# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The folder of audit files: one trail for each tenant, `<tenant id>.ndjson` with its `.head`, and
one lock for all runs on this machine.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import errno
import fcntl
import os
import time
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils import _files
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._shapes import Json
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.options import GUID
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._audit import chain as _chain

OPTION: t.Final = "audit_dir"
LINES: t.Final = ".ndjson"
HEAD: t.Final = ".head"
LOCK: t.Final = ".lock"
WAIT: t.Final = 60.0
PAUSE: t.Final = 0.02
WRITERS: t.Final = 16  # threads
# O_NONBLOCK, so that a named pipe in the place of a file does not block
SAFELY: t.Final = os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK


class Folder:
    """The audit trails in one folder.

    :arg now: a monotonic clock and `sleep` its pauses, for tests.
    """

    def __init__(
        self,
        path: str,
        *,
        now: t.Callable[[], float] = time.monotonic,
        sleep: t.Callable[[float], None] = time.sleep,
    ) -> None:
        self.path = path
        self._now = now
        self._sleep = sleep

    def prepare(self) -> None:
        """Create the folder for its owner alone if it is missing; raises `bad_request` if trails
        cannot be written in it."""
        try:
            os.makedirs(self.path, mode=0o700, exist_ok=True)
        except OSError as e:
            raise _files.not_written(self.path, e, option=OPTION) from None
        _files.check(os.path.join(self.path, LOCK), option=OPTION)
        with self._locked():
            pass

    def append(self, trails: t.Mapping[str, t.Sequence[Json]]) -> dict[str, DefenderError]:
        """Add lines to the trails of tenants, by tenant id, and update their heads.

        Returns the errors by tenant id: `bad_request` if a file cannot be written. Raises `timeout`
        if the lock is not free in time.
        """
        # the id becomes the name of a file
        errors = {tenant_id: _no_guid(tenant_id) for tenant_id in trails if _is_strange(tenant_id)}
        good = [tenant_id for tenant_id in trails if tenant_id not in errors]
        if not good:
            return errors
        # the disk takes most of the time, and serves many files at once
        with self._locked(), concurrent.futures.ThreadPoolExecutor(WRITERS) as pool:
            made = pool.map(self._extend, good, (trails[tenant_id] for tenant_id in good))
            return errors | dict(filter(None, made))

    def _extend(
        self, tenant_id: str, records: t.Sequence[Json]
    ) -> tuple[str, DefenderError] | None:
        """Add lines to one trail; returns the tenant with the error if that is not possible."""
        try:
            place = os.path.join(self.path, tenant_id.lower())
            lines, head = _chain.extended(self._head(place + HEAD), records)
            for path, write, content in (
                (place + LINES, _append, lines),
                (place + HEAD, _replace, head.encoded()),
            ):
                try:
                    write(path, content)
                except OSError as e:
                    raise _files.not_written(path, e, option=OPTION) from None
        except DefenderError as e:
            return tenant_id, e
        return None

    def _head(self, path: str) -> _chain.Head:
        """The head of a trail; that of an empty one if the file is missing or damaged, which leaves
        a break in the chain that `audit_info` reports."""
        try:
            return _chain.head_from(read(path))
        except FileNotFoundError:
            return _chain.Head()
        except ValueError:
            return _chain.Head()
        except OSError as e:
            raise _files.not_written(path, e, option=OPTION) from None

    @contextlib.contextmanager
    def _locked(self) -> t.Iterator[None]:
        path = os.path.join(self.path, LOCK)
        try:
            handle = os.open(path, os.O_RDWR | os.O_CREAT | SAFELY, _files.PRIVATE)
        except OSError as e:
            raise _files.not_written(path, e, option=OPTION) from None
        try:
            self._wait(handle, path)
            yield
        finally:
            os.close(handle)

    def _wait(self, handle: int, path: str) -> None:
        deadline = self._now() + WAIT
        while True:
            try:
                return fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if self._now() >= deadline:
                    raise DefenderError(
                        "timeout",
                        f"{OPTION} is {self.path}, but another process has held its lock {path} for"
                        f" {WAIT:.0f} seconds.",
                        who="caller",
                    ) from None
                self._sleep(PAUSE)
            except OSError as e:
                raise _files.not_written(path, e, option=OPTION) from None

    @contextlib.contextmanager
    def unchanged(self) -> t.Iterator[None]:
        """Keep other runs from writing in the meantime, without writing anything: a folder without
        lock file has no trail that a run may be writing."""
        try:
            handle = os.open(os.path.join(self.path, LOCK), os.O_RDONLY | SAFELY)
        except OSError:
            yield
            return
        try:
            self._wait(handle, LOCK)
            yield
        finally:
            os.close(handle)


def _is_strange(tenant_id: str) -> bool:
    return not GUID.fullmatch(tenant_id)


def _no_guid(tenant_id: str) -> DefenderError:
    text = f"A result has the tenant id {tenant_id!r}, which is not a GUID."
    return DefenderError("bad_request", text)


def read(path: str) -> bytes:
    """The content of a regular file; raises OSError."""
    with os.fdopen(os.open(path, os.O_RDONLY | SAFELY), "rb") as file:
        return file.read()


def _append(path: str, lines: bytes) -> None:
    """Add the lines with one write, so that a full disk leaves no part of them, and wait until they
    are on the disk."""
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | SAFELY, _files.PRIVATE)
    try:
        size = os.fstat(handle).st_size
        if os.write(handle, lines) < len(lines):
            os.ftruncate(handle, size)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        os.fdatasync(handle)
    finally:
        os.close(handle)


def _replace(path: str, content: bytes) -> None:
    """Replace the content of a small file with one write, and wait until it is on the disk."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | SAFELY, _files.PRIVATE)
    try:
        if os.pwrite(handle, content, 0) < len(content):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        os.ftruncate(handle, len(content))
        os.fdatasync(handle)
    finally:
        os.close(handle)
