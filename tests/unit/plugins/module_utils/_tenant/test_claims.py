# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tokens of both generations: their claims, everything that can be wrong with them, and their
signature."""

from __future__ import annotations

import base64
import typing as t

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import claims as _claims
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.clouds import service
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.papers import Papers
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.stand_ins import (
    CLIENT,
    INCIDENT_ROLE,
    NOW,
    OTHER_TENANT,
    TENANT,
    encoded,
    graph_claims,
    graph_token,
    jwt_of,
)
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from hypothesis import example, given
from hypothesis import strategies as st

# A decoded app-only token for Defender for Endpoint out of a public note (v1), and Microsoft's
# table of v2 claims.
ENDPOINT_V1: dict[str, t.Any] = {
    "aud": "https://api.securitycenter.microsoft.com",
    "iss": "https://sts.windows.net/11111111-2222-3333-4444-555555555555/",
    "iat": 1646594420,
    "nbf": 1646594420,
    "exp": 1646598320,
    "aio": "OPAQUE",
    "app_displayname": "APP NAME",
    "appid": "00000000-0000-0000-0000-000000000000",
    "appidacr": "1",
    "idp": "https://sts.windows.net/11111111-2222-3333-4444-555555555555/",
    "oid": "22222222-3333-4444-5555-666666666666",
    "rh": "OPAQUE",
    "roles": ["Machine.Isolate", "Event.Write", "Machine.Read.All"],
    "sub": "22222222-3333-4444-5555-666666666666",
    "tenant_region_scope": "NA",
    "tid": "11111111-2222-3333-4444-555555555555",
    "uti": "OPAQUE",
    "ver": "1.0",
}
V2: dict[str, t.Any] = {
    "aud": "33333333-4444-5555-6666-777777777777",
    "iss": "https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/v2.0",
    "iat": 1700000000,
    "nbf": 1700000000,
    "exp": 1700004500,
    "azp": "00000000-0000-0000-0000-000000000000",
    "azpacr": "1",
    "idtyp": "app",
    "oid": "22222222-3333-4444-5555-666666666666",
    "roles": ["Example.Read.All"],
    "sub": "22222222-3333-4444-5555-666666666666",
    "tid": "11111111-2222-3333-4444-555555555555",
    "uti": "OPAQUE",
    "ver": "2.0",
}


def known(token: str) -> _claims.Claims:
    claims = _claims.read(token)
    assert claims is not None
    return claims


def expected(
    resource: str = "graph", cloud: str = "public", roles: tuple[str, ...] = (), **changes: t.Any
) -> _claims.Expected:
    facts: dict[str, t.Any] = {
        "tenant_id": TENANT,
        "client_id": CLIENT,
        "service": service(cloud, resource),
        "login_url": "",
        **changes,
    }
    return _claims.Expected(cloud=cloud, resource=resource, roles=roles, **facts)


def codes(token: str, *, now: float = NOW, **expectations: t.Any) -> list[tuple[str, str]]:
    return [
        (problem.code, problem.category)
        for problem in _claims.problems(known(token), expected(**expectations), now=now)
    ]


def test_a_v1_token_of_defender_for_endpoint_is_read() -> None:
    claims = known(jwt_of(ENDPOINT_V1, x5t="THUMBPRINT"))
    assert claims.tenant_id == "11111111-2222-3333-4444-555555555555"
    assert claims.audience == "https://api.securitycenter.microsoft.com"
    assert claims.issuer == "https://sts.windows.net/11111111-2222-3333-4444-555555555555/"
    assert claims.app_id == "00000000-0000-0000-0000-000000000000"
    assert claims.roles == ("Machine.Isolate", "Event.Write", "Machine.Read.All")
    assert (claims.not_before, claims.expires_at, claims.app_only) == (1646594420, 1646598320, True)
    assert claims.raw == ENDPOINT_V1
    assert claims.header == {"typ": "JWT", "alg": "RS256", "x5t": "THUMBPRINT", "kid": "KEYID"}


def test_a_v2_token_names_its_application_in_azp() -> None:
    claims = known(jwt_of(V2))
    assert claims.app_id == "00000000-0000-0000-0000-000000000000"
    assert claims.audience == "33333333-4444-5555-6666-777777777777"
    assert (claims.not_before, claims.expires_at, claims.app_only) == (1700000000, 1700004500, True)


def test_a_token_for_defender_for_endpoint_is_right_in_its_time() -> None:
    wanted = expected(
        "endpoint", client_id="00000000-0000-0000-0000-000000000000", roles=("Machine.Isolate",)
    )
    assert _claims.problems(known(jwt_of(ENDPOINT_V1)), wanted, now=1646598319) == []


@pytest.mark.parametrize(
    "issuer", ["https://sts.windows.net/{}/", "https://login.microsoftonline.com/{}/v2.0"]
)
@pytest.mark.parametrize(
    "audience",
    [
        "https://graph.microsoft.com",
        "https://graph.microsoft.com/",
        "00000003-0000-0000-c000-000000000000",
    ],
)
def test_both_issuers_and_every_spelling_of_the_audience_are_right(
    issuer: str, audience: str
) -> None:
    assert codes(graph_token(iss=issuer.format(TENANT), aud=audience), roles=(INCIDENT_ROLE,)) == []


@pytest.mark.parametrize(
    ("cloud", "issuer"),
    [
        ("gcc", "https://sts.windows.net/{}/"),
        ("gcc_high", "https://login.microsoftonline.us/{}/v2.0"),
        ("gcc_high", "https://sts.windows.net/{}/"),
        ("dod", "https://login.microsoftonline.us/{}/v2.0"),
    ],
)
def test_each_cloud_has_its_issuers(cloud: str, issuer: str) -> None:
    audience = {
        "gcc": "https://graph.microsoft.com",
        "gcc_high": "https://graph.microsoft.us",
        "dod": "https://dod-graph.microsoft.us",
    }[cloud]
    assert codes(graph_token(iss=issuer.format(TENANT), aud=audience), cloud=cloud) == []


def test_the_issuer_may_be_a_login_url_of_ones_own() -> None:
    token = graph_token(iss=f"https://localhost:8443/{TENANT}/v2.0")
    assert codes(token, login_url="https://localhost:8443") == []
    assert codes(token) == [("wrong_issuer", "wrong_tenant")]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        (
            {"tid": OTHER_TENANT, "iss": f"https://sts.windows.net/{OTHER_TENANT}/"},
            ("wrong_tenant", "wrong_tenant"),
        ),
        ({"aud": "https://api.security.microsoft.com"}, ("wrong_audience", "wrong_audience")),
        ({"aud": None}, ("wrong_audience", "wrong_audience")),
        ({"aud": "https://graph.microsoft.com.evil.example"}, ("wrong_audience", "wrong_audience")),
        ({"iss": f"https://sts.windows.net/{OTHER_TENANT}/"}, ("wrong_issuer", "wrong_tenant")),
        (
            {"iss": f"https://login.microsoftonline.us/{TENANT}/v2.0"},
            ("wrong_issuer", "wrong_tenant"),
        ),
        ({"iss": f"http://sts.windows.net/{TENANT}/"}, ("wrong_issuer", "wrong_tenant")),
        ({"iss": None}, ("wrong_issuer", "wrong_tenant")),
        (
            {"appid": "99999999-0000-0000-0000-000000000000"},
            ("wrong_application", "bad_credentials"),
        ),
        ({"exp": NOW}, ("expired", "bad_credentials")),
        ({"exp": None}, ("expired", "bad_credentials")),
        ({"exp": "tomorrow"}, ("expired", "bad_credentials")),
        ({"nbf": NOW + 301}, ("not_yet_valid", "bad_credentials")),
        ({"scp": "SecurityIncident.Read.All"}, ("delegated", "bad_credentials")),
        ({"roles": ["SecurityAlert.Read.All"]}, ("role_missing", "role_missing")),
        ({"roles": None}, ("role_missing", "role_missing")),
        ({"roles": "SecurityIncident.Read.All"}, ("role_missing", "role_missing")),
    ],
)
def test_one_thing_that_is_wrong_is_found(
    changes: dict[str, t.Any], problem: tuple[str, str]
) -> None:
    assert codes(graph_token(**changes), roles=(INCIDENT_ROLE,)) == [problem]


def test_a_token_without_a_tenant_is_for_nobody() -> None:
    (first, *_rest) = _claims.problems(known(graph_token(tid=None)), expected(), now=NOW)
    assert first.code == "wrong_tenant"
    assert "for no tenant," in first.text


def test_the_gravest_problem_comes_first_and_none_is_left_out() -> None:
    all_wrong = graph_token(
        tid=OTHER_TENANT,
        aud="x",
        iss="y",
        appid="z",
        exp=NOW - 1,
        nbf=NOW + 999,
        scp="User.Read",
        roles=[],
    )
    assert [code for code, _category in codes(all_wrong, roles=(INCIDENT_ROLE,))] == [
        "wrong_tenant",
        "wrong_audience",
        "wrong_issuer",
        "wrong_application",
        "expired",
        "not_yet_valid",
        "delegated",
        "role_missing",
    ]


def test_five_minutes_of_a_wrong_clock_are_forgiven_at_the_start_and_none_at_the_end() -> None:
    assert codes(graph_token(nbf=NOW + 300)) == []
    assert codes(graph_token(exp=NOW + 1)) == []
    assert codes(graph_token(exp=NOW)) == [("expired", "bad_credentials")]


def test_a_given_token_may_be_of_any_application() -> None:
    assert codes(graph_token(appid="99999999-0000-0000-0000-000000000000"), client_id=None) == []


def test_ids_are_compared_without_regard_to_case() -> None:
    assert codes(graph_token(tid=TENANT.upper(), appid=CLIENT.upper())) == []


def test_a_role_that_writes_covers_its_reading_twin() -> None:
    assert (
        codes(graph_token(roles=["SecurityIncident.ReadWrite.All"]), roles=(INCIDENT_ROLE,)) == []
    )


def test_the_text_of_a_wrong_audience_names_whose_it_is_and_the_right_one() -> None:
    (problem,) = _claims.problems(
        known(graph_token(aud="https://securitycenter.onmicrosoft.com/windowsatpservice")),
        expected(),
        now=NOW,
    )
    assert "belongs to the resource endpoint" in problem.text
    assert "graph requires https://graph.microsoft.com" in problem.text


@pytest.mark.parametrize(
    "token",
    [
        "",
        "opaque",
        "EwBwA8l6BAAU",
        "a.b.c",
        "eyJhbGciOiJSUzI1NiJ9.bm90IGpzb24.c2ln",
        f"{encoded({'alg': 'RS256'})}.{encoded([1])}.c2ln",
    ],
)
def test_what_cannot_be_decoded_is_opaque_and_no_error(token: str) -> None:
    assert _claims.read(token) is None


LETTERS: t.Final = "abcdefab-cdef-4abc-8def-abcdefabcdef"


def test_what_a_token_does_not_say_is_empty_and_it_has_ended() -> None:
    claims = known(jwt_of({}))
    assert (claims.tenant_id, claims.audience, claims.issuer, claims.app_id) == ("", "", "", "")
    assert (claims.roles, claims.expires_at, claims.not_before, claims.app_only) == ((), 0, 0, True)


@pytest.mark.parametrize("audience", [["first", "second"], "first"])
def test_the_first_of_several_audiences_counts(audience: t.Any) -> None:
    assert known(jwt_of({"aud": audience})).audience == "first"


def test_ids_are_read_in_lower_case() -> None:
    claims = known(jwt_of({"tid": LETTERS.upper(), "appid": LETTERS.upper()}))
    assert (claims.tenant_id, claims.app_id) == (LETTERS, LETTERS)


def test_without_pyjwt_nothing_is_read_and_the_remedy_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(_claims, "JWT_ERROR", ImportError())
    with pytest.raises(DefenderError, match="pyjwt is not installed") as caught:
        _claims.read(graph_token())
    assert caught.value.category == "bad_request"
    assert "pip install 'pyjwt[crypto]'" in caught.value.advice


@pytest.mark.parametrize(
    ("changes", "facts"),
    [
        ({"tid": OTHER_TENANT}, [OTHER_TENANT, TENANT]),
        ({"tid": None}, [" no tenant,"]),
        (
            {"aud": "https://elsewhere"},
            [" https://elsewhere; graph requires https://graph.microsoft.com"],
        ),
        ({"aud": None}, [" missing;"]),
        ({"iss": "https://elsewhere"}, [" https://elsewhere, ", TENANT, "cloud public"]),
        ({"iss": None}, [" missing, "]),
        ({"appid": LETTERS}, [LETTERS, CLIENT]),
        ({"exp": NOW - 61}, [" 61 seconds ago"]),
        ({"nbf": NOW + 361}, [" 361 seconds"]),
        ({"scp": "User.Read"}, ["The token acts for a user (it has the claim scp), but app-only"]),
        ({"roles": ["A", "B"]}, ["The token lacks C, D; it has only A, B."]),
        ({"roles": []}, ["; it has no roles."]),
    ],
)
def test_a_refusal_names_what_the_token_says_and_what_is_needed(
    changes: dict[str, t.Any], facts: list[str]
) -> None:
    claims = known(graph_token(**{"roles": ["C", "D"], **changes}))
    first = _claims.problems(claims, expected(roles=("C", "D")), now=NOW)[0]
    assert [fact for fact in facts if fact not in first.text] == []


@pytest.mark.parametrize("times", [{}, {"nbf": NOW * 2, "iat": NOW * 2, "exp": NOW * 3}])
def test_a_signature_is_checked_whenever_the_token_is_valid(
    papers: Papers, times: dict[str, int]
) -> None:
    token = signed(papers, {**ENDPOINT_V1, **times})
    assert _claims.verify(token, known(token), published(papers)) is None


def test_what_a_published_key_says_of_its_algorithm_does_not_widen_what_is_accepted(
    papers: Papers,
) -> None:
    keys = published(papers)
    for key in keys["keys"]:
        key["alg"] = "RS512"
    token = signed(papers, ENDPOINT_V1)
    assert _claims.verify(token, known(token), keys) is None
    other = signed(papers, ENDPOINT_V1, alg="RS512")
    assert _claims.verify(other, known(other), keys) is not None


def test_a_signature_that_cannot_be_relied_on_names_the_key_and_is_no_credential_to_use(
    papers: Papers,
) -> None:
    token = signed(papers, ENDPOINT_V1)
    found = [
        _claims.verify(token, known(token), published(papers, kid="rolled")),
        _claims.verify(f"{token[:-8]}AAAAAAAA", known(token), published(papers)),
        _claims.verify(graph_token(), known(jwt_of({}, nonce="x")), published(papers)),
    ]
    assert [problem and problem.category for problem in found] == ["bad_credentials"] * 3
    texts = [problem.text for problem in found if problem]
    assert f"key {known(token).header['kid']}," in texts[0]
    assert texts[1].startswith("The token's signature is not valid: ")
    assert texts[2].startswith(
        "Microsoft Graph signs its tokens in a way that only Graph can verify"
    )


NUMBER = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.lists(st.integers(), max_size=1)
)


@given(exp=NUMBER, roles=NUMBER, aud=NUMBER, tid=NUMBER)
@example(exp=float("inf"), roles=None, aud=None, tid=None)
def test_no_claim_is_too_strange_to_be_judged(
    exp: t.Any, roles: t.Any, aud: t.Any, tid: t.Any
) -> None:
    token = jwt_of({**graph_claims(), "exp": exp, "roles": roles, "aud": aud, "tid": tid})
    assert "wrong_tenant" in [
        problem.code for problem in _claims.problems(known(token), expected(), now=NOW)
    ]


def signed(papers: Papers, claims: dict[str, t.Any], **header: t.Any) -> str:
    told = f"{encoded({'typ': 'JWT', 'alg': 'RS256', 'kid': 'key-1', **header})}.{encoded(claims)}"
    signature = papers.application.key.sign(told.encode(), padding.PKCS1v15(), hashes.SHA256())
    return f"{told}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def published(papers: Papers, kid: str = "key-1") -> dict[str, t.Any]:
    numbers = papers.application.key.public_key().public_numbers()
    modulus, exponent = (
        base64.urlsafe_b64encode(number.to_bytes((number.bit_length() + 7) // 8, "big"))
        .rstrip(b"=")
        .decode()
        for number in (numbers.n, numbers.e)
    )
    return {
        "keys": [
            {"kty": "RSA", "use": "sig", "kid": "another", "n": "AQAB", "e": "AQAB"},
            {"kty": "RSA", "use": "sig", "kid": kid, "n": modulus, "e": exponent},
        ]
    }


def doubt(papers: Papers, token: str, keys: dict[str, t.Any]) -> str | None:
    problem = _claims.verify(token, known(token), keys)
    return problem.code if problem else None


def test_a_signature_that_holds_is_no_problem_even_when_the_token_expired(papers: Papers) -> None:
    assert doubt(papers, signed(papers, ENDPOINT_V1), published(papers)) is None


def test_a_token_that_was_changed_has_a_bad_signature(papers: Papers) -> None:
    head, _body, signature = signed(papers, ENDPOINT_V1).split(".")
    changed = f"{head}.{encoded({**ENDPOINT_V1, 'roles': ['Machine.Offboard']})}.{signature}"
    assert doubt(papers, changed, published(papers)) == "bad_signature"


def test_a_key_that_is_not_published_is_unknown(papers: Papers) -> None:
    token = signed(papers, ENDPOINT_V1)
    assert doubt(papers, token, published(papers, kid="rolled")) == "unknown_key"
    assert doubt(papers, token, {}) == "unknown_key"


@pytest.mark.parametrize("algorithm", ["none", "HS256", "RS512"])
def test_no_other_algorithm_verifies(papers: Papers, algorithm: str) -> None:
    assert (
        doubt(papers, signed(papers, ENDPOINT_V1, alg=algorithm), published(papers))
        == "bad_signature"
    )


def test_a_published_key_that_is_damaged_verifies_nothing(papers: Papers) -> None:
    assert (
        doubt(
            papers,
            signed(papers, ENDPOINT_V1),
            {"keys": [{"kty": "RSA", "kid": "key-1", "n": "?"}]},
        )
        == "bad_signature"
    )


def test_a_token_of_graph_cannot_be_verified_by_anybody_else(papers: Papers) -> None:
    assert (
        doubt(papers, signed(papers, graph_claims(), nonce="NONCE"), published(papers))
        == "signature_not_verifiable"
    )


# Whom a problem blames


@pytest.mark.parametrize(
    ("changes", "code", "advice"),
    [
        ({"appid": OTHER_TENANT}, "wrong_application", _claims.GIVE_ANOTHER),
        ({"scp": "SecurityIncident.Read.All"}, "delegated", _claims.GIVE_ANOTHER),
        ({"exp": NOW}, "expired", _claims.CLOCK),
        ({"nbf": NOW + 400}, "not_yet_valid", None),
    ],
)
def test_what_is_wrong_with_the_token_itself_is_not_blamed_on_the_credential(
    changes: dict[str, t.Any], code: str, advice: str | None
) -> None:
    (problem,) = _claims.problems(known(graph_token(**changes)), expected(), now=NOW)
    assert (problem.code, problem.category, problem.who) == (code, "bad_credentials", "caller")
    assert "clock" in str(problem.advice) if advice is None else problem.advice == advice


def test_a_signature_that_does_not_hold_is_not_blamed_on_the_credential(papers: Papers) -> None:
    token = signed(papers, ENDPOINT_V1)
    for keys in ({}, {"keys": [{"kty": "RSA", "kid": "key-1", "n": "?"}]}):
        problem = _claims.verify(token, known(token), keys)
        assert problem is not None
        assert (problem.who, problem.advice) == ("caller", _claims.GIVE_ANOTHER)
    token = signed(papers, graph_claims(), nonce="NONCE")
    problem = _claims.verify(token, known(token), published(papers))
    assert problem is not None
    assert (problem.who, "verify_signature" in str(problem.advice)) == ("caller", True)
