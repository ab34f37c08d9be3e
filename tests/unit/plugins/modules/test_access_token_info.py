# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""access_token_info: what is wrong with a token."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.mssp.defender_xdr.plugins.modules import access_token, access_token_info
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.modules.runs import (
    GOOD,
    Tenants,
    failed,
    run,
)
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.stand_ins import (
    CONSENT_URL,
    INCIDENT_ROLE,
    NOW,
    OTHER_TENANT,
    TENANT,
    FakeClock,
    FakeHttp,
    answer,
    graph_claims,
    graph_token,
    not_consented,
    token_answer,
)

KEYS = f"https://login.microsoftonline.com/{TENANT}/discovery/v2.0/keys"


def test_access_token_info_finds_nothing_wrong_with_a_good_token(tenant_with: Tenants) -> None:
    claims = graph_claims(roles=["SecurityIncident.ReadWrite.All", "User.Read.All"])
    result = run(
        access_token_info,
        tenant_with(FakeHttp(token_answer(graph_token(roles=claims["roles"])))),
        required_for=["incident_info"],
    )
    assert result == {
        "api": "graph",
        "valid": True,
        "problems": [],
        "roles": ["SecurityIncident.ReadWrite.All", "User.Read.All"],
        "missing_roles": [],
        "unused_roles": ["User.Read.All"],
        "audience": "https://graph.microsoft.com",
        "expires_at": "2026-11-23T13:00:00Z",
        "claims": claims,
    }


def test_access_token_info_fails_with_everything_that_is_wrong(tenant_with: Tenants) -> None:
    tenant = tenant_with(FakeHttp(token_answer(graph_token(tid=OTHER_TENANT, roles=[]))))
    error = failed(access_token_info, tenant, required_roles=[INCIDENT_ROLE])
    assert error.category == "wrong_tenant"
    assert [problem["code"] for problem in error.facts["problems"]] == [
        "wrong_tenant",
        "wrong_issuer",
        "role_missing",
    ]
    assert error.facts["missing_roles"] == [INCIDENT_ROLE]


def test_access_token_info_can_report_instead(tenant_with: Tenants) -> None:
    tenant = tenant_with(FakeHttp(token_answer(graph_token(roles=["User.Read.All"]))))
    result = run(
        access_token_info,
        tenant,
        required_for=["incident_info", "hunting_query"],
        on_problem="report",
    )
    assert (result["valid"], result["missing_roles"]) == (
        False,
        [INCIDENT_ROLE, "ThreatHunting.Read.All"],
    )
    assert (result["error"]["category"], result["error"]["who"]) == ("role_missing", "customer")
    assert CONSENT_URL in result["error"]["advice"]
    assert "but not SecurityIncident.Read.All, ThreatHunting.Read.All. " in result["msg"]


def test_access_token_info_reports_that_there_is_no_token(tenant_with: Tenants) -> None:
    result = run(
        access_token_info,
        tenant_with(FakeHttp(not_consented())),
        required_roles=[INCIDENT_ROLE],
        on_problem="report",
    )
    assert (result["valid"], result["roles"], result["missing_roles"], result["expires_at"]) == (
        False,
        [],
        [INCIDENT_ROLE],
        "",
    )
    assert [problem["code"] for problem in result["problems"]] == ["not_consented"]
    assert result["error"]["code"] == "AADSTS700016"
    assert "claims" not in result


def test_access_token_info_checks_a_given_token_without_asking_for_one(
    tenant_with: Tenants,
) -> None:
    http = FakeHttp()
    result = run(
        access_token_info,
        tenant_with(http),
        access_token=graph_token(exp=NOW - 60),
        on_problem="report",
    )
    assert [problem["code"] for problem in result["problems"]] == ["expired"]
    assert "expired 60 seconds ago" in result["msg"]
    assert http.asked == []


def test_access_token_info_verifies_with_the_tenants_keys(tenant_with: Tenants) -> None:
    http = FakeHttp(answer(200, {"keys": []}))
    result = run(
        access_token_info,
        tenant_with(http),
        access_token=GOOD,
        verify_signature=True,
        on_problem="report",
    )
    assert [problem["code"] for problem in result["problems"]] == ["unknown_key"]
    assert [(asked.method, asked.url) for asked in http.asked] == [("GET", KEYS)]


def test_access_token_info_looks_for_new_roles_in_a_new_token(
    tenant_with: Tenants, time: FakeClock, tmp_path: Path
) -> None:
    kept = {"token_cache": str(tmp_path / "tokens")}
    run(access_token, tenant_with(FakeHttp(token_answer(graph_token(roles=[]))), **kept))
    time.passed = 600
    tenant = tenant_with(FakeHttp(token_answer(GOOD)), **kept)
    assert run(access_token_info, tenant, required_roles=[INCIDENT_ROLE])["valid"] is True


@pytest.mark.parametrize(
    ("role", "hint"),
    [
        ("SecurityIncident.ReadAll", "similar roles are SecurityIncident.Read.All"),
        ("Machine.Isolate", "it is a role of the resource endpoint"),
        ("Nonsense", "no role of graph has a similar name"),
    ],
)
def test_access_token_info_refuses_a_misspelt_role_before_anything_is_sent(
    tenant_with: Tenants, role: str, hint: str
) -> None:
    http = FakeHttp()
    error = failed(access_token_info, tenant_with(http), required_roles=[role])
    assert error.category == "bad_request"
    assert error.message.startswith(
        f"required_roles contains {role}, which the resource graph does not have; {hint}"
    )
    assert http.asked == []


def test_access_token_info_refuses_an_unknown_module_before_anything_is_sent(
    tenant_with: Tenants,
) -> None:
    http = FakeHttp()
    assert (
        failed(access_token_info, tenant_with(http), required_for=["nonsense"]).category
        == "bad_request"
    )
    assert http.asked == []
