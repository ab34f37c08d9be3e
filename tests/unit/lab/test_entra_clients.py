# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Signed assertions: verified for good, and refused with the code that tells what is wrong."""

from __future__ import annotations

import base64
import hashlib
import time
import typing as t
import uuid

import jwt
import pytest
from defender_lab.certificates import Pair, authority, client

KIND = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def digest(pair: Pair, name: str) -> str:
    return base64.urlsafe_b64encode(hashlib.new(name, pair.der).digest()).rstrip(b"=").decode()


def signed(
    desk,
    tenant,
    pair: Pair,
    *,
    alg: str = "PS256",
    header: dict[str, t.Any] | None = None,
    key: Pair | None = None,
    **claims: t.Any,
) -> str:
    now = int(time.time())
    body = {
        "aud": f"https://127.0.0.1:8443/{tenant.id}/oauth2/v2.0/token",
        "iss": desk.app.client_id,
        "sub": desk.app.client_id,
        "jti": str(uuid.uuid4()),
        "nbf": now - 1,
        "iat": now,
        "exp": now + 600,
        **claims,
    }
    return jwt.encode(
        body,
        (key or pair).key,
        algorithm=alg,
        headers=header or {"x5t#S256": digest(pair, "sha256")},
    )


def ask(desk, tenant, assertion: str, **changes: t.Any) -> t.Any:
    return desk.ask_token(
        tenant.id,
        client_secret=None,
        client_assertion=assertion,
        **{"client_assertion_type": KIND, **changes},
    )


def test_ps256_with_the_sha256_thumbprint(desk, tenant) -> None:
    answer = ask(desk, tenant, signed(desk, tenant, desk.app.current))
    assert answer.status == 200
    assert (
        jwt.decode(answer.json()["access_token"], options={"verify_signature": False})["appidacr"]
        == "2"
    )


def test_rs256_with_the_sha1_thumbprint(desk, tenant) -> None:
    assertion = signed(
        desk,
        tenant,
        desk.app.current,
        alg="RS256",
        header={"x5t": digest(desk.app.current, "sha1")},
    )
    assert ask(desk, tenant, assertion).status == 200


def test_the_v1_token_url_is_an_audience_as_well(desk, tenant) -> None:
    assertion = signed(
        desk, tenant, desk.app.current, aud=f"https://127.0.0.1:8443/{tenant.id}/oauth2/token"
    )
    assert ask(desk, tenant, assertion).status == 200


def chain(pair: Pair) -> dict[str, t.Any]:
    return {"x5t#S256": digest(pair, "sha256"), "x5c": [base64.b64encode(pair.der).decode()]}


def test_a_renewed_certificate_needs_its_chain(desk, tenant) -> None:
    renewed = desk.app.renewed
    assert ask(desk, tenant, signed(desk, tenant, renewed)).json()["error_codes"] == [700027]
    assert ask(desk, tenant, signed(desk, tenant, renewed, header=chain(renewed))).status == 200


def test_a_chain_of_a_stranger_is_refused(desk, tenant) -> None:
    stranger = client(authority("Another CA"), "automation.partner.example")
    assert ask(desk, tenant, signed(desk, tenant, stranger, header=chain(stranger))).json()[
        "error_codes"
    ] == [700030]
    misnamed = client(desk.app.ca, "somebody.else.example")
    assert ask(desk, tenant, signed(desk, tenant, misnamed, header=chain(misnamed))).json()[
        "error_codes"
    ] == [700030]


def test_a_certificate_nobody_registered(desk, tenant) -> None:
    body = ask(
        desk, tenant, signed(desk, tenant, client(desk.app.ca, "automation.partner.example"))
    ).json()
    assert (body["error"], body["error_codes"]) == ("invalid_client", [700027])
    assert "The key was not found." in body["error_description"]


def test_the_expired_certificate(desk, tenant) -> None:
    body = ask(desk, tenant, signed(desk, tenant, desk.app.expired)).json()
    assert body["error_codes"] == [700027]
    assert "The key used is expired." in body["error_description"]


def test_a_signature_of_another_key_is_no_signature(desk, tenant) -> None:
    body = ask(desk, tenant, signed(desk, tenant, desk.app.current, key=desk.app.renewed)).json()
    assert body["error_codes"] == [700027]
    assert "did not match the expected signature" in body["error_description"]


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"exp": 1_700_000_000}, 700024),
        ({"nbf": 4_000_000_000, "exp": 4_000_000_600}, 700024),
        ({"aud": "https://127.0.0.1:8443/common/oauth2/v2.0/token"}, 700023),
        ({"sub": "11111111-2222-4333-8444-555555555555"}, 700021),
    ],
)
def test_a_claim_that_does_not_fit(desk, tenant, claims, code) -> None:
    body = ask(desk, tenant, signed(desk, tenant, desk.app.current, **claims)).json()
    assert (body["error"], body["error_codes"]) == ("invalid_client", [code])


def test_an_assertion_for_one_tenant_is_none_for_another(desk, tenant, other) -> None:
    assert ask(desk, other, signed(desk, tenant, desk.app.current)).json()["error_codes"] == [
        700023
    ]


def test_rubbish_and_a_missing_type(desk, tenant) -> None:
    assert ask(desk, tenant, "not.a.jwt").json()["error_codes"] == [50027]
    assert ask(
        desk, tenant, signed(desk, tenant, desk.app.current), client_assertion_type=None
    ).json()["error_codes"] == [900144]


def federated(desk, *, key: t.Any = None, **claims: t.Any) -> str:
    known = desk.app.federation
    now = int(time.time())
    body = {
        "iss": known.issuer,
        "sub": known.subject,
        "aud": known.audience,
        "nbf": now - 1,
        "exp": now + 300,
        **claims,
    }
    return jwt.encode(body, key or known.key, algorithm="RS256", headers={"kid": known.kid})


def test_the_federated_assertion_of_the_folder(desk, tenant) -> None:
    assert ask(desk, tenant, desk.app.federation.assertion()).status == 200


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"sub": "repo:somebody/else"}, 700213),
        ({"sub": "Repo:partner/soc:environment:production"}, 700213),
        ({"iss": "https://elsewhere.example"}, 700211),
        ({"aud": "api://somewhere"}, 700212),
        ({"exp": 1_700_000_000}, 700024),
    ],
)
def test_a_federated_assertion_that_does_not_match(desk, tenant, claims, code) -> None:
    body = ask(desk, tenant, federated(desk, **claims)).json()
    assert (body["error"], body["error_codes"]) == ("invalid_client", [code])


def test_a_federated_assertion_of_another_key(desk, tenant) -> None:
    assert ask(desk, tenant, federated(desk, key=desk.app.current.key)).json()["error_codes"] == [
        700027
    ]
