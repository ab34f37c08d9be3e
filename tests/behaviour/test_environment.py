# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The task keyword `environment` counts in Ansible's own process as it does in a module's."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.mssp.defender_xdr.tests.behaviour.lab import Customer, Lab
from ansible_collections.mssp.defender_xdr.tests.behaviour.runs import Ansible, Bastion

Json = dict[str, t.Any]
NO_PROXY_THERE: t.Final = "http://127.0.0.1:1"
SHORT: t.Final = {"retries": 0, "limit": 1}


def listing(name: str, environment: Json, **keywords: t.Any) -> Json:
    task = {"name": name, "mssp.defender_xdr.incident_info": SHORT, "ignore_errors": True}
    return {**task, "environment": environment, **keywords}


@pytest.mark.parametrize("machine", ["", "bastion"])
def test_the_environment_of_a_task_counts(
    machine: str,
    ansible: Ansible,
    customer: Customer,
    connected: Json,
    bastion: Bastion,
    fleet: Lab,
) -> None:
    del connected["defender_xdr_client_id"]
    ansible.write_inventory(
        {customer.host: customer.variables(), "bastion": bastion.variables},
        {**connected, "how": "xdr"},
    )
    options = {
        "DEFENDER_XDR_CLIENT_ID": fleet.facts["client_id"],
        "DEFENDER_XDR_CLIENT_SECRET": fleet.facts["client_secret"],
    }
    where: Json = {"delegate_to": machine} if machine else {}
    proxies = [
        {"https_proxy": NO_PROXY_THERE},
        {"https_proxy": ""},
        {"https_proxy": NO_PROXY_THERE},
    ]
    tasks = [
        listing("without", {}, **where),
        listing("options", {**options, "DEFENDER_XDR_API": "{{ how }}"}, **where),
        listing(
            "loop", {**options, "https_proxy": "{{ item.https_proxy }}"}, loop=proxies, **where
        ),
        listing("after", options, **where),
    ]
    run = ansible.playbook([{"hosts": customer.host, "tasks": tasks}], env={"NO_PROXY": ""}).good()
    assert "client_id is not set" in run.result("without")["msg"]
    assert run.result("options")["api"] == "xdr"
    proxied, direct, again = run.result("loop")["results"]
    assert "proxy" in proxied["msg"]
    assert "proxy" in again["msg"]
    assert proxied["error"]["category"] == again["error"]["category"] == "network"
    assert direct["api"] == run.result("after")["api"] == "graph"
    assert len(bastion.started) == (6 if machine else 0)


def test_it_counts_for_a_play_and_a_sweep(
    ansible: Ansible, customers: t.Callable[[int], list[Customer]], connected: Json, fleet: Lab
) -> None:
    two = customers(2)
    connected["defender_xdr_client_secret"] = fleet.facts["client_secret"]
    ansible.write_inventory({one.host: one.variables() for one in two}, connected)
    given = {"module": "incident_info", "module_args": SHORT}
    task = {"mssp.defender_xdr.sweep": given, "run_once": True}
    tasks = [
        {**task, "name": "play"},
        {
            **task,
            "name": "task",
            "environment": {"HTTPS_PROXY": NO_PROXY_THERE},
            "ignore_errors": True,
        },
    ]
    play: Json = {"hosts": "tenants", "environment": {"DEFENDER_XDR_API": "xdr"}, "tasks": tasks}
    run = ansible.playbook([play]).good()
    apis = {result["api"] for result in run.result("play")["results"].values()}
    assert apis == {"xdr"}
    failures = run.result("task")["failures"].values()
    assert [failure["category"] for failure in failures] == ["network"] * 2
    assert all("proxy" in failure["msg"] for failure in failures)
