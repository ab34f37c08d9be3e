# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The enumerations of Graph incidents and alerts, and which properties filter and change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from defender_lab.odata.filters import Fields, Kind

PREFIX = "microsoft.graph.security."
SEVERITIES = "unknown informational low medium high".split()
CLASSIFICATIONS = "unknown falsePositive truePositive informationalExpectedActivity".split()
DETERMINATIONS = (
    "unknown apt malware securityPersonnel securityTesting unwantedSoftware other"
    " multiStagedAttack compromisedAccount phishing maliciousUserActivity notMalicious"
    " notEnoughDataToValidate confirmedActivity lineOfBusinessApplication"
).split()
INCIDENT_STATUSES = "active resolved inProgress redirected awaitingAction".split()
ALERT_STATUSES = "unknown new inProgress resolved".split()
SOURCES = (
    "unknown microsoftDefenderForEndpoint microsoftDefenderForIdentity"
    " microsoftDefenderForCloudApps microsoftDefenderForOffice365 microsoft365Defender"
    " azureAdIdentityProtection microsoftAppGovernance dataLossPrevention"
    " microsoftDefenderForCloud microsoftSentinel microsoftInsiderRiskManagement"
    " microsoftThreatIntelligence microsoftSecurityForAI"
).split()

SPELLING: Mapping[str, str] = MappingProxyType(
    {
        one.lower(): one
        for group in (
            SEVERITIES,
            CLASSIFICATIONS,
            DETERMINATIONS,
            INCIDENT_STATUSES,
            ALERT_STATUSES,
            SOURCES,
        )
        for one in group
    }
)


def _enumeration(name: str, members: Iterable[str]) -> Kind:
    return Kind(PREFIX + name, frozenset(one.lower() for one in members) | {"unknownfuturevalue"})


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
