# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Incidents in the collection's one vocabulary: what may be asked, and how an incident looks whichever API answered.

Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils import _odata, _times
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError

# Graph's metadata (CSDL of August 2026), in snake_case. The reference pages print some determinations differently.
STATUSES: t.Final = ("active", "in_progress", "resolved", "redirected", "awaiting_action")
SEVERITIES: t.Final = ("unknown", "informational", "low", "medium", "high")
CLASSIFICATIONS: t.Final = ("unknown", "false_positive", "true_positive", "informational_expected_activity")
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
# Members whose values are enums. Their spelling differs between Graph's pages, its metadata and the older API.
ENUMS: t.Final = frozenset(
    {
        "status",
        "severity",
        "classification",
        "determination",
        "serviceSource",
        "detectionSource",
        "investigationState",
        "verdict",
        "remediationStatus",
        "detectionStatus",
    }
)
# Free-form members: their keys are data, not names.
FREE: t.Final = frozenset({"additionalData"})


Incident = dict[str, t.Any]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which incidents are asked for. Times are ticks; C(before) is exclusive, C(since) inclusive; an empty tuple means any."""

    status: tuple[str, ...] = ()
    severity: tuple[str, ...] = ()
    classification: tuple[str, ...] = ()
    determination: tuple[str, ...] = ()
    assigned_to: tuple[str, ...] = ()
    created_since: int | None = None
    created_before: int | None = None
    updated_since: int | None = None
    updated_before: int | None = None
    filter: str | None = None
    expand_alerts: bool = False
    limit: int = 1000
    fields: tuple[str, ...] = ()


def wanted(params: t.Mapping[str, t.Any], *, at: int) -> Wanted:
    """The module's parameters as L(Wanted); raises C(bad_request) for what no service could answer."""
    times: dict[str, t.Any] = {
        name: _times.parse_time(name, params[name], at=at) if params.get(name) else None
        for name in ("created_since", "created_before", "updated_since", "updated_before")
    }
    for word in ("created", "updated"):
        _times.check_order(f"{word}_since", times[f"{word}_since"], f"{word}_before", times[f"{word}_before"])
    if params["limit"] < 0:
        raise DefenderError("bad_request", f"limit is {params['limit']}; give a number of incidents, or 0 for all of them.")
    if strange := [name for name in params.get("fields") or [] if name not in FIELDS]:
        raise DefenderError("bad_request", f"fields names {', '.join(strange)}; an incident has {', '.join(FIELDS)}.")
    lists: dict[str, t.Any] = {
        name: tuple(params.get(name) or ()) for name in ("status", "severity", "classification", "determination", "assigned_to", "fields")
    }
    return Wanted(**lists, **times, filter=params.get("filter"), expand_alerts=params["expand_alerts"], limit=params["limit"])


def normal(thing: t.Any, *, enum: bool = False) -> t.Any:
    """An object of Graph with snake_case names and enum values; times are left as they came, which is RFC 3339 UTC."""
    if isinstance(thing, dict):
        return {_odata.snake(name): value if name in FREE else normal(value, enum=name in ENUMS) for name, value in thing.items()}
    if isinstance(thing, list):
        return [normal(member) for member in thing]
    return _odata.snake(thing) if enum and isinstance(thing, str) else thing


def normal_values(thing: dict[str, t.Any]) -> dict[str, t.Any]:
    """The members as L(normal) tells them, under the names they came with."""
    return {name: normal(value, enum=name in ENUMS) for name, value in thing.items()}


def comment(one: dict[str, t.Any]) -> dict[str, t.Any]:
    """A comment under the names of Graph's metadata, which differ from those of its examples and of the older API."""
    return {
        "comment": one.get("comment"),
        "created_by_display_name": one.get("created_by_display_name", one.get("created_by")),
        "created_date_time": one.get("created_date_time", one.get("created_time")),
    }


def fits(incident: Incident, wanted: Wanted) -> bool:
    """Whether an incident is one of those wanted, as far as it can be told from the incident (all but C(filter))."""
    for name in ("status", "severity", "classification", "determination"):
        if getattr(wanted, name) and incident.get(name) not in getattr(wanted, name):
            return False
    people = {name.lower() for name in wanted.assigned_to}
    if people and (incident.get("assigned_to") or "").lower() not in people:
        return False
    windows = (("created_date_time", wanted.created_since, wanted.created_before), ("last_update_date_time", wanted.updated_since, wanted.updated_before))
    for name, since, before in windows:
        if since is not None or before is not None:
            at = _times.read_time(incident[name])
            if (since is not None and at < since) or (before is not None and at >= before):
                return False
    return True


def page_size(limit: int, most: int) -> int:
    """How many to ask for: no more than are wanted and one, which tells whether there are more."""
    return min(most, limit + 1) if limit else most


def values(page: dict[str, t.Any]) -> list[dict[str, t.Any]]:
    """The incidents of a page as they came; an answer without a list of them is no empty list."""
    found = page.get("value")
    if not isinstance(found, list):
        raise DefenderError("unavailable", "The service answered a list of incidents without its values, so nothing is known.")
    return found


def chosen(incident: Incident, fields: tuple[str, ...]) -> Incident:
    """The incident with only these fields, the id always among them."""
    return {name: value for name, value in incident.items() if name == "id" or name in fields} if fields else incident


def watermark(incidents: t.Iterable[t.Mapping[str, t.Any]]) -> str | None:
    """The greatest last update among them, as RFC 3339 UTC."""
    seen = [_times.read_time(incident["last_update_date_time"]) for incident in incidents if incident.get("last_update_date_time")]
    return _times.format_time(max(seen)) if seen else None


def number(text: str) -> str:
    """An incident's number, refused when it is none: it becomes part of a URL."""
    if not (text.strip().isascii() and text.strip().isdecimal()):
        raise DefenderError("bad_request", f"id is {text!r}, but an incident's id is a number such as 2972395.")
    return text.strip()
