# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The token cache on disk: one 0600 file per login host, tenant, application and audience, locked
and replaced as a whole.

A file that is corrupt, owned by another user, or readable by others is ignored without an error.
Whoever can read these files can act as the application for up to an hour, so this code never widens
a permission.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import contextlib
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
        # the file contains the whole key, because its name is only a hash
        self._key = f"{login_url} {tenant_id} {client_id} {audience}"
        if folder and self._usable(folder):
            self._path = os.path.join(
                folder, f"{tenant_id}-{hashlib.sha256(self._key.encode()).hexdigest()[:24]}"
            )

    def _usable(self, folder: str) -> bool:
        try:
            os.makedirs(folder, mode=0o700, exist_ok=True)
            status = os.stat(folder)
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
        try:
            # O_NONBLOCK, so that a named pipe in its place does not block
            handle = os.open(self._path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
            with os.fdopen(handle, "rb") as f:
                status = os.fstat(handle)
                if (
                    status.st_uid != os.geteuid()
                    or status.st_mode & 0o077
                    or not stat.S_ISREG(status.st_mode)
                ):
                    return {}
                entry = json.loads(f.read(1 << 20))
        except (OSError, ValueError):
            return {}
        return entry if isinstance(entry, dict) and entry.get("key") == self._key else {}

    def write(self, entry: Entry) -> None:
        """Replace the entry atomically; on a full or read-only disk, the task runs without it."""
        if self._path is None:
            return
        content = json.dumps({"key": self._key, **entry}).encode()
        try:
            with _files.draft(self._path, option="token_cache") as draft:
                draft.file.write(content)
                draft.keep(durable=False)
        except (DefenderError, OSError) as e:
            self.warning = f"The token was not cached on disk: {e}"

    @contextlib.contextmanager
    def locked(self, *, seconds: float) -> t.Iterator[None]:
        """Lock this entry against other processes and threads; raises `timeout` if it stays locked
        for too long."""
        if self._path is None:
            yield
            return
        with contextlib.ExitStack() as stack:
            try:
                handle = os.open(
                    f"{self._path}.lock",
                    os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC,
                    0o600,
                )
                stack.callback(os.close, handle)
                self._wait_for(handle, self._clock.now() + seconds)
            except OSError as e:
                # a network file system without a lock service fails only here
                self.warning = (
                    f"token_cache {os.path.dirname(self._path)} cannot be locked"
                    f" ({e.strerror}); tokens are not cached on disk."
                )
                self._path = None
            yield

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
