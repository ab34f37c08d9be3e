# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The provider's books, organizations and prospects: made up, but coherent with the tenants that
exist."""

from __future__ import annotations

import itertools
import typing as t

import pytest


def everything(desk, path: str, query: str = "$top=300") -> list[t.Any]:
    found: list[t.Any] = []
    rest = query
    while True:
        page = desk.home("GET", path, rest).json()
        found += page["value"]
        if "@odata.nextLink" not in page:
            return found
        rest = page["@odata.nextLink"].partition("?")[2]


def test_relationships_fit_the_tenants(desk) -> None:
    directory = desk.lab.directory
    rows = everything(desk, "tenantRelationships/delegatedAdminRelationships", "$top=100")
    known = {one.id: one.name for one in directory.everybody()}
    named = [one["customer"] for one in rows if one["customer"]]
    assert all(known[one["tenantId"]] == one["displayName"] for one in named)
    assert {one["status"] for one in rows} >= {
        "active",
        "expired",
        "terminated",
        "approvalPending",
        "expiring",
    }
    per = sorted(
        len(list(group))
        for unused, group in itertools.groupby(sorted(one["tenantId"] for one in named))
    )
    assert per[0] == 1
    assert per[-1] == 3
    assert len({one["id"] for one in rows}) == len(rows)
    for one in rows:
        assert (one["endDateTime"] is None) == (one["status"] == "approvalPending")


def test_relationships_are_filtered_and_paged(desk) -> None:
    path = "tenantRelationships/delegatedAdminRelationships"
    everyone = everything(desk, path)
    assert {one["status"] for one in everything(desk, path, "$filter=status eq 'active'")} == {
        "active"
    }
    tenant = desk.lab.directory.tenants[0]
    mine = everything(desk, path, f"$filter=customer/tenantId eq '{tenant.id}'")
    assert mine == [
        one for one in everyone if one["customer"] and one["customer"]["tenantId"] == tenant.id
    ]
    assert (
        desk.home("GET", f"{path}/{mine[0]['id']}").json()["displayName"] == mine[0]["displayName"]
    )
    refused = desk.home("GET", path, "$top=301")
    assert refused.status == 400
    assert len(everything(desk, path, "$top=7")) == len(everyone)


def test_some_customers_are_in_the_contracts_only_and_names_repeat(desk) -> None:
    customers = {
        one["tenantId"] for one in everything(desk, "tenantRelationships/delegatedAdminCustomers")
    }
    contracts = everything(desk, "contracts", "$top=999")
    assert {one["customerId"] for one in contracts} > customers
    tenants = {one.host: one.id for one in desk.lab.directory.beside}
    assert tenants["prospect2"] not in customers
    names = [one["displayName"] for one in contracts]
    assert names.count("Adventure Works") >= 2
    assert any("ü" in one for one in names)
    assert any('"' in one for one in names)


def test_a_customer_has_no_customers(desk, tenant) -> None:
    desk.become(tenant, roles={"graph": ["DelegatedAdminRelationship.Read.All"]})
    assert (
        desk.graph(tenant, "GET", "tenantRelationships/delegatedAdminRelationships").json()["value"]
        == []
    )
    assert desk.graph(tenant, "GET", "contracts").status == 403


def test_a_tenant_tells_who_it_is(desk, tenant) -> None:
    desk.become(tenant, roles={"graph": ["Organization.Read.All"]})
    told = desk.graph(tenant, "GET", "organization").json()["value"]
    assert [(one["id"], one["displayName"], one["verifiedDomains"][0]["name"]) for one in told] == [
        (tenant.id, tenant.name, tenant.domain)
    ]


@pytest.mark.parametrize(
    "form", ["ByTenantId(tenantId='{0.id}')", "ByDomainName(domainName='{0.domain}')"]
)
def test_a_tenant_is_looked_up_from_outside(desk, tenant, form) -> None:
    told = desk.home(
        "GET", f"tenantRelationships/findTenantInformation{form.format(tenant)}"
    ).json()
    assert {
        name: told[name]
        for name in ("tenantId", "displayName", "defaultDomainName", "federationBrandName")
    } == {
        "tenantId": tenant.id,
        "displayName": tenant.name,
        "defaultDomainName": tenant.domain,
        "federationBrandName": None,
    }


def test_nobody_is_not_found_from_outside(desk) -> None:
    assert (
        desk.home(
            "GET",
            "tenantRelationships/findTenantInformationByTenantId(tenantId='99999999-9999-4999-8999-999999999999')",
        ).status
        == 404
    )
    assert (
        desk.home(
            "GET", "tenantRelationships/findTenantInformationByTenantId(tenantId='contoso')"
        ).status
        == 400
    )


def test_a_prospect_is_won(desk) -> None:
    """From nothing to the first incident list, by the house's own app."""
    prospect = next(one for one in desk.lab.directory.beside if one.host == "prospect1")
    assert desk.ask_token(prospect.id).json()["error_codes"] == [700016]
    assert (
        "admin_consent=True"
        in desk.control("POST", "administrator", body={"tenant": "prospect1"}).json()["redirect"]
    )
    assert desk.graph(prospect, "GET", "security/incidents").json()["value"]


def test_who_stands_beside_has_no_part_in_a_story(desk) -> None:
    beside = {one.id for one in desk.lab.directory.beside}
    assert not beside & {
        tenant
        for story in desk.control("GET", "stories").json()["value"]
        for tenant in story["tenants"]
    }


def test_the_provider_reads_its_own_incidents(desk) -> None:
    assert desk.home("GET", "security/incidents").json()["value"] == []
