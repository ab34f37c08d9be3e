# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Collect the rows of a hunt in memory, or on disk in constant memory.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils import _files
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._hunting import columns as _columns
from ansible_collections.mssp.defender_xdr.plugins.module_utils._hunting import (
    json_rows as _row_cutter,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._hunting import (
    row_owners as _row_owners,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.api import Api
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.options import Options

Row = dict[str, t.Any]
SCHEMA, RESULTS = "schema", "results"  # the members of a response, ignoring case
# A response has at most 50 MB; its rows and the final file need less than this.
ROOM: t.Final = 256 * 1024 * 1024


class Rows(t.Protocol):
    """Collects responses, and can drop the rows after a count."""

    @property
    def count(self) -> int:
        """The number of rows received."""

    @property
    def full(self) -> bool:
        """Whether there are more rows than the limit."""

    def take(self, api: Api, path: str, body: t.Any, *, timeout: float) -> list[_columns.Column]:
        """Send a query, keep its rows, and return the columns of the response."""

    def rollback(self, count: int) -> None:
        """Drop all rows except the first `count`."""


class InMemory:
    """A list of rows, for results of Ansible."""

    def __init__(self, limit: int) -> None:
        self.rows: list[Row] = []
        self._limit = limit

    @property
    def count(self) -> int:
        return len(self.rows)

    @property
    def full(self) -> bool:
        return bool(self._limit) and self.count > self._limit

    def take(self, api: Api, path: str, body: t.Any, *, timeout: float) -> list[_columns.Column]:
        answer = api.query(path, body, timeout=timeout)
        rows = _columns.member(answer, RESULTS)
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise _incomplete(api)
        names = dict.fromkeys(name for row in rows for name in row)
        columns = _complete(api, answer, names)
        self.rows.extend(rows)
        return columns

    def rollback(self, count: int) -> None:
        del self.rows[count:]

    def wanted(self) -> list[Row]:
        """The rows within the limit."""
        return self.rows[: self._limit] if self._limit else self.rows


class OnDisk:
    """Rows as NDJSON in a draft of the final file, which `export` converts.

    All rows are counted, but only those within the limit are written.
    """

    def __init__(self, draft: _files.Draft, limit: int) -> None:
        self.draft = draft
        self._count = 0
        self._limit = limit
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

    def take(self, api: Api, path: str, body: t.Any, *, timeout: float) -> list[_columns.Column]:
        self._marks.append((self.count, self.draft.file.tell()))
        answer = _Answer(self)
        try:
            api.query(path, body, timeout=timeout, into=t.cast("t.BinaryIO", answer))
            answer.cutter.close()
            self.draft.file.flush()
        except _row_cutter.BROKEN:
            raise _incomplete(api) from None
        except OSError as e:
            raise _files.not_written(self.draft.path, e) from None
        return _complete(api, answer.cutter.members, answer.cutter.columns)

    def add(self, lines: list[str]) -> None:
        """Add rows of the current response."""
        kept = lines[: max(0, self._limit - self.count)] if self._limit else lines
        self._count += len(lines)
        self.draft.file.write(_files.encoded("".join(f"{line}\n" for line in kept)))

    def rollback(self, count: int) -> None:
        while self._marks and self._marks[-1][0] >= count:
            self.forget()
            self._marks.pop()

    def forget(self) -> None:
        """Drop the rows of the last response."""
        self._count, place = self._marks[-1]
        self.draft.file.seek(place)
        self.draft.file.truncate()


class _Answer:
    """A file for the transport that extracts rows while the response arrives.

    The rows are dropped if the request is repeated.
    """

    def __init__(self, rows: OnDisk) -> None:
        self._rows = rows
        self.cutter = _row_cutter.Cutter(RESULTS, rows.add)

    def seek(self, place: int) -> None:
        """Only to the start, before `truncate`."""

    def truncate(self) -> None:
        self._rows.forget()
        self.cutter = _row_cutter.Cutter(RESULTS, self._rows.add)

    def write(self, piece: bytes) -> int:
        self.cutter.feed(piece)
        return len(piece)


def check_dest(dest: str, owner: Options, *, check_mode: bool) -> None:
    """Refuse a file that cannot be written or contains another tenant's rows, before any request.

    In check mode nothing is written, and the folder may be missing, because an earlier task that
    creates it did not run either.
    """
    folder = os.path.dirname(os.path.abspath(dest))
    if not check_mode or os.path.isdir(folder):
        _files.check(dest)
    _row_owners.check(dest, owner)
    place = tempfile.gettempdir() if check_mode else folder
    if (free := shutil.disk_usage(place).free) < ROOM:
        raise DefenderError(
            "bad_request",
            (
                f"dest is {dest}, but only {free >> 20} MB are free in {place}; a hunt may need"
                f" {ROOM >> 20} MB; free some space, or set another dest."
            ),
        )


@contextlib.contextmanager
def on_disk(dest: str, limit: int, *, check_mode: bool) -> t.Iterator[OnDisk]:
    """Rows for this file; an unfinished draft is deleted."""
    with _files.draft(dest, check_mode=check_mode) as draft:
        yield OnDisk(draft, limit)


def _complete(api: Api, answer: t.Any, names: t.Iterable[str]) -> list[_columns.Column]:
    try:
        columns = _columns.from_schema(_columns.member(answer, SCHEMA))
    except ValueError:
        raise _incomplete(api) from None
    return _columns.complete(columns, names)


def _incomplete(api: Api) -> DefenderError:
    label = api.tenant.options.label
    return DefenderError(
        "unavailable",
        (
            f"Tenant {label}: the response to the hunting query has no complete schema and"
            " results; run the task again."
        ),
    )
