# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Graph's origin answers fits Microsoft's own description of it, where that description is at
hand."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest

jsonschema = pytest.importorskip("jsonschema")
SCHEMA = Path(__file__).parents[4] / "shared" / "reference" / "graph-openapi" / "graph-v1.0.json"


def _translated(node: t.Any) -> t.Any:
    """OpenAPI 3.0 in JSON Schema: ``nullable`` becomes a type."""
    if isinstance(node, list):
        return [_translated(one) for one in node]
    if not isinstance(node, dict):
        return node
    made = {name: _translated(value) for name, value in node.items() if name != "nullable"}
    if node.get("nullable") and "type" in made:
        made["type"] = [made["type"], "null"]
    return made


@pytest.fixture(scope="module")
def document() -> t.Any:
    if not SCHEMA.exists():
        pytest.skip("the cut-down OpenAPI description of Microsoft Graph is not at hand")
    return _translated(json.loads(SCHEMA.read_text(encoding="utf-8")))


def _validator(document: t.Any, path: str) -> t.Any:
    operation = document["paths"][path]["post" if "run" in path else "get"]
    schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
    return jsonschema.Draft202012Validator({**schema, "components": document["components"]})


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/security/incidents", ""),
        ("/security/incidents", "$expand=alerts&$count=true&$top=5"),
        ("/security/alerts_v2", ""),
    ],
)
def test_lists_fit(desk, tenant, document, path, query) -> None:
    body = desk.call("graph", tenant, "GET", f"/v1.0{path}", query).json()
    assert body["value"]
    _validator(document, path).validate(body)


def test_a_hunt_fits(desk, tenant, document) -> None:
    body = desk.call(
        "graph",
        tenant,
        "POST",
        "/v1.0/security/runHuntingQuery",
        body={"Query": "DeviceInfo | take 5"},
    ).json()
    _validator(document, "/security/runHuntingQuery").validate(body)


def test_properties_are_all_known(desk, tenant, document) -> None:
    """JSON Schema lets unknown properties pass; a stand-in must not make any up."""
    schemas = document["components"]["schemas"]

    def names(key: str) -> set[str]:
        found: set[str] = set()
        for part in schemas[key].get("allOf", [schemas[key]]):
            found |= (
                names(part["$ref"].rpartition("/")[2])
                if "$ref" in part
                else set(part.get("properties", {}))
            )
        return found

    allowed = names("microsoft.graph.security.incident")
    for incident in desk.call(
        "graph", tenant, "GET", "/v1.0/security/incidents", "$expand=alerts"
    ).json()["value"]:
        assert {name for name in incident if not name.startswith("@")} <= allowed
        for alert in incident["alerts"]:
            assert {name for name in alert if not name.startswith("@")} <= names(
                "microsoft.graph.security.alert"
            )
            for evidence in alert["evidence"]:
                kind = evidence["@odata.type"].removeprefix("#")
                assert {name for name in evidence if not name.startswith("@")} <= names(kind), kind


# what the service and the reference's own example send beyond the metadata
UNTOLD = {"servicePrincipal": {"createdDateTime", "publisherName"}}


def _schema_of(document: t.Any, path: str, method: str, status: str) -> t.Any:
    schema = document["paths"][path][method]["responses"][status]["content"]["application/json"][
        "schema"
    ]
    return jsonschema.Draft202012Validator(
        {**schema, "components": document["components"]}, format_checker=jsonschema.FormatChecker()
    )


def _fits(
    document: t.Any, path: str, name: str, answer: t.Any, method: str = "get", status: int = 200
) -> None:
    """By its schema, and with no property that the type does not have."""
    body = answer.json()
    assert answer.status == status, body
    _schema_of(document, path, method, str(status)).validate(body)
    schemas = document["components"]["schemas"]

    def names(key: str) -> set[str]:
        parts = schemas[key].get("allOf", [schemas[key]])
        return set().union(
            *(
                names(part["$ref"].rpartition("/")[2])
                if "$ref" in part
                else set(part.get("properties", {}))
                for part in parts
            )
        )

    rows = body.get("value", [body])
    assert rows
    for row in rows:
        assert {one for one in row if not one.startswith("@")} <= names(
            f"microsoft.graph.{name}"
        ) | UNTOLD.get(name, set())


def test_applications_and_their_credentials_fit(desk, document) -> None:
    app = desk.registered("schema", web={"redirectUris": ["https://a.example/done"]})
    where, path = f"applications/{app['id']}", "/applications/{applicationId}"
    _fits(document, "/applications", "application", desk.home("GET", "applications"))
    _fits(
        document,
        "/applications",
        "application",
        desk.home("POST", "applications", body={"displayName": "schema 2"}),
        "post",
        201,
    )
    body = {"passwordCredential": {"displayName": "one"}}
    _fits(
        document,
        f"{path}/addPassword",
        "passwordCredential",
        desk.home("POST", f"{where}/addPassword", body=body),
        "post",
    )
    federated = {
        "name": "n",
        "issuer": "https://ci.example",
        "subject": "s",
        "audiences": ["api://AzureADTokenExchange"],
    }
    under = f"{path}/federatedIdentityCredentials"
    _fits(
        document,
        under,
        "federatedIdentityCredential",
        desk.home("POST", f"{where}/federatedIdentityCredentials", body=federated),
        "post",
        201,
    )
    _fits(
        document,
        under,
        "federatedIdentityCredential",
        desk.home("GET", f"{where}/federatedIdentityCredentials"),
    )
    _fits(
        document,
        "/applications(appId='{appId}')",
        "application",
        desk.home("GET", f"applications(appId='{desk.app.client_id}')"),
    )


def test_principals_and_grants_fit(desk, document) -> None:
    _fits(document, "/servicePrincipals", "servicePrincipal", desk.home("GET", "servicePrincipals"))
    app = desk.registered("schema principal")
    made = desk.home("POST", "servicePrincipals", body={"appId": app["appId"]})
    _fits(document, "/servicePrincipals", "servicePrincipal", made, "post", 201)
    mine = made.json()["id"]
    graph = desk.lab.directory.partner.roster.by_app("00000003-0000-0000-c000-000000000000").id
    body = {
        "principalId": mine,
        "resourceId": graph,
        "appRoleId": "dd98c7f5-2d42-42d3-a0e4-633161547251",
    }
    path = "/servicePrincipals/{servicePrincipalId}"
    granted = desk.home("POST", f"servicePrincipals/{mine}/appRoleAssignments", body=body)
    _fits(document, f"{path}/appRoleAssignments", "appRoleAssignment", granted, "post", 201)
    _fits(
        document,
        f"{path}/appRoleAssignments",
        "appRoleAssignment",
        desk.home("GET", f"servicePrincipals/{mine}/appRoleAssignments"),
    )
    _fits(
        document,
        f"{path}/appRoleAssignedTo",
        "appRoleAssignment",
        desk.home("GET", f"servicePrincipals/{graph}/appRoleAssignedTo"),
    )


def test_the_books_fit(desk, document) -> None:
    at = "tenantRelationships"
    _fits(document, "/organization", "organization", desk.home("GET", "organization"))
    _fits(document, "/contracts", "contract", desk.home("GET", "contracts"))
    _fits(
        document,
        f"/{at}/delegatedAdminCustomers",
        "delegatedAdminCustomer",
        desk.home("GET", f"{at}/delegatedAdminCustomers"),
    )
    _fits(
        document,
        f"/{at}/delegatedAdminRelationships",
        "delegatedAdminRelationship",
        desk.home("GET", f"{at}/delegatedAdminRelationships", "$top=300"),
    )
    own = f"{at}/findTenantInformationByTenantId(tenantId='{desk.lab.directory.partner.id}')"
    _fits(
        document,
        f"/{at}/findTenantInformationByTenantId(tenantId='{{tenantId}}')",
        "tenantInformation",
        desk.home("GET", own),
    )
