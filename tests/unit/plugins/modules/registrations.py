# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Applications and service principals as Graph answers them, and the requests that were sent."""

from __future__ import annotations

import typing as t

from ansible_collections.mssp.defender_xdr.tests.unit.plugins.stand_ins import (
    FakeHttp,
    answer,
    graph_token,
    token_answer,
)

V1 = "https://graph.microsoft.com/v1.0"
ID = "03ef14b0-ca33-4840-8f4f-d6e91916010e"
APP = "631a96bc-a705-4eda-9f99-fdaf9f54f6a2"
PRINCIPAL = "59e617e5-e447-4adc-8b88-00af644d7c92"
GRAPH_APP = "00000003-0000-0000-c000-000000000000"
XDR_APP = "8ee8fdad-f234-4243-8f3b-15c294843740"
NAME = "Contoso MDR"
INCIDENTS = "45cc0394-e837-488b-a098-1918f48d186c"  # SecurityIncident.Read.All
HUNTING = "dd98c7f5-2d42-42d3-a0e4-633161547251"  # ThreatHunting.Read.All
XDR_INCIDENTS = "a9790345-4595-42e4-971a-ccdc79f19b7c"  # Incident.Read.All
SIGN_IN = "e1fe6dd8-ba31-4d61-89e7-88639da4683d"  # User.Read, delegated
UNKNOWN = "5f1d0b3e-2c55-4d8c-9a63-0b6b4e2f7a11"  # an API that no tenant has


def registration(**changes: t.Any) -> dict[str, t.Any]:
    """An application as Graph answers it, cut to what is asked for."""
    return {
        "id": ID,
        "appId": APP,
        "displayName": NAME,
        "signInAudience": "AzureADMultipleOrgs",
        "createdDateTime": "2019-09-17T19:10:35.2742618Z",
        "web": {"redirectUris": [], "homePageUrl": None, "logoutUrl": None},
        "requiredResourceAccess": [],
        **changes,
    }


def access(app_id: str, *roles: str, scopes: t.Sequence[str] = ()) -> dict[str, t.Any]:
    members = [{"id": each, "type": "Role"} for each in roles] + [
        {"id": each, "type": "Scope"} for each in scopes
    ]
    return {"resourceAppId": app_id, "resourceAccess": members}


def listed(*found: dict[str, t.Any]) -> t.Any:
    return answer(200, {"@odata.context": f"{V1}/$metadata#applications", "value": list(found)})


def principal(app_id: str = APP, **roles: str) -> t.Any:
    offered = [
        {
            "allowedMemberTypes": ["Application"],
            "id": guid,
            "isEnabled": True,
            "value": name.replace("_", "."),
        }
        for name, guid in roles.items()
    ]
    return answer(
        200,
        {"id": PRINCIPAL, "appId": app_id, "displayName": "an application", "appRoles": offered},
    )


def graph_principal() -> t.Any:
    return principal(GRAPH_APP, SecurityIncident_Read_All=INCIDENTS, ThreatHunting_Read_All=HUNTING)


def nothing() -> t.Any:
    text = (
        f"Resource '{APP}' does not exist or one of its queried reference-property objects are"
        " not present."
    )
    return answer(404, {"error": {"code": "Request_ResourceNotFound", "message": text}})


def graph(*script: t.Any, roles: t.Sequence[str] = ("Application.ReadWrite.OwnedBy",)) -> FakeHttp:
    return FakeHttp(token_answer(graph_token(roles=list(roles))), *script)


def calls(http: FakeHttp) -> list[tuple[str, str]]:
    """What was asked of Graph; every answer was fetched."""
    http.done()
    return [(asked.method, asked.url.removeprefix(V1)) for asked in http.asked[1:]]


def writes(http: FakeHttp) -> list[tuple[str, str, t.Any]]:
    http.done()
    return [
        (asked.method, asked.url.removeprefix(V1), asked.payload)
        for asked in http.asked[1:]
        if asked.method != "GET"
    ]
