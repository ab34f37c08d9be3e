# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What became of a triage: the fact `triage_result`, and the comments that it posts.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._shapes import Json
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils import _rounds
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._triage import facts as _facts


def result(
    plan: Json,
    *,
    hunts: t.Any = None,
    written: t.Any = None,
    timespan: str = "7d",
    asked_at: str = "",
    sent: bool = True,
) -> Json:
    """The fact. Before `written` is known, its incidents have the comments to post.

    :arg plan: of `plan.plan`, with the claims.
    :arg hunts: as in `facts.hits`.
    :arg written: the results of `incident` with tags and comment, in sweeps over `claimed`.
    :arg sent: False if nothing was sent, because it is a dry run or was refused.
    """
    answers = {(answer.host, answer.item): answer for answer in _rounds.answers(written)}
    incidents = [
        _entry(incident, hunts, answers, timespan, sent=sent) for incident in plan["incidents"]
    ]
    tenants = {host: _word(host, plan, incidents) for host in plan["hosts"]}
    return {
        "asked_at": asked_at,
        "sent": sent,
        "coverage": _coverage(tenants, incidents),
        "tenants": tenants,
        "incidents": incidents,
        "comments": _comments(incidents),
        "failures": plan["failures"],
        "left_over": plan["left_over"],
        "changes": sum(incident["state"] in ("claimed", "triaged") for incident in incidents),
        "category": "refused" if plan["refusal"] else "",
        "text": plan["refusal"],
    }


def _comments(incidents: t.Sequence[Json]) -> dict[str, dict[str, str]]:
    """The comment of each incident, by host and id."""
    found: dict[str, dict[str, str]] = {}
    for incident in incidents:
        if incident["comment"]:
            found.setdefault(incident["host"], {})[incident["id"]] = incident["comment"]
    return found


def _entry(
    incident: Json,
    hunts: t.Any,
    answers: t.Mapping[tuple[str, str], _rounds.Answer],
    timespan: str,
    *,
    sent: bool,
) -> Json:
    # nobody hunts for what is not ours
    figures = _facts.hits(incident, hunts if incident["state"] == "claimed" else None)
    entry = {**incident, "hits": figures, "total_hits": _facts.total(figures), "comment": None}
    if incident["state"] != "claimed":
        return entry
    if not sent:
        return {**entry, "state": "would_claim"}
    entry["comment"] = _facts.comment(incident, figures, timespan=timespan)
    answer = answers.get((incident["host"], incident["id"]))
    if answer is None:
        return entry
    if answer.error:
        category = answer.error.get("category") or "unavailable"
        return {
            **entry,
            "state": "claimed",
            "category": category,
            "text": answer.error.get("msg") or "",
        }
    return {**entry, "state": "triaged"}


def _word(host: str, plan: Json, incidents: t.Sequence[Json]) -> str:
    """`unread` if the incidents of the tenant could not be listed, `partial` if one of them could
    not be taken, or a hunt was not answered."""
    if host in plan["failures"]:
        return "unread"
    for incident in incidents:
        if incident["host"] == host and (
            is_broken(incident) or any(figure["category"] for figure in incident["hits"].values())
        ):
            return "partial"
    return "complete"


def is_broken(incident: Json) -> bool:
    """Whether the incident could not be claimed, or was claimed without its tags and comment. One
    that somebody else took meanwhile is theirs."""
    return bool(incident["category"]) and incident["state"] != "taken"


def _coverage(tenants: t.Mapping[str, str], incidents: t.Sequence[Json]) -> dict[str, int]:
    """Tenants by word. Unread tenants count as failed, and those with an incident that could not be
    changed; a hunt that was not answered does not make a tenant a failure."""
    number = {
        word: sum(each == word for each in tenants.values())
        for word in ("complete", "partial", "unread")
    }
    broken = {incident["host"] for incident in incidents if is_broken(incident)}
    failed = number["unread"] + len(broken)
    return {"asked": len(tenants), "answered": len(tenants) - failed, "failed": failed, **number}
