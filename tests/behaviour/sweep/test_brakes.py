# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A sweep that a safeguard refuses sends nothing at all."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.mssp.defender_xdr.tests.behaviour.lab import Json
from ansible_collections.mssp.defender_xdr.tests.behaviour.sweep.conftest import Fleet, sweep

Tenants = t.Callable[[int], Fleet]
CONSENT: t.Final = "mssp.defender_xdr.consent"
RIGHTS: t.Final = ("AppRoleAssignment.ReadWrite.All", "Application.ReadWrite.All")
LEAVE: t.Final = {"state": "absent"}


def leave(name: str, **options: t.Any) -> Json:
    return sweep(name, **{"module": "consent", "module_args": LEAVE, **options})


def quiet(task: Json) -> Json:
    return {**task, "ignore_errors": True}


@pytest.mark.parametrize("arguments", [[], ["--check"]])
def test_a_removal_without_a_limit_sends_nothing_wherever_its_state_comes_from(
    arguments: list[str], tenants: Tenants
) -> None:
    fleet = tenants(3)
    first, *others = fleet.hosts
    fleet.inventory({host: {"wanted": "absent"} for host in others}, wanted="present")
    roles = {"required_for": ["incident_info"]}
    group = "group/mssp.defender_xdr.tenant"
    tasks = {
        "plain": leave("plain"),
        "by its full name": leave("by its full name", module=CONSENT),
        "by default": leave(
            "by default", module_args={}, task={"module_defaults": {CONSENT: LEAVE}}
        ),
        "by group": leave("by group", module_args={}, task={"module_defaults": {group: LEAVE}}),
        "by template": leave("by template", module_args={**roles, "state": "{{ wanted }}"}),
        "one template": leave("one template", module_args="{{ {'state': 'absent'} }}"),
        "one host": leave("one host", hosts=[first]),
        "too many": leave("too many", max_changes=2),
        "none": leave("none", max_changes=0),
    }
    run = fleet.play(*map(quiet, tasks.values()), arguments=arguments).good()
    counts = {"by template": "2 tenants", "one host": "1 tenant"}
    for name in tasks:
        assert run.times(name, "failed") == 1, name
        result = run.result(name)
        assert (result["error"]["category"], result["error"]["who"]) == ("refused", "caller"), name
        assert f"state is absent for {counts.get(name, '3 tenants')} (" in result["msg"], name
        assert "set max_changes to" in result["msg"], name
    assert "max_changes is 2; set max_changes to 3" in run.result("too many")["msg"]
    assert fleet.calls() == 0


def test_a_removal_within_its_limit_leaves_the_tenants(tenants: Tenants) -> None:
    fleet = tenants(3)
    staying, *leaving = fleet.hosts
    for one in fleet.customers.values():
        one.consent(roles={"graph": list(RIGHTS)})
    tasks = [
        leave("preview", hosts=leaving, max_changes=2, task={"check_mode": True}),
        leave("leave", hosts=leaving, max_changes=2),
    ]
    run = fleet.play(*tasks).good()
    assert [run.result(name)["changed"] for name in ("preview", "leave")] == [True, True]
    assert run.result("leave")["coverage"] == {"asked": 2, "answered": 2, "failed": 0}
    assert {host: one.consent()["consented"] for host, one in fleet.customers.items()} == {
        staying: True,
        **dict.fromkeys(leaving, False),
    }


@pytest.mark.parametrize("module", ["application", "mssp.defender_xdr.application_credential"])
def test_a_module_of_the_provider_is_not_sent_to_customers(module: str, tenants: Tenants) -> None:
    fleet = tenants(2)
    args = {"application": {"display_name": "Ours"}}.get(
        module, {"app_id": "11111111-1111-1111-1111-111111111111", "type": "secret", "name": "x"}
    )
    tasks = [
        sweep("refused", module=module, module_args=args),
        sweep("denied", module=module, module_args=args, provider_tenants=False),
        sweep("checked", module=module, module_args=args, task={"check_mode": True}),
    ]
    run = fleet.play(*map(quiet, tasks)).good()
    for name in ("refused", "denied", "checked"):
        assert run.result(name)["error"]["category"] == "refused"
        assert "provider_tenants: true" in run.result(name)["msg"]
    assert fleet.calls() == 0
