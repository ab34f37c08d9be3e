# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the rows of a hunt go: into memory, or through a spool on disk into a file, with memory that does not grow.

Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils import _row_cutter
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import Api

Row = dict[str, t.Any]
# An answer has 50 MB at most; its rows and the file made of them need less than this.
ROOM: t.Final = 256 * 1024 * 1024


class Rows(t.Protocol):
    """Takes answers, gives back their columns, and can forget what came after a count."""

    @property
    def count(self) -> int:
        """How many rows came."""

    @property
    def full(self) -> bool:
        """Whether more rows came than are wanted."""

    def take(self, api: Api, path: str, body: t.Any, *, schema: str, results: str, timeout: float) -> list[Row]:
        """Send a query and keep its rows."""

    def rollback(self, count: int) -> None:
        """Forget all rows but the first C(count)."""


class InMemory:
    """A list of rows, for answers that Ansible is to hold."""

    def __init__(self, limit: int) -> None:
        self.rows: list[Row] = []
        self._limit = limit

    @property
    def count(self) -> int:
        return len(self.rows)

    @property
    def full(self) -> bool:
        return bool(self._limit) and self.count > self._limit

    def take(self, api: Api, path: str, body: t.Any, *, schema: str, results: str, timeout: float) -> list[Row]:
        answer = api.query(path, body, timeout=timeout)
        columns, rows = answer.get(schema), answer.get(results)
        if not isinstance(columns, list) or not isinstance(rows, list):
            raise _incomplete(api)
        self.rows.extend(rows)
        return columns

    def rollback(self, count: int) -> None:
        del self.rows[count:]

    def wanted(self) -> list[Row]:
        """The rows within the limit."""
        return self.rows[: self._limit] if self._limit else self.rows


class OnDisk:
    """Rows as NDJSON in a temporary file beside the final one, which L(_export) turns into what was asked for.

    Only those within the limit are written, however many are counted.
    """

    def __init__(self, folder: str, limit: int) -> None:
        self._count = 0
        self._limit = limit
        # closed by close(), because it outlives this call
        self.file = tempfile.NamedTemporaryFile("w+b", dir=folder, prefix=".hunt-", delete=False)  # noqa: SIM115 - 0600 from the first byte on
        self._marks: list[tuple[int, int]] = []

    @property
    def full(self) -> bool:
        return bool(self._limit) and self.count > self._limit

    @property
    def count(self) -> int:
        return self._count

    @property
    def kept(self) -> int:
        """The number of rows in the file."""
        return min(self.count, self._limit) if self._limit else self.count

    def take(self, api: Api, path: str, body: t.Any, *, schema: str, results: str, timeout: float) -> list[Row]:
        self._marks.append((self.count, self.file.tell()))
        answer = _Answer(self, results)
        try:
            api.query(path, body, timeout=timeout, into=t.cast("t.BinaryIO", answer))
            answer.cutter.close()
            self.file.flush()
        except _row_cutter.BROKEN:
            raise _incomplete(api) from None
        except OSError as e:
            raise DefenderError("bad_request", f"The rows could not be written to {os.path.dirname(self.file.name)}: {e.strerror}.") from None
        columns = answer.cutter.members.get(schema)
        if not isinstance(columns, list):
            raise _incomplete(api)
        return columns

    def add(self, lines: list[str]) -> None:
        """Rows of the answer that is coming."""
        kept = lines[: max(0, self._limit - self.count)] if self._limit else lines
        self._count += len(lines)
        self.file.write("".join(f"{line}\n" for line in kept).encode())

    def rollback(self, count: int) -> None:
        while self._marks and self._marks[-1][0] >= count:
            self.forget()
            self._marks.pop()

    def forget(self) -> None:
        """What came of the last answer."""
        self._count, place = self._marks[-1]
        self.file.seek(place)
        self.file.truncate()

    def close(self) -> None:
        """Leave nothing behind that was not put in place."""
        self.file.close()
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.file.name)


class _Answer:
    """What the transport takes for a file: rows are cut out of the answer as it comes, and forgotten where the request is repeated."""

    def __init__(self, rows: OnDisk, name: str) -> None:
        self._rows = rows
        self._name = name
        self.cutter = _row_cutter.Cutter(name, rows.add)

    def seek(self, place: int) -> None:
        """To the start only, before L(truncate)."""

    def truncate(self) -> None:
        self._rows.forget()
        self.cutter = _row_cutter.Cutter(self._name, self._rows.add)

    def write(self, piece: bytes) -> int:
        self.cutter.feed(piece)
        return len(piece)


def folder_of(dest: str) -> str:
    """The folder of the final file; raises C(bad_request) when nothing can be written there, before anything is sent."""
    folder = os.path.dirname(os.path.abspath(dest))
    if not os.path.isdir(folder) or not os.access(folder, os.W_OK):
        raise DefenderError("bad_request", f"dest is {dest}, but the folder {folder} does not exist or cannot be written.")
    if os.path.isdir(dest):
        raise DefenderError("bad_request", f"dest is {dest}, which is a folder; name a file in it.")
    if (free := shutil.disk_usage(folder).free) < ROOM:
        raise DefenderError("bad_request", f"dest is {dest}, but only {free >> 20} MB are free there; a hunt may need {ROOM >> 20} MB.")
    return folder


def _incomplete(api: Api) -> DefenderError:
    return DefenderError("unavailable", f"Tenant {api.tenant.options.label}: the answer to the hunting query has no whole schema and results.")
