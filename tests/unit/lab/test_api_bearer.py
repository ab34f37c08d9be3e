# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every API call is held against its token: signature, life, audience, tenant, roles, licence."""

from __future__ import annotations

import time

import pytest
from defender_lab.tenants.resources import GRAPH

LIST = {"graph": "/v1.0/security/incidents", "xdr": "/api/incidents"}


def get(desk, origin, token):
    return desk.send(origin, "GET", LIST[origin], headers={"Authorization": token} if token else {})


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("", "Access token is empty."),
        ("Basic dXNlcjpwYXNz", "Access token is empty."),
        ("Bearer rubbish", "IDX14100: JWT is not well formed, there are no dots (.)."),
    ],
)
def test_graph_refuses_what_is_no_token(desk, header, message) -> None:
    answer = get(desk, "graph", header)
    assert answer.status == 401
    assert (answer.error()["code"], answer.error()["message"]) == (
        "InvalidAuthenticationToken",
        message,
    )
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_token_with_another_signature_is_refused(desk, tenant) -> None:
    head, payload, _unused = desk.token(tenant).split(".")
    forged = f"{head}.{payload}.{desk.token(tenant, 'xdr').split('.')[2]}"
    assert get(desk, "graph", f"Bearer {forged}").status == 401
    assert get(desk, "graph", f"Bearer {forged}").error()["code"] == "InvalidAuthenticationToken"


def test_an_expired_token_is_refused(desk, tenant) -> None:
    past = int(time.time()) - 10
    claims = {
        "aud": "https://graph.microsoft.com",
        "tid": tenant.id,
        "nbf": past - 3600,
        "exp": past,
        "roles": ["SecurityIncident.Read.All"],
    }
    answer = get(desk, "graph", f"Bearer {desk.lab.issuer.sign(claims, GRAPH)}")
    assert (answer.status, answer.error()["message"]) == (
        401,
        "Lifetime validation failed, the token is expired.",
    )


@pytest.mark.parametrize("origin", ["xdr", "endpoint"])
def test_graph_refuses_a_defender_audience(desk, tenant, origin) -> None:
    answer = get(desk, "graph", f"Bearer {desk.token(tenant, origin)}")
    assert answer.status == 401
    assert (answer.error()["code"], answer.error()["message"]) == (
        "InvalidAuthenticationToken",
        "Access token validation failure. Invalid audience.",
    )


def test_the_defender_api_refuses_a_graph_token(desk, tenant) -> None:
    answer = get(desk, "xdr", f"Bearer {desk.token(tenant)}")
    assert (answer.status, answer.error()["code"]) == (401, "Unauthorized")
    assert set(answer.error()) == {"code", "message", "target"}


def test_the_sister_apis_token_lacks_the_roles(desk, tenant) -> None:
    answer = get(desk, "xdr", f"Bearer {desk.token(tenant, 'endpoint')}")
    assert (answer.status, answer.error()["code"]) == (403, "Forbidden")
    assert answer.error()["message"].startswith(
        "Missing application roles. API required roles: Incident.Read.All,Incident.ReadWrite.All,"
        " application roles: "
    )


def test_a_missing_role_is_named_with_those_there_are(desk, tenant) -> None:
    desk.become(tenant, roles={"graph": ["User.Read.All", "ThreatHunting.Read.All"]})
    answer = desk.call("graph", tenant, "GET", LIST["graph"])
    assert answer.status == 403
    error = answer.error()
    assert error["code"] == "Forbidden"
    wanted = "SecurityIncident.Read.All,SecurityIncident.ReadWrite.All"
    assert error["message"] == (
        f"Missing application roles. API required roles: {wanted}, application roles:"
        " User.Read.All,ThreatHunting.Read.All."
    )
    assert set(error["innerError"]) == {"date", "request-id", "client-request-id"}


def test_no_roles_at_all(desk, tenant) -> None:
    desk.become(tenant, roles={"xdr": []})
    answer = desk.call("xdr", tenant, "GET", LIST["xdr"])
    assert answer.error()["message"] == (
        "Missing application roles. API required roles:"
        " Incident.Read.All,Incident.ReadWrite.All, application roles: ."
    )


def test_reading_is_no_right_to_write(desk, tenant) -> None:
    desk.become(tenant, roles={"graph": ["SecurityIncident.Read.All"]})
    first = desk.call("graph", tenant, "GET", LIST["graph"]).json()["value"][0]["id"]
    answer = desk.call(
        "graph", tenant, "PATCH", f"{LIST['graph']}/{first}", body={"status": "resolved"}
    )
    assert (answer.status, answer.error()["code"]) == (403, "Forbidden")


def test_a_tenant_without_defender(desk, tenant) -> None:
    desk.become(tenant, provisioned=False)
    graph = desk.call("graph", tenant, "GET", LIST["graph"])
    assert (graph.status, graph.error()["message"]) == (
        403,
        "Unauthorized request - Account is not provisioned.",
    )
    xdr = desk.call("xdr", tenant, "GET", LIST["xdr"])
    assert (xdr.status, xdr.error()["message"]) == (
        401,
        "Unauthorized request - reason of failure: Account mode is inactive",
    )


def test_a_token_opens_its_own_tenant_only(desk, tenant, other) -> None:
    mine = desk.call("graph", tenant, "GET", LIST["graph"]).json()["value"]
    theirs = desk.call("graph", other, "GET", LIST["graph"]).json()["value"]
    assert {one["tenantId"] for one in mine} == {tenant.id}
    assert {one["tenantId"] for one in theirs} == {other.id}


@pytest.mark.parametrize(
    ("origin", "path"),
    [
        ("graph", "/v1.0/users"),
        ("graph", "/beta/security/incidents"),
        ("endpoint", "/api/indicators"),
    ],
)
def test_what_the_lab_lacks_is_a_501(desk, tenant, origin, path) -> None:
    answer = desk.call(origin, tenant, "GET", path)
    assert answer.status == 501
    assert "not supported by the lab" in answer.error()["message"]


def test_ids_of_a_request_come_back(desk, tenant) -> None:
    answer = desk.call(
        "graph",
        tenant,
        "GET",
        LIST["graph"],
        headers={"client-request-id": "5b6d1d8a-3a06-4d94-9d6a-53a0a0c3a111"},
    )
    assert answer.headers["client-request-id"] == "5b6d1d8a-3a06-4d94-9d6a-53a0a0c3a111"
    assert len(answer.headers["request-id"]) == 36
