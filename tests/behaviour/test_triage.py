# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook triage as people run it: what it sends, and what it shows."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.mssp.defender_xdr.tests.behaviour.lab import Customer, Lab
from ansible_collections.mssp.defender_xdr.tests.behaviour.runs import Ansible, Run

Json = dict[str, t.Any]
Take = t.Callable[[int], list[Customer]]
SAM: t.Final = "sam@mssp.example"


def triage(ansible: Ansible, *arguments: str, **options: t.Any) -> Run:
    wishes = json.dumps({"triage_assigned_to": SAM, **options})
    return ansible.playbook("mssp.defender_xdr.triage", "-e", wishes, *arguments)


def result(run: Run) -> Json:
    facts = run.result("Set the fact triage_result")["ansible_facts"]
    return t.cast("Json", facts["triage_result"])


def shown(run: Run) -> list[str]:
    return t.cast("list[str]", run.result("Show the incidents of all tenants")["msg"])


def sent(*customers: Customer) -> list[str]:
    """The writes, without hunts."""
    return [
        line["method"]
        for customer in customers
        for line in customer.calls()
        if line["method"] != "GET" and line["path"].startswith("/v1.0/security/incidents")
    ]


def make_new(customer: Customer, count: int) -> list[str]:
    """So many incidents of high severity that nobody has; nobody has any other."""
    every = [
        one for one in customer.lab.incidents(customer.tenant_id) if one["status"] != "redirected"
    ]
    chosen = [str(one["id"]) for one in every[:count]]
    customer.lab.control(
        "POST",
        "incidents",
        tenant=customer.tenant_id,
        incidents=[
            {
                "id": one["id"],
                "severity": "high",
                "status": "active" if str(one["id"]) in chosen else "resolved",
                "assignedTo": None,
                "customTags": [],
            }
            for one in every
        ],
    )
    return chosen


@pytest.fixture
def pair(customers: Take) -> list[Customer]:
    return customers(2)


def test_new_incidents_are_claimed_tagged_and_commented_on_once(
    ansible: Ansible, pair: list[Customer]
) -> None:
    first, second = pair
    numbers = {first.host: make_new(first, 2), second.host: make_new(second, 1)}
    dry = triage(ansible, "--check").good()
    assert sent(*pair) == []
    assert shown(dry)[0] == "Plan: claim 3 new incidents in 2 of 2 tenants; nothing was sent"
    folder = ansible.cwd / "shift"
    run = triage(ansible, triage_dest=str(folder)).good()
    # each is claimed, then tagged, then commented on
    assert sorted(sent(*pair)) == ["PATCH"] * 6 + ["POST"] * 3
    done = result(run)
    assert {(row["host"], row["id"]) for row in done["incidents"]} == {
        (host, number) for host, several in numbers.items() for number in several
    }
    assert {row["state"] for row in done["incidents"]} == {"triaged"}
    for customer in pair:
        for one in customer.lab.incidents(customer.tenant_id):
            if str(one["id"]) in numbers[customer.host]:
                assert (one["status"], one["assignedTo"]) == ("inProgress", SAM)
                assert "triaged" in one["customTags"]
                texts = [comment["comment"] for comment in one["comments"]]
                assert sum(text.startswith("Evidence: ") for text in texts) == 1
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()} == {
        "triage.json": 0o600,
        "triage.md": 0o600,
    }
    assert json.loads((folder / "triage.json").read_text())["incidents"] == done["incidents"]
    again = triage(ansible).good()
    assert shown(again)[0] == "Nothing new in 2 tenants"
    assert len(sent(*pair)) == 9


def test_more_incidents_than_allowed_are_refused_before_anything_is_sent(
    ansible: Ansible, pair: list[Customer]
) -> None:
    for customer in pair:
        make_new(customer, 2)
    for arguments in ((), ("--check",)):
        run = triage(ansible, *arguments, triage_max_changes=3)
        assert run.code == 2
        assert (
            "4 incidents in 2 tenants would be changed, but triage_max_changes is 3" in run.output
        )
    assert sent(*pair) == []
    assert shown(triage(ansible, "--check", triage_max_changes=2, triage_limit=1).good())[0] == (
        "Plan: claim 2 new incidents in 2 of 2 tenants; nothing was sent"
    )


def test_a_hunt_that_nobody_answers_does_not_fail_the_triage_and_is_not_0(
    ansible: Ansible, customer: Customer
) -> None:
    make_new(customer, 1)
    customer.fault(path="/v1.0/security/runHuntingQuery", status=400, times=99)
    run = triage(ansible, defender_xdr_fail_when="any").good()
    (row,) = result(run)["incidents"]
    assert (row["state"], row["total_hits"]) == ("triaged", None)
    assert "not known (" in row["comment"]
    assert result(run)["tenants"] == {customer.host: "partial"}


def test_a_claim_that_somebody_else_wins_is_left_to_them(
    ansible: Ansible, customer: Customer
) -> None:
    mine, theirs = make_new(customer, 2)
    # the list still shows it as new
    customer.lab.control(
        "POST",
        "incidents",
        tenant=customer.tenant_id,
        incidents=[{"id": theirs, "assignedTo": "kim@mssp.example"}],
    )
    customer.fault(path="/v1.0/security/incidents?", ignore=["$filter"], times=1)
    run = triage(ansible).good()
    states = {row["id"]: row["state"] for row in result(run)["incidents"]}
    assert states[mine] == "triaged"
    assert states.get(theirs, "taken") == "taken"


def test_sick_tenants_are_named_and_judged_as_fail_when_says(lab: Lab, ansible: Ansible) -> None:
    ansible.inventory = lab.inventory
    hosts = [lab.of("not_consented"), lab.of("secret_expired"), lab.of("healthy")]
    wish = {"defender_xdr_hosts": ",".join(hosts)}
    run = triage(ansible, "--check", **wish, defender_xdr_fail_when="any")
    assert run.code == 2
    assert "2 of 3 tenants could not be triaged" in run.output
    lines = shown(run)
    assert lines[-1] == "asked 3, complete 1, partial 0, unread 2"
    assert any(line.split()[:2] == [hosts[0], "not_consented"] for line in lines)
    triage(ansible, "--check", **wish).good()


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"triage_assigned_to": " "}, "triage_assigned_to is empty"),
        ({"triage_timespan": "yesterday"}, "triage_timespan is yesterday"),
        ({"triage_limit": -1}, "triage_limit is -1"),
        ({"fail_when": "sometimes"}, "set it to all, any, never or a share"),
    ],
)
def test_wrong_variables_are_refused_before_any_request(
    options: Json, text: str, ansible: Ansible, customer: Customer
) -> None:
    run = triage(ansible, **options)
    assert run.code != 0
    assert text in " ".join(run.output.split())
    assert customer.calls() == []
