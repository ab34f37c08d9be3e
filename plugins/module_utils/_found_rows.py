# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the rows of a hunt go: into memory, or through a spool on disk into a file, with memory that does not grow.

Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import Api

try:
    import ijson

    BROKEN: tuple[type[Exception], ...] = (ValueError, ijson.JSONError)
except ImportError:  # optional: without it one answer at a time is held in memory
    ijson = None
    BROKEN = (ValueError,)

Row = dict[str, t.Any]
# made once: json.dumps with options of its own makes an encoder for each row
encoded = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode
# An answer has 50 MB at most; spool, rows and the file made of them need about this.
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
    """Rows as NDJSON in a temporary file beside the final one, which L(_export) turns into what was asked for."""

    def __init__(self, folder: str, limit: int) -> None:
        self._count = 0
        self._limit = limit
        # closed by close(); they outlive this call
        self._answer = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115
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
        """The number of rows within the limit."""
        return min(self.count, self._limit) if self._limit else self.count

    def take(self, api: Api, path: str, body: t.Any, *, schema: str, results: str, timeout: float) -> list[Row]:
        api.query(path, body, timeout=timeout, into=self._answer)
        self._marks.append((self.count, self.file.tell()))
        try:
            columns, rows = _parsed(self._answer, schema, results)
            for row in rows:
                if not self.full:
                    self.file.write(encoded(row).encode() + b"\n")
                self._count += 1
        except BROKEN:
            columns = None
        if not isinstance(columns, list):
            raise _incomplete(api)
        return columns

    def rollback(self, count: int) -> None:
        while self._marks and self._marks[-1][0] >= count:
            self._count, place = self._marks.pop()
            self.file.seek(place)
            self.file.truncate()

    def close(self) -> None:
        """Leave nothing behind that was not put in place."""
        self._answer.close()
        self.file.close()
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.file.name)


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


def _parsed(answer: t.BinaryIO, schema: str, results: str) -> tuple[t.Any, t.Iterable[Row]]:
    answer.seek(0)
    if ijson is None:
        whole = json.load(answer)
        return whole.get(schema), whole.get(results) or []
    # the schema comes first, so that looking for it stops after a few bytes
    columns = next(ijson.items(answer, schema), None)
    answer.seek(0)
    return columns, ijson.items(answer, f"{results}.item", use_float=True)


def _incomplete(api: Api) -> DefenderError:
    return DefenderError("unavailable", f"Tenant {api.tenant.options.label}: the answer to the hunting query has no whole schema and results.")
