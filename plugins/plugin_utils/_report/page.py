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
import functools
import hashlib
import json
import re
import typing as t
from pathlib import Path

import jinja2
from ansible_collections.mssp.defender_xdr.plugins.module_utils._shapes import Json
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report import plots as _plots
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report import texts as _texts
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report.counts import SEVERITIES
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report.tenants import ALARMING, WHO
from markupsafe import Markup

ROLE: t.Final = Path(__file__).resolve().parents[3] / "roles" / "report"
URGENT: t.Final = 100  # incidents in the table of what to do now
SHARED: t.Final = 200  # indicators of several tenants, those of most tenants first
COLUMNS: t.Final = tuple(
    (
        "host tenant_name tier id severity name service_sources alerts devices users device_names"
        " user_names tactics tags status classification assigned_to created updated age_hours new"
        " ransomware hunts url"
    ).split()
)
SLA_COLUMNS: t.Final = ("due", "late_hours", "breached")
TENANT: t.Final = ("host", "name", "tier", "state", "reason")
FIGURES: t.Final = ("open", "high", "unassigned", "breached", "hits")
# What would end a script element, or a line of JavaScript, inside a string of JSON.
ESCAPES: t.Final = {ord(each): f"\\u{ord(each):04x}" for each in "<>&\u2028\u2029"}
CAMEL: t.Final = re.compile(r"(?<=[a-z])(?=[A-Z])")


def page(report: Json) -> str:
    """The whole HTML."""
    style, script = (
        (ROLE / "files" / name).read_text(encoding="utf-8") for name in ("page.css", "page.js")
    )
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    tenant_names = {one["host"]: one["name"] for one in report["tenants"]}
    environment.filters |= {
        "anchor": functools.partial(_anchor, [hunt["name"] for hunt in report["hunts"]]),
        "figure": _texts.figure,
        "hit_tenants": _texts.tenants_with_hits,
        "hours": hours,
        "late": late,
        "link": _link,
        "product": _texts.product,
        "tenant_name": lambda host: tenant_names.get(host, host),
        "words": words,
        "when": functools.partial(_texts.clock, zone=report["time_zone"]),
    }
    found = {(one["host"], one["id"]): one for one in report["incidents"]}
    urgent = [found[host, number] for host, number in report["incidents_summary"]["do_now"] or ()]
    hits = sorted(
        (hunt for hunt in report["hunts"] if hunt["rows"]),
        key=lambda hunt: (SEVERITIES.index(hunt["severity"]), -_texts.tenants_with_hits(hunt)),
    )
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
        tiles=tiles(report),
        plots=_plots.plots(report),
        severities=SEVERITIES,
        actors=_texts.ACTORS,
        period=_texts.period(report["questions"]),
        default_period=_texts.DEFAULT_PERIOD,
        tenant_names=tenant_names,
        urgent=urgent,
        most=URGENT,
        hits=hits,
        quiet={
            "without hits": [hunt for hunt in report["hunts"] if hunt["rows"] == 0],
            "that no tenant answered": [hunt for hunt in report["hunts"] if hunt["rows"] is None],
        },
        hunts_with_hits=_texts.hunts_with_hits(report["hunts"]),
        shared=_texts.shared(report),
        refused=_refused(report),
        partial=_partial(report),
        cut=_texts.cut(report),
        shared_most=SHARED,
        untaken=max(0, len(report["shared"]) - SHARED),
    )


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _embedded(report: Json) -> str:
    """The data of the page's tables, by position to be short; a script element cannot be left from
    within it."""
    columns = (*COLUMNS, *(SLA_COLUMNS if report["sla"] else ()))
    tenants = [
        [*(one[key] for key in TENANT), *((one["figures"] or {}).get(key) for key in FIGURES)]
        for one in report["tenants"]
    ]
    incidents = [[_cell(key, one[key]) for key in columns] for one in report["incidents"]]
    data = {
        "incidents": {"columns": columns, "rows": incidents},
        "tenants": {"columns": (*TENANT, *FIGURES), "rows": tenants},
        "zone": report["time_zone"],
        "hunts": {hunt["name"]: hunt["title"] for hunt in report["hunts"]},
        "anchors": {hunt["name"]: number for number, hunt in enumerate(report["hunts"])},
    }
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).translate(ESCAPES)


def _cell(key: str, value: t.Any) -> t.Any:
    """The value as a person reads it and searches for it."""
    if key in CELLS:
        return [CELLS[key](each) for each in value]
    return value


def _anchor(names: list[str], name: str) -> int:
    """A number in place of a name that may hold anything."""
    return names.index(name)


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


def late(value: float | None) -> str:
    """Hours past the service level for a person, or hours left."""
    if value is None:
        return _texts.NONE
    return f"{hours(value)} late" if value > 0 else f"in {hours(value)}"


def words(name: str) -> str:
    """A status or a tactic as words: `in_progress` and `InitialAccess` have none of their own."""
    return CAMEL.sub(" ", name.replace("_", " "))


CELLS: t.Final[t.Mapping[str, t.Callable[[str], str]]] = {
    "service_sources": _texts.product,
    "tactics": words,
}


def tiles(report: Json) -> list[Json]:
    """The large figures: title, number, over how many tenants, and whether a person must act."""
    coverage, summary = report["coverage"], report["incidents_summary"]
    made = [
        _tile(
            "Tenants unread",
            coverage["unread"],
            f"of {coverage['asked']:,}, {coverage['partial']:,} partial,"
            f" {coverage['complete']:,} complete",
            bad=coverage["unread"] > 0,
        )
    ]
    if summary["asked"]:
        over = _texts.over(summary)
        made.append(_tile("Open incidents", summary["open"], over))
        for key, title, is_bad in (
            ("high", "High severity", True),
            ("unassigned", "Unassigned", False),
            ("new", "New", False),
            ("breached", "Past the SLA", True),
        ):
            if key in summary:
                made.append(_tile(title, summary[key], over, bad=is_bad and bool(summary[key])))
    if report["hunts"]:
        hunts = report["hunts"]
        made.append(
            _tile("Hunts with hits", _texts.hunts_with_hits(hunts), _texts.over_hunts(hunts))
        )
    return made


def _tile(title: str, number: int | None, over: str, *, bad: bool = False) -> Json:
    return {"title": title, "number": _texts.figure(number), "over": over, "bad": bad}


def _refused(report: Json) -> dict[str, list[Json]]:
    """The tenants that were not read, by who must act and by reason: category, advice, and tenants
    with name, text and link."""
    found: dict[str, dict[str, Json]] = {who: {} for who in WHO}
    # a security event stands at the top of the page
    unread = [
        one
        for one in report["tenants"]
        if one["state"] == "unread" and one["reason"] not in ALARMING
    ]
    for one in unread:
        gap = one["gaps"][0]
        # each tenant has a link of its own
        advice = str(gap["advice"])
        if gap["link"]:
            advice = advice.replace(gap["link"], "")
        advice = advice.strip().rstrip(":. ") + "."
        group = found[gap["who"]].setdefault(
            gap["category"], {"category": gap["category"], "advice": advice, "tenants": []}
        )
        group["tenants"].append({"name": one["name"], "text": gap["text"], "link": gap["link"]})
    for groups in found.values():
        for group in groups.values():
            group["count"] = len(group["tenants"])
    return {
        who: sorted(groups.values(), key=lambda group: -group["count"])
        for who, groups in found.items()
        if groups
    }


def _partial(report: Json) -> list[Json]:
    """What tenants that were read in part did not answer, by question and reason."""
    groups: dict[tuple[str, str], Json] = {}
    partial = [one for one in report["tenants"] if one["state"] == "partial"]
    for one in partial:
        for gap in one["gaps"]:
            group = groups.setdefault(
                (gap["what"], gap["category"]), {**gap, "tenants": [], "hunts": []}
            )
            group["tenants"].append(one["name"])
            group["hunts"] += [name for name in gap["hunts"] if name not in group["hunts"]]
    return sorted(groups.values(), key=lambda group: -len(group["tenants"]))
