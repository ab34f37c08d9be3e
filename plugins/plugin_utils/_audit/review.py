# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads all trails in a folder, and lists what is wrong with them.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import contextlib
import os
import stat
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils import _times
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._shapes import Json
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._audit import chain as _chain
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._audit.folder import (
    HEAD,
    LINES,
    OPTION,
    Folder,
    read,
)


class Review:
    """The records and problems of the trails so far."""

    def __init__(self, path: str) -> None:
        self.records: list[Json] = []
        self.problems: list[Json] = []
        self._path = path

    def add(self, name: str, code: str, text: str, line: int | None = None) -> None:
        """A problem of the file with this name; the empty name is the folder's."""
        path = os.path.join(self._path, name) if name else self._path
        self.problems.append({"file": path, "line": line, "code": code, "text": text})

    def trail(self, tenant_id: str, names: t.Collection[str]) -> None:
        """Read and check the trail of one tenant."""
        file, head_file = tenant_id + LINES, tenant_id + HEAD
        head = self._head(head_file) if head_file in names else None
        if file not in names:
            text = "there is a head, but no trail: the file was removed"
            self.add(file, "file_missing", text)
            return
        if head_file not in names:
            self.add(head_file, "head_missing", "there is a trail, but no head: it was removed")
        content = self._content(file)
        if content is None:
            return
        records, problems = _chain.check(content, head)
        for problem in problems:
            self.add(file, problem.code, problem.text, problem.line)
        for number, record in records:
            tenant = record.get("tenant")
            if not isinstance(tenant, dict) or tenant.get("id") != tenant_id:
                self.add(file, "other_tenant", "the line is of another tenant", number)
            self.records.append(record)

    def _head(self, name: str) -> _chain.Head | None:
        content = self._content(name)
        try:
            return None if content is None else _chain.head_from(content)
        except ValueError:
            self.add(name, "not_json", "the head is not a JSON object with count and last")
            return None

    def _content(self, name: str) -> bytes | None:
        try:
            return read(os.path.join(self._path, name))
        except OSError as e:
            self.add(name, "unreadable", f"the file cannot be read: {e.strerror}")
            return None

    def check_modes(self, names: t.Iterable[str]) -> None:
        """Files that others can read, and a folder in which others can remove files."""
        for name in names:
            with contextlib.suppress(OSError):  # of a file that cannot be read either
                mode = stat.S_IMODE(os.lstat(os.path.join(self._path, name)).st_mode)
                if mode & 0o077:
                    text = f"the file has mode {mode:04o}, so that other users can access it"
                    self.add(name, "accessible_to_others", f"{text}; set it to 0600")
        mode = stat.S_IMODE(os.stat(self._path).st_mode)
        if mode & 0o022:
            text = f"the folder has mode {mode:04o}, so that other users can remove files"
            self.add("", "accessible_to_others", f"{text}; set it to 0700")


def review(path: str, *, since: int | None) -> Review:
    """All trails in the folder, checked as a whole; raises `bad_request` if it cannot be read.

    :arg since: ticks; earlier records, and those without a valid time, are checked but left out.
    """
    trails = Review(path)
    try:
        with Folder(path).unchanged():
            names = {name for name in os.listdir(path) if name.endswith((LINES, HEAD))}
            for tenant_id in sorted({name.rpartition(".")[0] for name in names}):
                trails.trail(tenant_id, names)
            trails.check_modes(sorted(names))
    except OSError as e:
        raise DefenderError(
            "bad_request", f"{OPTION} is {path}, which cannot be read: {e.strerror}."
        ) from None
    trails.records.sort(key=lambda record: _ticks(record) or 0)
    if since is not None:
        trails.records = [record for record in trails.records if (_ticks(record) or 0) >= since]
    return trails


def _ticks(record: Json) -> int | None:
    try:
        return _times.read_time(str(record.get("time")))
    except DefenderError:
        return None
