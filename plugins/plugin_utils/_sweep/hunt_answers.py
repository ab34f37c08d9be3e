# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The answers of a hunt sweep on disk: a file for each query and tenant, in place as soon as the
tenant has answered, and in the end one file for each query with the rows of all tenants.

Below `dest`: `NAME.ndjson` and `hunt_result.json`, and for a resumed run
`.answers/NAME/DIGEST/HOST TENANT.ndjson` with a journal of who answered what and when.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import typing as t
import urllib.parse
from pathlib import Path

from ansible_collections.mssp.defender_xdr.plugins.module_utils import _files
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._shapes import Json
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._sweep.hunt_questions import (
    Question,
)

ANSWERS: t.Final = ".answers"
JOURNAL: t.Final = "journal.jsonl"  # cannot be the file of a host
RESULT: t.Final = "hunt_result.json"
Answered = t.Mapping[str, Json]  # by host: its line in the journal


class Folder:
    """The folder `dest` of one hunt sweep.

    :arg check_mode: nothing is made, changed or removed.
    """

    def __init__(self, dest: str, questions: t.Sequence[Question], *, check_mode: bool) -> None:
        self._dest = Path(dest).absolute()
        self._questions = questions
        self._check_mode = check_mode

    def prepare(self, *, resume: bool) -> dict[str, dict[str, Json]]:
        """The journal of earlier answers to the same questions, by name of the hunt and host.

        Without `resume` earlier answers are removed. Raises `bad_request` where the folder or one
        of its files cannot be written.
        """
        if self._dest.exists() and not self._dest.is_dir():
            raise DefenderError(
                "bad_request", f"dest is {self._dest}, which is not a folder; name a folder."
            )
        with self._explained():
            if not self._check_mode:
                self._make_folders(resume=resume)
            return {
                question.name: self._journal(question) if resume else {}
                for question in self._questions
            }

    def file_of(self, question: Question, host: str, tenant_id: str) -> Path:
        """The file for one tenant's rows of one hunt, which a host's next tenant does not share."""
        name = urllib.parse.quote(f"{host} {tenant_id.lower()}", safe="", errors="surrogatepass")
        return self._folder(question) / f"{name}.ndjson"

    def rows_file(self, question: Question) -> Path:
        """The file for the rows of all tenants."""
        return self._dest / f"{question.name}.ndjson"

    def note(self, question: Question, host: str, line: Json) -> None:
        """Write into the journal that the host has answered."""
        if not self._check_mode:
            _files.append(str(self._folder(question) / JOURNAL), {"host": host, **line})

    def collect(self, question: Question, answered: Answered) -> bool:
        """Put the rows of all tenants that answered in one file, in this order; whether that
        changes it.

        Where nobody answered there is no file rather than an empty one, which would say that
        nothing was found.
        """
        path = self.rows_file(question)
        if not answered:
            with self._explained():
                existed = path.exists()
                path.unlink(missing_ok=True)
            return existed
        with _files.draft(str(path)) as draft:
            for host, line in answered.items():
                tenant = {key: line[key] for key in ("tenant_id", "tenant_name")}
                source = self.file_of(question, host, line["tenant_id"])
                with source.open(encoding="utf-8", newline="\n") as rows:
                    for row in rows:
                        draft.file.write(_files.encoded(with_tenant(row.strip(), tenant) + "\n"))
            return draft.keep()

    def write_result(self, hunts: Json) -> None:
        """Keep the result beside the rows, for a report that is made later."""
        text = json.dumps(hunts, ensure_ascii=False, indent=1)
        _files.write(str(self._dest / RESULT), _files.encoded(text))

    def _folder(self, question: Question) -> Path:
        return self._dest / ANSWERS / question.name / question.digest

    def _make_folders(self, *, resume: bool) -> None:
        self._dest.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name in (RESULT, *(self.rows_file(question).name for question in self._questions)):
            _files.check(str(self._dest / name))
        if not resume:
            with contextlib.suppress(FileNotFoundError):
                shutil.rmtree(self._dest / ANSWERS)
        for question in self._questions:
            folder = self._folder(question)
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            for part in (self._dest / ANSWERS, folder.parent):
                part.chmod(0o700)
            for other in folder.parent.iterdir():
                if other != folder:
                    shutil.rmtree(other)
            for draft in folder.glob(f"{_files.PREFIX}*"):  # of a run that was killed
                draft.unlink()

    def _journal(self, question: Question) -> dict[str, Json]:
        """By host, its latest line, where the rows are there as well."""
        lines: dict[str, Json] = {}
        with contextlib.suppress(FileNotFoundError):
            text = (self._folder(question) / JOURNAL).read_text(encoding="utf-8")
            for line in text.split("\n"):
                # a line that an interrupted run did not finish is none
                with contextlib.suppress(ValueError, TypeError, KeyError):
                    entry = json.loads(line)
                    if isinstance(entry["tenant_id"], str):
                        lines[entry["host"]] = entry
        return {
            host: entry
            for host, entry in lines.items()
            if self.file_of(question, host, entry["tenant_id"]).exists()
        }

    @contextlib.contextmanager
    def _explained(self) -> t.Iterator[None]:
        try:
            yield
        except OSError as e:
            raise _files.not_written(str(self._dest), e) from None


def with_tenant(row: str, tenant: Json) -> str:
    """The row with its tenant's columns. It stays as the service wrote it, unless it has such
    columns of its own."""
    if row[1:-1].isspace() or row == "{}" or any(f'"{column}"' in row for column in tenant):
        return _dumped({**json.loads(row), **tenant})
    return f"{row[:-1]},{_dumped(tenant)[1:]}"


def _dumped(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
