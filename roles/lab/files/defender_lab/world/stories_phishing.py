# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Story ``phishing``: an email with a link, a click, phished credentials, a sign-in by the attacker
and an inbox rule that hides the traces."""

from __future__ import annotations

from datetime import datetime, timedelta

from defender_lab.world import evidence
from defender_lab.world.chapters import CLOUD_APPS, ENTRA, OFFICE, AlertPlan, Chapter
from defender_lab.world.clouds import inbox_rule, sign_in
from defender_lab.world.indicators import Indicators
from defender_lab.world.mail import click, mail
from defender_lab.world.scene import Scene

NAME = "phishing"
TABLES = (
    "EmailEvents",
    "EmailUrlInfo",
    "EmailPostDeliveryEvents",
    "UrlClickEvents",
    "EntraIdSignInEvents",
    "AADSignInEventsBeta",
    "CloudAppEvents",
)
_SUBJECT = "Overdue invoice - action required today"


def tell(scene: Scene, indicators: Indicators, start: datetime) -> Chapter:
    lure = indicators.phishing
    recipients = scene.rng.sample(scene.people[1:], 4)
    victim, reporter = recipients[0], recipients[-1]
    mails = []
    for number, person in enumerate(recipients):
        caught = number == len(recipients) - 2
        place = (
            {"DeliveryAction": "Blocked", "DeliveryLocation": "Quarantine", "ThreatTypes": "Phish"}
            if caught
            else {}
        )
        moment = start + timedelta(seconds=7 * number)
        latest = (
            {"LatestDeliveryAction": "Blocked", "LatestDeliveryLocation": "Quarantine"}
            if caught
            else {}
        )
        weak = {
            "AuthenticationDetails": (
                '{"SPF":"pass","DKIM":"none","DMARC":"none","CompAuth":"none"}'
            ),
            "IsFirstContact": 1,
        }
        mails.append(
            mail(
                scene,
                moment,
                lure.sender,
                "Accounts Receivable",
                lure.sender_ip,
                person,
                _SUBJECT,
                [lure.url],
                **place,
                **latest,
                **weak,
            )
        )
    clicked = start + timedelta(minutes=19)
    device = next(
        (device for device in scene.workstations if device.owner == victim), scene.workstations[0]
    )
    click(scene, clicked, victim, lure.url, mails[0]["NetworkMessageId"], device.public_ip)
    entered = clicked + timedelta(minutes=6)
    stolen = sign_in(
        scene,
        entered,
        victim,
        lure.attacker_ip,
        "NG",
        RiskLevelAggregated=100,
        RiskState=4,
        RiskDetails=0,
        IsManaged=0,
        IsCompliant=0,
        AuthenticationRequirement="singleFactorAuthentication",
        UserAgent="python-requests/2.32.3",
        Browser="Python Requests 2.32",
    )
    hidden = entered + timedelta(minutes=11)
    inbox_rule(
        scene,
        hidden,
        victim,
        lure.attacker_ip,
        "NG",
        ".",
        SubjectOrBodyContainsWords="invoice;payment;bank",
        DeleteMessage="True",
    )
    scene.add(
        "EmailPostDeliveryEvents",
        hidden + timedelta(hours=1),
        NetworkMessageId=mails[-1]["NetworkMessageId"],
        InternetMessageId=mails[-1]["InternetMessageId"],
        Action="Moved to quarantine",
        ActionType="Phish ZAP",
        ActionTrigger="Admin",
        ActionResult="Success",
        RecipientEmailAddress=reporter.upn,
        DeliveryLocation="Quarantine",
        ThreatTypes="Phish",
        SenderFromAddress=lure.sender,
        EmailDirection="Inbound",
    )
    return Chapter(
        NAME,
        (
            "Multi-stage incident involving Initial access & Credential access on one endpoint"
            " reported by multiple sources"
        ),
        (
            AlertPlan(
                "A potentially malicious URL click was detected",
                "high",
                "InitialAccess",
                ("T1566.002",),
                OFFICE,
                "microsoftDefenderForOffice365",
                clicked + timedelta(minutes=3),
                (
                    evidence.mailbox(victim, clicked),
                    evidence.url(lure.url, clicked),
                    *(evidence.message(mail, [lure.url], clicked) for mail in mails),
                ),
                "A user clicked a link in a mail that was found to be malicious later.",
            ),
            AlertPlan(
                "Unfamiliar sign-in properties",
                "high",
                "InitialAccess",
                ("T1078.004",),
                ENTRA,
                "azureAdIdentityProtection",
                entered + timedelta(minutes=2),
                (
                    evidence.user(victim, entered),
                    evidence.ip(str(stolen["IPAddress"]), entered, "NG"),
                ),
                "A sign-in with properties not seen with this account before.",
            ),
            AlertPlan(
                "Suspicious inbox manipulation rule",
                "medium",
                "DefenseEvasion",
                ("T1564.008",),
                CLOUD_APPS,
                "cloudAppSecurity",
                hidden + timedelta(minutes=8),
                (
                    evidence.user(victim, hidden),
                    evidence.mailbox(victim, hidden),
                    evidence.ip(lure.attacker_ip, hidden, "NG"),
                ),
                "A rule was made that deletes mail by words of payment.",
            ),
        ),
    )
