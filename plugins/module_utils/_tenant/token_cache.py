# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The token cache on disk: one 0600 file per login host, tenant, application and audience.

The file is its own lock, and is written in place. Its checksum shows whether it was read while it
was being written, or whether its writer was killed. A file that is corrupt, owned by another user,
or readable by others is ignored without an error, and replaced by a new one. Whoever can read these
files can act as the application for up to an hour, so this code never widens a permission.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import json
import os
import re
import stat
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils import _files
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.clock import Clock

Entry = dict[str, t.Any]
# O_NONBLOCK, so that a named pipe in the place of a file does not block
SAFELY: t.Final = os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
MOST: t.Final = 1 << 20  # bytes of an entry
ATTEMPTS: t.Final = 5
SUM: t.Final = b', "sum": "%b"}'


class TokenFile:
    """One cached token or one cached refusal. Without a folder, nothing is cached."""

    def __init__(
        self,
        folder: str | None,
        *,
        login_url: str,
        tenant_id: str,
        client_id: str,
        audience: str,
        clock: Clock,
    ) -> None:
        self.warning: str | None = None
        self._clock = clock
        self._path: str | None = None
        self._handle: int | None = None  # while it is locked
        # the file contains the whole key, because its name is only a hash
        self._key = f"{login_url} {tenant_id} {client_id} {audience}"
        if folder and self._usable(folder):
            self._path = os.path.join(
                folder, f"{tenant_id}-{hashlib.sha256(self._key.encode()).hexdigest()[:24]}"
            )

    def _usable(self, folder: str) -> bool:
        try:
            status = _made(folder)
        except OSError as e:
            self.warning = (
                f"token_cache {folder} cannot be used ({e.strerror}); tokens are not cached on"
                " disk."
            )
            return False
        if status.st_uid != os.geteuid() or status.st_mode & 0o077:
            self.warning = (
                f"token_cache {folder} is owned by another user or accessible to others; tokens are"
                " not cached on disk. Change its owner to this user and its mode to 0700."
            )
            return False
        return True

    def read(self) -> Entry:
        """The entry; empty if there is none, or none that can be trusted."""
        if self._path is None:
            return {}
        if self._handle is not None:
            return self._content(self._handle)
        try:
            handle = os.open(self._path, os.O_RDONLY | SAFELY)
        except OSError:
            return {}
        try:
            return self._content(handle) if _is_trusted(os.fstat(handle)) else {}
        finally:
            os.close(handle)

    def _content(self, handle: int) -> Entry:
        try:
            entry = json.loads(_checked(os.pread(handle, MOST + 1, 0)))
        except (OSError, ValueError):
            return {}
        return entry if isinstance(entry, dict) and entry.get("key") == self._key else {}

    def write(self, entry: Entry) -> None:
        """Replace the entry, which must be locked; on a full disk, the task runs without it."""
        if self._handle is None:
            return
        content = _with_checksum(json.dumps({"key": self._key, **entry}).encode())
        try:
            if os.pwrite(self._handle, content, 0) < len(content):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.ftruncate(self._handle, len(content))
        except OSError as e:
            self.warning = f"The token was not cached on disk: {self._path}: {e.strerror}."

    @contextlib.contextmanager
    def locked(self, *, seconds: float) -> t.Iterator[None]:
        """Lock this entry against other processes and threads; raises `timeout` if it stays locked
        for too long."""
        if self._path is not None:
            try:
                self._handle = self._locked(self._path, self._clock.now() + seconds)
            except OSError as e:
                # a network file system without a lock service fails only here
                self.warning = (
                    f"token_cache {os.path.dirname(self._path)} cannot be locked"
                    f" ({e.strerror}); tokens are not cached on disk."
                )
                self._path = None
        try:
            yield
        finally:
            if self._handle is not None:
                os.close(self._handle)
                self._handle = None

    def _locked(self, path: str, end: float) -> int:
        """A handle of the file, locked."""
        while True:
            handle = _opened(path)
            try:
                self._wait_for(handle, end)
                if os.fstat(handle).st_nlink:
                    return handle
            except BaseException:
                os.close(handle)
                raise
            os.close(handle)  # another process has removed it meanwhile

    def _wait_for(self, handle: int, end: float) -> None:
        pause = 0.005
        while True:
            try:
                return fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if self._clock.now() + pause > end:
                    raise DefenderError(
                        "timeout",
                        (f"The token cache entry {self._path} is still locked by another process."),
                        who="caller",
                    ) from None
                self._clock.sleep(pause)
                pause = min(pause * 1.5, 0.1)


def _made(folder: str) -> os.stat_result:
    """The status of the folder, which is created if it is missing."""
    with contextlib.suppress(FileNotFoundError):
        return os.stat(folder)
    os.makedirs(folder, mode=0o700, exist_ok=True)
    return os.stat(folder)


def _opened(path: str) -> int:
    """A handle of the file, which is created if it is missing, and replaced if it is not to be
    trusted: the folder belongs to this user."""
    for _attempt in range(ATTEMPTS):
        try:
            handle = os.open(path, os.O_RDWR | os.O_CREAT | SAFELY, 0o600)
        except OSError as e:
            if e.errno not in (errno.ELOOP, errno.EACCES, errno.ENXIO):
                raise
        else:
            if _is_trusted(os.fstat(handle)):
                return handle
            os.close(handle)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
    raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))


def _is_trusted(status: os.stat_result) -> bool:
    return (
        status.st_uid == os.geteuid()
        and not status.st_mode & 0o077
        and stat.S_ISREG(status.st_mode)
        and status.st_nlink <= 1
    )


def _with_checksum(content: bytes) -> bytes:
    """The JSON object with one more member, the checksum of the others."""
    return content[:-1] + SUM % hashlib.sha256(content).hexdigest().encode()


def _checked(content: bytes) -> bytes:
    """The JSON object without its checksum; raises ValueError if that is missing or wrong."""
    original = content[: -len(SUM % (b"0" * 64))] + b"}"
    if len(content) > MOST or content != _with_checksum(original):
        raise ValueError
    return original


def forget(folder: str | None, tenant_id: str, *, pretend: bool = False) -> int:
    """Remove all cached files of a tenant, for all applications; returns how many contain a token.

    :arg pretend: only count.
    """
    name = re.compile(rf"({re.escape(_files.PREFIX)})?{re.escape(tenant_id)}-[0-9a-f]{{24}}(\..+)?")
    tokens = 0
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        for entry in [
            entry for entry in os.scandir(folder or os.devnull) if name.fullmatch(entry.name)
        ]:
            with contextlib.suppress(OSError, ValueError), open(entry.path, "rb") as f:
                tokens += b'"token": ' in f.read(1 << 20)
            if not pretend:
                os.unlink(entry.path)
    return tokens
