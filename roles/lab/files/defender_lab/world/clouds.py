# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Mail, sign-ins and cloud app activity: the rows that stories and routine share."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from defender_lab.world.chance import guid
from defender_lab.world.people import Person
from defender_lab.world.scene import Scene

EXCHANGE = ("Microsoft Exchange Online", 20893)
MICROSOFT_365 = ("Microsoft 365", 11161)
_COUNTRIES = {"DE": "Berlin", "GB": "London", "US": "Chicago", "NG": "Lagos", "BR": "Recife"}
_BROWSER = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0"
)


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


def sign_in(
    scene: Scene, moment: datetime, person: Person, ip: str, country: str, **more: Any
) -> dict[str, Any]:
    """A sign-in, in the table of today and in its beta forerunner, which still answers."""
    columns: dict[str, Any] = {
        "Application": "OfficeHome",
        "ApplicationId": "4765445b-32c6-49b0-83e6-1d93765276ca",
        "LogonType": '["interactiveUser"]',
        "ErrorCode": 0,
        "CorrelationId": guid(scene.rng),
        "SessionId": guid(scene.rng),
        "AccountDisplayName": person.name,
        "AccountObjectId": person.object_id,
        "AccountUpn": person.upn,
        "IsExternalUser": 0,
        "IsGuestUser": False,
        "ResourceDisplayName": "Office 365 Exchange Online",
        "ResourceId": "00000002-0000-0ff1-ce00-000000000000",
        "ResourceTenantId": scene.tenant_id,
        "OSPlatform": "Windows10",
        "IsManaged": 1,
        "IsCompliant": 1,
        "AuthenticationRequirement": "multiFactorAuthentication",
        "RiskLevelAggregated": 0,
        "RiskState": 0,
        "UserAgent": _BROWSER,
        "ClientAppUsed": "Browser",
        "Browser": "Edge 126.0.0",
        "ConditionalAccessStatus": 0,
        "IPAddress": ip,
        "Country": country,
        "City": _COUNTRIES.get(country, ""),
        "RequestId": guid(scene.rng),
    }
    columns |= more
    scene.add("AADSignInEventsBeta", moment, **columns)
    return scene.add("EntraIdSignInEvents", moment, **columns)


def activity(
    scene: Scene,
    moment: datetime,
    person: Person,
    action: str,
    ip: str,
    country: str,
    app: tuple[str, int] = EXCHANGE,
    **more: Any,
) -> dict[str, Any]:
    columns: dict[str, Any] = {
        "ActionType": action,
        "Application": app[0],
        "ApplicationId": app[1],
        "AppInstanceId": 0,
        "AccountObjectId": person.object_id,
        "AccountId": person.object_id,
        "AccountDisplayName": person.name,
        "IsAdminOperation": False,
        "DeviceType": "Desktop",
        "OSPlatform": "Windows 10",
        "IPAddress": ip,
        "IsAnonymousProxy": False,
        "CountryCode": country,
        "City": _COUNTRIES.get(country, ""),
        "UserAgent": _BROWSER,
        "ActivityType": "Basic",
        "AccountType": "Regular",
        "IsExternalUser": False,
        "IsImpersonated": False,
        "ActivityObjects": [
            {"Type": "User", "Role": "Actor", "Name": person.name, "Id": person.object_id}
        ],
        "RawEventData": {
            "Operation": action,
            "UserId": person.upn,
            "ClientIP": ip,
            "Workload": app[0],
        },
    }
    return scene.add("CloudAppEvents", moment, **(columns | more))


def inbox_rule(
    scene: Scene,
    moment: datetime,
    person: Person,
    ip: str,
    country: str,
    rule: str,
    **parameters: str,
) -> dict[str, Any]:
    """``New-InboxRule`` with its parameters where the service keeps them: in RawEventData."""
    listed = [
        {"Name": name, "Value": value} for name, value in {"Name": rule, **parameters}.items()
    ]
    raw = {
        "Operation": "New-InboxRule",
        "UserId": person.upn,
        "ClientIP": ip,
        "Workload": "Exchange",
        "Parameters": listed,
    }
    return activity(
        scene, moment, person, "New-InboxRule", ip, country, ObjectName=rule, RawEventData=raw
    )


def graph_call(
    scene: Scene,
    moment: datetime,
    method: str,
    uri: str,
    app_id: str,
    person: Person,
    ip: str,
    scopes: str,
) -> None:
    scene.add(
        "GraphApiAuditEvents",
        moment,
        IdentityProvider="AzureAD",
        ApiVersion="v1.0",
        ApplicationId=app_id,
        IPAddress=ip,
        EntityType="user",
        RequestUri=uri,
        AccountObjectId=person.object_id,
        RequestMethod=method,
        ResponseStatusCode="200",
        Scopes=scopes,
        RequestId=guid(scene.rng),
        OperationId=guid(scene.rng),
        RequestDuration=str(scene.rng.randrange(200_000, 900_000)),
        TargetWorkload="Microsoft.Exchange",
        ResponseSize=scene.rng.randrange(900, 60_000),
    )


def application(
    scene: Scene,
    moment: datetime,
    app_id: str,
    name: str,
    permissions: list[str],
    *,
    verified: bool,
    admin: bool,
    risk: int,
    level: str = "",
) -> None:
    scene.add(
        "OAuthAppInfo",
        moment,
        OAuthAppId=app_id,
        ServicePrincipalId=guid(scene.rng),
        AppName=name,
        AppStatus="Enabled",
        VerifiedPublisher={"displayName": name, "verifiedPublisherId": "1234567"}
        if verified
        else {},
        PrivilegeLevel=level or ("Medium" if verified else "High"),
        Permissions=[
            {
                "PermissionType": "Delegated",
                "PermissionValue": one,
                "TargetAppDisplayName": "Microsoft Graph",
            }
            for one in permissions
        ],
        ConsentedUsersCount=1,
        IsAdminConsented=admin,
        AppOrigin="External",
        RiskScore=risk,
    )
