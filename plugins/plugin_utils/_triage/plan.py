# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which incidents a triage takes: new ones, with what their evidence is about.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._incidents.entities import entities
from ansible_collections.mssp.defender_xdr.plugins.module_utils._incidents.incident import (
    SEVERITIES,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._shapes import Json
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils import _rounds

# Each hunt of the role: its parameter, and the entities of an incident that it looks for.
HUNTS: t.Final[t.Mapping[str, tuple[str, str]]] = {
    "logons_of_users": ("accounts", "users"),
    "connections_to_addresses": ("addresses", "addresses"),
    "files_by_hash": ("hashes", "hashes"),
}
KEPT: t.Final = ("id", "display_name", "severity", "status", "assigned_to", "custom_tags")
TIMES: t.Final = ("created_date_time", "incident_web_url")


def plan(
    listed: Json,
    claims: t.Any = None,
    *,
    tags: t.Sequence[str] = (),
    limit: int = 0,
    max_changes: int = 0,
) -> Json:
    """The incidents to take, the rounds in which a sweep claims them, and what to hunt for.

    :arg listed: the result of `incident_info` in a sweep, with alerts.
    :arg claims: the results of `incident` with `claim`, in sweeps over `rounds`.
    :arg tags: an incident that has all of them has been triaged before, and is left out.
    :arg limit: the most incidents of a tenant, the worst and oldest first; 0 sets no limit.
    :arg max_changes: the most incidents of all tenants; 0 sets no limit.

    Returns `hosts`, `failures` (errors by host), `incidents`, `left_over` (how many the limit left
    out, by host), `rounds`, `claimed` (the rounds of those that were claimed), `questions` (by
    hunt, the parameters by host), and `refusal`.
    """
    by_host, left_over = {}, {}
    for host, result in (listed.get("results") or {}).items():
        found = sorted(
            (incident for incident in result.get("incidents") or () if _is_new(incident, tags)),
            key=_urgency,
        )
        most = limit or len(found)
        by_host[host] = [_described(host, result, incident) for incident in found[:most]]
        if found[most:]:
            left_over[host] = len(found) - most
    answers = {(answer.host, answer.item): answer for answer in _rounds.answers(claims)}
    incidents = [
        _claimed(incident, answers.get((host, incident["id"])), claims is not None)
        for host, several in by_host.items()
        for incident in several
    ]
    ours = [incident for incident in incidents if incident["state"] in ("claimed", "new")]
    return {
        "hosts": [*by_host, *(listed.get("failures") or {})],
        "failures": dict(listed.get("failures") or {}),
        "incidents": incidents,
        "left_over": left_over,
        "rounds": _rounds.of_rows(incidents),
        "claimed": _rounds.of_rows(ours),
        "questions": questions(ours),
        "refusal": _refusal(incidents, max_changes),
    }


def _is_new(incident: Json, tags: t.Sequence[str]) -> bool:
    standing = {str(tag).lower() for tag in incident.get("custom_tags") or ()}
    return not tags or not {tag.lower() for tag in tags} <= standing


def _urgency(incident: Json) -> tuple[int, str]:
    severity = str(incident.get("severity"))
    rank = SEVERITIES.index(severity) if severity in SEVERITIES else 0
    return -rank, str(incident.get("created_date_time") or "~")


def _described(host: str, result: Json, incident: Json) -> Json:
    alerts = incident.get("alerts") or []
    evidence = entities({**alert, "incident_id": incident.get("id")} for alert in alerts)
    tenant = result.get("tenant") or {}
    return {
        "host": host,
        "tenant_id": tenant.get("id"),
        "tenant_name": tenant.get("name"),
        **{name: incident.get(name) for name in (*KEPT, *TIMES)},
        "id": str(incident.get("id")),
        "alerts": len(alerts),
        "devices": _unique(device.get("name") or device["value"] for device in evidence["devices"]),
        "users": _unique(user["value"] for user in evidence["users"]),
        "addresses": _unique(address["value"] for address in evidence["addresses"]),
        "hashes": _unique(
            entry["value"] for entry in evidence["hashes"] if entry.get("type") == "sha256"
        ),
        "state": "new",
        "category": "",
        "text": "",
    }


def _unique(values: t.Iterable[t.Any]) -> list[str]:
    return list({str(value).lower(): str(value) for value in values}.values())


def _claimed(incident: Json, answer: _rounds.Answer | None, is_claimed: bool) -> Json:
    """The incident with what became of its claim: `claimed`, `taken` by somebody else, `failed`."""
    if not is_claimed:
        return incident
    error = _rounds.LOST if answer is None else answer.error
    if not error:
        return {**incident, "state": "claimed"}
    category = error.get("category") or "unavailable"
    state = "taken" if category == "conflict" else "failed"
    return {**incident, "state": state, "category": category, "text": error.get("msg") or ""}


def questions(incidents: t.Iterable[Json]) -> dict[str, dict[str, Json]]:
    """By hunt, the parameters of each tenant: only what its own incidents are about."""
    found: dict[str, dict[str, Json]] = {name: {} for name in HUNTS}
    for incident in incidents:
        for name, (parameter, group) in HUNTS.items():
            values = sought(incident, group)
            if values:
                standing = found[name].setdefault(incident["host"], {parameter: []})[parameter]
                standing += [value for value in values if value not in standing]
    return found


def sought(incident: Json, group: str) -> list[str]:
    """What a hunt looks for, in lower case. A user goes by the account name, which is what devices
    log."""
    values = [value.lower() for value in incident[group]]
    if group == "users":
        values = [value.rpartition("\\")[2].partition("@")[0] for value in values]
    return list(dict.fromkeys(value for value in values if value))


def _refusal(incidents: t.Sequence[Json], most: int) -> str:
    if not most or len(incidents) <= most:
        return ""
    tenants = len({incident["host"] for incident in incidents})
    return (
        f"Refused: {len(incidents)} incidents in {tenants} tenants would be changed, but"
        f" triage_max_changes is {most}, so nothing was sent; set triage_max_changes to"
        f" {len(incidents)} to allow that."
    )
