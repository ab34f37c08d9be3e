# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Customers of several sources: merged by tenant id, and the safe name that each asks for."""

from __future__ import annotations

import re
import typing as t

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils._customers import (
    contracts as _contracts,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._customers import (
    customer as _customers,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._customers import gdap as _gdap
from ansible_collections.mssp.defender_xdr.plugins.module_utils._customers.customer import Customer
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.stand_ins import (
    FakeHttp,
    answer,
    graph_token,
    token_answer,
)
from hypothesis import given
from hypothesis import strategies as st

IDS = [f"00000000-0000-4000-8000-{number:012d}" for number in range(6)]


def customer(number: int, name: str = "", *, line: int = 0, **more: t.Any) -> Customer:
    return Customer(
        tenant_id=IDS[number], name=name, where=lambda: f"registry.yml:{line}:5", **more
    )


@pytest.mark.parametrize(
    ("name", "host"),
    [
        ("contoso", "contoso"),
        ("Contoso, Ltd.", "Contoso_Ltd"),
        ("  A & B / C:80 [1:3] ", "A_B_C_80_1_3"),
        ("-rf", "rf"),
        ("!all", "all"),
        ("~.*", ""),
        ("Müller GmbH", "Müller_GmbH"),
        ("株式会社", "株式会社"),
        ("Ｃｏｎｔｏｓｏ", "Contoso"),
        ("con\u202etoso\x1b[31m", "con_toso_31m"),
        ("{{ 1 + 1 }}", "1_1"),
        ("…", ""),
    ],
)
def test_a_name_becomes_one_that_patterns_and_files_take(name: str, host: str) -> None:
    assert _customers.safe(name) == host


@given(st.text())
def test_a_safe_name_stays_as_it_is_and_means_nothing_to_a_pattern(name: str) -> None:
    host = _customers.safe(name)
    assert _customers.safe(host) == host
    assert re.fullmatch(r"(?:[^\W_](?:[\w.-]*[^\W_])?)?", host)
    assert not set(host) & set(" ,:;!&~[]{}*?/\\'\"\n\0")


def test_the_first_name_that_the_tenant_has_is_taken_and_its_id_in_the_end() -> None:
    one = customer(1, "…", default_domain="contoso.example")
    assert _customers.host_name(one, ["name", "default_domain"]) == "contoso.example"
    assert _customers.host_name(one, ["tenant_id", "name"]) == IDS[1]
    assert _customers.host_name(one, ["name"]) == IDS[1]


def test_a_tenant_that_stands_twice_in_a_source_is_told_with_both_places() -> None:
    with pytest.raises(DefenderError) as caught:
        _customers.unique(
            [customer(1, "a", line=3), customer(2, "b", line=4), customer(1, "c", line=5)]
        )
    assert "registry.yml:3:5 and at registry.yml:5:5" in caught.value.message


def test_an_earlier_source_wins_and_a_later_one_fills_what_it_lacks() -> None:
    file = {IDS[1]: customer(1, "contoso", variables={"tier": "gold"}, sources=("file",))}
    gdap = {
        IDS[1]: customer(
            1,
            "Contoso Ltd",
            default_domain="contoso.example",
            variables={"tier": "none", "status": "active"},
            sources=("gdap",),
        ),
        IDS[2]: customer(2, "Woodgrove", sources=("gdap",)),
    }
    one, two = _customers.merged([file, gdap])
    assert (one.name, one.default_domain, one.variables, one.sources) == (
        "contoso",
        "contoso.example",
        {"tier": "gold", "status": "active"},
        ("file", "gdap"),
    )
    assert (two.tenant_id, two.name, two.sources) == (IDS[2], "Woodgrove", ("gdap",))


Sources = st.lists(
    st.dictionaries(
        st.integers(0, 5),
        st.tuples(
            st.sampled_from(["", "a", "b"]),
            st.dictionaries(st.sampled_from("xyz"), st.integers(0, 3)),
        ),
    ),
    max_size=4,
)


@given(Sources)
def test_merging_loses_no_tenant_and_no_variable_and_the_first_word_stands(
    drawn: list[dict[int, tuple[str, dict[str, int]]]],
) -> None:
    sources = [
        {
            IDS[number]: customer(number, name, variables=variables, sources=(str(turn),))
            for number, (name, variables) in source.items()
        }
        for turn, source in enumerate(drawn)
    ]
    found = {one.tenant_id: one for one in _customers.merged(sources)}
    assert set(found) == {tenant_id for source in sources for tenant_id in source}
    for tenant_id, one in found.items():
        said = [source[tenant_id] for source in sources if tenant_id in source]
        assert one.name == next((each.name for each in said if each.name), "")
        assert one.sources == tuple(word for each in said for word in each.sources)
        for variable in {name for each in said for name in each.variables}:
            assert one.variables[variable] == next(
                each.variables[variable] for each in said if variable in each.variables
            )


# Both lists of the provider


@pytest.mark.parametrize(
    ("read", "role"),
    [
        (_gdap.customers, "DelegatedAdminRelationship.Read.All"),
        (_contracts.customers, "Directory.Read.All"),
    ],
    ids=["gdap", "contracts"],
)
def test_without_the_role_no_list_is_requested(tenant_with: t.Any, read: t.Any, role: str) -> None:
    http = FakeHttp(token_answer(graph_token(roles=["SecurityIncident.Read.All"])))
    with pytest.raises(DefenderError) as caught:
        read(tenant_with(http))
    assert caught.value.category == "role_missing"
    assert f"but not {role}. " in caught.value.message
    http.done()


@pytest.mark.parametrize("read", [_gdap.customers, _contracts.customers])
def test_a_failed_request_is_an_error_and_no_empty_list(tenant_with: t.Any, read: t.Any) -> None:
    http = FakeHttp(
        token_answer(
            graph_token(roles=["DelegatedAdminRelationship.Read.All", "Directory.Read.All"])
        ),
        answer(503, {"error": {"code": "x"}}),
    )
    with pytest.raises(DefenderError) as caught:
        read(tenant_with(http))
    assert caught.value.category == "unavailable"
