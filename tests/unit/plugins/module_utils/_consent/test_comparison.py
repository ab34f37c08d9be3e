# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Roles that are wanted against roles that are granted."""

from __future__ import annotations

import typing as t

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._consent import (
    comparison as _grants,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._consent.comparison import Consent
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.test.consented import TestModule as Plugin
from hypothesis import given
from hypothesis import strategies as st

READ, WRITE, HUNT = (
    "SecurityIncident.Read.All",
    "SecurityIncident.ReadWrite.All",
    "ThreatHunting.Read.All",
)


def wanted(generation: str = "graph", **params: t.Any) -> dict[str, tuple[str, ...]]:
    return _grants.wanted({"required_for": None, "api_permissions": None, **params}, generation)


def test_modules_and_named_roles_are_wanted_together_each_once() -> None:
    permissions = [
        {"api": "Microsoft Graph", "roles": [HUNT, "SecurityAlert.Read.All"]},
        {"api": "WindowsDefenderATP", "roles": ["Machine.Isolate"]},
    ]
    found = wanted(
        required_for=["incident_info", "mssp.defender_xdr.hunting_query"],
        api_permissions=permissions,
    )
    assert found == {
        "graph": (READ, HUNT, "SecurityAlert.Read.All"),
        "endpoint": ("Machine.Isolate",),
    }
    assert wanted("xdr", required_for=["incident_info"]) == {"xdr": ("Incident.Read.All",)}


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({}, ["name no role"]),
        ({"required_for": ["access_token"]}, ["name no role"]),
        ({"required_for": ["incident_inf"]}, ["required_for", "incident_inf"]),
        (
            {"api_permissions": [{"api": "graph", "roles": ["Incident.Read.All"]}]},
            ["Incident.Read.All", "Microsoft Threat Protection"],
        ),
        (
            {"api_permissions": [{"api": "graph", "roles": ["SecurityIncident.Raed.All"]}]},
            ["similar roles are", READ],
        ),
        (
            {"api_permissions": [{"api": "graph", "roles": ["incidents"]}]},
            ["incidents", "Microsoft Graph"],
        ),
        (
            {"api_permissions": [{"api": "xdr", "roles": ["Machine.Isolate"]}]},
            ["WindowsDefenderATP"],
        ),
        (
            {"api_permissions": [{"api": "teams", "roles": ["Chat.Read.All"]}]},
            ["teams", "graph (Microsoft Graph)"],
        ),
    ],
)
def test_what_cannot_be_wanted_is_refused_in_a_sentence(
    params: dict[str, t.Any], words: list[str]
) -> None:
    with pytest.raises(DefenderError) as caught:
        wanted(**params)
    assert caught.value.category == "bad_request"
    for word in words:
        assert word in caught.value.message


def test_a_role_of_graph_that_the_table_does_not_have_may_be_wanted() -> None:
    assert wanted(api_permissions=[{"api": "graph", "roles": ["IdentityRiskyUser.Read.All"]}]) == {
        "graph": ("IdentityRiskyUser.Read.All",)
    }


@pytest.mark.parametrize(
    ("granted", "status", "missing", "superfluous"),
    [
        (None, "not_consented", {"graph": [READ, HUNT]}, {}),
        ({}, "partial", {"graph": [READ, HUNT]}, {}),
        ({"graph": [READ]}, "partial", {"graph": [HUNT]}, {}),
        ({"graph": [HUNT, READ]}, "complete", {}, {}),
        ({"graph": [HUNT, WRITE]}, "complete", {}, {}),
        ({"graph": [HUNT, READ, WRITE]}, "superfluous", {}, {"graph": [WRITE]}),
        (
            {"graph": [HUNT, READ], "xdr": ["Incident.Read.All"]},
            "superfluous",
            {},
            {"xdr": ["Incident.Read.All"]},
        ),
        (
            {"graph": [READ, "Directory.Read.All"]},
            "partial",
            {"graph": [HUNT]},
            {"graph": ["Directory.Read.All"]},
        ),
    ],
)
def test_the_comparison_in_one_word(
    granted: dict[str, list[str]] | None, status: str, missing: t.Any, superfluous: t.Any
) -> None:
    found = _grants.compared(
        Consent("token", consented=granted is not None, granted=granted or {}),
        {"graph": (READ, HUNT)},
    )
    assert found == {
        "status": status,
        "granted": {name: sorted(roles) for name, roles in (granted or {}).items()},
        "missing": missing,
        "superfluous": superfluous,
    }


ROLES = st.lists(
    st.sampled_from([READ, WRITE, HUNT, "SecurityAlert.Read.All", "SecurityAlert.ReadWrite.All"]),
    unique=True,
)


@given(has=ROLES, asked=ROLES.filter(bool))
def test_taking_away_what_is_superfluous_loses_nothing_and_leaves_nothing_superfluous(
    has: list[str], asked: list[str]
) -> None:
    def compared(granted: list[str]) -> dict[str, t.Any]:
        return _grants.compared(
            Consent("token", consented=True, granted={"graph": granted}), {"graph": asked}
        )

    before = compared(has)
    after = compared([role for role in has if role not in before["superfluous"].get("graph", [])])
    assert after["missing"] == before["missing"]
    assert after["superfluous"] == {}


def test_the_test_reads_a_result_of_ours_and_nothing_else() -> None:
    consented = Plugin().tests()["consented"]
    assert [consented({"status": status}) for status in _grants.STATUSES] == [
        False,
        False,
        True,
        True,
    ]
    for result in (
        {},
        {"status": 200},
        {"status": "complete", "failed": True},
        {"skipped": True},
        "complete",
    ):
        with pytest.raises(AnsibleFilterError, match="consent_info"):
            consented(result)
