# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the role hunt keeps on disk: answers of earlier runs that still hold, and one file for each
query with every tenant's rows."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.tests.unit.hunts.conftest import ROLE

HOSTS: t.Final = {"a": "a.ndjson", "b": "b.ndjson"}
TENANTS: t.Final = {host: {"tenant_id": f"id of {host}", "tenant_name": host} for host in HOSTS}


@pytest.fixture(scope="module")
def answers() -> t.Any:
    spec = importlib.util.spec_from_file_location("hunt_answers", ROLE / "files/answers.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def answered(answers: t.Any, dest: Path, **texts: str) -> dict[str, t.Any]:
    """The counts after these tenants have answered."""
    answers.prepare(dest, {"hunt": "1"}, HOSTS, False)
    for host, text in texts.items():
        (dest / ".answers/hunt/1" / HOSTS[host]).write_text(text, encoding="utf-8")
    return t.cast(
        "dict[str, t.Any]",
        answers.collect(dest, {"hunt": "1"}, HOSTS, TENANTS, {"hunt": {"severity": "high"}}),
    )


def test_a_row_gets_its_tenant_and_stays_as_it_was_written(answers: t.Any, tmp_path: Path) -> None:
    assert answered(
        answers, tmp_path, a='{"n":0.10,"t":"\\ud800 ü\u2028"}\n{ }\n', b='{"n":1e400}\n'
    ) == {"hunt": {"a": 2, "b": 1}}
    assert (tmp_path / "hunt.ndjson").read_text(encoding="utf-8").split("\n") == [
        '{"n":0.10,"t":"\\ud800 ü\u2028","tenant_id":"id of a","tenant_name":"a"}',
        '{"tenant_id":"id of a","tenant_name":"a"}',
        '{"n":1e400,"tenant_id":"id of b","tenant_name":"b"}',
        "",
    ]
    assert json.loads((tmp_path / "hunt_result.json").read_text()) == {"hunt": {"severity": "high"}}


def test_columns_that_a_row_has_of_the_same_name_give_way(answers: t.Any, tmp_path: Path) -> None:
    answered(answers, tmp_path, a='{"tenant_id":"x","t":"\\ud800"}\n')
    assert (
        tmp_path / "hunt.ndjson"
    ).read_text() == '{"tenant_id":"id of a","t":"\\ud800","tenant_name":"a"}\n'


def test_where_nobody_answered_there_is_no_file(answers: t.Any, tmp_path: Path) -> None:
    assert answered(answers, tmp_path, a="") == {"hunt": {"a": 0}}
    assert (tmp_path / "hunt.ndjson").read_text() == ""
    assert answered(answers, tmp_path) == {"hunt": {}}
    assert not (tmp_path / "hunt.ndjson").exists()


def test_only_answers_to_the_same_question_are_remembered(answers: t.Any, tmp_path: Path) -> None:
    answered(answers, tmp_path, a='{"n":1}\n')
    assert answers.prepare(tmp_path, {"hunt": "1"}, HOSTS, True) == {"hunt": {"a": 1}}
    assert answers.prepare(tmp_path, {"hunt": "2"}, HOSTS, True) == {"hunt": {}}
    assert answers.prepare(tmp_path, {"hunt": "1"}, HOSTS, True) == {"hunt": {}}


@pytest.mark.parametrize("kind", ["folder", "pipe"])
def test_what_is_no_regular_file_is_not_replaced(answers: t.Any, tmp_path: Path, kind: str) -> None:
    target = tmp_path / "hunt.ndjson"
    target.mkdir() if kind == "folder" else os.mkfifo(target)
    with pytest.raises(DefenderError, match=f"hunt_dest is {target}, which is a {kind}"):
        answered(answers, tmp_path, a='{"n":1}\n')
    assert target.is_dir() if kind == "folder" else target.is_fifo()


def test_the_script_runs_where_python_does_not_know_the_collection(tmp_path: Path) -> None:
    """As the role runs it: Ansible's loader is another process's."""
    said = {"dest": str(tmp_path), "hunts": {"hunt": "1"}, "hosts": HOSTS, "resume": False}
    command = [sys.executable, "-I", "-S", str(ROLE / "files/answers.py")]
    prepared = subprocess.run(
        [*command, "prepare"], input=json.dumps(said), capture_output=True, text=True, check=True
    )
    assert json.loads(prepared.stdout) == {"hunt": {}}
    (tmp_path / ".answers/hunt/1/a.ndjson").write_text('{"n":1}\n')
    said = {
        "dest": str(tmp_path),
        "hunts": {"hunt": "1"},
        "hosts": HOSTS,
        "tenants": TENANTS,
        "result": {},
    }
    collected = subprocess.run(
        [*command, "collect"], input=json.dumps(said), capture_output=True, text=True, check=True
    )
    assert json.loads(collected.stdout) == {"hunt": {"a": 1}}
    (tmp_path / "hunt.ndjson").unlink()
    (tmp_path / "hunt.ndjson").mkdir()
    refused = subprocess.run(
        [*command, "collect"], input=json.dumps(said), capture_output=True, text=True, check=False
    )
    assert (refused.returncode, refused.stderr) == (
        1,
        f"hunt_dest is {tmp_path}/hunt.ndjson, which is a folder; name a file in it.\n",
    )


def test_check_mode_only_looks(answers: t.Any, tmp_path: Path) -> None:
    answered(answers, tmp_path, a='{"n":1}\n')
    before = sorted(tmp_path.rglob("*"))
    assert answers.prepare(tmp_path, {"hunt": "1"}, HOSTS, True, only_look=True) == {
        "hunt": {"a": 1}
    }
    assert answers.prepare(tmp_path, {"hunt": "1"}, HOSTS, False, only_look=True) == {"hunt": {}}
    assert answers.prepare(tmp_path / "none", {"hunt": "1"}, HOSTS, True, only_look=True) == {
        "hunt": {}
    }
    assert sorted(tmp_path.rglob("*")) == before
