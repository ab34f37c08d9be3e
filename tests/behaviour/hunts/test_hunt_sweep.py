# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module hunt_sweep as people run it: all queries in all tenants as one piece of work, in which
every tenant's trouble stays its own."""

from __future__ import annotations

import json
import signal
import threading
import typing as t
from pathlib import Path

import pytest
from ansible_collections.mssp.defender_xdr.tests.behaviour.lab import Customer, Json, Lab
from ansible_collections.mssp.defender_xdr.tests.behaviour.runs import Ansible, Run

Customers = t.Callable[[int], list[Customer]]
HUNT: t.Final = "/v1.0/security/runHuntingQuery"
FORBIDDEN: t.Final = {"error": {"code": "Forbidden", "message": "Missing application roles."}}
HUNTS: t.Final = [
    {"name": "devices", "query": "DeviceInfo | distinct DeviceName | take 3"},
    {"name": "nobody", "query": "DeviceInfo | where DeviceName == 'nobody'", "severity": "high"},
]


@pytest.fixture
def with_secret(connected: Json, fleet: Lab) -> Json:
    return {**connected, "defender_xdr_client_secret": fleet.facts["client_secret"]}


def task(**options: t.Any) -> Json:
    given = {"hunts": HUNTS, **options}
    return {"name": "hunt", "mssp.defender_xdr.hunt_sweep": given, "run_once": True}


def inventory(ansible: Ansible, tenants: t.Iterable[Customer], variables: Json) -> None:
    ansible.write_inventory({one.host: one.variables() for one in tenants}, variables)


def hunt(ansible: Ansible, *arguments: str, **options: t.Any) -> Run:
    return ansible.playbook([{"hosts": "tenants", "tasks": [task(**options)]}], *arguments)


def sent(customer: Customer) -> int:
    return sum(1 for line in customer.calls("graph") if line["path"] == HUNT)


def test_all_queries_in_all_tenants_with_one_token_each(
    ansible: Ansible, customers: Customers, with_secret: Json
) -> None:
    three = customers(3)
    inventory(ansible, three, with_secret)
    result = hunt(ansible, timespan="30d", limit=2).good().result("hunt")
    hosts = [one.host for one in three]
    assert result["coverage"] == {"asked": 3, "complete": 3, "partial": 0, "unread": 0}
    assert result["tenants"] == dict.fromkeys(hosts, "complete")
    assert list(result["hunts"]) == ["devices", "nobody"]
    devices, nobody = result["hunts"].values()
    assert devices["hits"] == dict.fromkeys(hosts, 2)
    assert devices["truncated"] == hosts
    assert {host: len(rows) for host, rows in devices["rows"].items()} == devices["hits"]
    assert nobody["hits"] == dict.fromkeys(hosts, 0)
    assert (nobody["rows"], nobody["dest"], nobody["severity"]) == ({}, "", "high")
    assert (nobody["timespan"], nobody["limit"], nobody["asked_at"][-1]) == ("30d", 2, "Z")
    assert result["changed"] is False
    assert "warnings" not in result
    for one in three:
        calls = sorted((line["origin"], line["status"]) for line in one.calls())
        assert calls == [("graph", 200), ("graph", 200), ("login", 200)]


def test_a_tenant_that_cannot_be_queried_is_tried_once(
    ansible: Ansible, customers: Customers, with_secret: Json
) -> None:
    good, without_consent, without_role = three = customers(3)
    inventory(ansible, three, with_secret)
    without_consent.consent(consented=False)
    for _unused in range(4):
        without_role.fault(path=HUNT, status=403, body=FORBIDDEN)
    # one query at a time, so that the first refusal keeps the second from being sent
    result = hunt(ansible, concurrency=3).good().result("hunt")
    assert result["coverage"] == {"asked": 3, "complete": 1, "partial": 0, "unread": 2}
    for entry in result["hunts"].values():
        assert entry["coverage"] == {"asked": 3, "answered": 1, "failed": 2}
        assert list(entry["hits"]) == [good.host]
        categories = {host: error["category"] for host, error in entry["failures"].items()}
        assert categories == {
            without_consent.host: "not_consented",
            without_role.host: "role_missing",
        }
        assert all(error["msg"] for error in entry["failures"].values())
    assert (sent(without_consent), sent(without_role), sent(good)) == (0, 1, 2)
    [warning] = result["warnings"]
    assert warning.startswith("2 of 3 tenants are unread and 0 partial")


def test_its_files_change_only_with_what_is_in_them(
    ansible: Ansible, customers: Customers, with_secret: Json
) -> None:
    two = customers(2)
    inventory(ansible, two, with_secret)
    dest = ansible.cwd / "hits"
    assert hunt(ansible, "--check", dest=str(dest)).good().result("hunt")["changed"]
    assert not dest.exists()
    first = hunt(ansible, dest=str(dest)).good().result("hunt")
    assert first["changed"]
    devices = first["hunts"]["devices"]
    assert devices["dest"] == str(dest / "devices.ndjson")
    assert devices["rows"] == {}
    rows = [json.loads(line) for line in Path(devices["dest"]).read_text().splitlines()]
    assert [row["tenant_name"] for row in rows] == [one.host for one in two for _unused in range(3)]
    assert json.loads((dest / "hunt_result.json").read_text()) == first["hunts"]
    assert hunt(ansible, "--check", dest=str(dest)).good().result("hunt")["changed"] is False
    assert hunt(ansible, dest=str(dest)).good().result("hunt")["changed"] is False
    resumed = hunt(ansible, dest=str(dest), resume=True).good().result("hunt")
    assert resumed["changed"] is False
    other = hunt(ansible, dest=str(dest), limit=1).good().result("hunt")
    assert other["changed"]


def test_an_answer_is_resumed_only_for_its_tenant_and_keeps_its_time(
    ansible: Ansible, customers: Customers, with_secret: Json
) -> None:
    one, other = customers(2)
    dest = ansible.cwd / "hits"
    inventory(ansible, [one], with_secret)
    first = hunt(ansible, dest=str(dest)).good().result("hunt")
    journals = list(dest.glob(".answers/*/*/journal.jsonl"))
    for journal in journals:
        earlier = journal.read_text().replace(
            first["hunts"]["devices"]["asked_at"][:10], "2026-01-01"
        )
        journal.write_text(earlier)
    again = hunt(ansible, dest=str(dest), resume=True).good().result("hunt")
    assert sent(one) == 2
    assert again["hunts"]["devices"]["hits"] == {one.host: 3}
    assert again["hunts"]["devices"]["asked_at"].startswith("2026-01-01")
    # the same host, but another customer's tenant
    ansible.write_inventory({one.host: other.variables()}, with_secret)
    moved = hunt(ansible, dest=str(dest), resume=True).good().result("hunt")
    assert sent(other) == 2
    rows = [json.loads(line) for line in (dest / "devices.ndjson").read_text().splitlines()]
    assert {row["tenant_id"] for row in rows} == {other.tenant_id}
    assert moved["changed"]


def test_what_the_canary_refuses_is_not_sent_to_the_others(
    ansible: Ansible, customers: Customers, with_secret: Json
) -> None:
    canary, *others = three = customers(3)
    inventory(ansible, three, with_secret)
    broken = {"name": "broken", "query": "DeviceInfo | where Nope == 1"}
    run = hunt(ansible, hunts=[*HUNTS, broken], canary=canary.host)
    assert run.code != 0
    result = run.result("hunt")
    entry = result["hunts"]["broken"]
    assert {error["category"] for error in entry["failures"].values()} == {"bad_query"}
    assert entry["asked_at"].endswith("Z")
    assert result["tenants"] == dict.fromkeys((one.host for one in three), "partial")
    assert [sent(one) for one in others] == [2, 2]
    assert "broken (3 of 3); fail_when is all" in result["msg"]
    assert hunt(ansible, hunts=[*HUNTS, broken], fail_when="never").code == 0


def test_a_canary_that_cannot_be_asked_is_refused_before_anything_is_sent(
    ansible: Ansible, customers: Customers, with_secret: Json
) -> None:
    good, lost = two = customers(2)
    inventory(ansible, two, with_secret)
    lose = {
        "name": "lose",
        "ansible.builtin.fail": {"msg": "gone"},
        "when": f"inventory_hostname == '{lost.host}'",
    }
    run = ansible.playbook([{"hosts": "tenants", "tasks": [lose, task(canary=lost.host)]}])
    assert run.result("hunt")["error"]["category"] == "bad_request"
    assert "an earlier task failed" in run.result("hunt")["msg"]
    assert hunt(ansible, canary="nobody").result("hunt")["msg"].startswith("canary is nobody")
    assert good.calls() == []


def test_hunts_that_cannot_be_run_are_named_and_no_hunt_asks_nobody(
    ansible: Ansible, customers: Customers, with_secret: Json
) -> None:
    [one] = customers(1)
    inventory(ansible, [one], with_secret)
    hashes = {"name": "hashes", "query": "DeviceInfo", "missing": ["hashes"]}
    result = hunt(ansible, hunts=[hashes]).good().result("hunt")
    assert result["not_run"] == [{"name": "hashes", "missing": ["hashes"]}]
    assert result["coverage"] == {"asked": 0, "complete": 0, "partial": 0, "unread": 0}
    assert "no tenant was queried" in result["warnings"][0]
    assert hunt(ansible, hunts=[]).good().result("hunt")["hunts"] == {}
    assert one.calls() == []


def test_defaults_of_hunting_query_hold_but_never_move_a_file(
    ansible: Ansible, customers: Customers, with_secret: Json
) -> None:
    two = customers(2)
    inventory(ansible, two, with_secret)
    dest = ansible.cwd / "hits"
    defaults = {
        "mssp.defender_xdr.hunting_query": {
            "dest": str(ansible.cwd / "one_for_all"),
            "format": "csv",
            "timespan": "1d",
            "tenant_name": "by default",
        }
    }
    play = {"hosts": "tenants", "module_defaults": defaults, "tasks": [task(dest=str(dest))]}
    result = ansible.playbook([play]).good().result("hunt")
    rows = [json.loads(line) for line in (dest / "devices.ndjson").read_text().splitlines()]
    assert {row["tenant_name"] for row in rows} == {"by default"}
    assert result["hunts"]["devices"]["timespan"] is None
    assert not (ansible.cwd / "one_for_all").exists()


def test_ctrl_c_says_what_is_kept(
    ansible: Ansible, customers: Customers, with_secret: Json
) -> None:
    quick, slow = two = customers(2)
    inventory(ansible, two, with_secret)
    slow.fault(path=HUNT, delay=600, times=9)
    playbook = ansible.written([{"hosts": "tenants", "tasks": [task(concurrency=1)]}])
    started = ansible.start("playbook", playbook)
    pause = threading.Event()
    for _unused in range(600):
        if slow.calls("login"):  # its turn comes when the other one has answered everything
            break
        pause.wait(0.05)
    started.process.send_signal(signal.SIGINT)
    run = started.done()
    assert run.code != 0
    assert "The hunt was interrupted: 2 of 4 answers had arrived. They are in " in run.output
    kept = next(ansible.folder.rglob("interrupted_sweep.json"))
    result = json.loads(kept.read_text())
    assert result["hunts"]["devices"]["hits"] == {quick.host: 3}
    assert result["hunts"]["devices"]["coverage"] == {"asked": 2, "answered": 1, "failed": 0}
