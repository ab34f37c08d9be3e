# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The incident options and the fields of an incident, independent of the API.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils import _listing, _times
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._incidents import (
    vocabulary as _vocabulary,
)

# From Graph's metadata (CSDL of August 2026), in snake_case. The reference pages spell some
# determinations differently.
STATUSES: t.Final = ("active", "in_progress", "resolved", "redirected", "awaiting_action")
SEVERITIES: t.Final = ("unknown", "informational", "low", "medium", "high")
CLASSIFICATIONS: t.Final = (
    "unknown",
    "false_positive",
    "true_positive",
    "informational_expected_activity",
)
DETERMINATIONS: t.Final = (
    "unknown",
    "apt",
    "malware",
    "security_personnel",
    "security_testing",
    "unwanted_software",
    "other",
    "multi_staged_attack",
    "compromised_account",
    "phishing",
    "malicious_user_activity",
    "not_malicious",
    "not_enough_data_to_validate",
    "confirmed_activity",
    "line_of_business_application",
)
# The options that choose incidents, as a module's argument_spec has them.
FILTERS: t.Final[t.Mapping[str, t.Any]] = {
    "status": {"type": "list", "elements": "str", "choices": list(STATUSES)},
    "severity": {"type": "list", "elements": "str", "choices": list(SEVERITIES)},
    "classification": {"type": "list", "elements": "str", "choices": list(CLASSIFICATIONS)},
    "determination": {"type": "list", "elements": "str", "choices": list(DETERMINATIONS)},
    "assigned_to": {"type": "list", "elements": "str"},
    "created_since": {"type": "str"},
    "created_before": {"type": "str"},
    "updated_since": {"type": "str"},
    "updated_before": {"type": "str"},
    "filter": {"type": "str"},
}
FIELDS: t.Final = (
    "id",
    "display_name",
    "status",
    "severity",
    "classification",
    "determination",
    "assigned_to",
    "custom_tags",
    "system_tags",
    "comments",
    "created_date_time",
    "last_update_date_time",
    "last_modified_by",
    "description",
    "summary",
    "resolving_comment",
    "priority_score",
    "incident_web_url",
    "redirect_incident_id",
    "tenant_id",
    "alerts",
)
# Names of a comment's members in the examples of Graph's pages and in the older API.
COMMENT: t.Final[t.Mapping[str, str]] = {
    "created_by": "created_by_display_name",
    "created_time": "created_date_time",
}
COMMENT_FIELDS: t.Final = ("comment", "created_by_display_name", "created_date_time")

Incident = dict[str, t.Any]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Wanted:
    """The requested incidents or alerts. Times are ticks; `since` is inclusive, `before` exclusive;
    an empty tuple means any. `service_source` and `incident_id` are of alerts."""

    status: tuple[str, ...] = ()
    severity: tuple[str, ...] = ()
    classification: tuple[str, ...] = ()
    determination: tuple[str, ...] = ()
    service_source: tuple[str, ...] = ()
    incident_id: str | None = None
    assigned_to: tuple[str, ...] = ()
    created_since: int | None = None
    created_before: int | None = None
    updated_since: int | None = None
    updated_before: int | None = None
    filter: str | None = None
    expand_alerts: bool = False
    limit: int = 1000
    fields: tuple[str, ...] = ()


def wanted(
    params: t.Mapping[str, t.Any],
    *,
    at: int,
    noun: str = "an incident",
    fields: t.Collection[str] = FIELDS,
) -> Wanted:
    """The parameters as `Wanted`; raises `bad_request` for invalid ones.

    :arg fields: the fields that `fields` may name.
    """
    times: dict[str, t.Any] = {
        name: _times.parse_time(name, params[name], at=at) if params.get(name) else None
        for name in ("created_since", "created_before", "updated_since", "updated_before")
    }
    for word in ("created", "updated"):
        _times.check_order(
            f"{word}_since", times[f"{word}_since"], f"{word}_before", times[f"{word}_before"]
        )
    _listing.check(params, noun, fields)
    lists: dict[str, t.Any] = {
        name: tuple(params.get(name) or ())
        for name in (
            "status",
            "severity",
            "classification",
            "determination",
            "service_source",
            "assigned_to",
            "fields",
        )
    }
    return Wanted(
        **lists,
        **times,
        filter=params.get("filter"),
        incident_id=number(params["incident_id"], "incident_id")
        if params.get("incident_id")
        else None,
        expand_alerts=params.get("expand_alerts", False),
        limit=params["limit"],
    )


def normalized(
    thing: dict[str, t.Any], names: t.Mapping[str, str] | None = None
) -> dict[str, t.Any]:
    """An incident or an alert with the collection's names and values, including its comments.

    :arg names: fields with names that differ from Graph's.
    """
    result: dict[str, t.Any] = _vocabulary.normalized(thing, renamed=tuple((names or {}).items()))
    if isinstance(comments := result.get("comments"), list):
        result["comments"] = [_comment(comment) for comment in comments]
    return result


def without_annotations(thing: dict[str, t.Any]) -> dict[str, t.Any]:
    """An object without its OData annotations; nested objects keep theirs."""
    return {name: value for name, value in thing.items() if "@odata." not in name}


def _comment(comment: t.Any) -> t.Any:
    """A comment with the names of Graph's metadata."""
    if not isinstance(comment, dict):
        return comment
    names = {name: COMMENT.get(name, name) for name in comment if name != "odata_type"}
    kept = {name: name if names[name] in comment else names[name] for name in names}
    return {**dict.fromkeys(COMMENT_FIELDS), **{kept[name]: comment[name] for name in names}}


def identity(value: t.Any) -> str | None:
    """An id as text, as in Graph; None for other types."""
    return str(value) if isinstance(value, (int, str)) and not isinstance(value, bool) else None


def fits(incident: Incident, wanted: Wanted) -> bool:
    """Whether an incident or alert matches the options, except `filter`."""
    if wanted.incident_id and str(incident.get("incident_id")) != wanted.incident_id:
        return False
    for name in ("status", "severity", "classification", "determination", "service_source"):
        if getattr(wanted, name) and incident.get(name) not in getattr(wanted, name):
            return False
    people = {name.lower() for name in wanted.assigned_to}
    if people and str(incident.get("assigned_to") or "").lower() not in people:
        return False
    windows = (
        ("created_date_time", wanted.created_since, wanted.created_before),
        ("last_update_date_time", wanted.updated_since, wanted.updated_before),
    )
    for name, since, before in windows:
        if since is not None or before is not None:
            at = _times.read_time(incident[name])
            if (since is not None and at < since) or (before is not None and at >= before):
                return False
    return True


def page_size(limit: int, most: int) -> int:
    """The page size; for a small limit just enough to find the newest incidents.

    Services sort by last update, so the newest incidents by creation may come later.
    """
    return min(most, max(25, 2 * limit + 8)) if limit else most


def watermark(incidents: t.Iterable[t.Mapping[str, t.Any]]) -> str | None:
    """The latest readable time of last update, in RFC 3339 UTC."""
    updates = [_ticks(incident.get("last_update_date_time")) for incident in incidents]
    return _times.format_time(max(readable)) if (readable := [at for at in updates if at]) else None


def _ticks(text: t.Any) -> int | None:
    try:
        return _times.read_time(text) if isinstance(text, str) else None
    except DefenderError:
        return None


def number(text: str, option: str = "id") -> str:
    """An incident's id; raises `bad_request` if it is not a number, because it becomes part of a
    URL."""
    if not (text.strip().isascii() and text.strip().isdecimal()):
        raise DefenderError(
            "bad_request",
            f"{option} is {text!r}, but an incident's id is a number such as 2972395.",
        )
    return text.strip()
