# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Consent in customer tenants of the lab: by API, by an administrator's click, its removal, and the
lab's journal as the witness."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.mssp.defender_xdr.tests.behaviour.lab import Customer
from ansible_collections.mssp.defender_xdr.tests.behaviour.runs import Ansible

Json = dict[str, t.Any]
RIGHTS: t.Final = ["AppRoleAssignment.ReadWrite.All", "Application.ReadWrite.All"]
READ, HUNT = "SecurityIncident.Read.All", "ThreatHunting.Read.All"


def task(name: str, module: str, **arguments: t.Any) -> Json:
    return {"name": name, f"mssp.defender_xdr.{module}": arguments}


def writes(customer: Customer) -> list[tuple[str, int]]:
    return [
        (line["method"], line["status"])
        for line in customer.calls("graph")
        if line["method"] != "GET"
    ]


def test_roles_are_granted_by_api_once_and_purged_on_request(
    ansible: Ansible, customer: Customer
) -> None:
    customer.consent(
        roles={
            "graph": [*RIGHTS, "SecurityAlert.Read.All"],
            "xdr": ["Incident.Read.All"],
            "endpoint": [],
        }
    )
    wish: Json = {
        "required_for": ["incident_info", "hunting_query"],
        "api_permissions": [{"api": "endpoint", "roles": ["Machine.Read.All"]}],
        "method": "api",
    }
    keep = [{"api": "graph", "roles": RIGHTS}, *wish["api_permissions"]]
    tasks = [
        task("look", "consent_info", required_for=["incident_info"]),
        task("would", "consent", **wish) | {"check_mode": True},
        task("grant", "consent", **wish, wait=True, wait_interval=1),
        task("again", "consent", **wish, wait=True, wait_interval=1),
        task("purge", "consent", **{**wish, "api_permissions": keep}, purge=True),
        task("purged", "consent", **{**wish, "api_permissions": keep}, purge=True),
        task("list", "incident_info", limit=1),
    ]
    run = ansible.playbook([{"hosts": customer.host, "tasks": tasks}], "--diff").good()
    assert (run.result("look")["status"], run.result("look")["source"]) == (
        "partial",
        "service_principals",
    )
    assert [
        run.result(name)["changed"] for name in ("would", "grant", "again", "purge", "purged")
    ] == [True, True, False, True, False]
    assert run.result("grant")["diff"]["after"]["roles"]["WindowsDefenderATP"] == [
        "Machine.Read.All"
    ]
    assert run.result("grant")["superfluous"] == {
        "graph": [
            "AppRoleAssignment.ReadWrite.All",
            "Application.ReadWrite.All",
            "SecurityAlert.Read.All",
        ],
        "xdr": ["Incident.Read.All"],
    }
    assert (run.result("purged")["status"], run.result("purged")["missing"]) == ("complete", {})
    # three grants, two revocations, and nothing from the runs that changed nothing
    assert writes(customer) == [("POST", 201)] * 3 + [("DELETE", 204)] * 2


def test_a_directory_that_lags_behind_and_a_lost_answer_grant_each_role_once(
    ansible: Ansible, customer: Customer
) -> None:
    customer.consent(roles={"graph": RIGHTS, "xdr": [], "endpoint": []})
    customer.lab.control("POST", "consistency", tenant=customer.tenant_id, reads=2)
    customer.fault(
        origin="graph", path="/v1.0/servicePrincipals/", skip=2, reset=True, after=True, times=1
    )  # after two looks, the first grant
    grant = task(
        "grant",
        "consent",
        required_for=["incident_info", "hunting_query"],
        method="api",
        wait=True,
        wait_interval=1,
    )
    run = ansible.playbook([{"hosts": customer.host, "tasks": [grant]}]).good()
    assert run.result("grant")["changed"]
    row = next(
        one
        for one in customer.lab.control("GET", "tenants")["value"]
        if one["id"] == customer.tenant_id
    )
    assert sorted(row["roles"]["graph"]) == sorted([*RIGHTS, READ, HUNT])
    # the lost one was asked for once more, because the list did not show it yet, and was refused as
    # existing
    assert sorted(status for unused, status in writes(customer)) == [0, 201, 400]


def test_the_link_is_handed_out_and_the_click_waited_for(
    ansible: Ansible, customer: Customer
) -> None:
    customer.consent(consented=False)
    wish = {"required_for": ["incident_info", "hunting_query"]}
    first = ansible.playbook(
        [{"hosts": customer.host, "tasks": [task("ask", "consent", **wish, link_state="ticket 1")]}]
    ).good()
    asked = first.result("ask")
    assert (asked["changed"], asked["status"], asked["missing"]) == (
        False,
        "not_consented",
        {"graph": [READ, HUNT]},
    )
    customer.lab.control(
        "POST", "administrator", tenant=customer.tenant_id, link=asked["consent_url"], after=2
    )
    wait = task("wait", "consent", **wish, wait=True, wait_timeout=60, wait_interval=1)
    run = ansible.playbook(
        [
            {
                "hosts": customer.host,
                "tasks": [wait, {**wait, "name": "again"}, task("list", "incident_info", limit=1)],
            }
        ]
    ).good()
    assert (run.result("wait")["changed"], run.result("again")["changed"]) == (True, False)
    assert run.result("wait")["status"] in ("complete", "superfluous")
    assert writes(customer) == []


def test_nobody_clicks_and_the_failure_has_the_link(ansible: Ansible, customer: Customer) -> None:
    customer.consent(consented=False)
    run = ansible.playbook(
        [
            {
                "hosts": customer.host,
                "tasks": [
                    task(
                        "wait",
                        "consent",
                        required_for=["incident_info"],
                        wait=True,
                        wait_timeout=1,
                        wait_interval=1,
                    )
                ],
            }
        ]
    )
    assert run.code != 0
    found = run.result("wait")
    assert (found["error"]["category"], found["error"]["who"], found["missing_roles"]) == (
        "not_consented",
        "customer",
        [READ],
    )
    assert f"{customer.tenant_id}/adminconsent?client_id=" in found["error"]["advice"]


@pytest.mark.parametrize("by_api", [True, False])
def test_a_tenant_is_left_with_nothing_here_or_there(
    by_api: bool, ansible: Ansible, customer: Customer
) -> None:
    if by_api:
        customer.consent(roles={"graph": [*RIGHTS, READ]})
    tasks = [
        task("list", "incident_info", limit=1),
        task("remove", "consent", state="absent", wait=True, wait_interval=1, wait_timeout=30),
        task("again", "consent", state="absent", wait=True, wait_interval=1),
    ]
    if not by_api:
        run = ansible.playbook(
            [{"hosts": customer.host, "tasks": [tasks[0], task("tell", "consent", state="absent")]}]
        ).good()
        assert (run.result("tell")["changed"], run.result("tell")["status"]) == (
            True,
            "superfluous",
        )  # tokens were dropped
        assert customer.lab.facts["client_id"] in run.result("tell")["advice"]
        customer.consent(consented=False)
        tasks[0]["ignore_errors"] = True
    run = ansible.playbook([{"hosts": customer.host, "tasks": tasks}]).good()
    assert run.result("remove")["status"] == "not_consented"
    assert (run.result("remove")["changed"], run.result("again")["changed"]) == (by_api, False)
    assert list(ansible.tokens.glob(f"{customer.tenant_id}-*")) == []
    row = next(
        one
        for one in customer.lab.control("GET", "tenants")["value"]
        if one["id"] == customer.tenant_id
    )
    assert not row["consented"]
