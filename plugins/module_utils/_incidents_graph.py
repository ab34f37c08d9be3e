# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Incidents through Microsoft Graph security: its filters, its pages of 50, its words.

Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
"""

from __future__ import annotations

import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils import _incidents, _odata, _times
from ansible_collections.mssp.defender_xdr.plugins.module_utils._incidents import Wanted
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import Api

PATH: t.Final = "/v1.0/security/incidents"
PAGE: t.Final = 50  # Graph refuses more: "The limit of '50' for Top query has been exceeded"


def filter_text(wanted: Wanted) -> str | None:
    """The C($filter) for what is wanted, or None for everything."""
    lists = [
        _odata.any_of(name, (_odata.quote(_odata.camel(value)) for value in getattr(wanted, name)))
        for name in ("status", "severity", "classification", "determination")
    ]
    people = _odata.any_of("assignedTo", (_odata.quote(name) if name else "null" for name in wanted.assigned_to))
    windows = [
        f"{name} {operator} {_times.format_time(ticks)}"
        for name, operator, ticks in (
            ("createdDateTime", "ge", wanted.created_since),
            ("createdDateTime", "lt", wanted.created_before),
            ("lastUpdateDateTime", "ge", wanted.updated_since),
            ("lastUpdateDateTime", "lt", wanted.updated_before),
        )
        if ticks is not None
    ]
    return _odata.all_of([f"({wanted.filter})" if wanted.filter else None, *lists, people, *windows])


def one(api: Api, number: str, wanted: Wanted) -> dict[str, t.Any]:
    """The incident with this id; raises C(not_found)."""
    params = {"$expand": "alerts"} if wanted.expand_alerts else None
    return t.cast("dict[str, t.Any]", _incidents.normal(_bare(api.get(f"{PATH}/{number}", params))))


def listed(api: Api, wanted: Wanted) -> tuple[list[dict[str, t.Any]], bool]:
    """The wanted incidents, newest first, and whether there are more than the limit allows."""
    params = {"$top": str(min(PAGE, wanted.limit) or PAGE)}
    if text := filter_text(wanted):
        params["$filter"] = text
    if wanted.expand_alerts:
        params["$expand"] = "alerts"
    found: dict[str, dict[str, t.Any]] = {}
    for page in api.pages(PATH, params):
        for incident in page.get("value", []):
            # the set moves while it is read: what comes twice is the same incident, newer
            found[incident["id"]] = _incidents.normal(_bare(incident))
        if wanted.limit and (len(found) > wanted.limit or (len(found) == wanted.limit and "@odata.nextLink" in page)):
            return list(found.values())[: wanted.limit], True
    return list(found.values()), False


def _bare(incident: dict[str, t.Any]) -> dict[str, t.Any]:
    """Without the annotations that name Graph's own types and contexts; evidence keeps its type."""
    return {name: value for name, value in incident.items() if not name.startswith("@odata.")}
