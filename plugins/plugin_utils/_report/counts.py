# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a report counts: incidents by severity, status, age, tenant and tier, and hits by tactic.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import collections
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._incidents.incident import (
    SEVERITIES as EVERY_SEVERITY,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._shapes import Json

SEVERITIES: t.Final = EVERY_SEVERITY[::-1]
STATUSES: t.Final = ("active", "in_progress", "awaiting_action", "resolved", "redirected")
AGES: t.Final = (
    ("under 4 h", 4),
    ("4 to 24 h", 24),
    ("1 to 3 days", 72),
    ("3 to 7 days", 168),
    ("7 to 30 days", 720),
    ("over 30 days", float("inf")),
)
LISTED: t.Final = 10  # the newest and the oldest that nobody has taken


def put_beside(
    tenants: t.Sequence[Json], incidents: t.Sequence[Json], hunts: t.Sequence[Json]
) -> None:
    """Put each tenant's numbers beside it; None where it was not read, because that is not 0."""
    by_host = collections.defaultdict(list)
    for incident in incidents:
        by_host[incident["host"]].append(incident)
    for one in tenants:
        silent = {gap["what"] for gap in one["gaps"] if gap["category"] != "truncated"}
        own = [incident for incident in by_host[one["host"]] if incident["open"]]
        one["open"] = None if "incidents" in silent else len(own)
        one["high"] = (
            None
            if "incidents" in silent
            else sum(incident["severity"] == "high" for incident in own)
        )
        one["unassigned"] = (
            None if "incidents" in silent else sum(not incident["assigned_to"] for incident in own)
        )
        one["breached"] = (
            None if "incidents" in silent else sum(incident["breached"] for incident in own)
        )
        answered = [
            hunt for hunt in hunts if one["host"] not in hunt["failures"] and not hunt["checked"]
        ]
        one["hits"] = (
            sum(hunt["hits"].get(one["host"], 0) for hunt in answered) if answered else None
        )


def summary(incidents: t.Sequence[Json], tenants: t.Sequence[Json]) -> Json:
    """Everything that the plots and tables of incidents count, for open ones unless it says
    otherwise."""
    own = [incident for incident in incidents if incident["open"]]
    free = sorted(
        (incident for incident in own if not incident["assigned_to"] and incident["created"]),
        key=lambda each: str(each["created"]),
    )
    late = sorted(
        (incident for incident in own if incident["breached"]),
        key=lambda each: -float(each["late_hours"]),
    )
    tiers = list(dict.fromkeys(one["tier"] for one in tenants))
    matrix = {
        status: dict.fromkeys(SEVERITIES, 0)
        for status in [*STATUSES, *sorted({each["status"] for each in incidents} - set(STATUSES))]
    }
    ages = {label: dict.fromkeys(SEVERITIES, 0) for label, _hours in AGES} | {
        "unknown": dict.fromkeys(SEVERITIES, 0)
    }
    by_tenant: dict[str, dict[str, int]] = {}
    for incident in incidents:
        matrix[incident["status"]][incident["severity"]] += 1
        if incident["open"]:
            ages[_age(incident["age_hours"])][incident["severity"]] += 1
            by_tenant.setdefault(incident["host"], dict.fromkeys(SEVERITIES, 0))[
                incident["severity"]
            ] += 1
    return {
        "listed": len(incidents),
        "open": len(own),
        "unassigned": sum(not incident["assigned_to"] for incident in own),
        "breached": len(late),
        "by_severity": {
            severity: sum(incident["severity"] == severity for incident in own)
            for severity in SEVERITIES
        },
        "by_status": {status: count for status, count in matrix.items() if any(count.values())},
        "by_age": {
            label: count
            for label, count in ages.items()
            if label != "unknown" or any(count.values())
        },
        "by_tenant": dict(
            sorted(by_tenant.items(), key=lambda each: (-sum(each[1].values()), each[0]))
        ),
        "by_tier": [
            _tier(tier, [incident for incident in own if incident["tier"] == tier], tenants)
            for tier in tiers
        ],
        "oldest_unassigned": [_key(incident) for incident in free[:LISTED]],
        "newest_unassigned": [_key(incident) for incident in reversed(free[-LISTED:])],
        "most_overdue": [_key(incident) for incident in late[:LISTED]],
    }


def _key(incident: Json) -> list[str]:
    return [incident["host"], incident["id"]]


def _age(hours: float | None) -> str:
    return "unknown" if hours is None else next(label for label, below in AGES if hours < below)


def _tier(tier: str, own: t.Sequence[Json], tenants: t.Sequence[Json]) -> Json:
    here = [one for one in tenants if one["tier"] == tier]
    return {
        "tier": tier,
        "tenants": len(here),
        "unread": sum(one["open"] is None for one in here),
        "open": len(own),
        "breached": sum(incident["breached"] for incident in own),
        "within": sum(bool(incident["due"]) and not incident["breached"] for incident in own),
        "without": sum(not incident["due"] for incident in own),
    }


def tactics(hunts: t.Sequence[Json]) -> list[Json]:
    """Hits by tactic, most first. A hunt of two tactics counts for both, so the sum may be more
    than all hits."""
    found: dict[str, Json] = {}
    for hunt in hunts:
        for tactic in hunt["tactics"] or ["none given"]:
            one = found.setdefault(
                tactic, {"tactic": tactic, "hunts": 0, "hits": 0, "tenants": set()}
            )
            one["hunts"] += 1
            one["hits"] += hunt["rows"]
            one["tenants"] |= set(hunt["hits"])
    return sorted(
        ({**one, "tenants": len(one["tenants"])} for one in found.values()),
        key=lambda one: (-one["hits"], one["tactic"]),
    )
