# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reports from incidents and hunts that tests make up; each is valid against its schema."""

from __future__ import annotations

import datetime
import json
import typing as t
from pathlib import Path

import jsonschema
from ansible_collections.mssp.defender_xdr.plugins.module_utils import _times
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report import (
    incident_entries as _incident_entries,
)
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report import (
    model as _report_model,
)
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report.hunt_rows import Rows, read
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report.inputs import (
    Setting,
    Tenant,
)

Json = dict[str, t.Any]
NOW: t.Final = _times.parse_time("now", "2026-11-24T06:00:00Z", at=0)
SLA: t.Final = {"gold": {"high": 4.0}, "default": {"high": 8.0, "medium": 24.0}}
SCHEMA: t.Final = json.loads(
    (Path(__file__).parents[5] / "roles/report/files/report.schema.json").read_text(
        encoding="utf-8"
    )
)
CONSENT: t.Final = "https://login.microsoftonline.com/3333/adminconsent?client_id=1111"


def incident(**changes: t.Any) -> Json:
    return {
        "id": "7",
        "display_name": "Phishing",
        "severity": "high",
        "status": "active",
        "assigned_to": None,
        "created_date_time": "2026-11-24T01:00:00.1234567Z",
        "last_update_date_time": "2026-11-24T02:00:00Z",
        "incident_web_url": "https://security.microsoft.com/incidents/7",
        **changes,
    }


def alert(**changes: t.Any) -> Json:
    return {
        "title": "Phishing",
        "category": "InitialAccess",
        "service_source": "microsoft_defender_for_endpoint",
        "evidence": [
            {"device_dns_name": "PC-1.contoso.example"},
            {"user_account": {"user_principal_name": "ana@contoso.example"}},
            {"user_account": {"account_name": "SYSTEM"}},
        ],
        **changes,
    }


def tenant(host: str, *incidents: Json, tier: str = "default", **answer: t.Any) -> Tenant:
    kept = [_incident_entries.kept(one) for one in incidents]
    told = {"read": True, "incidents": kept, **answer}
    return Tenant(host=host, name=host.title(), tenant_id=f"id-{host}", tier=tier, incidents=told)


def hunt(**changes: t.Any) -> Json:
    return {
        "title": "Encoded commands",
        "severity": "medium",
        "tactics": ["Execution"],
        "techniques": ["T1059.001"],
        "asked_at": "2026-11-24T05:00:00Z",
        "timespan": "7d",
        "limit": 10,
        "hits": {},
        "failures": {},
        **changes,
    }


def setting(**changes: t.Any) -> Setting:
    return Setting(
        **{
            "title": "Morning",
            "at": NOW,
            "versions": {"ours": "0"},
            "zone": datetime.UTC,
            "zone_name": "UTC",
            **changes,
        }
    )


def made(
    *tenants: Tenant, hunts: Json | None = None, rows: Rows | None = None, **changes: t.Any
) -> Json:
    hunts = hunts or {}
    if rows is None:
        rows = read(hunts, {one.tenant_id: one.host for one in tenants}, "/soc")
    report = _report_model.build(tenants, hunts, rows, setting(**changes))
    jsonschema.Draft202012Validator(SCHEMA).validate(report)
    return report
