# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Alert evidence as rows of AlertEvidence."""

from __future__ import annotations

import json
from typing import Any

from defender_lab.world.evidence import TYPE, Evidence


def evidence_row(one: Evidence) -> dict[str, Any]:
    """The columns of AlertEvidence that are about this entity."""
    kind = one["@odata.type"].removeprefix(TYPE).removesuffix("Evidence")
    impacted = kind in ("device", "user", "mailbox")
    row: dict[str, Any] = {
        "EntityType": _ENTITIES[kind],
        "EvidenceRole": "Impacted" if impacted else "Related",
    }
    if "mdeDeviceId" in one:
        row["DeviceId"] = one["mdeDeviceId"]
    if kind == "device":
        row |= {"DeviceName": one["deviceDnsName"], "LocalIP": one["lastIpAddress"]}
    if details := one.get("fileDetails") or one.get("imageFile"):
        row |= {
            "FileName": details["fileName"],
            "FolderPath": details["filePath"],
            "SHA1": details["sha1"] or "",
            "SHA256": details["sha256"],
        }
        row["FileSize"] = details["fileSize"]
    if kind == "process":
        row["ProcessCommandLine"] = one["processCommandLine"]
    if person := one.get("userAccount"):
        row |= {
            "AccountName": person["accountName"],
            "AccountDomain": person["domainName"],
            "AccountSid": person["userSid"],
        }
        row |= {
            "AccountObjectId": person["azureAdUserId"] or "",
            "AccountUpn": person["userPrincipalName"] or "",
        }
    row |= {column: one[key] for key, column in _SIMPLE.items() if key in one}
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
