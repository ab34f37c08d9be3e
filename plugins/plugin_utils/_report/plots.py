# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plots of a report: open incidents by tenant, age and tier, and hunts by tactic.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._shapes import Json
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report import charts as _charts
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report.counts import SEVERITIES
from markupsafe import Markup

TOP: t.Final = 15  # bars of the tenants with most open incidents


def plots(report: Json) -> dict[str, Json]:
    """By name a plot: title, svg, and the table with the same numbers (head and rows)."""
    summary = report["incidents_summary"]
    made: dict[str, Json] = {}
    if summary["open"] is not None:
        tenants = summary["by_tenant"]
        first = list(tenants)[:TOP]
        title = "Open incidents by tenant"
        if len(tenants) > len(first):
            title += f" (top {len(first)} of {len(tenants)})"
        names = {one["host"]: one["name"] for one in report["tenants"]}
        made["tenants"] = _severities(
            "tenants", title, [names[host] for host in first], [tenants[host] for host in first]
        )
        ages = summary["by_age"]
        made["age"] = _severities("age", "Open incidents by age", list(ages), list(ages.values()))
        if "by_tier" in summary:
            made["tiers"] = _tiers(summary["by_tier"])
    rows = [one for one in report["tactics"] if one["tenants"] is not None]
    if rows:
        made["tactics"] = _plot(
            "tactics",
            "Tenants with hits by tactic",
            [one["tactic"] for one in rows],
            [("tenants", "accent", [one["tenants"] for one in rows])],
        )
        made["tactics"]["head"] += ["hunts with hits", "hunts"]
        made["tactics"]["rows"] = [
            [one["tactic"], one["tenants"], one["hunts_with_hits"], one["hunts"]] for one in rows
        ]
    return made


def _tiers(tiers: t.Sequence[Json]) -> Json:
    kinds = (
        ("past", "late", "breached"),
        ("within", "good", "within"),
        ("no limit", "plain", "without"),
    )
    series = [(name, colour, [one[key] for one in tiers]) for name, colour, key in kinds]
    title = "Service levels of open incidents by tenant tier"
    return _plot("tiers", title, [one["tier"] for one in tiers], series)


def _severities(
    name: str, title: str, labels: list[str], counts: t.Sequence[t.Mapping[str, int]]
) -> Json:
    used = [severity for severity in SEVERITIES if any(own[severity] for own in counts)]
    series = [(severity, severity, [own[severity] for own in counts]) for severity in used]
    return _plot(name, title, labels, series)


def _plot(
    name: str, title: str, labels: list[str], series: list[tuple[str, str, list[int]]]
) -> Json:
    svg = (
        _charts.bars(name, title, labels, series)
        if labels and any(sum(own) for _name, _colour, own in series)
        else ""
    )
    keys = [(label, colour) for label, colour, own in series if any(own)]
    rows = [
        [label, *(own[at] for _name, _colour, own in series)] for at, label in enumerate(labels)
    ]
    return {
        "title": title,
        "svg": Markup(svg),
        "keys": keys,
        "head": [label for label, _colour, _own in series],
        "rows": rows,
    }
