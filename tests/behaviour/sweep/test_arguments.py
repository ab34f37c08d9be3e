# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each tenant gets the options and arguments that a task of its own would get."""

from __future__ import annotations

import typing as t

from ansible_collections.mssp.defender_xdr.tests.behaviour.lab import Json
from ansible_collections.mssp.defender_xdr.tests.behaviour.runs import Run
from ansible_collections.mssp.defender_xdr.tests.behaviour.sweep.conftest import Fleet, sweep

Tenants = t.Callable[[int], Fleet]


def both(name: str, arguments: t.Any, **keywords: t.Any) -> list[Json]:
    """The same for each host by a task of its own, and swept."""
    return [
        {"name": f"{name} by host", "mssp.defender_xdr.incident_info": arguments, **keywords},
        sweep(f"{name} swept", module_args=arguments, task=keywords),
    ]


def core(result: Json) -> Json:
    return {
        name: value
        for name, value in result.items()
        if not name.startswith("_")
        and name not in ("warnings", "failed", "invocation", "deprecations")
    }


def assert_same(run: Run, name: str, hosts: list[str]) -> dict[str, Json]:
    own, swept = run.results(f"{name} by host"), run.result(f"{name} swept")
    assert swept["answered"] == hosts, swept
    assert {host: core(result) for host, result in swept["results"].items()} == {
        host: core(own[host]) for host in hosts
    }, name
    return t.cast("dict[str, Json]", swept["results"])


def test_variables_of_every_place_are_those_of_the_tenants_own_task(tenants: Tenants) -> None:
    fleet = tenants(3)
    first, second, third = fleet.hosts
    fleet.inventory(
        {
            first: {"wanted": 1, "kinds": ["low"]},
            second: {"wanted": 2},
            third: {"defender_xdr_api": "xdr", "defender_xdr_tenant_name": "Third"},
        },
        wanted=3,
        kinds=["medium", "high"],
    )
    tasks: list[Json] = [
        {"name": "fact", "ansible.builtin.set_fact": {"made": "{{ wanted + 1 }}"}},
        {"name": "registered", "ansible.builtin.debug": {"msg": "{{ kinds }}"}, "register": "said"},
        *both("hostvars", {"limit": "{{ wanted }}", "severity": "{{ kinds }}"}),
        *both("facts", {"limit": "{{ made | int }}", "severity": "{{ said.msg }}"}),
        *both(
            "task",
            {"limit": "{{ most }}", "fields": ["{{ field }}"]},
            vars={
                "most": "{{ wanted * 2 }}",
                "field": "{{ inventory_hostname == other and 'status' or 'severity' }}",
            },
        ),
        *both(
            "others",
            {
                "limit": (
                    "{{ hostvars[groups.tenants[0]].wanted + hostvars[inventory_hostname].wanted }}"
                )
            },
        ),
        *both(
            "left out",
            {"limit": "{{ wanted }}", "severity": "{{ kinds if wanted == 1 else omit }}"},
        ),
        *both(
            "options",
            {"limit": 1},
            vars={
                "defender_xdr_tenant_name": "renamed {{ inventory_hostname }}",
                "defender_xdr_api": "graph",
            },
        ),
        {
            "name": "blocks",
            "vars": {"deep": "{{ wanted }}"},
            "block": both("block", {"limit": "{{ deep }}"}),
        },
    ]
    run = fleet.play(*tasks, vars={"other": second}).good()
    found = assert_same(run, "hostvars", fleet.hosts)
    assert all(
        found[host]["count"] <= most for host, most in zip(fleet.hosts, (1, 2, 3), strict=True)
    )
    assert (
        found[third]["api"],
        found[third]["tenant"]["name"],
        found[first]["tenant"]["name"],
    ) == ("xdr", "Third", first)
    assert {one["severity"] for one in found[first]["incidents"]} <= {"low"}
    for name in ("facts", "task", "others", "left out", "block"):
        assert_same(run, name, fleet.hosts)
    assert [one["tenant"]["name"] for one in assert_same(run, "options", fleet.hosts).values()] == [
        f"renamed {host}" for host in fleet.hosts
    ]


def test_extra_variables_and_the_environment_reach_every_tenant(tenants: Tenants) -> None:
    fleet = tenants(2)
    tasks = both("extra", {"limit": "{{ most }}"})
    run = fleet.play(*tasks, arguments=["-e", "most=1"], env={"DEFENDER_XDR_API": "xdr"}).good()
    assert [
        (one["count"], one["api"]) for one in assert_same(run, "extra", fleet.hosts).values()
    ] == [(1, "xdr")] * 2


def test_a_sweep_in_a_loop_knows_its_item(tenants: Tenants) -> None:
    fleet = tenants(2)
    task = sweep(
        module_args={"severity": "{{ kind }}", "fields": ["severity"]},
        task={"loop": ["low", "medium"], "loop_control": {"loop_var": "kind"}},
    )
    found = fleet.play(task).good().result("sweep")["results"]
    assert [one["coverage"]["answered"] for one in found] == [2, 2]
    for kind, one in zip(("low", "medium"), found, strict=True):
        assert {
            incident["severity"]
            for result in one["results"].values()
            for incident in result["incidents"]
        } <= {kind}


def test_all_arguments_may_be_one_template(tenants: Tenants) -> None:
    fleet = tenants(2)
    fleet.inventory(
        {
            host: {"mine": {"limit": number, "fields": ["status"]}}
            for number, host in enumerate(fleet.hosts, 1)
        }
    )
    told = fleet.play(sweep(module_args="{{ mine }}")).good().result("sweep")
    assert [told["results"][host]["count"] for host in fleet.hosts] == [1, 2]


def test_one_tenants_undefined_variable_is_its_failure_alone(tenants: Tenants) -> None:
    fleet = tenants(3)
    first, second, third = fleet.hosts
    fleet.inventory(
        {
            first: {"wanted": 1},
            third: {"wanted": 2, "defender_xdr_client_secret": "{{ not_there }}"},
        }
    )
    told = fleet.play(sweep(module_args={"limit": "{{ wanted }}"})).good().result("sweep")
    assert told["answered"] == [first]
    assert [told["failures"][host]["category"] for host in (second, third)] == [
        "bad_request",
        "bad_request",
    ]
    assert (
        "wanted" in told["failures"][second]["msg"],
        "not_there" in told["failures"][third]["msg"],
    ) == (True, True)
    assert fleet.customers[second].calls() == fleet.customers[third].calls() == []


def test_a_wrong_argument_of_one_tenant_is_its_failure_alone(tenants: Tenants) -> None:
    fleet = tenants(2)
    fleet.inventory({fleet.hosts[0]: {"kind": "awful"}}, kind="high")
    told = fleet.play(sweep(module_args={"severity": "{{ kind }}"})).good().result("sweep")
    assert told["answered"] == [fleet.hosts[1]]
    assert "awful" in told["failures"][fleet.hosts[0]]["msg"]
    assert told["failures"][fleet.hosts[0]]["category"] == "bad_request"


def test_the_swept_module_has_its_own_defaults_by_name_and_by_group(tenants: Tenants) -> None:
    fleet = tenants(2)
    defaults = {
        "mssp.defender_xdr.incident_info": {"limit": "{{ most }}", "fields": ["status"]},
        "group/mssp.defender_xdr.tenant": {
            "api": "xdr",
            "tenant_name": "by default {{ inventory_hostname }}",
        },
    }
    fleet.inventory({fleet.hosts[0]: {"most": 1}}, most=2)
    run = fleet.play(
        *both("default", {}), *both("given", {"limit": 3}), module_defaults=defaults
    ).good()
    found = assert_same(run, "default", fleet.hosts)
    assert [(one["count"], one["api"], one["tenant"]["name"]) for one in found.values()] == [
        (number, "xdr", f"by default {host}") for number, host in enumerate(fleet.hosts, 1)
    ]
    assert all(
        set(incident) == {"id", "status"} for one in found.values() for incident in one["incidents"]
    )
    assert [one["count"] for one in assert_same(run, "given", fleet.hosts).values()] == [3, 3]


def test_check_mode_reads_as_a_task_of_its_own(tenants: Tenants) -> None:
    fleet = tenants(2)
    hunt = {"query": "DeviceInfo | take 1", "on_truncated": "warn"}
    tasks = [
        sweep("incidents"),
        {"name": "own hunt", "mssp.defender_xdr.hunting_query": hunt},
        sweep("hunt", module="hunting_query", module_args=hunt),
    ]
    run = fleet.play(*tasks, arguments=["--check"]).good()
    assert run.result("incidents")["coverage"]["answered"] == 2
    paths = {
        one["path"] for customer in fleet.customers.values() for one in customer.calls("graph")
    }
    assert paths == {"/v1.0/security/incidents", "/v1.0/security/runHuntingQuery"}
    own, swept = run.results("own hunt"), run.result("hunt")["results"]
    assert {host: core(one) for host, one in swept.items()} == {
        host: core(one) for host, one in own.items()
    }


def test_a_sweep_that_is_delegated_serves_the_same_tenants(tenants: Tenants) -> None:
    fleet = tenants(2)
    told = fleet.play(sweep(task={"delegate_to": "localhost"})).good().result("sweep")
    assert {host: one["tenant"]["id"] for host, one in told["results"].items()} == {
        host: one.tenant_id for host, one in fleet.customers.items()
    }


def test_fields_are_kept_of_each_row(tenants: Tenants) -> None:
    fleet = tenants(1)
    told = (
        fleet.play(sweep(module_args={"limit": 2}, fields=["id", "severity"]))
        .good()
        .result("sweep")
    )
    assert [set(row) for row in told["results"][fleet.hosts[0]]["incidents"]] == [
        {"id", "severity"}
    ] * 2
