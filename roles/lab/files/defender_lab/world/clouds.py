# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sign-ins, cloud app activity, Graph requests and consented apps: rows shared by stories and
routine."""

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
                "PermissionValue": permission,
                "TargetAppDisplayName": "Microsoft Graph",
            }
            for permission in permissions
        ],
        ConsentedUsersCount=1,
        IsAdminConsented=admin,
        AppOrigin="External",
        RiskScore=risk,
    )
