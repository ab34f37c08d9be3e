# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Incidents from Microsoft Graph: pages of 50, with or without their alerts.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._incidents import (
    incident as _incidents,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._incidents.graph_source import (
    GraphSource,
    normalized,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._incidents.incident import (
    Incident,
    Wanted,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.api import Api


class GraphIncidents(GraphSource):
    """Graph as a source of incidents."""

    noun = "incident"
    path = "/v1.0/security/incidents"
    # Graph refuses more: "The limit of '50' for Top query has been exceeded"
    most = 50

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

    def get(self, key: str) -> Incident:
        expand = {"$expand": "alerts"} if self._wanted.expand_alerts else None
        return normalized(self._get(key, expand))

    def _page(self, params: dict[str, str]) -> dict[str, t.Any]:
        return self._with_alerts(params) if self._wanted.expand_alerts else self._list(params)

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
