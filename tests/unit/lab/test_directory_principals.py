# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Service principals and their grants on Graph, in a tenant where the provider may consent by
API."""

from __future__ import annotations

import uuid

import pytest

GRAPH, MTP = "00000003-0000-0000-c000-000000000000", "8ee8fdad-f234-4243-8f3b-15c294843740"
HUNT = "dd98c7f5-2d42-42d3-a0e4-633161547251"


@pytest.fixture
def customer(desk, tenant):
    desk.become(tenant, personality="consent_by_api")
    return tenant


def principal(desk, tenant, app_id: str):
    return desk.graph(tenant, "GET", f"servicePrincipals(appId='{app_id}')").json()


def test_a_resource_publishes_its_roles(desk, customer) -> None:
    mtp = principal(desk, customer, MTP)
    assert mtp["displayName"] == "Microsoft Threat Protection"
    assert mtp["appOwnerOrganizationId"] == "f8cdef31-a31e-4b4a-93e4-5f571e91255a"
    assert {one["value"]: one["id"] for one in mtp["appRoles"]} == {
        "AdvancedHunting.Read.All": "7734e8e5-8dde-42fc-b5ae-6eafea078693",
        "CustomDetections.ReadWrite.All": "a7deff90-e2f5-4e4e-83a3-2c74e7002e28",
        "Incident.Read.All": "a9790345-4595-42e4-971a-ccdc79f19b7c",
        "Incident.ReadWrite.All": "8d90f441-09cf-4fdc-ab45-e874fa3a28e8",
    }
    query = {"$filter": "displayName eq 'WindowsDefenderATP'", "$select": "id,appId,appRoles"}
    listed = desk.graph(customer, "GET", "servicePrincipals", query).json()["value"]
    assert [(set(one), len(one["appRoles"])) for one in listed] == [
        ({"id", "appId", "appRoles"}, 30)
    ]


def test_a_resource_is_not_there_without_the_product_and_cannot_be_made(desk, customer) -> None:
    desk.become(customer, resources_absent=["xdr", "endpoint"], provisioned=False)
    assert desk.graph(customer, "GET", f"servicePrincipals(appId='{MTP}')").status == 404
    answer = desk.graph(customer, "POST", "servicePrincipals", body={"appId": MTP})
    assert (answer.status, answer.error()["details"][0]["code"]) == (
        400,
        "NoBackingApplicationObject",
    )
    assert answer.error()["message"] == (
        f"The appId '{MTP}' of the service principal does not reference a valid application object."
    )
    desk.become(customer, provisioned=True)
    assert desk.graph(customer, "POST", "servicePrincipals", body={"appId": MTP}).status == 201


def test_a_principal_of_an_app_of_another_tenant(desk, customer) -> None:
    app = desk.registered(f"principal {uuid.uuid4()}")
    answer = desk.graph(customer, "POST", "servicePrincipals", body={"appId": app["appId"]})
    made = answer.json()
    assert (answer.status, made["displayName"], made["appOwnerOrganizationId"]) == (
        201,
        app["displayName"],
        desk.lab.directory.partner.id,
    )
    assert made["publisherName"] == "Partner SOC"
    again = desk.graph(customer, "POST", "servicePrincipals", body={"appId": app["appId"]})
    assert (again.status, again.error()["code"]) == (409, "Request_MultipleObjectsWithSameKeyValue")
    assert "is already in use" in again.error()["message"]
    nobody = desk.graph(customer, "POST", "servicePrincipals", body={"appId": str(uuid.uuid4())})
    assert nobody.status == 400
    single = desk.registered(f"single {uuid.uuid4()}", signInAudience="AzureADMyOrg")
    assert (
        desk.graph(customer, "POST", "servicePrincipals", body={"appId": single["appId"]}).status
        == 400
    )


def test_a_grant_is_listed_from_both_sides(desk, customer) -> None:
    mine, graph = principal(desk, customer, desk.app.client_id), principal(desk, customer, GRAPH)
    body = {"principalId": mine["id"], "resourceId": graph["id"], "appRoleId": HUNT}
    answer = desk.graph(
        customer, "POST", f"servicePrincipals/{mine['id']}/appRoleAssignments", body=body
    )
    made = answer.json()
    assert answer.status == 201
    assert (made["principalType"], made["resourceDisplayName"], made["appRoleId"]) == (
        "ServicePrincipal",
        "Microsoft Graph",
        HUNT,
    )
    for path in (
        f"servicePrincipals/{mine['id']}/appRoleAssignments",
        f"servicePrincipals(appId='{GRAPH}')/appRoleAssignedTo",
    ):
        assert made["id"] in {
            one["id"] for one in desk.graph(customer, "GET", path).json()["value"]
        }
    only = desk.graph(
        customer,
        "GET",
        f"servicePrincipals/{mine['id']}/appRoleAssignments",
        {"$filter": f"resourceId eq {graph['id']}"},
    ).json()["value"]
    assert len(only) == 3
    none = desk.graph(
        customer,
        "GET",
        f"servicePrincipals/{mine['id']}/appRoleAssignments",
        {"$filter": f"resourceId eq {uuid.uuid4()}"},
    ).json()["value"]
    assert none == []
    again = desk.graph(
        customer, "POST", f"servicePrincipals/{mine['id']}/appRoleAssignments", body=body
    )
    assert (again.status, again.error()["message"]) == (
        400,
        "Permission being assigned already exists on the object",
    )
    assert (
        desk.graph(
            customer, "DELETE", f"servicePrincipals/{graph['id']}/appRoleAssignedTo/{made['id']}"
        ).status
        == 204
    )
    assert (
        desk.graph(
            customer, "DELETE", f"servicePrincipals/{graph['id']}/appRoleAssignedTo/{made['id']}"
        ).status
        == 404
    )


@pytest.mark.parametrize(
    ("change", "status", "text"),
    [
        (
            {"appRoleId": "11111111-2222-4333-8444-555555555555"},
            400,
            "Permission being assigned was not found on application",
        ),
        ({"appRoleId": None}, 400, "appRoleId"),
        ({"resourceId": "11111111-2222-4333-8444-555555555555"}, 404, "does not exist"),
        (
            {"principalId": "11111111-2222-4333-8444-555555555555"},
            400,
            "Not a valid reference update.",
        ),
    ],
)
def test_a_grant_that_is_refused(desk, customer, change, status, text) -> None:
    mine, graph = principal(desk, customer, desk.app.client_id), principal(desk, customer, GRAPH)
    body = {"principalId": mine["id"], "resourceId": graph["id"], "appRoleId": HUNT, **change}
    answer = desk.graph(
        customer, "POST", f"servicePrincipals/{mine['id']}/appRoleAssignments", body=body
    )
    assert answer.status == status
    assert text in answer.error()["message"]


@pytest.mark.parametrize(
    ("roles", "status"),
    [
        (["AppRoleAssignment.ReadWrite.All"], 403),
        (["Application.Read.All"], 403),
        (["Application.ReadWrite.All"], 403),
        (["AppRoleAssignment.ReadWrite.All", "Application.Read.All"], 201),
        (["AppRoleAssignment.ReadWrite.All", "Directory.Read.All"], 201),
    ],
)
def test_a_grant_needs_both_roles(desk, tenant, roles, status) -> None:
    desk.become(tenant, roles={"graph": roles})
    mine, graph = tenant.roster.by_app(desk.app.client_id).id, tenant.roster.by_app(GRAPH).id
    body = {"principalId": mine, "resourceId": graph, "appRoleId": HUNT}
    assert (
        desk.graph(tenant, "POST", f"servicePrincipals/{mine}/appRoleAssignments", body=body).status
        == status
    )


def test_an_owners_role_makes_principals_of_apps_at_home_only(desk, tenant) -> None:
    desk.become(tenant, roles={"graph": ["Application.ReadWrite.OwnedBy"]})
    app = desk.registered(f"owners {uuid.uuid4()}")
    answer = desk.graph(tenant, "POST", "servicePrincipals", body={"appId": app["appId"]})
    assert (answer.status, answer.error()["code"]) == (403, "Authorization_RequestDenied")
    own = desk.graph(tenant, "POST", "applications", body={"displayName": "own"}).json()
    assert (
        desk.graph(tenant, "POST", "servicePrincipals", body={"appId": own["appId"]}).status == 201
    )
    graph = tenant.roster.by_app(GRAPH).id
    assert desk.graph(tenant, "DELETE", f"servicePrincipals/{graph}").status == 403


def test_a_fresh_object_is_not_there_for_the_next_readers(desk, customer) -> None:
    assert (
        desk.control("POST", "consistency", body={"tenant": customer.id, "reads": 2}).json()[
            "reads"
        ]
        == 2
    )
    app = desk.registered(f"late {uuid.uuid4()}")
    made = desk.graph(customer, "POST", "servicePrincipals", body={"appId": app["appId"]}).json()
    path = f"servicePrincipals/{made['id']}"
    assert [desk.graph(customer, "GET", path).status for unused in range(3)] == [404, 404, 200]
    body = {
        "principalId": made["id"],
        "resourceId": principal(desk, customer, GRAPH)["id"],
        "appRoleId": HUNT,
    }
    assert desk.graph(customer, "POST", f"{path}/appRoleAssignments", body=body).status == 201
    counts = [
        len(desk.graph(customer, "GET", f"{path}/appRoleAssignments").json()["value"])
        for unused in range(3)
    ]
    assert counts == [0, 0, 1]
    assert (
        desk.graph(customer, "POST", f"{path}/appRoleAssignments", body=body)
        .error()["message"]
        .startswith("Permission being assigned already exists")
    )


def test_a_late_list_does_not_hide_what_was_there_before(desk, customer) -> None:
    before = len(desk.graph(customer, "GET", "servicePrincipals").json()["value"])
    desk.control("POST", "consistency", body={"tenant": customer.id, "reads": 1})
    app = desk.registered(f"later {uuid.uuid4()}")
    desk.graph(customer, "POST", "servicePrincipals", body={"appId": app["appId"]})
    assert [
        len(desk.graph(customer, "GET", "servicePrincipals").json()["value"]) for unused in range(2)
    ] == [before, before + 1]
