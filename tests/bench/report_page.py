# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How long a report takes and how large it gets: python tests/bench/report_page.py [--tenants 1000]
[--incidents 5] [--dest FOLDER]"""

from __future__ import annotations

import argparse
import datetime
import random
import time
import typing as t
import uuid
from pathlib import Path

from ansible_collections.mssp.defender_xdr.plugins.module_utils import _times
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import CATEGORIES
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report import action as _report
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report import (
    hunt_rows as _hunt_rows,
)
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report import (
    model as _report_model,
)
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report.inputs import (
    Setting,
    Tenant,
)

Json = dict[str, t.Any]
HOUR: t.Final = 3600 * _times.SECOND
NOW: t.Final = _times.parse_time("now", "2026-11-24T06:00:00Z", at=0)
SLA: t.Final = {
    "gold": {"high": 4.0, "medium": 8.0, "low": 48.0},
    "silver": {"high": 8.0, "medium": 24.0, "low": 72.0},
    "default": {"high": 24.0, "medium": 72.0},
}
COMPANIES: t.Final = "contoso woodgrove fabrikam litware tailspin northwind adatum wingtip".split()
NAMES: t.Final = (
    "Multi-stage incident involving Execution & Lateral movement on multiple endpoints",
    "Suspicious inbox manipulation rule reported by one user",
    "Email messages containing malicious URL removed after delivery involving multiple users",
    "Ransomware behaviour was blocked on one endpoint",
    "Unfamiliar sign-in properties involving one user",
    "Hands-on keyboard attack involving multiple users",
    "Malware was detected in an archive attached to a mail",
)
PRODUCTS: t.Final = (
    "microsoft_defender_for_endpoint",
    "microsoft_defender_for_office365",
    "azure_ad_identity_protection",
)
HUNTS: t.Final = (
    (
        "encoded_powershell",
        "PowerShell with an encoded command",
        "medium",
        ["Execution"],
        ["T1059.001"],
    ),
    ("shadow_copy_deletion", "Shadow copies deleted", "high", ["Impact"], ["T1490"]),
    (
        "clicked_phishing_links",
        "A link in a phishing mail was clicked",
        "high",
        ["InitialAccess"],
        ["T1566.002"],
    ),
    (
        "hiding_inbox_rules",
        "Inbox rule that hides mail",
        "medium",
        ["DefenseEvasion", "Collection"],
        ["T1564.008"],
    ),
    (
        "beacons_from_writable_folders",
        "Regular calls home from a program in a writable folder",
        "medium",
        ["CommandAndControl"],
        ["T1071"],
    ),
    (
        "uploads_by_copy_tools",
        "Large uploads by copy tools",
        "medium",
        ["Exfiltration"],
        ["T1567.002"],
    ),
    ("credential_dumps", "Credentials dumped", "high", ["CredentialAccess"], ["T1003"]),
    (
        "run_keys_to_writable_folders",
        "Run key that starts a program from a writable folder",
        "low",
        ["Persistence"],
        ["T1547.001"],
    ),
    ("mass_renames", "Files renamed in bulk", "high", ["Impact"], ["T1486"]),
    ("scripted_sign_ins", "Sign-ins by a script", "low", ["CredentialAccess"], ["T1110"]),
)


def tenants(count: int, each: int, chance: random.Random) -> list[Tenant]:
    """So many tenants, a few of them not readable, with about that many incidents each."""
    made = []
    for number in range(count):
        host = f"{chance.choice(COMPANIES)}-{number:04d}"
        read = chance.random() > 0.08
        incidents = (
            [_incident(chance) for _unused in range(round(chance.triangular(0, 3 * each, each)))]
            if read
            else []
        )
        refused = chance.choice(
            [
                "not_consented",
                "role_missing",
                "credential_expired",
                "not_licensed",
                "blocked_by_policy",
                "unavailable",
                "wrong_tenant",
            ]
        )
        tenant_id = str(uuid.UUID(int=chance.getrandbits(128), version=4))
        link = f"https://login.microsoftonline.com/{tenant_id}/adminconsent?client_id=11111111-1111-1111-1111-111111111111"
        advice = CATEGORIES[refused][1] + (
            f" {link}" if refused in ("not_consented", "role_missing") else ""
        )
        text = (
            f"Tenant {host} ({tenant_id}) gives no token: the application is not known there:"
            " it was never consented to (AADSTS700016)."
        )
        answer: Json = {
            "read": True,
            "incidents": incidents,
            "asked": {"status": ["active", "in_progress", "resolved"]},
            "at": "2026-11-24T05:58:11Z",
        }
        if not read:
            answer = {
                "read": False,
                "category": refused,
                "text": text,
                "who": CATEGORIES[refused][0],
                "advice": advice,
            }
        made.append(
            Tenant(
                host=host,
                name=host.title(),
                tenant_id=tenant_id,
                tier=chance.choices(["gold", "silver", "default"], [1, 3, 5])[0],
                incidents=answer,
            )
        )
    return made


def _incident(chance: random.Random) -> Json:
    number, age = chance.randrange(1, 9999), chance.expovariate(1 / 40)
    tenant_id = uuid.UUID(int=chance.getrandbits(128), version=4)
    status = chance.choices(["active", "in_progress", "resolved"], [5, 4, 2])[0]
    return {
        "id": str(number),
        "display_name": chance.choice(NAMES),
        "severity": chance.choices(["high", "medium", "low", "informational"], [2, 4, 5, 3])[0],
        "status": status,
        "assigned_to": chance.choice(
            ["", "", "lead@partner.example", "ana@partner.example", "tomasz@partner.example"]
        ),
        "created_date_time": _times.format_time(NOW - int(age * HOUR)),
        "last_update_date_time": _times.format_time(NOW - int(age * HOUR * chance.random())),
        "classification": chance.choice(["unknown", "true_positive"]),
        "custom_tags": chance.choice([[], ["vip"], ["triage", "phish"]]),
        "alerts": chance.randrange(1, 9),
        "devices": [f"pc-{chance.randrange(30)}"],
        "users": [chance.choice(("ana", "tomasz", "li"))],
        "products": [chance.choice(PRODUCTS)],
        "tactics": [chance.choice(("InitialAccess", "Execution", "Impact"))],
        "incident_web_url": f"https://security.microsoft.com/incidents/{number}?tid={tenant_id}",
    }


def hunts(own: t.Sequence[Tenant], chance: random.Random) -> dict[str, Json]:
    """The fact hunt_result, with rows that share some indicators."""
    made = {}
    able = [one.host for one in own if one.incidents and one.incidents["read"]]
    known = [f"{chance.getrandbits(256):064x}" for _unused in range(40)]
    for name, title, severity, tactics, techniques in HUNTS:
        unlicensed = [host for host in able if chance.random() < 0.06]
        hit = [
            host
            for host in able
            if host not in unlicensed and chance.random() < chance.choice([0, 0.04, 0.12])
        ]
        failures = {
            one.host: one.incidents["category"]
            for one in own
            if one.incidents and not one.incidents["read"]
        } | dict.fromkeys(unlicensed, "not_licensed")
        hits = {one.host: 0 for one in own if one.host not in failures}
        hits |= {host: chance.randrange(1, 40) for host in hit}
        made[name] = {
            "title": title,
            "description": "What a hit means, in a sentence.",
            "severity": severity,
            "tactics": tactics,
            "techniques": techniques,
            "pack": "endpoint",
            "truncated": hit[:1],
            "hits": hits,
            "failures": {host: {"category": why} for host, why in failures.items()},
            "asked_at": "2026-11-24T05:50:00Z",
            "timespan": "7d",
            "limit": 1000,
            "rows": {host: [_row(chance, known) for _unused in range(hits[host])] for host in hit},
        }
    return made


def _row(chance: random.Random, known: t.Sequence[str]) -> Json:
    return {
        "Timestamp": "2026-11-23T12:00:00Z",
        "DeviceName": f"pc-{chance.randrange(30)}",
        "AccountName": chance.choice(("ana", "tomasz", "system")),
        "ProcessCommandLine": f"powershell -enc {chance.getrandbits(64):x}",
        "SHA256": chance.choice(known),
        "RemoteIP": f"203.0.113.{chance.randrange(200)}",
    }


def report_of(
    own: t.Sequence[Tenant], found: dict[str, Json], *, title: str, **changes: t.Any
) -> Json:
    """A report on these tenants and hunts."""
    options = {"title": title, "at": NOW, "sla": SLA, "versions": {"ours": "0"}}
    setting = Setting(**{**options, "zone": datetime.UTC, "zone_name": "UTC", **changes})
    rows = _hunt_rows.read(found, {one.tenant_id: one.host for one in own}, "/soc")
    return _report_model.build(own, found, rows, setting)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tenants", type=int, default=1000)
    parser.add_argument("--incidents", type=int, default=5, help="of each tenant, about")
    parser.add_argument("--dest", type=Path, help="write the files there")
    options = parser.parse_args()
    chance = random.Random(1)
    own = tenants(options.tenants, options.incidents, chance)
    found = hunts(own, chance)
    started = time.perf_counter()
    report = report_of(own, found, title="Defender XDR, all customers")
    modelled = time.perf_counter()
    files = _report.files(report, ["html", "json", "csv", "markdown"])
    if options.dest:
        _report.write(str(options.dest), files)
    ended = time.perf_counter()
    print(
        f"{len(own)} tenants, {len(report['incidents'])} incidents: {ended - started:.2f} s, of"
        f" which {modelled - started:.2f} s for the data"
    )
    for name, content in files.items():
        print(f"{name:16}{len(content) / 1e6:8.2f} MB")


if __name__ == "__main__":
    main()
