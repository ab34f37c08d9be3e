# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A report as tables for a spreadsheet, and as a few lines of Markdown for a chat.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import io
import re
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._hunting import export as _export
from ansible_collections.mssp.defender_xdr.plugins.module_utils._shapes import Json
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report.model import WHO

PEOPLE: t.Final[t.Mapping[str, str]] = {
    "customer": "The customer",
    "partner": "We, the owner of the application",
    "caller": "The author of the playbook",
    "microsoft": "Microsoft",
}
NAMED: t.Final = 10
# What Markdown, and the chats that read it, would take for markup or for a mention.
MARKUP: t.Final = re.compile(r"[\\`*_{}\[\]<>#|~@&]|:(?=//)|(?<=\bwww)\.")
TENANT: t.Final = (
    "host",
    "name",
    "tenant_id",
    "tier",
    "state",
    "category",
    "who",
    "text",
    "advice",
    "link",
    "open",
    "high",
    "unassigned",
    "breached",
    "hits",
)
INCIDENT: t.Final = tuple(
    (
        "host tenant_name tier id name severity status assigned_to created updated age_hours due"
        " late_hours breached url"
    ).split()
)
HIT: t.Final = (
    "hunt",
    "title",
    "severity",
    "tactics",
    "techniques",
    "host",
    "tenant_name",
    "rows",
    "more_rows",
    "category",
)
SHARED: t.Final = ("kind", "value", "tenant_count", "tenants", "hunts", "rows")


def csvs(report: Json) -> dict[str, bytes]:
    """The tables by file name."""
    names = {one["host"]: one["name"] for one in report["tenants"]}
    tenants = [
        {
            **one,
            **{
                key: ((one["gaps"] or [{}])[0]).get(key)
                for key in ("category", "who", "text", "advice", "link")
            },
        }
        for one in report["tenants"]
    ]
    return {
        "tenants.csv": _csv(tenants, TENANT),
        "incidents.csv": _csv(
            ({**one, "tenant_name": names[one["host"]]} for one in report["incidents"]), INCIDENT
        ),
        "hits.csv": _csv(_hits(report, names), HIT),
        "indicators.csv": _csv(
            (
                {
                    **one,
                    "tenant_count": len(one["tenants"]),
                    "tenants": " ".join(one["tenants"]),
                    "hunts": " ".join(one["hunts"]),
                }
                for one in report["shared"]
            ),
            SHARED,
        ),
    }


def _csv(rows: t.Iterable[Json], columns: t.Sequence[str]) -> bytes:
    target = io.BytesIO()
    _export.cells(rows, columns, target)
    return target.getvalue()


def _hits(report: Json, names: t.Mapping[str, str]) -> t.Iterator[Json]:
    """A row for each hunt and tenant that has hits, or did not answer it."""
    for hunt in report["hunts"]:
        hunt_columns = {
            **{key: hunt[key] for key in ("title", "severity")},
            "hunt": hunt["name"],
            "tactics": " ".join(hunt["tactics"]),
            "techniques": " ".join(hunt["techniques"]),
        }
        for host, rows in hunt["hits"].items():
            yield {
                **hunt_columns,
                "host": host,
                "tenant_name": names.get(host, host),
                "rows": rows,
                "more_rows": host in hunt["truncated"],
                "category": "",
            }
        for host, category in hunt["failures"].items():
            yield {
                **hunt_columns,
                "host": host,
                "tenant_name": names.get(host, host),
                "rows": None,
                "more_rows": None,
                "category": category,
            }


def markdown(report: Json) -> str:
    """A summary that fits a message. What customers named is escaped."""
    coverage, summary = report["coverage"], report["incidents_summary"]
    lines = [
        f"**{_plain(report['title'])}**, {report['made_at']}",
        "",
        f"- Tenants: {coverage_line(coverage)}",
    ]
    for who in (each for each in WHO if each in coverage["by_who"]):
        waiting = [
            (one["name"], one["gaps"][0]["category"])
            for one in report["tenants"]
            if one["state"] == "unread" and one["gaps"][0]["who"] == who
        ]
        named = ", ".join(f"{_plain(name)} (`{category}`)" for name, category in waiting[:NAMED])
        lines.append(f"  - {PEOPLE[who]} must act: {named}{_rest(waiting)}")
    if "incidents" in report["sources"]:
        by = ", ".join(
            f"{count} {severity}" for severity, count in summary["by_severity"].items() if count
        )
        lines.append(
            f"- Open incidents: {summary['open']}{f' ({by})' if by else ''},"
            f" {summary['unassigned']} unassigned, {summary['breached']} past their SLA"
        )
        found = {(one["host"], one["id"]): one for one in report["incidents"]}
        for key in summary["most_overdue"][:3]:
            one = found[tuple(key)]
            lines.append(
                f"  - {one['late_hours']:.0f} h late: {_plain(one['name'])}"
                f" ({_plain(one['host'])}, {one['severity']})"
            )
    if "hunts" in report["sources"]:
        hit = sorted(
            (hunt for hunt in report["hunts"] if hunt["rows"]), key=lambda hunt: -len(hunt["hits"])
        )
        lines.append(f"- Hunts with hits: {len(hit)} of {len(report['hunts'])}")
        lines += [
            f"  - {_plain(hunt['title'])}: {len(hunt['hits'])} tenants, {hunt['rows']} rows"
            for hunt in hit[:5]
        ]
        lines.append(f"- Indicators found in several tenants: {len(report['shared'])}")
    return "\n".join(lines) + "\n"


def coverage_line(coverage: Json) -> str:
    """Who was read, in words."""
    partly = f", {coverage['partly']} in part" if coverage["partly"] else ""
    return f"{coverage['read']} of {coverage['asked']} read{partly}, {coverage['unread']} not read"


def _rest(many: t.Sequence[t.Any]) -> str:
    return f" and {len(many) - NAMED} more" if len(many) > NAMED else ""


def _plain(text: str) -> str:
    return MARKUP.sub(r"\\\g<0>", " ".join(text.split()))
