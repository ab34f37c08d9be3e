# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The token end point with a secret: what it gives, and what it refuses with which code."""

from __future__ import annotations

import base64
import json
import re
import time
import typing as t

import jwt
import pytest

NOBODY = "99999999-9999-4999-8999-999999999999"


def claims_of(token: str) -> dict[str, t.Any]:
    return jwt.decode(token, options={"verify_signature": False})


def test_a_secret_gives_a_token_of_that_tenant_with_its_roles(desk, tenant) -> None:
    answer = desk.ask_token(tenant.id)
    body = answer.json()
    assert answer.status == 200
    assert set(body) == {"token_type", "expires_in", "ext_expires_in", "access_token"}
    assert body["token_type"] == "Bearer"
    assert isinstance(body["expires_in"], int)
    claims = claims_of(body["access_token"])
    assert claims["aud"] == "https://graph.microsoft.com"
    assert claims["iss"] == f"https://sts.windows.net/{tenant.id}/"
    assert (claims["tid"], claims["appid"], claims["appidacr"], claims["ver"]) == (
        tenant.id,
        desk.app.client_id,
        "1",
        "1.0",
    )
    assert "SecurityIncident.Read.All" in claims["roles"]
    assert claims["oid"] == claims["sub"]
    assert 3600 <= claims["exp"] - claims["iat"] <= 5400
    assert abs(claims["iat"] - time.time()) < 60


def test_the_v1_url_answers_strings(desk, tenant) -> None:
    body = desk.ask_token(
        tenant.id, version="", scope=None, resource="https://api.security.microsoft.com"
    ).json()
    assert isinstance(body["expires_in"], str)
    assert isinstance(body["expires_on"], str)
    assert body["resource"] == "https://api.security.microsoft.com"
    assert claims_of(body["access_token"])["exp"] == int(body["expires_on"])


@pytest.mark.parametrize(
    ("asked", "role"),
    [
        ("https://api.security.microsoft.com", "Incident.ReadWrite.All"),
        ("https://api.securitycenter.microsoft.com", "Machine.Isolate"),
        ("https://api.securitycenter.windows.com", "Machine.Isolate"),
        ("https://securitycenter.onmicrosoft.com/windowsatpservice", "Machine.Isolate"),
        ("fc780465-2017-40d4-a0c5-307022471b92", "Machine.Isolate"),
        ("https://graph.microsoft.com/", "SecurityIncident.Read.All"),
    ],
)
def test_an_alias_carries_the_audience_asked_for_and_the_roles_of_its_resource(
    desk, tenant, asked, role
) -> None:
    claims = claims_of(desk.ask_token(tenant.id, scope=f"{asked}/.default").json()["access_token"])
    assert claims["aud"] == asked
    assert role in claims["roles"]


def test_a_token_without_grants_has_no_roles_claim(desk, tenant) -> None:
    desk.become(tenant, roles={"graph": []})
    answer = desk.ask_token(tenant.id)
    assert answer.status == 200
    assert "roles" not in claims_of(answer.json()["access_token"])


def test_a_tenant_goes_by_its_domain_too(desk, tenant) -> None:
    assert claims_of(desk.ask_token(tenant.domain).json()["access_token"])["tid"] == tenant.id


def test_the_token_is_reused_while_young_and_renewed_after_a_consent_change(desk, tenant) -> None:
    first = desk.token(tenant)
    assert desk.token(tenant) == first
    desk.become(tenant, roles={"graph": ["SecurityIncident.Read.All"]})
    assert claims_of(desk.token(tenant))["roles"] == ["SecurityIncident.Read.All"]


def test_a_defender_token_verifies_against_the_published_keys(desk, tenant) -> None:
    keys = jwt.PyJWKSet.from_dict(
        desk.send("login", "GET", f"/{tenant.id}/discovery/v2.0/keys").json()
    )
    token = desk.token(tenant, "xdr")
    key = keys[jwt.get_unverified_header(token)["kid"]]
    claims = jwt.decode(
        token, key, algorithms=["RS256"], audience="https://api.security.microsoft.com"
    )
    assert claims["tid"] == tenant.id


def test_a_graph_token_cannot_be_verified_by_others(desk, tenant) -> None:
    keys = jwt.PyJWKSet.from_dict(
        desk.send("login", "GET", f"/{tenant.id}/discovery/v2.0/keys").json()
    )
    token = desk.token(tenant)
    header = jwt.get_unverified_header(token)
    assert "nonce" in header
    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(
            token, keys[header["kid"]], algorithms=["RS256"], audience="https://graph.microsoft.com"
        )


def test_an_error_has_the_documented_shape(desk, tenant) -> None:
    answer = desk.ask_token(tenant.id, client_secret="not-the-secret-of-this-application-at-all")
    body = answer.json()
    assert answer.status == 401
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    assert set(body) == {
        "error",
        "error_description",
        "error_codes",
        "timestamp",
        "trace_id",
        "correlation_id",
        "error_uri",
    }
    assert body["error"] == "invalid_client"
    assert body["error_codes"] == [7000215]
    text = (
        "AADSTS7000215: Invalid client secret provided. Ensure the secret being sent in the"
        " request is the client secret value, not the client secret ID, for a secret added to app"
        f" '{desk.app.client_id}'."
    )
    lines = body["error_description"].split("\r\n")
    assert lines == [
        text,
        f"Trace ID: {body['trace_id']}",
        f"Correlation ID: {body['correlation_id']}",
        f"Timestamp: {body['timestamp']}",
    ]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ", body["timestamp"])
    assert body["error_uri"] == "https://login.microsoftonline.com/error?code=7000215"


@pytest.mark.parametrize(
    ("changes", "status", "error", "code"),
    [
        ({"client_secret": None}, 401, "invalid_client", 7000218),
        ({"client_secret": ""}, 401, "invalid_client", 7000218),
        ({"client_secret": "wrong-wrong-wrong-wrong"}, 401, "invalid_client", 7000215),
        ({"grant_type": None}, 400, "invalid_request", 900144),
        ({"client_id": None}, 400, "invalid_request", 900144),
        ({"scope": None}, 400, "invalid_request", 900144),
        ({"grant_type": "made_up"}, 400, "unsupported_grant_type", 70003),
        ({"resource": "https://graph.microsoft.com"}, 400, "invalid_request", 901002),
        (
            {"scope": "https://graph.microsoft.com/SecurityIncident.Read.All"},
            400,
            "invalid_scope",
            1002012,
        ),
        ({"scope": "https://graph.microsoft.com/.default openid"}, 400, "invalid_scope", 1002012),
        ({"scope": "https%3A%2F%2Fgraph.microsoft.com%2F.default"}, 400, "invalid_scope", 1002012),
        (
            {
                "scope": (
                    "https://graph.microsoft.com/.default"
                    " https://api.security.microsoft.com/.default"
                )
            },
            400,
            "invalid_scope",
            28002,
        ),
        ({"scope": "/.default"}, 400, "invalid_scope", 70011),
        ({"scope": "https://unheard.of.example/.default"}, 400, "invalid_resource", 500011),
        ({"client_id": NOBODY}, 400, "unauthorized_client", 700016),
    ],
)
def test_a_bad_request_is_refused_with_its_code(desk, tenant, changes, status, error, code) -> None:
    answer = desk.ask_token(tenant.id, **changes)
    assert (answer.status, answer.json()["error"], answer.json()["error_codes"]) == (
        status,
        error,
        [code],
    )
    assert answer.json()["error_description"].startswith(f"AADSTS{code}: ")


def test_the_expired_secret_is_told_from_a_wrong_one(desk, tenant) -> None:
    body = desk.ask_token(tenant.id, client_secret=desk.app.expired_secret).json()
    assert body["error_codes"] == [7000222]
    assert (
        f"The provided client secret keys for app '{desk.app.client_id}' are expired."
        in body["error_description"]
    )


@pytest.mark.parametrize(
    ("name", "code"),
    [
        (NOBODY, 90002),
        ("nobody.example", 90002),
        ("not a tenant", 900023),
        ("12345", 900023),
        ("common", 9001023),
        ("organizations", 9001023),
    ],
)
def test_a_tenant_that_is_none_is_refused(desk, name, code) -> None:
    answer = desk.ask_token(name)
    assert (answer.status, answer.json()["error"], answer.json()["error_codes"]) == (
        400,
        "invalid_request",
        [code],
    )


def test_an_app_without_consent_is_unknown_in_the_directory(desk, tenant) -> None:
    desk.become(tenant, consented=False)
    body = desk.ask_token(tenant.id).json()
    assert (body["error"], body["error_codes"]) == ("unauthorized_client", [700016])
    start = (
        f"AADSTS700016: Application with identifier '{desk.app.client_id}' was not found in"
        f" the directory '{tenant.id}'. "
    )
    assert body["error_description"].startswith(start)
    assert (
        "You may have sent your authentication request to the wrong tenant."
        in body["error_description"]
    )


def test_a_resource_the_tenant_lacks_is_named_with_the_tenant(desk, tenant) -> None:
    desk.become(tenant, resources_absent=["xdr"])
    body = desk.ask_token(tenant.id, scope="https://api.security.microsoft.com/.default").json()
    assert (body["error"], body["error_codes"]) == ("invalid_resource", [500011])
    start = (
        "AADSTS500011: The resource principal named https://api.security.microsoft.com was"
        f" not found in the tenant named {tenant.name}. "
    )
    assert body["error_description"].startswith(start)
    assert desk.ask_token(tenant.id).status == 200


def test_only_post_and_only_forms(desk, tenant) -> None:
    path = f"/{tenant.id}/oauth2/v2.0/token"
    assert desk.send("login", "GET", path).json()["error_codes"] == [900561]
    assert desk.send("login", "POST", path, body=desk.form()).json()["error_codes"] == [900144]


def test_a_grant_of_real_entra_that_the_lab_lacks_says_so(desk, tenant) -> None:
    answer = desk.ask_token(tenant.id, grant_type="refresh_token")
    assert answer.status == 501
    assert "not supported by the lab" in answer.json()["error_description"]


def test_a_client_that_asks_too_often_is_held_back_for_a_minute(desk, tenant) -> None:
    statuses = [desk.ask_token(tenant.id).status for _unused in range(31)]
    assert statuses == [200] * 30 + [429]
    held = desk.ask_token(tenant.id)
    assert (held.headers["Retry-After"], held.reply.body) == ("60", b"")


def test_the_correlation_id_is_the_clients_own(desk, tenant) -> None:
    mine = "7f3d8c52-1d0e-4c0e-9d55-0a8f6a1b2c3d"
    headers = {"Content-Type": "application/x-www-form-urlencoded", "client-request-id": mine}
    assert (
        desk.send("login", "POST", f"/{tenant.id}/oauth2/v2.0/token", headers=headers).json()[
            "correlation_id"
        ]
        == mine
    )


def test_discovery_names_the_tenants_own_end_points(desk, tenant) -> None:
    v2 = desk.send("login", "GET", f"/{tenant.id}/v2.0/.well-known/openid-configuration").json()
    assert v2["token_endpoint"] == f"https://127.0.0.1:8443/{tenant.id}/oauth2/v2.0/token"
    assert v2["issuer"] == f"https://login.microsoftonline.com/{tenant.id}/v2.0"
    assert v2["jwks_uri"] == f"https://127.0.0.1:8443/{tenant.id}/discovery/v2.0/keys"
    assert {"client_secret_post", "private_key_jwt"} <= set(
        v2["token_endpoint_auth_methods_supported"]
    )
    v1 = desk.send("login", "GET", f"/{tenant.domain}/.well-known/openid-configuration").json()
    assert v1["token_endpoint"] == f"https://127.0.0.1:8443/{tenant.id}/oauth2/token"
    assert v1["issuer"] == f"https://sts.windows.net/{tenant.id}/"


def test_discovery_of_an_unknown_tenant_is_an_invalid_tenant(desk) -> None:
    answer = desk.send("login", "GET", f"/{NOBODY}/v2.0/.well-known/openid-configuration")
    assert (answer.status, answer.json()["error"], answer.json()["error_codes"]) == (
        400,
        "invalid_tenant",
        [90002],
    )


def test_instance_discovery_lists_aliases(desk) -> None:
    body = desk.send("login", "GET", "/common/discovery/instance", "api-version=1.1").json()
    assert "login.windows.net" in body["metadata"][0]["aliases"]


def test_the_key_set_holds_a_certificate_of_the_key(desk) -> None:
    key = desk.send("login", "GET", "/common/discovery/keys").json()["keys"][0]
    assert key["kid"] == key["x5t"]
    assert base64.b64decode(key["x5c"][0])
    assert json.dumps(key)
