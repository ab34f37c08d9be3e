# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The incidents of all tenants, worst first, out of the facts of the role incidents.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils import _times
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._incidents.incident import (
    SEVERITIES,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._shapes import Json
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils import _text_table
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._summary import summary
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._summary.hosts import Hosts

FACTS: t.Final = ("incidents_result",)
COLUMNS: t.Final = ("severity", "age", "tenant", "id", "assigned_to", "name")
MINUTE: t.Final = 60 * _times.SECOND
HOUR: t.Final = 60 * MINUTE
DAY: t.Final = 24 * HOUR


def summarize(hosts: Hosts, width: int, at: int) -> Json:
    """`coverage` and `lines`: every incident, over how many tenants, and the tenants not read.

    :arg at: the time from which ages are counted back, in ticks.
    """
    facts = {host: hosts.fact(host, FACTS[0]) for host in hosts.asked}
    read = {host: fact for host, fact in facts.items() if fact and fact.get("read")}
    unread = {host: fact for host, fact in facts.items() if host not in read}
    incidents = [
        (host, incident) for host, fact in read.items() for incident in fact.get("incidents") or ()
    ]
    incidents.sort(key=lambda found: _urgency(found[1]))
    rows = [_row(host, incident, at) for host, incident in incidents]
    failures = [summary.failure_row(host, fact) for host, fact in unread.items()]
    coverage = summary.coverage(len(facts), len(read))
    # a number of incidents in no tenant is not 0
    total = len(incidents) if read else _text_table.NULL
    noun = "incident" if total == 1 else "incidents"
    return {
        "coverage": coverage,
        "lines": [
            *_text_table.lines(rows, COLUMNS, width),
            *([""] if rows else []),
            f"{total} {noun} in {len(read)} of {len(facts)} tenants ({summary.counts(coverage)})",
            *_truncated(read),
            *([""] if failures else []),
            *_text_table.lines(summary.worst_first(failures), summary.FAILURE_COLUMNS, width),
            *summary.consent_links(unread.items()),
        ],
    }


def _urgency(incident: Json) -> tuple[int, str]:
    """Sorts by severity, the oldest first."""
    severity = str(incident.get("severity"))
    rank = SEVERITIES.index(severity) if severity in SEVERITIES else 0
    return -rank, str(incident.get("created_date_time") or "~")


def _row(host: str, incident: Json, at: int) -> Json:
    owner = _text(incident.get("assigned_to"))
    return {
        "id": _text(incident.get("id")),
        "severity": _text(incident.get("severity")),
        # analysts of one provider share the domain
        "assigned_to": owner and owner.partition("@")[0],
        "age": age(incident.get("created_date_time"), at),
        "tenant": host,
        "name": _text(incident.get("display_name")),
    }


def _text(value: t.Any) -> str | None:
    return str(value) if value not in (None, "") else None


def age(created: t.Any, at: int) -> str | None:
    """How long ago, such as `5d`; None where the time is unknown."""
    if not isinstance(created, str):
        return None
    try:
        passed = max(0, at - _times.read_time(created))
    except DefenderError:
        return None
    for unit, name in ((DAY, "d"), (HOUR, "h")):
        if passed >= unit:
            return f"{passed // unit}{name}"
    return f"{passed // MINUTE}min"


def _truncated(read: t.Mapping[str, Json]) -> list[str]:
    hosts = [host for host, fact in read.items() if fact.get("truncated")]
    if not hosts:
        return []
    return [f"More incidents exist than incidents_limit allows in: {', '.join(hosts)}"]
