# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Incidents and alerts as Graph returns them, and the matching AlertInfo and AlertEvidence rows."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from defender_lab.world.chance import digits, guid, stamp
from defender_lab.world.chapters import TECHNIQUES, AlertPlan, Chapter, worst
from defender_lab.world.evidence_rows import evidence_row
from defender_lab.world.scene import Rows

ANALYSTS = ("sam.soc@mssp.example", "robin.soc@mssp.example", "kim.soc@mssp.example")
_VERDICTS = {
    "truePositive": (
        "malware",
        "phishing",
        "compromisedAccount",
        "multiStagedAttack",
        "unwantedSoftware",
    ),
    "informationalExpectedActivity": (
        "securityTesting",
        "lineOfBusinessApplication",
        "confirmedActivity",
    ),
    "falsePositive": ("notMalicious", "notEnoughDataToValidate", "other"),
}
_PREFIXES = {
    "microsoftDefenderForEndpoint": "da",
    "microsoftDefenderForOffice365": "fa",
    "microsoftDefenderForCloudApps": "ca",
    "azureAdIdentityProtection": "ad",
    "microsoft365Defender": "ra",
    "microsoftAppGovernance": "ma",
}
_SERVICES = {
    "microsoftDefenderForEndpoint": "Microsoft Defender for Endpoint",
    "microsoftDefenderForOffice365": "Microsoft Defender for Office 365",
    "microsoftDefenderForCloudApps": "Microsoft Defender for Cloud Apps",
    "azureAdIdentityProtection": "AAD Identity Protection",
    "microsoft365Defender": "Microsoft 365 Defender",
    "microsoftAppGovernance": "App Governance",
}
_DETECTIONS = {
    "microsoftDefenderForEndpoint": "EDR",
    "antivirus": "Antivirus",
    "microsoftDefenderForOffice365": "Microsoft Defender for Office 365",
    "azureAdIdentityProtection": "AAD Identity Protection",
    "cloudAppSecurity": "Cloud App Security",
    "customTi": "Custom TI",
    "customDetection": "Custom detection",
    "appGovernanceDetection": "App Governance Detection",
}
_PORTAL = "https://security.microsoft.com"


@dataclass(frozen=True)
class State:
    """How far people have come with an incident."""

    status: str
    classification: str
    determination: str
    assigned_to: str | None
    updated: datetime


def state(chapter: Chapter, now: datetime, rng: Random) -> State:
    """Stories are open; of the routine the older is mostly closed."""
    age = now - chapter.last
    # updates come after the fact and never after now
    updated = min(
        chapter.last + timedelta(minutes=rng.uniform(6, 60 * 30)),
        now - timedelta(seconds=rng.uniform(30, 900)),
    )
    updated = max(updated, chapter.last + (now - chapter.last) / 4)
    if chapter.story:
        busy = rng.random() < 0.4
        return State(
            "inProgress" if busy else "active",
            "unknown",
            "unknown",
            rng.choice(ANALYSTS) if busy else None,
            updated,
        )
    roll = rng.random()
    if age > timedelta(days=12) or roll < 0.35:
        classification = rng.choice(tuple(_VERDICTS))
        return State(
            "resolved",
            classification,
            rng.choice(_VERDICTS[classification]),
            rng.choice(ANALYSTS),
            updated,
        )
    if roll < 0.6:
        return State("inProgress", "unknown", "unknown", rng.choice(ANALYSTS), updated)
    return State("active", "unknown", "unknown", None, updated)


def alert(
    plan: AlertPlan, incident_id: str, tenant_id: str, how: State, rng: Random
) -> dict[str, Any]:
    ticks = f"{rng.randrange(637_000, 640_000)}{rng.randrange(10**12):012d}"
    native = f"{ticks}_{rng.randrange(-(2**31), 2**31)}"
    prefix = _PREFIXES[plan.service]
    alert_id = prefix + (
        native if prefix in ("da", "ra") else digits(rng, 64) if prefix == "ad" else guid(rng)
    )
    closed = how.status == "resolved"
    return {
        "@odata.type": "#microsoft.graph.security.alert",
        "id": alert_id,
        "providerAlertId": alert_id if prefix == "da" else alert_id.removeprefix(prefix),
        "incidentId": incident_id,
        "status": {"active": "new"}.get(how.status, how.status),
        "severity": plan.severity,
        "classification": how.classification,
        "determination": how.determination,
        "serviceSource": plan.service,
        "detectionSource": plan.detection,
        "productName": _SERVICES[plan.service],
        "detectorId": guid(rng),
        "tenantId": tenant_id,
        "title": plan.title,
        "description": plan.description or f"{plan.title}.",
        "recommendedActions": "Review the evidence and contain what is affected.",
        "category": plan.category,
        "assignedTo": how.assigned_to,
        "alertWebUrl": f"{_PORTAL}/alerts/{alert_id}?tid={tenant_id}",
        "incidentWebUrl": f"{_PORTAL}/incidents/{incident_id}?tid={tenant_id}",
        "actorDisplayName": None,
        "threatDisplayName": None,
        "threatFamilyName": None,
        "mitreTechniques": list(plan.techniques),
        "createdDateTime": stamp(plan.moment + timedelta(minutes=2)),
        "lastUpdateDateTime": stamp(how.updated, rng.randrange(1, 10)),
        "resolvedDateTime": stamp(how.updated, rng.randrange(1, 10)) if closed else None,
        "firstActivityDateTime": stamp(plan.moment - timedelta(minutes=1)),
        "lastActivityDateTime": stamp(plan.moment),
        "comments": [],
        "evidence": list(plan.evidence),
        "systemTags": [],
        "additionalData": None,
    }


def incident(
    chapter: Chapter, number: int, tenant_id: str, how: State, rng: Random
) -> dict[str, Any]:
    """An incident without its alerts. The seventh decimal of its times is not 0: whoever drops it,
    loses order."""
    closed = how.status == "resolved"
    comments = (
        [_comment("Customer informed, waiting for an answer.", how, rng)]
        if how.status == "inProgress"
        else []
    )
    if closed:
        comments = [_comment("Looked at and closed.", how, rng)]
    tags = rng.sample(
        ("triage", "customer-informed", "vip", "phish", "night-shift"), rng.choice((0, 0, 1, 2))
    )
    return {
        "@odata.type": "#microsoft.graph.security.incident",
        "id": str(number),
        "incidentWebUrl": f"{_PORTAL}/incidents/{number}?tid={tenant_id}",
        "tenantId": tenant_id,
        "redirectIncidentId": None,
        "displayName": chapter.title,
        "createdDateTime": stamp(chapter.first + timedelta(minutes=3), rng.randrange(1, 10)),
        "lastUpdateDateTime": stamp(how.updated, rng.randrange(1, 10)),
        "assignedTo": how.assigned_to,
        "classification": how.classification,
        "determination": how.determination,
        "status": how.status,
        "severity": worst([alert.severity for alert in chapter.alerts]),
        "customTags": sorted(tags),
        "systemTags": ["Ransomware"] if chapter.story == "ransomware" else [],
        "description": chapter.alerts[0].description or None,
        "lastModifiedBy": how.assigned_to or "Microsoft 365 Defender-AlertCorrelation",
        "resolvingComment": "Looked at and closed." if closed else None,
        "summary": None,
        "priorityScore": rng.randrange(70, 100) if chapter.story else rng.randrange(1, 60),
        "comments": comments,
    }


def _comment(text: str, how: State, rng: Random) -> dict[str, Any]:
    moment = stamp(how.updated - timedelta(seconds=1), rng.randrange(1, 10))
    return {
        "@odata.type": "#microsoft.graph.security.alertComment",
        "comment": text,
        "createdByDisplayName": how.assigned_to,
        "createdDateTime": moment,
    }


def alert_rows(alerts: list[dict[str, Any]]) -> Rows:
    """The hunting side of alerts. The tables show when an alert was made, and never who works on
    it."""
    rows: Rows = {"AlertInfo": [], "AlertEvidence": []}
    for alert in alerts:
        shared = {
            "Timestamp": alert["createdDateTime"],
            "AlertId": alert["id"],
            "Title": alert["title"],
            "AttackTechniques": json.dumps(
                [f"{TECHNIQUES[code]} ({code})" for code in alert["mitreTechniques"]]
            ),
            "ServiceSource": _SERVICES[alert["serviceSource"]],
            "DetectionSource": _DETECTIONS[alert["detectionSource"]],
            "Severity": alert["severity"].title(),
        }
        rows["AlertInfo"].append({**shared, "Category": alert["category"]})
        categories = json.dumps([alert["category"]])
        rows["AlertEvidence"].extend(
            {**shared, "Categories": categories, **evidence_row(piece)}
            for piece in alert["evidence"]
        )
    return rows
