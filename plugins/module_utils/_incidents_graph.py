# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Incidents through Microsoft Graph security: its filters, its pages of 50, its words.

Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
"""

from __future__ import annotations

import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils import _incidents, _odata
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._incidents import Incident, Wanted
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import Api
from ansible_collections.mssp.defender_xdr.plugins.module_utils._walk import Page

PATH: t.Final = "/v1.0/security/incidents"
MOST: t.Final = 50  # Graph refuses more: "The limit of '50' for Top query has been exceeded"
ENUMS: t.Final = ("status", "severity", "classification", "determination")


def filter_text(wanted: Wanted) -> str | None:
    """The C($filter) for what is wanted, or None for everything."""
    lists = [_odata.any_of(name, (_odata.quote(_odata.camel(value)) for value in getattr(wanted, name))) for name in ENUMS]
    people = _odata.any_of("assignedTo", (_odata.quote(name) if name else "null" for name in wanted.assigned_to))
    created = _odata.between("createdDateTime", wanted.created_since, wanted.created_before)
    updated = _odata.between("lastUpdateDateTime", wanted.updated_since, wanted.updated_before)
    return _odata.all_of([f"({wanted.filter})" if wanted.filter else None, *lists, people, created, updated])


class GraphIncidents:
    """Pages of incidents for L(_walk), and single ones."""

    def __init__(self, api: Api, wanted: Wanted) -> None:
        self.warnings: list[str] = []
        self._api = api
        self._wanted = wanted

    @property
    def opaque(self) -> bool:
        """A filter in OData is told by Graph only."""
        return bool(self._wanted.filter)

    def fits(self, item: Incident) -> bool:
        """All other options can be told from the incident."""
        return _incidents.fits(item, self._wanted)

    def page(self, *, matching: bool, since: int | None, until: int | None, skip: int) -> Page:
        params = {"$top": str(_incidents.page_size(self._wanted.limit, MOST))}
        bounds = _odata.between("lastUpdateDateTime", since, None if until is None else until + 1)
        if text := _odata.all_of([filter_text(self._wanted) if matching else None, bounds]):
            params["$filter"] = text
        if skip:
            params["$skip"] = str(skip)
        answer = self._with_alerts(params) if self._wanted.expand_alerts else self._api.get(PATH, params)
        items = [_told(incident) for incident in _incidents.values(answer)]
        more = "@odata.nextLink" in answer
        if more and not items:
            raise DefenderError("unavailable", "Graph answered a page without incidents that says more follow, so the list is not complete.")
        return Page(items, more, self._api.clock)

    def one(self, number: str) -> Incident:
        """The incident with this id; raises C(not_found)."""
        return _told(self._api.get(f"{PATH}/{number}", {"$expand": "alerts"} if self._wanted.expand_alerts else None))

    def _with_alerts(self, params: dict[str, str]) -> dict[str, t.Any]:
        """A page with its alerts. Where Graph keeps failing over them, the incidents of that page one by one."""
        try:
            return self._api.get(PATH, {**params, "$expand": "alerts"})
        except DefenderError as e:
            if e.category not in ("unavailable", "timeout"):
                raise
        answer = self._api.get(PATH, params)
        answer["value"] = [self._expanded(incident) for incident in _incidents.values(answer)]
        return answer

    def _expanded(self, incident: dict[str, t.Any]) -> dict[str, t.Any]:
        try:
            return self._api.get(f"{PATH}/{incident['id']}", {"$expand": "alerts"})
        except DefenderError as e:
            if e.category not in ("unavailable", "timeout"):
                raise
            self.warnings.append(f"Incident {incident['id']} is listed without its alerts, because Graph keeps failing over them: {e.message}")
            return incident


def _told(incident: dict[str, t.Any]) -> Incident:
    """In the collection's words, without the annotations that name Graph's own types and contexts; evidence keeps its type."""
    told = _incidents.normal({name: value for name, value in incident.items() if "@odata." not in name})
    # Graph's own examples spell comments as the older API does
    told["comments"] = [_incidents.comment(one) for one in told.get("comments") or []]
    return t.cast("Incident", told)
