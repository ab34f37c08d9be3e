# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lists to their end, patience with what was just created, and roles by name; requests as
Microsoft's reference has them."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils import _directory
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.stand_ins import (
    FakeClock,
    FakeHttp,
    answer,
    graph_token,
    token_answer,
)

GRAPH = "https://graph.microsoft.com/v1.0"
APP = "631a96bc-a705-4eda-9f99-fdaf9f54f6a2"
ENDPOINT_APP = "fc780465-2017-40d4-a0c5-307022471b92"
GRAPH_APP = "00000003-0000-0000-c000-000000000000"
INCIDENT_READ = "45cc0394-e837-488b-a098-1918f48d186c"
Apis = t.Callable[[FakeHttp], t.Any]


def role(value: str, guid: str, **changes: t.Any) -> dict[str, t.Any]:
    """An appRole as Graph lists it on a resource's service principal."""
    return {
        "allowedMemberTypes": ["Application"],
        "displayName": value,
        "id": guid,
        "isEnabled": True,
        "origin": "Application",
        "value": value,
        **changes,
    }


def principal(app_id: str, *roles: dict[str, t.Any], **changes: t.Any) -> dict[str, t.Any]:
    return {
        "id": "59e617e5-e447-4adc-8b88-00af644d7c92",
        "appId": app_id,
        "displayName": "foo",
        "appRoles": list(roles),
        **changes,
    }


def missing_answer() -> t.Any:
    """What Graph says of an object that it does not have, or not yet."""
    text = (
        f"Resource '{APP}' does not exist or one of its queried reference-property objects are"
        " not present."
    )
    return answer(
        404, {"error": {"code": "Request_ResourceNotFound", "message": text, "innerError": {}}}
    )


def unbacked_answer() -> t.Any:
    """What Graph says while an application is not yet where its service principal is created."""
    text = (
        f"The appId '{APP}' of the service principal does not reference a valid application object."
    )
    return answer(400, {"error": {"code": "Request_BadRequest", "message": text}})


@pytest.fixture
def api_with(tenant_with: t.Callable[..., t.Any]) -> Apis:
    """Graph for a module that asks for no role, after its token was fetched."""

    def build(http: FakeHttp) -> t.Any:
        http.script.insert(0, token_answer(graph_token()))
        api = tenant_with(http).api("graph", "access_token")
        http.asked.clear()
        return api

    return build


def urls(http: FakeHttp) -> list[tuple[str, str]]:
    http.done()
    return [(asked.method, asked.url) for asked in http.asked]


def test_a_list_is_read_to_its_end_by_the_links_as_they_come(api_with: Apis) -> None:
    link = f"{GRAPH}/applications?$filter=x&$skiptoken=RFNwdAIAAQ%3d"
    http = FakeHttp(
        answer(200, {"value": [{"id": "1"}, {"id": "2"}], "@odata.nextLink": link}),
        answer(200, {"value": [{"id": "3"}]}),
    )
    found = _directory.listed(api_with(http), "/v1.0/applications", {"$filter": "x"})
    assert [each["id"] for each in found] == ["1", "2", "3"]
    assert urls(http) == [("GET", f"{GRAPH}/applications"), ("GET", link)]
    assert [asked.params for asked in http.asked] == [{"$filter": "x"}, None]


def test_an_empty_page_in_the_middle_ends_no_list(api_with: Apis) -> None:
    pages = [
        answer(200, {"value": [], "@odata.nextLink": f"{GRAPH}/applications?p={page}"})
        for page in (1, 2)
    ]
    assert _directory.listed(
        api_with(FakeHttp(*pages, answer(200, {"value": [{"id": "1"}]}))), "/v1.0/applications"
    ) == [{"id": "1"}]


def test_a_list_whose_links_run_in_a_circle_is_no_list(api_with: Apis) -> None:
    page = answer(200, {"value": [{"id": "1"}], "@odata.nextLink": f"{GRAPH}/applications?p=1"})
    with pytest.raises(
        DefenderError, match="the list /v1.0/applications does not end; it returned 2 objects"
    ) as caught:
        _directory.listed(api_with(FakeHttp(page, page)), "/v1.0/applications")
    assert caught.value.category == "truncated"


def test_a_link_that_leads_elsewhere_gets_no_token(api_with: Apis) -> None:
    http = FakeHttp(
        answer(200, {"value": [], "@odata.nextLink": "https://elsewhere.example/v1.0/applications"})
    )
    with pytest.raises(DefenderError, match="but tokens are sent only to"):
        _directory.listed(api_with(http), "/v1.0/applications")
    assert len(http.asked) == 1


def test_a_service_principal_is_found_by_its_application(api_with: Apis) -> None:
    http = FakeHttp(answer(200, principal(APP)))
    assert _directory.service_principal(api_with(http), APP) == principal(APP)
    assert urls(http) == [("GET", f"{GRAPH}/servicePrincipals(appId='{APP}')")]
    assert http.asked[0].params == {"$select": "id,appId,displayName"}


def test_a_service_principal_that_is_not_there_is_none_and_no_error(api_with: Apis) -> None:
    assert _directory.service_principal(api_with(FakeHttp(missing_answer())), APP) is None


def test_a_refused_read_stays_an_error(api_with: Apis) -> None:
    refused = answer(
        403,
        {
            "error": {
                "code": "Authorization_RequestDenied",
                "message": "Insufficient privileges to complete the operation.",
            }
        },
    )
    with pytest.raises(DefenderError) as caught:
        _directory.service_principal(api_with(FakeHttp(refused)), APP)
    assert caught.value.category == "role_missing"


def test_what_was_just_created_is_waited_for(api_with: Apis, time: FakeClock) -> None:
    http = FakeHttp(
        missing_answer(),
        unbacked_answer(),
        answer(201, principal(APP)),
        missing_answer(),
        answer(200, principal(APP)),
    )
    assert _directory.create_service_principal(api_with(http), APP)["appId"] == APP
    assert (
        urls(http)
        == [("POST", f"{GRAPH}/servicePrincipals")] * 3
        + [("GET", f"{GRAPH}/servicePrincipals(appId='{APP}')")] * 2
    )
    assert [asked.payload for asked in http.asked[:3]] == [{"appId": APP}] * 3
    assert not any(asked.repeatable for asked in http.asked[:3])
    assert time.slept == [1.0, 2.0, 1.0]


def test_what_was_made_and_is_not_seen_for_a_minute_was_made(api_with: Apis) -> None:
    http = FakeHttp(answer(201, principal(APP)), *[missing_answer() for _count in range(7)])
    assert _directory.create_service_principal(api_with(http), APP) == principal(APP)
    http.done()


def test_waiting_for_what_was_created_has_an_end(api_with: Apis, time: FakeClock) -> None:
    http = FakeHttp(*[missing_answer() for _count in range(7)])
    api = api_with(http)
    with pytest.raises(DefenderError) as caught:
        _directory.retry_until_replicated(api, lambda: api.get(f"/v1.0/applications/{APP}"))
    assert caught.value.category == "not_found"
    assert sum(time.slept) == 63.0
    http.done()


def test_what_is_refused_for_another_reason_is_not_waited_for(
    api_with: Apis, time: FakeClock
) -> None:
    refused = answer(
        400,
        {
            "error": {
                "code": "Request_BadRequest",
                "message": "Invalid value specified for property 'appId'.",
            }
        },
    )
    with pytest.raises(DefenderError, match="Invalid value"):
        _directory.create_service_principal(api_with(FakeHttp(refused)), APP)
    assert time.slept == []


@pytest.mark.parametrize(
    "lost",
    [
        DefenderError("outcome_unknown", "POST was sent, but its response was lost."),
        answer(
            409,
            {
                "error": {
                    "code": "Request_MultipleObjectsWithSameKeyValue",
                    "message": "The service principal cannot be created, it is already in use.",
                }
            },
        ),
    ],
)
def test_a_service_principal_whose_creation_is_in_doubt_is_looked_for(
    api_with: Apis, lost: t.Any
) -> None:
    http = FakeHttp(lost, answer(200, principal(APP)))
    assert _directory.create_service_principal(api_with(http), APP)["appId"] == APP
    assert urls(http) == [
        ("POST", f"{GRAPH}/servicePrincipals"),
        ("GET", f"{GRAPH}/servicePrincipals(appId='{APP}')"),
    ]


def test_a_service_principal_whose_creation_stays_in_doubt_is_an_error(api_with: Apis) -> None:
    with pytest.raises(DefenderError) as caught:
        _directory.create_service_principal(
            api_with(FakeHttp(DefenderError("outcome_unknown", "lost"), *[missing_answer()] * 7)),
            APP,
        )
    assert caught.value.category == "outcome_unknown"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("graph", "graph"),
        ("Microsoft Graph", "graph"),
        ("microsoft threat protection", "xdr"),
        ("WindowsDefenderATP", "endpoint"),
        ("FC780465-2017-40D4-A0C5-307022471B92", "endpoint"),
        ("C5393580-F805-4401-95E8-94B7A6EF2FC2", "c5393580-f805-4401-95e8-94b7a6ef2fc2"),
    ],
)
def test_an_api_is_known_by_each_of_its_names(text: str, name: str) -> None:
    assert _directory.resource_name("api_permissions", text) == name


def test_an_api_that_nobody_knows_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(DefenderError) as caught:
        _directory.resource_name("api_permissions", "Defender")
    assert caught.value.message == (
        "api_permissions contains the API 'Defender', but must be one of graph (Microsoft Graph),"
        " xdr (Microsoft Threat Protection), endpoint (WindowsDefenderATP), or an application id."
    )


def test_the_roles_of_an_api_are_those_its_service_principal_offers_to_applications(
    api_with: Apis,
) -> None:
    http = FakeHttp(
        answer(
            200,
            principal(
                GRAPH_APP,
                role("SecurityIncident.Read.All", INCIDENT_READ.upper()),
                role("Retired.Read.All", "00000000-0000-0000-0000-000000000001", isEnabled=False),
                role(
                    "Person.Only",
                    "00000000-0000-0000-0000-000000000002",
                    allowedMemberTypes=["User"],
                ),
            ),
        )
    )
    api = api_with(http)
    resource = _directory.resource_of(api, "graph")
    assert resource is not None
    assert (resource.app_id, resource.title, resource.roles) == (
        GRAPH_APP,
        "Microsoft Graph",
        {"SecurityIncident.Read.All": INCIDENT_READ},
    )
    assert resource.role_ids("roles", ["SecurityIncident.Read.All"]) == {
        "SecurityIncident.Read.All": INCIDENT_READ
    }
    assert resource.role_name(INCIDENT_READ) == "SecurityIncident.Read.All"
    assert (
        resource.role_name("00000000-0000-0000-0000-000000000001")
        == "00000000-0000-0000-0000-000000000001"
    )
    assert http.asked[0].params == {"$select": "id,appId,displayName,appRoles"}
    assert api.tenant.warnings == []


def test_a_role_with_another_id_than_the_published_one_is_used_and_said(api_with: Apis) -> None:
    other = "11111111-0000-0000-0000-000000000001"
    api = api_with(
        FakeHttp(answer(200, principal(GRAPH_APP, role("SecurityIncident.Read.All", other))))
    )
    resource = _directory.resource_of(api, "graph")
    assert resource is not None
    assert resource.role_ids("roles", ["SecurityIncident.Read.All"]) == {
        "SecurityIncident.Read.All": other
    }
    [warning] = api.tenant.warnings
    assert (
        "the id of SecurityIncident.Read.All of Microsoft Graph is not the id that Microsoft"
        " published" in warning
    )


def test_an_api_that_the_tenant_does_not_have_is_none(api_with: Apis) -> None:
    assert _directory.resource_of(api_with(FakeHttp(missing_answer())), "endpoint") is None
    assert (
        _directory.published("endpoint").roles["Machine.Isolate"]
        == "7e4e1300-e1b9-4102-88ba-f0cb6e6d5974"
    )


@pytest.mark.parametrize(
    ("resource", "name", "said"),
    [
        (
            "graph",
            "Machine.Read.All",
            (
                "api_permissions contains Machine.Read.All, which is a role of WindowsDefenderATP,"
                " not of Microsoft Graph."
            ),
        ),
        (
            "graph",
            "SecurityIncident.Raed.All",
            (
                "api_permissions contains SecurityIncident.Raed.All, which is not an application"
                " role of Microsoft Graph; similar roles are SecurityIncident.Read.All"
            ),
        ),
        (
            "xdr",
            "zzz",
            (
                "api_permissions contains zzz, which is not an application role of Microsoft Threat"
                " Protection."
            ),
        ),
    ],
)
def test_a_role_that_the_api_does_not_offer_is_refused_with_what_was_meant(
    resource: str, name: str, said: str
) -> None:
    with pytest.raises(DefenderError) as caught:
        _directory.published(resource).role_ids("api_permissions", [name])
    assert caught.value.category == "bad_request"
    assert caught.value.message.startswith(said)
