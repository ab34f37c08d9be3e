# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The devices of a tenant as a play gets them from the Endpoint API."""

from __future__ import annotations

import typing as t

from ansible_collections.mssp.defender_xdr.tests.behaviour.lab import Customer
from ansible_collections.mssp.defender_xdr.tests.behaviour.runs import Ansible, Run

Json = dict[str, t.Any]


def listed(ansible: Ansible, customer: Customer, **options: t.Any) -> Run:
    task = {"name": "list", "mssp.defender_xdr.device_info": options}
    return ansible.playbook([{"hosts": customer.host, "tasks": [task]}])


def devices(ansible: Ansible, customer: Customer, **options: t.Any) -> list[Json]:
    result = listed(ansible, customer, **options).good().result("list")
    assert result["count"] == len(result["devices"])
    return t.cast("list[Json]", result["devices"])


def test_devices_are_chosen_by_each_option(ansible: Ansible, customer: Customer) -> None:
    every = devices(ansible, customer, limit=0)
    seen = [device["last_seen"] for device in every]
    assert seen == sorted(seen, reverse=True)
    first = every[0]
    by_id = devices(ansible, customer, id=first["id"], single=True)
    assert by_id == [first]
    name = first["computer_dns_name"]
    assert first in devices(ansible, customer, name=name.upper())
    assert devices(ansible, customer, name=name.partition(".")[0]) == []
    tagged = devices(ansible, customer, tag="crown-jewel")
    assert tagged == [one for one in every if "crown-jewel" in one["machine_tags"]] != []
    address = first["last_ip_address"]
    assert first in devices(ansible, customer, ip=address, at=first["last_seen"])
    discovered = devices(ansible, customer, onboarding_status="can_be_onboarded")
    statuses = {one["id"]: one["onboarding_status"] for one in every}
    assert (
        [one["id"] for one in discovered]
        == [key for key, status in statuses.items() if status == "can_be_onboarded"]
        != []
    )
    servers = devices(ansible, customer, filter="rbacGroupId eq 2")
    assert servers == [one for one in every if one["rbac_group_id"] == 2] != []


def test_more_than_one_device_is_refused_with_the_candidates(
    ansible: Ansible, customer: Customer
) -> None:
    run = listed(ansible, customer, single=True)
    result = run.result("list")
    assert (run.code, result["error"]["category"]) == (2, "bad_request")
    assert "devices of tenant" in result["msg"]
    assert "last seen" in result["msg"]


def test_a_limit_says_that_there_are_more(ansible: Ansible, customer: Customer) -> None:
    result = listed(ansible, customer, limit=2, fields=["risk_score"]).good().result("list")
    assert (result["count"], result["truncated"], result["api"]) == (2, True, "endpoint")
    assert [sorted(device) for device in result["devices"]] == [["id", "risk_score"]] * 2
