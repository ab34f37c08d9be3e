# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tenants of a report: read completely, in part, or not at all; why, and who must act.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import collections
import re
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import CATEGORIES
from ansible_collections.mssp.defender_xdr.plugins.module_utils._shapes import Json
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report.inputs import Tenant
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report.questions import Question

# such as a tenant that is newer than the hunt that is reported
NOT_ASKED: t.Final = {
    "text": "No question was asked of this tenant.",
    "who": "caller",
    "advice": "Run the playbook for this tenant too.",
}
CONSENT: t.Final = re.compile(r"https://[^\s\"'<>]+/adminconsent\?[^\s\"'<>]+")
STATES: t.Final = ("complete", "partial", "unread")
WHO: t.Final = ("customer", "partner", "caller", "microsoft")
# A token or a response of another tenant: a security event, not a task for whoever wrote the play.
ALARMING: t.Final = frozenset({"wrong_tenant"})


def entry(
    tenant: Tenant,
    questions: t.Sequence[Question],
    incidents: t.Sequence[Json],
    *,
    sla: bool = False,
) -> Json:
    """The tenant's entry in report.json.

    :arg incidents: those of this tenant.
    """
    asked = [question for question in questions if tenant.host in question.answers]
    failed = [question for question in asked if question.answers[tenant.host] is not None]
    gaps = _gaps(tenant, failed) if asked else [_gap(questions[0].what, NOT_ASKED, {})]
    state = "partial"
    if len(failed) == len(asked):
        state = "unread"
    elif not failed:
        state = "complete"
    return {
        "host": tenant.host,
        "name": tenant.name,
        "tenant_id": tenant.tenant_id,
        "tier": tenant.tier,
        "state": state,
        "reason": gaps[0]["category"] if gaps else None,
        "gaps": gaps,
        "truncated": bool((tenant.incidents or {}).get("truncated")),
        "figures": None if state == "unread" else _figures(tenant, questions, incidents, sla=sla),
    }


def _figures(
    tenant: Tenant, questions: t.Sequence[Question], incidents: t.Sequence[Json], *, sla: bool
) -> Json:
    """The tenant's numbers; None for what it did not answer."""
    listed = any(
        question.what == "incidents" and question.answers.get(tenant.host, {}) is None
        for question in questions
    )
    own = [incident for incident in incidents if incident["open"]]
    counts: dict[str, int] = {
        "open": len(own),
        "high": sum(incident["severity"] == "high" for incident in own),
        "unassigned": sum(not incident["assigned_to"] for incident in own),
    }
    if sla:
        counts["breached"] = sum(incident["breached"] for incident in own)
    return {key: number if listed else None for key, number in counts.items()}


def _gaps(tenant: Tenant, failed: t.Sequence[Question]) -> list[Json]:
    """One gap for each kind of question and category, the hunts concerned beside it."""
    gaps: dict[tuple[str, str], Json] = {}
    preflight = tenant.preflight or {}
    for question in failed:
        failure = question.answers[tenant.host] or {}
        gap = _gap(question.what, failure, preflight)
        gap = gaps.setdefault((gap["what"], gap["category"]), gap)
        if question.what == "hunt":
            gap["hunts"].append(question.name)
    return list(gaps.values())


def _gap(what: str, failure: Json, preflight: Json) -> Json:
    """Why a question was not answered, and who must act."""
    category = str(failure.get("category") or "unavailable")
    category = category if re.fullmatch(r"[a-z_]+", category) else "unavailable"
    # the check of access knows more about the same failure, such as the missing roles
    same = preflight if preflight.get("category") == category else {}
    who, advice = CATEGORIES.get(category, ("caller", ""))
    text = str(failure.get("text") or "")
    advice = str(failure.get("advice") or same.get("advice") or advice)
    link = CONSENT.search(advice) or CONSENT.search(text)
    who = str(failure.get("who") or same.get("who") or who)
    return {
        "what": what,
        "category": category,
        "text": text,
        "who": who if who in WHO else "caller",
        "advice": advice,
        "link": link[0].rstrip(".,;)") if link else "",
        "missing_roles": list(failure.get("missing_roles") or same.get("missing_roles") or []),
        "hunts": [],
    }


def alarms(entries: t.Iterable[Json]) -> list[Json]:
    """The security events, each once although several questions may have met it."""
    found: dict[tuple[str, str], Json] = {}
    for tenant in entries:
        for gap in tenant["gaps"]:
            if gap["category"] in ALARMING:
                alarm = {"host": tenant["host"], "tenant_name": tenant["name"]}
                alarm |= {key: gap[key] for key in ("category", "what", "text")}
                found.setdefault((tenant["host"], gap["category"]), alarm)
    return list(found.values())


def coverage(entries: t.Sequence[Json]) -> Json:
    """How many tenants are in each state; the unread ones by category and by who must act."""
    states = collections.Counter(tenant["state"] for tenant in entries)
    first = [
        tenant["gaps"][0] for tenant in entries if tenant["state"] == "unread" and tenant["gaps"]
    ]
    # a security event is nobody's task
    tasks = collections.Counter(gap["who"] for gap in first if gap["category"] not in ALARMING)
    return {
        "asked": len(entries),
        **{state: states[state] for state in STATES},
        "by_category": dict(collections.Counter(gap["category"] for gap in first).most_common()),
        "by_who": {who: tasks[who] for who in WHO if tasks[who]},
    }
