# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""access_token: a token for other tools, and what it says."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.mssp.defender_xdr.plugins.modules import access_token
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.modules.runs import (
    ENDED,
    GOOD,
    Tenants,
    failed,
    run,
)
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.stand_ins import (
    CLIENT,
    INCIDENT_ROLE,
    OTHER_TENANT,
    TOKEN_URL,
    FakeHttp,
    graph_token,
    token_answer,
)


def test_access_token_hands_out_the_token_and_what_it_says(tenant_with: Tenants) -> None:
    http = FakeHttp(token_answer(GOOD))
    assert run(access_token, tenant_with(http)) == {
        "api": "graph",
        "access_token": GOOD,
        "expires_at": ENDED,
        "audience": "https://graph.microsoft.com",
        "roles": [INCIDENT_ROLE],
        "app_id": CLIENT,
        "from_cache": False,
    }
    assert [asked.url for asked in http.asked] == [TOKEN_URL]


@pytest.mark.parametrize(
    ("resource", "audience"),
    [
        ("graph", "https://graph.microsoft.com"),
        ("xdr", "https://api.security.microsoft.com"),
        ("endpoint", "https://api.securitycenter.microsoft.com"),
    ],
)
def test_access_token_asks_for_the_resources_audience(
    tenant_with: Tenants, resource: str, audience: str
) -> None:
    http = FakeHttp(token_answer(graph_token(aud=audience, roles=None)))
    result = run(access_token, tenant_with(http), resource=resource)
    assert (result["api"], result["audience"], result["roles"]) == (resource, audience, [])
    assert dict(http.asked[0].data)["scope"] == f"{audience}/.default"


def test_access_token_can_ask_in_spite_of_the_cache(tenant_with: Tenants, tmp_path: Path) -> None:
    kept = {"token_cache": str(tmp_path / "tokens")}
    renewed = graph_token(uti="renewed")
    run(access_token, tenant_with(FakeHttp(token_answer(GOOD)), **kept))
    assert run(access_token, tenant_with(FakeHttp(), **kept))["from_cache"] is True
    assert (
        run(access_token, tenant_with(FakeHttp(token_answer(renewed)), **kept), force_refresh=True)[
            "access_token"
        ]
        == renewed
    )


def test_access_token_hands_out_no_token_of_another_tenant(tenant_with: Tenants) -> None:
    assert (
        failed(
            access_token, tenant_with(FakeHttp(token_answer(graph_token(tid=OTHER_TENANT))))
        ).category
        == "wrong_tenant"
    )


def test_access_token_of_an_opaque_token_says_what_was_asked_for(tenant_with: Tenants) -> None:
    result = run(access_token, tenant_with(FakeHttp(token_answer("opaque-token-long-and-unique"))))
    assert (result["audience"], result["roles"], result["app_id"]) == (
        "https://graph.microsoft.com",
        [],
        CLIENT,
    )
