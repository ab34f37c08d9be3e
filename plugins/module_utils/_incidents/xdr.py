# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Incidents from the Defender XDR API: fewer filters, pages of 100, and its older vocabulary.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import typing as t
from urllib.parse import quote

from ansible_collections.mssp.defender_xdr.plugins.module_utils import _odata
from ansible_collections.mssp.defender_xdr.plugins.module_utils._acting.desired_state import Write
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._incidents import (
    incident as _incidents,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._incidents import (
    verdicts as _verdicts,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._incidents.api_source import (
    ApiSource,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._incidents.incident import (
    Incident,
    Wanted,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._incidents.pages import (
    Page,
    Window,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._shapes import Json
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import (
    ownership as _ownership,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.api import Api

PATH: t.Final = "/api/incidents"
MOST: t.Final = 100
# Source of the names: learn.microsoft.com/defender-xdr/api-incident and api-list-incidents; the
# pages disagree on some spellings.
INCIDENT: t.Final[t.Mapping[str, str]] = {
    "incidentId": "id",
    "incidentName": "display_name",
    "createdTime": "created_date_time",
    "lastUpdateTime": "last_update_date_time",
    "tags": "custom_tags",
}
ALERT: t.Final[t.Mapping[str, str]] = {
    "alertId": "id",
    "creationTime": "created_date_time",
    "lastUpdatedTime": "last_update_date_time",
    "resolvedTime": "resolved_date_time",
    "firstActivity": "first_activity_date_time",
    "lastActivity": "last_activity_date_time",
    "actorName": "actor_display_name",
}
# Values of this API that differ from Graph's.
VALUES: t.Final[t.Mapping[str, t.Mapping[str, str]]] = {
    "severity": {"un_specified": "unknown", "unspecified": "unknown"},
    "determination": {"not_available": "unknown", **_verdicts.SAME},
    "service_source": {
        "microsoft_defender_atp": "microsoft_defender_for_endpoint",
        "azure_atp": "microsoft_defender_for_identity",
        "microsoft_cloud_app_security": "microsoft_defender_for_cloud_apps",
        "office_atp": "microsoft_defender_for_office365",
        "microsoft_threat_protection": "microsoft365_defender",
        "aad_identity_protection": "azure_ad_identity_protection",
        "microsoft_data_loss_prevention": "data_loss_prevention",
    },
    "detection_source": {
        "windows_defender_av": "antivirus",
        "windows_defender_atp": "microsoft_defender_for_endpoint",
        "windows_defender_smart_screen": "smart_screen",
        "customer_ti": "custom_ti",
        "threat_experts": "microsoft_threat_experts",
        "office_atp": "microsoft_defender_for_office365",
        "azure_atp": "microsoft_defender_for_identity",
        "mcas": "cloud_app_security",
        "mtp": "microsoft365_defender",
    },
}

# How an update names and spells what differs from Graph.
SENT: t.Final = {"custom_tags": "tags"}
SPELLED: t.Final = {
    "not_malicious": "Clean",
    "not_enough_data_to_validate": "NoEnoughDataToValidate",
}


def filter_text(wanted: Wanted) -> str | None:
    """The `$filter` for options that this API supports; the rest is checked on the incidents."""
    if "awaiting_action" in wanted.status:
        raise DefenderError(
            "unsupported",
            (
                "status names awaiting_action, which only Microsoft Graph supports; leave it out"
                " or set api to graph."
            ),
        )
    # Graph's values capitalized: inProgress is InProgress here
    status = _odata.any_of(
        "status", (_odata.quote(_odata.pascal(value)) for value in wanted.status)
    )
    # comparing with null is not documented, so unassigned incidents are selected locally
    people = None
    if "" not in wanted.assigned_to:
        people = _odata.any_of("assignedTo", map(_odata.quote, wanted.assigned_to))
    created = _odata.between("createdTime", wanted.created_since, wanted.created_before)
    updated = _odata.between("lastUpdateTime", wanted.updated_since, wanted.updated_before)
    raw_filter = f"({wanted.filter})" if wanted.filter else None
    return _odata.all_of([raw_filter, status, people, created, updated])


class XdrIncidents(ApiSource):
    """The Defender XDR API as a source of incidents."""

    title = "the Defender XDR API"
    noun = "incident"

    def __init__(self, api: Api, wanted: Wanted) -> None:
        super().__init__(api, wanted)
        self.warnings: list[str] = []

    def page(self, window: Window, skip: int) -> Page:
        wanted = self._wanted
        local = wanted.severity or wanted.classification or wanted.determination
        full = local or "" in wanted.assigned_to
        top = MOST if full else _incidents.page_size(wanted.limit, MOST)
        params = {"$top": str(top)}
        bounds = window.as_filter("createdTime", "lastUpdateTime")
        if text := _odata.all_of([filter_text(wanted) if window.matching else None, bounds]):
            params["$filter"] = text
        if skip:
            params["$skip"] = str(skip)
        answer = self._api.get(PATH, params)
        listed = _ownership.objects(self._options, answer, "incident")
        # no next link is documented; a page that is not full is the last one
        more = bool(listed) and (len(listed) >= top or bool(answer.get("@odata.nextLink")))
        return Page(
            [self._normalized(incident) for incident in listed], more, self._api.server_time
        )

    def get(self, key: str) -> Incident:
        """The incident with this id; raises `not_found`."""
        return self._read(self._api.get(_path(key)))

    def writes(self, key: str, changes: Json) -> list[Write]:
        """The one request that changes these members; `comment` adds a comment."""
        payload = {
            SENT.get(name, _odata.camel(name)): _as_sent(name, changes[name]) for name in changes
        }
        return [Write(tuple(changes), "PATCH", _path(key), payload, self._patched)]

    def _patched(self, thing: Json, answer: Json) -> Json:
        return {**thing, **self._read(answer)}

    def _read(self, answer: Json) -> Incident:
        return self._normalized(_ownership.single(self._options, answer, "incident"))

    def _normalized(self, incident: dict[str, t.Any]) -> Incident:
        plain = _incidents.without_annotations(incident)
        alerts = plain.pop("alerts", None) or []
        result = _in_graph_vocabulary(plain, INCIDENT)
        for name in ("id", "redirect_incident_id"):
            result[name] = _incidents.identity(result.get(name))
        result["comments"] = result.get("comments") or []
        result["tenant_id"] = self._options.tenant_id
        if self._wanted.expand_alerts:
            result["alerts"] = [
                {**_in_graph_vocabulary(alert, ALERT), "incident_id": result["id"]}
                for alert in alerts
            ]
        return result


def _path(key: str) -> str:
    """An incident's path; the id may come from the service, as the target of a merge."""
    return f"{PATH}/{quote(key, safe='')}"


def _as_sent(name: str, value: t.Any) -> t.Any:
    """A value as an update of this API spells it. Its page knows only text for `assignedTo`, so
    that empty text is nobody."""
    if name in ("status", "classification", "determination"):
        return SPELLED.get(value) or _odata.pascal(value)
    return "" if name == "assigned_to" and value is None else value


def _in_graph_vocabulary(thing: dict[str, t.Any], names: t.Mapping[str, str]) -> dict[str, t.Any]:
    """Fields and enum values in Graph's vocabulary; missing values are `unknown`, as in Graph."""
    result = _incidents.normalized(thing, names)
    for name, words in VALUES.items():
        if isinstance(word := result.get(name), str):
            result[name] = words.get(word, word)
    for name in ("classification", "determination"):
        result[name] = result.get(name) or "unknown"
    return result
