# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Microsoft's refusals against the contract's categories; codes, words and texts are those of Microsoft's pages and of public reports."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils import _errors
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError, from_api_answer, from_memory, from_token_answer
from hypothesis import example, given
from hypothesis import strategies as st

LABEL = "contoso (11111111-2222-3333-4444-555555555555)"
WHO = {  # the contract's four, by category
    "not_consented": "customer",
    "role_missing": "customer",
    "bad_credentials": "partner",
    "credential_expired": "partner",
    "tenant_not_found": "caller",
    "not_licensed": "customer",
    "wrong_tenant": "caller",
    "wrong_audience": "caller",
    "app_disabled": "customer",
    "blocked_by_policy": "customer",
    "unsupported": "caller",
    "bad_query": "caller",
    "bad_request": "caller",
    "not_found": "caller",
    "conflict": "caller",
    "truncated": "caller",
    "throttled": "caller",
    "unavailable": "microsoft",
    "timeout": "microsoft",
    "network": "caller",
    "tls": "caller",
    "outcome_unknown": "caller",
}
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
]


def token_body(code: int, error: str) -> dict[str, t.Any]:
    return {
        "error": error,
        "error_description": f"AADSTS{code}: A sentence.\r\nTrace ID: aaaaaaaa-0000-1111-2222-333333333333\r\nTimestamp: 2025-01-15 12:00:00Z",
        "error_codes": [code],
        "correlation_id": "5be327fc-93cb-4bef-ab4e-0373f11a8017",
    }


def graph_body(code: str, message: str, *, inner: str = "innerError") -> dict[str, t.Any]:
    return {"error": {"code": code, "message": message, "details": [], inner: {"date": "2025-01-11T19:43:26", "request-id": "65fe78a8-cade-409c"}}}


def defender_body(code: str, message: str) -> dict[str, t.Any]:
    return {"error": {"code": code, "message": message, "target": "43f4cb08-8fac-4b65"}}


def test_the_categories_are_the_contracts_and_each_names_who_must_act() -> None:
    assert {category: who for category, (who, _advice) in _errors.CATEGORIES.items()} == WHO
    assert all(advice.endswith(".") for _who, advice in _errors.CATEGORIES.values())


@pytest.mark.parametrize("category", WHO)
def test_only_what_may_pass_by_itself_is_retryable(category: str) -> None:
    passes = {"throttled", "unavailable", "timeout", "network"}
    assert DefenderError(category, "A fact.").as_result()["error"]["retryable"] is (category in passes)


def test_a_failed_result_has_every_key_of_the_contract() -> None:
    error = DefenderError("role_missing", "A fact.", status=403, code="Forbidden", request_id="r-1", facts={"missing_roles": ["A"]})
    assert error.as_result() == {
        "failed": True,
        "changed": False,
        "msg": "A fact.",
        "missing_roles": ["A"],
        "error": {
            "category": "role_missing",
            "status": 403,
            "code": "Forbidden",
            "request_id": "r-1",
            "retryable": False,
            "who": "customer",
            "advice": "An administrator of that tenant has to consent again, after the role was added to the application.",
        },
    }


@pytest.mark.parametrize(("code", "word", "status", "category"), TOKEN_ROWS)
def test_a_code_of_the_token_end_point_has_its_category(code: int, word: str, status: int, category: str) -> None:
    error = from_token_answer(LABEL, status, token_body(code, word))
    assert (error.category, error.who, error.status, error.code) == (category, WHO[category], status, f"AADSTS{code}")
    assert error.request_id == "5be327fc-93cb-4bef-ab4e-0373f11a8017"
    assert error.message.startswith(f"Tenant {LABEL} gives no token: ")
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
        ("[Reason - The key was not found., Thumbprint of key used by client: '0A0B'", "bad_credentials"),
        ("[Reason - The key used is expired., Thumbprint of key used by client: '0A0B'", "credential_expired"),
    ],
)
def test_a_certificate_that_expired_is_told_from_one_that_was_never_registered(reason: str, category: str) -> None:
    body = {"error": "invalid_client", "error_codes": [700027], "error_description": f"AADSTS700027: Client assertion contains an invalid signature. {reason}"}
    assert from_token_answer(LABEL, 401, body).category == category


@pytest.mark.parametrize(
    ("word", "category"),
    [
        ("invalid_client", "bad_credentials"),
        ("unauthorized_client", "not_consented"),
        ("invalid_resource", "not_licensed"),
        ("invalid_scope", "wrong_audience"),
        ("invalid_tenant", "tenant_not_found"),
        ("temporarily_unavailable", "unavailable"),
        ("server_error", "unavailable"),
        ("a_word_of_tomorrow", "bad_request"),
    ],
)
def test_the_word_decides_where_the_code_is_unknown(word: str, category: str) -> None:
    error = from_token_answer(LABEL, 400, token_body(4242424, word))
    assert (error.category, error.code) == (category, "AADSTS4242424")


@pytest.mark.parametrize(("status", "category"), [(429, "throttled"), (500, "unavailable"), (503, "unavailable")])
def test_an_empty_answer_of_the_token_end_point_goes_by_its_status(status: int, category: str) -> None:
    error = from_token_answer(LABEL, status, {})
    assert (error.category, error.status, error.code, error.request_id) == (category, status, str(status), None)


def test_the_consent_link_is_the_advice_only_where_consent_is_missing() -> None:
    link = "An administrator has to consent: https://login.microsoftonline.com/x/adminconsent?client_id=y"
    assert from_token_answer(LABEL, 400, token_body(700016, "unauthorized_client"), advice=link).advice == link
    assert link not in from_token_answer(LABEL, 401, token_body(7000215, "invalid_client"), advice=link).advice


API_ROWS = [  # status, body, category: Defender's and Graph's pages on errors, and public reports of real answers
    (400, defender_body("BadRequest", "Indicator 203.0.113.1 is inactive. (Expiration time should be set to a future date time)"), "bad_request"),
    (400, defender_body("ODataError", "The query is not valid."), "bad_request"),
    (400, defender_body("InvalidInput", "x"), "bad_request"),
    (400, defender_body("InvalidRequestBody", "Request body is incorrect"), "bad_request"),
    (400, defender_body("InvalidHashValue", "x"), "bad_request"),
    (400, defender_body("InvalidDomainName", "x"), "bad_request"),
    (400, defender_body("InvalidIpAddress", "x"), "bad_request"),
    (400, defender_body("InvalidUrl", "x"), "bad_request"),
    (400, defender_body("MaximumBatchSizeExceeded", "x"), "bad_request"),
    (400, defender_body("MissingRequiredParameter", "x"), "bad_request"),
    (400, defender_body("OsPlatformNotSupported", "x"), "bad_request"),
    (400, defender_body("ClientVersionNotSupported", "x"), "bad_request"),
    (400, defender_body("ActiveRequestAlreadyExists", "Action is already in progress"), "conflict"),
    (401, defender_body("Unauthorized", "x"), "bad_credentials"),
    (401, defender_body("Unauthorized", "Unauthorized request - reason of failure: Account mode is inactive"), "not_licensed"),
    (401, defender_body("Unauthorized", "No Tvm license"), "not_licensed"),
    (403, defender_body("Forbidden", "Missing application roles. API required roles: Incident.Read.All, application roles: Ti.Read.All."), "role_missing"),
    (403, defender_body("Forbidden", "x"), "role_missing"),
    (403, defender_body("DisabledFeature", "The feature is not enabled for the tenant."), "not_licensed"),
    (403, defender_body("DisallowedOperation", "x"), "bad_request"),
    (404, defender_body("NotFound", "x"), "not_found"),
    (404, defender_body("ResourceNotFound", "Machine 123123123 was not found"), "not_found"),
    (429, defender_body("TooManyRequests", "x"), "throttled"),
    (429, defender_body("429", "API calls quota exceeded! maximum allowed 45 per 00:01:00"), "throttled"),
    (500, defender_body("InternalServerError", "x"), "unavailable"),
    (
        400,
        graph_body("", "The query specified in the URI is not valid. The limit of '50' for Top query has been exceeded. The incoming request is '100'."),
        "bad_request",
    ),
    (401, graph_body("InvalidAuthenticationToken", "Lifetime validation failed, the token is expired."), "bad_credentials"),
    (401, graph_body("InvalidAuthenticationToken", "Access token validation failure. Invalid audience."), "wrong_audience"),
    (403, graph_body("Forbidden", "Unauthorized request - Account is not provisioned."), "not_licensed"),
    (
        403,
        graph_body("Forbidden", "Missing application roles. API required roles: SecurityIncident.Read.All, application roles: User.Read.All."),
        "role_missing",
    ),
    (404, graph_body("BadRequest", "Resource not found for the segment 'incidents'."), "unsupported"),
    (400, graph_body("BadRequest", "Resource not found for the segment 'incidents'."), "unsupported"),
    (409, graph_body("Conflict", "x"), "conflict"),
    (412, graph_body("PreconditionFailed", "x"), "conflict"),
    (416, graph_body("invalidRange", "Uploaded fragment overlaps with existing data."), "bad_request"),
    (429, graph_body("TooManyRequests", "Please retry again later."), "throttled"),
    (500, graph_body("UnknownError", ""), "unavailable"),
    (501, graph_body("NotImplemented", "x"), "unsupported"),
    (503, graph_body("ServiceUnavailable", "x"), "unavailable"),
    (504, graph_body("UnknownError", ""), "timeout"),
]


@pytest.mark.parametrize(("status", "body", "category"), API_ROWS)
def test_a_refusal_of_an_api_has_its_category(status: int, body: dict[str, t.Any], category: str) -> None:
    error = from_api_answer(LABEL, "GET /v1.0/security/incidents", status, body)
    assert (error.category, error.who, error.status) == (category, WHO[category], status)
    assert error.code == (body["error"]["code"] or None)
    assert body["error"]["message"] in error.message
    assert error.message.startswith(f"Tenant {LABEL}: GET /v1.0/security/incidents was answered {status} (")


@pytest.mark.parametrize(
    ("message", "category"),
    [
        ("'where' operator: Failed to resolve table or column expression named 'Nonsense'. Fix semantic errors in your query.", "bad_query"),
        ("Query result has exceeded the allowed result size. Optimize your query by limiting the number of results and try again.", "truncated"),
        ("The query timed out. Optimize your query and try again.", "timeout"),
        ("Query execution has been preempted.", "timeout"),
    ],
)
def test_a_400_to_a_hunting_query_speaks_of_the_query(message: str, category: str) -> None:
    body = graph_body("BadRequest", message)
    assert from_api_answer(LABEL, "POST x", 400, body, hunting=True).category == category
    assert from_api_answer(LABEL, "GET x", 400, body).category == "bad_request"


@pytest.mark.parametrize("body", [graph_body("Forbidden", "x"), graph_body("Forbidden", "x", inner="innererror")])
def test_the_request_id_is_found_in_either_spelling_of_inner_error(body: dict[str, t.Any]) -> None:
    assert from_api_answer(LABEL, "GET x", 403, body).request_id == "65fe78a8-cade-409c"


def test_the_request_id_is_the_target_of_a_defender_error_and_a_header_comes_first() -> None:
    body = defender_body("NotFound", "x")
    assert from_api_answer(LABEL, "GET x", 404, body).request_id == "43f4cb08-8fac-4b65"
    assert from_api_answer(LABEL, "GET x", 404, body, request_id="out-of-the-header").request_id == "out-of-the-header"


@pytest.mark.parametrize("body", [None, "", [], {}, {"error": None}, {"error": "text"}, {"error": {"code": "", "message": ""}}, "<html>"])
def test_an_answer_that_says_nothing_is_still_one_sentence(body: t.Any) -> None:
    error = from_api_answer(LABEL, "GET /x", 502, body)
    assert (error.category, error.code, error.request_id) == ("unavailable", None, None)
    assert error.message == f"Tenant {LABEL}: GET /x was answered 502 (an answer without a message)."


@pytest.mark.parametrize(
    ("text", "roles"),
    [
        ("Missing application roles. API required roles: SecurityIncident.Read.All, application roles: User.Read.All.", ["SecurityIncident.Read.All"]),
        ("Missing application roles. API required roles: A.Read.All,B.Read.All, application roles: X,Y.", ["A.Read.All", "B.Read.All"]),
    ],
)
def test_the_missing_roles_are_read_out_of_the_text(text: str, roles: list[str]) -> None:
    assert from_api_answer(LABEL, "GET x", 403, defender_body("Forbidden", text)).as_result()["missing_roles"] == roles


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
)
BODY = JSON | st.fixed_dictionaries(
    {}, optional={"error": st.fixed_dictionaries({}, optional={name: JSON for name in ("code", "message", "target", "innerError", "innererror")})}
)


TOKEN_BODY = st.fixed_dictionaries({}, optional={name: JSON for name in ("error", "error_codes", "error_description", "correlation_id")})


@given(body=BODY, status=st.integers(400, 599), hunting=st.booleans())
@example(body={"error": {"code": "Forbidden", "message": "x", "innerError": "text"}}, status=403, hunting=False)
def test_no_answer_of_an_api_is_too_strange_to_be_told(body: t.Any, status: int, hunting: bool) -> None:
    error = from_api_answer(LABEL, "GET x", status, body, hunting=hunting)
    assert error.category in WHO
    assert json.loads(json.dumps(error.as_result()))["error"]["status"] == status


@given(body=TOKEN_BODY, status=st.integers(200, 599))
@example(body={"error": "unauthorized_client", "error_codes": 700016}, status=400)
def test_no_answer_of_the_token_end_point_is_too_strange_to_be_told(body: dict[str, t.Any], status: int) -> None:
    assert from_token_answer(LABEL, status, body).category in WHO


@given(
    category=st.sampled_from(sorted(WHO)),
    message=st.text(),
    status=st.none() | st.integers(100, 599),
    code=st.none() | st.text(),
    facts=st.dictionaries(st.text(), st.text() | st.lists(st.text(), max_size=2), max_size=3),
)
def test_a_remembered_error_is_the_same_error(category: str, message: str, status: int | None, code: str | None, facts: dict[str, t.Any]) -> None:
    error = DefenderError(category, message, status=status, code=code, request_id="r", who="microsoft", advice="Do it.", facts=facts)
    again = from_memory(json.loads(json.dumps(error.as_memory())))
    assert isinstance(again, DefenderError)
    assert again.as_result() == error.as_result()
    assert str(again) == message


@pytest.mark.parametrize(
    "change",
    [{"category": "no_such_category"}, {"category": None}, {"category": []}, {"facts": 7}, {"facts": [1]}],
)
def test_a_memory_of_something_else_is_no_error(change: dict[str, t.Any]) -> None:
    memory = {**DefenderError("not_consented", "A fact.").as_memory(), **change}
    with pytest.raises((KeyError, TypeError)):
        from_memory(memory)


@pytest.mark.parametrize("name", ["category", "message", "status", "code", "request_id", "who", "advice", "facts"])
def test_a_memory_with_a_gap_is_no_error(name: str) -> None:
    memory = DefenderError("not_consented", "A fact.").as_memory()
    del memory[name]
    with pytest.raises(KeyError):
        from_memory(memory)


@pytest.mark.parametrize("change", [{"facts": "abc"}, {"message": 5}])
def test_a_memory_whose_members_are_of_another_type_is_no_error(change: dict[str, t.Any]) -> None:
    with pytest.raises((KeyError, TypeError)):
        from_memory({**DefenderError("not_consented", "A fact.").as_memory(), **change})
