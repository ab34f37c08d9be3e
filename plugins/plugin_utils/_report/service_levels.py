# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Incidents against the hours that a tier and a severity allow: how old, due when, how late.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils import _times
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._shapes import Json
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report.counts import SEVERITIES
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report.inputs import (
    Setting,
    Tenant,
)

HOUR: t.Final = 3600 * _times.SECOND
CLOSED: t.Final = frozenset({"resolved", "redirected"})
UNTIERED: t.Final = "default"


def check_sla(given: t.Mapping[str, t.Any]) -> dict[str, dict[str, float]]:
    """Hours by tier and severity; raises `bad_request` for what is none. A severity without hours
    has no limit."""
    for tier, own in given.items():
        if not isinstance(own, dict):
            raise DefenderError(
                "bad_request",
                (
                    f"sla has {own!r} for the tier {tier}; give hours by severity, such as {{high:"
                    f" 4}}."
                ),
            )
        for severity, hours in own.items():
            if severity not in SEVERITIES:
                raise DefenderError(
                    "bad_request",
                    (
                        f"sla names the severity {severity!r} for the tier {tier}; there are"
                        f" {', '.join(SEVERITIES)}."
                    ),
                )
            if isinstance(hours, bool) or not isinstance(hours, (int, float)) or not hours > 0:
                raise DefenderError(
                    "bad_request",
                    (
                        f"sla has {hours!r} hours for {severity} of the tier {tier}; give a number"
                        " above 0, or leave it out."
                    ),
                )
    return {
        str(tier): {str(severity): float(hours) for severity, hours in own.items()}
        for tier, own in given.items()
    }


def incidents(one: Tenant, setting: Setting) -> t.Iterator[Json]:
    """The incidents of a tenant as the report shows them."""
    own = setting.sla.get(one.tier) or setting.sla.get(UNTIERED) or {}
    for incident in (one.incidents or {}).get("incidents") or []:
        severity = str(incident.get("severity") or "unknown")
        severity = severity if severity in SEVERITIES else "unknown"
        status = str(incident.get("status") or "unknown")
        created = _ticks(incident.get("created_date_time"))
        is_open = status not in CLOSED
        limit = own.get(severity)
        due = (
            created + int(limit * HOUR)
            if created is not None and limit is not None and is_open
            else None
        )
        yield {
            "host": one.host,
            "tier": one.tier,
            "id": str(incident.get("id") or ""),
            "name": str(incident.get("display_name") or ""),
            "severity": severity,
            "status": status,
            "assigned_to": str(incident.get("assigned_to") or ""),
            "created": _times.format_time(created) if created is not None else "",
            "updated": str(incident.get("last_update_date_time") or ""),
            "age_hours": round((setting.at - created) / HOUR, 1) if created is not None else None,
            "open": is_open,
            "due": _times.format_time(due) if due is not None else "",
            "late_hours": round((setting.at - due) / HOUR, 1) if due is not None else None,
            "breached": due is not None and setting.at > due,
            "url": str(incident.get("incident_web_url") or ""),
        }


def _ticks(text: t.Any) -> int | None:
    try:
        return _times.read_time(str(text)) if text else None
    except DefenderError:
        return None
