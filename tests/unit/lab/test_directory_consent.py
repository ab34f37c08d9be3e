# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Consent by a person: the page behind each link, and the administrator's click."""

from __future__ import annotations

import uuid
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
import pytest

MTP = "8ee8fdad-f234-4243-8f3b-15c294843740"
INCIDENT_READ = "a9790345-4595-42e4-971a-ccdc79f19b7c"
REDIRECT = "https://onboarding.partner.example/done"


@pytest.fixture
def app(desk):
    access = [{"resourceAppId": MTP, "resourceAccess": [{"id": INCIDENT_READ, "type": "Role"}]}]
    made = desk.registered(
        f"consent {uuid.uuid4()}", requiredResourceAccess=access, web={"redirectUris": [REDIRECT]}
    )
    made["secret"] = desk.home("POST", f"applications/{made['id']}/addPassword", body={}).json()[
        "secretText"
    ]
    return made


@pytest.fixture
def customer(desk, tenant):
    desk.become(tenant, personality="not_consented")
    return tenant


def ask(desk, tenant, app):
    return desk.ask_token(
        tenant.id,
        client_id=app["appId"],
        client_secret=app["secret"],
        scope="https://api.security.microsoft.com/.default",
    )


def link(path: str, **query: str) -> str:
    return f"https://login.microsoftonline.com/{path}?{urlencode(query)}"


def opened(desk, address: str):
    parts = urlsplit(address)
    return desk.send("login", "GET", parts.path, parts.query)


def links(tenant, app) -> list[str]:
    own = {"client_id": app["appId"], "redirect_uri": REDIRECT, "state": "s 1"}
    return [
        link(f"{tenant.id}/adminconsent", **own),
        link(
            f"{tenant.domain}/v2.0/adminconsent",
            **own,
            scope="https://api.security.microsoft.com/.default",
        ),
        link("organizations/v2.0/adminconsent", **own, scope=f"{MTP}/.default"),
        link(
            "common/oauth2/authorize",
            prompt="consent",
            response_type="code",
            sso_reload="true",
            client_id=app["appId"],
            state="s 1",
        ),
    ]


@pytest.mark.parametrize("form", range(4))
def test_every_form_of_link_leads_to_the_page_and_the_click_to_a_token(
    desk, customer, app, form
) -> None:
    address = links(customer, app)[form]
    page = opened(desk, address)
    assert (page.status, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert b"Microsoft Threat Protection: Incident.Read.All" in page.reply.body
    assert ask(desk, customer, app).json()["error_codes"] == [700016]
    told = desk.control(
        "POST", "administrator", body={"tenant": customer.id, "link": address, "decision": "accept"}
    ).json()
    back = urlsplit(told["redirect"])
    assert f"{back.scheme}://{back.netloc}{back.path}" == REDIRECT
    query = parse_qs(back.query)
    assert query["state"] == ["s 1"]
    if form == 3:
        assert set(query) == {"code", "session_state", "state"}
    else:
        assert (query["admin_consent"], query["tenant"]) == (["True"], [customer.id])
        assert ("scope" in query) == (form in (1, 2))
    claims = jwt.decode(
        ask(desk, customer, app).json()["access_token"], options={"verify_signature": False}
    )
    assert claims["roles"] == ["Incident.Read.All"]


def test_the_click_may_come_after_some_polls(desk, customer, app) -> None:
    body = {"tenant": customer.host, "client_id": app["appId"], "after": 2}
    assert desk.control("POST", "administrator", body=body).json()["waiting"] == 1
    assert desk.ask_token(customer.id).status == 400, "another app's polls do not count"
    assert [ask(desk, customer, app).status for unused in range(4)] == [400, 400, 200, 200]
    told = next(
        one for one in desk.control("GET", "tenants").json()["value"] if one["id"] == customer.id
    )
    assert ["admin_consent=True" in one for one in told["clicks"]] == [True]


@pytest.mark.parametrize(
    ("form", "error"), [(0, "permission_denied"), (1, "consent_required"), (3, "access_denied")]
)
def test_who_declines_grants_nothing(desk, customer, app, form, error) -> None:
    told = desk.control(
        "POST",
        "administrator",
        body={"tenant": customer.id, "link": links(customer, app)[form], "decision": "decline"},
    ).json()
    query = parse_qs(urlsplit(told["redirect"]).query)
    assert (query["error"], query["error_description"][0].partition(":")[0]) == (
        [error],
        "AADSTS65004",
    )
    assert ask(desk, customer, app).status == 400


def test_a_second_consent_adds_what_the_app_wants_since(desk, customer, app) -> None:
    click = {"tenant": customer.id, "client_id": app["appId"]}
    desk.control("POST", "administrator", body=click)
    more = [
        {
            "resourceAppId": MTP,
            "resourceAccess": [{"id": "7734e8e5-8dde-42fc-b5ae-6eafea078693", "type": "Role"}],
        }
    ]
    desk.home("PATCH", f"applications/{app['id']}", body={"requiredResourceAccess": more})
    before = jwt.decode(
        ask(desk, customer, app).json()["access_token"], options={"verify_signature": False}
    )["roles"]
    desk.control("POST", "administrator", body=click)
    after = jwt.decode(
        ask(desk, customer, app).json()["access_token"], options={"verify_signature": False}
    )["roles"]
    assert (before, after) == (
        ["Incident.Read.All"],
        ["Incident.Read.All", "AdvancedHunting.Read.All"],
    )


def test_a_consent_without_the_product_grants_nothing_and_a_missing_resource_is_made_with_it(
    desk, customer, app
) -> None:
    desk.become(customer, provisioned=False, resources_absent=["xdr", "endpoint"])
    click = {"tenant": customer.id, "client_id": app["appId"]}
    told = parse_qs(
        urlsplit(desk.control("POST", "administrator", body=click).json()["redirect"]).query
    )
    assert told["error_description"][0].startswith("AADSTS650052")
    assert ask(desk, customer, app).json()["error_codes"] == [700016]
    desk.become(customer, provisioned=True)
    assert (
        "admin_consent=True" in desk.control("POST", "administrator", body=click).json()["redirect"]
    )
    assert ask(desk, customer, app).status == 200


@pytest.mark.parametrize(
    ("path", "change", "code"),
    [
        (
            "{tenant}/adminconsent",
            {"client_id": "11111111-2222-4333-8444-555555555555"},
            "AADSTS700016",
        ),
        ("{tenant}/adminconsent", {"client_id": ""}, "AADSTS900144"),
        ("{tenant}/adminconsent", {"redirect_uri": "https://evil.example/"}, "AADSTS50011"),
        ("{tenant}/v2.0/adminconsent", {"scope": ""}, "AADSTS900144"),
        (
            "{tenant}/v2.0/adminconsent",
            {"scope": "https://api.security.microsoft.com/Incident.Read.All"},
            "AADSTS1002012",
        ),
        ("99999999-9999-4999-8999-999999999999/adminconsent", {}, "AADSTS90002"),
        ("nonsense/adminconsent", {}, "AADSTS900023"),
    ],
)
def test_a_link_that_is_refused(desk, customer, app, path, change, code) -> None:
    query = {
        "client_id": app["appId"],
        "redirect_uri": REDIRECT,
        "scope": "https://api.security.microsoft.com/.default",
        **change,
    }
    page = opened(desk, link(path.format(tenant=customer.id), **query))
    assert page.status == 400
    assert code.encode() in page.reply.body
    assert (
        desk.control(
            "POST",
            "administrator",
            body={"tenant": customer.id, "link": link(path.format(tenant=customer.id), **query)},
        ).status
        >= 400
    )


def test_an_app_without_a_reply_address_cannot_be_consented_by_link(desk, customer) -> None:
    bare = desk.registered(f"bare {uuid.uuid4()}")
    assert (
        b"AADSTS500113"
        in opened(desk, link(f"{customer.id}/adminconsent", client_id=bare["appId"])).reply.body
    )


def test_a_link_for_another_tenant_does_not_serve_this_administrator(
    desk, customer, other, app
) -> None:
    told = desk.control(
        "POST", "administrator", body={"tenant": customer.id, "link": links(other, app)[0]}
    ).json()
    assert "AADSTS50020" in told["redirect"]
    assert ask(desk, customer, app).status == 400


def test_a_scope_of_one_api_asks_for_all_of_them(desk, customer) -> None:
    """As the reference says of /.default: for all APIs in the list."""
    hunt = {
        "resourceAppId": "00000003-0000-0000-c000-000000000000",
        "resourceAccess": [{"id": "dd98c7f5-2d42-42d3-a0e4-633161547251", "type": "Role"}],
    }
    read = {"resourceAppId": MTP, "resourceAccess": [{"id": INCIDENT_READ, "type": "Role"}]}
    app = desk.registered(
        f"both {uuid.uuid4()}",
        requiredResourceAccess=[hunt, read],
        web={"redirectUris": [REDIRECT]},
    )
    desk.control(
        "POST", "administrator", body={"tenant": customer.id, "link": links(customer, app)[1]}
    )
    assert [customer.roster.roles(app["appId"], key) for key in ("graph", "xdr")] == [
        ["ThreatHunting.Read.All"],
        ["Incident.Read.All"],
    ]


@pytest.mark.parametrize(
    ("path", "change"),
    [
        ("administrator", {"decision": "perhaps"}),
        ("administrator", {"after": -1}),
        ("administrator", {"link": "https://login.microsoftonline.com/contoso/nothing"}),
        ("consistency", {"reads": "some"}),
        ("consistency", {"reads": -1}),
    ],
)
def test_a_control_body_that_does_not_fit(desk, customer, path, change) -> None:
    assert desk.control("POST", path, body={"tenant": customer.id, **change}).status == 400
