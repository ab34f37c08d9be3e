# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tenant guard: with which token a call may leave, when a token is renewed, and that nothing
leaves otherwise."""

from __future__ import annotations

import functools
import typing as t
from pathlib import Path

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import claims as _claims
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import options as _options
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import tenant as _tenant
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.api import Api
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.exchange import Answer
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.tenant import Tenant
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.stand_ins import (
    CLIENT,
    CONSENT_URL,
    INCIDENT_ROLE,
    NOW,
    OTHER_TENANT,
    TENANT,
    TOKEN_URL,
    FakeClock,
    FakeHttp,
    answer,
    graph_token,
    not_consented,
    parameters,
    refusal,
    token_answer,
)

INCIDENTS = "https://graph.microsoft.com/v1.0/security/incidents"
LABEL = f"contoso ({TENANT})"
GOOD = graph_token(uti="good")
RENEWED = graph_token(uti="renewed")
ROLELESS = graph_token(roles=["SecurityAlert.Read.All"])
XDR_TOKEN = graph_token(aud="https://api.security.microsoft.com", roles=["Incident.Read.All"])
EMPTY = answer(200, {"value": []})
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
WithTenant = t.Callable[..., Tenant]


def refused(call: t.Callable[[], t.Any]) -> DefenderError:
    with pytest.raises(DefenderError) as caught:
        call()
    return caught.value


def urls(http: FakeHttp) -> list[str]:
    return [asked.url for asked in http.asked]


@pytest.fixture
def again(tmp_path: Path, time: FakeClock) -> t.Callable[..., tuple[Tenant, FakeHttp]]:
    """A new task for the same tenant, with the cache that the tasks before it left."""

    def build(*script: Answer | DefenderError, **changes: t.Any) -> tuple[Tenant, FakeHttp]:
        http = FakeHttp(*script)
        tenant = Tenant(
            _options.check(parameters(token_cache=str(tmp_path / "tokens"), **changes)),
            clock=time.clock,
            http=t.cast("t.Any", http),
        )
        return tenant, http

    return build


Again = t.Callable[..., tuple[Tenant, FakeHttp]]


# What leaves


def test_a_call_carries_the_tenants_token_and_asks_for_new_words(tenant_with: WithTenant) -> None:
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


def test_a_hunt_is_a_post_that_may_be_repeated_but_not_when_it_was_too_heavy(
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


def test_one_token_serves_many_calls(tenant_with: WithTenant) -> None:
    http = FakeHttp(token_answer(GOOD), EMPTY, EMPTY, EMPTY)
    api = tenant_with(http).api("graph", "incident_info")
    for _unused in range(3):
        api.get("/v1.0/security/incidents")
    assert urls(http) == [TOKEN_URL] + [INCIDENTS] * 3


# What does not leave


WRONG = [
    ({"tid": OTHER_TENANT, "iss": f"https://sts.windows.net/{OTHER_TENANT}/"}, "wrong_tenant"),
    ({"tid": None}, "wrong_tenant"),
    ({"iss": f"https://sts.windows.net/{OTHER_TENANT}/"}, "wrong_tenant"),
    ({"aud": "https://api.security.microsoft.com"}, "wrong_audience"),
    ({"aud": "https://management.azure.com"}, "wrong_audience"),
    ({"appid": OTHER_TENANT}, "bad_credentials"),
    ({"exp": NOW - 1}, "bad_credentials"),
    ({"scp": "SecurityIncident.Read.All"}, "bad_credentials"),
    ({"roles": ["SecurityAlert.Read.All"]}, "role_missing"),
    ({"roles": None}, "role_missing"),
]


@pytest.mark.parametrize(("changes", "category"), WRONG)
def test_a_token_that_does_not_fit_never_leaves(
    tenant_with: WithTenant, changes: dict[str, t.Any], category: str
) -> None:
    http = FakeHttp(token_answer(graph_token(**changes)))
    error = refused(lambda: tenant_with(http).api("graph", "incident_info"))
    assert error.category == category
    assert LABEL in error.message
    assert urls(http) == [TOKEN_URL]


@pytest.mark.parametrize(("changes", "category"), WRONG)
def test_the_guard_stands_before_every_call_and_not_only_before_the_first(
    tenant_with: WithTenant, time: FakeClock, changes: dict[str, t.Any], category: str
) -> None:
    spoilt = {"exp": NOW + 9000, **changes, **({"exp": NOW} if "exp" in changes else {})}
    http = FakeHttp(token_answer(GOOD), EMPTY, token_answer(graph_token(**spoilt)))
    api = tenant_with(http).api("graph", "incident_info")
    api.get("/v1.0/security/incidents")
    time.passed = 3599  # the first token is over, a new one comes
    assert refused(lambda: api.get("/v1.0/security/incidents")).category == category
    assert urls(http) == [TOKEN_URL, INCIDENTS, TOKEN_URL]


def test_a_token_of_another_tenant_in_the_cache_never_leaves(again: Again) -> None:
    tenant, _http = again(token_answer(graph_token(tid=OTHER_TENANT)))
    refused(lambda: tenant.api("graph", "incident_info"))
    tenant, http = again()
    assert refused(lambda: tenant.api("graph", "incident_info")).category == "wrong_tenant"
    assert http.asked == []


def test_an_opaque_token_is_used_with_one_warning(tenant_with: WithTenant) -> None:
    http = FakeHttp(token_answer("an-opaque-token-long-and-unique"), EMPTY, EMPTY)
    tenant = tenant_with(http)
    api = tenant.api("graph", "incident_info")
    api.get("/v1.0/security/incidents")
    api.get("/v1.0/security/incidents")
    assert [asked.bearer for asked in http.asked[1:]] == ["an-opaque-token-long-and-unique"] * 2
    assert tenant.warnings == [
        (
            f"The token of tenant {LABEL} for graph is opaque, so its tenant and roles could not be"
            " checked."
        )
    ]


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


def test_a_link_that_hides_its_origin_behind_a_backslash_is_refused(
    tenant_with: WithTenant,
) -> None:
    http = FakeHttp(token_answer(GOOD))
    api = tenant_with(http).api("graph", "incident_info")
    with pytest.raises(DefenderError):
        api.get("https://evil.example\\@graph.microsoft.com/v1.0/security/incidents")


@pytest.mark.parametrize("link", ["http://evil.example/x", "https://evil.example:port/x"])
def test_a_link_that_is_no_url_is_refused(tenant_with: WithTenant, link: str) -> None:
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


def test_an_api_that_a_cloud_lacks_is_refused_before_anything_is_sent(
    tenant_with: WithTenant,
) -> None:
    http = FakeHttp()
    assert (
        refused(lambda: tenant_with(http, cloud="china").api("graph", "incident_info")).category
        == "unsupported"
    )
    assert http.asked == []


# Roles


def test_a_missing_role_is_told_with_what_was_granted_and_the_consent_link(
    tenant_with: WithTenant,
) -> None:
    http = FakeHttp(token_answer(graph_token(roles=["A.Read.All", "B.Read.All"])))
    error = refused(lambda: tenant_with(http).api("graph", "incident_info"))
    assert error.message == (
        f"Tenant {LABEL} grants application {CLIENT} the graph roles [A.Read.All,"
        f" B.Read.All], but not {INCIDENT_ROLE}. An administrator of that tenant must consent"
        f" again: {CONSENT_URL}"
    )
    result = error.as_result()
    assert (
        result["missing_roles"],
        result["error"]["who"],
        CONSENT_URL in result["error"]["advice"],
    ) == ([INCIDENT_ROLE], "customer", True)


def test_an_old_cached_token_that_lacks_a_role_is_renewed_once(
    again: Again, time: FakeClock
) -> None:
    again(token_answer(ROLELESS))[0].guard.read_token("graph")
    time.passed = 181
    tenant, http = again(token_answer(GOOD), EMPTY)
    tenant.api("graph", "incident_info").get("/v1.0/security/incidents")
    assert [asked.bearer for asked in http.asked] == ["", GOOD]


def test_a_new_token_that_still_lacks_the_role_is_not_renewed_again(
    again: Again, time: FakeClock
) -> None:
    again(token_answer(ROLELESS))[0].guard.read_token("graph")
    time.passed = 181
    tenant, http = again(token_answer(ROLELESS))
    assert refused(lambda: tenant.api("graph", "incident_info")).category == "role_missing"
    assert urls(http) == [TOKEN_URL]
    tenant, http = again()
    assert refused(lambda: tenant.api("graph", "incident_info")).category == "role_missing"
    assert http.asked == []


def test_a_young_cached_token_that_lacks_a_role_is_believed(again: Again, time: FakeClock) -> None:
    again(token_answer(ROLELESS))[0].guard.read_token("graph")
    time.passed = 180
    tenant, http = again()
    assert refused(lambda: tenant.api("graph", "incident_info")).category == "role_missing"
    assert http.asked == []


# Answers


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


def test_a_refused_token_may_be_named_in_the_header_only(tenant_with: WithTenant) -> None:
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


def test_the_renewed_token_has_to_pass_the_guard_too(tenant_with: WithTenant) -> None:
    http = FakeHttp(token_answer(GOOD), STALE, token_answer(graph_token(tid=OTHER_TENANT)))
    assert (
        refused(
            lambda: tenant_with(http).api("graph", "incident_info").get("/v1.0/security/incidents")
        ).category
        == "wrong_tenant"
    )
    assert urls(http) == [TOKEN_URL, INCIDENTS, TOKEN_URL]


@pytest.mark.parametrize(
    "text",
    [
        "Unauthorized request - reason of failure: Account mode is inactive",
        "Unauthorized request - reason of failure: No Tvm license",
    ],
)
def test_a_401_that_speaks_of_the_account_renews_nothing(
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


def test_a_missing_role_that_only_the_api_knows_is_told_with_the_consent_link(
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


def test_a_tenant_without_consent_lacks_every_role_that_the_call_needs(
    tenant_with: WithTenant,
) -> None:
    error = refused(lambda: tenant_with(FakeHttp(not_consented())).api("graph", "incident_info"))
    assert error.category == "not_consented"
    assert error.as_result()["missing_roles"] == [INCIDENT_ROLE]


def test_the_header_with_the_request_id_is_told(tenant_with: WithTenant) -> None:
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
def test_a_200_without_an_object_is_no_answer(tenant_with: WithTenant, body: bytes) -> None:
    http = FakeHttp(token_answer(GOOD), answer(200, body))
    error = refused(
        lambda: tenant_with(http).api("graph", "incident_info").get("/v1.0/security/incidents")
    )
    assert (error.category, error.status) == ("unavailable", 200)


def test_the_keys_of_the_tenant_are_fetched_without_a_credential(tenant_with: WithTenant) -> None:
    http = FakeHttp(answer(200, {"keys": []}))
    assert tenant_with(http).guard.keys() == {"keys": []}
    (asked,) = http.asked
    assert (asked.method, asked.url, asked.headers) == (
        "GET",
        f"https://login.microsoftonline.com/{TENANT}/discovery/v2.0/keys",
        {},
    )


@pytest.mark.parametrize("reply", [answer(404, {}), answer(200, b"<html>")])
def test_keys_that_do_not_come_are_told(tenant_with: WithTenant, reply: Answer) -> None:
    assert refused(tenant_with(FakeHttp(reply)).guard.keys).category == "unavailable"


# Which api


def chosen(tenant: Tenant) -> Api:
    return tenant.chosen_api("incident_info")


def test_auto_takes_graph_where_its_role_is_granted(tenant_with: WithTenant) -> None:
    http = FakeHttp(token_answer(GOOD))
    tenant = tenant_with(http)
    assert (chosen(tenant).name, tenant.warnings) == ("graph", [])


@pytest.mark.parametrize(
    "graph",
    [
        token_answer(ROLELESS),
        refusal(650052, "invalid_client", "no subscription"),
        refusal(500011, "invalid_resource", "The resource principal was not found."),
    ],
)
def test_auto_takes_the_older_api_where_only_that_is_allowed_and_warns(
    tenant_with: WithTenant, graph: Answer
) -> None:
    http = FakeHttp(graph, token_answer(XDR_TOKEN))
    tenant = tenant_with(http)
    assert chosen(tenant).name == "xdr"
    (warning,) = tenant.warnings
    assert "MC1220762" in warning
    http.done()


def test_auto_tells_what_graph_lacks_where_neither_is_allowed(tenant_with: WithTenant) -> None:
    tenant = tenant_with(
        FakeHttp(
            token_answer(ROLELESS),
            token_answer(graph_token(aud="https://api.security.microsoft.com", roles=[])),
        )
    )
    error = refused(lambda: chosen(tenant))
    assert (error.category, error.facts["missing_roles"]) == ("role_missing", [INCIDENT_ROLE])


@pytest.mark.parametrize(
    ("script", "category"),
    [
        ([not_consented()], "not_consented"),
        ([answer(503)], "unavailable"),
        ([DefenderError("network", "x")], "network"),
        ([token_answer(graph_token(tid=OTHER_TENANT))], "wrong_tenant"),
    ],
)
def test_auto_does_not_try_the_older_api_where_that_is_not_the_question(
    tenant_with: WithTenant, script: list[t.Any], category: str
) -> None:
    http = FakeHttp(*script)
    assert refused(lambda: chosen(tenant_with(http))).category == category
    http.done()


@pytest.mark.parametrize(("api", "token"), [("graph", GOOD), ("xdr", XDR_TOKEN)])
def test_an_api_that_was_named_is_the_only_one_that_is_asked(
    tenant_with: WithTenant, api: str, token: str
) -> None:
    http = FakeHttp(token_answer(token))
    assert chosen(tenant_with(http, api=api)).name == api
    http = FakeHttp(
        token_answer(
            graph_token(
                aud="https://graph.microsoft.com"
                if api == "graph"
                else "https://api.security.microsoft.com",
                roles=[],
            )
        )
    )
    assert refused(lambda: chosen(tenant_with(http, api=api))).category == "role_missing"
    http.done()


def test_what_auto_found_out_is_remembered_in_the_cache(again: Again, time: FakeClock) -> None:
    chosen(again(token_answer(ROLELESS), token_answer(XDR_TOKEN))[0])
    time.passed = 1000
    tenant, http = again()
    assert chosen(tenant).name == "xdr"
    assert http.asked == []


# Changes


@pytest.mark.parametrize("repeatable", [False, True])
def test_a_change_is_repeated_only_where_doing_it_twice_is_doing_it_once(
    tenant_with: WithTenant, repeatable: bool
) -> None:
    http = FakeHttp(token_answer(GOOD), answer(201, {"id": "1"}))
    api = tenant_with(http).api("graph", "incident_info")
    assert api.write(
        "POST", "/v1.0/security/incidents/1/comments", {"comment": "Seen."}, repeatable=repeatable
    ) == {"id": "1"}
    assert (http.asked[1].repeatable, http.asked[1].payload) == (repeatable, {"comment": "Seen."})


def test_a_change_that_is_answered_with_nothing_is_done(tenant_with: WithTenant) -> None:
    http = FakeHttp(token_answer(GOOD), Answer(204, {}, b""))
    assert (
        tenant_with(http).api("graph", "incident_info").write("DELETE", "/v1.0/applications/1")
        == {}
    )


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504, 507])
def test_a_change_that_may_have_run_has_an_unknown_outcome(
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
def test_a_change_that_was_refused_did_not_run(
    tenant_with: WithTenant, status: int, category: str
) -> None:
    http = FakeHttp(token_answer(GOOD), answer(status, {}))
    error = refused(
        lambda: tenant_with(http).api("graph", "incident_info").write("POST", "/v1.0/x", {})
    )
    assert (error.category, error.status) == (category, status)


def test_a_change_whose_answer_cannot_be_read_has_an_unknown_outcome(
    tenant_with: WithTenant,
) -> None:
    http = FakeHttp(token_answer(GOOD), answer(201, b'{"id": "1'))
    error = refused(
        lambda: tenant_with(http).api("graph", "incident_info").write("POST", "/v1.0/x", {})
    )
    assert (error.category, error.status) == ("outcome_unknown", 201)


def test_an_empty_answer_to_a_change_is_no_failure(tenant_with: WithTenant) -> None:
    http = FakeHttp(token_answer(GOOD), answer(202, b""))
    assert tenant_with(http).api("graph", "incident_info").write("POST", "/v1.0/x", {}) == {}


# What the guard hands on


def test_every_option_of_the_connection_reaches_the_transport(
    time: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    built: list[dict[str, t.Any]] = []

    def build(**given: t.Any) -> t.Any:
        built.append(given)
        return built

    monkeypatch.setattr(_tenant, "Http", build)
    changes = {
        "ca_path": "/etc/pki/own.pem",
        "validate_certs": False,
        "proxy": "http://proxy.example:3128",
        "request_timeout": 7,
        "retries": 2,
        "retry_deadline": 45,
        "max_response_size": "3M",
    }
    tenant = Tenant(_options.check(parameters(**changes)), clock=time.clock)
    assert tenant.http is t.cast("t.Any", built)
    assert built == [
        {
            "ca_path": "/etc/pki/own.pem",
            "validate_certs": False,
            "proxy": "http://proxy.example:3128",
            "timeout": 7,
            "retries": 2,
            "deadline": 45,
            "max_size": 3 * 2**20,
            "clock": time.clock,
        }
    ]


def test_a_token_of_a_login_service_of_ones_own_is_accepted(tenant_with: WithTenant) -> None:
    own = "https://localhost:8443"
    http = FakeHttp(token_answer(graph_token(iss=f"{own}/{TENANT}/v2.0")), EMPTY)
    tenant_with(http, login_url=own).api("graph", "incident_info").get("/v1.0/security/incidents")
    assert urls(http) == [f"{own}/{TENANT}/oauth2/v2.0/token", INCIDENTS]


def test_a_wrong_audience_names_the_api_that_was_meant(tenant_with: WithTenant) -> None:
    http = FakeHttp(token_answer(graph_token(aud="https://management.azure.com")))
    error = refused(lambda: tenant_with(http).api("xdr", "incident_info"))
    assert "xdr" in error.message
    assert "https://api.security.microsoft.com" in error.message


def test_a_new_token_is_requested_only_when_it_is_forced(again: Again) -> None:
    again(token_answer(GOOD))[0].guard.read_token("graph")
    tenant, http = again(token_answer(RENEWED), token_answer(graph_token(uti="third")))
    assert tenant.guard.read_token("graph")[0].value == GOOD
    assert tenant.guard.token("graph")[0].value == GOOD
    assert http.asked == []
    assert tenant.guard.token("graph", force=True)[0].value == RENEWED
    assert tenant.guard.read_token("graph", force=True)[0].value == graph_token(uti="third")
    http.done()


def test_a_renewed_token_that_is_opaque_is_used_with_a_warning(
    again: Again, time: FakeClock
) -> None:
    again(token_answer(ROLELESS))[0].guard.read_token("graph")
    time.passed = 181
    tenant, http = again(token_answer("an-opaque-token-long-and-unique"), EMPTY)
    tenant.api("graph", "incident_info").get("/v1.0/security/incidents")
    assert http.asked[1].bearer == "an-opaque-token-long-and-unique"
    assert len(tenant.warnings) == 1


def test_what_is_cached_of_the_tenant_is_forgotten_on_disk_and_in_memory(again: Again) -> None:
    other = {"tenant_id": OTHER_TENANT}
    theirs = graph_token(tid=OTHER_TENANT, iss=f"https://sts.windows.net/{OTHER_TENANT}/")
    again(token_answer(theirs), **other)[0].guard.read_token("graph")
    tenant, http = again(token_answer(GOOD), token_answer(RENEWED))
    tenant.guard.read_token("graph")
    assert tenant.guard.forget(pretend=True) == 1
    assert tenant.guard.read_token("graph")[0].value == GOOD
    assert tenant.guard.forget() == 1
    assert tenant.guard.read_token("graph")[0].value == RENEWED
    http.done()
    assert again(**other)[0].guard.read_token("graph")[0].value == theirs


def test_counting_what_is_cached_leaves_it_in_memory_too(tenant_with: WithTenant) -> None:
    tenant = tenant_with(FakeHttp(token_answer(GOOD)))
    tenant.guard.read_token("graph")
    assert tenant.guard.forget(pretend=True) == 0, "this tenant has no cache on disk"
    assert tenant.guard.read_token("graph")[0].value == GOOD


@pytest.mark.parametrize("status", [404, 200])
def test_keys_that_do_not_come_are_told_with_tenant_and_status(
    tenant_with: WithTenant, status: int
) -> None:
    error = refused(tenant_with(FakeHttp(answer(status, b"<html>"))).guard.keys)
    assert (error.status, LABEL in error.message) == (status, True)


def test_a_tenant_without_consent_is_told_with_its_consent_link(tenant_with: WithTenant) -> None:
    error = refused(lambda: tenant_with(FakeHttp(not_consented())).api("graph", "incident_info"))
    assert CONSENT_URL in error.advice


def test_an_expired_token_is_not_blamed_on_the_credential(tenant_with: WithTenant) -> None:
    http = FakeHttp(token_answer(graph_token(exp=NOW - 1)))
    error = refused(lambda: tenant_with(http).api("graph", "incident_info"))
    assert (error.category, error.who, error.advice) == ("bad_credentials", "caller", _claims.CLOCK)


def test_a_result_names_the_tenant(tenant_with: WithTenant) -> None:
    tenant = tenant_with(FakeHttp(), cloud="gcc")
    assert tenant.as_result() == {"id": TENANT, "name": "contoso", "cloud": "gcc"}


def test_the_warning_about_the_older_api_names_the_tenant(tenant_with: WithTenant) -> None:
    tenant = tenant_with(FakeHttp(token_answer(XDR_TOKEN)), api="xdr")
    chosen(tenant)
    (warning,) = tenant.warnings
    assert LABEL in warning


# Hunts: what is sent a second time, and where the rows go


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


def test_a_hunt_with_too_many_rows_is_a_matter_of_the_query(tenant_with: WithTenant) -> None:
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


# Calls: what else is kept


def test_the_services_own_time_is_known_after_each_answer(tenant_with: WithTenant) -> None:
    dated = answer(200, {"value": []}, date="Mon, 23 Nov 2026 12:00:42 GMT")
    api = tenant_with(FakeHttp(token_answer(GOOD), dated, EMPTY)).api("graph", "incident_info")
    assert api.server_time is None
    api.get("/v1.0/security/incidents")
    assert api.server_time == (NOW + 42) * 10_000_000
    api.get("/v1.0/security/incidents")
    assert api.server_time is None


@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
def test_a_change_is_sent_with_its_method_after_the_token_was_renewed_too(
    tenant_with: WithTenant, method: str
) -> None:
    http = FakeHttp(token_answer(GOOD), STALE, token_answer(RENEWED), answer(200, {}))
    tenant_with(http).api("graph", "incident_info").write(method, "/v1.0/x", {"a": 1})
    sent = [(asked.method, asked.payload) for asked in http.asked if asked.url.endswith("/x")]
    assert sent == [(method, {"a": 1})] * 2


def test_a_repeatable_change_that_is_answered_with_nothing_is_done(tenant_with: WithTenant) -> None:
    http = FakeHttp(token_answer(GOOD), Answer(204, {}, b""))
    api = tenant_with(http).api("graph", "incident_info")
    assert api.write("DELETE", "/v1.0/applications/1", repeatable=True) == {}


def test_a_renewed_token_without_the_role_never_leaves(tenant_with: WithTenant) -> None:
    http = FakeHttp(token_answer(GOOD), STALE, token_answer(ROLELESS))
    api = tenant_with(http).api("graph", "incident_info")
    assert refused(lambda: api.get("/v1.0/security/incidents")).category == "role_missing"
    assert urls(http) == [TOKEN_URL, INCIDENTS, TOKEN_URL]


def test_a_refusal_in_bytes_that_are_no_text_is_read_all_the_same(tenant_with: WithTenant) -> None:
    http = FakeHttp(token_answer(GOOD), answer(401, b"\xff expired"), token_answer(RENEWED), EMPTY)
    assert tenant_with(http).api("graph", "incident_info").get("/v1.0/x") == {"value": []}
    http.done()


def test_a_link_that_leads_elsewhere_is_told_with_both_places(tenant_with: WithTenant) -> None:
    api = tenant_with(FakeHttp(token_answer(GOOD))).api("graph", "incident_info")
    error = refused(lambda: api.get("https://evil.example/x?$skiptoken=a-cursor"))
    assert (error.category, error.who) == ("network", "microsoft")
    assert "https://evil.example" in error.message
    assert "https://graph.microsoft.com" in error.message
    assert "a-cursor" not in error.message


@pytest.mark.parametrize("reply", [answer(500, {}), answer(200, b"<html>")])
def test_no_error_of_a_call_tells_the_query_string_of_a_link(
    tenant_with: WithTenant, reply: Answer
) -> None:
    api = tenant_with(FakeHttp(token_answer(GOOD), reply)).api("graph", "incident_info")
    error = refused(lambda: api.get(f"{INCIDENTS}?$skiptoken=a-cursor"))
    assert "GET /v1.0/security/incidents " in error.message
    assert "a-cursor" not in error.message


def test_an_answer_that_cannot_be_read_is_told_with_its_request_id(tenant_with: WithTenant) -> None:
    http = FakeHttp(token_answer(GOOD), answer(200, b"<html>", request_id="r-9"))
    api = tenant_with(http).api("graph", "incident_info")
    error = refused(lambda: api.get("/v1.0/security/incidents"))
    assert (error.request_id, LABEL in error.message) == ("r-9", True)


def test_an_unknown_outcome_keeps_the_code_of_the_service(tenant_with: WithTenant) -> None:
    body = {"error": {"code": "ServiceUnavailable", "message": "Please try again."}}
    http = FakeHttp(token_answer(GOOD), answer(503, body))
    api = tenant_with(http).api("graph", "incident_info")
    error = refused(lambda: api.write("POST", "/v1.0/x", {}))
    assert (error.category, error.code) == ("outcome_unknown", "ServiceUnavailable")
