# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""consent_info from parameters to result, with every request on the way."""

from __future__ import annotations

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.modules import consent_info
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.modules.grants import (
    GRAPH,
    GRAPH_ID,
    HUNT,
    OTHER_APP,
    OURS,
    READER,
    absent_there,
    assigned,
    graph_principal,
    principal,
    tokens,
)
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.modules.runs import Tenants, run
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.stand_ins import (
    CLIENT,
    CONSENT_URL,
    INCIDENT_ROLE,
    TOKEN_URL,
    FakeHttp,
    answer,
    graph_token,
    not_consented,
    refusal,
    token_answer,
)


def test_consent_info_compares_fresh_tokens_and_calls_no_api(tenant_with: Tenants) -> None:
    http = FakeHttp(*tokens(INCIDENT_ROLE, xdr=["Incident.Read.All"]))
    assert run(
        consent_info, tenant_with(http), required_for=["incident_info", "hunting_query"]
    ) == {
        "api": "graph",
        "app_id": CLIENT,
        "status": "partial",
        "granted": {"graph": [INCIDENT_ROLE], "xdr": ["Incident.Read.All"]},
        "missing": {"graph": [HUNT]},
        "superfluous": {"xdr": ["Incident.Read.All"]},
        "source": "token",
        "absent": [],
        "since": "",
        "consent_url": CONSENT_URL,
    }
    http.done()
    assert {asked.url for asked in http.asked} == {TOKEN_URL}


def test_consent_info_takes_no_consent_for_an_answer_after_one_request(
    tenant_with: Tenants,
) -> None:
    http = FakeHttp(not_consented())
    found = run(consent_info, tenant_with(http), required_for=["incident_info"])
    assert (found["status"], found["missing"], found["granted"]) == (
        "not_consented",
        {"graph": [INCIDENT_ROLE]},
        {},
    )
    http.done()


def test_consent_info_says_which_product_a_tenant_does_not_have(tenant_with: Tenants) -> None:
    http = FakeHttp(tokens(INCIDENT_ROLE)[0], absent_there(), absent_there())
    permissions = [{"api": "endpoint", "roles": ["Machine.Read.All"]}]
    found = run(
        consent_info, tenant_with(http), required_for=["incident_info"], api_permissions=permissions
    )
    assert (found["status"], found["missing"], found["absent"]) == (
        "partial",
        {"endpoint": ["Machine.Read.All"]},
        ["xdr", "endpoint"],
    )


def test_consent_info_takes_a_token_without_roles_for_consent_to_nothing(
    tenant_with: Tenants,
) -> None:
    found = run(consent_info, tenant_with(FakeHttp(*tokens())), required_for=["incident_info"])
    assert (found["status"], found["granted"]) == ("partial", {})


def test_consent_info_reads_service_principals_where_it_may_and_says_since_when(
    tenant_with: Tenants,
) -> None:
    late = assigned(HUNT, since="2026-03-04T05:06:07Z").json()["value"]
    pages = [
        {
            **assigned(INCIDENT_ROLE).json(),
            "@odata.nextLink": f"{GRAPH}/servicePrincipals/{OURS}/appRoleAssignments?$skiptoken=2",
        },
        {"value": late},
    ]
    http = FakeHttp(
        *tokens(READER), principal(), *(answer(200, page) for page in pages), graph_principal()
    )
    found = run(consent_info, tenant_with(http), required_for=["incident_info", "hunting_query"])
    assert (found["status"], found["source"], found["since"]) == (
        "complete",
        "service_principals",
        "2026-03-04T05:06:07Z",
    )
    assert found["granted"] == {"graph": [INCIDENT_ROLE, HUNT]}
    http.done()
    assert [asked.url.removeprefix(GRAPH) for asked in http.asked[3:]] == [
        f"/servicePrincipals(appId='{CLIENT}')",
        f"/servicePrincipals/{OURS}/appRoleAssignments",
        f"/servicePrincipals/{OURS}/appRoleAssignments?$skiptoken=2",
        f"/servicePrincipals/{GRAPH_ID}",
    ]
    assert {asked.method for asked in http.asked[3:]} == {"GET"}


def test_consent_info_of_another_application_reads_its_service_principal(
    tenant_with: Tenants,
) -> None:
    gone = answer(
        404, {"error": {"code": "Request_ResourceNotFound", "message": "Resource does not exist."}}
    )
    found = run(
        consent_info,
        tenant_with(FakeHttp(*tokens(READER), gone)),
        required_for=["incident_info"],
        app_id=OTHER_APP,
    )
    assert (found["status"], found["app_id"]) == ("not_consented", OTHER_APP)
    assert found["consent_url"].endswith(OTHER_APP)
    with pytest.raises(DefenderError) as caught:
        run(
            consent_info,
            tenant_with(FakeHttp(*tokens())),
            required_for=["incident_info"],
            app_id=OTHER_APP,
        )
    assert (caught.value.category, caught.value.facts["missing_roles"]) == (
        "role_missing",
        [READER],
    )


def test_consent_info_warns_of_an_application_that_is_disabled_there(tenant_with: Tenants) -> None:
    tenant = tenant_with(
        FakeHttp(*tokens(READER), principal(OTHER_APP, accountEnabled=False), assigned())
    )
    run(consent_info, tenant, required_for=["incident_info"], app_id=OTHER_APP)
    assert len([warning for warning in tenant.warnings if "disabled" in warning]) == 1


def test_consent_info_fails_where_the_tenant_refuses_for_another_reason(
    tenant_with: Tenants,
) -> None:
    http = FakeHttp(refusal(7000112, "unauthorized_client", "Application is disabled."))
    with pytest.raises(DefenderError) as caught:
        run(consent_info, tenant_with(http), required_for=["incident_info"])
    assert caught.value.category == "app_disabled"


def test_consent_info_never_compares_the_token_of_another_tenant(tenant_with: Tenants) -> None:
    http = FakeHttp(
        token_answer(graph_token(tid="99999999-8888-7777-6666-555555555555", roles=[INCIDENT_ROLE]))
    )
    with pytest.raises(DefenderError) as caught:
        run(consent_info, tenant_with(http), required_for=["incident_info"])
    assert caught.value.category == "wrong_tenant"


def test_consent_info_cannot_tell_of_another_api_from_tokens(tenant_with: Tenants) -> None:
    with pytest.raises(
        DefenderError, match="Application.Read.All|cannot be read from tokens"
    ) as caught:
        run(
            consent_info,
            tenant_with(FakeHttp(*tokens())),
            api_permissions=[{"api": OTHER_APP, "roles": ["Thing.Read"]}],
        )
    assert caught.value.category == "bad_request"
