# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Incidents through the Defender XDR API: fewer filters, pages of 100 without next links, and the older words.

Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
"""

from __future__ import annotations

import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils import _incidents, _odata
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._incidents import Incident, Wanted
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import Api
from ansible_collections.mssp.defender_xdr.plugins.module_utils._walk import Page

PATH: t.Final = "/api/incidents"
MOST: t.Final = 100
# Source of the names: learn.microsoft.com/defender-xdr/api-incident and api-list-incidents; the pages disagree on some spellings.
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
VALUES: t.Final[t.Mapping[str, t.Mapping[str, str]]] = {
    "severity": {"un_specified": "unknown", "unspecified": "unknown"},
    "determination": {
        "not_available": "unknown",
        "clean": "not_malicious",
        "no_enough_data_to_validate": "not_enough_data_to_validate",
        "insufficient_data": "not_enough_data_to_validate",
        "compromised_user": "compromised_account",
        "confirmed_user_activity": "confirmed_activity",
    },
    "service_source": {
        "microsoft_defender_atp": "microsoft_defender_for_endpoint",
        "azure_atp": "microsoft_defender_for_identity",
        "microsoft_cloud_app_security": "microsoft_defender_for_cloud_apps",
        "office_atp": "microsoft_defender_for_office365",
        "microsoft_threat_protection": "microsoft365_defender",
        "aad_identity_protection": "azure_ad_identity_protection",
        "microsoft_data_loss_prevention": "data_loss_prevention",
    },
}


def filter_text(wanted: Wanted) -> str | None:
    """The part of what is wanted that this API can filter; severity and the rest is told from the incident."""
    if "awaiting_action" in wanted.status:
        raise DefenderError("unsupported", "status names awaiting_action, which only Microsoft Graph knows; leave it out or set api to graph.")
    # Graph's words in capitals: inProgress is InProgress here
    status = _odata.any_of("status", (_odata.quote(_odata.pascal(value)) for value in wanted.status))
    # null is not documented as a value to compare with, so the unassigned are told from the incident
    people = None if "" in wanted.assigned_to else _odata.any_of("assignedTo", map(_odata.quote, wanted.assigned_to))
    created = _odata.between("createdTime", wanted.created_since, wanted.created_before)
    updated = _odata.between("lastUpdateTime", wanted.updated_since, wanted.updated_before)
    return _odata.all_of([f"({wanted.filter})" if wanted.filter else None, status, people, created, updated])


class XdrIncidents:
    """Pages of incidents for L(_walk), and single ones."""

    def __init__(self, api: Api, wanted: Wanted) -> None:
        self.warnings: list[str] = []
        self._api = api
        self._wanted = wanted

    @property
    def opaque(self) -> bool:
        """A filter in OData is told by the API only."""
        return bool(self._wanted.filter)

    def fits(self, item: Incident) -> bool:
        """All other options can be told from the incident."""
        return _incidents.fits(item, self._wanted)

    def page(self, *, matching: bool, since: int | None, until: int | None, skip: int) -> Page:
        local = self._wanted.severity or self._wanted.classification or self._wanted.determination or "" in self._wanted.assigned_to
        top = MOST if local else _incidents.page_size(self._wanted.limit, MOST)
        params = {"$top": str(top)}
        bounds = _odata.between("lastUpdateTime", since, None if until is None else until + 1)
        if text := _odata.all_of([filter_text(self._wanted) if matching else None, bounds]):
            params["$filter"] = text
        if skip:
            params["$skip"] = str(skip)
        found = _incidents.values(self._api.get(PATH, params))
        # no next link is documented; a page that is not full is the last
        return Page([self._told(incident) for incident in found], len(found) >= top, self._api.clock)

    def one(self, number: str) -> Incident:
        """The incident with this id; raises C(not_found)."""
        return self._told(self._api.get(f"{PATH}/{number}"))

    def _told(self, incident: dict[str, t.Any]) -> Incident:
        alerts = incident.get("alerts") or []
        told = _renamed({name: value for name, value in incident.items() if name != "alerts" and "@odata." not in name}, INCIDENT)
        for name in ("id", "redirect_incident_id"):
            told[name] = None if told.get(name) is None else str(told[name])
        told["comments"] = [_incidents.comment(one) for one in told.get("comments") or []]
        told["tenant_id"] = self._api.tenant.options.tenant_id
        if self._wanted.expand_alerts:
            told["alerts"] = [{**_renamed(alert, ALERT), "incident_id": told["id"]} for alert in alerts]
        return told


def _renamed(thing: dict[str, t.Any], names: t.Mapping[str, str]) -> dict[str, t.Any]:
    """Members under Graph's names, enum values in Graph's words; what is not said is C(unknown) as Graph says it."""
    told = {names.get(name, _odata.snake(name)): value for name, value in _incidents.normal_values(thing).items()}
    for name, words in VALUES.items():
        if name in told:
            told[name] = words.get(told[name], told[name])
    for name in ("classification", "determination"):
        told[name] = told.get(name) or "unknown"
    return told
