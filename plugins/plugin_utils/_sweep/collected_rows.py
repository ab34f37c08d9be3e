# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rows of all tenants in one NDJSON file, in the order of the hosts. The file is replaced as a
whole or not at all.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import contextlib
import json
import os
import typing as t

from ansible import constants as C
from ansible_collections.mssp.defender_xdr.plugins.module_utils import _files
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._shapes import Json
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._door import SECRET_MODULES

CHUNK: t.Final = 1 << 20  # bytes that are copied at a time
# Bytes of JSON above which a result costs the controller hundreds of megabytes. Core copies it
# between processes: with 172 MB the larger one took 485 MB, with 17 MB 138 MB, without rows 70 MB.
LARGE: t.Final = 50_000_000


def check(dest: str | None, *, module: str, check_mode: bool = False) -> None:
    """Raise `bad_request` for a file that cannot be written, and for a module whose result holds
    secrets, before any tenant is queried."""
    if dest is None:
        return
    if module in SECRET_MODULES:
        raise DefenderError(
            "bad_request",
            (
                f"dest is set, but the result of {module} is never written to a file; remove dest"
                " and register the result."
            ),
        )
    # in check mode, an earlier task that creates the folder has not run either
    if not check_mode or os.path.exists(os.path.dirname(os.path.abspath(dest))):
        _files.check(dest)


def partial(dest: str) -> str:
    """The file for the rows of an interrupted sweep."""
    return f"{dest}.partial"


class Collector:
    """Takes the result of each tenant and returns the part that stays in memory.

    At the end, `changed` is whether the file differs from before, or would in check mode; `kept` is
    the file for the rows of an interrupted sweep.

    :arg rows: the key of a result that holds its rows. Without one, the whole result is one row.
    """

    def __init__(self, fields: t.Sequence[str], *, rows: str | None) -> None:
        self.changed = False
        self.kept: str | None = None
        self._fields = fields
        self._rows = rows

    def collect(self, host: str, answer: Json) -> Json:
        """The part of the result that stays; raises TypeError or the like for a malformed one."""
        if self._rows and self._rows in answer:
            answer[self._rows] = [self._trimmed(row) for row in answer[self._rows]]
        return answer

    def _trimmed(self, row: Json) -> Json:
        return {name: row[name] for name in self._fields if name in row} if self._fields else row


class FileCollector(Collector):
    """Writes the rows to a draft beside the file, in the order in which tenants answer."""

    def __init__(
        self,
        fields: t.Sequence[str],
        *,
        rows: str | None,
        spool: _files.Draft,
        check_mode: bool,
    ) -> None:
        super().__init__(fields, rows=rows)
        self._spool = spool
        self._check_mode = check_mode
        self._places: dict[str, tuple[int, int]] = {}  # by host: where its rows begin and end

    def collect(self, host: str, answer: Json) -> Json:
        answer = super().collect(host, answer)
        if answer.get("failed"):
            return answer
        tenant = {"tenant_id": answer["tenant"]["id"], "tenant_name": answer["tenant"]["name"]}
        listed = self._rows if self._rows in answer else None
        begin = self._spool.file.tell()
        for row in answer[listed] if listed else [self._whole(answer)]:
            with _explained(self._spool.path):
                self._spool.file.write(_files.json_line({**row, **tenant}))
        # the rows of a tenant that fails half-way have no place, so they never get into the file
        self._places[host] = (begin, self._spool.file.tell())
        if listed and not self._check_mode:
            del answer[listed]
        return answer

    def _whole(self, answer: Json) -> Json:
        """A whole result as a row, without the records of writes unless `fields` names them: their
        times would make another file out of equal answers."""
        kept = {name: value for name, value in answer.items() if name != "writes" or self._fields}
        return self._trimmed(kept)

    def finish(self, hosts: t.Iterable[str]) -> None:
        """Put the file in place, unless no tenant answered."""
        if self._places:
            self.changed = self._place(hosts)

    def interrupt(self, hosts: t.Iterable[str]) -> None:
        """Keep the rows so far in the partial file."""
        if self._places and not self._check_mode:
            self._place(hosts, path=partial(self._spool.path))
            self.kept = partial(self._spool.path)

    def _place(self, hosts: t.Iterable[str], *, path: str | None = None) -> bool:
        """Copy the rows in the order of the hosts; returns whether the file changes, or would."""
        dest, source = self._spool.path, self._spool.file
        with _files.draft(dest, check_mode=self._check_mode) as final:
            with _explained(dest):
                for begin, end in (self._places[host] for host in hosts if host in self._places):
                    source.seek(begin)
                    for start in range(begin, end, CHUNK):
                        final.file.write(source.read(min(CHUNK, end - start)))
            return final.would_change() if self._check_mode else final.keep(path=path)


@contextlib.contextmanager
def collector(
    dest: str | None,
    fields: t.Sequence[str],
    *,
    rows: str | None,
    hosts: t.Sequence[str],
    check_mode: bool = False,
) -> t.Iterator[Collector]:
    """A `Collector` that writes the rows to the file in the order of these hosts.

    In check mode the file is not written, and the rows stay in the results.
    """
    if dest is None:
        yield Collector(fields, rows=rows)
        return
    with _files.draft(dest, check_mode=check_mode) as spool:
        made = FileCollector(fields, rows=rows, spool=spool, check_mode=check_mode)
        try:
            yield made
            made.finish(hosts)
        except Exception:
            raise
        except BaseException:
            made.interrupt(hosts)
            raise


@contextlib.contextmanager
def _explained(dest: str) -> t.Iterator[None]:
    try:
        yield
    except OSError as e:
        raise _files.not_written(dest, e) from None


def size_warning(results: t.Mapping[str, Json], *, rows: str | None) -> str | None:
    """What to do about rows that need much memory; None if they do not.

    :arg results: by host, the results that stay in memory.
    """
    found = [answer[rows] for answer in results.values() if rows and answer.get(rows)]
    # one row of each tenant as a sample: to encode all of them would take as long as the sweep
    size = sum(len(json.dumps(some[0], default=str)) * len(some) for some in found)
    if size < LARGE:
        return None
    return (
        f"The result has {sum(map(len, found))} rows, about {size / 1e6:.0f} MB of JSON, and"
        " Ansible needs several times as much memory for it. Set dest to write the rows to a file,"
        " or fields to keep fewer of their fields."
    )


def rescued(result: Json) -> str | None:
    """Write the result so far of an interrupted sweep without `dest` to a private file.

    Returns the path; None if the file cannot be written.
    """
    folder = os.path.join(
        os.path.expanduser(C.config.get_config_value("ANSIBLE_HOME")), "defender_xdr"
    )
    path = os.path.join(folder, "interrupted_sweep.json")
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
        _files.write(path, _files.encoded(json.dumps(result, ensure_ascii=False)))
    except (OSError, DefenderError):
        return None
    return path
