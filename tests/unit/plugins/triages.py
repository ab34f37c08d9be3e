# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A sweep that listed incidents, and what the triage does with them."""

from __future__ import annotations

import typing as t

Json = dict[str, t.Any]
GONE: t.Final = {
    "category": "not_consented",
    "msg": "No token.",
    "who": "customer",
    "advice": "Ask.",
}
TAKEN: t.Final = {"category": "conflict", "msg": "incident 2 is assigned to kim."}
EVIDENCE: t.Final[list[Json]] = [
    {
        "odata_type": "#microsoft.graph.security.userEvidence",
        "user_account": {"user_principal_name": "Ana.Lima@contoso.example", "account_name": "ana"},
    },
    {"odata_type": "#microsoft.graph.security.ipEvidence", "ip_address": "192.0.2.7"},
    {
        "odata_type": "#microsoft.graph.security.deviceEvidence",
        "mde_device_id": "a" * 40,
        "device_dns_name": "web.contoso.example",
    },
    {
        "odata_type": "#microsoft.graph.security.fileEvidence",
        "file_details": {"sha256": "AB" * 32, "sha1": "CD" * 20},
    },
]


def incident(number: str, *, evidence: t.Sequence[Json] = (), **more: t.Any) -> Json:
    alerts = [{"id": "x", "evidence": list(evidence)}] if evidence else []
    return {
        "id": number,
        "display_name": f"Incident {number}",
        "severity": "high",
        "custom_tags": [],
        "created_date_time": f"2026-11-0{number}T00:00:00Z",
        "alerts": alerts,
        **more,
    }


def listed(failures: Json | None = None, **incidents: list[Json]) -> Json:
    return {
        "coverage": {},
        "results": {
            host: {"tenant": {"id": f"id of {host}", "name": host.title()}, "incidents": several}
            for host, several in incidents.items()
        },
        "failures": failures or {},
    }


def swept(
    item: Json, results: Json | None = None, failures: Json | None = None, **more: t.Any
) -> Json:
    return {"item": item, "results": results or {}, "failures": failures or {}, **more}


def hunted(name: str, rows: Json | None = None, failures: Json | None = None) -> Json:
    """The sweep of one hunt: its rows by host."""
    results = {host: {"rows": found, "truncated": False} for host, found in (rows or {}).items()}
    return swept({"name": name}, results, failures)
