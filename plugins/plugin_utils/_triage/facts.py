# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a triage learned about each incident, as numbers and as the text of a comment.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._shapes import Json
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils import _rounds, _text_table
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._triage.plan import HUNTS, sought

NOUNS: t.Final = ("alerts", "devices", "users", "addresses", "hashes")
SINGULAR: t.Final = {"addresses": "address", "hashes": "hash"}
TITLES: t.Final = {
    "logons_of_users": "logons of the users",
    "connections_to_addresses": "connections to the addresses",
    "files_by_hash": "events of files with the hashes",
}


def hits(incident: Json, hunts: t.Any) -> dict[str, Json]:
    """By hunt: `asked`, `events` and `devices` (null unless the tenant answered), `truncated`, and
    the `category` of a failure.

    :arg hunts: the results of `hunting_query` in sweeps, one for each hunt, in a loop whose item
        has the `name` of the hunt.
    """
    return {name: _of_hunt(incident, name, _swept(hunts, name)) for name in HUNTS}


def _swept(hunts: t.Any, name: str) -> Json | None:
    for swept in hunts or ():
        item = swept.get(str(swept.get("ansible_loop_var", "item"))) or {}
        if item.get("name") == name and not swept.get("skipped"):
            return t.cast("Json", swept)
    return None


def _of_hunt(incident: Json, name: str, swept: Json | None) -> Json:
    values = sought(incident, HUNTS[name][1])
    figure: Json = {
        "asked": bool(values) and swept is not None,
        "events": None,
        "devices": None,
        "truncated": False,
        "category": "",
    }
    if not figure["asked"]:
        return figure
    result, error = _rounds.outcome(t.cast("Json", swept), incident["host"])
    if result is None:
        return {**figure, "category": (error or {}).get("category") or "unavailable"}
    rows = [row for row in result.get("rows") or () if row.get("Entity") in values]
    return {
        **figure,
        "events": sum(int(row.get("Events") or 0) for row in rows),
        "devices": len({row.get("DeviceName") for row in rows}),
        "truncated": bool(result.get("truncated")),
    }


def total(figures: t.Mapping[str, Json]) -> int | str | None:
    """The events of all hunts; `12+` if there may be more, null if no hunt was answered."""
    answered = [figure for figure in figures.values() if figure["events"] is not None]
    if not answered:
        return None
    number = sum(figure["events"] for figure in answered)
    is_partial = any(
        figure["truncated"] or (figure["asked"] and figure["events"] is None)
        for figure in figures.values()
    )
    return f"{number}+" if is_partial else number


def comment(incident: Json, figures: t.Mapping[str, Json], *, timespan: str) -> str:
    """The comment: what the incident is about, and what the hunts found. What nobody answered is
    not known, which is not 0."""
    counts = (_counted(incident, noun) for noun in NOUNS)
    evidence = ", ".join(text for text in counts if text)
    parts = [f"Evidence: {evidence}." if evidence else "Evidence: none."]
    found = [_sentence(name, figure) for name, figure in figures.items() if figure["asked"]]
    if found:
        parts.append(f"Hunts over {timespan}: {'; '.join(found)}.")
    return " ".join(parts)


def _counted(incident: Json, noun: str) -> str:
    value = incident[noun]
    number = value if isinstance(value, int) else len(value)
    if not number:
        return ""
    return f"{number} {SINGULAR.get(noun, noun.removesuffix('s')) if number == 1 else noun}"


def _sentence(name: str, figure: Json) -> str:
    title = TITLES[name]
    if figure["events"] is None:
        return f"{title} not known ({_text_table.safe_text(figure['category'])})"
    more = "at least " if figure["truncated"] else ""
    if not figure["events"]:
        return f"no {title}"
    noun = "device" if figure["devices"] == 1 else "devices"
    return f"{more}{figure['events']} {title} on {figure['devices']} {noun}"
