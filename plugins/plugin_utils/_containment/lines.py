# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A containment as lines for a terminal: the plan, the question for approval, and the result.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import collections
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._shapes import Json
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils import _phrases, _text_table
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._containment.plan import VERBS
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._phrases import counted

COLUMNS: t.Final = ("tenant", "device", "incidents", "result", "reason")


def of_result(result: Json) -> list[str]:
    """The lines of a fact `contain_result`: counts first, then every device, then the problems."""
    rows = sorted(result["devices"], key=lambda row: (not row["category"], row["host"]))
    return [
        _headline(result),
        *_others(result),
        "",
        *_text_table.lines([_row(row) for row in rows], COLUMNS, _phrases.WIDTH),
        *_reasons(rows),
        "",
        _phrases.tenants_by_word(result["coverage"]),
    ]


def question(plan: Json, *, isolation_type: str, comment: str) -> str:
    """What a person approves: counts first, then by tenant."""
    by_host: dict[str, list[str]] = collections.defaultdict(list)
    for device in plan["devices"]:
        if device["plan"] == VERBS[plan["state"]]:
            by_host[device["host"]].append(_text_table.safe_text(str(device["name"])))
    tags = sum(device["tags_missing"] for device in plan["devices"])
    number = sum(map(len, by_host.values()))
    kind = f" ({isolation_type})" if plan["state"] == "isolated" else ""
    verb = VERBS[plan["state"]].capitalize()
    lines = [
        f"{verb} {counted(number, 'device')}{kind} in {counted(len(by_host), 'tenant')}",
        *(f"  {host}: {len(names)} ({', '.join(names)})" for host, names in by_host.items()),
        *([f"Change the tags of {counted(tags, 'device')}"] if tags else []),
        f"Comment: {_text_table.safe_text(comment)}",
        "Type yes to go on; anything else sends nothing",
    ]
    return "\n".join(lines)


def too_many(plan: Json, most: int) -> str:
    """Why the containment is refused; nothing if it is not.

    :arg most: 0 sets no limit.
    """
    if not most or plan["changes"] <= most:
        return ""
    hosts = {
        device["host"]
        for device in plan["devices"]
        if device["plan"] == VERBS[plan["state"]] or device["tags_missing"]
    }
    return (
        f"Refused: {counted(plan['changes'], 'device')} in {counted(len(hosts), 'tenant')} would be"
        f" changed, but contain_max_changes is {most}, so nothing was sent; set contain_max_changes"
        f" to {plan['changes']} to allow that."
    )


def _headline(result: Json) -> str:
    """What was done, or would be."""
    outcomes = collections.Counter(row["outcome"] for row in result["devices"])
    state = result["state"]
    if not result["sent"]:
        number = outcomes[f"would_{VERBS[state]}"]
        tenants = len(
            {row["host"] for row in result["devices"] if row["outcome"].startswith("would_")}
        )
        would = f"{VERBS[state]} {counted(number, 'device')} in {counted(tenants, 'tenant')}"
        return f"Plan: {would}; nothing was sent so far"
    changed = [row for row in result["devices"] if row["outcome"] == state and row["changed"]]
    tenants = len({row["host"] for row in changed})
    if not changed:
        return f"No device was {state}"
    return f"{counted(len(changed), 'device')} {state} in {counted(tenants, 'tenant')}"


def _others(result: Json) -> list[str]:
    """The devices that are not in the headline, in one line."""
    state, rows = result["state"], result["devices"]
    already = sum(row["outcome"] == state and not row["changed"] for row in rows)
    number = collections.Counter(row["outcome"] for row in rows if row["id"])
    parts = [
        (already, f"already {state}"),
        (number["would_tag"], "to be tagged"),
        (number["refused"], "refused"),
        (number["failed"], "failed"),
        (number["timeout"], "not finished in time"),
        (sum(not row["id"] for row in rows), "not found or not readable"),
    ]
    parts = [(count, word) for count, word in parts if count]
    return ["; ".join(f"{count} {word}" for count, word in parts)] if parts else []


def _row(row: Json) -> Json:
    return {
        "tenant": row["host"],
        "device": row["name"],
        "incidents": row["incidents"],
        "result": _result_word(row),
        "reason": row["category"] or None,
    }


def _result_word(row: Json) -> str:
    outcome = str(row["outcome"])
    if outcome.startswith("would_"):
        return outcome.replace("_", " ")
    if row["category"] or row["changed"]:
        return outcome
    return f"already {outcome}"


def _reasons(rows: t.Sequence[Json]) -> list[str]:
    """A sentence for each problem, each once: several devices of a tenant may have the same."""
    texts = dict.fromkeys(
        f"{row['host']}: {_text_table.safe_text(_phrases.without_tenant(str(row['text'])))}"
        for row in rows
        if row["category"] and row["text"]
    )
    return ["", *texts] if texts else []
