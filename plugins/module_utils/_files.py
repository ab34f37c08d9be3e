# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes files: a destination is checked first, then replaced as a whole or left unchanged.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import contextlib
import filecmp
import json
import os
import stat
import tempfile
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError

# of a draft, before the name of its destination; a killed process leaves its draft behind
PREFIX: t.Final = ".defender-xdr-"
PRIVATE: t.Final = 0o600
KINDS: t.Final = (
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
)


class Draft:
    """A file that only its owner can read, until `keep` moves it to its destination.

    `file` is open for reading and writing bytes. `draft` creates it, and removes it unless kept.
    """

    def __init__(self, path: str, *, option: str, folder: str) -> None:
        self.path = path
        self._option = option
        # mkstemp creates the file with mode 0600
        prefix = f"{PREFIX}{os.path.basename(path)[:100]}."
        handle, self.name = tempfile.mkstemp(prefix=prefix, dir=folder)
        self.file: t.BinaryIO = os.fdopen(handle, "w+b")

    def keep(self, *, mode: int = PRIVATE, path: str | None = None, durable: bool = True) -> bool:
        """Move the file to its destination; returns whether content or mode changed.

        A symbolic link at the destination is replaced, never followed.

        :arg path: another name in the same folder, such as that of a partial result.
        :arg durable: wait until it is on the disk; not needed for a file that can be recreated.
        """
        path = path or self.path
        with self._explained():
            self._finish(mode, durable=durable)
            changed = self._differs(path, mode)
            if changed:
                os.replace(self.name, path)
                if durable:
                    _sync(os.path.dirname(os.path.abspath(path)))
        return changed

    def would_change(self, *, mode: int = PRIVATE) -> bool:
        """What `keep` would return, for check mode; the destination stays unchanged."""
        with self._explained():
            self._finish(mode, durable=False)
            return self._differs(self.path, mode)

    def discard(self) -> None:
        """Remove the file unless it was moved to its destination."""
        with contextlib.suppress(OSError):
            self.file.close()
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.name)

    def _finish(self, mode: int, *, durable: bool) -> None:
        self.file.flush()
        os.fchmod(self.file.fileno(), mode)
        if durable:
            os.fsync(self.file.fileno())

    def _differs(self, path: str, mode: int) -> bool:
        if os.path.islink(path) or not os.path.exists(path):
            return True
        same_mode = stat.S_IMODE(os.stat(path).st_mode) == mode
        return not (same_mode and filecmp.cmp(self.name, path, shallow=False))

    @contextlib.contextmanager
    def _explained(self) -> t.Iterator[None]:
        try:
            yield
        except OSError as e:
            raise not_written(self.path, e, option=self._option) from None


def check(path: str, *, option: str = "dest") -> None:
    """Refuse a destination that cannot be replaced by a file, before anything is sent.

    Raises `bad_request` for a folder, a device, a pipe or a socket, and if no file can be created.

    :arg option: the option that named the path, for the message.
    """
    folder = os.path.dirname(os.path.abspath(path))
    if os.path.isdir(path) or path.endswith("/"):
        raise DefenderError(
            "bad_request", f"{option} is {path}, which is a folder; name a file in it."
        )
    with contextlib.suppress(OSError):
        mode = os.stat(path).st_mode
        for is_kind, name in KINDS:
            if is_kind(mode):
                raise DefenderError(
                    "bad_request",
                    f"{option} is {path}, which is {name}; name a regular file.",
                )
    try:
        # permission bits are not enough: if mkstemp succeeds now, the write can succeed later
        handle, spare = tempfile.mkstemp(prefix=PREFIX, dir=folder)
    except OSError as e:
        raise DefenderError(
            "bad_request",
            f"{option} is {path}, but no file can be created in {folder}: {e.strerror}.",
        ) from None
    os.close(handle)
    os.unlink(spare)


@contextlib.contextmanager
def draft(path: str, *, option: str = "dest", check_mode: bool = False) -> t.Iterator[Draft]:
    """A `Draft` for this destination; it is removed afterwards unless it was kept.

    :arg check_mode: for `would_change` only. The file is created in the system's temporary folder,
        because in check mode an earlier task may not have created the destination's folder.
    """
    folder = tempfile.gettempdir() if check_mode else os.path.dirname(os.path.abspath(path))
    try:
        made = Draft(path, option=option, folder=folder)
    except OSError as e:
        raise not_written(path, e, option=option) from None
    try:
        yield made
    finally:
        made.discard()


def write(
    path: str,
    content: bytes,
    *,
    option: str = "dest",
    mode: int = PRIVATE,
    check_mode: bool = False,
) -> bool:
    """Replace the content of a file; returns whether that changes it (or would, in check mode)."""
    with draft(path, option=option, check_mode=check_mode) as made:
        try:
            made.file.write(content)
        except OSError as e:
            raise not_written(path, e, option=option) from None
        return made.would_change(mode=mode) if check_mode else made.keep(mode=mode)


def append(path: str, value: t.Any, *, option: str = "dest") -> None:
    """Add a line of NDJSON to a file that only its owner can read; the file is made if missing."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, PRIVATE)
        with os.fdopen(handle, "ab") as file:
            file.write(json_line(value))
    except OSError as e:
        raise not_written(path, e, option=option) from None


def not_written(path: str, error: OSError, *, option: str = "dest") -> DefenderError:
    """The error for a destination that could not be written, such as on a full disk."""
    reason = error.strerror or "unknown reason"
    return DefenderError(
        "bad_request", f"{option} is {path}, which could not be written: {reason}."
    )


def json_line(value: t.Any) -> bytes:
    """The value as one line of NDJSON with its line break, in UTF-8.

    Half of a surrogate pair, which UTF-8 cannot encode, becomes JSON's own escape for it.
    """
    return encoded(json.dumps(value, ensure_ascii=False)) + b"\n"


def encoded(text: str) -> bytes:
    """JSON text in UTF-8, with JSON's escape for half of a surrogate pair."""
    return text.encode("utf-8", "backslashreplace")


def _sync(folder: str) -> None:
    """Make a new name in the folder durable, if the file system supports it."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
