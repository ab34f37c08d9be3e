# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""consent from parameters to result, with every request on the way; answers are shaped as
Microsoft's pages show them."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.modules import consent, consent_info
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.modules.grants import (
    GRANTER,
    GRAPH,
    GRAPH_ID,
    HUNT,
    IDS,
    OTHER_APP,
    OURS,
    OWNER,
    READER,
    Json,
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
    TENANT,
    FakeClock,
    FakeHttp,
    answer,
    not_consented,
    refusal,
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
def test_an_empty_application_id_is_refused(
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
    assert len([path for path in folder.iterdir() if path.name.startswith(TENANT)]) == 3
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
