# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A triage as lines for a terminal, and as a page in Markdown.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import collections
import re
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._shapes import Json
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils import _phrases, _text_table
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._phrases import counted

COLUMNS: t.Final = ("tenant", "incident", "severity", "devices", "users", "hits", "result", "title")
NOT_READ: t.Final = ("tenant", "result", "must_act", "what_to_do")
WORDS: t.Final = {"would_claim": "would claim", "new": "not taken", "claimed": "only claimed"}
AGAIN: t.Final = (
    "What is only claimed has no tags and no comment yet; add them by a run with"
    """ -e '{"triage_status": ["in_progress"], "triage_unassigned_only": false}'"""
)


def lines(result: Json) -> list[str]:
    """Counts first, then every incident by tenant, then the tenants that were not read."""
    rows = [_row(incident) for incident in result["incidents"]]
    table = _text_table.lines(rows, COLUMNS, _phrases.WIDTH)
    return [
        _headline(result),
        *([""] if table else []),
        *table,
        *_reasons(result["incidents"]),
        *_left_over(result["left_over"]),
        *_not_read(result["failures"]),
        "",
        _phrases.tenants_by_word(result["coverage"]),
    ]


def markdown(result: Json) -> str:
    """The hand-over: the table, and the comment of each incident."""
    head = ["tenant", "incident", "severity", "title", "devices", "users", "hits", "result"]
    rows = [
        [
            incident["host"],
            incident["id"],
            incident["severity"],
            incident["display_name"],
            ", ".join(incident["devices"]) or None,
            ", ".join(incident["users"]) or None,
            incident["total_hits"],
            _word(incident),
        ]
        for incident in result["incidents"]
    ]
    table = [head, ["---"] * len(head), *rows] if rows else []
    parts = [
        f"# Triage of {result['asked_at']}",
        _headline(result),
        "\n".join(f"| {' | '.join(_cell(value) for value in row)} |" for row in table),
        "\n".join(
            f"- {_cell(incident['host'])} {_cell(incident['id'])}: {_cell(incident['comment'])}"
            for incident in result["incidents"]
            if incident["comment"]
        ),
        "\n".join(
            f"- {_cell(host)} was not read: {_cell(error.get('category'))}"
            for host, error in result["failures"].items()
        ),
        _phrases.tenants_by_word(result["coverage"]),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _cell(value: t.Any) -> str:
    """Text that Markdown does not interpret."""
    return re.sub(r"([\\`*_{}\[\]<>|#])", r"\\\1", _text_table.cell(value))


def _headline(result: Json) -> str:
    states = collections.Counter(incident["state"] for incident in result["incidents"])
    taken = states["triaged"] + states["claimed"] + states["would_claim"] + states["new"]
    hosts = {
        incident["host"]
        for incident in result["incidents"]
        if incident["state"] not in ("taken", "failed")
    }
    read = len(result["tenants"]) - len(result["failures"])
    if not read:
        return "No tenant could be read"
    if not result["incidents"]:
        return f"Nothing new in {counted(read, 'tenant')}"
    where = f"{counted(taken, 'new incident')} in {len(hosts)} of {counted(read, 'tenant')}"
    if not result["sent"]:
        return f"Plan: claim {where}; nothing was sent"
    parts = [f"{where} claimed"]
    if states["taken"]:
        parts.append(f"{states['taken']} taken by somebody else")
    if states["failed"]:
        parts.append(f"{states['failed']} failed")
    if states["claimed"]:
        parts.append(f"{states['claimed']} of them without tags and comment")
    return ", ".join(parts)


def _row(incident: Json) -> Json:
    return {
        "tenant": incident["host"],
        "incident": incident["id"],
        "severity": incident["severity"],
        "devices": len(incident["devices"]),
        "users": len(incident["users"]),
        "hits": incident["total_hits"],
        "result": _word(incident),
        "title": incident["display_name"],
    }


def _word(incident: Json) -> str:
    state = str(incident["state"])
    return WORDS.get(state, state)


def _reasons(incidents: t.Sequence[Json]) -> list[str]:
    texts = [
        f"{incident['host']} {incident['id']}:"
        f" {_text_table.safe_text(_phrases.without_tenant(str(incident['text'])))}"
        for incident in incidents
        if incident["text"]
    ]
    if any(incident["state"] == "claimed" and incident["category"] for incident in incidents):
        texts.append(AGAIN)
    unknown = [
        f"{incident['host']} {incident['id']}: {name.replace('_', ' ')} not known"
        f" ({figure['category']})"
        for incident in incidents
        for name, figure in incident["hits"].items()
        if figure["category"]
    ]
    both = list(dict.fromkeys([*texts, *unknown]))
    return ["", *both] if both else []


def _left_over(left_over: t.Mapping[str, int]) -> list[str]:
    if not left_over:
        return []
    parts = ", ".join(f"{host} {number}" for host, number in left_over.items())
    return ["", f"More incidents than triage_limit allows: {parts}"]


def _not_read(failures: t.Mapping[str, Json]) -> list[str]:
    rows = [
        {
            "tenant": host,
            "result": error.get("category"),
            "must_act": error.get("who"),
            "what_to_do": _phrases.without_link(str(error.get("advice") or "")) or None,
        }
        for host, error in failures.items()
    ]
    table = _text_table.lines(rows, NOT_READ, _phrases.WIDTH)
    return ["", *table] if table else []
