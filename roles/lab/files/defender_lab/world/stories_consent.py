# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Story ``consent``: an unverified app is granted access to a user's mail and then reads it,
message by message."""

from __future__ import annotations

from datetime import datetime, timedelta

from defender_lab.world import evidence
from defender_lab.world.chapters import CLOUD_APPS, GOVERNANCE, AlertPlan, Chapter
from defender_lab.world.clouds import MICROSOFT_365, activity, application, graph_call
from defender_lab.world.indicators import Indicators
from defender_lab.world.scene import Scene

NAME = "consent"
TABLES = ("CloudAppEvents", "OAuthAppInfo", "GraphApiAuditEvents")
SCOPES = ["Mail.ReadWrite", "MailboxSettings.ReadWrite", "offline_access", "User.Read"]


def tell(scene: Scene, indicators: Indicators, start: datetime) -> Chapter:
    facts = indicators.consent
    victim = scene.rng.choice(scene.people[1:])
    target = [
        {
            "Type": "ServicePrincipal",
            "Role": "Target object",
            "Name": facts.app_name,
            "Id": facts.app_id,
        }
    ]
    raw = {
        "Operation": "Consent to application.",
        "UserId": victim.upn,
        "ModifiedProperties": [
            {"Name": "ConsentContext.IsAdminConsent", "NewValue": "False"},
            {"Name": "ConsentAction.Permissions", "NewValue": f"Scope: {' '.join(SCOPES)}"},
        ],
    }
    for seconds, action in (
        (0, "Consent to application."),
        (1, "Add delegated permission grant."),
        (2, "Add app role assignment grant to user."),
    ):
        moment = start + timedelta(seconds=seconds)
        about = {
            "ActivityObjects": target,
            "ObjectName": facts.app_name,
            "ObjectId": facts.app_id,
            "OAuthAppId": facts.app_id,
        }
        activity(
            scene,
            moment,
            victim,
            action,
            "192.0.2.250",
            "DE",
            MICROSOFT_365,
            **about,
            RawEventData=raw if seconds == 0 else {"Operation": action},
        )
    application(
        scene,
        start + timedelta(minutes=30),
        facts.app_id,
        facts.app_name,
        SCOPES,
        verified=False,
        admin=False,
        risk=92,
    )
    reading = start + timedelta(minutes=13)
    for number in range(60):
        moment = reading + timedelta(seconds=4 * number + scene.rng.uniform(0, 2))
        messages = f"https://graph.microsoft.com/v1.0/users/{victim.object_id}/messages"
        uri = f"{messages}?$top=50&$skip={50 * number}"
        graph_call(
            scene, moment, "GET", uri, facts.app_id, victim, facts.attacker_ip, " ".join(SCOPES)
        )
    access = reading + timedelta(minutes=3)
    activity(
        scene,
        access,
        victim,
        "MailItemsAccessed",
        facts.attacker_ip,
        "BR",
        OAuthAppId=facts.app_id,
        RawEventData={"OperationCount": 3000},
    )
    app = evidence.application(facts.app_id, facts.app_name, start)
    return Chapter(
        NAME,
        f"Suspicious OAuth app '{facts.app_name}' with mail access",
        (
            AlertPlan(
                "Risky OAuth app consent was granted by a user",
                "medium",
                "CredentialAccess",
                ("T1528",),
                CLOUD_APPS,
                "cloudAppSecurity",
                start + timedelta(minutes=5),
                (evidence.user(victim, start), app),
                "A user granted an app of an unverified publisher access to the mailbox.",
            ),
            AlertPlan(
                "App made high volume of email search activity through Graph API",
                "high",
                "Collection",
                ("T1114.002",),
                GOVERNANCE,
                "appGovernanceDetection",
                access + timedelta(minutes=9),
                (
                    app,
                    evidence.mailbox(victim, access),
                    evidence.ip(facts.attacker_ip, access, "BR"),
                ),
                "The app read far more mail than apps of its kind do.",
            ),
        ),
    )
