# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A hunt sweep as a table for the terminal: the hunts with hits first, then who was not read.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import collections
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._shapes import Json
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils import _phrases, _text_table

SEVERITIES: t.Final = ("high", "medium", "low", "informational")
COLUMNS: t.Final = ("hunt", "severity", "hits", "tenants", "hits_by_tenant")


def lines(result: Json) -> list[str]:
    """The lines, from the result of a hunt sweep."""
    hunts = sorted(result["hunts"].items(), key=_urgency)
    count = result["coverage"]
    return [
        *_text_table.lines([_row(name, hunt) for name, hunt in hunts], COLUMNS, _phrases.WIDTH),
        *_failures(result["hunts"]),
        *(
            f"{hunt['name']} was not run: no value for {', '.join(hunt['missing'])}"
            for hunt in result.get("not_run", ())
        ),
        f"{count['asked']} tenants: {count['complete']} complete, {count['partial']} partial,"
        f" {count['unread']} unread",
    ]


def _urgency(named: tuple[str, Json]) -> tuple[bool, int, int, str]:
    name, hunt = named
    hits = sum(hunt["hits"].values())
    return (not hits, SEVERITIES.index(hunt["severity"]), -hits, name)


def _row(name: str, hunt: Json) -> Json:
    count, hits = hunt["coverage"], hunt["hits"]
    found = sorted(((-number, host) for host, number in hits.items() if number))
    shown = [
        f"{host} {-number}{'+' if host in hunt['truncated'] else ''}" for number, host in found
    ]
    total: int | str | None = sum(hits.values()) if hits and not hunt["checked"] else None
    if total and hunt["truncated"]:
        total = f"{total}+"
    return {
        "hunt": name,
        "severity": hunt["severity"],
        "hits": total,
        "tenants": f"{count['answered']} of {count['asked']}",
        "hits_by_tenant": "checked, not sent" if hunt["checked"] else ", ".join(shown),
    }


def _failures(hunts: Json) -> t.Iterator[str]:
    """A line for each host and category, with the hunts concerned unless all are."""
    concerned: dict[tuple[str, str], list[str]] = collections.defaultdict(list)
    for name, hunt in hunts.items():
        for host, error in hunt["failures"].items():
            concerned[host, error["category"]].append(name)
    for (host, category), names in concerned.items():
        which = "" if len(names) == len(hunts) else f" ({', '.join(names)})"
        yield f"{host}: {category}{which}"
