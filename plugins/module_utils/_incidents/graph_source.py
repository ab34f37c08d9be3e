# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What incidents and alerts have in common on Microsoft Graph: filters, pages, its vocabulary, and
the requests that change one of them.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import typing as t
from urllib.parse import quote

from ansible_collections.mssp.defender_xdr.plugins.module_utils import _odata
from ansible_collections.mssp.defender_xdr.plugins.module_utils._acting.desired_state import Write
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._incidents import (
    incident as _incidents,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._incidents.api_source import (
    ApiSource,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._incidents.incident import (
    Incident,
    Wanted,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._incidents.pages import (
    Page,
    Window,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._shapes import Json
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import (
    ownership as _ownership,
)

ENUMS: t.Final = ("status", "severity", "classification", "determination")
COMMENT_TYPE: t.Final = "microsoft.graph.security.alertComment"


def filter_text(wanted: Wanted) -> str | None:
    """The `$filter` for the requested incidents or alerts; None for all."""
    lists = [
        _odata.any_of(
            name, (_odata.quote(_odata.camel(value)) for value in getattr(wanted, option))
        )
        for name, option in (*((name, name) for name in ENUMS), ("serviceSource", "service_source"))
    ]
    people = _odata.any_of(
        "assignedTo", (_odata.quote(name) if name else "null" for name in wanted.assigned_to)
    )
    created = _odata.between("createdDateTime", wanted.created_since, wanted.created_before)
    updated = _odata.between("lastUpdateDateTime", wanted.updated_since, wanted.updated_before)
    raw_filter = f"({wanted.filter})" if wanted.filter else None
    return _odata.all_of([raw_filter, *lists, people, created, updated])


class GraphSource(ApiSource):
    """Graph as a source of incidents or alerts."""

    title = "Microsoft Graph"
    noun: t.ClassVar[str]
    path: t.ClassVar[str]
    most: t.ClassVar[int]  # of a page

    def page(self, window: Window, skip: int) -> Page:
        params = {"$top": str(self.page_size)}
        bounds = window.as_filter("createdDateTime", "lastUpdateDateTime")
        matching = filter_text(self._wanted) if window.matching else None
        if text := _odata.all_of([matching, bounds]):
            params["$filter"] = text
        if skip:
            params["$skip"] = str(skip)
        answer = self._page(params)
        more = bool(answer.get("@odata.nextLink"))
        if more and not answer["value"]:
            raise DefenderError(
                "unavailable",
                (
                    f"{self.name} returned an empty page with a next link, so the list is"
                    " incomplete; run the task again."
                ),
            )
        return Page([normalized(thing) for thing in answer["value"]], more, self._api.server_time)

    @property
    def page_size(self) -> int:
        return _incidents.page_size(self._wanted.limit, self.most)

    def get(self, key: str) -> Incident:
        """The incident or alert with this id; raises `not_found`."""
        return normalized(self._get(key, None))

    def writes(self, key: str, changes: Json) -> list[Write]:
        """The requests that change these members; `comment` adds a comment."""
        path = f"{self.path}/{quote(key, safe='')}"
        fields = {name: value for name, value in changes.items() if name != "comment"}
        writes = []
        if fields:
            payload = {_odata.camel(name): _as_sent(name, value) for name, value in fields.items()}
            writes.append(Write(tuple(fields), "PATCH", path, payload, self._patched))
        if "comment" in changes:
            payload = {"@odata.type": COMMENT_TYPE, "comment": changes["comment"]}
            writes.append(Write(("comment",), "POST", f"{path}/comments", payload, _commented))
        return writes

    def _page(self, params: dict[str, str]) -> dict[str, t.Any]:
        return self._list(params)

    def _list(self, params: dict[str, str]) -> dict[str, t.Any]:
        answer = self._api.get(self.path, params)
        _ownership.objects(self._options, answer, self.noun)
        return answer

    def _get(self, key: str, params: dict[str, str] | None) -> dict[str, t.Any]:
        answer = self._api.get(f"{self.path}/{quote(key, safe='')}", params)
        return _ownership.single(self._options, answer, self.noun)

    def _patched(self, thing: Json, answer: Json) -> Json:
        """The object after a PATCH, which returns the whole object."""
        return {**thing, **normalized(_ownership.single(self._options, answer, self.noun))}


def _commented(thing: Json, answer: Json) -> Json:
    """The object after a comment, whose response is a list of all comments."""
    comments = answer.get("value")
    if not isinstance(comments, list):
        return thing
    return {**thing, "comments": _incidents.normalized({"comments": comments})["comments"]}


def _as_sent(name: str, value: t.Any) -> t.Any:
    return _odata.camel(value) if name in ENUMS and isinstance(value, str) else value


def normalized(thing: dict[str, t.Any]) -> Incident:
    """An incident or alert of Graph in the words of results."""
    plain = _incidents.without_annotations(thing)
    alerts = plain.pop("alerts", None)
    result = _incidents.normalized(plain)
    result["id"] = _incidents.identity(result.get("id"))
    result["comments"] = result.get("comments") or []
    if alerts is not None:
        result["alerts"] = [_incidents.normalized(alert) for alert in alerts]
    return result
