# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a hunt sweep keeps on disk: answers of earlier runs that still hold, and one file for each
query with every tenant's rows."""

from __future__ import annotations

import json
import os
import stat
import typing as t
from pathlib import Path

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._sweep.hunt_answers import (
    Folder,
    with_tenant,
)
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._sweep.hunt_questions import (
    Question,
)
from hypothesis import given
from hypothesis import strategies as st

Json = dict[str, t.Any]
QUESTION: t.Final = Question("hunt", "T", {}, "7d", 10, {})
OTHER: t.Final = Question("hunt", "T", {}, "8d", 10, {})


def line(host: str) -> Json:
    return {
        "tenant_id": f"id of {host}",
        "tenant_name": host,
        "count": 1,
        "truncated": False,
        "asked_at": "2026-11-26T06:00:00Z",
    }


def answered(folder: Folder, **texts: str) -> dict[str, Json]:
    """The journal after these tenants have answered."""
    for host, text in texts.items():
        folder.file_of(QUESTION, host, f"id of {host}").write_text(text, encoding="utf-8")
        folder.note(QUESTION, host, line(host))
    return {host: line(host) for host in texts}


def prepared(dest: Path, question: Question = QUESTION, *, resume: bool = False) -> Folder:
    folder = Folder(str(dest), [question], check_mode=False)
    folder.prepare(resume=resume)
    return folder


def test_a_row_gets_its_tenant_and_stays_as_it_was_written(tmp_path: Path) -> None:
    folder = prepared(tmp_path)
    answers = answered(folder, a='{"n":0.10,"t":"\\ud800 ü\u2028"}\n{ }\n', b='{"n":1e400}\n')
    assert folder.collect(QUESTION, answers) is True
    assert (tmp_path / "hunt.ndjson").read_text(encoding="utf-8").split("\n") == [
        '{"n":0.10,"t":"\\ud800 ü\u2028","tenant_id":"id of a","tenant_name":"a"}',
        '{"tenant_id":"id of a","tenant_name":"a"}',
        '{"n":1e400,"tenant_id":"id of b","tenant_name":"b"}',
        "",
    ]
    assert folder.collect(QUESTION, answers) is False
    assert folder.collect(QUESTION, dict(reversed(answers.items()))) is True


@given(
    st.dictionaries(st.text(), st.none() | st.booleans() | st.integers() | st.text()),
    st.text(),
)
def test_every_row_keeps_its_values_and_names_its_tenant(row: Json, name: str) -> None:
    tenant = {"tenant_id": "1", "tenant_name": name}
    assert json.loads(with_tenant(json.dumps(row), tenant)) == {**row, **tenant}


def test_columns_that_a_row_has_of_the_same_name_give_way(tmp_path: Path) -> None:
    folder = prepared(tmp_path)
    folder.collect(QUESTION, answered(folder, a='{"tenant_id":"x","t":"\\ud800"}\n'))
    assert (
        tmp_path / "hunt.ndjson"
    ).read_text() == '{"tenant_id":"id of a","t":"\\ud800","tenant_name":"a"}\n'


def test_where_nobody_answered_there_is_no_file(tmp_path: Path) -> None:
    folder = prepared(tmp_path)
    assert folder.collect(QUESTION, answered(folder, a="")) is True
    assert (tmp_path / "hunt.ndjson").read_text() == ""
    assert folder.collect(QUESTION, {}) is True
    assert not (tmp_path / "hunt.ndjson").exists()
    assert folder.collect(QUESTION, {}) is False


def test_only_answers_to_the_same_question_are_remembered(tmp_path: Path) -> None:
    answers = answered(prepared(tmp_path), a='{"n":1}\n')

    def journal(question: Question) -> dict[str, dict[str, Json]]:
        return Folder(str(tmp_path), [question], check_mode=False).prepare(resume=True)

    assert journal(QUESTION) == {"hunt": {"a": {"host": "a", **answers["a"]}}}
    assert journal(OTHER) == {"hunt": {}}
    assert journal(QUESTION) == {"hunt": {}}


def test_without_resume_nothing_is_remembered(tmp_path: Path) -> None:
    answered(prepared(tmp_path), a='{"n":1}\n')
    folder = Folder(str(tmp_path), [QUESTION], check_mode=False)
    assert folder.prepare(resume=False) == {"hunt": {}}
    assert not folder.file_of(QUESTION, "a", "id of a").exists()


def test_an_answer_that_was_not_finished_is_asked_again(tmp_path: Path) -> None:
    folder = prepared(tmp_path)
    answered(folder, a='{"n":1}\n', b='{"n":1}\n', c='{"n":1}\n')
    folder.file_of(QUESTION, "b", "id of b").unlink()
    journal = next(tmp_path.glob(".answers/hunt/*/journal.jsonl"))
    journal.write_text(journal.read_text()[:-5])  # the line of c, cut short
    draft = journal.with_name(".defender-xdr-d.ndjson.1")
    draft.touch()
    assert set(folder.prepare(resume=True)["hunt"]) == {"a"}
    assert not draft.exists()


def test_hosts_of_any_name_have_files_of_their_own(tmp_path: Path) -> None:
    folder = prepared(tmp_path)
    names = ["a/b", "a%2Fb", "../x", "journal", "ü\u2028", "."]
    answers = {name: line(name) for name in names}
    for name in names:
        folder.file_of(QUESTION, name, f"id of {name}").write_text("{}\n")
        folder.note(QUESTION, name, line(name))
    assert set(folder.prepare(resume=True)["hunt"]) == set(names)
    folder.collect(QUESTION, answers)
    rows = (tmp_path / "hunt.ndjson").read_text(encoding="utf-8").split("\n")[:-1]
    assert [json.loads(row)["tenant_name"] for row in rows] == names
    assert all(path.is_relative_to(tmp_path / ".answers") for path in tmp_path.rglob("*.jsonl"))


def test_everything_is_for_the_owner_alone(tmp_path: Path) -> None:
    dest = tmp_path / "new" / "hits"
    folder = prepared(dest)
    folder.collect(QUESTION, answered(folder, a="{}\n"))
    folder.write_result({"hunt": {}})
    modes = {
        path.name: stat.S_IMODE(path.stat().st_mode)
        for path in (dest, *dest.glob("*"), *dest.rglob("*.jsonl"))
    }
    assert modes == {
        "hits": 0o700,
        ".answers": 0o700,
        "hunt.ndjson": 0o600,
        "hunt_result.json": 0o600,
        "journal.jsonl": 0o600,
    }


def test_a_folder_that_is_there_keeps_its_mode(tmp_path: Path) -> None:
    tmp_path.chmod(0o750)
    prepared(tmp_path)
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o750


@pytest.mark.parametrize("kind", ["folder", "pipe"])
@pytest.mark.parametrize("name", ["hunt.ndjson", "hunt_result.json"])
def test_what_is_no_regular_file_is_refused_at_once(tmp_path: Path, kind: str, name: str) -> None:
    target = tmp_path / name
    target.mkdir() if kind == "folder" else os.mkfifo(target)
    with pytest.raises(DefenderError, match=f"dest is {target}, which is a {kind}"):
        prepared(tmp_path)


def test_a_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "f").touch()
    with pytest.raises(DefenderError, match="is not a folder"):
        prepared(tmp_path / "f")
    with pytest.raises(DefenderError, match=r"dest is .*: Not a directory"):
        prepared(tmp_path / "f" / "g")


def test_check_mode_only_looks(tmp_path: Path) -> None:
    answered(prepared(tmp_path), a='{"n":1}\n')
    before = sorted(tmp_path.rglob("*"))
    looking = Folder(str(tmp_path), [QUESTION], check_mode=True)
    assert set(looking.prepare(resume=True)["hunt"]) == {"a"}
    assert looking.prepare(resume=False) == {"hunt": {}}
    looking.note(QUESTION, "b", line("b"))
    assert sorted(tmp_path.rglob("*")) == before
    nowhere = Folder(str(tmp_path / "none"), [QUESTION], check_mode=True)
    assert nowhere.prepare(resume=True) == {"hunt": {}}
    assert not (tmp_path / "none").exists()
