# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Email, its attachments, and clicks on its links: rows shared by stories and routine."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from defender_lab.world.chance import guid
from defender_lab.world.people import Person
from defender_lab.world.scene import Scene


def mail(
    scene: Scene,
    moment: datetime,
    sender: str,
    sender_name: str,
    sender_ip: str,
    to: Person,
    subject: str,
    links: list[str],
    **more: Any,
) -> dict[str, Any]:
    """An inbound mail and its links; *more* overrides columns of EmailEvents."""
    domain = sender.rpartition("@")[2]
    message_id = guid(scene.rng)
    columns: dict[str, Any] = {
        "NetworkMessageId": message_id,
        "InternetMessageId": f"<{guid(scene.rng)}@{domain}>",
        "SenderMailFromAddress": sender,
        "SenderFromAddress": sender,
        "SenderDisplayName": sender_name,
        "SenderMailFromDomain": domain,
        "SenderFromDomain": domain,
        "SenderIPv4": sender_ip,
        "RecipientEmailAddress": to.upn,
        "RecipientObjectId": to.object_id,
        "RecipientDomain": to.domain,
        "Subject": subject,
        "EmailClusterId": scene.rng.randrange(10**8, 4 * 10**9),
        "EmailDirection": "Inbound",
        "DeliveryAction": "Delivered",
        "DeliveryLocation": "Inbox/folder",
        "LatestDeliveryAction": "Delivered",
        "LatestDeliveryLocation": "Inbox/folder",
        "AuthenticationDetails": '{"SPF":"pass","DKIM":"pass","DMARC":"pass","CompAuth":"pass"}',
        "AttachmentCount": 0,
        "UrlCount": len(links),
        "EmailLanguage": "en",
        "EmailSize": scene.rng.randrange(9_000, 90_000),
        "IsFirstContact": 0,
    }
    row = scene.add("EmailEvents", moment, **(columns | more))
    for link in links:
        host = link.partition("//")[2].partition("/")[0]
        scene.add(
            "EmailUrlInfo",
            moment,
            NetworkMessageId=message_id,
            Url=link,
            UrlDomain=host,
            UrlLocation="Body",
        )
    return row


def attach(
    scene: Scene, moment: datetime, message: dict[str, Any], name: str, digest: str, size: int
) -> dict[str, Any]:
    """A file in the mail of that row of EmailEvents."""
    named = {
        key: message[key]
        for key in (
            "NetworkMessageId",
            "SenderFromAddress",
            "SenderDisplayName",
            "RecipientEmailAddress",
            "RecipientObjectId",
        )
    }
    return scene.add(
        "EmailAttachmentInfo",
        moment,
        **named,
        FileName=name,
        FileType=name.rpartition(".")[2],
        SHA256=digest,
        FileSize=size,
    )


def click(
    scene: Scene, moment: datetime, person: Person, url: str, message_id: str, ip: str, **more: Any
) -> dict[str, Any]:
    columns: dict[str, Any] = {
        "Url": url,
        "ActionType": "ClickAllowed",
        "AccountUpn": person.upn,
        "Workload": "Email",
        "NetworkMessageId": message_id,
        "IPAddress": ip,
        "IsClickedThrough": False,
        "UrlChain": f'["{url}"]',
        "AppName": "Outlook",
        "TenantId": scene.tenant_id,
    }
    return scene.add("UrlClickEvents", moment, **(columns | more))
