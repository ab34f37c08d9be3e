# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One directory: what Graph writes is what the token end point goes by."""

from __future__ import annotations

import base64
import hashlib
import time
import uuid

import jwt
import pytest
from defender_lab.certificates import Pair, authority, client

KIND = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
GRAPH, MTP = "00000003-0000-0000-c000-000000000000", "8ee8fdad-f234-4243-8f3b-15c294843740"
ROLES = {
    "SecurityIncident.Read.All": "45cc0394-e837-488b-a098-1918f48d186c",
    "ThreatHunting.Read.All": "dd98c7f5-2d42-42d3-a0e4-633161547251",
}
API_CONSENT = ["AppRoleAssignment.ReadWrite.All", "Application.ReadWrite.All"]


@pytest.fixture
def app(desk):
    return desk.registered(f"token {uuid.uuid4()}")


@pytest.fixture
def customer(desk, tenant):
    """A tenant where the provider may consent by API."""
    desk.become(tenant, personality="consent_by_api")
    return tenant


def secret(desk, app) -> str:
    return str(
        desk.home("POST", f"applications/{app['id']}/addPassword", body={}).json()["secretText"]
    )


def ask(desk, tenant, app, **changes):
    return desk.ask_token(tenant.id, client_id=app["appId"], **changes)


def codes(answer) -> list[int]:
    return list(answer.json()["error_codes"])


def roles(answer) -> list[str]:
    assert answer.status == 200, answer.json()
    return list(
        jwt.decode(answer.json()["access_token"], options={"verify_signature": False}).get(
            "roles", []
        )
    )


def let_in(desk, tenant, app) -> str:
    answer = desk.graph(tenant, "POST", "servicePrincipals", body={"appId": app["appId"]})
    assert answer.status == 201, answer.json()
    return str(answer.json()["id"])


def principal_of(desk, tenant, app_id: str) -> str:
    return str(desk.graph(tenant, "GET", f"servicePrincipals(appId='{app_id}')").json()["id"])


def test_no_token_without_a_principal_and_roles_as_they_are_granted(desk, customer, app) -> None:
    text = secret(desk, app)
    refused = ask(desk, customer, app, client_secret=text)
    assert (refused.status, codes(refused)) == (400, [700016])
    mine = let_in(desk, customer, app)
    assert roles(ask(desk, customer, app, client_secret=text)) == []
    graph = principal_of(desk, customer, GRAPH)
    grants = {}
    for number, (name, role) in enumerate(ROLES.items(), 1):
        body = {"principalId": mine, "resourceId": graph, "appRoleId": role}
        grants[name] = desk.graph(
            customer, "POST", f"servicePrincipals/{mine}/appRoleAssignments", body=body
        ).json()["id"]
        assert roles(ask(desk, customer, app, client_secret=text)) == list(ROLES)[:number]
    assert (
        desk.graph(
            customer,
            "DELETE",
            f"servicePrincipals/{mine}/appRoleAssignments/{grants['ThreatHunting.Read.All']}",
        ).status
        == 204
    )
    assert roles(ask(desk, customer, app, client_secret=text)) == ["SecurityIncident.Read.All"]
    assert desk.graph(customer, "DELETE", f"servicePrincipals/{mine}").status == 204
    assert codes(ask(desk, customer, app, client_secret=text)) == [700016]


def test_the_new_app_reads_incidents(desk, customer, app) -> None:
    mine = let_in(desk, customer, app)
    body = {
        "principalId": mine,
        "resourceId": principal_of(desk, customer, GRAPH),
        "appRoleId": ROLES["SecurityIncident.Read.All"],
    }
    desk.graph(customer, "POST", f"servicePrincipals/{mine}/appRoleAssignments", body=body)
    token = ask(desk, customer, app, client_secret=secret(desk, app)).json()["access_token"]
    answer = desk.send(
        "graph", "GET", "/v1.0/security/incidents", headers={"Authorization": f"Bearer {token}"}
    )
    assert answer.status == 200
    assert answer.json()["value"]
    claims = jwt.decode(token, options={"verify_signature": False})
    assert (claims["appid"], claims["app_displayname"], claims["oid"]) == (
        app["appId"],
        app["displayName"],
        mine,
    )


def test_at_home_an_app_needs_its_principal_as_well(desk, app) -> None:
    partner, text = desk.lab.directory.partner, secret(desk, app)
    refused = ask(desk, partner, app, client_secret=text)
    assert (refused.status, codes(refused)) == (401, [7000229])
    assert desk.home("POST", "servicePrincipals", body={"appId": app["appId"]}).status == 201
    assert ask(desk, partner, app, client_secret=text).status == 200


def test_a_removed_secret_a_foreign_one_and_an_expired_one(desk, customer, app) -> None:
    let_in(desk, customer, app)
    told = desk.home("POST", f"applications/{app['id']}/addPassword", body={}).json()
    assert ask(desk, customer, app, client_secret=told["secretText"]).status == 200
    assert codes(ask(desk, customer, app)) == [7000215]
    desk.lab.directory.registrations.find(app["appId"]).passwords[0].record["endDateTime"] = (
        "2020-01-01T00:00:00Z"
    )
    assert codes(ask(desk, customer, app, client_secret=told["secretText"])) == [7000222]
    desk.home("POST", f"applications/{app['id']}/removePassword", body={"keyId": told["keyId"]})
    assert codes(ask(desk, customer, app, client_secret=told["secretText"])) == [7000215]


def signed(pair: Pair, tenant, app) -> str:
    now = int(time.time())
    claims = {
        "aud": f"https://127.0.0.1:8443/{tenant.id}/oauth2/v2.0/token",
        "iss": app["appId"],
        "sub": app["appId"],
        "nbf": now - 1,
        "exp": now + 600,
    }
    thumb = base64.urlsafe_b64encode(hashlib.sha256(pair.der).digest()).rstrip(b"=").decode()
    return jwt.encode(
        {**claims, "jti": str(uuid.uuid4())},
        pair.key,
        algorithm="PS256",
        headers={"x5t#S256": thumb},
    )


def test_a_certificate_is_good_as_long_as_it_is_listed(desk, customer, app) -> None:
    let_in(desk, customer, app)
    pair = client(authority("Own CA"), "own.partner.example")
    asked = {"client_secret": None, "client_assertion_type": KIND}
    assert codes(
        ask(desk, customer, app, client_assertion=signed(pair, customer, app), **asked)
    ) == [700027]
    entry = {
        "type": "AsymmetricX509Cert",
        "usage": "Verify",
        "key": base64.b64encode(pair.der).decode(),
    }
    assert (
        desk.home("PATCH", f"applications/{app['id']}", body={"keyCredentials": [entry]}).status
        == 204
    )
    assert (
        ask(desk, customer, app, client_assertion=signed(pair, customer, app), **asked).status
        == 200
    )
    assert (
        desk.home("PATCH", f"applications/{app['id']}", body={"keyCredentials": []}).status == 204
    )
    assert codes(
        ask(desk, customer, app, client_assertion=signed(pair, customer, app), **asked)
    ) == [700027]


def test_a_federated_credential_has_to_match_in_issuer_audience_and_subject(
    desk, customer, app
) -> None:
    let_in(desk, customer, app)
    outside = desk.app.federation
    asked = {
        "client_secret": None,
        "client_assertion_type": KIND,
        "client_assertion": outside.assertion(),
    }
    assert codes(ask(desk, customer, app, **asked)) == [700211]
    where = f"applications/{app['id']}/federatedIdentityCredentials"
    body = {
        "name": "one",
        "issuer": outside.issuer,
        "subject": "repo:other",
        "audiences": ["api://other"],
    }
    made = desk.home("POST", where, body=body).json()["id"]
    assert codes(ask(desk, customer, app, **asked)) == [700212]
    desk.home("PATCH", f"{where}/{made}", body={"audiences": [outside.audience]})
    assert codes(ask(desk, customer, app, **asked)) == [700213]
    desk.home("PATCH", f"{where}/{made}", body={"subject": outside.subject})
    assert ask(desk, customer, app, **asked).status == 200
    desk.home("DELETE", f"{where}/{made}")
    assert codes(ask(desk, customer, app, **asked)) == [700211]


def test_an_app_that_is_deleted_or_disabled_gets_no_token(desk, customer, app) -> None:
    mine, text = let_in(desk, customer, app), secret(desk, app)
    assert (
        desk.graph(
            customer, "PATCH", f"servicePrincipals/{mine}", body={"accountEnabled": False}
        ).status
        == 204
    )
    assert codes(ask(desk, customer, app, client_secret=text)) == [7000112]
    desk.graph(customer, "PATCH", f"servicePrincipals/{mine}", body={"accountEnabled": True})
    assert ask(desk, customer, app, client_secret=text).status == 200
    desk.home("DELETE", f"applications/{app['id']}")
    assert codes(ask(desk, customer, app, client_secret=text)) == [700016]


def test_the_houses_own_app_is_one_of_that_directory(desk) -> None:
    app = desk.home("GET", f"applications(appId='{desk.app.client_id}')").json()
    assert {one["displayName"] for one in app["passwordCredentials"]} == {"automation", "old"}
    assert len(app["keyCredentials"]) == 2
    wanted = {
        one["resourceAppId"]: len(one["resourceAccess"]) for one in app["requiredResourceAccess"]
    }
    assert wanted == {GRAPH: 4, MTP: 2, "fc780465-2017-40d4-a0c5-307022471b92": 14}
    assert desk.app.secret not in str(app)


def test_what_is_fresh_counts_for_tokens_after_some_requests(desk, customer, app) -> None:
    """A principal, a role, a secret: each is late by itself."""
    text, mine = secret(desk, app), let_in(desk, customer, app)
    desk.control("POST", "consistency", body={"tenant": customer.id, "tokens": 2})
    body = {
        "principalId": mine,
        "resourceId": principal_of(desk, customer, GRAPH),
        "appRoleId": ROLES["ThreatHunting.Read.All"],
    }
    desk.graph(customer, "POST", f"servicePrincipals/{mine}/appRoleAssignments", body=body)
    assert [roles(ask(desk, customer, app, client_secret=text)) for unused in range(3)] == [
        [],
        [],
        ["ThreatHunting.Read.All"],
    ]
    desk.graph(customer, "DELETE", f"servicePrincipals/{mine}")
    let_in(desk, customer, app)
    assert [ask(desk, customer, app, client_secret=text).status for unused in range(3)] == [
        400,
        400,
        200,
    ]
    partner = desk.lab.directory.partner
    desk.control("POST", "consistency", body={"tenant": partner.id, "tokens": 1})
    late = secret(desk, app)
    desk.control("POST", "consistency", body={"tenant": partner.id})
    assert [ask(desk, customer, app, client_secret=late).status for unused in range(2)] == [
        401,
        200,
    ]
