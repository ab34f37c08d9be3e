# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Facts that roles left with their hosts."""

from __future__ import annotations

import typing as t

from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._summary.hosts import Hosts

Json = dict[str, t.Any]
LINK = "https://login.example/2222/adminconsent?client_id=1111"


def hosts(name: str, **facts: Json | None) -> Hosts:
    return Hosts(
        list(facts),
        {host: {name: fact} if fact is not None else {} for host, fact in facts.items()},
    )


def refused(category: str, **more: t.Any) -> Json:
    return {"ready": False, "read": False, "category": category, "who": "customer", **more}


def listed(*found: Json, **more: t.Any) -> Json:
    return {"read": True, "incidents": list(found), "count": len(found), **more}


def incident(number: int, severity: str, created: str | None, **more: t.Any) -> Json:
    return {
        "id": str(number),
        "severity": severity,
        "created_date_time": created,
        "display_name": f"Incident {number}",
        **more,
    }
