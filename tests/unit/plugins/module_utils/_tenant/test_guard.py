# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The guard of a tenant: which tokens may be sent, when one is renewed, and what an administrator
is told about a missing role."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import claims as _claims
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.exchange import Answer
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.module_utils._tenant.bench import (
    EMPTY,
    GOOD,
    INCIDENTS,
    LABEL,
    RENEWED,
    ROLELESS,
    NextTask,
    WithTenant,
    refused,
    urls,
)
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
    token_answer,
)

# Tokens that do not fit


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
def test_a_token_with_wrong_claims_is_never_sent(
    tenant_with: WithTenant, changes: dict[str, t.Any], category: str
) -> None:
    http = FakeHttp(token_answer(graph_token(**changes)))
    error = refused(lambda: tenant_with(http).api("graph", "incident_info"))
    assert error.category == category
    assert LABEL in error.message
    assert urls(http) == [TOKEN_URL]


@pytest.mark.parametrize(("changes", "category"), WRONG)
def test_a_later_token_with_wrong_claims_is_never_sent_either(
    tenant_with: WithTenant, time: FakeClock, changes: dict[str, t.Any], category: str
) -> None:
    spoilt = {"exp": NOW + 9000, **changes, **({"exp": NOW} if "exp" in changes else {})}
    http = FakeHttp(token_answer(GOOD), EMPTY, token_answer(graph_token(**spoilt)))
    api = tenant_with(http).api("graph", "incident_info")
    api.get("/v1.0/security/incidents")
    time.passed = 3599  # the first token is over, a new one comes
    assert refused(lambda: api.get("/v1.0/security/incidents")).category == category
    assert urls(http) == [TOKEN_URL, INCIDENTS, TOKEN_URL]


def test_a_cached_token_of_another_tenant_is_never_sent(next_task: NextTask) -> None:
    tenant, _http = next_task(token_answer(graph_token(tid=OTHER_TENANT)))
    refused(lambda: tenant.api("graph", "incident_info"))
    tenant, http = next_task()
    assert refused(lambda: tenant.api("graph", "incident_info")).category == "wrong_tenant"
    assert http.asked == []


def test_a_wrong_audience_is_reported_with_the_api_and_its_audience(
    tenant_with: WithTenant,
) -> None:
    http = FakeHttp(token_answer(graph_token(aud="https://management.azure.com")))
    error = refused(lambda: tenant_with(http).api("xdr", "incident_info"))
    assert "xdr" in error.message
    assert "https://api.security.microsoft.com" in error.message


def test_an_expired_token_is_not_blamed_on_the_credential(tenant_with: WithTenant) -> None:
    http = FakeHttp(token_answer(graph_token(exp=NOW - 1)))
    error = refused(lambda: tenant_with(http).api("graph", "incident_info"))
    assert (error.category, error.who, error.advice) == ("bad_credentials", "caller", _claims.CLOCK)


def test_a_token_of_a_custom_login_service_is_accepted(tenant_with: WithTenant) -> None:
    own = "https://localhost:8443"
    http = FakeHttp(token_answer(graph_token(iss=f"{own}/{TENANT}/v2.0")), EMPTY)
    tenant_with(http, login_url=own).api("graph", "incident_info").get("/v1.0/security/incidents")
    assert urls(http) == [f"{own}/{TENANT}/oauth2/v2.0/token", INCIDENTS]


# Opaque tokens


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


def test_a_renewed_token_that_is_opaque_is_used_with_a_warning(
    next_task: NextTask, time: FakeClock
) -> None:
    next_task(token_answer(ROLELESS))[0].guard.read_token("graph")
    time.passed = 181
    tenant, http = next_task(token_answer("an-opaque-token-long-and-unique"), EMPTY)
    tenant.api("graph", "incident_info").get("/v1.0/security/incidents")
    assert http.asked[1].bearer == "an-opaque-token-long-and-unique"
    assert len(tenant.warnings) == 1


# Roles


def test_a_missing_role_is_reported_with_the_granted_roles_and_the_consent_link(
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


def test_a_tenant_without_consent_is_reported_with_its_consent_link(
    tenant_with: WithTenant,
) -> None:
    error = refused(lambda: tenant_with(FakeHttp(not_consented())).api("graph", "incident_info"))
    assert CONSENT_URL in error.advice


def test_an_old_cached_token_that_lacks_a_role_is_renewed_once(
    next_task: NextTask, time: FakeClock
) -> None:
    next_task(token_answer(ROLELESS))[0].guard.read_token("graph")
    time.passed = 181
    tenant, http = next_task(token_answer(GOOD), EMPTY)
    tenant.api("graph", "incident_info").get("/v1.0/security/incidents")
    assert [asked.bearer for asked in http.asked] == ["", GOOD]


def test_a_new_token_that_still_lacks_the_role_is_not_renewed_again(
    next_task: NextTask, time: FakeClock
) -> None:
    next_task(token_answer(ROLELESS))[0].guard.read_token("graph")
    time.passed = 181
    tenant, http = next_task(token_answer(ROLELESS))
    assert refused(lambda: tenant.api("graph", "incident_info")).category == "role_missing"
    assert urls(http) == [TOKEN_URL]
    tenant, http = next_task()
    assert refused(lambda: tenant.api("graph", "incident_info")).category == "role_missing"
    assert http.asked == []


def test_a_young_cached_token_that_lacks_a_role_is_not_renewed(
    next_task: NextTask, time: FakeClock
) -> None:
    next_task(token_answer(ROLELESS))[0].guard.read_token("graph")
    time.passed = 180
    tenant, http = next_task()
    assert refused(lambda: tenant.api("graph", "incident_info")).category == "role_missing"
    assert http.asked == []


# Tokens in memory and on disk


def test_one_token_serves_many_calls(tenant_with: WithTenant) -> None:
    http = FakeHttp(token_answer(GOOD), EMPTY, EMPTY, EMPTY)
    api = tenant_with(http).api("graph", "incident_info")
    for _unused in range(3):
        api.get("/v1.0/security/incidents")
    assert urls(http) == [TOKEN_URL] + [INCIDENTS] * 3


def test_a_cached_token_is_renewed_only_if_forced(next_task: NextTask) -> None:
    next_task(token_answer(GOOD))[0].guard.read_token("graph")
    tenant, http = next_task(token_answer(RENEWED), token_answer(graph_token(uti="third")))
    assert tenant.guard.read_token("graph")[0].value == GOOD
    assert tenant.guard.token("graph")[0].value == GOOD
    assert http.asked == []
    assert tenant.guard.token("graph", force=True)[0].value == RENEWED
    assert tenant.guard.read_token("graph", force=True)[0].value == graph_token(uti="third")
    http.done()


def test_forget_deletes_the_tokens_of_the_tenant_on_disk_and_in_memory(next_task: NextTask) -> None:
    other = {"tenant_id": OTHER_TENANT}
    theirs = graph_token(tid=OTHER_TENANT, iss=f"https://sts.windows.net/{OTHER_TENANT}/")
    next_task(token_answer(theirs), **other)[0].guard.read_token("graph")
    tenant, http = next_task(token_answer(GOOD), token_answer(RENEWED))
    tenant.guard.read_token("graph")
    assert tenant.guard.forget(pretend=True) == 1
    assert tenant.guard.read_token("graph")[0].value == GOOD
    assert tenant.guard.forget() == 1
    assert tenant.guard.read_token("graph")[0].value == RENEWED
    http.done()
    assert next_task(**other)[0].guard.read_token("graph")[0].value == theirs


def test_forget_that_only_counts_keeps_the_tokens_in_memory(tenant_with: WithTenant) -> None:
    tenant = tenant_with(FakeHttp(token_answer(GOOD)))
    tenant.guard.read_token("graph")
    assert tenant.guard.forget(pretend=True) == 0, "this tenant has no cache on disk"
    assert tenant.guard.read_token("graph")[0].value == GOOD


# Keys


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
def test_a_response_without_keys_is_a_failure_of_the_service(
    tenant_with: WithTenant, reply: Answer
) -> None:
    assert refused(tenant_with(FakeHttp(reply)).guard.keys).category == "unavailable"


@pytest.mark.parametrize("status", [404, 200])
def test_a_response_without_keys_is_reported_with_tenant_and_status(
    tenant_with: WithTenant, status: int
) -> None:
    error = refused(tenant_with(FakeHttp(answer(status, b"<html>"))).guard.keys)
    assert (error.status, LABEL in error.message) == (status, True)
