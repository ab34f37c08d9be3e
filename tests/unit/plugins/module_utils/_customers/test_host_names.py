# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every customer gets a host name of its own, whatever it and others call themselves, and keeps
it."""

from __future__ import annotations

import random
import typing as t

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils._customers import (
    host_names as _host_names,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._customers.customer import Customer
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from hypothesis import given
from hypothesis import strategies as st

IDS = [f"{number}0000000-0000-4000-8000-{number:012d}" for number in range(6)]
HOME = ("file",)
AWAY = ("gdap",)


def customer(number: int, name: str, sources: tuple[str, ...] = AWAY) -> Customer:
    return Customer(
        tenant_id=IDS[number], name=name, where=lambda: f"registry.yml:{number}:5", sources=sources
    )


def names(
    *customers: Customer,
    groups: t.Collection[str] = (),
    hosts: t.Mapping[str, str] = _host_names.NO_HOSTS,
) -> dict[str, str]:
    """The host of each tenant id."""
    found, unused = _host_names.Names(groups, hosts).give(customers, ["name"])
    return {one.tenant_id: host for host, one in found.items()}


def test_two_of_one_name_both_get_their_id_and_a_warning_says_where_they_stand() -> None:
    found, clashes = _host_names.Names().give(
        [customer(1, "A B"), customer(2, "A/B"), customer(3, "C")], ["name"]
    )
    assert list(found) == ["A_B_10000000", "A_B_20000000", "C"]
    (told,) = map(str, clashes)
    for part in (
        "2 tenants have the name A_B",
        "registry.yml:1:5",
        "registry.yml:2:5",
        *IDS[1:3],
        *list(found)[:2],
        "other names in the registry",
        "hostnames",
    ):
        assert part in told


def test_the_owner_s_own_word_keeps_its_name_against_what_customers_call_themselves() -> None:
    assert names(customer(2, "contoso"), customer(1, "contoso", HOME), customer(3, "contoso")) == {
        IDS[1]: "contoso",
        IDS[2]: "contoso_20000000",
        IDS[3]: "contoso_30000000",
    }
    assert names(customer(1, "a", HOME), customer(2, "a", HOME)) == {
        IDS[1]: "a_10000000",
        IDS[2]: "a_20000000",
    }


@pytest.mark.parametrize("name", ["all", "ungrouped", "localhost", "127.0.0.1", "gold"])
@pytest.mark.parametrize("sources", [HOME, AWAY])
def test_the_name_of_a_group_or_of_the_controller_is_left_to_it(
    name: str, sources: tuple[str, ...]
) -> None:
    found, (clash,) = _host_names.Names({"gold"}).give([customer(1, name, sources)], ["name"])
    assert list(found) == [f"{name}_10000000"]
    assert (
        f"{name} is a group, another host or a name reserved by Ansible: tenant {IDS[1]}"
    ) in str(clash)


def test_a_host_that_is_there_is_the_same_tenant_or_one_that_the_owner_listed() -> None:
    hosts = {"same": IDS[1], "other": IDS[5], "machine": "", "listed": _host_names.LISTED}
    assert names(customer(1, "same"), customer(2, "same", HOME), hosts=hosts) == {
        IDS[1]: "same",
        IDS[2]: "same_20000000",
    }
    assert names(
        customer(1, "other"), customer(2, "machine", HOME), customer(3, "listed"), hosts=hosts
    ) == {
        IDS[1]: "other_10000000",
        IDS[2]: "machine_20000000",
        IDS[3]: "listed_30000000",
    }
    assert names(customer(1, "listed", HOME), hosts=hosts) == {IDS[1]: "listed"}


def test_nobody_takes_a_name_that_has_the_id_of_another() -> None:
    assert names(
        customer(1, ""),
        customer(2, IDS[1]),
        customer(3, "a"),
        customer(4, "a"),
        customer(5, "a_30000000"),
    ) == {
        IDS[1]: IDS[1],
        IDS[2]: f"{IDS[1]}_20000000",
        IDS[3]: f"a_{IDS[3]}",
        IDS[4]: "a_40000000",
        IDS[5]: "a_30000000_50000000",
    }


def test_a_name_that_cannot_be_given_at_all_is_an_error() -> None:
    groups = ["a", "a_10000000", f"a_{IDS[1]}"]
    with pytest.raises(
        DefenderError,
        match=(
            f"Tenant {IDS[1]} at registry.yml:1:5 would become the host a_{IDS[1]}, which is the"
            " name of a group"
        ),
    ):
        names(customer(1, "a"), groups=groups)


def test_a_long_list_of_namesakes_is_cut_in_the_warning() -> None:
    many = [
        Customer(tenant_id=f"{number:08}-0000-4000-8000-000000000000", name="a", where=str)
        for number in range(9)
    ]
    unused, (clash,) = _host_names.Names().give(many, ["name"])
    assert str(clash).count("is the host") == 5
    assert "; and 4 more. Set" in str(clash)


@given(
    drawn=st.lists(
        st.tuples(
            st.sampled_from(["", "a", "b", "all", "a_10000000", IDS[1]]),
            st.sampled_from([HOME, AWAY]),
        ),
        min_size=1,
        max_size=6,
    ),
    seed=st.randoms(use_true_random=False),
)
def test_every_tenant_is_one_host_and_the_order_of_sources_does_not_matter(
    drawn: list[tuple[str, tuple[str, ...]]], seed: random.Random
) -> None:
    customers = [customer(number, name, sources) for number, (name, sources) in enumerate(drawn)]
    found = names(*customers, groups={"b"})
    assert len(set(found.values())) == len(customers)
    assert not set(found.values()) & {"b", *_host_names.RESERVED}
    seed.shuffle(customers)
    assert names(*customers, groups={"b"}) == found
