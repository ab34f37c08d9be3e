# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Refusals of Microsoft's APIs; codes and texts are those of their pages and of public reports of
real answers."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import CATEGORIES
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.api_refusals import (
    from_api_answer,
)
from hypothesis import example, given
from hypothesis import strategies as st

LABEL = "contoso (11111111-2222-3333-4444-555555555555)"


def graph_body(code: str, message: str, *, inner: str = "innerError") -> dict[str, t.Any]:
    return {
        "error": {
            "code": code,
            "message": message,
            "details": [],
            inner: {"date": "2025-01-11T19:43:26", "request-id": "65fe78a8-cade-409c"},
        }
    }


def defender_body(code: str, message: str) -> dict[str, t.Any]:
    return {"error": {"code": code, "message": message, "target": "43f4cb08-8fac-4b65"}}


# status, body, category: Defender's and Graph's pages on errors, and public reports of real answers
API_ROWS = [
    (
        400,
        defender_body(
            "BadRequest",
            (
                "Indicator 203.0.113.1 is inactive. (Expiration time should be set to a future date"
                " time)"
            ),
        ),
        "bad_request",
    ),
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
    (
        401,
        defender_body(
            "Unauthorized", "Unauthorized request - reason of failure: Account mode is inactive"
        ),
        "not_licensed",
    ),
    (401, defender_body("Unauthorized", "No Tvm license"), "not_licensed"),
    (
        403,
        defender_body(
            "Forbidden",
            (
                "Missing application roles. API required roles: Incident.Read.All, application"
                " roles: Ti.Read.All."
            ),
        ),
        "role_missing",
    ),
    (403, defender_body("Forbidden", "x"), "role_missing"),
    (
        403,
        defender_body("DisabledFeature", "The feature is not enabled for the tenant."),
        "not_licensed",
    ),
    (403, defender_body("DisallowedOperation", "x"), "bad_request"),
    (404, defender_body("NotFound", "x"), "not_found"),
    (404, defender_body("ResourceNotFound", "Machine 123123123 was not found"), "not_found"),
    (429, defender_body("TooManyRequests", "x"), "throttled"),
    (
        429,
        defender_body("429", "API calls quota exceeded! maximum allowed 45 per 00:01:00"),
        "throttled",
    ),
    (500, defender_body("InternalServerError", "x"), "unavailable"),
    (
        400,
        graph_body(
            "",
            (
                "The query specified in the URI is not valid. The limit of '50' for Top query has"
                " been exceeded. The incoming request is '100'."
            ),
        ),
        "bad_request",
    ),
    (
        401,
        graph_body(
            "InvalidAuthenticationToken", "Lifetime validation failed, the token is expired."
        ),
        "bad_credentials",
    ),
    (
        401,
        graph_body(
            "InvalidAuthenticationToken", "Access token validation failure. Invalid audience."
        ),
        "wrong_audience",
    ),
    (
        403,
        graph_body("Forbidden", "Unauthorized request - Account is not provisioned."),
        "not_licensed",
    ),
    (
        403,
        graph_body(
            "Forbidden",
            (
                "Missing application roles. API required roles: SecurityIncident.Read.All,"
                " application roles: User.Read.All."
            ),
        ),
        "role_missing",
    ),
    (
        404,
        graph_body("BadRequest", "Resource not found for the segment 'incidents'."),
        "unsupported",
    ),
    (
        400,
        graph_body("BadRequest", "Resource not found for the segment 'incidents'."),
        "unsupported",
    ),
    (409, graph_body("Conflict", "x"), "conflict"),
    (412, graph_body("PreconditionFailed", "x"), "conflict"),
    (
        416,
        graph_body("invalidRange", "Uploaded fragment overlaps with existing data."),
        "bad_request",
    ),
    (429, graph_body("TooManyRequests", "Please retry again later."), "throttled"),
    (500, graph_body("UnknownError", ""), "unavailable"),
    (501, graph_body("NotImplemented", "x"), "unsupported"),
    (503, graph_body("ServiceUnavailable", "x"), "unavailable"),
    (504, graph_body("UnknownError", ""), "timeout"),
]


@pytest.mark.parametrize(("status", "body", "category"), API_ROWS)
def test_a_refusal_of_an_api_has_its_category(
    status: int, body: dict[str, t.Any], category: str
) -> None:
    error = from_api_answer(LABEL, "GET /v1.0/security/incidents", status, body)
    # a token that an API refuses is not the fault of the credential that it was given for
    who = "caller" if category == "bad_credentials" else CATEGORIES[category][0]
    assert (error.category, error.who, error.status) == (category, who, status)
    assert "secret" not in error.advice
    assert error.code == (body["error"]["code"] or None)
    assert body["error"]["message"] in error.message
    assert error.message.startswith(
        f"Tenant {LABEL}: GET /v1.0/security/incidents returned {status} ("
    )


@pytest.mark.parametrize(
    ("message", "category"),
    [
        (
            (
                "'where' operator: Failed to resolve table or column expression named 'Nonsense'."
                " Fix semantic errors in your query."
            ),
            "bad_query",
        ),
        (
            (
                "Query result has exceeded the allowed result size. Optimize your query by limiting"
                " the number of results and try again."
            ),
            "truncated",
        ),
        ("The query timed out. Optimize your query and try again.", "timeout"),
        ("Query execution has been preempted.", "timeout"),
    ],
)
def test_a_400_to_a_hunting_query_speaks_of_the_query(message: str, category: str) -> None:
    body = graph_body("BadRequest", message)
    assert from_api_answer(LABEL, "POST x", 400, body, hunting=True).category == category
    assert from_api_answer(LABEL, "GET x", 400, body).category == "bad_request"


@pytest.mark.parametrize(
    "body", [graph_body("Forbidden", "x"), graph_body("Forbidden", "x", inner="innererror")]
)
def test_the_request_id_is_found_in_either_spelling_of_inner_error(body: dict[str, t.Any]) -> None:
    assert from_api_answer(LABEL, "GET x", 403, body).request_id == "65fe78a8-cade-409c"


def test_the_request_id_is_the_target_of_a_defender_error_and_a_header_comes_first() -> None:
    body = defender_body("NotFound", "x")
    assert from_api_answer(LABEL, "GET x", 404, body).request_id == "43f4cb08-8fac-4b65"
    assert (
        from_api_answer(LABEL, "GET x", 404, body, request_id="out-of-the-header").request_id
        == "out-of-the-header"
    )


@pytest.mark.parametrize(
    "body",
    [
        None,
        "",
        [],
        {},
        {"error": None},
        {"error": "text"},
        {"error": {"code": "", "message": ""}},
        "<html>",
    ],
)
def test_an_answer_that_says_nothing_is_still_one_sentence(body: t.Any) -> None:
    error = from_api_answer(LABEL, "GET /x", 502, body)
    assert (error.category, error.code, error.request_id) == ("unavailable", None, None)
    assert error.message == f"Tenant {LABEL}: GET /x returned 502 (no error message)."


@pytest.mark.parametrize("body", [{"message": "blocked"}, {"error": "access_denied"}])
@pytest.mark.parametrize("status", [401, 403])
def test_a_refusal_in_another_form_is_not_the_services(body: t.Any, status: int) -> None:
    error = from_api_answer(LABEL, "GET /x", status, body)
    assert (error.category, error.who, error.status) == ("network", "caller", status)
    # with the service's id it is the service's
    assert from_api_answer(LABEL, "GET /x", status, body, request_id="r-1").category != "network"


@pytest.mark.parametrize(
    ("text", "roles"),
    [
        (
            (
                "Missing application roles. API required roles: SecurityIncident.Read.All,"
                " application roles: User.Read.All."
            ),
            ["SecurityIncident.Read.All"],
        ),
        (
            (
                "Missing application roles. API required roles: A.Read.All,B.Read.All, application"
                " roles: X,Y."
            ),
            ["A.Read.All", "B.Read.All"],
        ),
    ],
)
def test_the_missing_roles_are_read_out_of_the_text(text: str, roles: list[str]) -> None:
    assert (
        from_api_answer(LABEL, "GET x", 403, defender_body("Forbidden", text)).as_result()[
            "missing_roles"
        ]
        == roles
    )


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)
BODY = JSON | st.fixed_dictionaries(
    {},
    optional={
        "error": st.fixed_dictionaries(
            {},
            optional={
                name: JSON for name in ("code", "message", "target", "innerError", "innererror")
            },
        )
    },
)


@given(body=BODY, status=st.integers(400, 599), hunting=st.booleans())
@example(
    body={"error": {"code": "Forbidden", "message": "x", "innerError": "text"}},
    status=403,
    hunting=False,
)
def test_no_answer_of_an_api_is_too_strange_to_be_told(
    body: t.Any, status: int, hunting: bool
) -> None:
    error = from_api_answer(LABEL, "GET x", status, body, hunting=hunting)
    assert error.category in CATEGORIES
    assert json.loads(json.dumps(error.as_result()))["error"]["status"] == status
