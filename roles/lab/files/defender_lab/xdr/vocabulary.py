# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Translates a Graph incident with its alerts into the XDR API's format."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping
from types import MappingProxyType

from defender_lab.store import Record

SERVICE_SOURCE: Mapping[str, str] = MappingProxyType(
    {
        "microsoftDefenderForEndpoint": "MicrosoftDefenderATP",
        "microsoftDefenderForIdentity": "AzureATP",
        "microsoftDefenderForCloudApps": "MicrosoftCloudAppSecurity",
        "microsoftDefenderForOffice365": "OfficeATP",
        "microsoft365Defender": "MicrosoftThreatProtection",
        "azureAdIdentityProtection": "AadIdentityProtection",
        "dataLossPrevention": "MicrosoftDataLossPrevention",
    }
)
DETECTION_SOURCE: Mapping[str, str] = MappingProxyType(
    {
        "antivirus": "WindowsDefenderAv",
        "cloudAppSecurity": "MCAS",
        "microsoftDefenderForEndpoint": "WindowsDefenderAtp",
        "microsoftDefenderForIdentity": "AzureATP",
        "microsoftDefenderForOffice365": "OfficeATP",
        "smartScreen": "WindowsDefenderSmartScreen",
        "microsoft365Defender": "MTP",
    }
)
DETERMINATION: Mapping[str, str] = MappingProxyType(
    {
        "unknown": "NotAvailable",
        "notMalicious": "Clean",
        "notEnoughDataToValidate": "NoEnoughDataToValidate",
    }
)
INVESTIGATION_STATE: Mapping[str, str] = MappingProxyType(
    {"unsupportedOs": "UnsupportedOs", "unsupportedAlertType": "UnsupportedAlertType"}
)

ENTITY_KEYS = (
    "entityType sha1 sha256 fileName filePath processId processCommandLine processCreationTime"
    " parentProcessId parentProcessCreationTime ipAddress url accountName domainName userSid"
    " aadUserId userPrincipalName mailboxDisplayName mailboxAddress clusterBy sender recipient"
    " subject deliveryAction securityGroupId securityGroupName registryHive registryKey"
    " registryValueType registryValue deviceId"
).split()


def pascal(text: t.Any) -> t.Any:
    return text[:1].upper() + text[1:] if isinstance(text, str) else text


def _number(text: t.Any) -> int | None:
    return int(text) if text is not None else None


def incident(graph: Record, alerts: list[Record]) -> Record:
    status = {"awaitingAction": "active"}.get(graph["status"], graph["status"])
    return {
        "incidentId": int(graph["id"]),
        "redirectIncidentId": _number(graph.get("redirectIncidentId")),
        "incidentName": graph.get("displayName"),
        "createdTime": graph["createdDateTime"],
        "lastUpdateTime": graph["lastUpdateDateTime"],
        "assignedTo": graph.get("assignedTo"),
        "classification": pascal(graph.get("classification") or "unknown"),
        "determination": _determination(graph.get("determination") or "unknown"),
        "status": pascal(status),
        "severity": _severity(graph.get("severity")),
        "tags": list(graph.get("customTags") or []),
        "comments": [_comment(comment) for comment in graph.get("comments") or []],
        "alerts": [alert(row) for row in alerts],
    }


def _severity(value: str | None) -> str:
    return "UnSpecified" if value in (None, "unknown") else str(pascal(value))


def _determination(value: str | None) -> t.Any:
    return None if value is None else DETERMINATION.get(value, pascal(value))


def _comment(comment: Record) -> Record:
    return {
        "comment": comment.get("comment"),
        "createdBy": comment.get("createdByDisplayName"),
        "createdTime": comment.get("createdDateTime"),
    }


def alert(graph: Record) -> Record:
    evidence = graph.get("evidence") or []
    judged = graph.get("classification") not in (None, "unknown")
    return {
        "alertId": graph["id"],
        "incidentId": _number(graph.get("incidentId")),
        "serviceSource": SERVICE_SOURCE.get(
            graph.get("serviceSource", ""), pascal(graph.get("serviceSource"))
        ),
        "creationTime": graph.get("createdDateTime"),
        "lastUpdatedTime": graph.get("lastUpdateDateTime"),
        "resolvedTime": graph.get("resolvedDateTime"),
        "firstActivity": graph.get("firstActivityDateTime"),
        "lastActivity": graph.get("lastActivityDateTime"),
        "title": graph.get("title"),
        "description": graph.get("description"),
        "category": graph.get("category"),
        "status": pascal(graph.get("status")),
        "severity": _severity(graph.get("severity")),
        "investigationId": None,
        "investigationState": INVESTIGATION_STATE.get(
            graph.get("investigationState") or "",
            pascal(graph.get("investigationState") or "unsupportedAlertType"),
        ),
        "classification": pascal(graph["classification"]) if judged else None,
        "determination": _determination(graph.get("determination")) if judged else None,
        "detectionSource": DETECTION_SOURCE.get(
            graph.get("detectionSource") or "", pascal(graph.get("detectionSource"))
        ),
        "assignedTo": graph.get("assignedTo"),
        "actorName": graph.get("actorDisplayName"),
        "threatFamilyName": graph.get("threatFamilyName"),
        "mitreTechniques": list(graph.get("mitreTechniques") or []),
        "devices": [_device(piece) for piece in evidence if _kind(piece) == "deviceEvidence"],
        "entities": [made for piece in evidence if (made := _entity(piece))],
    }


def _kind(evidence: Record) -> str:
    return str(evidence.get("@odata.type", "")).rpartition(".")[2]


def _device(evidence: Record) -> Record:
    return {
        "mdatpDeviceId": evidence.get("mdeDeviceId"),
        "aadDeviceId": evidence.get("azureAdDeviceId"),
        "deviceDnsName": evidence.get("deviceDnsName"),
        "osPlatform": evidence.get("osPlatform"),
        "version": evidence.get("version"),
        "osProcessor": "x64",
        "osBuild": evidence.get("osBuild"),
        "healthStatus": pascal(evidence.get("healthStatus")),
        "riskScore": pascal(evidence.get("riskScore")),
        "rbacGroupName": evidence.get("rbacGroupName"),
        "rbacGroupId": evidence.get("rbacGroupId"),
        "firstSeen": evidence.get("firstSeenDateTime"),
    }


def _file(details: Record | None) -> Record:
    details = details or {}
    return {
        "sha1": details.get("sha1"),
        "sha256": details.get("sha256"),
        "fileName": details.get("fileName"),
        "filePath": details.get("filePath"),
    }


def _account(account: Record | None) -> Record:
    account = account or {}
    return {
        "accountName": account.get("accountName"),
        "domainName": account.get("domainName"),
        "userSid": account.get("userSid"),
        "aadUserId": account.get("azureAdUserId"),
        "userPrincipalName": account.get("userPrincipalName"),
    }


def _process(evidence: Record) -> Record:
    return {
        **_file(evidence.get("imageFile")),
        **_account(evidence.get("userAccount")),
        "processId": evidence.get("processId"),
        "processCommandLine": evidence.get("processCommandLine"),
        "processCreationTime": evidence.get("processCreationDateTime"),
        "parentProcessId": evidence.get("parentProcessId"),
        "parentProcessCreationTime": evidence.get("parentProcessCreationDateTime"),
        "deviceId": evidence.get("mdeDeviceId"),
    }


def _message(evidence: Record) -> Record:
    sender = evidence.get("p2Sender") or evidence.get("p1Sender") or {}
    return {
        "sender": sender.get("emailAddress"),
        "recipient": evidence.get("recipientEmailAddress"),
        "subject": evidence.get("subject"),
        "deliveryAction": evidence.get("deliveryAction"),
        "userPrincipalName": evidence.get("recipientEmailAddress"),
    }


def _registry(evidence: Record) -> Record:
    return {
        "registryHive": evidence.get("registryHive"),
        "registryKey": evidence.get("registryKey"),
        "registryValue": evidence.get("registryValue"),
        "registryValueType": evidence.get("registryValueType"),
        "deviceId": evidence.get("mdeDeviceId"),
    }


_ENTITIES: Mapping[str, tuple[str, t.Callable[[Record], Record]]] = MappingProxyType(
    {
        "userEvidence": ("User", lambda evidence: _account(evidence.get("userAccount"))),
        "ipEvidence": ("Ip", lambda evidence: {"ipAddress": evidence.get("ipAddress")}),
        "urlEvidence": ("Url", lambda evidence: {"url": evidence.get("url")}),
        "fileEvidence": (
            "File",
            lambda evidence: {
                **_file(evidence.get("fileDetails")),
                "deviceId": evidence.get("mdeDeviceId"),
            },
        ),
        "processEvidence": ("Process", _process),
        "mailboxEvidence": (
            "MailBox",
            lambda evidence: {
                "mailboxDisplayName": evidence.get("displayName"),
                "mailboxAddress": evidence.get("primaryAddress"),
                "userPrincipalName": (evidence.get("userAccount") or {}).get("userPrincipalName"),
            },
        ),
        "analyzedMessageEvidence": ("MailMessage", _message),
        "mailClusterEvidence": (
            "MailCluster",
            lambda evidence: {"clusterBy": evidence.get("clusterBy")},
        ),
        "registryKeyEvidence": ("Registry", _registry),
        "registryValueEvidence": ("Registry", _registry),
        "securityGroupEvidence": (
            "SecurityGroup",
            lambda evidence: {
                "securityGroupId": evidence.get("securityGroupId"),
                "securityGroupName": evidence.get("displayName"),
            },
        ),
    }
)


def _entity(evidence: Record) -> Record | None:
    """One flat record with every key of every kind; kinds the older API has no word for are left
    out, as devices are."""
    entry = _ENTITIES.get(_kind(evidence))
    if entry is None:
        return None
    name, convert = entry
    return {**dict.fromkeys(ENTITY_KEYS), **convert(evidence), "entityType": name}
