# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Incidents and alerts changed by a play: what is sent, what a second run sends, and what becomes
of lost responses."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.mssp.defender_xdr.tests.behaviour.lab import Customer
from ansible_collections.mssp.defender_xdr.tests.behaviour.runs import Ansible, Run

Json = dict[str, t.Any]
APIS: t.Final = pytest.mark.parametrize("api", ["graph", "xdr"])
PATHS: t.Final = {"graph": "/v1.0/security/incidents", "xdr": "/api/incidents"}
VERDICT: t.Final = {
    "status": "resolved",
    "assigned_to": "sam@mssp.example",
    "classification": "false_positive",
    "determination": "not_enough_data_to_validate",
    "custom_tags": ["night-shift", "b"],
    "comment": "Checked with the customer's administrator.",
}


def play(ansible: Ansible, customer: Customer, *tasks: Json, check: bool = False) -> Run:
    named = [{"name": f"task {number}", **task} for number, task in enumerate(tasks, 1)]
    return ansible.playbook(
        [{"hosts": customer.host, "tasks": named}], *(["--check", "--diff"] if check else [])
    )


def incident(number: str, **options: t.Any) -> Json:
    return {"mssp.defender_xdr.incident": {"id": number, **options}}


def open_incident(customer: Customer) -> str:
    """An incident of high severity that nobody has, and that was not merged into another."""
    number = next(
        str(one["id"])
        for one in customer.lab.incidents(customer.tenant_id)
        if one["status"] != "redirected"
    )
    change(customer, id=number, status="active", assignedTo=None, customTags=["a"], comments=[])
    change(customer, id=number, severity="high", classification="unknown", determination="unknown")
    return number


def change(customer: Customer, **members: t.Any) -> None:
    customer.lab.control("POST", "incidents", tenant=customer.tenant_id, incidents=[members])


def sent(customer: Customer, since: int) -> list[str]:
    """The writes that the lab received from this tenant after that line of its journal."""
    return [
        f"{line['method']} {line['path']}"
        for line in customer.lab.journal(since)
        if line["tenant"] == customer.tenant_id
        and line["origin"] != "login"
        and line["method"] != "GET"
    ]


@APIS
def test_an_incident_is_changed_once_as_check_mode_said(
    ansible: Ansible, customer: Customer, api: str
) -> None:
    number = open_incident(customer)
    task = incident(number, api=api, **VERDICT)
    since = customer.lab.now()
    predicted = play(ansible, customer, task, check=True).good().result("task 1")
    assert sent(customer, since) == []
    run = play(ansible, customer, task, task).good()
    writes = {"graph": [f"PATCH {PATHS[api]}/{number}", f"POST {PATHS[api]}/{number}/comments"]}
    assert sent(customer, since) == writes.get(api, [f"PATCH {PATHS[api]}/{number}"])
    first, second = run.result("task 1"), run.result("task 2")
    assert (predicted["changed"], first["changed"], second["changed"]) == (True, True, False)
    for name in ("before", "after", "diff"):
        assert predicted[name] == first[name]
    assert first["after"] == {**VERDICT, "custom_tags": ["a", "night-shift", "b"]}
    assert second["before"] == second["after"] == first["after"]
    assert {name: first["incident"][name] for name in ("status", "determination")} == {
        "status": "resolved",
        "determination": "not_enough_data_to_validate",
    }
    (comment,) = second["incident"]["comments"]
    assert comment["comment"] == VERDICT["comment"]


@APIS
def test_a_response_that_is_lost_after_the_write_is_looked_up(
    ansible: Ansible, customer: Customer, api: str
) -> None:
    number = open_incident(customer)
    since = customer.lab.now()
    customer.fault(method="PATCH", path=PATHS[api], after=True, reset=True)
    run = play(ansible, customer, incident(number, api=api, status="in_progress")).good()
    result = run.result("task 1")
    assert result["changed"]
    assert result["incident"]["status"] == "in_progress"
    assert len(sent(customer, since)) == 1


def test_a_write_that_was_never_done_is_not_sent_again(
    ansible: Ansible, customer: Customer
) -> None:
    number = open_incident(customer)
    since = customer.lab.now()
    customer.fault(method="PATCH", path=PATHS["graph"], status=504)
    run = play(ansible, customer, incident(number, status="in_progress"))
    error = run.result("task 1")["error"]
    assert (run.code, error["category"], error["status"]) == (2, "unavailable", 504)
    assert "had no effect; it was not sent again" in run.result("task 1")["msg"]
    assert len(sent(customer, since)) == 1


def test_a_claim_does_not_take_an_incident_from_somebody(
    ansible: Ansible, customer: Customer
) -> None:
    number = open_incident(customer)
    claim = incident(number, assigned_to="sam@mssp.example", claim=True)
    assert play(ansible, customer, claim).good().result("task 1")["changed"]
    since = customer.lab.now()
    run = play(ansible, customer, incident(number, assigned_to="kim@mssp.example", claim=True))
    assert run.result("task 1")["error"]["category"] == "conflict"
    assert "is assigned to sam@mssp.example" in run.result("task 1")["msg"]
    assert sent(customer, since) == []


def test_a_merged_incident_is_followed_or_refused(ansible: Ansible, customer: Customer) -> None:
    number = open_incident(customer)
    merged = next(
        str(one["id"])
        for one in customer.lab.incidents(customer.tenant_id)
        if str(one["id"]) != number
    )
    change(customer, id=merged, status="redirected", redirectIncidentId=number)
    since = customer.lab.now()
    run = play(ansible, customer, incident(merged, status="resolved", follow_redirects=False))
    assert run.result("task 1")["error"]["category"] == "conflict"
    assert f"was merged into incident {number}" in run.result("task 1")["msg"]
    assert sent(customer, since) == []
    run = play(ansible, customer, incident(merged, status="resolved")).good()
    assert run.result("task 1")["incident"]["id"] == number
    assert f"was merged into incident {number}, which is used instead" in run.output
    assert sent(customer, since) == [f"PATCH {PATHS['graph']}/{number}"]


def test_what_only_graph_can_change_is_refused_on_the_older_api_before_anything_is_sent(
    ansible: Ansible, customer: Customer
) -> None:
    since = customer.lab.now()
    run = play(ansible, customer, incident("1", severity="low", api="xdr"))
    assert run.result("task 1")["error"]["category"] == "unsupported"
    assert [one for one in customer.lab.journal(since) if one["tenant"] == customer.tenant_id] == []


def test_alerts_are_listed_and_changed_once(ansible: Ansible, customer: Customer) -> None:
    listing = {
        "mssp.defender_xdr.alert_info": {"limit": 2, "fields": ["status", "incident_id"]},
        "register": "found",
    }
    listed = play(ansible, customer, listing).good().result("task 1")
    assert (listed["count"], listed["truncated"], len(listed["alerts"])) == (2, True, 2)
    alert = {
        "mssp.defender_xdr.alert": {
            "id": listed["alerts"][0]["id"],
            "status": "resolved",
            "classification": "true_positive",
            "determination": "phishing",
            "assigned_to": "sam@mssp.example",
            "comment": "Removed.",
        }
    }
    since = customer.lab.now()
    predicted = play(ansible, customer, alert, check=True).good().result("task 1")
    run = play(ansible, customer, alert, alert).good()
    first, second = run.result("task 1"), run.result("task 2")
    assert predicted["diff"] == first["diff"]
    assert (first["changed"], second["changed"]) == (True, False)
    assert [one.split()[0] for one in sent(customer, since)] == ["PATCH", "POST"]
    of_incident = {
        "mssp.defender_xdr.alert_info": {"incident_id": listed["alerts"][0]["incident_id"]}
    }
    found = play(ansible, customer, of_incident).good().result("task 1")["alerts"]
    assert {one["incident_id"] for one in found} == {listed["alerts"][0]["incident_id"]}
    assert second["alert"]["status"] == "resolved"
