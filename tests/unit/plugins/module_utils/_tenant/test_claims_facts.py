# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Claims that are absent or odd, the facts that each refusal names, and what a signature is checked
with."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import claims as _claims
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.module_utils._tenant import (
    test_claims as _shared,
)
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.papers import Papers
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.stand_ins import (
    CLIENT,
    NOW,
    OTHER_TENANT,
    TENANT,
    graph_token,
    jwt_of,
)

LETTERS: t.Final = "abcdefab-cdef-4abc-8def-abcdefabcdef"


def test_what_a_token_does_not_say_is_empty_and_it_has_ended() -> None:
    claims = _shared.known(jwt_of({}))
    assert (claims.tenant_id, claims.audience, claims.issuer, claims.app_id) == ("", "", "", "")
    assert (claims.roles, claims.expires_at, claims.not_before, claims.app_only) == ((), 0, 0, True)


@pytest.mark.parametrize("audience", [["first", "second"], "first"])
def test_the_first_of_several_audiences_counts(audience: t.Any) -> None:
    assert _shared.known(jwt_of({"aud": audience})).audience == "first"


def test_ids_are_read_in_lower_case() -> None:
    claims = _shared.known(jwt_of({"tid": LETTERS.upper(), "appid": LETTERS.upper()}))
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
    claims = _shared.known(graph_token(**{"roles": ["C", "D"], **changes}))
    first = _claims.problems(claims, _shared.expected(roles=("C", "D")), now=NOW)[0]
    assert [fact for fact in facts if fact not in first.text] == []


@pytest.mark.parametrize("times", [{}, {"nbf": NOW * 2, "iat": NOW * 2, "exp": NOW * 3}])
def test_a_signature_is_checked_whenever_the_token_is_valid(
    papers: Papers, times: dict[str, int]
) -> None:
    token = _shared.signed(papers, {**_shared.ENDPOINT_V1, **times})
    assert _claims.verify(token, _shared.known(token), _shared.published(papers)) is None


def test_what_a_published_key_says_of_its_algorithm_does_not_widen_what_is_accepted(
    papers: Papers,
) -> None:
    keys = _shared.published(papers)
    for key in keys["keys"]:
        key["alg"] = "RS512"
    token = _shared.signed(papers, _shared.ENDPOINT_V1)
    assert _claims.verify(token, _shared.known(token), keys) is None
    other = _shared.signed(papers, _shared.ENDPOINT_V1, alg="RS512")
    assert _claims.verify(other, _shared.known(other), keys) is not None


def test_a_signature_that_cannot_be_relied_on_names_the_key_and_is_no_credential_to_use(
    papers: Papers,
) -> None:
    token = _shared.signed(papers, _shared.ENDPOINT_V1)
    found = [
        _claims.verify(token, _shared.known(token), _shared.published(papers, kid="rolled")),
        _claims.verify(f"{token[:-8]}AAAAAAAA", _shared.known(token), _shared.published(papers)),
        _claims.verify(
            graph_token(), _shared.known(jwt_of({}, nonce="x")), _shared.published(papers)
        ),
    ]
    assert [problem and problem.category for problem in found] == ["bad_credentials"] * 3
    texts = [problem.text for problem in found if problem]
    assert f"key {_shared.known(token).header['kid']}," in texts[0]
    assert texts[1].startswith("The token's signature is not valid: ")
    assert texts[2].startswith(
        "Microsoft Graph signs its tokens in a way that only Graph can verify"
    )
