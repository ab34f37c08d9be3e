# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The sentences of a report that a page, a message and a terminal have in common.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils import _times
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._shapes import Json
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report.tenants import STATES
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report.work_calendar import (
    local,
    zone_named,
)

NONE: t.Final = "–"  # a figure over nobody
NAMED: t.Final = 5  # tenants in a sentence
ACTORS: t.Final[t.Mapping[str, str]] = {
    "customer": "The customer must act",
    "partner": "The owner of the application must act",
    "caller": "The author of the playbook must act",
    "microsoft": "Microsoft must act",
}
PRODUCTS: t.Final[t.Mapping[str, str]] = {
    "azure_ad_identity_protection": "Entra ID Protection",
    "data_loss_prevention": "Data Loss Prevention",
    "microsoft365_defender": "Defender XDR",
    "microsoft_app_governance": "App Governance",
    "microsoft_defender_for_cloud": "Defender for Cloud",
    "microsoft_defender_for_cloud_apps": "Cloud Apps",
    "microsoft_defender_for_endpoint": "Endpoint",
    "microsoft_defender_for_identity": "Identity",
    "microsoft_defender_for_office365": "Office 365",
    "microsoft_sentinel": "Sentinel",
}
DEFAULT_PERIOD: t.Final = "Microsoft's default of 30 days"


def figure(number: int | None) -> str:
    """A number for a person; a dash for a number over nobody."""
    return NONE if number is None else f"{number:,}"


def over(summary: t.Mapping[str, t.Any]) -> str:
    """The number of tenants that a figure covers."""
    return f"in {summary['answered']:,} of {summary['asked']:,} tenants"


def coverage(count: t.Mapping[str, int]) -> str:
    """How many tenants were read."""
    states = ", ".join(f"{count[state]:,} {state}" for state in STATES)
    return f"{states}, of {count['asked']:,}"


def incidents(summary: Json) -> str:
    """The incidents in one line."""
    if summary["open"] is None:
        return f"Open incidents: {NONE} ({over(summary)})"
    parts = [f"{summary[key]:,} {word}" for key, word in _parts(summary)]
    return f"Open incidents: {summary['open']:,} {over(summary)}: {', '.join(parts)}"


def cut(report: Json) -> str:
    """Which tenants have more incidents than the limit let the report list; empty if none."""
    names = [one["name"] for one in report["tenants"] if one["truncated"]]
    if not names:
        return ""
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"More incidents than the limit in {', '.join(names[:NAMED])}{more}; raise the limit"


def _parts(summary: Json) -> list[tuple[str, str]]:
    words = (
        ("high", "high"),
        ("unassigned", "unassigned"),
        ("new", "new"),
        ("breached", "past the SLA"),
    )
    return [(key, word) for key, word in words if key in summary]


def hunts(found: t.Sequence[Json]) -> str:
    """The hunts in one line."""
    return f"Hunts with hits: {figure(hunts_with_hits(found))} {over_hunts(found)}"


def hunts_with_hits(found: t.Sequence[Json]) -> int | None:
    """None where no tenant answered a hunt."""
    answered = [hunt for hunt in found if hunt["answered"]]
    return sum(bool(hunt["rows"]) for hunt in answered) if answered else None


def over_hunts(found: t.Sequence[Json]) -> str:
    """The number of hunts and tenants that a figure about hunts covers."""
    answers = sorted({hunt["answered"] for hunt in found})
    asked = max((hunt["asked"] for hunt in found), default=0)
    tenants = " to ".join(f"{number:,}" for number in dict.fromkeys((answers[0], answers[-1])))
    return f"of {len(found):,} in {tenants} of {asked:,} tenants"


def shared(report: Json) -> int | None:
    """The number of indicators that several tenants have; None where no tenant answered a hunt."""
    return None if hunts_with_hits(report["hunts"]) is None else len(report["shared"])


def product(source: str) -> str:
    """The short name of a product that raised an alert."""
    return PRODUCTS.get(source) or source.removeprefix("microsoft_").replace("_", " ")


def tenants_with_hits(hunt: Json) -> int:
    return sum(bool(number) for number in hunt["hits"].values())


def period(questions: t.Iterable[Json]) -> str:
    """The period of the hunts, as it was asked."""
    spans = dict.fromkeys(
        question["timespan"] or DEFAULT_PERIOD
        for question in questions
        if question["what"] == "hunt"
    )
    return ", ".join(spans) or NONE


def clock(text: str, zone: str) -> str:
    """A time of the report in its time zone, without seconds; what is not a time stays as it
    is."""
    try:
        ticks = _times.read_time(text)
    except DefenderError:
        return text
    return local(ticks, zone_named("time_zone", zone))
