# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Alert evidence in Graph's format."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from defender_lab.world.chance import stamp
from defender_lab.world.devices import Device
from defender_lab.world.people import Person
from defender_lab.world.processes import Process

Evidence = dict[str, Any]
TYPE = "#microsoft.graph.security."


def _evidence(
    kind: str, moment: datetime, verdict: str, roles: tuple[str, ...], **properties: Any
) -> Evidence:
    return {
        "@odata.type": f"{TYPE}{kind}Evidence",
        "createdDateTime": stamp(moment),
        "verdict": verdict,
        "remediationStatus": "none",
        "remediationStatusDetails": None,
        "roles": list(roles),
        "detailedRoles": [],
        "tags": [],
        **properties,
    }


def account(person: Person) -> dict[str, Any]:
    return {
        "accountName": person.account,
        "domainName": person.netbios,
        "userSid": person.sid,
        "azureAdUserId": person.object_id or None,
        "userPrincipalName": person.upn if person.object_id else None,
        "displayName": person.name,
    }


def file_details(process: Process) -> dict[str, Any]:
    return {
        "sha1": process.sha1,
        "sha256": process.sha256,
        "fileName": process.file,
        "filePath": process.folder,
        "fileSize": process.size,
    }


def device(machine: Device, moment: datetime, risk: str = "high") -> Evidence:
    return _evidence(
        "device",
        moment,
        "unknown",
        ("compromised",),
        firstSeenDateTime=stamp(moment),
        mdeDeviceId=machine.id,
        azureAdDeviceId=machine.entra_id,
        deviceDnsName=machine.name,
        hostName=machine.name.partition(".")[0],
        dnsDomain=machine.name.partition(".")[2],
        osPlatform=machine.platform,
        osBuild=machine.build,
        version=machine.version,
        healthStatus="active",
        riskScore=risk,
        rbacGroupId=2 if machine.server else 1,
        rbacGroupName="Servers" if machine.server else "Workstations",
        onboardingStatus="onboarded",
        defenderAvStatus="updated",
        lastIpAddress=machine.ip,
        lastExternalIpAddress=machine.public_ip,
        ipInterfaces=[machine.ip],
        vmMetadata=None,
        loggedOnUsers=[{"accountName": machine.owner.account, "domainName": machine.owner.netbios}],
    )


def user(person: Person, moment: datetime) -> Evidence:
    return _evidence("user", moment, "unknown", ("compromised",), userAccount=account(person))


def process(
    shown: Process, machine: Device, moment: datetime, verdict: str = "suspicious"
) -> Evidence:
    return _evidence(
        "process",
        moment,
        verdict,
        (),
        processId=shown.pid,
        parentProcessId=shown.parent_pid,
        processCommandLine=shown.command,
        processCreationDateTime=stamp(shown.started),
        parentProcessCreationDateTime=stamp(shown.started),
        detectionStatus="detected",
        mdeDeviceId=machine.id,
        imageFile=file_details(shown),
        parentProcessImageFile={
            "fileName": shown.parent,
            "filePath": None,
            "sha1": None,
            "sha256": None,
            "fileSize": None,
        },
        userAccount=account(shown.account),
    )


def file(
    name: str,
    folder: str,
    sha256: str,
    sha1: str | None,
    machine: Device,
    moment: datetime,
    verdict: str = "malicious",
) -> Evidence:
    details = {
        "sha1": sha1,
        "sha256": sha256,
        "fileName": name,
        "filePath": folder,
        "fileSize": 184320,
    }
    return _evidence(
        "file",
        moment,
        verdict,
        (),
        detectionStatus="detected",
        mdeDeviceId=machine.id,
        fileDetails=details,
    )


def ip(
    address: str, moment: datetime, country: str | None = None, verdict: str = "suspicious"
) -> Evidence:
    return _evidence(
        "ip", moment, verdict, ("attacker",), ipAddress=address, countryLetterCode=country
    )


def url(address: str, moment: datetime, verdict: str = "malicious") -> Evidence:
    return _evidence("url", moment, verdict, (), url=address)


def mailbox(person: Person, moment: datetime) -> Evidence:
    return _evidence(
        "mailbox",
        moment,
        "unknown",
        ("compromised",),
        primaryAddress=person.upn,
        upn=person.upn,
        displayName=person.name,
        userAccount=account(person),
    )


def message(row: dict[str, Any], links: list[str], moment: datetime) -> Evidence:
    """The mail of an EmailEvents row."""
    sender = {
        "emailAddress": row["SenderFromAddress"],
        "displayName": row["SenderDisplayName"],
        "domainName": row["SenderFromDomain"],
    }
    return _evidence(
        "analyzedMessage",
        moment,
        "malicious",
        (),
        networkMessageId=row["NetworkMessageId"],
        internetMessageId=row["InternetMessageId"],
        subject=row["Subject"],
        recipientEmailAddress=row["RecipientEmailAddress"],
        senderIp=row["SenderIPv4"],
        p1Sender=sender,
        p2Sender=sender,
        receivedDateTime=row["Timestamp"],
        antiSpamDirection="Inbound",
        deliveryAction=row["DeliveryAction"],
        deliveryLocation=row["DeliveryLocation"],
        language="en",
        attachmentsCount=row["AttachmentCount"],
        urlCount=len(links),
        urls=links,
        threats=["Phish" if links else "Malware"],
        threatDetectionMethods=["URL detonation" if links else "File detonation"],
    )


def registry(row: dict[str, Any], machine: Device, moment: datetime) -> Evidence:
    """The value of a DeviceRegistryEvents row."""
    hive, unused, key = row["RegistryKey"].partition("\\")
    value_row = {
        "registryHive": hive,
        "registryKey": key,
        "registryValueName": row["RegistryValueName"],
        "registryValue": row["RegistryValueData"],
    }
    return _evidence(
        "registryValue",
        moment,
        "suspicious",
        (),
        mdeDeviceId=machine.id,
        registryValueType=row["RegistryValueType"],
        **value_row,
    )


def application(app_id: str, name: str, moment: datetime) -> Evidence:
    return _evidence(
        "oauthApplication",
        moment,
        "malicious",
        (),
        appId=app_id,
        displayName=name,
        objectId=app_id,
        publisher=None,
    )
