# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Alert evidence as rows of AlertEvidence."""

from __future__ import annotations

import json
from typing import Any

from defender_lab.world.evidence import TYPE, Evidence


def evidence_row(evidence: Evidence) -> dict[str, Any]:
    """The columns of AlertEvidence that are about this entity."""
    kind = evidence["@odata.type"].removeprefix(TYPE).removesuffix("Evidence")
    impacted = kind in ("device", "user", "mailbox")
    row: dict[str, Any] = {
        "EntityType": _ENTITIES[kind],
        "EvidenceRole": "Impacted" if impacted else "Related",
    }
    if "mdeDeviceId" in evidence:
        row["DeviceId"] = evidence["mdeDeviceId"]
    if kind == "device":
        row |= {"DeviceName": evidence["deviceDnsName"], "LocalIP": evidence["lastIpAddress"]}
    if details := evidence.get("fileDetails") or evidence.get("imageFile"):
        row |= {
            "FileName": details["fileName"],
            "FolderPath": details["filePath"],
            "SHA1": details["sha1"] or "",
            "SHA256": details["sha256"],
        }
        row["FileSize"] = details["fileSize"]
    if kind == "process":
        row["ProcessCommandLine"] = evidence["processCommandLine"]
    if person := evidence.get("userAccount"):
        row |= {
            "AccountName": person["accountName"],
            "AccountDomain": person["domainName"],
            "AccountSid": person["userSid"],
        }
        row |= {
            "AccountObjectId": person["azureAdUserId"] or "",
            "AccountUpn": person["userPrincipalName"] or "",
        }
    row |= {column: evidence[key] for key, column in _SIMPLE.items() if key in evidence}
    row["AdditionalFields"] = json.dumps({"Type": _ENTITIES[kind], "Role": 0 if impacted else 1})
    return row


_SIMPLE = {
    "ipAddress": "RemoteIP",
    "url": "RemoteUrl",
    "networkMessageId": "NetworkMessageId",
    "subject": "EmailSubject",
    "registryKey": "RegistryKey",
    "registryValueName": "RegistryValueName",
    "registryValue": "RegistryValueData",
    "appId": "OAuthApplicationId",
}
_ENTITIES = {
    "device": "Machine",
    "user": "User",
    "file": "File",
    "process": "Process",
    "ip": "Ip",
    "url": "Url",
    "mailbox": "Mailbox",
    "analyzedMessage": "MailMessage",
    "registryValue": "RegistryValue",
    "oauthApplication": "OAuthApplication",
}
