# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The registration: every request that leaves, by Microsoft's reference of each call, and none
where nothing changes."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.modules import application, application_info
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.modules.registrations import (
    APP,
    GRAPH_APP,
    HUNTING,
    ID,
    INCIDENTS,
    NAME,
    PRINCIPAL,
    SIGN_IN,
    UNKNOWN,
    XDR_APP,
    XDR_INCIDENTS,
    access,
    calls,
    graph,
    graph_principal,
    listed,
    nothing,
    principal,
    registration,
    writes,
)
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.modules.runs import failed, read, run
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.stand_ins import (
    CLIENT,
    FakeClock,
    FakeHttp,
    answer,
    graph_token,
    token_answer,
)

Tenants = t.Callable[..., t.Any]
LOOK = ("GET", "/applications")
GRAPH_ROLES = ("GET", f"/servicePrincipals(appId='{GRAPH_APP}')")
OWN_PRINCIPAL = ("GET", f"/servicePrincipals(appId='{APP}')")


def test_an_application_that_is_missing_is_made_with_its_service_principal(
    tenant_with: Tenants,
) -> None:
    made = registration(
        requiredResourceAccess=[access(GRAPH_APP, INCIDENTS, HUNTING)],
        web={"redirectUris": ["https://portal.contoso.example/done"]},
    )
    http = graph(
        listed(),
        graph_principal(),
        answer(201, made),
        listed(made),
        answer(201, {"id": PRINCIPAL, "appId": APP}),
        principal(),
    )
    result = run(
        application,
        tenant_with(http),
        display_name=NAME,
        redirect_uris=["https://portal.contoso.example/done"],
        api_permissions=[
            {
                "api": "Microsoft Graph",
                "roles": ["SecurityIncident.Read.All", "ThreatHunting.Read.All"],
            }
        ],
    )
    assert calls(http) == [
        LOOK,
        GRAPH_ROLES,
        ("POST", "/applications"),
        LOOK,
        ("POST", "/servicePrincipals"),
        OWN_PRINCIPAL,
    ]
    assert http.asked[1].params == {
        "$filter": "displayName eq 'Contoso MDR'",
        "$select": application_fields(),
    }
    assert writes(http) == [
        (
            "POST",
            "/applications",
            {
                "displayName": NAME,
                "signInAudience": "AzureADMultipleOrgs",
                "web": {"redirectUris": ["https://portal.contoso.example/done"]},
                "requiredResourceAccess": [access(GRAPH_APP, INCIDENTS, HUNTING)],
            },
        ),
        ("POST", "/servicePrincipals", {"appId": APP}),
    ]
    assert not http.asked[3].repeatable
    shown = {
        "id": ID,
        "app_id": APP,
        "display_name": NAME,
        "sign_in_audience": "AzureADMultipleOrgs",
        "redirect_uris": ["https://portal.contoso.example/done"],
        "api_permissions": [
            {"api": "graph", "roles": ["SecurityIncident.Read.All", "ThreatHunting.Read.All"]}
        ],
    }
    assert result == {
        "api": "graph",
        "changed": True,
        "application": {**shown, "service_principal_id": PRINCIPAL},
        "unmanaged_permissions": [],
        "diff": {"before": {}, "after": {**shown, "service_principal": True}},
    }


def application_fields() -> str:
    return "id,appId,displayName,signInAudience,createdDateTime,web,requiredResourceAccess"


def test_an_application_that_is_as_wanted_is_left_alone(tenant_with: Tenants) -> None:
    found = registration(
        requiredResourceAccess=[access(GRAPH_APP, HUNTING.upper(), INCIDENTS)],
        web={"redirectUris": ["https://b.example/", "https://a.example/"]},
    )
    http = graph(listed(found), graph_principal(), principal())
    result = run(
        application,
        tenant_with(http),
        display_name=NAME,
        redirect_uris=["https://a.example/", "https://b.example/"],
        permissions_for=["incident_info", "mssp.defender_xdr.hunting_query"],
    )
    assert calls(http) == [LOOK, GRAPH_ROLES, OWN_PRINCIPAL]
    assert result["changed"] is False
    assert result["diff"]["before"] == result["diff"]["after"]
    assert result["application"]["service_principal_id"] == PRINCIPAL


def test_check_mode_says_what_it_would_make_and_makes_nothing(tenant_with: Tenants) -> None:
    http = graph(listed(), graph_principal())
    result = run(
        application,
        tenant_with(http),
        check_mode=True,
        display_name=NAME,
        permissions_for=["incident_info"],
    )
    assert writes(http) == []
    assert result["changed"] is True
    assert result["diff"]["after"]["api_permissions"] == [
        {"api": "graph", "roles": ["SecurityIncident.Read.All"]}
    ]
    assert (result["application"]["id"], result["application"]["app_id"]) == ("", "")


def test_a_permission_is_added_and_what_was_not_asked_for_stays_and_is_said(
    tenant_with: Tenants,
) -> None:
    found = registration(
        requiredResourceAccess=[
            access(XDR_APP, XDR_INCIDENTS),
            access(GRAPH_APP, HUNTING, scopes=[SIGN_IN]),
        ]
    )
    xdr = principal(XDR_APP, Incident_Read_All=XDR_INCIDENTS)
    http = graph(listed(found), xdr, graph_principal(), principal(), answer(204))
    result = run(
        application, tenant_with(http), display_name=NAME, permissions_for=["incident_info"]
    )
    after = [
        access(XDR_APP, XDR_INCIDENTS),
        {
            "resourceAppId": GRAPH_APP,
            "resourceAccess": [*access(GRAPH_APP, HUNTING, scopes=[SIGN_IN])["resourceAccess"]],
        },
    ]
    after[1]["resourceAccess"].append({"id": INCIDENTS, "type": "Role"})
    assert writes(http) == [("PATCH", f"/applications/{ID}", {"requiredResourceAccess": after})]
    assert result["unmanaged_permissions"] == [
        {"api": "graph", "roles": ["ThreatHunting.Read.All"]},
        {"api": "xdr", "roles": ["Incident.Read.All"]},
    ]
    assert result["diff"]["before"]["api_permissions"] == [
        {"api": "graph", "roles": ["ThreatHunting.Read.All"], "delegated": [SIGN_IN]},
        {"api": "xdr", "roles": ["Incident.Read.All"]},
    ]
    assert result["diff"]["after"]["api_permissions"][0]["roles"] == [
        "SecurityIncident.Read.All",
        "ThreatHunting.Read.All",
    ]


def test_purging_takes_off_application_permissions_only(tenant_with: Tenants) -> None:
    found = registration(
        requiredResourceAccess=[
            access(XDR_APP, XDR_INCIDENTS),
            access(GRAPH_APP, HUNTING, INCIDENTS, scopes=[SIGN_IN]),
        ]
    )
    xdr = principal(XDR_APP, Incident_Read_All=XDR_INCIDENTS)
    http = graph(listed(found), xdr, graph_principal(), principal(), answer(204))
    result = run(
        application,
        tenant_with(http),
        display_name=NAME,
        permissions_for=["incident_info"],
        purge_permissions=True,
    )
    assert writes(http) == [
        (
            "PATCH",
            f"/applications/{ID}",
            {"requiredResourceAccess": [access(GRAPH_APP, INCIDENTS, scopes=[SIGN_IN])]},
        )
    ]
    assert result["unmanaged_permissions"] == []


def test_a_registration_is_renamed_by_its_id(tenant_with: Tenants) -> None:
    http = graph(
        answer(200, registration(displayName="Old name", signInAudience="AzureADMyOrg")),
        principal(),
        answer(204),
    )
    result = run(application, tenant_with(http), app_id=APP.upper(), display_name=NAME)
    assert calls(http)[0] == ("GET", f"/applications(appId='{APP}')")
    # nothing was said of the audience, which stays as it is
    assert writes(http) == [("PATCH", f"/applications/{ID}", {"displayName": NAME})]
    assert result["diff"]["before"]["display_name"] == "Old name"


def test_the_service_principal_can_be_left_alone(tenant_with: Tenants) -> None:
    http = graph(listed(registration()), nothing())
    result = run(application, tenant_with(http), display_name=NAME, service_principal=False)
    assert (result["changed"], result["application"]["service_principal_id"]) == (False, "")


def test_a_missing_service_principal_is_made(tenant_with: Tenants) -> None:
    http = graph(
        listed(registration()), nothing(), answer(201, {"id": PRINCIPAL, "appId": APP}), principal()
    )
    result = run(application, tenant_with(http), display_name=NAME)
    assert writes(http) == [("POST", "/servicePrincipals", {"appId": APP})]
    assert (
        result["diff"]["before"]["service_principal"],
        result["diff"]["after"]["service_principal"],
    ) == (False, True)


@pytest.mark.parametrize("state", ["present", "absent"])
def test_two_of_one_name_are_refused_with_their_ids(tenant_with: Tenants, state: str) -> None:
    other = "00000000-1111-2222-3333-444444444444"
    http = graph(listed(registration(), registration(appId=other, id="another")))
    error = failed(application, tenant_with(http), display_name=NAME, state=state)
    assert error.category == "conflict"
    assert f"2 applications named {NAME}: {other}, {APP}" in error.message
    assert error.facts["app_ids"] == [other, APP]
    assert writes(http) == []


def test_an_id_that_nothing_has_is_not_made(tenant_with: Tenants) -> None:
    error = failed(application, tenant_with(graph(nothing())), app_id=APP)
    assert error.category == "not_found"
    assert f"has no application {APP}" in error.message


@pytest.mark.parametrize("seen_after", [0, 2])
def test_a_lost_answer_to_the_creation_is_settled_by_looking(
    tenant_with: Tenants, time: FakeClock, seen_after: int
) -> None:
    lost = DefenderError("outcome_unknown", "POST was sent, but its response was lost.")
    http = graph(
        listed(),
        lost,
        *[listed()] * seen_after,
        listed(registration()),
        answer(201, {"id": PRINCIPAL, "appId": APP}),
        principal(),
    )
    result = run(application, tenant_with(http), display_name=NAME)
    assert [method for method, unused_url, unused_body in writes(http)] == ["POST", "POST"]
    assert result["application"]["app_id"] == APP
    assert len(time.slept) == seen_after


def test_a_creation_that_stays_in_doubt_is_an_error_and_is_not_repeated(
    tenant_with: Tenants,
) -> None:
    http = graph(
        listed(),
        DefenderError("outcome_unknown", "POST was sent, but its response was lost."),
        *[listed()] * 7,
    )
    assert failed(application, tenant_with(http), display_name=NAME).category == "outcome_unknown"
    assert [method for method, unused_url, unused_body in writes(http)] == ["POST"]


def test_an_application_that_was_made_is_waited_for_until_the_next_run_would_find_it(
    tenant_with: Tenants, time: FakeClock
) -> None:
    http = graph(
        listed(),
        answer(201, registration()),
        listed(),
        listed(registration()),
        answer(201, {"id": PRINCIPAL, "appId": APP}),
        principal(),
    )
    assert run(application, tenant_with(http), display_name=NAME)["changed"] is True
    http.done()
    assert time.slept == [1.0]


def test_an_api_that_the_provider_does_not_have_is_taken_by_its_published_ids(
    tenant_with: Tenants,
) -> None:
    tenant = tenant_with(graph(listed(registration()), principal(), nothing(), answer(204)))
    run(
        application,
        tenant,
        display_name=NAME,
        api_permissions=[{"api": "endpoint", "roles": ["Machine.Isolate"]}],
    )
    assert any(
        "no service principal of WindowsDefenderATP" in warning for warning in tenant.warnings
    )
    assert tenant.http.asked[-1].payload == {
        "requiredResourceAccess": [
            access("fc780465-2017-40d4-a0c5-307022471b92", "7e4e1300-e1b9-4102-88ba-f0cb6e6d5974")
        ]
    }


@pytest.mark.parametrize("known", [[], [access(UNKNOWN, INCIDENTS)]])
def test_roles_of_an_api_about_which_nothing_is_known_are_refused(
    tenant_with: Tenants, known: list[dict[str, t.Any]]
) -> None:
    """Also where the registration lists it already, and it was read for the result before."""
    http = FakeHttp(
        token_answer(graph_token(roles=["Application.ReadWrite.OwnedBy"])),
        listed(registration(requiredResourceAccess=known)),
        nothing(),
        nothing(),
    )
    error = failed(
        application,
        tenant_with(http),
        display_name=NAME,
        api_permissions=[{"api": UNKNOWN, "roles": ["Some.Role"]}],
    )
    assert error.category == "not_found"
    assert f"no service principal of the API {UNKNOWN}" in error.message
    assert not [asked for asked in http.asked[1:] if asked.method != "GET"]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (
            {"api": "graph", "roles": ["Machine.Read.All"]},
            "Machine.Read.All, which is a role of WindowsDefenderATP, not of Microsoft Graph.",
        ),
        (
            {"api": "graph", "roles": ["ThreatHunting.Raed.All"]},
            "not an application role of Microsoft Graph; similar roles are ThreatHunting.Read.All",
        ),
    ],
)
def test_a_permission_that_the_api_does_not_offer_changes_nothing(
    tenant_with: Tenants, asked: dict[str, t.Any], said: str
) -> None:
    http = graph(listed(), graph_principal())
    error = failed(application, tenant_with(http), display_name=NAME, api_permissions=[asked])
    assert error.category == "bad_request"
    assert said in error.message
    assert writes(http) == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            {"display_name": NAME, "api_permissions": [{"api": "teams", "roles": []}]},
            "contains the API 'teams', but must be one of graph",
        ),
        (
            {"display_name": NAME, "permissions_for": ["incident_inof"]},
            "permissions_for contains incident_inof, which is not a module of this collection",
        ),
        (
            {"display_name": NAME, "redirect_uris": ["http://portal.example/"]},
            "redirect_uris has 'http://portal.example/', but Entra ID accepts only https URLs",
        ),
        ({"display_name": NAME, "redirect_uris": ["https://a.example/#x"]}, "without a fragment"),
        ({"app_id": NAME}, "app_id is 'Contoso MDR', which is not a GUID"),
    ],
)
def test_what_can_be_told_at_once_is_refused_before_anything_is_sent(
    tenant_with: Tenants, arguments: dict[str, t.Any], said: str
) -> None:
    error = failed(application, tenant_with(FakeHttp()), **arguments)
    assert error.category == "bad_request"
    assert said in error.message


def test_localhost_may_be_a_redirect_without_tls(tenant_with: Tenants) -> None:
    http = graph(listed(registration()), principal(), answer(204))
    run(application, tenant_with(http), display_name=NAME, redirect_uris=["http://localhost:8400/"])
    assert writes(http)[0][2] == {"web": {"redirectUris": ["http://localhost:8400/"]}}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({}, "one of the following is required: display_name, app_id"),
        (
            {"display_name": NAME, "api_permissions": [], "permissions_for": []},
            "mutually exclusive: api_permissions|permissions_for",
        ),
        ({"display_name": NAME, "sign_in_audience": "Everybody"}, "sign_in_audience"),
        (
            {"display_name": NAME, "api_permissions": [{"api": "graph"}]},
            "missing required arguments: roles found in api_permissions",
        ),
    ],
)
def test_the_spec_refuses(arguments: dict[str, t.Any], said: str) -> None:
    unused_params, refused = read(application, arguments)
    assert said in " ".join(refused)


def test_the_older_api_asks_for_its_own_permissions(tenant_with: Tenants) -> None:
    http = graph(
        listed(),
        principal(
            XDR_APP,
            Incident_Read_All=XDR_INCIDENTS,
            AdvancedHunting_Read_All="7734e8e5-8dde-42fc-b5ae-6eafea078693",
        ),
    )
    result = run(
        application,
        tenant_with(http, api="xdr"),
        check_mode=True,
        display_name=NAME,
        permissions_for=["incident_info", "hunting_query"],
    )
    assert result["application"]["api_permissions"] == [
        {"api": "xdr", "roles": ["AdvancedHunting.Read.All", "Incident.Read.All"]}
    ]


def test_a_role_for_all_applications_does_for_owned_ones(tenant_with: Tenants) -> None:
    http = graph(listed(registration()), principal(), roles=["Application.ReadWrite.All"])
    assert run(application, tenant_with(http), display_name=NAME)["changed"] is False


def test_without_the_role_nothing_is_asked(tenant_with: Tenants) -> None:
    token = token_answer(graph_token(roles=["Application.Read.All"]))
    http = FakeHttp(token, token)
    error = failed(application, tenant_with(http), display_name=NAME)
    assert (error.category, error.facts["missing_roles"]) == (
        "role_missing",
        ["Application.ReadWrite.OwnedBy"],
    )


def test_an_application_of_another_owner_is_told_as_such(tenant_with: Tenants) -> None:
    refused = answer(
        403,
        {
            "error": {
                "code": "Authorization_RequestDenied",
                "message": "Insufficient privileges to complete the operation.",
            }
        },
    )
    error = failed(
        application,
        tenant_with(graph(listed(registration(displayName="contoso mdr")), principal(), refused)),
        display_name=NAME,
    )
    assert (error.category, error.who) == ("role_missing", "partner")
    assert (
        f"With Application.ReadWrite.OwnedBy, application {CLIENT} may change only applications"
        " that it owns."
    ) in error.message


# absent


def test_an_application_is_deleted_once(tenant_with: Tenants) -> None:
    http = graph(listed(registration()), answer(204))
    result = run(application, tenant_with(http), display_name=NAME, state="absent")
    assert writes(http) == [("DELETE", f"/applications/{ID}", None)]
    assert (result["changed"], result["application"], result["diff"]["after"]) == (True, {}, {})
    assert result["diff"]["before"]["display_name"] == NAME


@pytest.mark.parametrize("name", [NAME.lower(), f"{NAME} ", f" {NAME}"])
def test_an_application_is_deleted_by_its_name_to_the_letter_only(
    tenant_with: Tenants, name: str
) -> None:
    http = graph(listed(registration()))
    tenant = tenant_with(http)
    assert run(application, tenant, display_name=name, state="absent")["changed"] is False
    assert writes(http) == []
    assert (
        f"No application is named exactly {name!r}, so nothing is deleted; found instead:"
        f" 'Contoso MDR' ({APP})."
    ) in tenant.warnings


def test_of_two_names_that_differ_in_case_the_one_that_is_named_goes(tenant_with: Tenants) -> None:
    other = registration(id="other", appId="other", displayName=NAME.upper())
    http = graph(listed(other, registration()), answer(204))
    run(application, tenant_with(http), display_name=NAME, state="absent")
    assert writes(http) == [("DELETE", f"/applications/{ID}", None)]


def test_an_application_with_another_name_than_the_caller_says_is_not_deleted(
    tenant_with: Tenants,
) -> None:
    http = graph(answer(200, registration(displayName="Contoso Mail")))
    error = failed(application, tenant_with(http), app_id=APP, display_name=NAME, state="absent")
    assert (error.category, "is named 'Contoso Mail', not 'Contoso MDR'" in error.message) == (
        "conflict",
        True,
    )
    assert writes(http) == []


@pytest.mark.parametrize("module", [application, application_info])
@pytest.mark.parametrize("arguments", [{"display_name": ""}, {"display_name": " "}, {"app_id": ""}])
def test_an_empty_text_names_no_application(
    tenant_with: Tenants, module: t.Any, arguments: dict[str, t.Any]
) -> None:
    assert failed(module, tenant_with(FakeHttp()), **arguments).category == "bad_request"


@pytest.mark.parametrize(
    "none",
    [
        {"api_permissions": []},
        {"permissions_for": []},
        {"api_permissions": [{"api": "graph", "roles": []}]},
    ],
)
def test_purging_to_nothing_is_refused_before_anything_is_sent(
    tenant_with: Tenants, none: dict[str, t.Any]
) -> None:
    error = failed(
        application, tenant_with(FakeHttp()), display_name=NAME, purge_permissions=True, **none
    )
    assert (error.category, "list the roles to keep" in error.message) == ("bad_request", True)


def test_an_audience_is_changed_only_where_the_caller_names_one(tenant_with: Tenants) -> None:
    mine = registration(signInAudience="AzureADMyOrg")
    http = graph(listed(mine), principal())
    assert run(application, tenant_with(http), display_name=NAME)["changed"] is False
    http = graph(listed(mine), principal(), answer(204))
    run(application, tenant_with(http), display_name=NAME, sign_in_audience="AzureADMultipleOrgs")
    assert writes(http) == [
        ("PATCH", f"/applications/{ID}", {"signInAudience": "AzureADMultipleOrgs"})
    ]


def test_what_is_gone_is_as_wanted(tenant_with: Tenants) -> None:
    assert (
        run(application, tenant_with(graph(nothing())), app_id=APP, state="absent")["changed"]
        is False
    )
    assert (
        run(
            application,
            tenant_with(graph(listed(registration()), nothing())),
            display_name=NAME,
            state="absent",
        )["changed"]
        is True
    )


def test_check_mode_deletes_nothing(tenant_with: Tenants) -> None:
    http = graph(listed(registration()))
    assert (
        run(application, tenant_with(http), check_mode=True, display_name=NAME, state="absent")[
            "changed"
        ]
        is True
    )
    assert writes(http) == []


def test_the_application_that_asks_does_not_delete_itself(tenant_with: Tenants) -> None:
    http = graph(answer(200, registration(appId=CLIENT)))
    error = failed(application, tenant_with(http), app_id=CLIENT, state="absent")
    assert error.category == "bad_request"
    assert "This task authenticates as application" in error.message
    assert writes(http) == []
