# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a report counts of incidents and hunts: a number only where a tenant answered.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

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


def summary(
    incidents: t.Sequence[Json],
    questions: t.Sequence[Json],
    *,
    sla: bool = False,
    previous: bool = False,
) -> Json:
    """Counts of open incidents unless the name says otherwise, over `answered` of `asked` tenants;
    None where no tenant answered.

    :arg questions: the entries of report.json.
    :arg sla, previous: whether there are service levels, and a previous report.
    """
    own = [question for question in questions if question["what"] == "incidents"]
    asked = sum(question["asked"] for question in own)
    answered = sum(question["answered"] for question in own)
    counts = _counts(incidents, sla=sla, previous=previous)
    if not answered:
        counts = dict.fromkeys(counts)
    return {"asked": asked, "answered": answered, **counts}


def _counts(incidents: t.Sequence[Json], *, sla: bool, previous: bool) -> dict[str, t.Any]:
    current = [incident for incident in incidents if incident["open"]]
    counts: dict[str, t.Any] = {
        "listed": len(incidents),
        "open": len(current),
        "high": sum(incident["severity"] == "high" for incident in current),
        "unassigned": sum(not incident["assigned_to"] for incident in current),
        "by_severity": {
            severity: sum(incident["severity"] == severity for incident in current)
            for severity in SEVERITIES
        },
        "by_status": _by_status(incidents),
        "by_age": _by_age(current),
        "by_tenant": _by_tenant(current),
        "do_now": [[incident["host"], incident["id"]] for incident in _do_now(current)],
    }
    if previous:
        counts["new"] = sum(bool(incident["new"]) for incident in current)
    if sla:
        counts["breached"] = sum(incident["breached"] for incident in current)
        counts["by_tier"] = _by_tier(current)
    return counts


def _do_now(current: t.Sequence[Json]) -> list[Json]:
    """What a person should look at first: ransomware by severity, then high severity without an
    owner, then what is past its service level, then what is new; the oldest first in each."""

    def rank(incident: Json) -> tuple[int, int] | None:
        if incident["ransomware"]:
            return 0, SEVERITIES.index(incident["severity"])
        if incident["severity"] == "high" and not incident["assigned_to"]:
            return 1, 0
        if incident.get("breached"):
            return 2, 0
        return (3, 0) if incident["new"] else None

    ranked = [(rank(incident), incident) for incident in current]
    urgent = [(number, incident) for number, incident in ranked if number is not None]
    # without a time it is as urgent as the oldest
    return [
        incident
        for _number, incident in sorted(urgent, key=lambda each: (each[0], each[1]["created"]))
    ]


def _by_status(incidents: t.Sequence[Json]) -> Json:
    others = sorted({incident["status"] for incident in incidents} - set(STATUSES))
    matrix = {status: dict.fromkeys(SEVERITIES, 0) for status in (*STATUSES, *others)}
    for incident in incidents:
        matrix[incident["status"]][incident["severity"]] += 1
    return {status: counts for status, counts in matrix.items() if any(counts.values())}


def _by_age(current: t.Sequence[Json]) -> Json:
    labels = [*(label for label, _hours in AGES), "unknown"]
    ages = {label: dict.fromkeys(SEVERITIES, 0) for label in labels}
    for incident in current:
        ages[_age(incident["age_hours"])][incident["severity"]] += 1
    if not any(ages["unknown"].values()):
        del ages["unknown"]
    return ages


def _age(hours: float | None) -> str:
    return "unknown" if hours is None else next(label for label, below in AGES if hours < below)


def _by_tenant(current: t.Sequence[Json]) -> Json:
    """By host; the tenant with most open incidents first."""
    counts: dict[str, dict[str, int]] = {}
    for incident in current:
        own = counts.setdefault(incident["host"], dict.fromkeys(SEVERITIES, 0))
        own[incident["severity"]] += 1
    return dict(sorted(counts.items(), key=lambda each: (-sum(each[1].values()), each[0])))


def _by_tier(current: t.Sequence[Json]) -> list[Json]:
    tiers = dict.fromkeys(incident["tier"] for incident in current)
    return [
        _tier(tier, [incident for incident in current if incident["tier"] == tier])
        for tier in tiers
    ]


def _tier(tier: str, current: t.Sequence[Json]) -> Json:
    return {
        "tier": tier,
        "open": len(current),
        "breached": sum(incident["breached"] for incident in current),
        "within": sum(bool(incident["due"]) and not incident["breached"] for incident in current),
        "without": sum(not incident["due"] for incident in current),
    }


def tactics(hunts: t.Sequence[Json]) -> list[Json]:
    """By tactic, how many hunts were run and had hits, and in how many tenants; most tenants
    first. None where no tenant answered."""
    by_tactic: dict[str, list[Json]] = {}
    for hunt in hunts:
        for tactic in hunt["tactics"] or ["none given"]:
            by_tactic.setdefault(tactic, []).append(hunt)
    return sorted(
        (_tactic(tactic, own) for tactic, own in by_tactic.items()),
        key=lambda one: (-(one["tenants"] or 0), one["tactic"]),
    )


def _tactic(tactic: str, hunts: t.Sequence[Json]) -> Json:
    answered = [hunt for hunt in hunts if hunt["answered"]]
    hosts = {host for hunt in answered for host, number in hunt["hits"].items() if number}
    return {
        "tactic": tactic,
        "hunts": len(hunts),
        "hunts_with_hits": sum(bool(hunt["rows"]) for hunt in answered) if answered else None,
        "tenants": len(hosts) if answered else None,
    }
