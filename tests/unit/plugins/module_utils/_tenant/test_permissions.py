# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which role covers which, and what each module needs, typed in from Microsoft's reference of each
call."""

from __future__ import annotations

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import (
    permissions as _permissions,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.app_roles import APP_ROLES

# learn.microsoft.com: security-list-incidents, security-security-runhuntingquery,
# api-list-incidents, api-advanced-hunting
NEEDED = {
    # tenantrelationship-list-delegatedadminrelationships, contract-list
    ("tenants:gdap", "graph"): ["DelegatedAdminRelationship.Read.All"],
    ("tenants:contracts", "graph"): ["Directory.Read.All"],
    ("incident_info", "graph"): ["SecurityIncident.Read.All"],
    ("incident_info", "xdr"): ["Incident.Read.All"],
    ("hunting_query", "graph"): ["ThreatHunting.Read.All"],
    ("hunting_query", "xdr"): ["AdvancedHunting.Read.All"],
    # application-post-applications, application-addpassword, application-list
    ("application", "graph"): ["Application.ReadWrite.OwnedBy"],
    ("application_credential", "graph"): ["Application.ReadWrite.OwnedBy"],
    ("application_info", "graph"): ["Application.Read.All"],
    ("access_token", "graph"): [],
    ("access_token", "xdr"): [],
    ("access_token", "endpoint"): [],
    ("access_token_info", "graph"): [],
    ("access_token_info", "xdr"): [],
    ("access_token_info", "endpoint"): [],
}


@pytest.mark.parametrize(("module", "resource"), NEEDED)
def test_a_module_needs_what_the_reference_of_its_calls_says(module: str, resource: str) -> None:
    assert _permissions.needed([module], resource) == NEEDED[module, resource]
    assert (
        _permissions.needed([f"mssp.defender_xdr.{module}"], resource) == NEEDED[module, resource]
    )


def test_every_role_in_the_table_is_one_of_its_resource() -> None:
    for resources in _permissions.PERMISSIONS.values():
        for resource, roles in resources.items():
            assert set(roles) <= set(APP_ROLES[resource])


@pytest.mark.parametrize(
    ("resource", "role", "guid"),
    [
        ("graph", "SecurityIncident.Read.All", "45cc0394-e837-488b-a098-1918f48d186c"),
        ("graph", "SecurityIncident.ReadWrite.All", "34bf0e97-1971-4929-b999-9e2442d941d7"),
        ("graph", "ThreatHunting.Read.All", "dd98c7f5-2d42-42d3-a0e4-633161547251"),
        ("xdr", "Incident.Read.All", "a9790345-4595-42e4-971a-ccdc79f19b7c"),
        ("xdr", "AdvancedHunting.Read.All", "7734e8e5-8dde-42fc-b5ae-6eafea078693"),
        ("endpoint", "Machine.Isolate", "7e4e1300-e1b9-4102-88ba-f0cb6e6d5974"),
    ],
)
def test_a_role_has_the_id_that_microsoft_published(resource: str, role: str, guid: str) -> None:
    assert APP_ROLES[resource][role] == guid


def test_several_modules_need_each_role_once_and_in_order() -> None:
    assert _permissions.needed(
        ["hunting_query", "incident_info", "hunting_query", "access_token"], "graph"
    ) == [
        "ThreatHunting.Read.All",
        "SecurityIncident.Read.All",
    ]


def test_a_module_that_is_none_of_ours_is_refused_with_those_that_are() -> None:
    with pytest.raises(DefenderError) as caught:
        _permissions.needed(["incident_inof"], "graph")
    assert caught.value.category == "bad_request"
    assert caught.value.message.startswith(
        "required_for contains incident_inof, which is not a module of this collection; allowed"
        " are "
    )
    assert ", ".join(_permissions.MODULES[:3]) in caught.value.message
    with pytest.raises(DefenderError, match="^permissions_for contains incident_inof, "):
        _permissions.least("permissions_for", ["incident_inof"], "graph")
    assert "incident_info" in caught.value.message


@pytest.mark.parametrize(
    ("modules", "generation", "least"),
    [
        (
            ["incident_info", "mssp.defender_xdr.hunting_query"],
            "graph",
            {"graph": ["SecurityIncident.Read.All", "ThreatHunting.Read.All"]},
        ),
        (
            ["incident_info", "application_info"],
            "xdr",
            {"xdr": ["Incident.Read.All"], "graph": ["Application.Read.All"]},
        ),
        (["access_token"], "graph", {}),
        ([], "graph", {}),
    ],
)
def test_modules_need_the_roles_of_one_generation_and_of_what_has_no_twin(
    modules: list[str], generation: str, least: dict[str, list[str]]
) -> None:
    assert _permissions.least("permissions_for", modules, generation) == least


def test_a_resource_that_a_module_does_not_use_is_refused() -> None:
    with pytest.raises(
        DefenderError, match="incident_info does not use the resource endpoint; it uses graph, xdr"
    ):
        _permissions.needed(["incident_info"], "endpoint")


@pytest.mark.parametrize(
    ("granted", "wanted", "covers"),
    [
        ("SecurityIncident.Read.All", "SecurityIncident.Read.All", True),
        ("SecurityIncident.ReadWrite.All", "SecurityIncident.Read.All", True),
        ("SecurityIncident.Read.All", "SecurityIncident.ReadWrite.All", False),
        ("Machine.ReadWrite.All", "Machine.Read.All", True),
        ("Machine.Read.All", "Machine.Isolate", False),
        ("Ti.ReadWrite", "Ti.Read.All", False),
        ("Ti.ReadWrite.All", "Ti.ReadWrite", False),
        ("Application.ReadWrite.OwnedBy", "Application.Read.All", False),
        ("Application.ReadWrite.All", "Application.ReadWrite.OwnedBy", True),
        ("Application.ReadWrite.OwnedBy", "Application.ReadWrite.All", False),
        ("Application.Read.All", "Application.ReadWrite.OwnedBy", False),
        ("Event.Write", "Event.Read.All", False),
        ("Incident.ReadWrite.All", "SecurityIncident.Read.All", False),
        ("securityincident.read.all", "SecurityIncident.Read.All", False),
    ],
)
def test_writing_covers_its_reading_twin_and_all_covers_owned(
    granted: str, wanted: str, covers: bool
) -> None:
    assert _permissions.satisfies(granted, wanted) is covers
    assert _permissions.missing([granted], [wanted]) == ([] if covers else [wanted])
    assert _permissions.unused([granted], [wanted]) == ([] if covers else [granted])


def test_what_is_missing_and_what_is_too_much_keep_their_order() -> None:
    assert _permissions.missing(["A.Read.All"], ["C.Read.All", "A.Read.All", "B.Read.All"]) == [
        "C.Read.All",
        "B.Read.All",
    ]
    assert _permissions.unused(["C.Read.All", "A.ReadWrite.All", "B.Read.All"], ["A.Read.All"]) == [
        "C.Read.All",
        "B.Read.All",
    ]
    assert _permissions.missing([], []) == []
