# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An object of another tenant is never returned, nor is anything that came with it."""

from __future__ import annotations

import types
import typing as t

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import (
    ownership as _ownership,
)
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.stand_ins import OTHER_TENANT, TENANT
from hypothesis import given
from hypothesis import strategies as st

UPPER = "ABCDEFAB-2222-3333-4444-555555555555"
OPTIONS: t.Any = types.SimpleNamespace(tenant_id=TENANT, label=f"contoso ({TENANT})")
OPTIONS_UPPER: t.Any = types.SimpleNamespace(tenant_id=UPPER, label="contoso")


def refusal(*things: t.Any) -> DefenderError:
    with pytest.raises(DefenderError) as raised:
        _ownership.objects(OPTIONS, {"value": list(things)}, "incident")
    return raised.value


@pytest.mark.parametrize("name", ["tenantId", "TenantId", "aadTenantId", "AadTenantId"])
@pytest.mark.parametrize("below", [False, True])
@pytest.mark.parametrize(
    ("owner", "named"),
    [
        (OTHER_TENANT, f" ({OTHER_TENANT})"),
        (OTHER_TENANT.upper(), f" ({OTHER_TENANT.upper()})"),
        ("contoso.example", " (contoso.example)"),
        (f"X{TENANT}X", f" (X{TENANT[:35]})"),
        (7, ""),
        (["x"], ""),
        ({"id": TENANT}, ""),
    ],
)
def test_an_object_that_names_another_tenant_is_a_security_event(
    name: str, below: bool, owner: t.Any, named: str
) -> None:
    foreign = {"id": "2", name: owner}
    noun = "alert" if below else "incident"
    error = refusal({"id": "1"}, {"alerts": [{"id": "a"}, foreign]} if below else foreign)
    assert (error.category, error.who) == ("wrong_tenant", "partner")
    assert error.advice == _ownership.SECURITY_EVENT
    assert error.message == (
        f"Tenant contoso ({TENANT}): the service returned one {noun} of another tenant{named}; "
        "nothing of that response is returned."
    )
    with pytest.raises(DefenderError) as raised:
        _ownership.single(OPTIONS, {"alerts": [foreign]} if below else foreign, "incident")
    assert raised.value.message == error.message


@pytest.mark.parametrize("name", ["tenantId", "aadTenantId"])
@pytest.mark.parametrize(
    "owner", [UPPER, UPPER.lower(), f" {UPPER} ", f"{{{UPPER}}}", None, "", " ", _ownership.NOBODY]
)
def test_the_own_tenant_in_any_case_and_nobody_are_no_mismatch(name: str, owner: t.Any) -> None:
    incidents = [{"id": "1", name: owner, "alerts": [{"id": "a", name: owner}]}, {"id": "2"}]
    answer = {"value": incidents}
    assert _ownership.objects(OPTIONS_UPPER, answer, "incident") is incidents
    assert _ownership.single(OPTIONS_UPPER, incidents[0], "incident") is incidents[0]


def test_the_tenants_of_guests_and_applications_are_their_own_matter() -> None:
    evidence = [
        {"userAccount": {"tenantId": OTHER_TENANT}},
        {"appOwnerTenantId": OTHER_TENANT, "tenantId": OTHER_TENANT},
        {"owningTenantId": OTHER_TENANT},
    ]
    incident = {"tenantId": TENANT, "alerts": [{"tenantId": TENANT, "evidence": evidence}]}
    assert _ownership.single(OPTIONS, incident, "incident") is incident


def test_whose_an_object_is_comes_before_any_other_complaint() -> None:
    assert refusal("text", {"tenantId": OTHER_TENANT}).category == "wrong_tenant"


@pytest.mark.parametrize(
    "answer", [{}, {"value": None}, {"value": {}}, {"value": "x"}, {"value": 0}, {"error": {}}]
)
def test_an_answer_without_a_list_is_no_empty_list(answer: dict[str, t.Any]) -> None:
    with pytest.raises(DefenderError) as raised:
        _ownership.objects(OPTIONS, answer, "incident")
    assert raised.value.category == "unavailable"
    assert "a list of incidents without the key value" in raised.value.message


@pytest.mark.parametrize("thing", [None, "text", 3, [], True])
def test_what_is_no_object_is_one_sentence(thing: t.Any) -> None:
    assert "a list of incidents with a member that is not a JSON object" in refusal(thing).message
    assert (
        "a list of alerts with a member that is not a JSON object"
        in refusal({"alerts": [thing]}).message
    )
    if thing and not isinstance(thing, list):
        assert "one incident whose alerts are not a list" in refusal({"alerts": thing}).message


@pytest.mark.parametrize("wrap", [lambda inner: {"x": inner}, lambda inner: [inner]])
@pytest.mark.parametrize("inside", ["customDetails", "alerts", "evidence"])
def test_what_is_nested_too_deep_is_one_sentence(wrap: t.Any, inside: str) -> None:
    deep: t.Any = 1
    for _each in range(900):
        deep = wrap(deep)
    error = refusal({"id": "1", inside: deep})
    assert error.category == "unavailable"
    assert "with more than 64 levels" in error.message


def test_alerts_of_alerts_are_no_way_to_overflow() -> None:
    deep: t.Any = {"id": "1"}
    for _each in range(900):
        deep = {"alerts": [deep]}
    assert refusal(deep).category == "unavailable"


OWNERS = st.sampled_from([TENANT, TENANT.upper(), OTHER_TENANT, None, "", "other"])
OBJECTS = st.recursive(
    st.fixed_dictionaries({}, optional={"tenantId": OWNERS, "aadTenantId": OWNERS}),
    lambda inner: st.fixed_dictionaries(
        {}, optional={"tenantId": OWNERS, "alerts": st.lists(inner, max_size=3)}
    ),
    max_leaves=8,
)


def owners(thing: dict[str, t.Any]) -> set[str]:
    named = {str(thing.get(name) or "").lower() for name in ("tenantId", "aadTenantId")}
    return named.union(*map(owners, thing.get("alerts") or []))


@given(things=st.lists(OBJECTS, max_size=4))
def test_nothing_that_names_another_tenant_gets_through(things: list[dict[str, t.Any]]) -> None:
    foreign = set().union(*map(owners, things)) - {"", TENANT}
    if foreign:
        assert refusal(*things).category == "wrong_tenant"
    else:
        assert _ownership.objects(OPTIONS, {"value": things}, "incident") == things
