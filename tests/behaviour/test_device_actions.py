# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Devices tagged, isolated, scanned and released by a play: what is sent, and what a second run
sends."""

from __future__ import annotations

import typing as t

from ansible_collections.mssp.defender_xdr.tests.behaviour.lab import Customer
from ansible_collections.mssp.defender_xdr.tests.behaviour.runs import Ansible, Run

Json = dict[str, t.Any]
COMMENT: t.Final = "Ransomware, ticket 4711"


def play(ansible: Ansible, customer: Customer, *tasks: Json, check: bool = False) -> Run:
    named = [{"name": f"task {number}", **task} for number, task in enumerate(tasks, 1)]
    return ansible.playbook(
        [{"hosts": customer.host, "tasks": named}], *(["--check", "--diff"] if check else [])
    )


def task(module: str, **options: t.Any) -> Json:
    comment = {} if module == "device_tag" else {"comment": COMMENT}
    return {f"mssp.defender_xdr.{module}": {**comment, **options}}


def direct(customer: Customer, **body: t.Any) -> Json:
    """Decide how the tenant's devices and their next actions go."""
    quick = {"pending": 0, "running": 0}
    actions = {"actions": {**quick, **body.pop("actions", {})}}
    return customer.lab.control("POST", "devices", tenant=customer.tenant_id, **actions, **body)


def device(ansible: Ansible, customer: Customer, **options: t.Any) -> Json:
    """An onboarded device with a sensor that answers."""
    listing = {
        "mssp.defender_xdr.device_info": {
            "health_status": "active",
            "onboarding_status": "onboarded",
            **options,
        }
    }
    devices = play(ansible, customer, listing).good().result("task 1")["devices"]
    return t.cast("Json", devices[0])


def sent(customer: Customer, since: int) -> list[str]:
    """The writes that the lab received from this tenant after that line of its journal."""
    return [
        f"{line['method']} {line['path']}"
        for line in customer.lab.journal(since)
        if line["tenant"] == customer.tenant_id
        and line["origin"] != "login"
        and line["method"] != "GET"
    ]


def test_a_device_is_isolated_once_and_released_once(ansible: Ansible, customer: Customer) -> None:
    chosen = device(ansible, customer)
    direct(customer)
    isolate = task("device_isolation", device=chosen["computer_dns_name"].upper())
    release = task("device_isolation", device=chosen["id"], state="released")
    since = customer.lab.now()
    predicted = play(ansible, customer, isolate, release, check=True).good()
    assert sent(customer, since) == []
    assert [predicted.result(f"task {number}")["changed"] for number in (1, 2)] == [True, False]
    run = play(ansible, customer, isolate, isolate, release, release).good()
    path = f"/api/machines/{chosen['id']}"
    assert sent(customer, since) == [f"POST {path}/isolate", f"POST {path}/unisolate"]
    results = [run.result(f"task {number}") for number in (1, 2, 3, 4)]
    assert [result["changed"] for result in results] == [True, False, True, False]
    assert [result["after"]["state"] for result in results] == [
        *["isolated"] * 2,
        *["released"] * 2,
    ]
    for name in ("before", "after", "diff"):
        assert predicted.result("task 1")[name] == results[0][name]
    assert results[0]["before"] == {"state": "released"}
    action = results[0]["action"]
    assert (action["type"], action["status"]) == ("isolate", "succeeded")
    assert action["machine_id"] == chosen["id"]
    assert action["requestor_comment"].startswith(f"{COMMENT} (run ")
    assert results[1]["action"]["id"] == action["id"]
    assert results[2]["action"]["type"] == "unisolate"


def test_tags_are_added_and_removed_one_by_one(ansible: Ansible, customer: Customer) -> None:
    chosen = device(ansible, customer)
    standing = chosen["machine_tags"]
    add = task("device_tag", device=chosen["id"], tags=["a", "b"])
    exact = task("device_tag", device=chosen["id"], tags=["b"], state="exact")
    since = customer.lab.now()
    run = play(ansible, customer, add, add, exact, exact).good()
    assert sent(customer, since) == [f"POST /api/machines/{chosen['id']}/tags"] * (
        3 + len(standing)
    )
    results = [run.result(f"task {number}") for number in (1, 2, 3, 4)]
    assert [result["changed"] for result in results] == [True, False, True, False]
    assert results[0]["before"] == {"machine_tags": standing}
    assert sorted(results[0]["after"]["machine_tags"]) == sorted([*standing, "a", "b"])
    assert results[2]["device"]["machine_tags"] == ["b"]


def test_a_protected_device_is_never_changed_wherever_its_tag_is_named(
    ansible: Ansible, customer: Customer
) -> None:
    chosen = device(ansible, customer)
    direct(customer, devices=[{"id": chosen["id"], "machineTags": ["Tier0"]}])
    target = {"device": chosen["id"]}
    tasks = [
        task("device_isolation", **target, protected_tags=["x", "tier0"]),
        {**task("device_scan", **target), "vars": {"defender_xdr_protected_tags": ["tier0"]}},
        {
            **task("device_tag", **target, tags=["b"]),
            "environment": {"DEFENDER_XDR_PROTECTED_TAGS": "x,TIER0"},
        },
        task("device_isolation", **target, protected_tags=["tier0"], override_protection=True),
    ]
    since = customer.lab.now()
    for check in (True, False):
        quiet = [{**one, "ignore_errors": True} for one in tasks[:3]]
        run = play(ansible, customer, *quiet, check=check).good()
        for number in (1, 2, 3):
            result = run.result(f"task {number}")
            assert result["error"]["category"] == "refused", number
            assert "has the tag Tier0, which protected_tags lists" in result["msg"]
    assert sent(customer, since) == []
    assert play(ansible, customer, tasks[3]).good().result("task 1")["changed"]


def test_an_action_that_fails_on_the_device_fails_the_task_with_its_reason(
    ansible: Ansible, customer: Customer
) -> None:
    chosen = device(ansible, customer)
    direct(customer, actions={"outcome": "Failed", "error": "The disk is full."})
    since = customer.lab.now()
    run = play(ansible, customer, task("device_scan", device=chosen["id"]))
    result = run.result("task 1")
    assert (run.code, result["error"]["category"], result["error"]["code"]) == (
        2,
        "action_failed",
        "Failed",
    )
    assert "The disk is full." in result["msg"]
    assert (result["changed"], result["action"]["status"]) == (True, "failed")
    assert len(sent(customer, since)) == 1


def test_a_wait_that_ends_leaves_the_action_which_another_task_finds_and_cancels(
    ansible: Ansible, customer: Customer
) -> None:
    chosen = device(ansible, customer)
    direct(customer, actions={"hold": True})
    run = play(ansible, customer, task("device_isolation", device=chosen["id"], wait_timeout=1))
    result = run.result("task 1")
    assert result["error"]["category"] == "timeout"
    assert "it stays open" in result["msg"]
    key = result["action"]["id"]
    listing = {
        "mssp.defender_xdr.device_action_info": {"device": chosen["id"], "status": "pending"}
    }
    cancel = task("device_action", id=key)
    release = task("device_isolation", device=chosen["id"], state="released")
    run = play(ansible, customer, listing, cancel, cancel, release).good()
    assert [action["id"] for action in run.result("task 1")["actions"]] == [key]
    results = [run.result(f"task {number}") for number in (2, 3, 4)]
    assert [result["changed"] for result in results] == [True, False, False]
    assert results[0]["action"]["status"] == "cancelled"


def test_a_lost_response_is_settled_and_the_action_is_not_started_twice(
    ansible: Ansible, customer: Customer
) -> None:
    chosen = device(ansible, customer)
    direct(customer)
    since = customer.lab.now()
    path = f"/api/machines/{chosen['id']}/isolate"
    customer.fault(method="POST", path=path, after=True, reset=True)
    run = play(ansible, customer, task("device_isolation", device=chosen["id"])).good()
    assert run.result("task 1")["action"]["status"] == "succeeded"
    assert sent(customer, since) == [f"POST {path}"]
