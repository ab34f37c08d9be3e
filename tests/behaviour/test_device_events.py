# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Packages, live responses and investigations by a play: what is sent, and what comes back."""

from __future__ import annotations

import hashlib
import json
import typing as t
import zipfile
from pathlib import Path

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.permissions import (
    PERMISSIONS,
)
from ansible_collections.mssp.defender_xdr.tests.behaviour.lab import Customer
from ansible_collections.mssp.defender_xdr.tests.behaviour.runs import Ansible, Run

Json = dict[str, t.Any]
PACKAGE: t.Final = "device_investigation_package"
LIVE: t.Final = "device_live_response"
INVESTIGATION: t.Final = "device_investigation"
CALLS: t.Final = {
    PACKAGE: "collectInvestigationPackage",
    LIVE: "runliveresponse",
    INVESTIGATION: "startInvestigation",
}
GET: t.Final = "C:\\Windows\\System32\\drivers\\etc\\hosts"


class Case:
    """A customer with one device, and a folder for what comes from it."""

    def __init__(self, ansible: Ansible, customer: Customer, folder: Path) -> None:
        self.ansible = ansible
        self.customer = customer
        self.folder = folder
        for module in CALLS:
            customer.grant(PERMISSIONS[module])
        customer.grant(PERMISSIONS["library_file"])
        self.device: Json = customer.lab.devices(customer.tenant_id)[0]
        self.since = customer.lab.now()
        self.direct()

    def direct(self, *, pending: int = 0, running: int = 0, **body: t.Any) -> Json:
        """Decide how the next actions go."""
        course = {"pending": pending, "running": running, **body.pop("actions", {})}
        lab, tenant = self.customer.lab, self.customer.tenant_id
        return lab.control("POST", "devices", tenant=tenant, actions=course, **body)

    def add(self, kind: str, **members: t.Any) -> str:
        """An open action of somebody else; returns its id."""
        entry = {"machineId": self.device["id"], "type": kind, **members}
        return str(self.direct(add=[entry], actions={"hold": True})["added"][0])

    def task(self, module: str, **options: t.Any) -> Json:
        needed: Json = {"device": self.device["id"], "comment": "Ticket 4711"}
        if module == PACKAGE:
            needed["dest"] = str(self.folder / "package.zip")
        if module == LIVE:
            needed |= {"commands": [{"get_file": GET}], "dest": str(self.folder / "live")}
        return {f"mssp.defender_xdr.{module}": {**needed, **options}}

    def play(self, *tasks: Json, check: bool = False) -> Run:
        named = [{"name": f"task {number}", **task} for number, task in enumerate(tasks, 1)]
        return self.ansible.playbook(
            [{"hosts": self.customer.host, "tasks": named}],
            *(["--check", "--diff"] if check else []),
        )

    def sent(self) -> list[str]:
        """The last part of the path of each write to the API."""
        return [
            line["path"].rpartition("/")[2]
            for line in self.customer.lab.journal(self.since)
            if (line["tenant"], line["origin"], line["method"])
            == (self.customer.tenant_id, "endpoint", "POST")
        ]

    def files(self) -> list[str]:
        return sorted(
            str(path.relative_to(self.folder)) for path in self.folder.rglob("*") if path.is_file()
        )

    def upload(self, name: str) -> None:
        src = self.ansible.inputs / name
        src.write_text("Get-Item")
        self.play({"mssp.defender_xdr.library_file": {"name": name, "src": str(src)}}).good()
        self.since = self.customer.lab.now()


@pytest.fixture
def case(ansible: Ansible, customer: Customer, tmp_path: Path) -> Case:
    folder = tmp_path / "collected"
    folder.mkdir()
    return Case(ansible, customer, folder)


@pytest.mark.parametrize("module", CALLS)
def test_each_run_starts_anew_as_check_mode_says(case: Case, module: str) -> None:
    task = case.task(module)
    predicted = case.play(task, check=True).good().result("task 1")
    assert (case.sent(), case.files()) == ([], [])
    run = case.play(task, task).good()
    assert case.sent() == [CALLS[module]] * 2
    first, second = run.result("task 1"), run.result("task 2")
    assert (first["changed"], second["changed"], predicted["changed"]) == (True, True, True)
    assert first["action"]["id"] != second["action"]["id"]
    assert first["action"]["status"] == second["action"]["status"] == "succeeded"
    assert first["action"]["machine_id"] == case.device["id"]
    assert predicted["action"] is None
    for name in ("before", "after", "diff"):
        assert predicted[name] == first[name] == second[name]


@pytest.mark.parametrize("module", CALLS)
def test_an_open_one_is_joined(case: Case, module: str) -> None:
    if module == INVESTIGATION:
        case.direct(actions={"hold": True})
        key = case.customer.lab.investigate(case.customer.tenant_id, case.device["id"])["id"]
        case.since = case.customer.lab.now()
    else:
        command = {"type": "GetFile", "params": [{"key": "Path", "value": GET}]}
        shown = {"index": 0, "commandStatus": "Created", "errors": [], "command": command}
        more = {"commands": [shown]} if module == LIVE else {}
        key = case.add(
            {PACKAGE: "CollectInvestigationPackage", LIVE: "LiveResponse"}[module], **more
        )
    task = case.task(module, wait=False)
    for check in (True, False):
        result = case.play(task, check=check).good().result("task 1")
        assert (result["changed"], result["action"]["id"]) == (False, key)
    assert (case.sent(), case.files()) == ([], [])


@pytest.mark.parametrize("module", CALLS)
def test_a_lost_response_is_settled_and_nothing_is_started_twice(case: Case, module: str) -> None:
    path = f"/api/machines/{case.device['id']}/{CALLS[module]}"
    case.customer.fault(method="POST", path=path, after=True, reset=True)
    result = case.play(case.task(module)).good().result("task 1")
    assert (result["changed"], result["action"]["status"]) == (True, "succeeded")
    assert case.sent() == [CALLS[module]]


@pytest.mark.parametrize("module", CALLS)
@pytest.mark.parametrize("lost", [False, True])
def test_a_failure_on_the_device_fails_the_task(case: Case, module: str, lost: bool) -> None:
    case.direct(actions={"outcome": "Failed", "error": "The disk is full."})
    if lost:
        path = f"/api/machines/{case.device['id']}/{CALLS[module]}"
        case.customer.fault(method="POST", path=path, after=True, reset=True)
    result = case.play(case.task(module)).result("task 1")
    assert (result["error"]["category"], result["error"]["code"]) == ("action_failed", "Failed")
    assert "The disk is full." in result["msg"]
    assert (result["changed"], result["action"]["status"]) == (True, "failed")
    assert (case.sent(), case.files()) == ([CALLS[module]], [])


@pytest.mark.parametrize("module", CALLS)
def test_a_device_that_is_offline_is_a_warning_and_the_wait_ends(case: Case, module: str) -> None:
    silent = {"id": case.device["id"], "healthStatus": "Inactive"}
    case.direct(devices=[silent], pending=1)
    result = case.play(case.task(module, wait_timeout=1)).result("task 1")
    assert (result["error"]["category"], result["error"]["who"]) == ("timeout", "customer")
    assert result["action"]["status"] in ("pending", "in_progress")
    assert "is inactive, last seen" in " ".join(result["warnings"])


def test_a_package_is_downloaded_for_its_owner_only(case: Case) -> None:
    result = case.play(case.task(PACKAGE)).good().result("task 1")
    dest = Path(result["dest"])
    content = dest.read_bytes()
    assert (result["size"], result["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
    assert dest.stat().st_mode & 0o777 == 0o600
    with zipfile.ZipFile(dest) as package:
        assert package.testzip() is None


def test_a_link_that_has_expired_is_replaced(case: Case) -> None:
    refused = {"status": 403, "body": "<Error><Code>AuthenticationFailed</Code></Error>"}
    lab = case.customer.lab
    lab.control("POST", "faults", path="/safedownload/", times=1, **refused)
    lab.control("POST", "faults", path="/investigation-actions-data/", times=1, **refused)
    run = case.play(case.task(PACKAGE), case.task(LIVE)).good()
    assert case.files() == ["live/0-hosts", "package.zip"]
    shown = json.dumps([run.result("task 1"), run.result("task 2")])
    assert "token=" not in shown
    assert "sig=" not in shown


def test_a_live_response_returns_files_and_outputs(case: Case) -> None:
    case.upload("look.ps1")
    commands = [
        {"put_file": "look.ps1"},
        {"run_script": "look.ps1", "args": "-All"},
        {"get_file": GET},
        {"get_file": "/var/log/auth.log"},
    ]
    result = case.play(case.task(LIVE, commands=commands)).good().result("task 1")
    assert result["after"] == {"commands": commands}
    put, script, hosts, log = result["commands"]
    assert [command["status"] for command in result["commands"]] == ["completed"] * 4
    assert (script["exit_code"], script["script_output"]) == (0, "look.ps1 -All\n")
    assert "dest" not in put
    assert case.files() == ["live/1-look.ps1", "live/2-hosts", "live/3-auth.log"]
    assert Path(hosts["dest"]).read_text() == f"content of {GET}\n"
    assert log["sha256"] == hashlib.sha256(Path(log["dest"]).read_bytes()).hexdigest()


def test_a_command_that_fails_is_named_and_earlier_results_are_kept(case: Case) -> None:
    case.direct(actions={"outcome": "Failed", "error": "File not found.", "command": 1})
    commands = [{"get_file": GET}, {"get_file": "/b"}, {"get_file": "/c"}]
    result = case.play(case.task(LIVE, commands=commands)).result("task 1")
    assert result["error"]["category"] == "action_failed"
    assert "command 1 (GetFile): File not found." in result["msg"]
    statuses = [command["status"] for command in result["commands"]]
    assert statuses == ["completed", "failed", "created"]
    assert case.files() == ["live/0-hosts"]


def test_too_many_sessions_are_waited_for(case: Case) -> None:
    path = f"/api/machines/{case.device['id']}/runliveresponse"
    body = {"error": {"code": "TooManyRequests", "message": "25 concurrent sessions."}}
    case.customer.fault(method="POST", path=path, times=1, status=429, body=json.dumps(body))
    result = case.play(case.task(LIVE, retries=0)).good().result("task 1")
    assert result["changed"]
    assert case.sent() == ["runliveresponse"] * 2
    machines = case.customer.lab.devices(case.customer.tenant_id)
    others = [machine["id"] for machine in machines if machine["id"] != case.device["id"]]
    add = [{"machineId": others[0], "type": "LiveResponse"}] * 25
    case.direct(add=add, actions={"hold": True})
    result = case.play(case.task(LIVE, retries=0, wait_timeout=1)).result("task 1")
    assert result["error"]["category"] == "throttled"
    assert "wait_timeout" in result["error"]["advice"]
    assert not result["changed"]


def test_a_sweep_needs_a_file_for_each_tenant_and_waits_for_an_open_collection(
    ansible: Ansible,
    customers: t.Callable[[int], list[Customer]],
    connected: Json,
    tmp_path: Path,
) -> None:
    folder = tmp_path / "collected"
    folder.mkdir()
    cases = [Case(ansible, customer, folder) for customer in customers(2)]
    joined, fresh = cases
    secret = joined.customer.lab.facts["client_secret"]
    ansible.write_inventory(
        {
            case.customer.host: case.customer.variables(device_id=case.device["id"])
            for case in cases
        },
        {**connected, "defender_xdr_client_secret": secret},
    )
    joined.add("CollectInvestigationPackage")

    def sweep(dest: str) -> Json:
        arguments = {"device": "{{ device_id }}", "comment": "Test", "wait_timeout": 1}
        options = {"module": PACKAGE, "module_args": {**arguments, "dest": dest}}
        task = {"name": "sweep", "mssp.defender_xdr.sweep": options, "run_once": True}
        return ansible.playbook([{"hosts": "tenants", "tasks": [task]}]).result("sweep")

    refused = sweep(str(folder / "package.zip"))
    assert refused["error"]["category"] == "bad_request"
    assert "put {{ inventory_hostname }} into the name" in refused["msg"]
    assert [case.sent() for case in cases] == [[], []]
    result = sweep(f"{folder}/{{{{ inventory_hostname }}}}.zip")
    assert result["answered"] == [fresh.customer.host]
    assert fresh.files() == [f"{fresh.customer.host}.zip"]
    failure = result["failures"][joined.customer.host]
    assert failure["category"] == "timeout"
    assert joined.sent() == []
