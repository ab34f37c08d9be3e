# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The callback `audit` and the module `audit_info`: a line for each write that the lab received,
and no other."""

from __future__ import annotations

import hashlib
import json
import typing as t
from pathlib import Path

import pytest
from ansible_collections.mssp.defender_xdr.tests.behaviour.lab import Customer
from ansible_collections.mssp.defender_xdr.tests.behaviour.runs import Ansible, Run
from ansible_collections.mssp.defender_xdr.tests.behaviour.test_acting import (
    incident,
    open_incident,
)
from ansible_collections.mssp.defender_xdr.tests.behaviour.test_device_actions import (
    device,
    direct,
)
from ansible_collections.mssp.defender_xdr.tests.behaviour.test_device_actions import task as act

Json = dict[str, t.Any]
KEYS: t.Final = (
    "time run_id user playbook task tenant module object before after action_id request_id outcome"
    " previous"
).split()
ENABLED: t.Final = "behaviour_results,mssp.defender_xdr.audit"
WRITABLE: t.Final = {"graph": ["AppRoleAssignment.ReadWrite.All", "Application.Read.All"]}


class Audited:
    """Ansible with the callback, and what it wrote."""

    def __init__(self, ansible: Ansible, folder: Path | None) -> None:
        self.ansible = ansible
        self.folder = folder or ansible.folder
        self.env = {"ANSIBLE_CALLBACKS_ENABLED": ENABLED}
        if folder:
            self.env["DEFENDER_XDR_AUDIT_DIR"] = str(folder)

    def play(
        self, hosts: str, *tasks: Json, arguments: t.Sequence[str] = (), env: Json | None = None
    ) -> Run:
        named = [{"name": f"task {number}", **task} for number, task in enumerate(tasks, 1)]
        plays: list[Json] = [{"hosts": hosts, "tasks": named}]
        return self.ansible.playbook(plays, *arguments, env={**self.env, **(env or {})})

    def lines(self, customer: Customer) -> list[Json]:
        path = self.folder / f"{customer.tenant_id}.ndjson"
        return [json.loads(line) for line in path.read_text().splitlines()]

    def audit(self, **options: t.Any) -> Json:
        options = {"on_problem": "report", **options}
        task = {"mssp.defender_xdr.audit_info": options, "name": "audit"}
        return self.play("localhost", task).good().result("audit")


@pytest.fixture
def audited(ansible: Ansible) -> Audited:
    return Audited(ansible, ansible.folder / "audit")


def sent(customer: Customer) -> list[str]:
    """The paths of the writes that the lab received for this tenant since the test began."""
    return [
        line["path"]
        for line in customer.calls()
        if line["origin"] != "login" and line["method"] != "GET" and "_lab" not in line["path"]
    ]


def outcomes(lines: list[Json]) -> list[str]:
    return [line["outcome"] for line in lines]


def test_every_write_has_a_line_and_reads_have_none(audited: Audited, customer: Customer) -> None:
    number = open_incident(customer)
    alerts = {"mssp.defender_xdr.alert_info": {"limit": 1}, "register": "found"}
    alert = {
        "mssp.defender_xdr.alert": {
            "id": "{{ found.alerts[0].id }}",
            "assigned_to": "sam@mssp.example",
        }
    }
    changes = incident(number, status="in_progress", comment="Looking.")
    tag = {
        "mssp.defender_xdr.incident": {"id": number, "custom_tags": ["{{ item }}"]},
        "loop": ["x", "y"],
    }
    checked = audited.play(customer.host, changes, arguments=["--check"]).good()
    assert sent(customer) == []
    run = audited.play(customer.host, alerts, changes, changes, alert, tag).good()
    lines = audited.lines(customer)
    assert outcomes(lines) == ["predicted"] * 2 + ["succeeded"] * 5
    assert len(sent(customer)) == 5
    assert all(list(line) == KEYS for line in lines)
    assert len({line["run_id"] for line in lines}) == 2
    parts = [(line["before"], line["after"]) for line in lines]
    assert parts[:2] == parts[2:4]
    assert parts[:2] == [
        ({"status": "active"}, {"status": "in_progress"}),
        ({"comment": None}, {"comment": "Looking."}),
    ]
    first, of_alert, of_item = lines[2], lines[4], lines[5]
    assert (first["object"], first["module"]) == (
        f"incident {number}",
        "mssp.defender_xdr.incident",
    )
    assert of_alert["module"] == "mssp.defender_xdr.alert"
    assert of_item["after"] == {"custom_tags": ["a", "x"]}
    assert first["tenant"] == run.result("task 2")["tenant"]
    assert first["task"] == "task 2"
    assert first["playbook"].endswith(".yml")
    assert first["request_id"]
    assert "audit_dir" not in checked.output
    shown = run.result("task 2")["writes"]
    assert [write["outcome"] for write in shown] == ["succeeded", "succeeded"]
    assert "writes" not in run.result("task 3")
    assert audited.audit()["count"] == len(lines)


def test_the_files_are_their_owners_alone_and_each_line_has_the_hash_of_the_one_before(
    audited: Audited, customer: Customer
) -> None:
    number = open_incident(customer)
    for status in ("in_progress", "active"):
        audited.play(customer.host, incident(number, status=status)).good()
    path = audited.folder / f"{customer.tenant_id}.ndjson"
    raw = path.read_bytes().splitlines()
    hashes = [hashlib.sha256(line).hexdigest() for line in raw]
    assert [json.loads(line)["previous"] for line in raw] == ["0" * 64, hashes[0]]
    assert json.loads(path.with_suffix(".head").read_text()) == {"count": 2, "last": hashes[1]}
    assert audited.folder.stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in audited.folder.iterdir()} == {0o600}


def test_a_write_that_fails_is_lost_or_refused_has_its_outcome(
    audited: Audited, customer: Customer
) -> None:
    number = open_incident(customer)
    path = "/v1.0/security/incidents"
    lost: Json = {"ignore_errors": True, **incident(number, status="in_progress")}
    customer.fault(method="PATCH", path=path, after=True, reset=True)
    audited.play(customer.host, lost).good()
    customer.fault(method="PATCH", path=path, status=504)
    audited.play(customer.host, {**lost, **incident(number, status="resolved")}).good()
    customer.fault(method="PATCH", path=path, status=403)
    refused = {**lost, **incident(number, severity="low", comment="Never sent.")}
    audited.play(customer.host, refused).good()
    # and what a guard rail refuses is not sent at all
    nobody = {"mssp.defender_xdr.incident": {"id": number, "severity": "low", "api": "xdr"}}
    run = audited.play(customer.host, {"ignore_errors": True, **nobody}).good()
    assert "writes" not in run.result("task 1")
    lines = audited.lines(customer)
    assert outcomes(lines) == ["succeeded", "failed", "failed"]
    assert len(sent(customer)) == 3
    assert lines[2]["after"] == {"severity": "low"}


def test_a_write_that_cannot_be_looked_up_stays_unknown(
    audited: Audited, customer: Customer
) -> None:
    number = open_incident(customer)
    path = "/v1.0/security/incidents"
    customer.fault(method="PATCH", path=path, after=True, reset=True)
    customer.fault(method="GET", path=f"{path}/{number}", skip=1, status=403)
    task = {"ignore_errors": True, **incident(number, status="resolved")}
    run = audited.play(customer.host, task).good()
    assert run.result("task 1")["error"]["category"] == "outcome_unknown"
    (line,) = audited.lines(customer)
    assert (line["outcome"], line["before"]) == ("outcome_unknown", {"status": "active"})


def test_what_no_log_hides_is_recorded(audited: Audited, customer: Customer) -> None:
    number = open_incident(customer)
    hidden = {**incident(number, comment="canary-90217"), "no_log": True, "name": "hidden"}
    items = {
        "mssp.defender_xdr.incident": {"id": number, "custom_tags": ["{{ item }}"]},
        "loop": ["x", "y"],
        "no_log": True,
    }
    run = audited.play(customer.host, hidden, items, arguments=["-vvv"]).good()
    assert "censored" in run.result("hidden")
    assert "canary-90217" not in run.output
    lines = audited.lines(customer)
    assert outcomes(lines) == ["succeeded"] * 3
    assert lines[0]["after"] == {"comment": "canary-90217"}
    assert len(sent(customer)) == 3


def test_a_write_that_is_cut_off_by_the_timeout_of_its_task_is_recorded(
    audited: Audited, customer: Customer
) -> None:
    number = open_incident(customer)
    customer.fault(method="PATCH", path="/v1.0/security/incidents", delay=600)
    task = {**incident(number, status="in_progress"), "timeout": 1, "ignore_errors": True}
    audited.play(customer.host, task).good()
    (line,) = audited.lines(customer)
    assert (line["outcome"], line["after"]) == ("outcome_unknown", {"status": "in_progress"})
    customer.lab.relent()


def test_each_attempt_of_a_task_that_is_repeated_is_recorded(
    audited: Audited, customer: Customer
) -> None:
    number = open_incident(customer)
    customer.fault(method="PATCH", path="/v1.0/security/incidents", status=403)
    task = {
        **incident(number, status="in_progress"),
        "register": "attempt",
        "until": "attempt is succeeded",
        "retries": 2,
        "delay": 0,
    }
    audited.play(customer.host, task, {**task, **incident(number, status="resolved")}).good()
    assert outcomes(audited.lines(customer)) == ["failed", "succeeded", "succeeded"]
    assert len(sent(customer)) == 3


def test_a_sweep_writes_to_the_trail_of_each_tenant(
    audited: Audited, customers: t.Callable[[int], list[Customer]]
) -> None:
    good, bad = customers(2)
    for customer in (good, bad):
        customer.grant(WRITABLE)
    bad.fault(method="POST", path="/v1.0/servicePrincipals", status=403, times=9)
    sweep = {
        "mssp.defender_xdr.sweep": {
            "module": "consent",
            "module_args": {
                "api_permissions": [
                    {"api": "graph", "roles": ["SecurityIdentitiesHealth.Read.All"]}
                ],
                "method": "api",
            },
            "fail_when": "never",
        },
        "run_once": True,
    }
    predicted = audited.play("tenants", sweep, arguments=["--check"]).good().result("task 1")
    assert predicted["coverage"]["answered"] == 2, predicted["failures"]
    assert sent(good) == sent(bad) == []
    assert [audited.lines(customer)[0]["outcome"] for customer in (good, bad)] == ["predicted"] * 2
    assert predicted["results"][good.host]["writes"][0]["after"]["roles"]
    result = audited.play("tenants", sweep).good().result("task 1")
    assert result["coverage"]["failed"] == 1
    for customer, outcome in ((good, "succeeded"), (bad, "failed")):
        lines = audited.lines(customer)[1:]
        assert outcomes(lines) == [outcome]
        assert len(sent(customer)) == 1
        role = {"Microsoft Graph": ["SecurityIdentitiesHealth.Read.All"]}
        assert (lines[0]["before"], lines[0]["after"]) == ({"roles": {}}, {"roles": role})
        assert lines[0]["object"] == f"application {customer.lab.facts['client_id']}"
        assert {line["tenant"]["id"] for line in lines} == {customer.tenant_id}
        assert {line["module"] for line in lines} == {"mssp.defender_xdr.consent"}
    assert result["failures"][bad.host]["writes"][0]["outcome"] == "failed"
    assert audited.audit()["valid"]


def test_a_sweep_that_counts_its_changes_first_predicts_nothing_in_a_real_run(
    audited: Audited, customers: t.Callable[[int], list[Customer]]
) -> None:
    both = customers(2)
    numbers = {customer.host: open_incident(customer) for customer in both}
    sweep: Json = {
        "module": "incident",
        "module_args": {
            "id": "{{ numbers[inventory_hostname] }}",
            "status": "in_progress",
        },
        "max_changes": 1,
    }
    given = {"vars": {"numbers": numbers}, "run_once": True}
    refused = audited.play("tenants", {"mssp.defender_xdr.sweep": sweep, **given})
    assert refused.result("task 1")["error"]["category"] == "refused"
    assert not list(audited.folder.glob("*.ndjson"))
    sweep["max_changes"] = 2
    audited.play("tenants", {"mssp.defender_xdr.sweep": sweep, **given}).good()
    for customer in both:
        (line,) = audited.lines(customer)
        assert (line["outcome"], line["module"]) == ("succeeded", "mssp.defender_xdr.incident")
        assert len(sent(customer)) == 1
    plan = str(audited.ansible.folder / "plan")
    sweep["module_args"]["status"] = "resolved"
    apply = {"mssp.defender_xdr.sweep": {"apply": plan, "max_changes": 2}, **given}
    audited.play("tenants", {"mssp.defender_xdr.sweep": {**sweep, "plan": plan}, **given}, apply)
    for customer in both:
        lines = audited.lines(customer)[1:]
        assert outcomes(lines) == ["predicted", "succeeded"]
        assert {line["module"] for line in lines} == {"mssp.defender_xdr.incident"}
        assert len(sent(customer)) == 2


def test_an_action_on_a_device_has_its_id_even_if_its_response_is_lost(
    audited: Audited, customer: Customer
) -> None:
    chosen = device(audited.ansible, customer)
    direct(customer)
    isolate = act("device_isolation", device=chosen["id"])
    release = act("device_isolation", device=chosen["id"], state="released")
    path = f"/api/machines/{chosen['id']}"
    audited.play(customer.host, isolate, arguments=["--check"]).good()
    customer.fault(method="POST", path=f"{path}/unisolate", after=True, reset=True)
    run = audited.play(customer.host, isolate, release, release).good()
    assert sent(customer) == [f"{path}/isolate", f"{path}/unisolate"]
    lines = audited.lines(customer)
    assert outcomes(lines) == ["predicted", "succeeded", "succeeded"]
    ids = [run.result(f"task {number}")["action"]["id"] for number in (1, 2)]
    assert [line["action_id"] for line in lines] == [None, *ids]
    assert (lines[1]["before"], lines[1]["after"]) == ({"state": "released"}, {"state": "isolated"})
    assert {line["object"] for line in lines} == {
        f"device {chosen['computer_dns_name']} ({chosen['id']})"
    }


def test_a_secret_that_is_created_is_recorded_without_its_text(
    audited: Audited, home: Customer, connected: Json
) -> None:
    app_id = home.lab.facts["client_id"]
    variables = home.variables(defender_xdr_client_secret=home.lab.facts["client_secret"])
    audited.ansible.write_inventory({home.host: variables}, connected)
    task = {
        "mssp.defender_xdr.application_credential": {
            "app_id": app_id,
            "type": "secret",
            "name": "audited",
        },
        "register": "made",
        "name": "make",
    }
    kept = {
        "ansible.builtin.copy": {
            "content": "{{ made.secret_text }}",
            "dest": str(audited.ansible.inputs / "secret"),
            "mode": "0600",
        },
        "no_log": True,
    }
    audited.play(home.host, task, arguments=["--check"]).good()
    removed = {
        "mssp.defender_xdr.application_credential": {
            "app_id": app_id,
            "state": "absent",
            "name": "audited",
        }
    }
    run = audited.play(home.host, task, kept, removed).good()
    assert "censored" in run.result("make")
    lines = audited.lines(home)
    assert outcomes(lines) == ["predicted", "succeeded", "succeeded"]
    assert len(sent(home)) == 2
    assert lines[2]["before"]["passwordCredential"]["keyId"]
    assert lines[2]["after"] == {}
    assert lines[1]["after"]["passwordCredential"]["displayName"] == "audited"
    secret = (audited.ansible.inputs / "secret").read_text()
    assert secret
    assert secret not in json.dumps(lines)


def test_two_runs_at_once_keep_one_chain(
    audited: Audited, customers: t.Callable[[int], list[Customer]]
) -> None:
    (customer,) = customers(1)
    number = open_incident(customer)
    tag = {"id": number, "custom_tags": ["{{ prefix }}-{{ item }}"]}
    tasks = [
        {
            "mssp.defender_xdr.incident": tag,
            "loop": [*range(6)],
            "ignore_errors": True,
            "name": "tag",
        }
    ]
    playbook = audited.ansible.written([{"hosts": customer.host, "tasks": tasks}])
    runs = [
        audited.ansible.start("playbook", playbook, "-e", f"prefix={prefix}", env=audited.env)
        for prefix in ("a", "b")
    ]
    for run in runs:
        run.done().good()
    report = audited.audit()
    assert report["valid"], report["problems"]
    assert report["count"] == len(sent(customer)) >= 12
    assert len({record["run_id"] for record in report["records"]}) == 2


def test_a_trail_that_cannot_be_written_is_said_at_once_and_by_the_exit_status(
    audited: Audited, customer: Customer
) -> None:
    number = open_incident(customer)
    (audited.folder / f"{customer.tenant_id}.ndjson").mkdir(parents=True)
    after = {"ansible.builtin.debug": {"msg": "after it"}}
    run = audited.play(customer.host, incident(number, status="in_progress"), after)
    assert run.code == 1
    assert f"{customer.tenant_id}.ndjson, which could not be written: Is a directory" in " ".join(
        run.output.split()
    )
    assert run.output.index("The audit trail is incomplete") < run.output.index("after it")
    assert "missing lines: 1." in " ".join(run.output.split())
    assert len(sent(customer)) == 1


def test_a_folder_that_cannot_be_made_is_said_before_anything_is_written(
    ansible: Ansible, customer: Customer
) -> None:
    (ansible.folder / "file").touch()
    audited = Audited(ansible, ansible.folder / "file" / "audit")
    run = audited.play(customer.host, {"ansible.builtin.debug": {"msg": "after it"}})
    assert run.code == 1
    assert run.output.index("could not be written: Not a directory") < run.output.index("after it")


def test_without_a_folder_one_warning_says_what_to_set(
    ansible: Ansible, customer: Customer
) -> None:
    number = open_incident(customer)
    run = Audited(ansible, None).play(customer.host, incident(number, status="in_progress")).good()
    assert run.output.count("audit_dir is not set") == 1
    assert "DEFENDER_XDR_AUDIT_DIR" in run.output


def test_who_started_the_job_in_awx_is_the_user(audited: Audited, customer: Customer) -> None:
    number = open_incident(customer)
    task = incident(number, status="in_progress")
    audited.play(customer.host, task, arguments=["-e", "awx_user_name=kim"]).good()
    assert audited.lines(customer)[0]["user"] == "kim"


def test_audit_info_finds_what_was_done_to_the_files(audited: Audited, customer: Customer) -> None:
    number = open_incident(customer)
    for status in ("in_progress", "resolved", "active"):
        audited.play(customer.host, incident(number, status=status)).good()
    path = audited.folder / f"{customer.tenant_id}.ndjson"
    whole = path.read_bytes()
    path.write_bytes(b"".join(whole.splitlines(keepends=True)[:2]))
    report = audited.audit(since="1h")
    assert (report["valid"], report["count"], report["changed"]) == (False, 2, False)
    assert report["problems"] == [
        {
            "file": str(path),
            "line": 2,
            "code": "lines_missing",
            "text": "the file has 2 lines, but the head counts 3: lines were removed",
        }
    ]
    path.write_bytes(whole.replace(b'"in_progress"', b'"resolved"', 1))
    failing = {"mssp.defender_xdr.audit_info": {"audit_dir": str(audited.folder)}, "name": "audit"}
    run = audited.play("localhost", failing)
    result = run.result("audit")
    assert (run.code, result["error"]["category"], result["count"]) == (2, "conflict", 3)
    assert [(one["code"], one["line"]) for one in result["problems"]] == [("chain_broken", 2)]
    assert "line 1 was changed" in result["msg"]
    path.write_bytes(whole)
    path.chmod(0o644)
    assert [one["code"] for one in audited.audit()["problems"]] == ["accessible_to_others"]
    nowhere = {"mssp.defender_xdr.audit_info": {"audit_dir": "/nowhere"}, "name": "audit"}
    assert audited.play("localhost", nowhere).result("audit")["error"]["category"] == "bad_request"
