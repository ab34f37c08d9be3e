# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What became of a containment: the fact `contain_result`, from its plan and its sweeps.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._shapes import Json
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils import _rounds
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._containment.plan import VERBS

Answers = dict[tuple[str, str], _rounds.Answer]
REASON: t.Final = ("category", "text", "who", "advice")


def result(
    plan: Json,
    *,
    started: t.Any = None,
    waited: t.Any = None,
    tagged: t.Any = None,
    refusal: Json | None = None,
) -> Json:
    """The fact. Without `waited`, nothing was sent, and it says what would be done.

    :arg plan: of `plan.plan`, with its dry run.
    :arg started: the results of `device_isolation` without a wait, in sweeps over the rounds `act`.
    :arg waited: the same with a wait, over the rounds `wait`.
    :arg tagged: the results of `device_tag`, over the rounds `tag`.
    :arg refusal: `category` and `text` if the whole containment is refused.
    """
    is_dry = waited is None
    steps = [_by_device(looped) for looped in (started, waited, tagged)]
    devices = [_outcome(device, plan["state"], is_dry, *steps) for device in plan["devices"]]
    tenants = {host: _word(host, devices, refusal) for host in plan["hosts"]}
    return {
        "state": plan["state"],
        "sent": not is_dry,
        "coverage": coverage(tenants),
        "tenants": tenants,
        "devices": devices,
        "changes": plan["changes"],
        "changed": sum(device["changed"] for device in devices),
        "category": (refusal or {}).get("category", ""),
        "text": (refusal or {}).get("text", ""),
    }


def coverage(tenants: t.Mapping[str, str]) -> dict[str, int]:
    """Tenants by word; those that are not complete count as failed."""
    number = {word: 0 for word in ("complete", "partial", "unread")}
    for word in tenants.values():
        number[word] += 1
    failed = number["partial"] + number["unread"]
    return {
        "asked": len(tenants),
        "answered": number["complete"],
        "failed": failed,
        **number,
    }


def _by_device(looped: t.Any) -> Answers:
    return {(answer.host, answer.item): answer for answer in _rounds.answers(looped)}


def _word(host: str, devices: t.Sequence[Json], refusal: Json | None) -> str:
    """`complete` if every device is as wanted, `unread` if the tenant answered nothing."""
    rows = [device for device in devices if device["host"] == host]
    if not any(device["is_read"] for device in rows):
        return "unread"
    if refusal or any(device["category"] for device in rows):
        return "partial"
    return "complete"


def _outcome(
    device: Json, state: str, is_dry: bool, started: Answers, waited: Answers, tagged: Answers
) -> Json:
    """A device with its `outcome`: the state, `would_isolate`, `would_release`, `would_tag`,
    `refused`, `failed`, or `timeout` for an action that is still open."""
    row = {
        name: device[name] for name in ("host", "id", "name", "incidents", *REASON, "is_read")
    } | {"outcome": device["plan"], "changed": False, "action": None, "tags": "unchanged"}
    if device["plan"] in ("refused", "failed"):
        return row
    if is_dry:
        return row | _prediction(device, state)
    key = (device["host"], device["id"])
    row["outcome"] = state
    # a step that failed is not followed by a wait
    for answers in (started, waited):
        if key in answers and not row["category"]:
            row |= _of_answer(row, answers[key])
    if key in tagged and not row["category"]:
        row |= _of_tags(row, tagged[key])
    return row


def _prediction(device: Json, state: str) -> Json:
    if device["plan"] == VERBS[state]:
        return {"outcome": f"would_{VERBS[state]}"}
    return {"outcome": "would_tag" if device["tags_missing"] else state}


def _of_answer(row: Json, answer: _rounds.Answer) -> Json:
    facts = answer.result or answer.error or {}
    action = facts.get("action") or {}
    return {
        "changed": row["changed"] or bool(facts.get("changed")),
        "action": {name: action.get(name) for name in ("id", "type", "status")}
        if action
        else row["action"],
        **(_error(answer.error) if answer.error else {}),
    }


def _of_tags(row: Json, answer: _rounds.Answer) -> Json:
    if answer.error:
        error = _error(answer.error)
        # the device is contained all the same
        return {**error, "outcome": row["outcome"], "tags": "failed"}
    changed = bool((answer.result or {}).get("changed"))
    return {"changed": row["changed"] or changed, "tags": "changed" if changed else "unchanged"}


def _error(error: Json) -> Json:
    category = error.get("category") or "unavailable"
    outcome = category if category in ("refused", "timeout") else "failed"
    return {
        "outcome": outcome,
        "category": category,
        "text": error.get("msg") or "",
        "who": error.get("who") or "",
        "advice": error.get("advice") or "",
    }
