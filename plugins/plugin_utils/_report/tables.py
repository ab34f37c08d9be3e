# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A report as tables for a spreadsheet, and as a few lines of Markdown for a chat.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import io
import re
import textwrap
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._hunting import export as _export
from ansible_collections.mssp.defender_xdr.plugins.module_utils._shapes import Json
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report import texts as _texts
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report.tenants import ALARMING

NAMED: t.Final = 5
ALARMS: t.Final = 10  # security events in a message
WIDTH: t.Final = 80
# What Markdown, and the chats that read it, would take for markup or for a mention.
MARKUP: t.Final = re.compile(r"[\\`*_{}\[\]<>#|~@&]|:(?=//)|(?<=\bwww)\.")
TENANT: t.Final = tuple(
    (
        "host name tenant_id tier state reason what who text advice link open high unassigned"
        " breached hits truncated"
    ).split()
)
INCIDENT: t.Final = tuple(
    (
        "host tenant_name tier id severity name service_sources alerts devices users device_names"
        " user_names tactics tags status classification assigned_to created updated age_hours new"
        " ransomware due late_hours breached hunts url"
    ).split()
)
LISTS: t.Final = ("service_sources", "device_names", "user_names", "tactics", "tags", "hunts")
HIT: t.Final = tuple(
    (
        "hunt title severity tactics techniques host tenant_name rows more_rows category asked"
        " answered dest"
    ).split()
)
SHARED: t.Final = ("kind", "value", "tenant_count", "tenants", "hunts", "rows")
QUESTION: t.Final = (
    "what",
    "name",
    "asked_at",
    "timespan",
    "limit",
    "filters",
    "asked",
    "answered",
    "failed",
)
SUMMARY: t.Final = ("figure", "number", "asked", "answered")
FILES: t.Final = (
    "summary.csv",
    "questions.csv",
    "tenants.csv",
    "incidents.csv",
    "hits.csv",
    "indicators.csv",
)
FIGURES: t.Final = ("open", "high", "unassigned", "new", "breached")


def csvs(report: Json) -> dict[str, bytes]:
    """The tables by file name."""
    names = {one["host"]: one["name"] for one in report["tenants"]}
    tables = (
        _csv(_summary(report), SUMMARY),
        _csv(_questions(report), QUESTION),
        _csv(map(_tenant, report["tenants"]), TENANT),
        _csv(map(_incident, report["incidents"]), INCIDENT),
        _csv(_hits(report, names), HIT),
        _csv(map(_shared, report["shared"]), SHARED),
    )
    return dict(zip(FILES, tables, strict=True))


def _csv(rows: t.Iterable[Json], columns: t.Sequence[str]) -> bytes:
    target = io.BytesIO()
    _export.cells(rows, columns, target)
    return target.getvalue()


def _summary(report: Json) -> t.Iterator[Json]:
    """The large figures, each with the number of tenants that it covers."""
    summary = report["incidents_summary"]
    for figure in FIGURES:
        if figure in summary:
            over = {key: summary[key] for key in ("asked", "answered")}
            yield {"figure": f"incidents {figure}", "number": summary[figure], **over}


def _questions(report: Json) -> t.Iterator[Json]:
    for question in report["questions"]:
        filters = "; ".join(f"{key}={value}" for key, value in question["filters"].items())
        yield {**question, "filters": filters}


def _tenant(one: Json) -> Json:
    gap: Json = next(iter(one["gaps"]), {})
    return {**gap, **(one["figures"] or {}), **one}


def _incident(one: Json) -> Json:
    return {
        **one,
        **{key: " ".join(one[key]) for key in LISTS if key != "tags"},
        "tags": "; ".join(one["tags"]),
    }


def _shared(one: Json) -> Json:
    lists = {key: " ".join(one[key]) for key in ("tenants", "hunts")}
    return {**one, "tenant_count": len(one["tenants"]), **lists}


def _hits(report: Json, names: t.Mapping[str, str]) -> t.Iterator[Json]:
    """A row for each hunt and tenant that has hits, or did not answer it."""
    for hunt in report["hunts"]:
        about = {
            **{key: hunt[key] for key in ("title", "severity", "asked", "answered")},
            "hunt": hunt["name"],
            "tactics": " ".join(hunt["tactics"]),
            "techniques": " ".join(hunt["techniques"]),
        }
        hits = {host: number for host, number in hunt["hits"].items() if number}
        for host in (*hits, *hunt["failures"]):
            yield {
                **about,
                "host": host,
                "tenant_name": names[host],
                "rows": hits.get(host),
                "more_rows": host in hunt["truncated"] if host in hits else None,
                "category": hunt["failures"].get(host, ""),
                "dest": hunt["dest"] if host in hits else None,
            }


def markdown(report: Json) -> str:
    """A summary for a chat or a terminal of 80 columns. What customers named is escaped."""
    coverage, summary = report["coverage"], report["incidents_summary"]
    zone = report["time_zone"]
    made_at = _texts.clock(report["made_at"], zone)
    lines = [f"**{_plain(report['title'])}**, {made_at} {zone}", ""]
    alarms = report["alarms"]
    for alarm in alarms[:ALARMS]:
        text = f"SECURITY EVENT: {_plain(alarm['tenant_name'])}: {_plain(alarm['text'])}"
        lines += _item(f"**{text}**" if len(text) < WIDTH else text)
    if len(alarms) > ALARMS:
        lines += _item(f"{len(alarms) - ALARMS:,} more security events are in the report")
    lines += _item(f"Tenants: {_texts.coverage(coverage)}")
    for who in coverage["by_who"]:
        waiting = [
            f"{_plain(one['name'])} ({_plain(one['reason'])})"
            for one in report["tenants"]
            if one["state"] == "unread"
            and one["gaps"][0]["who"] == who
            and one["reason"] not in ALARMING  # it has a line of its own
        ]
        if waiting:
            lines += _item(f"{_texts.ACTORS[who]}: {_some(waiting)}", "  ")
    if summary["asked"]:
        lines += _item(_texts.incidents(summary))
        if cut := _texts.cut(report):
            lines += _item(_plain(cut), "  ")
        found = {(one["host"], one["id"]): one for one in report["incidents"]}
        for host, number in (summary["do_now"] or ())[:NAMED]:
            one = found[host, number]
            owner = _plain(one["assigned_to"]) or "unassigned"
            text = (
                f"{one['severity']}, {_plain(one['tenant_name'])}: {_plain(one['name'])}, {owner}"
            )
            lines += _item(text, "  ")
        if len(summary["do_now"] or ()) > NAMED:
            lines += _item(f"{len(summary['do_now']) - NAMED} more to look at now", "  ")
    if report["hunts"]:
        lines += _item(_texts.hunts(report["hunts"]))
        hit = sorted(
            (hunt for hunt in report["hunts"] if hunt["rows"]),
            key=lambda hunt: -_texts.tenants_with_hits(hunt),
        )
        for hunt in hit[:NAMED]:
            over = f"{_texts.tenants_with_hits(hunt)} of {hunt['answered']} tenants"
            lines += _item(f"{_plain(hunt['title'])}: {hunt['rows']} hits in {over}", "  ")
        lines += _item(
            f"Indicators found in several tenants: {_texts.figure(_texts.shared(report))}"
        )
        lines += _item(f"Period hunted: {_plain(_texts.period(report['questions']))}")
    return "\n".join(lines) + "\n"


def _item(text: str, indent: str = "") -> list[str]:
    """One item of a list, wrapped."""
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=f"{indent}- ",
        subsequent_indent=f"{indent}  ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _some(names: t.Sequence[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


def _plain(text: str) -> str:
    return MARKUP.sub(r"\\\g<0>", " ".join(text.split()))
