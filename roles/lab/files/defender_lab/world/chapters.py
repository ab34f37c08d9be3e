# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Planned incidents: their alerts with evidence, before ids are assigned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from defender_lab.world.evidence import Evidence

ENDPOINT = "microsoftDefenderForEndpoint"
OFFICE = "microsoftDefenderForOffice365"
CLOUD_APPS = "microsoftDefenderForCloudApps"
ENTRA = "azureAdIdentityProtection"
XDR = "microsoft365Defender"
GOVERNANCE = "microsoftAppGovernance"

TECHNIQUES: Mapping[str, str] = {
    "T1003.001": "LSASS Memory",
    "T1021.006": "Windows Remote Management",
    "T1047": "Windows Management Instrumentation",
    "T1053.005": "Scheduled Task",
    "T1059.001": "PowerShell",
    "T1078.004": "Cloud Accounts",
    "T1091": "Replication Through Removable Media",
    "T1098.003": "Additional Cloud Roles",
    "T1110.003": "Password Spraying",
    "T1114.002": "Remote Email Collection",
    "T1204.002": "Malicious File",
    "T1486": "Data Encrypted for Impact",
    "T1490": "Inhibit System Recovery",
    "T1528": "Steal Application Access Token",
    "T1547.001": "Registry Run Keys / Startup Folder",
    "T1564.008": "Email Hiding Rules",
    "T1566.002": "Spearphishing Link",
    "T1567.002": "Exfiltration to Cloud Storage",
    "T1071.001": "Web Protocols",
    "T1046": "Network Service Discovery",
}


@dataclass(frozen=True)
class AlertPlan:
    title: str
    severity: str
    category: str
    techniques: tuple[str, ...]
    service: str
    detection: str
    moment: datetime
    evidence: tuple[Evidence, ...]
    description: str = ""


@dataclass(frozen=True)
class Chapter:
    """One incident to be. ``story`` is '' for the daily routine."""

    story: str
    title: str
    alerts: tuple[AlertPlan, ...]

    @property
    def first(self) -> datetime:
        return min(alert.moment for alert in self.alerts)

    @property
    def last(self) -> datetime:
        return max(alert.moment for alert in self.alerts)


def worst(severities: list[str]) -> str:
    order = ("informational", "low", "medium", "high")
    return max(severities, key=order.index)
