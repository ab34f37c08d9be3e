# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The requests that change an incident or alert on Graph, and alerts as a list."""

from __future__ import annotations

import types
import typing as t

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._incidents import paging as _walk
from ansible_collections.mssp.defender_xdr.plugins.module_utils._incidents.graph import (
    GraphIncidents,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._incidents.graph_alerts import (
    GraphAlerts,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._incidents.incident import Wanted
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.module_utils._incidents.docs import (
    OWNER,
)

Json = dict[str, t.Any]
TIMES: t.Final = {
    "createdDateTime": "2026-11-22T08:43:35.55Z",
    "lastUpdateDateTime": "2026-11-22T09:35:45.11Z",
}


class FakeApi:
    def __init__(self, *answers: Json) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, t.Any]] = []
        self.server_time = None
        self.tenant = types.SimpleNamespace(
            options=types.SimpleNamespace(tenant_id=OWNER, label="contoso")
        )

    def get(self, path: str, params: Json | None = None) -> Json:
        self.asked.append((path, params))
        return self.answers.pop(0)


def alerts(api: FakeApi, **wanted: t.Any) -> GraphAlerts:
    return GraphAlerts(t.cast("t.Any", api), Wanted(**wanted))


def test_fields_are_one_patch_and_a_comment_is_a_post() -> None:
    source = GraphIncidents(t.cast("t.Any", FakeApi()), Wanted())
    changes = {
        "status": "in_progress",
        "assigned_to": None,
        "determination": "not_enough_data_to_validate",
        "display_name": "in_progress",
        "custom_tags": ["a_b"],
        "comment": "in_progress",
    }
    patch, post = source.writes("7", changes)
    assert (patch.method, patch.path) == ("PATCH", "/v1.0/security/incidents/7")
    assert patch.payload == {
        "status": "inProgress",
        "assignedTo": None,
        "determination": "notEnoughDataToValidate",
        "displayName": "in_progress",
        "customTags": ["a_b"],
    }
    assert patch.parts == tuple(name for name in changes if name != "comment")
    assert (post.method, post.path) == ("POST", "/v1.0/security/incidents/7/comments")
    assert post.payload == {
        "@odata.type": "microsoft.graph.security.alertComment",
        "comment": "in_progress",
    }
    (only,) = source.writes("7", {"comment": "x"})
    assert only.parts == ("comment",)


def test_the_responses_of_both_give_the_object_after_them() -> None:
    source = GraphIncidents(t.cast("t.Any", FakeApi()), Wanted())
    patch, post = source.writes("7", {"status": "resolved", "comment": "Done."})
    thing = patch.updated(
        {"id": "7", "status": "active", "comments": []}, {"id": "7", "status": "Resolved"}
    )
    assert thing["status"] == "resolved"
    listed = {"value": [{"comment": "Done.", "createdByDisplayName": "app"}]}
    assert [one["comment"] for one in post.updated(thing, listed)["comments"]] == ["Done."]
    assert post.updated(thing, {}) == thing


def test_a_response_that_names_another_tenant_is_a_security_event() -> None:
    source = GraphIncidents(t.cast("t.Any", FakeApi()), Wanted())
    (patch,) = source.writes("7", {"status": "resolved"})
    with pytest.raises(DefenderError) as caught:
        patch.updated({}, {"id": "7", "tenantId": "99999999-8888-7777-6666-555555555555"})
    assert caught.value.category == "wrong_tenant"


def test_alerts_of_one_incident_are_chosen_here_from_full_pages() -> None:
    rows = [{**TIMES, "id": f"da{n}", "incidentId": str(n % 2)} for n in range(4)]
    api = FakeApi({"value": rows})
    source = alerts(api, incident_id="1", service_source=("microsoft_sentinel",), limit=0)
    source_rows = [{**row, "serviceSource": "microsoftSentinel"} for row in rows]
    api.answers = [{"value": source_rows}]
    found, truncated = _walk.everything(source, limit=0)
    assert ([one["id"] for one in found], truncated) == (["da1", "da3"], False)
    ((path, params),) = api.asked
    assert path == "/v1.0/security/alerts_v2"
    assert params == {"$top": "500", "$filter": "serviceSource eq 'microsoftSentinel'"}


def test_an_id_is_quoted_in_the_path() -> None:
    api = FakeApi({**TIMES, "id": "da1:2"})
    assert alerts(api).get("da1:2")["id"] == "da1:2"
    assert api.asked == [("/v1.0/security/alerts_v2/da1%3A2", None)]
