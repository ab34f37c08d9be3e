# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bodies of the Endpoint API: their members, in the documented spelling only, and the replies."""

from __future__ import annotations

import typing as t
from collections.abc import Collection, Mapping

from defender_lab.api.defender import incorrect_body
from defender_lab.api.routes import Call
from defender_lab.odata.options import BadOption, Listing, cut
from defender_lab.service.exchange import Refused, Reply, Request, as_json

Record = dict[str, t.Any]

# the names of the members are case-sensitive, as the page on errors says; a member that the page
# of a call does not list is refused, which no page says
KIND = "application/json; odata.metadata=minimal"


def members(
    request: Request, needed: Collection[str], optional: Collection[str] = frozenset()
) -> Record:
    try:
        body = request.json()
    except (ValueError, LookupError):
        body = None
    if not isinstance(body, dict) or set(body) - {*needed, *optional}:
        raise incorrect_body()
    for name in needed:
        if body.get(name) in (None, "", []):
            raise Refused(400, "MissingRequiredParameter", f"Parameter {name} is missing.")
    return body


def text(body: Mapping[str, t.Any], name: str, allowed: Collection[str] = ()) -> str:
    """A text member, one of ``allowed`` in that spelling if there are any."""
    value = body[name]
    if not isinstance(value, str) or not value.strip() or (allowed and value not in allowed):
        raise incorrect_body()
    return value


def no_machine(key: str) -> Refused:
    return Refused(404, "ResourceNotFound", f"Machine {key} was not found")


def no_action(key: str) -> Refused:
    return Refused(404, "ResourceNotFound", f"Machine action {key} was not found")


def entity(call: Call, context: str, record: Mapping[str, t.Any], status: int = 200) -> Reply:
    head = {"@odata.context": f"{call.request.base}/api/$metadata#{context}"}
    return as_json(status, {**head, **record}, kind=KIND)


def collection(call: Call, context: str, rows: list[Record]) -> Reply:
    return entity(call, context, {"value": rows})


def page(call: Call, listing: Listing, rows: list[Record]) -> list[Record]:
    """The rows that the query asks for. No next link: none is documented, and a page holds more
    than a tenant of the lab has."""
    try:
        return cut(call.request.query, listing, rows)[1].rows
    except BadOption as bad:
        raise Refused(400, "ODataError", str(bad)) from None
