# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The properties of Graph incidents and alerts that can be filtered or changed, with their
types."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from defender_lab.odata.fields import Fields, Kind
from defender_lab.store import (
    ALERT_STATUSES,
    CLASSIFICATIONS,
    DETERMINATIONS,
    INCIDENT_STATUSES,
    SEVERITIES,
    SOURCES,
)

PREFIX = "microsoft.graph.security."

SPELLING: Mapping[str, str] = MappingProxyType(
    {
        member.lower(): member
        for group in (
            SEVERITIES,
            CLASSIFICATIONS,
            DETERMINATIONS,
            INCIDENT_STATUSES,
            ALERT_STATUSES,
            SOURCES,
        )
        for member in group
    }
)


def _enumeration(name: str, members: Iterable[str]) -> Kind:
    return Kind(
        PREFIX + name, frozenset(member.lower() for member in members) | {"unknownfuturevalue"}
    )


TEXT = Kind("text")
TIME = Kind("time")
SEVERITY = _enumeration("alertSeverity", SEVERITIES)
CLASSIFICATION = _enumeration("alertClassification", CLASSIFICATIONS)
DETERMINATION = _enumeration("alertDetermination", DETERMINATIONS)
INCIDENT_STATUS = _enumeration("incidentStatus", INCIDENT_STATUSES)
ALERT_STATUS = _enumeration("alertStatus", ALERT_STATUSES)

_SHARED: Mapping[str, Kind] = MappingProxyType(
    {
        "assignedTo": TEXT,
        "classification": CLASSIFICATION,
        "createdDateTime": TIME,
        "determination": DETERMINATION,
        "lastUpdateDateTime": TIME,
        "severity": SEVERITY,
    }
)
INCIDENT_FIELDS = Fields(
    PREFIX + "incident", MappingProxyType({**_SHARED, "status": INCIDENT_STATUS})
)
ALERT_FIELDS = Fields(
    PREFIX + "alert",
    MappingProxyType(
        {**_SHARED, "serviceSource": _enumeration("serviceSource", SOURCES), "status": ALERT_STATUS}
    ),
)

TAGS = Kind("tags")
INCIDENT_CHANGES: Mapping[str, Kind] = MappingProxyType(
    {
        "assignedTo": TEXT,
        "classification": CLASSIFICATION,
        "customTags": TAGS,
        "description": TEXT,
        "determination": DETERMINATION,
        "displayName": TEXT,
        "resolvingComment": TEXT,
        "severity": SEVERITY,
        "status": INCIDENT_STATUS,
        "summary": TEXT,
    }
)
ALERT_CHANGES: Mapping[str, Kind] = MappingProxyType(
    {
        "assignedTo": TEXT,
        "classification": CLASSIFICATION,
        "determination": DETERMINATION,
        "status": ALERT_STATUS,
    }
)
NEVER_WRITTEN = frozenset({"unknown", "unknownfuturevalue", "awaitingaction", "redirected"})
