# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The request for a token, word for word, and the errors of its response."""

from __future__ import annotations

import base64
import functools
import hashlib
import json
import sys
import threading
import typing as t
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msal
import msal.oauth2cli
import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import options as _options
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import tokens as _token
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.exchange import Answer
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.token_request import (
    TokenRequests,
)
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.module_utils._tenant.bench import (
    ONE,
    TWO,
    Bench,
)
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.papers import Pair, Papers
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.stand_ins import (
    CLIENT,
    CONSENT_URL,
    LOGIN,
    NOW,
    OTHER_TENANT,
    SECRET,
    TENANT,
    TOKEN_URL,
    FakeClock,
    answer,
    decoded,
    parameters,
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
    assert bench.form == {
        "grant_type": "client_credentials",
        "client_id": CLIENT,
        "client_secret": SECRET,
        "scope": scope,
    }
    assert token == _token.Token(ONE, NOW + 3599, NOW, from_cache=False)


def test_the_one_request_is_for_the_token_and_none_is_for_discovery(bench: Bench) -> None:
    bench.source(token_answer(ONE)).get()
    assert [(asked.method, asked.url) for asked in bench.http.asked] == [("POST", TOKEN_URL)]


def test_a_region_in_the_environment_changes_no_request(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MSAL_FORCE_REGION", "westeurope")
    bench.source(token_answer(ONE)).get()
    assert [asked.url for asked in bench.http.asked] == [TOKEN_URL]


def test_the_headers_name_the_library_and_what_it_understands(bench: Bench) -> None:
    bench.source(token_answer(ONE)).get()
    (asked,) = bench.http.asked
    assert asked.headers == {
        "Accept": "application/json",
        "x-client-sku": "MSAL.Python",
        "x-client-ver": msal.__version__,
        "x-client-os": sys.platform,
        "x-ms-lib-capability": "retry-after, h429",
    }


class LibraryReply(t.NamedTuple):
    """A response as MSAL reads it."""

    text: str
    status_code: int = 200
    headers: t.Mapping[str, str] = {}


class LibraryWire:
    """The HTTP client of MSAL's application object; it remembers the token request."""

    url = ""
    form: t.Mapping[str, str] = {}
    headers: t.Mapping[str, str] = {}

    def get(self, _url: str, **_kwargs: t.Any) -> LibraryReply:
        issuer = f"{LOGIN}/{TENANT}/v2.0"
        points = {"token_endpoint": TOKEN_URL, "authorization_endpoint": f"{LOGIN}/authorize"}
        return LibraryReply(json.dumps({"issuer": issuer, **points}))

    def post(self, url: str, *, data: t.Any, headers: t.Any, **_kwargs: t.Any) -> LibraryReply:
        self.url, self.form, self.headers = url, data, headers
        return LibraryReply(json.dumps({"access_token": ONE, "expires_in": 3599}))

    def close(self) -> None:
        """Nothing is open."""


TELEMETRY = {"client-request-id", "x-client-current-telemetry", "x-client-last-telemetry"}


@pytest.mark.parametrize("option", ["client_secret", "assertion_file"])
def test_the_request_is_the_one_of_the_application_object_of_msal(
    bench: Bench, tmp_path: Path, option: str
) -> None:
    path = tmp_path / "assertion"
    path.write_text("an.assertion.of-the-outside")
    changes: dict[str, t.Any] = {}
    credential: t.Any = SECRET
    if option == "assertion_file":
        changes = {"client_secret": None, "assertion_file": str(path)}
        credential = {"client_assertion": path.read_text}
    bench.source(token_answer(ONE), **changes).get()
    (asked,) = bench.http.asked
    wire = LibraryWire()
    app = msal.ConfidentialClientApplication(
        CLIENT,
        client_credential=credential,
        authority=f"{LOGIN}/{TENANT}",
        http_client=wire,
        instance_discovery=False,
    )
    app.acquire_token_for_client(["https://graph.microsoft.com/.default"])
    # client_info asks for the user's account, of which there is none in this flow
    form = {name: value for name, value in wire.form.items() if name != "client_info"}
    headers = {name: value for name, value in wire.headers.items() if name not in TELEMETRY}
    assert (asked.url, asked.data, asked.headers) == (wire.url, form, headers)


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


# Two tenants at the same time
class Crossing:
    """A login service for two tenants whose threads take each step of a request together."""

    def __init__(self) -> None:
        self.together = threading.Barrier(2, timeout=30)
        self.forms: dict[str, list[dict[str, t.Any]]] = {}

    def step(self, function: t.Callable[..., t.Any]) -> t.Callable[..., t.Any]:
        """The function, called when both tenants are about to call it."""

        @functools.wraps(function)
        def wrapper(*args: t.Any, **kwargs: t.Any) -> t.Any:
            self.together.wait()
            return function(*args, **kwargs)

        return wrapper

    def send(self, method: str, url: str, *, data: t.Any, headers: t.Any) -> Answer:
        self.forms.setdefault(url, []).append(data)
        self.together.wait()
        return token_answer(f"a-token-from-{url}")


class Customer(t.NamedTuple):
    """A tenant, the application that requests its tokens, and that application's certificate."""

    tenant: str
    client: str
    pair: Pair

    @property
    def url(self) -> str:
        return f"{LOGIN}/{self.tenant}/oauth2/v2.0/token"

    def tokens(self, crossing: Crossing, count: int, **credential: str) -> list[str]:
        changes = {"tenant_id": self.tenant, "client_id": self.client, "client_secret": None}
        requests = TokenRequests(
            _options.check(parameters(**{**changes, **credential})),
            "https://graph.microsoft.com",
            http=t.cast("t.Any", crossing),
            clock=FakeClock().clock,
            consent_url=CONSENT_URL,
        )
        return [requests.send()["access_token"] for _number in range(count)]

    def require_signature(self, assertion: str) -> None:
        header, claims, signature = assertion.split(".")
        thumbprint = hashlib.sha256(
            self.pair.certificate.public_bytes(serialization.Encoding.DER)
        ).digest()
        assert base64.urlsafe_b64decode(decoded(header)["x5t#S256"]) == thumbprint
        assert [decoded(claims)[name] for name in ("aud", "iss", "sub")] == [
            self.url,
            self.client,
            self.client,
        ]
        self.pair.key.public_key().verify(
            base64.urlsafe_b64decode(signature + "=="),
            f"{header}.{claims}".encode(),
            padding.PSS(padding.MGF1(hashes.SHA256()), 32),
            hashes.SHA256(),
        )


@pytest.fixture
def crossing(monkeypatch: pytest.MonkeyPatch) -> Crossing:
    # both tenants' objects of MSAL exist before either of them is used
    crossing = Crossing()
    for owner, name in (
        (msal.oauth2cli.Client, "obtain_token_for_client"),
        (msal.oauth2cli.JwtAssertionCreator, "create_normal_assertion"),
    ):
        monkeypatch.setattr(owner, name, crossing.step(getattr(owner, name)))
    return crossing


@pytest.fixture
def customers(papers: Papers) -> list[Customer]:
    return [
        Customer(TENANT, CLIENT, papers.application),
        Customer(OTHER_TENANT, CLIENT.replace("c", "d"), papers.stranger),
    ]


ROUNDS = 10


def crossed(
    crossing: Crossing,
    customers: t.Sequence[Customer],
    credentials: t.Sequence[t.Mapping[str, str]],
) -> list[list[dict[str, t.Any]]]:
    """The forms of each customer, whose requests were in flight together with the other's."""
    with ThreadPoolExecutor(2) as pool:
        futures = [
            pool.submit(customer.tokens, crossing, ROUNDS, **credential)
            for customer, credential in zip(customers, credentials, strict=True)
        ]
        for customer, future in zip(customers, futures, strict=True):
            assert set(future.result()) == {f"a-token-from-{customer.url}"}
    forms = [crossing.forms[customer.url] for customer in customers]
    for customer, sent in zip(customers, forms, strict=True):
        assert len(sent) == ROUNDS
        assert {form["client_id"] for form in sent} == {customer.client}
    return forms


def test_the_secrets_of_two_tenants_never_cross(
    crossing: Crossing, customers: list[Customer]
) -> None:
    secrets = [f"a-secret-that-is-long-and-unique-{customer.client}" for customer in customers]
    forms = crossed(crossing, customers, [{"client_secret": secret} for secret in secrets])
    for secret, sent in zip(secrets, forms, strict=True):
        assert {form["client_secret"] for form in sent} == {secret}
        assert all("client_assertion" not in form for form in sent)


def test_the_federated_assertions_of_two_tenants_never_cross(
    crossing: Crossing, customers: list[Customer], tmp_path: Path
) -> None:
    paths = [tmp_path / customer.tenant for customer in customers]
    for path in paths:
        path.write_text(f"an.assertion.for-{path.name}")
    forms = crossed(crossing, customers, [{"assertion_file": str(path)} for path in paths])
    for path, sent in zip(paths, forms, strict=True):
        assert {form["client_assertion"] for form in sent} == {path.read_text()}
        assert all("client_secret" not in form for form in sent)


@pytest.mark.parametrize("certificates", ["each its own", "the same"])
def test_the_signed_assertions_of_two_tenants_never_cross(
    crossing: Crossing, customers: list[Customer], certificates: str
) -> None:
    if certificates == "the same":
        customers = [customer._replace(pair=customers[0].pair) for customer in customers]
    pems = [
        (customer.pair.certificate_pem + customer.pair.key_pem).decode() for customer in customers
    ]
    forms = crossed(crossing, customers, [{"certificate": pem} for pem in pems])
    for customer, sent in zip(customers, forms, strict=True):
        for form in sent:
            customer.require_signature(form["client_assertion"].decode())


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


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_a_token_in_another_encoding_of_json_is_read_and_never_logged(
    bench: Bench, caplog: pytest.LogCaptureFixture, encoding: str
) -> None:
    caplog.set_level("DEBUG")
    body = json.dumps({"token_type": "Bearer", "expires_in": 3599, "access_token": ONE})
    assert bench.source(answer(200, body.encode(encoding))).get().value == ONE
    assert ONE not in caplog.text
