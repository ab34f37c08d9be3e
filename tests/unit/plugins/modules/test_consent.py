# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Consent from parameters to result, with every request on the way; answers are shaped as
Microsoft's pages show them."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.modules import consent, consent_info
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.stand_ins import (
    CLIENT,
    CONSENT_URL,
    INCIDENT_ROLE,
    SECRET,
    TENANT,
    TOKEN_URL,
    FakeClock,
    FakeHttp,
    answer,
    graph_token,
    not_consented,
    refusal,
    token_answer,
)

HUNT = "ThreatHunting.Read.All"
READER = "Application.Read.All"
XDR, ENDPOINT = "https://api.security.microsoft.com", "https://api.securitycenter.microsoft.com"
GRAPH = "https://graph.microsoft.com/v1.0"
OTHER_APP = "bbbbbbbb-0000-4000-8000-00000000000d"
OURS, GRAPH_ID = "8e881353-1735-45af-af21-ee1344582a4d", "fea94d6d-b5bf-44d2-a887-4f72a8d74f44"
# from Microsoft's reference of permissions
IDS = {
    INCIDENT_ROLE: "45cc0394-e837-488b-a098-1918f48d186c",
    HUNT: "dd98c7f5-2d42-42d3-a0e4-633161547251",
    READER: "9a5d68dd-52b0-4cc2-bd40-abcf44ac3a30",
}
Tenants = t.Callable[..., t.Any]
Json = dict[str, t.Any]


def run(module: t.Any, tenant: t.Any, *, check_mode: bool = False, **arguments: t.Any) -> Json:
    rules: Json = {
        rule: module.SPEC[rule]
        for rule in ("mutually_exclusive", "required_one_of", "required_if")
        if rule in module.SPEC
    }
    named = {
        "tenant_id": TENANT,
        "client_id": CLIENT,
        "client_secret": SECRET,
        "token_cache": "none",
    }
    done = ArgumentSpecValidator(module.SPEC["argument_spec"], **rules).validate(
        {**named, **arguments}
    )
    assert done.error_messages == []
    return t.cast("Json", module.run(tenant, done.validated_parameters, check_mode))


def tokens(*graph: str, xdr: t.Sequence[str] = (), endpoint: t.Sequence[str] = ()) -> list[t.Any]:
    """What the token end point says for each API in turn."""
    return [
        token_answer(graph_token(roles=list(graph))),
        token_answer(graph_token(aud=XDR, roles=list(xdr) or None)),
        token_answer(graph_token(aud=ENDPOINT, roles=list(endpoint) or None)),
    ]


def principal(app_id: str = CLIENT, object_id: str = OURS, **more: t.Any) -> t.Any:
    return answer(200, {"id": object_id, "appId": app_id, "displayName": "MSSP", **more})


def graph_principal() -> t.Any:
    offer = [
        {"id": of, "value": name, "isEnabled": True, "allowedMemberTypes": ["Application"]}
        for name, of in IDS.items()
    ]
    return principal("00000003-0000-0000-c000-000000000000", GRAPH_ID, appRoles=offer)


def assigned(*roles: str, since: str = "2021-02-02T04:22:45.4980259Z") -> t.Any:
    """`appRoleAssignments` as in Microsoft's example."""
    rows = [
        {
            "id": f"grant-of-{role}",
            "createdDateTime": since,
            "appRoleId": IDS.get(role, role),
            "principalDisplayName": "MSSP",
            "principalId": OURS,
            "principalType": "ServicePrincipal",
            "resourceDisplayName": "Microsoft Graph",
            "resourceId": GRAPH_ID,
        }
        for role in roles
    ]
    return answer(200, {"value": rows})


def absent_there() -> t.Any:
    return refusal(
        500011,
        "invalid_resource",
        (
            "The resource principal named https://api.security.microsoft.com was not found in the"
            " tenant."
        ),
    )


# consent_info


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


@pytest.mark.parametrize("empty", ["", " "])
@pytest.mark.parametrize(
    ("module", "arguments"),
    [
        (consent, {"state": "absent"}),
        (consent, {"required_for": ["incident_info"]}),
        (consent_info, {}),
    ],
)
def test_an_empty_application_id_is_not_our_own(
    tenant_with: Tenants, module: t.Any, arguments: dict[str, t.Any], empty: str
) -> None:
    with pytest.raises(DefenderError) as caught:
        run(
            module,
            tenant_with(FakeHttp()),
            **{"required_for": ["incident_info"], **arguments},
            app_id=empty,
        )
    assert (caught.value.category, "app_id is empty" in caught.value.message) == (
        "bad_request",
        True,
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


# consent by API

GRANTER, OWNER = "AppRoleAssignment.ReadWrite.All", "Application.ReadWrite.All"
IDS |= {
    GRANTER: "06b708a9-e830-4db3-a914-8e69da51d44f",
    OWNER: "1bfefb4e-e0b5-418b-a88f-73c46d2cc8e9",
}
MAY = (GRANTER, READER)
GRANTS = f"{GRAPH}/servicePrincipals/{OURS}/appRoleAssignments"
DONE = answer(204)
LOST = DefenderError("outcome_unknown", "The answer was lost.")


def created() -> t.Any:
    return answer(201, {"id": "new"})


def missing_there() -> t.Any:
    return answer(
        404, {"error": {"code": "Request_ResourceNotFound", "message": "Resource does not exist."}}
    )


def exists_already() -> t.Any:
    return answer(
        400,
        {
            "error": {
                "code": "Request_BadRequest",
                "message": "Permission being assigned already exists on the object",
            }
        },
    )


def written(http: FakeHttp) -> list[tuple[str, str]]:
    return [
        (asked.method, asked.url.removeprefix(GRAPH))
        for asked in http.asked
        if asked.url.startswith(GRAPH) and asked.method != "GET"
    ]


def test_consent_grants_only_what_is_missing(tenant_with: Tenants) -> None:
    http = FakeHttp(
        *tokens(*MAY),
        principal(),
        assigned(*MAY, INCIDENT_ROLE),
        graph_principal(),
        graph_principal(),
        created(),
        assigned(HUNT),
    )
    found = run(consent, tenant_with(http), required_for=["incident_info", "hunting_query"])
    assert (found["changed"], found["method"], found["status"], found["advice"]) == (
        True,
        "api",
        "superfluous",
        "",
    )
    assert found["superfluous"] == {"graph": sorted(MAY)}
    assert written(http) == [("POST", f"/servicePrincipals/{OURS}/appRoleAssignments")]
    assert http.asked[-2].payload == {
        "principalId": OURS,
        "resourceId": GRAPH_ID,
        "appRoleId": IDS[HUNT],
    }
    assert not http.asked[-2].repeatable
    before, after = found["diff"]["before"], found["diff"]["after"]
    assert before == {
        "service_principal": True,
        "roles": {"Microsoft Graph": sorted([*MAY, INCIDENT_ROLE])},
    }
    assert after == {
        "service_principal": True,
        "roles": {"Microsoft Graph": sorted([*MAY, INCIDENT_ROLE, HUNT])},
    }
    http.done()


def test_consent_writes_nothing_where_nothing_is_missing_nor_in_check_mode(
    tenant_with: Tenants,
) -> None:
    script = [
        *tokens(*MAY),
        principal(),
        assigned(*MAY, INCIDENT_ROLE),
        graph_principal(),
        graph_principal(),
    ]
    http = FakeHttp(*script)
    found = run(consent, tenant_with(http), required_for=["incident_info"])
    assert (found["changed"], written(http)) == (False, [])
    assert found["diff"]["before"] == found["diff"]["after"]
    checked = FakeHttp(*script)
    found = run(
        consent,
        tenant_with(checked),
        check_mode=True,
        required_for=["incident_info", "hunting_query"],
        purge=True,
    )
    assert (found["changed"], found["status"], found["granted"], written(checked)) == (
        True,
        "complete",
        {"graph": [INCIDENT_ROLE, HUNT]},
        [],
    )


def test_consent_purges_only_on_request_and_its_own_rights_last(tenant_with: Tenants) -> None:
    held = assigned(*MAY, INCIDENT_ROLE, HUNT)
    http = FakeHttp(
        *tokens(*MAY), principal(), held, graph_principal(), graph_principal(), DONE, DONE, DONE
    )
    found = run(consent, tenant_with(http), required_for=["incident_info"], purge=True)
    assert (found["changed"], found["status"], found["granted"]) == (
        True,
        "complete",
        {"graph": [INCIDENT_ROLE]},
    )
    assert written(http) == [
        ("DELETE", f"/servicePrincipals/{OURS}/appRoleAssignments/grant-of-{role}")
        for role in (HUNT, *MAY)
    ]


def test_consent_takes_an_existing_grant_for_done(tenant_with: Tenants) -> None:
    http = FakeHttp(
        *tokens(*MAY),
        principal(),
        assigned(*MAY),
        graph_principal(),
        graph_principal(),
        exists_already(),
        assigned(INCIDENT_ROLE),
    )
    assert run(consent, tenant_with(http), required_for=["incident_info"])["changed"]
    http.done()


@pytest.mark.parametrize(
    ("after_it", "posts"),
    [([assigned(*MAY, INCIDENT_ROLE)], 1), ([assigned(*MAY), exists_already()], 2)],
    ids=["it was granted", "not seen, so asked again"],
)
def test_consent_settles_a_lost_answer_by_looking(
    after_it: list[t.Any], posts: int, tenant_with: Tenants
) -> None:
    http = FakeHttp(
        *tokens(*MAY),
        principal(),
        assigned(*MAY),
        graph_principal(),
        graph_principal(),
        LOST,
        *after_it,
        assigned(INCIDENT_ROLE),
    )
    run(consent, tenant_with(http), required_for=["incident_info"])
    assert len(written(http)) == posts
    http.done()


def test_consent_gives_up_on_a_grant_whose_answer_is_lost_twice(tenant_with: Tenants) -> None:
    http = FakeHttp(
        *tokens(*MAY),
        principal(),
        assigned(*MAY),
        graph_principal(),
        graph_principal(),
        LOST,
        assigned(*MAY),
        LOST,
        assigned(*MAY),
    )
    with pytest.raises(DefenderError) as caught:
        run(consent, tenant_with(http), required_for=["incident_info"])
    assert caught.value.category == "outcome_unknown"
    http.done()


def test_consent_makes_service_principals_and_waits_for_the_directory(
    tenant_with: Tenants, time: FakeClock
) -> None:
    app_id, role_id = "8ee8fdad-f234-4243-8f3b-15c294843740", "a9790345-4595-42e4-971a-ccdc79f19b7c"
    xdr = answer(
        201,
        {
            "id": "mtp",
            "appId": app_id,
            "displayName": "Microsoft Threat Protection",
            "appRoles": [],
        },
    )
    given = answer(200, {"value": [{"resourceId": "mtp", "appRoleId": role_id}]})
    late = [
        principal(OTHER_APP),
        missing_there(),
        principal(OTHER_APP),
        xdr,
        missing_there(),
        created(),
        assigned(),
        given,
    ]
    http = FakeHttp(*tokens(GRANTER, OWNER), missing_there(), missing_there(), *late)
    permissions = [{"api": "xdr", "roles": ["Incident.Read.All"]}]
    found = run(consent, tenant_with(http), app_id=OTHER_APP, api_permissions=permissions)
    assert (found["changed"], found["status"], found["diff"]["before"]) == (
        True,
        "complete",
        {"service_principal": False, "roles": {}},
    )
    assert [path for unused, path in written(http)] == [
        "/servicePrincipals",
        "/servicePrincipals",
        *[f"/servicePrincipals/{OURS}/appRoleAssignments"] * 2,
    ]
    assert http.asked[-3].payload == {
        "principalId": OURS,
        "resourceId": "mtp",
        "appRoleId": role_id,
    }
    assert len(time.slept) == 3
    http.done()


def test_consent_makes_no_service_principal_without_the_right(tenant_with: Tenants) -> None:
    http = FakeHttp(*tokens(*MAY), missing_there(), graph_principal())
    with pytest.raises(DefenderError) as caught:
        run(consent, tenant_with(http), app_id=OTHER_APP, required_for=["incident_info"])
    assert (caught.value.category, caught.value.facts["missing_roles"], written(http)) == (
        "role_missing",
        [OWNER],
        [],
    )


def test_consent_says_that_a_tenant_lacks_the_product(tenant_with: Tenants) -> None:
    text = (
        "The appId 'fc780465-2017-40d4-a0c5-307022471b92' of the service principal does not"
        " reference a valid application object."
    )
    no_product = answer(400, {"error": {"code": "Request_BadRequest", "message": text}})
    http = FakeHttp(*tokens(GRANTER, OWNER), principal(), assigned(), missing_there(), no_product)
    with pytest.raises(DefenderError, match="WindowsDefenderATP") as caught:
        run(
            consent,
            tenant_with(http),
            api_permissions=[{"api": "endpoint", "roles": ["Machine.Isolate"]}],
        )
    assert caught.value.category == "not_licensed"


def test_consent_names_an_unknown_role_before_anything_is_written(tenant_with: Tenants) -> None:
    http = FakeHttp(*tokens(*MAY), principal(), assigned(), graph_principal())
    with pytest.raises(DefenderError, match=r"User\.Read\.All"):
        run(
            consent,
            tenant_with(http),
            api_permissions=[{"api": "graph", "roles": ["User.Read.All"]}],
        )
    assert written(http) == []


def test_consent_by_api_only_fails_where_it_may_not(tenant_with: Tenants) -> None:
    with pytest.raises(DefenderError) as caught:
        run(
            consent,
            tenant_with(FakeHttp(*tokens(READER))),
            required_for=["incident_info"],
            method="api",
        )
    assert (caught.value.category, caught.value.facts["missing_roles"]) == (
        "role_missing",
        [GRANTER],
    )


# consent by a person


def test_consent_hands_out_the_link_where_a_person_must_click(tenant_with: Tenants) -> None:
    http = FakeHttp(not_consented())
    found = run(
        consent,
        tenant_with(http),
        required_for=["incident_info"],
        link_state="a & b",
        link_form="page",
    )
    assert (found["changed"], found["method"], found["status"]) == (False, "link", "not_consented")
    assert found["consent_url"].endswith("&state=a+%26+b")
    assert found["consent_url"] in found["advice"]


def test_consent_never_writes_where_a_link_is_wanted(tenant_with: Tenants) -> None:
    http = FakeHttp(*tokens(*MAY), principal(), assigned(*MAY), graph_principal())
    found = run(consent, tenant_with(http), required_for=["incident_info"], method="link")
    assert (found["method"], found["status"], written(http)) == ("link", "partial", [])


def test_consent_waits_for_the_click_through_a_moment_of_trouble(
    tenant_with: Tenants, time: FakeClock
) -> None:
    moment = refusal(
        90033, "temporarily_unavailable", "A transient error has occurred.", status=503
    )
    http = FakeHttp(not_consented(), not_consented(), moment, *tokens(), *tokens(INCIDENT_ROLE))
    found = run(
        consent,
        tenant_with(http),
        required_for=["incident_info"],
        wait=True,
        wait_timeout=60,
        wait_interval=10,
    )
    assert (found["changed"], found["status"], found["advice"]) == (True, "complete", "")
    assert time.slept == [10, 10, 10]
    http.done()


def test_consent_says_who_did_not_click_when_time_is_out(
    tenant_with: Tenants, time: FakeClock
) -> None:
    http = FakeHttp(*[not_consented() for unused in range(5)])
    with pytest.raises(DefenderError, match="25 seconds") as caught:
        run(
            consent,
            tenant_with(http),
            required_for=["incident_info"],
            wait=True,
            wait_timeout=25,
            wait_interval=10,
        )
    error = caught.value.as_result()
    assert (error["error"]["category"], error["error"]["who"], error["missing_roles"]) == (
        "not_consented",
        "customer",
        [INCIDENT_ROLE],
    )
    assert CONSENT_URL in error["error"]["advice"]
    assert time.slept == [10, 10, 5]
    http.done()


def test_consent_does_not_wait_for_a_credential_to_mend_itself(
    tenant_with: Tenants, time: FakeClock
) -> None:
    http = FakeHttp(
        not_consented(),
        refusal(
            7000222, "invalid_client", "The provided client secret keys are expired.", status=401
        ),
    )
    with pytest.raises(DefenderError) as caught:
        run(consent, tenant_with(http), required_for=["incident_info"], wait=True)
    assert caught.value.category == "credential_expired"


def test_consent_waits_for_nobody_in_check_mode(tenant_with: Tenants, time: FakeClock) -> None:
    found = run(
        consent,
        tenant_with(FakeHttp(not_consented())),
        check_mode=True,
        required_for=["incident_info"],
        wait=True,
    )
    assert (found["changed"], time.slept) == (False, [])


@pytest.mark.parametrize("name", ["wait_timeout", "wait_interval"])
def test_consent_refuses_a_time_that_is_none(name: str, tenant_with: Tenants) -> None:
    none: Json = {name: 0}
    with pytest.raises(DefenderError, match=f"{name} is 0"):
        run(consent, tenant_with(FakeHttp()), required_for=["incident_info"], wait=True, **none)


# removal


def test_consent_removes_the_grants_first_and_the_service_principal_last_and_proves_it(
    tenant_with: Tenants,
) -> None:
    held = assigned(GRANTER, OWNER, INCIDENT_ROLE, HUNT)
    http = FakeHttp(
        *tokens(GRANTER, OWNER),
        principal(),
        held,
        graph_principal(),
        DONE,
        DONE,
        DONE,
        tokens()[0],
        not_consented(),
    )
    found = run(consent, tenant_with(http), state="absent", wait=True)
    assert (found["changed"], found["method"], found["status"], found["advice"]) == (
        True,
        "api",
        "not_consented",
        "",
    )
    # its own rights stay until its service principal takes them along
    assert written(http) == [
        *[
            ("DELETE", f"/servicePrincipals/{OURS}/appRoleAssignments/grant-of-{role}")
            for role in (INCIDENT_ROLE, HUNT)
        ],
        ("DELETE", f"/servicePrincipals/{OURS}"),
    ]
    assert found["diff"]["after"] == {"service_principal": False, "roles": {}}
    http.done()


def test_consent_of_another_application_is_removed_with_every_right_it_has(
    tenant_with: Tenants,
) -> None:
    http = FakeHttp(
        *tokens(GRANTER, OWNER),
        principal(OTHER_APP),
        assigned(GRANTER, HUNT),
        graph_principal(),
        missing_there(),
        DONE,
        DONE,
    )
    found = run(consent, tenant_with(http), state="absent", app_id=OTHER_APP, wait=True)
    assert [path.rsplit("/", 1)[-1] for unused, path in written(http)] == [
        f"grant-of-{HUNT}",
        f"grant-of-{GRANTER}",
        OURS,
    ]
    assert (found["status"], found["dropped_tokens"]) == ("not_consented", 0)
    http.done()


def test_consent_is_absent_where_the_tenant_does_not_know_the_application(
    tenant_with: Tenants,
) -> None:
    http = FakeHttp(not_consented())
    found = run(consent, tenant_with(http), state="absent", wait=True)
    assert (found["changed"], found["status"], found["dropped_tokens"]) == (
        False,
        "not_consented",
        0,
    )
    http.done()


def test_consent_that_only_the_customer_can_remove_says_so(
    tenant_with: Tenants, time: FakeClock
) -> None:
    found = run(consent, tenant_with(FakeHttp(*tokens(INCIDENT_ROLE))), state="absent")
    assert (found["changed"], found["method"], found["status"]) == (False, "link", "superfluous")
    assert CLIENT in found["advice"]
    http = FakeHttp(*tokens(INCIDENT_ROLE), tokens()[0], tokens()[0], tokens()[0])
    with pytest.raises(DefenderError) as caught:
        run(consent, tenant_with(http), state="absent", wait=True, wait_timeout=10, wait_interval=5)
    assert (caught.value.category, caught.value.who) == ("timeout", "customer")
    with pytest.raises(DefenderError) as caught:
        run(consent, tenant_with(FakeHttp(*tokens(*MAY))), state="absent", method="api")
    assert caught.value.facts["missing_roles"] == [OWNER]


def test_removal_leaves_nothing_of_the_tenant_in_the_cache_and_everything_of_others(
    tenant_with: Tenants, tmp_path: Path
) -> None:
    folder = tmp_path / "tokens"
    other = "99999999-8888-7777-6666-555555555555"
    foreign = folder / f"{other}-{'0' * 24}"
    run(
        consent_info,
        tenant_with(FakeHttp(*tokens(INCIDENT_ROLE)), token_cache=str(folder)),
        required_for=["incident_info"],
    )
    foreign.write_text("{}")
    assert (
        len(
            [
                path
                for path in folder.iterdir()
                if path.name.startswith(TENANT) and path.suffix != ".lock"
            ]
        )
        == 3
    )
    checked = run(
        consent,
        tenant_with(FakeHttp(not_consented()), token_cache=str(folder)),
        state="absent",
        check_mode=True,
    )
    assert (checked["changed"], checked["dropped_tokens"]) == (True, 3)
    found = run(
        consent, tenant_with(FakeHttp(not_consented()), token_cache=str(folder)), state="absent"
    )
    assert (found["changed"], found["dropped_tokens"]) == (
        True,
        2,
    )  # the check's own request has taken one's place
    assert list(folder.iterdir()) == [foreign]
    again = run(
        consent, tenant_with(FakeHttp(not_consented()), token_cache=str(folder)), state="absent"
    )
    assert (again["changed"], list(folder.iterdir())) == (False, [foreign])
