# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""application_info: applications, their permissions and their credentials."""

from __future__ import annotations

import copy

from ansible_collections.mssp.defender_xdr.plugins.modules import application_info
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.modules.registrations import (
    APP,
    GRAPH_APP,
    INCIDENTS,
    NAME,
    access,
    calls,
    graph,
    graph_principal,
    listed,
    nothing,
    registration,
)
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.modules.runs import Tenants, run
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.stand_ins import CLIENT, answer

SECRET = {
    "keyId": "f0b0b335-1d71-4883-8f98-567911bfdca6",
    "displayName": "ansible",
    "hint": "a-c",
    "startDateTime": "2026-06-26T12:00:00Z",
}


def test_application_info_reads_the_calling_application_and_its_credentials(
    tenant_with: Tenants,
) -> None:
    old = {**SECRET, "keyId": "old", "hint": "[6g", "endDateTime": "2026-11-22T12:00:00Z"}
    found = registration(
        appId=CLIENT,
        requiredResourceAccess=[access(GRAPH_APP, INCIDENTS)],
        passwordCredentials=[{**SECRET, "endDateTime": "2026-12-23T11:59:59Z"}, old],
        keyCredentials=[],
    )
    federated = {
        "id": "fic",
        "name": "github",
        "issuer": "https://token.actions.githubusercontent.com",
        "subject": "repo:a/b",
        "audiences": ["api://x"],
    }
    http = graph(
        answer(200, found),
        graph_principal(),
        answer(200, {"value": [federated]}),
        roles=["Application.Read.All"],
    )
    result = run(application_info, tenant_with(http))
    assert ("GET", f"/applications(appId='{CLIENT}')") in calls(http)
    assert result["count"] == 1
    assert result["applications"][0]["api_permissions"] == [
        {"api": "graph", "roles": ["SecurityIncident.Read.All"]}
    ]
    told = [
        (each["key_id"], each["days_left"], each["in_use"], each["superseded"])
        for each in result["applications"][0]["credentials"]
    ]
    assert told == [
        ("old", -1, False, True),
        (SECRET["keyId"], 29, True, False),
        ("fic", None, False, False),
    ]


def test_application_info_lists_all_of_one_name_and_none_is_no_error(tenant_with: Tenants) -> None:
    http = graph(
        listed(registration(), copy.deepcopy(registration(id="2"))),
        answer(200, {"value": []}),
        answer(200, {"value": []}),
        roles=["Application.Read.All"],
    )
    assert run(application_info, tenant_with(http), display_name=NAME)["count"] == 2
    assert (
        run(
            application_info,
            tenant_with(graph(nothing(), roles=["Application.Read.All"])),
            app_id=APP,
        )["applications"]
        == []
    )
