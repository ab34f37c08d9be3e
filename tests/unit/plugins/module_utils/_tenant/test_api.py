# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Calls to one API of one tenant: what is sent, which responses are failures, and what is sent a
second time."""

from __future__ import annotations

import contextlib
import functools
import typing as t
from pathlib import Path

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.exchange import Answer
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.tenant import Tenant
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.write_records import Change
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.module_utils._tenant.bench import (
    EMPTY,
    GOOD,
    INCIDENTS,
    LABEL,
    RENEWED,
    ROLELESS,
    XDR_TOKEN,
    WithTenant,
    refused,
    urls,
)
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.stand_ins import (
    CONSENT_URL,
    INCIDENT_ROLE,
    NOW,
    OTHER_TENANT,
    TOKEN_URL,
    FakeClock,
    FakeHttp,
    answer,
    graph_token,
    not_consented,
    token_answer,
)

STALE = answer(
    401,
    {
        "error": {
            "code": "InvalidAuthenticationToken",
            "message": "Lifetime validation failed, the token is expired.",
            "innerError": {},
        }
    },
)


# Requests


def test_a_call_sends_the_token_and_requests_unknown_enum_members(tenant_with: WithTenant) -> None:
    http = FakeHttp(token_answer(GOOD), EMPTY)
    assert tenant_with(http).api("graph", "incident_info").get(
        "/v1.0/security/incidents", {"$top": "50"}
    ) == {"value": []}
    token, call = http.asked
    assert (token.method, token.url, token.headers.get("Authorization")) == (
        "POST",
        TOKEN_URL,
        None,
    )
    assert (call.method, call.url, call.params, call.bearer) == (
        "GET",
        INCIDENTS,
        {"$top": "50"},
        GOOD,
    )
    assert call.headers["Prefer"] == "include-unknown-enum-members"
    http.done()


@pytest.mark.parametrize(
    ("resource", "changes", "module", "url", "token"),
    [
        ("xdr", {}, "incident_info", "https://api.security.microsoft.com/api/incidents", XDR_TOKEN),
        (
            "xdr",
            {"region": "eu"},
            "incident_info",
            "https://eu.api.security.microsoft.com/api/incidents",
            XDR_TOKEN,
        ),
        (
            "graph",
            {"graph_url": "https://localhost:8443/"},
            "incident_info",
            "https://localhost:8443/api/incidents",
            GOOD,
        ),
    ],
)
def test_each_api_has_its_own_host_and_token(
    tenant_with: WithTenant,
    resource: str,
    changes: dict[str, str],
    module: str,
    url: str,
    token: str,
) -> None:
    http = FakeHttp(token_answer(token), EMPTY)
    tenant_with(http, **changes).api(resource, module).get("/api/incidents")
    assert urls(http) == [TOKEN_URL, url]


def test_an_api_that_a_cloud_lacks_is_refused_before_anything_is_sent(
    tenant_with: WithTenant,
) -> None:
    http = FakeHttp()
    assert (
        refused(lambda: tenant_with(http, cloud="china").api("graph", "incident_info")).category
        == "unsupported"
    )
    assert http.asked == []


def test_a_tenant_without_consent_lacks_every_role_that_the_call_needs(
    tenant_with: WithTenant,
) -> None:
    error = refused(lambda: tenant_with(FakeHttp(not_consented())).api("graph", "incident_info"))
    assert error.category == "not_consented"
    assert error.as_result()["missing_roles"] == [INCIDENT_ROLE]


# Links


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example/v1.0/security/incidents?$skip=50",
        "https://graph.microsoft.com.evil.example/x",
        "https://graph.microsoft.com@evil.example/x",
        "https://graph.microsoft.com:8443/x",
        "https://api.security.microsoft.com/x",
    ],
)
def test_a_link_to_another_origin_is_refused_before_anything_is_sent(
    tenant_with: WithTenant, link: str
) -> None:
    http = FakeHttp(token_answer(GOOD))
    api = tenant_with(http).api("graph", "incident_info")
    error = refused(lambda: api.get(link))
    assert (error.category, error.who) == ("network", "microsoft")
    assert urls(http) == [TOKEN_URL]


def test_a_link_to_another_origin_is_reported_with_both_origins(tenant_with: WithTenant) -> None:
    api = tenant_with(FakeHttp(token_answer(GOOD))).api("graph", "incident_info")
    error = refused(lambda: api.get("https://evil.example/x?$skiptoken=a-cursor"))
    assert (error.category, error.who) == ("network", "microsoft")
    assert "https://evil.example" in error.message
    assert "https://graph.microsoft.com" in error.message
    assert "a-cursor" not in error.message


def test_a_link_that_hides_its_origin_behind_a_backslash_is_refused(
    tenant_with: WithTenant,
) -> None:
    http = FakeHttp(token_answer(GOOD))
    api = tenant_with(http).api("graph", "incident_info")
    with pytest.raises(DefenderError):
        api.get("https://evil.example\\@graph.microsoft.com/v1.0/security/incidents")


@pytest.mark.parametrize("link", ["http://evil.example/x", "https://evil.example:port/x"])
def test_a_link_without_tls_or_with_an_invalid_port_is_refused(
    tenant_with: WithTenant, link: str
) -> None:
    api = tenant_with(FakeHttp(token_answer(GOOD)), graph_url="https://localhost:8443").api(
        "graph", "incident_info"
    )
    with pytest.raises(DefenderError):
        api.get(link)


def test_a_link_on_the_same_origin_is_followed_unchanged(tenant_with: WithTenant) -> None:
    http = FakeHttp(token_answer(GOOD), EMPTY)
    link = f"{INCIDENTS}?$top=50&$skiptoken=a%2Fb'c"
    tenant_with(http).api("graph", "incident_info").get(link)
    assert urls(http) == [TOKEN_URL, link]


# Refused tokens


def test_a_refused_token_is_renewed_once_and_the_call_repeated(tenant_with: WithTenant) -> None:
    http = FakeHttp(token_answer(GOOD), STALE, token_answer(RENEWED), EMPTY)
    tenant_with(http).api("graph", "incident_info").get("/v1.0/security/incidents")
    assert [asked.bearer for asked in http.asked] == ["", GOOD, "", RENEWED]


def test_a_token_that_is_refused_twice_is_not_renewed_again(tenant_with: WithTenant) -> None:
    http = FakeHttp(token_answer(GOOD), STALE, token_answer(RENEWED), STALE)
    error = refused(
        lambda: tenant_with(http).api("graph", "incident_info").get("/v1.0/security/incidents")
    )
    assert (error.category, error.status, error.code) == (
        "bad_credentials",
        401,
        "InvalidAuthenticationToken",
    )
    assert urls(http) == [TOKEN_URL, INCIDENTS, TOKEN_URL, INCIDENTS]


def test_a_token_that_only_the_header_refuses_is_renewed(tenant_with: WithTenant) -> None:
    stale = answer(
        401,
        None,
        **{
            "www-authenticate": (
                'Bearer error="invalid_token", error_description="The token is over."'
            )
        },
    )
    http = FakeHttp(token_answer(GOOD), stale, token_answer(RENEWED), EMPTY)
    tenant_with(http).api("graph", "incident_info").get("/v1.0/security/incidents")
    http.done()


def test_a_refused_token_is_renewed_even_if_the_body_is_not_utf_8(tenant_with: WithTenant) -> None:
    http = FakeHttp(token_answer(GOOD), answer(401, b"\xff expired"), token_answer(RENEWED), EMPTY)
    assert tenant_with(http).api("graph", "incident_info").get("/v1.0/x") == {"value": []}
    http.done()


def test_a_renewed_token_of_another_tenant_is_never_sent(tenant_with: WithTenant) -> None:
    http = FakeHttp(token_answer(GOOD), STALE, token_answer(graph_token(tid=OTHER_TENANT)))
    assert (
        refused(
            lambda: tenant_with(http).api("graph", "incident_info").get("/v1.0/security/incidents")
        ).category
        == "wrong_tenant"
    )
    assert urls(http) == [TOKEN_URL, INCIDENTS, TOKEN_URL]


def test_a_renewed_token_without_the_role_is_never_sent(tenant_with: WithTenant) -> None:
    http = FakeHttp(token_answer(GOOD), STALE, token_answer(ROLELESS))
    api = tenant_with(http).api("graph", "incident_info")
    assert refused(lambda: api.get("/v1.0/security/incidents")).category == "role_missing"
    assert urls(http) == [TOKEN_URL, INCIDENTS, TOKEN_URL]


@pytest.mark.parametrize(
    "text",
    [
        "Unauthorized request - reason of failure: Account mode is inactive",
        "Unauthorized request - reason of failure: No Tvm license",
    ],
)
def test_a_401_about_the_account_does_not_renew_the_token(
    tenant_with: WithTenant, text: str
) -> None:
    http = FakeHttp(
        token_answer(GOOD),
        answer(401, {"error": {"code": "Unauthorized", "message": text, "target": "t-1"}}),
    )
    error = refused(
        lambda: tenant_with(http).api("graph", "incident_info").get("/v1.0/security/incidents")
    )
    assert (error.category, error.who, error.request_id) == ("not_licensed", "customer", "t-1")
    assert urls(http) == [TOKEN_URL, INCIDENTS]


# Failures


def test_a_missing_role_that_the_api_reports_comes_with_the_consent_link(
    tenant_with: WithTenant,
) -> None:
    text = (
        "Missing application roles. API required roles: SecurityIncident.Read.All, application"
        " roles: User.Read.All."
    )
    http = FakeHttp(
        token_answer(GOOD),
        answer(
            403,
            {"error": {"code": "Forbidden", "message": text, "innerError": {"request-id": "r-1"}}},
        ),
    )
    error = refused(
        lambda: tenant_with(http).api("graph", "incident_info").get("/v1.0/security/incidents")
    )
    assert (error.category, error.facts["missing_roles"], error.request_id) == (
        "role_missing",
        [INCIDENT_ROLE],
        "r-1",
    )
    assert CONSENT_URL in error.advice


def test_a_403_without_a_reason_names_the_roles_that_the_call_needs(
    tenant_with: WithTenant,
) -> None:
    http = FakeHttp(
        token_answer(GOOD),
        answer(403, {"error": {"code": "Forbidden", "message": "Access denied."}}),
    )
    error = refused(
        lambda: tenant_with(http).api("graph", "incident_info").get("/v1.0/security/incidents")
    )
    assert error.category == "role_missing"
    assert error.as_result()["missing_roles"] == [INCIDENT_ROLE]


def test_an_error_has_the_request_id_of_the_header_and_no_query_string(
    tenant_with: WithTenant,
) -> None:
    http = FakeHttp(
        token_answer(GOOD),
        answer(500, {"error": {"code": "UnknownError", "message": ""}}, request_id="r-7"),
    )
    error = refused(
        lambda: (
            tenant_with(http)
            .api("graph", "incident_info")
            .get("/v1.0/security/incidents/5", {"$filter": "a-query-string"})
        )
    )
    assert (error.category, error.request_id) == ("unavailable", "r-7")
    assert (
        error.message
        == f"Tenant {LABEL}: GET /v1.0/security/incidents/5 returned 500 (UnknownError)."
    )


@pytest.mark.parametrize("body", [b"", b"<html>a proxy's page</html>", b"[]", b"null"])
def test_a_200_without_a_json_object_is_a_failure_of_the_service(
    tenant_with: WithTenant, body: bytes
) -> None:
    http = FakeHttp(token_answer(GOOD), answer(200, body))
    error = refused(
        lambda: tenant_with(http).api("graph", "incident_info").get("/v1.0/security/incidents")
    )
    assert (error.category, error.status) == ("unavailable", 200)


def test_an_unreadable_response_is_reported_with_its_request_id(tenant_with: WithTenant) -> None:
    http = FakeHttp(token_answer(GOOD), answer(200, b"<html>", request_id="r-9"))
    api = tenant_with(http).api("graph", "incident_info")
    error = refused(lambda: api.get("/v1.0/security/incidents"))
    assert (error.request_id, LABEL in error.message) == ("r-9", True)


@pytest.mark.parametrize("reply", [answer(500, {}), answer(200, b"<html>")])
def test_no_error_of_a_call_contains_the_query_string_of_a_link(
    tenant_with: WithTenant, reply: Answer
) -> None:
    api = tenant_with(FakeHttp(token_answer(GOOD), reply)).api("graph", "incident_info")
    error = refused(lambda: api.get(f"{INCIDENTS}?$skiptoken=a-cursor"))
    assert "GET /v1.0/security/incidents " in error.message
    assert "a-cursor" not in error.message


def test_server_time_is_the_date_of_the_last_response(tenant_with: WithTenant) -> None:
    dated = answer(200, {"value": []}, date="Mon, 23 Nov 2026 12:00:42 GMT")
    api = tenant_with(FakeHttp(token_answer(GOOD), dated, EMPTY)).api("graph", "incident_info")
    assert api.server_time is None
    api.get("/v1.0/security/incidents")
    assert api.server_time == (NOW + 42) * 10_000_000
    api.get("/v1.0/security/incidents")
    assert api.server_time is None


# Writes


@pytest.mark.parametrize("repeatable", [False, True])
def test_a_write_is_repeatable_only_if_the_caller_says_so(
    tenant_with: WithTenant, repeatable: bool
) -> None:
    http = FakeHttp(token_answer(GOOD), answer(201, {"id": "1"}))
    api = tenant_with(http).api("graph", "incident_info")
    assert api.write(
        "POST", "/v1.0/security/incidents/1/comments", {"comment": "Seen."}, repeatable=repeatable
    ) == {"id": "1"}
    assert (http.asked[1].repeatable, http.asked[1].payload) == (repeatable, {"comment": "Seen."})


@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
def test_a_write_keeps_its_method_after_the_token_was_renewed(
    tenant_with: WithTenant, method: str
) -> None:
    http = FakeHttp(token_answer(GOOD), STALE, token_answer(RENEWED), answer(200, {}))
    tenant_with(http).api("graph", "incident_info").write(method, "/v1.0/x", {"a": 1})
    sent = [(asked.method, asked.payload) for asked in http.asked if asked.url.endswith("/x")]
    assert sent == [(method, {"a": 1})] * 2


def test_a_write_that_returns_204_succeeds(tenant_with: WithTenant) -> None:
    http = FakeHttp(token_answer(GOOD), Answer(204, {}, b""))
    assert (
        tenant_with(http).api("graph", "incident_info").write("DELETE", "/v1.0/applications/1")
        == {}
    )


def test_a_repeatable_write_that_returns_204_succeeds(tenant_with: WithTenant) -> None:
    http = FakeHttp(token_answer(GOOD), Answer(204, {}, b""))
    api = tenant_with(http).api("graph", "incident_info")
    assert api.write("DELETE", "/v1.0/applications/1", repeatable=True) == {}


def test_a_write_that_returns_202_without_a_body_succeeds(tenant_with: WithTenant) -> None:
    http = FakeHttp(token_answer(GOOD), answer(202, b""))
    assert tenant_with(http).api("graph", "incident_info").write("POST", "/v1.0/x", {}) == {}


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504, 507])
def test_a_write_that_may_have_run_has_an_unknown_outcome_unless_it_is_repeatable(
    tenant_with: WithTenant, status: int
) -> None:
    body = {"error": {"code": "ServiceUnavailable", "message": "Please try again."}}
    for repeatable, category in (
        (False, "outcome_unknown"),
        (True, "timeout" if status in (408, 504) else "unavailable"),
    ):
        http = FakeHttp(token_answer(GOOD), answer(status, body, request_id="r-1"))
        api = tenant_with(http).api("graph", "incident_info")
        write = functools.partial(api.write, "POST", "/v1.0/x", {}, repeatable=repeatable)
        error = refused(write)
        assert (error.category, error.status, error.request_id) == (category, status, "r-1")
        assert error.as_result()["error"]["retryable"] is repeatable
        assert "Please try again." in error.message


def test_a_write_with_an_unreadable_response_has_an_unknown_outcome(
    tenant_with: WithTenant,
) -> None:
    http = FakeHttp(token_answer(GOOD), answer(201, b'{"id": "1'))
    error = refused(
        lambda: tenant_with(http).api("graph", "incident_info").write("POST", "/v1.0/x", {})
    )
    assert (error.category, error.status) == ("outcome_unknown", 201)


def test_an_unknown_outcome_keeps_the_code_of_the_service(tenant_with: WithTenant) -> None:
    body = {"error": {"code": "ServiceUnavailable", "message": "Please try again."}}
    http = FakeHttp(token_answer(GOOD), answer(503, body))
    api = tenant_with(http).api("graph", "incident_info")
    error = refused(lambda: api.write("POST", "/v1.0/x", {}))
    assert (error.category, error.code) == ("outcome_unknown", "ServiceUnavailable")


@pytest.mark.parametrize(
    ("status", "category"),
    [
        (400, "bad_request"),
        (404, "not_found"),
        (409, "conflict"),
        (429, "throttled"),
        (501, "unsupported"),
    ],
)
def test_a_refused_write_keeps_the_category_of_its_status(
    tenant_with: WithTenant, status: int, category: str
) -> None:
    http = FakeHttp(token_answer(GOOD), answer(status, {}))
    error = refused(
        lambda: tenant_with(http).api("graph", "incident_info").write("POST", "/v1.0/x", {})
    )
    assert (error.category, error.status) == (category, status)


# Records of writes


@pytest.mark.parametrize(
    ("responses", "outcome", "request_id"),
    [
        ([answer(200, {"id": 7}, request_id="r-1")], "succeeded", "r-1"),
        ([Answer(204, {"request-id": "r-1"}, b"")], "succeeded", "r-1"),
        ([STALE, token_answer(RENEWED), answer(200, {}, request_id="r-2")], "succeeded", "r-2"),
        ([answer(403, {}, request_id="r-1")], "failed", "r-1"),
        ([answer(504, {}, request_id="r-1")], "outcome_unknown", "r-1"),
        ([answer(200, b"[", request_id="r-1")], "outcome_unknown", "r-1"),
        ([DefenderError("outcome_unknown", "It was lost.")], "outcome_unknown", None),
        ([DefenderError("timeout", "No response in time.")], "outcome_unknown", None),
    ],
)
def test_each_write_that_left_has_one_record(
    tenant_with: WithTenant, responses: list[t.Any], outcome: str, request_id: str | None
) -> None:
    tenant = tenant_with(FakeHttp(token_answer(GOOD), *responses))
    change = Change("incident 1", {"status": "active"}, {"status": "resolved"})
    api = tenant.api("graph", "incident_info")
    with contextlib.suppress(DefenderError):
        api.write("PATCH", "/v1.0/x", {"a": 1}, about=change)
    (record,) = tenant.writes
    assert (record["outcome"], record["request_id"]) == (outcome, request_id)
    assert (record["object"], record["before"], record["after"]) == (
        change.name,
        change.before,
        change.after,
    )
    assert (record["time"], record["action_id"]) == ("2026-11-23T12:00:00Z", None)
    api.settle_write("failed")
    assert record["outcome"] == ("failed" if outcome == "outcome_unknown" else outcome)


def test_a_machine_action_has_its_id_in_the_record(tenant_with: WithTenant) -> None:
    tenant = tenant_with(FakeHttp(token_answer(GOOD), answer(201, {"id": 7})))
    change = Change("device pc-1", {}, {"state": "isolated"}, starts_action=True)
    tenant.api("graph", "incident_info").write("POST", "/v1.0/x", {}, about=change)
    assert tenant.writes[0]["action_id"] == "7"


@pytest.mark.parametrize(
    "responses",
    [
        [token_answer(GOOD), DefenderError("network", "PATCH was not sent: no connection.")],
        [token_answer(graph_token(exp=NOW - 1)), DefenderError("network", "No token.")],
    ],
)
def test_what_never_left_has_no_record(tenant_with: WithTenant, responses: list[t.Any]) -> None:
    tenant = tenant_with(FakeHttp(*responses))
    with contextlib.suppress(DefenderError):
        tenant.api("graph", "incident_info").write("PATCH", "/v1.0/x", {})
    assert tenant.writes == []


def test_reads_and_writes_to_another_origin_have_no_record(tenant_with: WithTenant) -> None:
    tenant = tenant_with(FakeHttp(token_answer(GOOD), EMPTY, EMPTY))
    api = tenant.api("graph", "incident_info")
    api.get("/v1.0/x")
    api.query("/v1.0/x", {})
    refused(lambda: api.write("POST", "https://other.example/x", {}))
    assert tenant.writes == []


# Hunting queries


HUNT = "/v1.0/security/runHuntingQuery"
HUNTER = token_answer(graph_token(roles=["ThreatHunting.Read.All"]))
ROWS = answer(200, {"schema": [], "results": []})
BROKEN = answer(500, {"error": {"code": "UnknownError", "message": ""}})


def hunting(tenant: Tenant, **arguments: t.Any) -> dict[str, t.Any]:
    query = {"Query": "DeviceInfo"}
    return tenant.api("graph", "hunting_query").query(HUNT, query, **arguments)


def slow(http: FakeHttp, time: FakeClock, seconds: float) -> FakeHttp:
    """Each hunt is answered only after so many seconds."""
    inner = http.send

    def send(method: str, url: str, **rest: t.Any) -> Answer:
        time.passed += seconds if url.endswith(HUNT) else 0
        return inner(method, url, **rest)

    http.send = send  # type: ignore[method-assign]
    return http


def test_a_hunt_is_a_post_that_the_transport_repeats_except_after_500_and_504(
    tenant_with: WithTenant,
) -> None:
    http = FakeHttp(
        token_answer(graph_token(roles=["ThreatHunting.Read.All"])),
        answer(200, {"schema": [], "results": []}),
    )
    tenant_with(http).api("graph", "hunting_query").query(
        "/v1.0/security/runHuntingQuery", {"Query": "DeviceInfo"}, timeout=200
    )
    call = http.asked[1]
    assert (call.method, call.payload, call.timeout, call.repeatable) == (
        "POST",
        {"Query": "DeviceInfo"},
        200,
        True,
    )
    assert not call.repeat & {500, 504}
    assert 429 in call.repeat


@pytest.mark.parametrize("seconds", [0, 30])
def test_a_hunt_that_fails_quickly_is_sent_once_more(
    tenant_with: WithTenant, time: FakeClock, seconds: float
) -> None:
    http = slow(FakeHttp(HUNTER, BROKEN, ROWS), time, seconds)
    assert hunting(tenant_with(http), timeout=200) == {"schema": [], "results": []}
    first, second = http.asked[1:]
    assert first == second
    assert (second.method, second.url.endswith(HUNT), second.timeout) == ("POST", True, 200)


def test_a_hunt_that_fails_quickly_twice_has_failed(tenant_with: WithTenant) -> None:
    http = FakeHttp(HUNTER, BROKEN, BROKEN)
    error = refused(lambda: hunting(tenant_with(http)))
    assert (error.category, error.status) == ("timeout", 500)
    http.done()


def test_a_hunt_that_fails_slowly_was_too_heavy_and_is_not_repeated(
    tenant_with: WithTenant, time: FakeClock
) -> None:
    http = slow(FakeHttp(HUNTER, BROKEN), time, 30.5)
    assert refused(lambda: hunting(tenant_with(http))).category == "timeout"


@pytest.mark.parametrize(
    ("status", "category"), [(400, "bad_query"), (501, "unsupported"), (504, "timeout")]
)
def test_a_hunt_that_is_refused_is_not_repeated(
    tenant_with: WithTenant, status: int, category: str
) -> None:
    http = FakeHttp(HUNTER, answer(status, {"error": {"code": "x", "message": "y"}}))
    assert refused(lambda: hunting(tenant_with(http))).category == category


def test_a_hunt_with_too_large_a_response_is_a_bad_request(tenant_with: WithTenant) -> None:
    http = FakeHttp(HUNTER, ROWS)
    hunting(tenant_with(http))
    assert http.asked[1].oversize == "bad_request"


def test_the_rows_of_a_hunt_go_into_a_file_and_a_refusal_does_not(
    tenant_with: WithTenant, tmp_path: Path
) -> None:
    with (tmp_path / "rows").open("w+b") as rows:
        http = FakeHttp(HUNTER, answer(200, b""))
        assert hunting(tenant_with(http), into=rows) == {}
        assert http.asked[1].into is rows
        body = {"error": {"code": "BadRequest", "message": "No such table."}}
        error = refused(
            lambda: hunting(tenant_with(FakeHttp(HUNTER, answer(400, body))), into=rows)
        )
    assert (error.category, error.code) == ("bad_query", "BadRequest")
