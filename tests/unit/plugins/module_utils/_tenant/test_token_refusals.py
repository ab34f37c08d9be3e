# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Refusals of the token end point; codes, words and texts are those of Microsoft's pages and of
public reports."""

from __future__ import annotations

import datetime
import typing as t

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import CATEGORIES
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.token_codes import CODES
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.token_refusals import (
    Caller,
    first_sentence,
    from_token_answer,
)
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.stand_ins import NOW, SECRET
from hypothesis import example, given
from hypothesis import strategies as st

LABEL = "contoso (11111111-2222-3333-4444-555555555555)"
TOKEN_ROWS = [  # code, error, status, category: reference-error-codes, one row each
    (7000215, "invalid_client", 401, "bad_credentials"),
    (7000222, "invalid_client", 401, "credential_expired"),
    (7000218, "invalid_client", 401, "bad_credentials"),
    (700027, "invalid_client", 401, "bad_credentials"),
    (700024, "invalid_client", 401, "bad_credentials"),
    (700030, "invalid_client", 401, "bad_credentials"),
    (700213, "invalid_client", 401, "bad_credentials"),
    (700213, "invalid_request", 400, "bad_credentials"),
    (50012, "invalid_client", 401, "bad_credentials"),
    (700016, "unauthorized_client", 400, "not_consented"),
    (7000112, "unauthorized_client", 400, "app_disabled"),
    (65001, "invalid_grant", 400, "not_consented"),
    (650056, "invalid_resource", 400, "not_consented"),
    (650057, "invalid_resource", 400, "not_consented"),
    (500011, "invalid_resource", 400, "not_licensed"),
    (650052, "invalid_client", 400, "not_licensed"),
    (90002, "invalid_request", 400, "tenant_not_found"),
    (90002, "invalid_tenant", 400, "tenant_not_found"),
    (900023, "invalid_request", 400, "tenant_not_found"),
    (9001023, "invalid_request", 400, "tenant_not_found"),
    (90124, "invalid_request", 400, "tenant_not_found"),
    (90130, "invalid_request", 400, "tenant_not_found"),
    (90099, "", 400, "not_consented"),
    (70011, "invalid_scope", 400, "wrong_audience"),
    (1002012, "invalid_scope", 400, "wrong_audience"),
    (28002, "invalid_request", 400, "wrong_audience"),
    (900144, "invalid_request", 400, "bad_request"),
    (901002, "invalid_request", 400, "bad_request"),
    (53003, "invalid_grant", 400, "blocked_by_policy"),
    (53003, "access_denied", 400, "blocked_by_policy"),
    (50196, "invalid_grant", 400, "throttled"),
    (90033, "temporarily_unavailable", 503, "unavailable"),
    (90024, "throttled", 429, "throttled"),
    (90006, "server_error", 500, "unavailable"),
    (90055, "throttled", 429, "throttled"),
    (1000502, "invalid_client", 401, "credential_expired"),
    (7000274, "invalid_client", 401, "credential_expired"),
    (7000214, "invalid_client", 401, "bad_credentials"),
    (7000216, "invalid_client", 401, "bad_credentials"),
    (700025, "invalid_client", 401, "bad_credentials"),
    (7000229, "invalid_client", 401, "not_consented"),
    (650051, "invalid_client", 400, "not_consented"),
    (90008, "invalid_grant", 400, "not_consented"),
    (90093, "invalid_grant", 400, "not_consented"),
    (90094, "invalid_grant", 400, "not_consented"),
    (50105, "invalid_grant", 400, "not_consented"),
    (501051, "invalid_grant", 400, "not_consented"),
    (650054, "invalid_resource", 400, "not_licensed"),
    (50001, "invalid_resource", 400, "not_licensed"),
    (50049, "invalid_instance", 400, "tenant_not_found"),
    (90009, "invalid_request", 400, "wrong_audience"),
    (700022, "invalid_scope", 400, "wrong_audience"),
    (90010, "invalid_request", 400, "bad_request"),
    (700005, "invalid_grant", 400, "bad_request"),
    (50020, "invalid_grant", 400, "bad_request"),
    (90072, "invalid_grant", 400, "bad_request"),
    (53000, "interaction_required", 400, "blocked_by_policy"),
    (530035, "access_denied", 400, "blocked_by_policy"),
    (500212, "invalid_grant", 400, "blocked_by_policy"),
    (500213, "invalid_grant", 400, "blocked_by_policy"),
    (500021, "invalid_client", 401, "network"),
    (500022, "access_denied", 400, "network"),
    (5000211, "invalid_grant", 400, "network"),
    (50033, "invalid_grant", 400, "unavailable"),
]
SECRET_WORDS = ("secret", "certificate_path", "credential")


def token_body(code: int, error: str) -> dict[str, t.Any]:
    return {
        "error": error,
        "error_description": (
            f"AADSTS{code}: A sentence.\r\n"
            "Trace ID: aaaaaaaa-0000-1111-2222-333333333333\r\nTimestamp: 2025-01-15 12:00:00Z"
        ),
        "error_codes": [code],
        "correlation_id": "5be327fc-93cb-4bef-ab4e-0373f11a8017",
    }


@pytest.mark.parametrize(("code", "word", "status", "category"), TOKEN_ROWS)
def test_a_code_of_the_token_end_point_has_its_category(
    code: int, word: str, status: int, category: str
) -> None:
    error = from_token_answer(LABEL, status, token_body(code, word))
    who = "caller" if code == 700024 else CATEGORIES[category][0]
    assert (error.category, error.who) == (category, who)
    assert (error.status, error.code) == (status, f"AADSTS{code}")
    assert error.request_id == "5be327fc-93cb-4bef-ab4e-0373f11a8017"
    assert error.message.startswith(f"No token for tenant {LABEL}: ")
    assert f"(AADSTS{code})" in error.message


@pytest.mark.parametrize("lacking", ["error_codes", "error"])
def test_a_code_is_read_from_the_text_when_the_list_is_missing(lacking: str) -> None:
    body = {**token_body(7000222, "invalid_client"), lacking: None}
    assert from_token_answer(LABEL, 401, body).category == "credential_expired"


def test_a_second_code_counts_where_the_first_is_unknown() -> None:
    error = from_token_answer(LABEL, 400, {"error": "invalid_grant", "error_codes": [1, 53003]})
    assert error.category == "blocked_by_policy"


@pytest.mark.parametrize(
    ("reason", "category"),
    [
        (
            "[Reason - The key was not found., Thumbprint of key used by client: '0A0B'",
            "bad_credentials",
        ),
        (
            "[Reason - The key used is expired., Thumbprint of key used by client: '0A0B'",
            "credential_expired",
        ),
    ],
)
def test_a_certificate_that_expired_is_told_from_one_that_was_never_registered(
    reason: str, category: str
) -> None:
    body = {
        "error": "invalid_client",
        "error_codes": [700027],
        "error_description": (
            f"AADSTS700027: Client assertion contains an invalid signature. {reason}"
        ),
    }
    assert from_token_answer(LABEL, 401, body).category == category


@pytest.mark.parametrize(
    "word",
    [
        "invalid_client",
        "unauthorized_client",
        "invalid_resource",
        "invalid_scope",
        "invalid_grant",
        "interaction_required",
        "access_denied",
        "a_word_of_tomorrow",
    ],
)
@pytest.mark.parametrize("status", [400, 401, 403])
def test_a_word_alone_blames_nobody_where_the_code_is_unknown(word: str, status: int) -> None:
    error = from_token_answer(LABEL, status, token_body(4242424, word), advice="the consent link")
    assert (error.category, error.who, error.code) == ("bad_request", "caller", "AADSTS4242424")
    assert error.message == (
        f"No token for tenant {LABEL}: the login service returned {word}: A sentence"
        " (AADSTS4242424)."
    )
    assert error.advice == "Look up the code: https://login.microsoftonline.com/error?code=4242424"
    assert from_token_answer(LABEL, status, {"error": word}).category == "bad_request"


@pytest.mark.parametrize(
    ("word", "category"),
    [
        ("invalid_tenant", "tenant_not_found"),
        ("temporarily_unavailable", "unavailable"),
        ("server_error", "unavailable"),
    ],
)
def test_a_plain_word_decides_where_the_code_is_unknown(word: str, category: str) -> None:
    error = from_token_answer(LABEL, 400, token_body(4242424, word))
    assert (error.category, error.code) == (category, "AADSTS4242424")


@pytest.mark.parametrize(
    ("code", "word", "text"),
    [
        (5000225, "invalid_grant", "This tenant has been blocked due to inactivity."),
        (5000225, "interaction_required", "This tenant has been blocked due to inactivity."),
        (5000224, "invalid_client", "We are sorry, this resource is not available."),
    ],
)
def test_a_tenant_that_is_closed_is_the_customers(code: int, word: str, text: str) -> None:
    body = {"error": word, "error_codes": [code], "error_description": f"AADSTS{code}: {text}"}
    error = from_token_answer(LABEL, 400, body)
    assert (error.category, error.who) == ("tenant_not_found", "customer")
    sentence = text.rstrip(".")
    assert error.message == (
        f"No token for tenant {LABEL}: the customer's tenant is blocked or closed: {sentence}"
        f" (AADSTS{code})."
    )
    assert not any(each in f"{error.message} {error.advice}" for each in SECRET_WORDS)


def test_only_codes_about_a_credential_send_anybody_to_look_at_one() -> None:
    for code in CODES:
        error = from_token_answer(LABEL, 401, token_body(code, "invalid_client"))
        about = error.category in ("bad_credentials", "credential_expired")
        assert about or "secret" not in f"{error.message} {error.advice}", code


@pytest.mark.parametrize("body", [{}, {"message": "denied"}, {"error": {"code": "Denied"}}])
@pytest.mark.parametrize("status", [200, 400, 401, 403])
def test_an_answer_in_another_form_is_not_the_login_services(
    body: dict[str, t.Any], status: int
) -> None:
    error = from_token_answer(LABEL, status, body)
    assert (error.category, error.who, error.status) == ("network", "caller", status)
    assert f"something other than the login service returned {status}" in error.message


# Microsoft's sentence


TRACE = "\r\nTrace ID: 8d34bf3d-0db5\r\nCorrelation ID: 32b25d4a\r\nTimestamp: 2025-08-31 17:19:39Z"


@pytest.mark.parametrize(
    ("description", "sentence"),
    [
        (
            f"AADSTS1: This tenant has been blocked. To learn more, see x.{TRACE}",
            "This tenant has been blocked",
        ),
        (
            "AADSTS1: Blocked due to inactivity Trace ID: 8d Correlation ID: 32",
            "Blocked due to inactivity",
        ),
        (
            "AADSTS1: Tenant 'contoso.com' is at v2.0 now. Ask.",
            "Tenant 'contoso.com' is at v2.0 now",
        ),
        ("AADSTS1: One\r\n two.\tthree", "One two. three"),
        ("No code at all. More.", "No code at all"),
        ("", ""),
        ("AADSTS1:", ""),
    ],
)
def test_the_first_sentence_of_microsofts_description(description: str, sentence: str) -> None:
    assert first_sentence(description) == sentence


def test_no_secret_is_in_microsofts_sentence() -> None:
    token = "eyJ0eXAiOiJKV1QifQ.eyJhdWQiOiJ4In0.c2lnbmF0dXJl"
    body = {
        "error": "invalid_client",
        "error_codes": [4242424],
        "error_description": f"AADSTS4242424: The value {SECRET} in {token} is not known. More.",
    }
    error = from_token_answer(LABEL, 401, body, caller=Caller(secrets=[SECRET]))
    told = str(error.as_result())
    assert SECRET not in told
    assert "eyJ" not in told
    assert "is not known (AADSTS4242424)." in error.message


@given(text=st.text())
def test_microsofts_sentence_is_one_short_line(text: str) -> None:
    sentence = first_sentence(text)
    assert sentence.isprintable()
    assert len(sentence) <= 300


# The clock


def outside(seconds: float) -> dict[str, t.Any]:
    """A refusal at this many seconds after NOW, as the login service words it."""
    current = datetime.datetime.fromtimestamp(NOW + seconds, datetime.UTC)
    return {
        "error": "invalid_client",
        "error_codes": [700024],
        "error_description": "AADSTS700024: Client assertion is not within its valid time range. "
        f"Current time: {current:%Y-%m-%dT%H:%M:%S}.6223401Z, assertion valid from"
        " 2018-01-18T01:30:22.0000000Z, expiry time of assertion 1970-01-01T00:00:00.0000000Z."
        " Review the documentation.",
    }


@pytest.mark.parametrize("signs", [True, False])
@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (840, "this machine's clock is 14 minutes behind the login service's clock"),
        (-3 * 3600, "this machine's clock is 3 hours ahead of the login service's clock"),
        (-3 * 86400, "this machine's clock is 3 days ahead of the login service's clock"),
    ],
)
def test_a_clock_that_is_wrong_is_told(seconds: int, words: str, signs: bool) -> None:
    caller = Caller(signs=signs, wall=NOW)
    error = from_token_answer(LABEL, 401, outside(seconds), caller=caller)
    assert (error.category, error.who) == ("bad_credentials", "caller")
    assert words in error.message
    assert "this machine's clock" in error.advice
    # the same, where only the answer's date says so
    caller = Caller(signs=signs, wall=NOW, service_time=NOW + seconds)
    assert words in from_token_answer(LABEL, 401, token_body(700024, "x"), caller=caller).message


def test_an_assertion_that_was_not_signed_here_is_stale_where_the_clock_is_right() -> None:
    error = from_token_answer(LABEL, 401, outside(5), caller=Caller(wall=NOW))
    assert error.who == "caller"
    assert "assertion_file" in error.advice
    assert "clock" not in error.message
    own = from_token_answer(LABEL, 401, outside(5), caller=Caller(signs=True, wall=NOW))
    assert "this machine's clock may be wrong" in own.message


@pytest.mark.parametrize(
    ("status", "category"), [(429, "throttled"), (500, "unavailable"), (503, "unavailable")]
)
def test_an_empty_answer_of_the_token_end_point_goes_by_its_status(
    status: int, category: str
) -> None:
    error = from_token_answer(LABEL, status, {})
    assert (error.category, error.status, error.code, error.request_id) == (
        category,
        status,
        str(status),
        None,
    )


def test_the_consent_link_is_the_advice_only_where_consent_is_missing() -> None:
    link = (
        "An administrator must consent:"
        " https://login.microsoftonline.com/x/adminconsent?client_id=y"
    )
    assert (
        from_token_answer(LABEL, 400, token_body(700016, "unauthorized_client"), advice=link).advice
        == link
    )
    assert (
        link
        not in from_token_answer(
            LABEL, 401, token_body(7000215, "invalid_client"), advice=link
        ).advice
    )


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)
TOKEN_BODY = st.fixed_dictionaries(
    {},
    optional={
        name: JSON for name in ("error", "error_codes", "error_description", "correlation_id")
    },
)


@given(body=TOKEN_BODY, status=st.integers(200, 599))
@example(body={"error": "unauthorized_client", "error_codes": 700016}, status=400)
def test_no_answer_of_the_token_end_point_is_too_strange_to_be_told(
    body: dict[str, t.Any], status: int
) -> None:
    assert from_token_answer(LABEL, status, body).category in CATEGORIES
