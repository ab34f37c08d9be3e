# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A report as one page that needs nothing else: template, style, script, plots and data in one
file.

The page's own policy lets exactly this style and this script run, and nothing be fetched. Data is
escaped by Jinja, which renders the template of the role and never what is in the data.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import base64
import hashlib
import json
import typing as t
from pathlib import Path

import jinja2
from ansible_collections.mssp.defender_xdr.plugins.module_utils._shapes import Json
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report import (
    charts as _report_charts,
)
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report import (
    tables as _report_tables,
)
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report.counts import SEVERITIES
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report.model import WHO
from markupsafe import Markup

ROLE: t.Final = Path(__file__).resolve().parents[3] / "roles" / "report"
TOP: t.Final = 15  # bars of the tenants with most open incidents
SHARED: t.Final = 200  # indicators of several tenants, those of most tenants first
COLUMNS: t.Final = (
    "host",
    "tier",
    "id",
    "name",
    "severity",
    "status",
    "assigned_to",
    "created",
    "updated",
    "age_hours",
    "due",
    "late_hours",
    "url",
)
TENANT: t.Final = (
    "host",
    "name",
    "tier",
    "state",
    "open",
    "high",
    "unassigned",
    "breached",
    "hits",
)
# What would end a script element, or a line of JavaScript, inside a string of JSON.
ESCAPES: t.Final = {ord(each): f"\\u{ord(each):04x}" for each in "<>&\u2028\u2029"}


def page(report: Json) -> str:
    """The whole HTML."""
    style, script = (
        (ROLE / "files" / name).read_text(encoding="utf-8") for name in ("page.css", "page.js")
    )
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"link": _link, "hours": hours, "when": _when}
    text = (ROLE / "templates" / "page.html.j2").read_text(encoding="utf-8")
    return environment.from_string(text).render(
        report=report,
        policy=(
            f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}';"
            " base-uri 'none'; form-action 'none'"
        ),
        style=Markup(style),
        script=Markup(script),
        data=Markup(_embedded(report)),
        plots=plots(report),
        severities=SEVERITIES,
        people=_report_tables.PEOPLE,
        line=_report_tables.coverage_line(report["coverage"]),
        shared_most=SHARED,
        refused=_refused(report),
        partly=_partly(report),
        found={(one["host"], one["id"]): one for one in report["incidents"]},
        hits=sorted(report["hunts"], key=lambda hunt: (-len(hunt["hits"]), -hunt["rows"])),
        untaken=max(0, len(report["shared"]) - SHARED),
    )


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _embedded(report: Json) -> str:
    """What the page's tables are made of, by position to be short; a script element cannot be left
    from within it."""
    columns = {"incidents": COLUMNS, "tenants": TENANT}
    data = {
        name: {"columns": own, "rows": [[one[key] for key in own] for one in report[name]]}
        for name, own in columns.items()
    }
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).translate(ESCAPES)


def _link(url: t.Any) -> str:
    """An address that may be a link: nothing but https."""
    text = str(url)
    return text if text.lower().startswith("https://") else ""


def hours(value: float | None) -> str:
    """A length of time for a person: 50 min, 7 h, 12 d."""
    if value is None:
        return "–"
    size = abs(value)
    if size < 1:
        return f"{size * 60:.0f} min"
    return f"{size:.0f} h" if size < 48 else f"{size / 24:.0f} d"


def _when(text: str) -> str:
    return text.replace("T", " ").replace("Z", " UTC")


def _refused(report: Json) -> dict[str, list[Json]]:
    """The tenants that were not read by who must act, and for each reason together: category,
    advice, and tenants with name, text and link."""
    found: dict[str, dict[str, Json]] = {who: {} for who in WHO}
    unread = [one for one in report["tenants"] if one["state"] == "unread"]
    for one in unread:
        gap = one["gaps"][0]
        # the link is each tenant's own
        advice = str(gap["advice"])
        if gap["link"]:
            advice = advice.replace(gap["link"], "")
        advice = advice.strip().rstrip(":. ") + "."
        group = found.setdefault(gap["who"], {}).setdefault(
            gap["category"], {"category": gap["category"], "advice": advice, "tenants": []}
        )
        group["tenants"].append({"name": one["name"], "text": gap["text"], "link": gap["link"]})
    return {
        who: sorted(groups.values(), key=lambda group: -len(group["tenants"]))
        for who, groups in found.items()
        if groups
    }


def _partly(report: Json) -> list[Json]:
    """What tenants that were read in part did not answer, by kind and reason."""
    groups: dict[tuple[str, str], Json] = {}
    partly = [one for one in report["tenants"] if one["state"] == "partly"]
    for one in partly:
        for gap in one["gaps"]:
            group = groups.setdefault(
                (gap["what"], gap["category"]), {**gap, "tenants": [], "queries": []}
            )
            group["tenants"].append(one["name"])
            group["queries"] += [
                query for query in gap.get("queries", ()) if query not in group["queries"]
            ]
    return sorted(groups.values(), key=lambda group: -len(group["tenants"]))


def plots(report: Json) -> dict[str, Json]:
    """By name a plot: title, svg, and the table that says the same (head and rows)."""
    summary = report["incidents_summary"]
    made: dict[str, Json] = {}
    if "incidents" in report["sources"]:
        tenants = summary["by_tenant"]
        first = list(tenants)[:TOP]
        more = len(tenants) - len(first)
        words = (
            f"Open incidents by tenant, the {len(first)} with most of {len(tenants)}"
            if more
            else "Open incidents by tenant"
        )
        made["tenants"] = _severities("tenants", words, {host: tenants[host] for host in first})
        made["status"] = _severities(
            "status",
            "Listed incidents by status and severity",
            {_words(key): own for key, own in summary["by_status"].items()},
        )
        made["age"] = _severities("age", "Open incidents by age", summary["by_age"])
        kinds = (
            ("past", "late", "breached"),
            ("within", "good", "within"),
            ("no limit", "plain", "without"),
        )
        made["tiers"] = _plot(
            "tiers",
            "Service levels of open incidents by tenant tier",
            [one["tier"] for one in summary["by_tier"]],
            [
                (name, colour, [one[key] for one in summary["by_tier"]])
                for name, colour, key in kinds
            ],
        )
    if report["tactics"]:
        rows = report["tactics"]
        made["tactics"] = _plot(
            "tactics",
            "Hits of hunts by tactic",
            [one["tactic"] for one in rows],
            [("rows", "accent", [one["hits"] for one in rows])],
        )
        made["tactics"]["head"] += ["tenants", "hunts"]
        made["tactics"]["rows"] = [
            [one["tactic"], one["hits"], one["tenants"], one["hunts"]] for one in rows
        ]
    return made


def _words(key: str) -> str:
    return key.replace("_", " ")


def _severities(name: str, title: str, rows: t.Mapping[str, t.Mapping[str, int]]) -> Json:
    used = [severity for severity in SEVERITIES if any(own[severity] for own in rows.values())]
    return _plot(
        name,
        title,
        list(rows),
        [(severity, severity, [own[severity] for own in rows.values()]) for severity in used],
    )


def _plot(
    name: str, title: str, labels: list[str], series: list[tuple[str, str, list[int]]]
) -> Json:
    svg = (
        _report_charts.bars(name, title, labels, series)
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
