# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A sweep that changes something counts the changes of all tenants before it sends the first."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.mssp.defender_xdr.tests.behaviour.lab import Customer, Json
from ansible_collections.mssp.defender_xdr.tests.behaviour.sweep.conftest import Fleet, sweep

Tenants = t.Callable[[int], Fleet]


def writes(fleet: Fleet) -> list[str]:
    """The hosts of the writes that reached the lab."""
    return [
        host
        for host, customer in fleet.customers.items()
        for call in customer.calls()
        if call["origin"] != "login" and call["method"] != "GET"
    ]


def incidents(fleet: Fleet) -> dict[str, str]:
    """An active incident of each tenant."""
    return {host: _active(customer) for host, customer in fleet.customers.items()}


def _active(customer: Customer) -> str:
    number = next(
        str(one["id"])
        for one in customer.lab.incidents(customer.tenant_id)
        if one["status"] != "redirected"
    )
    customer.lab.control(
        "POST",
        "incidents",
        tenant=customer.tenant_id,
        incidents=[{"id": number, "status": "active", "assignedTo": None}],
    )
    return number


def take(name: str = "take", **options: t.Any) -> Json:
    change = {"id": "{{ incident }}", "status": "in_progress"}
    return sweep(name, **{"module": "incident", "module_args": change, **options})


@pytest.fixture
def prepared(tenants: Tenants) -> Fleet:
    """Three tenants, each with an active incident in its variable `incident`."""
    fleet = tenants(3)
    numbers = incidents(fleet)
    fleet.inventory({host: {"incident": number} for host, number in numbers.items()})
    return fleet


@pytest.mark.parametrize("arguments", [[], ["--check"]])
def test_more_changes_than_allowed_send_nothing(arguments: list[str], prepared: Fleet) -> None:
    tasks = {
        "own": take("own", max_changes=2),
        "of a tenant": {**take("of a tenant"), "vars": {"defender_xdr_max_changes": 2}},
        "in the arguments": take(
            "in the arguments",
            module_args={"id": "{{ incident }}", "status": "in_progress", "max_changes": 1},
        ),
    }
    run = prepared.play(
        *({**task, "ignore_errors": True} for task in tasks.values()), arguments=arguments
    ).good()
    for name in tasks:
        result = run.result(name)
        assert (result["error"]["category"], result["error"]["who"]) == ("refused", "caller"), name
        assert "would change 3 incidents (" in result["msg"], name
        assert all(host in result["msg"] for host in prepared.hosts), name
        assert "set max_changes to 3" in result["msg"], name
    assert writes(prepared) == []


def test_only_tenants_that_need_a_change_are_changed_and_a_second_sweep_sends_nothing(
    prepared: Fleet,
) -> None:
    first, second, third = prepared.hosts
    prepared.customers[first].fault(path="/v1.0/security/incidents", status=400, times=9)
    run = prepared.play(take("preview", task={"check_mode": True}), take("run"), take("again"))
    run.good()
    preview, result, again = (run.result(name) for name in ("preview", "run", "again"))
    assert (preview["changed"], result["changed"], again["changed"]) == (True, True, False)
    assert list(result["failures"]) == [first]
    for host in (second, third):
        assert preview["results"][host]["after"] == result["results"][host]["after"]
        assert result["results"][host]["incident"]["status"] == "in_progress"
        assert not again["results"][host]["changed"]
    assert sorted(writes(prepared)) == sorted([second, third])


def test_a_negative_limit_is_refused_before_any_tenant_is_queried(prepared: Fleet) -> None:
    run = prepared.play(take(max_changes=-1))
    assert run.result("take")["error"]["category"] == "bad_request"
    assert "max_changes is -1, but must be at least 0" in run.result("take")["msg"]
    assert writes(prepared) == []


def test_the_time_is_known_when_every_tenant_was_queried_and_failed(prepared: Fleet) -> None:
    for customer in prepared.customers.values():
        customer.fault(path="/v1.0/security/incidents", status=400, times=9)
    result = prepared.play(take()).result("take")
    assert result["coverage"] == {"asked": 3, "answered": 0, "failed": 3}
    assert result["asked_at"] is not None
