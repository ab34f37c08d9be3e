# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Incidents from Microsoft Graph: filters, pages of 50, and its vocabulary.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import typing as t
from urllib.parse import quote

from ansible_collections.mssp.defender_xdr.plugins.module_utils import _odata
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._incidents import (
    incident as _incidents,
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
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import (
    ownership as _ownership,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.api import Api

PATH: t.Final = "/v1.0/security/incidents"
# Graph refuses more: "The limit of '50' for Top query has been exceeded"
MOST: t.Final = 50
ENUMS: t.Final = ("status", "severity", "classification", "determination")


def filter_text(wanted: Wanted) -> str | None:
    """The `$filter` for the requested incidents; None for all."""
    lists = [
        _odata.any_of(name, (_odata.quote(_odata.camel(value)) for value in getattr(wanted, name)))
        for name in ENUMS
    ]
    people = _odata.any_of(
        "assignedTo", (_odata.quote(name) if name else "null" for name in wanted.assigned_to)
    )
    created = _odata.between("createdDateTime", wanted.created_since, wanted.created_before)
    updated = _odata.between("lastUpdateDateTime", wanted.updated_since, wanted.updated_before)
    raw_filter = f"({wanted.filter})" if wanted.filter else None
    return _odata.all_of([raw_filter, *lists, people, created, updated])


class GraphIncidents(ApiSource):
    """Graph as a source of incidents."""

    title = "Microsoft Graph"

    def __init__(self, api: Api, wanted: Wanted) -> None:
        super().__init__(api, wanted)
        self._without_alerts: dict[str, str] = {}  # reason by incident id

    @property
    def warnings(self) -> list[str]:
        """A warning for each incident still without its alerts."""
        return [
            (
                f"Incident {number} is listed without its alerts because Graph repeatedly failed"
                f" to return them: {reason}"
            )
            for number, reason in self._without_alerts.items()
        ]

    def page(self, window: Window, skip: int) -> Page:
        params = {"$top": str(_incidents.page_size(self._wanted.limit, MOST))}
        bounds = window.as_filter("createdDateTime", "lastUpdateDateTime")
        matching = filter_text(self._wanted) if window.matching else None
        if text := _odata.all_of([matching, bounds]):
            params["$filter"] = text
        if skip:
            params["$skip"] = str(skip)
        answer = self._with_alerts(params) if self._wanted.expand_alerts else self._list(params)
        more = bool(answer.get("@odata.nextLink"))
        if more and not answer["value"]:
            raise DefenderError(
                "unavailable",
                (
                    f"{self.name} returned an empty page with a next link, so the list is"
                    " incomplete; run the task again."
                ),
            )
        return Page(
            [_normalized(incident) for incident in answer["value"]], more, self._api.server_time
        )

    def incident(self, number: str) -> Incident:
        """The incident with this id; raises `not_found`."""
        expand = {"$expand": "alerts"} if self._wanted.expand_alerts else None
        return _normalized(self._get(number, expand))

    def _list(self, params: dict[str, str]) -> dict[str, t.Any]:
        answer = self._api.get(PATH, params)
        _ownership.objects(self._options, answer, "incident")
        return answer

    def _get(self, number: str, params: dict[str, str] | None) -> dict[str, t.Any]:
        answer = self._api.get(f"{PATH}/{quote(number, safe='')}", params)
        return _ownership.single(self._options, answer, "incident")

    def _with_alerts(self, params: dict[str, str]) -> dict[str, t.Any]:
        """A page with its alerts. If Graph repeatedly fails to return them, its incidents one by
        one."""
        try:
            answer = self._list({**params, "$expand": "alerts"})
        except DefenderError as e:
            if not _is_failure_over_alerts(e):
                raise
        else:
            for incident in answer["value"]:
                self._without_alerts.pop(str(incident.get("id")), None)
            return answer
        answer = self._list(params)
        return {**answer, "value": [self._expanded(incident) for incident in answer["value"]]}

    def _expanded(self, incident: dict[str, t.Any]) -> dict[str, t.Any]:
        number = _incidents.identity(incident.get("id")) or ""
        try:
            expanded = self._get(number, {"$expand": "alerts"}) if number else incident
        except DefenderError as e:
            if not _is_failure_over_alerts(e):
                raise
            self._without_alerts[number] = e.message
            return incident
        self._without_alerts.pop(number, None)
        return expanded


def _is_failure_over_alerts(error: DefenderError) -> bool:
    return error.category in ("unavailable", "timeout")


def _normalized(incident: dict[str, t.Any]) -> Incident:
    plain = _incidents.without_annotations(incident)
    alerts = plain.pop("alerts", None)
    result = _incidents.normalized(plain)
    result["id"] = _incidents.identity(result.get("id"))
    result["comments"] = result.get("comments") or []
    if alerts is not None:
        result["alerts"] = [_incidents.normalized(alert) for alert in alerts]
    return result
