# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tokens, service principals and granted roles as Microsoft answers them."""

from __future__ import annotations

import typing as t

from ansible_collections.mssp.defender_xdr.tests.unit.plugins.stand_ins import (
    CLIENT,
    INCIDENT_ROLE,
    answer,
    graph_token,
    refusal,
    token_answer,
)

HUNT = "ThreatHunting.Read.All"
READER = "Application.Read.All"
XDR, ENDPOINT = "https://api.security.microsoft.com", "https://api.securitycenter.microsoft.com"
GRAPH = "https://graph.microsoft.com/v1.0"
OTHER_APP = "bbbbbbbb-0000-4000-8000-00000000000d"
OURS, GRAPH_ID = "8e881353-1735-45af-af21-ee1344582a4d", "fea94d6d-b5bf-44d2-a887-4f72a8d74f44"
GRANTER, OWNER = "AppRoleAssignment.ReadWrite.All", "Application.ReadWrite.All"
# from Microsoft's reference of permissions
IDS = {
    INCIDENT_ROLE: "45cc0394-e837-488b-a098-1918f48d186c",
    HUNT: "dd98c7f5-2d42-42d3-a0e4-633161547251",
    READER: "9a5d68dd-52b0-4cc2-bd40-abcf44ac3a30",
    GRANTER: "06b708a9-e830-4db3-a914-8e69da51d44f",
    OWNER: "1bfefb4e-e0b5-418b-a88f-73c46d2cc8e9",
}
Json = dict[str, t.Any]


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
