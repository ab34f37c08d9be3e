# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The request for a token, word for word, and the errors of its response."""

from __future__ import annotations

import base64
import hashlib
import typing as t
import uuid
from pathlib import Path

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import tokens as _token
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.module_utils._tenant.bench import (
    ONE,
    TWO,
    Bench,
)
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.papers import Papers
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.stand_ins import (
    CLIENT,
    NOW,
    SECRET,
    TENANT,
    TOKEN_URL,
    answer,
    decoded,
    refusal,
    token_answer,
)
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding


@pytest.mark.parametrize(
    ("audience", "scope"),
    [
        ("https://graph.microsoft.com", "https://graph.microsoft.com/.default"),
        (
            "https://securitycenter.onmicrosoft.com/windowsatpservice",
            "https://securitycenter.onmicrosoft.com/windowsatpservice/.default",
        ),
        ("fc780465-2017-40d4-a0c5-307022471b92", "fc780465-2017-40d4-a0c5-307022471b92/.default"),
    ],
)
def test_a_secret_is_sent_as_the_page_says(bench: Bench, audience: str, scope: str) -> None:
    token = bench.source(token_answer(ONE), audience=audience).get()
    # client_info is MSAL's own and asks for nothing in this flow
    form = {name: value for name, value in bench.form.items() if name != "client_info"}
    assert form == {
        "grant_type": "client_credentials",
        "client_id": CLIENT,
        "client_secret": SECRET,
        "scope": scope,
    }
    assert token == _token.Token(ONE, NOW + 3599, NOW, from_cache=False)


def test_the_one_request_is_for_the_token_and_none_is_for_discovery(bench: Bench) -> None:
    bench.source(token_answer(ONE)).get()
    assert [(asked.method, asked.url) for asked in bench.http.asked] == [("POST", TOKEN_URL)]


@pytest.mark.parametrize(
    ("changes", "url"),
    [
        ({"cloud": "gcc_high"}, f"https://login.microsoftonline.us/{TENANT}/oauth2/v2.0/token"),
        (
            {"cloud": "china"},
            f"https://login.partner.microsoftonline.cn/{TENANT}/oauth2/v2.0/token",
        ),
        ({"login_url": "https://login.windows.net/"}, TOKEN_URL),
        (
            {"login_url": "https://localhost:8443"},
            f"https://localhost:8443/{TENANT}/oauth2/v2.0/token",
        ),
        (
            {"login_url": "https://front.example/entra"},
            f"https://front.example/entra/{TENANT}/oauth2/v2.0/token",
        ),
    ],
)
def test_the_token_is_asked_for_at_the_tenants_own_end_point(
    bench: Bench, changes: dict[str, str], url: str
) -> None:
    bench.source(token_answer(ONE), **changes).get()
    assert [asked.url for asked in bench.http.asked] == [url]


def assertion_of(bench: Bench) -> tuple[dict[str, t.Any], dict[str, t.Any], str]:
    form = bench.form
    assert form["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    assert (form["grant_type"], form["client_id"], form["scope"]) == (
        "client_credentials",
        CLIENT,
        "https://graph.microsoft.com/.default",
    )
    assert "client_secret" not in form
    header, claims, _signature = form["client_assertion"].split(".")
    return decoded(header), decoded(claims), form["client_assertion"]


def test_a_certificate_signs_the_assertion_that_the_page_describes(
    bench: Bench, papers: Papers
) -> None:
    app = papers.application
    bench.source(
        token_answer(ONE),
        client_secret=None,
        certificate=(app.certificate_pem + app.key_pem).decode(),
    ).get()
    header, claims, whole = assertion_of(bench)
    thumbprint = hashlib.sha256(app.certificate.public_bytes(serialization.Encoding.DER)).digest()
    header["x5t#S256"] = header["x5t#S256"].rstrip("=")  # MSAL pads it, and Entra ID takes it
    assert header == {
        "alg": "PS256",
        "typ": "JWT",
        "x5t#S256": base64.urlsafe_b64encode(thumbprint).rstrip(b"=").decode(),
    }
    assert {name: claims[name] for name in ("aud", "iss", "sub")} == {
        "aud": TOKEN_URL,
        "iss": CLIENT,
        "sub": CLIENT,
    }
    assert 300 <= claims["exp"] - claims["iat"] <= 600
    assert claims.get("nbf", claims["iat"]) <= claims["iat"]
    uuid.UUID(claims["jti"])
    told, _unused, signature = whole.rpartition(".")
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
    app.key.public_key().verify(
        base64.urlsafe_b64decode(signature + "=="), told.encode(), pss, hashes.SHA256()
    )


def test_the_chain_travels_in_the_header_only_when_asked_for(bench: Bench, papers: Papers) -> None:
    app, authority = papers.application, papers.authority
    text = (app.certificate_pem + app.key_pem + authority.certificate_pem).decode()
    bench.source(
        token_answer(ONE), client_secret=None, certificate=text, certificate_chain=True
    ).get()
    header, _claims, _whole = assertion_of(bench)
    assert [x509.load_der_x509_certificate(base64.b64decode(each)) for each in header["x5c"]] == [
        app.certificate,
        authority.certificate,
    ]


def test_a_federated_assertion_is_read_anew_for_each_request(bench: Bench, tmp_path: Path) -> None:
    path = tmp_path / "assertion"
    path.write_text("first.assertion.of-the-outside\n")
    source = bench.source(
        token_answer(ONE), token_answer(TWO), client_secret=None, assertion_file=str(path)
    )
    source.get(force=True)
    path.write_text("second.assertion.of-the-outside\n")
    source.get(force=True)
    assert [form["client_assertion"] for form in bench.forms] == [
        "first.assertion.of-the-outside",
        "second.assertion.of-the-outside",
    ]
    assert (
        bench.forms[0]["client_assertion_type"]
        == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    )


def test_a_secret_in_the_form_of_an_id_is_told_only_when_it_is_refused(bench: Bench) -> None:
    wrong = refusal(7000215, "invalid_client", "Invalid client secret provided.", status=401)
    assert bench.refused(wrong, client_secret=CLIENT).message.endswith(
        " The value of the secret option has the form of an id."
    )
    assert "form of an id" not in bench.refused(wrong).message


@pytest.mark.parametrize("status", [200, 400, 403, 404])
def test_an_answer_that_is_no_json_is_told_by_its_status(bench: Bench, status: int) -> None:
    error = bench.refused(answer(status, b"<html>a proxy's page</html>"))
    assert error.status == status
    assert f"({status})" in error.message
