# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whose data a task brings: of the tenant it is delegated to, and of the play's host where it is
delegated to any other machine."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.mssp.defender_xdr.tests.behaviour.lab import Customer, Lab
from ansible_collections.mssp.defender_xdr.tests.behaviour.runs import Ansible, Bastion, Run

Json = dict[str, t.Any]
LIST: t.Final = "mssp.defender_xdr.incident_info"
ELSEWHERE: t.Final = "machine.of.no.inventory.example"


class Pair:
    """Two tenants in one inventory, each with a secret that is looked up by its own name."""

    def __init__(
        self, ansible: Ansible, fabrikam: Customer, contoso: Customer, variables: Json
    ) -> None:
        self.ansible = ansible
        self.fabrikam = fabrikam
        self.contoso = contoso
        self.secrets = {
            one.host: variables["defender_xdr_client_secret"] for one in (fabrikam, contoso)
        }
        self.variables = {
            **variables,
            "secrets": self.secrets,
            "defender_xdr_client_secret": "{{ secrets[inventory_hostname] }}",
        }

    def inventory(self, *, apart: Json | None = None, **own: Json) -> None:
        """`own` has more variables of `fabrikam` and `contoso`; `apart` are hosts that are no
        tenants."""
        hosts = {
            one.host: one.variables(**own.get(name, {}))
            for name, one in {"fabrikam": self.fabrikam, "contoso": self.contoso}.items()
        }
        self.ansible.write_inventory({**hosts, **(apart or {})}, self.variables)

    def run(self, hosts: str, *tasks: Json, **keywords: t.Any) -> Run:
        return self.ansible.playbook([{"hosts": hosts, **keywords, "tasks": list(tasks)}])


@pytest.fixture
def pair(
    ansible: Ansible, customers: t.Callable[[int], list[Customer]], connected: Json, fleet: Lab
) -> Pair:
    variables = {**connected, "defender_xdr_client_secret": fleet.facts["client_secret"]}
    fabrikam, contoso = customers(2)
    made = Pair(ansible, fabrikam, contoso, variables)
    made.inventory()
    return made


def task(name: str = "list", arguments: Json | None = None, **keywords: t.Any) -> Json:
    return {"name": name, LIST: {"limit": 1, **(arguments or {})}, **keywords}


def is_of(result: Json, customer: Customer) -> bool:
    return bool(
        result["tenant"] == {"id": customer.tenant_id, "name": customer.host, "cloud": "public"}
    )


def test_a_task_delegated_to_a_tenant_asks_that_tenant(pair: Pair) -> None:
    # the play's host has options of its own that must not count
    pair.inventory(
        fabrikam={
            "defender_xdr_client_secret": "wrong",
            "defender_xdr_api": "xdr",
            "defender_xdr_tenant_name": "F",
        }
    )
    run = pair.run(pair.fabrikam.host, task(delegate_to=pair.contoso.host)).good()
    assert f"[{pair.fabrikam.host} -> {pair.contoso.host}]" in run.output
    assert is_of(run.result("list"), pair.contoso)
    assert run.result("list")["api"] == "graph"
    assert pair.contoso.calls("graph")
    assert not pair.fabrikam.calls()


def test_it_asks_that_tenant_from_localhost_and_in_a_loop(pair: Pair) -> None:
    both = [pair.contoso.host, pair.fabrikam.host]
    loop: Json = {"delegate_to": "{{ item }}", "loop": both}
    tasks = [task("one", delegate_to=pair.contoso.host), task("each", **loop)]
    run = pair.run("localhost", *tasks).good()
    assert is_of(run.result("one"), pair.contoso)
    each = run.result("each")["results"]
    assert [result["item"] for result in each] == both
    assert is_of(each[0], pair.contoso)
    assert is_of(each[1], pair.fabrikam)


def test_a_loop_goes_from_tenant_to_tenant_and_machine(pair: Pair, bastion: Bastion) -> None:
    pair.inventory(apart={"bastion": bastion.variables})
    wanted = [pair.contoso.host, "localhost", "bastion", pair.fabrikam.host]
    run = pair.run(pair.fabrikam.host, task(delegate_to="{{ item }}", loop=wanted)).good()
    results = run.result("list")["results"]
    assert is_of(results[0], pair.contoso)
    assert all(is_of(result, pair.fabrikam) for result in results[1:])
    assert len(bastion.started) == 1


def test_the_play_hosts_tenant_never_stands_under_another_tenants_name(pair: Pair) -> None:
    arguments = {"tenant_id": "{{ defender_xdr_tenant_id }}"}
    run = pair.run(pair.fabrikam.host, task(arguments=arguments, delegate_to=pair.contoso.host))
    found = run.result("list")
    assert found["error"]["category"] == "bad_request"
    for word in (pair.fabrikam.tenant_id, pair.contoso.tenant_id, pair.contoso.host, "delegate_to"):
        assert word in found["msg"]
    assert not pair.fabrikam.calls() + pair.contoso.calls()


def test_variables_of_a_play_name_the_tenant_of_the_machine_too(pair: Pair) -> None:
    ids = {one.host: one.tenant_id for one in (pair.fabrikam, pair.contoso)}
    hosts: Json = {one: {"ansible_connection": "local"} for one in ids}
    pair.ansible.write_inventory(hosts, pair.variables)
    variables = {"ids": ids, "defender_xdr_tenant_id": "{{ ids[inventory_hostname] }}"}
    tasks = [task(delegate_to=pair.contoso.host), task("here", delegate_to="localhost")]
    run = pair.run(pair.fabrikam.host, *tasks, vars=variables).good()
    assert run.result("list")["tenant"]["id"] == pair.contoso.tenant_id
    assert run.result("here")["tenant"]["id"] == pair.fabrikam.tenant_id


def test_a_tenant_that_the_play_itself_names_is_asked_from_the_machine(
    pair: Pair, bastion: Bastion, fleet: Lab
) -> None:
    pair.inventory(apart={"bastion": bastion.variables})
    variables = {
        **{
            name: value
            for name, value in pair.variables.items()
            if name.startswith("defender_xdr_")
        },
        "defender_xdr_client_secret": fleet.facts["client_secret"],
        "defender_xdr_tenant_id": pair.contoso.tenant_id,
    }
    run = pair.run("localhost", task(delegate_to="bastion"), vars=variables).good()
    assert run.result("list")["tenant"]["id"] == pair.contoso.tenant_id
    assert len(bastion.started) == 1


def test_a_machine_outside_the_inventory_serves_the_plays_host(
    pair: Pair, bastion: Bastion
) -> None:
    remote = task("remote", delegate_to=ELSEWHERE, vars=bastion.variables)
    local = task("local", delegate_to=ELSEWHERE, vars={"ansible_connection": "local"})
    run = pair.run(pair.fabrikam.host, remote, local).good()
    assert is_of(run.result("remote"), pair.fabrikam)
    assert is_of(run.result("local"), pair.fabrikam)
    assert len(bastion.started) == 1


def test_the_name_of_another_tenant_is_not_the_hosts(pair: Pair) -> None:
    pair.inventory(fabrikam={"defender_xdr_tenant_name": "Fabrikam plc"})
    other = {"tenant_id": pair.contoso.tenant_id}
    swept = {"module": "incident_info", "module_args": {"limit": 1, **other}}
    tasks = [
        task("other", other),
        task("named", {**other, "tenant_name": "Contoso"}),
        task("same", {"tenant_id": pair.fabrikam.tenant_id.upper()}),
        {"name": "swept", "mssp.defender_xdr.sweep": swept},
    ]
    run = pair.run(pair.fabrikam.host, *tasks).good()
    names = [run.result(name)["tenant"]["name"] for name in ("other", "named", "same")]
    assert names == [pair.contoso.tenant_id, "Contoso", "Fabrikam plc"]
    result = run.result("swept")["results"][pair.fabrikam.host]
    assert result["tenant"] == {
        "id": pair.contoso.tenant_id,
        "name": pair.contoso.tenant_id,
        "cloud": "public",
    }
