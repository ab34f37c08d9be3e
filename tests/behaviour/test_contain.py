# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook contain as people run it: what it asks, sends and shows."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import threading
import typing as t

import pytest
from ansible_collections.mssp.defender_xdr.tests.behaviour.lab import Customer
from ansible_collections.mssp.defender_xdr.tests.behaviour.runs import Ansible, Run

Json = dict[str, t.Any]
Take = t.Callable[[int], list[Customer]]
APPROVED: t.Final = {"contain_approved": True}
QUESTION: t.Final = b"anything else sends nothing:"
# runs a command with a terminal of its own, which copies what comes in and goes out
AT_A_TERMINAL: t.Final = (
    "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))"
)


def wishes(**options: t.Any) -> tuple[str, ...]:
    return ("-e", json.dumps({"contain_comment": "Ticket 4711", **options}))


def contain(ansible: Ansible, *arguments: str, **options: t.Any) -> Run:
    return ansible.playbook("mssp.defender_xdr.contain", *wishes(**options), *arguments)


def result(run: Run, name: str = "Set the fact contain_result") -> Json:
    facts = run.result(name)["ansible_facts"]
    return t.cast("Json", facts["contain_result"])


def plan(run: Run) -> Json:
    return result(run, "Set the fact contain_result to the plan")


def sent(*customers: Customer) -> list[str]:
    """The last part of each write's path."""
    return [
        line["path"].rpartition("/")[2]
        for customer in customers
        for line in customer.calls()
        if line["origin"] != "login" and line["method"] != "GET"
    ]


def devices(customer: Customer) -> list[Json]:
    return customer.lab.devices(customer.tenant_id)


def direct(customer: Customer, **body: t.Any) -> None:
    actions = {"actions": {"pending": 0, "running": 0, **body.pop("actions", {})}}
    customer.lab.control("POST", "devices", tenant=customer.tenant_id, **actions, **body)


@pytest.fixture
def pair(customers: Take) -> list[Customer]:
    """Two tenants whose actions end at once."""
    found = customers(2)
    for customer in found:
        direct(customer)
    return found


def test_devices_of_two_tenants_are_isolated_once_and_released_once(
    ansible: Ansible, pair: list[Customer]
) -> None:
    first, second = pair
    chosen = {
        first.host: [device["id"] for device in devices(first)[:2]],
        second.host: devices(second)[0]["computerDnsName"].upper(),
    }
    options: Json = {"contain_devices": chosen, "contain_tags": ["contained"]}
    dry = contain(ansible, "--check", **options).good()
    assert sent(*pair) == []
    assert plan(dry)["changes"] == 3
    assert {row["outcome"] for row in plan(dry)["devices"]} == {"would_isolate"}
    done = result(contain(ansible, **options, **APPROVED).good())
    assert sorted(sent(*pair)) == ["isolate"] * 3 + ["tags"] * 3
    assert {(row["outcome"], row["action"]["status"]) for row in done["devices"]} == {
        ("isolated", "succeeded")
    }
    assert done["coverage"] | {"answered": 2} == {
        "asked": 2,
        "answered": 2,
        "failed": 0,
        "complete": 2,
        "partial": 0,
        "unread": 0,
    }
    # nothing to change needs no approval
    again = contain(ansible, **options).good()
    assert len(sent(*pair)) == 6
    assert {row["outcome"] for row in result(again)["devices"]} == {"isolated"}
    released = contain(ansible, **options, contain_state="released", **APPROVED).good()
    assert {row["outcome"] for row in result(released)["devices"]} == {"released"}
    assert sorted(sent(*pair)[6:] + sent(*pair)[:6]).count("unisolate") == 3
    assert all("contained" not in device["machineTags"] for device in devices(first))


def test_the_devices_of_an_incident_are_isolated_and_a_protected_one_is_named(
    ansible: Ansible, customer: Customer
) -> None:
    direct(customer)
    first, second = devices(customer)[:2]
    direct(customer, devices=[{"id": second["id"], "machineTags": ["Tier0"]}])
    chosen = {customer.host: [first["id"], second["id"]]}
    run = contain(
        ansible,
        "-e",
        json.dumps({"defender_xdr_protected_tags": ["tier0"], "defender_xdr_fail_when": "never"}),
        contain_devices=chosen,
        **APPROVED,
    ).good()
    rows = {row["id"]: row for row in result(run)["devices"]}
    assert (rows[first["id"]]["outcome"], rows[second["id"]]["outcome"]) == ("isolated", "refused")
    assert sent(customer) == ["isolate"]
    assert "has the tag Tier0, which protected_tags lists" in run.output
    assert result(run)["tenants"] == {customer.host: "partial"}


def test_an_incident_leads_to_its_devices(ansible: Ansible, customer: Customer) -> None:
    direct(customer)
    listing = {
        "name": "list",
        "mssp.defender_xdr.incident_info": {"expand_alerts": True},
        "register": "listed",
    }
    show = {
        "name": "show",
        "ansible.builtin.debug": {"msg": "{{ (listed | mssp.defender_xdr.entities).devices }}"},
    }
    found = ansible.playbook([{"hosts": customer.host, "tasks": [listing, show]}]).good()
    number = found.result("show")["msg"][0]["incident_id"]
    expected = {
        entity["value"] for entity in found.result("show")["msg"] if entity["incident_id"] == number
    }
    run = contain(ansible, "--check", contain_incidents={customer.host: [number]}).good()
    rows = [row for row in plan(run)["devices"] if row["id"]]
    assert {row["id"] for row in rows} == expected
    assert {tuple(row["incidents"]) for row in rows} == {(number,)}
    assert sent(customer) == []


def test_more_devices_than_allowed_are_refused_before_anything_is_sent(
    ansible: Ansible, pair: list[Customer]
) -> None:
    chosen = {each.host: [device["id"] for device in devices(each)[:2]] for each in pair}
    for arguments in ((), ("--check",)):
        run = contain(
            ansible, *arguments, contain_devices=chosen, contain_max_changes=3, **APPROVED
        )
        assert run.code == 2
        assert "4 devices in 2 tenants would be changed, but contain_max_changes is 3" in run.output
        assert plan(run)["category"] == "refused"
    assert sent(*pair) == []


def test_without_a_terminal_and_without_approval_nothing_is_sent(
    ansible: Ansible, customer: Customer
) -> None:
    chosen = {customer.host: [devices(customer)[0]["id"]]}
    run = contain(ansible, contain_devices=chosen)
    assert run.code == 2
    assert "Not approved, so nothing was sent;" in run.output
    assert sent(customer) == []


@pytest.mark.parametrize("answer", ["yes", "no"])
def test_a_person_at_a_terminal_approves_or_not(
    answer: str, ansible: Ansible, customer: Customer
) -> None:
    direct(customer)
    chosen = devices(customer)[0]
    command = [sys.executable, "-m", "ansible", "playbook", "-i", ansible.inventory]
    wish = wishes(contain_devices={customer.host: [chosen["id"]]})
    process = subprocess.Popen(
        [sys.executable, "-c", AT_A_TERMINAL, *command, "mssp.defender_xdr.contain", *wish],
        cwd=ansible.cwd,
        env={**ansible.env(), "BEHAVIOUR_RESULTS": os.devnull, "ANSIBLE_NOCOLOR": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    code, shown = conversation(process, answer)
    assert "Isolate 1 device (full) in 1 tenant" in shown
    assert f"{customer.host}: 1 ({chosen['computerDnsName']})" in shown
    assert (code, sent(customer)) == ((0, ["isolate"]) if answer == "yes" else (2, []))


def conversation(process: subprocess.Popen[bytes], answer: str) -> tuple[int, str]:
    """The exit code of the program, and what it shows; its question gets this answer.

    Core drops what was typed before it reads, and it reads some time after it shows the question:
    like a person who sees no reaction, this answers again.
    """
    assert process.stdin
    assert process.stdout
    end = threading.Timer(90, process.kill)
    end.start()
    shown = b""
    with process.stdin, process.stdout:
        while part := os.read(process.stdout.fileno(), 4096):
            shown += part
            while QUESTION in shown and not select.select([process.stdout], [], [], 1)[0]:
                process.stdin.write(f"{answer}\r".encode())
                process.stdin.flush()
    code = process.wait()
    end.cancel()
    return code, shown.decode()


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({}, "Neither contain_incidents nor contain_devices names a tenant"),
        ({"contain_devices": {"stranger": ["x"]}}, "stranger is not in this play"),
        ({"contain_comment": " ", "contain_devices": {"a": 1}}, "contain_comment is empty"),
        ({"contain_max_changes": -1}, "contain_max_changes is -1"),
        ({"contain_state": "gone"}, "contain_state"),
    ],
)
def test_wrong_variables_are_refused_before_any_request(
    options: Json, text: str, ansible: Ansible, customer: Customer
) -> None:
    run = contain(ansible, **options)
    assert run.code != 0
    assert text in " ".join(run.output.split())
    assert customer.calls() == []


def test_a_write_that_failed_is_not_repeated_and_the_others_proceed(
    ansible: Ansible, pair: list[Customer]
) -> None:
    first, second = pair
    chosen = {each.host: [devices(each)[0]["id"]] for each in pair}
    first.fault(method="POST", path="/api/machines", status=503, times=9)
    run = contain(
        ansible, "-e", "fail_when=50%", contain_devices=chosen, contain_tags="x", **APPROVED
    )
    assert run.code == 2
    rows = {row["host"]: row for row in result(run)["devices"]}
    assert (rows[first.host]["category"], rows[second.host]["outcome"]) == (
        "unavailable",
        "isolated",
    )
    assert (sent(first), sent(second)) == (["isolate"], ["isolate", "tags"])
    assert "1 of 2 tenants are not complete" in run.output


def test_an_action_that_does_not_end_in_time_is_a_timeout_and_stays_open(
    ansible: Ansible, customer: Customer
) -> None:
    direct(customer, actions={"hold": True})
    chosen = {customer.host: [devices(customer)[0]["id"]]}
    options: Json = {"contain_devices": chosen, "contain_wait_timeout": 1, **APPROVED}
    for _run in range(2):  # the second run joins the open action
        (row,) = result(contain(ansible, **options))["devices"]
        assert (row["outcome"], row["category"]) == ("timeout", "timeout")
        assert sent(customer) == ["isolate"]
