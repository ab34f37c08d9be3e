# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The live-response library as a play keeps it: what is uploaded, and what is not sent again."""

from __future__ import annotations

import hashlib
import typing as t
from pathlib import Path

import pytest
from ansible_collections.mssp.defender_xdr.tests.behaviour.lab import Customer
from ansible_collections.mssp.defender_xdr.tests.behaviour.runs import Ansible, Run

Json = dict[str, t.Any]
CONTENT: t.Final = b"\x00MZ\r\n--no boundary\r\n\xff"
DIGEST: t.Final = hashlib.sha256(CONTENT).hexdigest()
PATH: t.Final = "/api/libraryfiles"
UPLOAD: t.Final = f"POST {PATH}"


@pytest.fixture
def src(ansible: Ansible) -> Path:
    path = ansible.inputs / "tool.bin"
    path.write_bytes(CONTENT)
    return path


def play(ansible: Ansible, customer: Customer, *tasks: Json, check: bool = False) -> Run:
    named = [{"name": f"task {number}", **task} for number, task in enumerate(tasks, 1)]
    return ansible.playbook(
        [{"hosts": customer.host, "tasks": named}], *(["--check", "--diff"] if check else [])
    )


def file(src: Path, **options: t.Any) -> Json:
    return {"mssp.defender_xdr.library_file": {"name": "look.ps1", "src": str(src), **options}}


def listing(**options: t.Any) -> Json:
    return {"mssp.defender_xdr.library_file_info": options}


def sent(customer: Customer, since: int) -> list[str]:
    """The writes to the library that the lab received from this tenant."""
    return [
        f"{line['method']} {line['path']}"
        for line in customer.lab.journal(since)
        if line["tenant"] == customer.tenant_id
        and line["origin"] == "endpoint"
        and line["method"] != "GET"
    ]


def test_a_file_is_uploaded_once_as_check_mode_said(
    ansible: Ansible, customer: Customer, src: Path
) -> None:
    task = file(src, description="A look", parameters_description="-All: everything")
    predicted = play(ansible, customer, task, check=True).good().result("task 1")
    assert sent(customer, customer.since) == []
    run = play(ansible, customer, task, task, listing()).good()
    assert sent(customer, customer.since) == [UPLOAD]
    first, second, listed = (run.result(f"task {number}") for number in (1, 2, 3))
    assert (predicted["changed"], first["changed"], second["changed"]) == (True, True, False)
    for name in ("before", "after", "diff"):
        assert predicted[name] == first[name]
    details = {"description": "A look", "parameters_description": "-All: everything"}
    assert first["before"] == {"state": "absent", "sha256": None, **dict.fromkeys(details)}
    assert first["after"] == {"state": "present", "sha256": DIGEST, **details}
    assert second["file"] == first["file"] == listed["files"][0]
    assert (
        first["file"].items()
        >= {
            "file_name": "look.ps1",
            "sha256": DIGEST,
            "has_parameters": True,
            **details,
        }.items()
    )
    assert first["api"] == "endpoint"


def test_a_file_that_differs_is_replaced_and_keeps_its_description(
    ansible: Ansible, customer: Customer, src: Path
) -> None:
    play(ansible, customer, file(src, description="A look", has_parameters=True)).good()
    src.write_bytes(b"newer")
    result = play(ansible, customer, file(src)).good().result("task 1")
    assert result["before"] == {"state": "present", "sha256": DIGEST}
    assert result["after"]["sha256"] == hashlib.sha256(b"newer").hexdigest()
    assert (result["file"]["description"], result["file"]["has_parameters"]) == ("A look", True)
    assert sent(customer, customer.since) == [UPLOAD] * 2


def test_a_file_is_deleted_once(ansible: Ansible, customer: Customer, src: Path) -> None:
    absent = file(src, state="absent", name="a look.ps1")
    play(ansible, customer, file(src, name="a look.ps1"), file(src)).good()
    since = customer.lab.now()
    predicted = play(ansible, customer, absent, check=True).good().result("task 1")
    run = play(ansible, customer, absent, absent, listing(fields=["sha256"])).good()
    assert sent(customer, since) == [f"DELETE {PATH}/a look.ps1"]
    first, second = run.result("task 1"), run.result("task 2")
    assert (predicted["changed"], first["changed"], second["changed"]) == (True, True, False)
    assert (
        predicted["diff"]
        == first["diff"]
        == {
            "before": {"state": "present"},
            "after": {"state": "absent"},
        }
    )
    assert predicted["file"] is first["file"] is second["file"] is None
    assert run.result("task 3")["files"] == [{"file_name": "look.ps1", "sha256": DIGEST}]


def test_a_lost_response_is_looked_up_and_an_upload_that_failed_is_not_repeated(
    ansible: Ansible, customer: Customer, src: Path
) -> None:
    customer.fault(method="POST", path=PATH, after=True, reset=True)
    assert play(ansible, customer, file(src)).good().result("task 1")["changed"]
    customer.fault(method="DELETE", path=PATH, after=True, reset=True)
    assert play(ansible, customer, file(src, state="absent")).good().result("task 1")["changed"]
    customer.fault(method="POST", path=PATH, status=502)
    run = play(ansible, customer, file(src))
    assert run.result("task 1")["error"]["category"] == "unavailable"
    assert "library file look.ps1 shows that it had no effect" in run.result("task 1")["msg"]
    assert len(sent(customer, customer.since)) == 3


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"src": "/nowhere/look.ps1"}, "src is /nowhere/look.ps1, which cannot be read"),
        ({"name": "../look.ps1"}, "name is '../look.ps1'"),
        ({"src": None}, "state is present but all of the following are missing: src"),
        ({"description": "x", "state": "removed"}, "value of state must be one of"),
    ],
)
def test_bad_input_is_refused_before_anything_is_sent(
    ansible: Ansible, customer: Customer, src: Path, options: Json, words: str
) -> None:
    arguments = {**file(src)["mssp.defender_xdr.library_file"], **options}
    module_args = {name: value for name, value in arguments.items() if value is not None}
    task = {"mssp.defender_xdr.library_file": module_args}
    result = play(ansible, customer, task).result("task 1")
    assert result["error"]["category"] == "bad_request"
    assert words in result["msg"]
    assert customer.calls("endpoint") == []


def test_a_file_that_is_too_large_is_refused_before_anything_is_sent(
    ansible: Ansible, customer: Customer, src: Path
) -> None:
    with src.open("r+b") as f:
        f.truncate(20 * 2**20 + 1)
    result = play(ansible, customer, file(src), check=True).result("task 1")
    assert (result["error"]["category"], "20 MB" in result["msg"]) == ("bad_request", True)
    assert customer.calls("endpoint") == []
    with src.open("r+b") as f:
        f.truncate(20 * 2**20)
    assert play(ansible, customer, file(src)).good().result("task 1")["changed"]


def test_files_are_listed_by_name_and_a_limit_says_that_there_are_more(
    ansible: Ansible, customer: Customer, src: Path
) -> None:
    uploads = [file(src, name=name) for name in ("c.ps1", "a.ps1", "b.ps1")]
    lists = [
        listing(),
        listing(limit=2, fields=["created_by"]),
        listing(name=["c.ps1", "z.ps1"]),
        listing(limit=0),
    ]
    run = play(ansible, customer, *uploads, *lists).good()
    whole, cut, named, every = (run.result(f"task {number}") for number in (4, 5, 6, 7))
    names = [[one["file_name"] for one in result["files"]] for result in (whole, named, every)]
    assert names == [["a.ps1", "b.ps1", "c.ps1"], ["c.ps1"], ["a.ps1", "b.ps1", "c.ps1"]]
    assert (cut["count"], cut["truncated"], whole["truncated"]) == (2, True, False)
    assert [sorted(one) for one in cut["files"]] == [["created_by", "file_name"]] * 2


def test_the_library_needs_its_own_role(ansible: Ansible, customer: Customer, src: Path) -> None:
    customer.consent(roles={"endpoint": ["Machine.LiveResponse", "Machine.ReadWrite.All"]})
    for task in (file(src), listing()):
        result = play(ansible, customer, task).result("task 1")
        assert result["error"]["category"] == "role_missing"
        assert result["missing_roles"] == ["Library.Manage"]
    assert customer.calls("endpoint") == []


def test_a_sweep_lists_the_library_of_every_tenant(
    ansible: Ansible, customer: Customer, src: Path
) -> None:
    dest = ansible.cwd / "files.ndjson"
    sweep = {
        "mssp.defender_xdr.sweep": {"module": "library_file_info", "dest": str(dest)},
        "run_once": True,
    }
    play(ansible, customer, file(src), sweep).good()
    assert '"file_name": "look.ps1"' in dest.read_text()
