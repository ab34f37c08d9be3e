# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lists of directory objects on Graph: $filter, $select, $orderby, $top, $count, and paging with
$skiptoken."""

from __future__ import annotations

import base64
import typing as t
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from defender_lab.api.routes import Call
from defender_lab.directory.refusals import bad, unsupported
from defender_lab.odata.bodies import KIND
from defender_lab.odata.fields import BadFilter, Fields, Kind
from defender_lab.odata.filters import parsed
from defender_lab.odata.options import BadOption, read
from defender_lab.odata.tokens import tokens
from defender_lab.service.exchange import NotInTheLab, Refused, Reply, as_json, dumped

Record = Mapping[str, t.Any]
TEXT, NAME, TIME, GUID, FLAG = Kind("text"), Kind("name"), Kind("time"), Kind("guid"), Kind("bool")


@dataclass(frozen=True)
class Collection:
    """What one list allows. ``advanced``: it counts under ``ConsistencyLevel: eventual`` only, and
    sorts and negates only with ``$count=true`` as well."""

    path: str
    fields: Fields
    properties: frozenset[str]
    orders: frozenset[str] = frozenset()
    most: int = 999
    page: int = 100
    advanced: bool = True


OPTIONS = frozenset(
    {"$filter", "$select", "$orderby", "$top", "$count", "$skiptoken", "$search", "$expand"}
)


def listed(call: Call, collection: Collection, rows: Iterable[Record], context: str = "") -> Reply:
    """One page of ``rows``. ``context`` is what the answer calls them, if not the collection's
    path."""
    request = call.request
    options = _query_options(call)
    eventual = request.headers.get("ConsistencyLevel", "").lower() == "eventual"
    if "$search" in options and not eventual:
        raise unsupported(
            "Request with $search query parameter only works through MSGraph with a special"
            " request header: 'ConsistencyLevel: eventual'"
        )
    if "$search" in options or "$expand" in options:
        raise NotInTheLab("$search and $expand on directory objects")
    able = not collection.advanced or (eventual and options.get("$count") == "true")
    top = _top(options.get("$top"), collection)
    start = _start(options.get("$skiptoken"))
    chosen = _filtered(list(rows), options.get("$filter"), collection, able=able)
    chosen = _ordered(chosen, options.get("$orderby"), collection, able=able)
    names = selected(options.get("$select"), collection.fields.type_name, collection.properties)
    shape = f"{context or collection.path}{_projection(names)}"
    body: dict[str, t.Any] = {"@odata.context": f"{request.base}/v1.0/$metadata#{shape}"}
    if options.get("$count") == "true" and (eventual or not collection.advanced):
        body["@odata.count"] = len(chosen)
    end = start + top
    if end < len(chosen):
        kept = {name: value for name, value in options.items() if name != "$skiptoken"} | {
            "$skiptoken": _token(end)
        }
        query = "&".join(f"{name}={quote(value, safe='')}" for name, value in kept.items())
        body["@odata.nextLink"] = f"{request.base}{request.path}?{query}"
    body["value"] = [_cut(row, names) for row in chosen[start:end]]
    return Reply(200, dumped(body), {"Content-Type": KIND})


def single(
    call: Call,
    context: str,
    row: Record,
    type_name: str,
    properties: frozenset[str],
    status: int = 200,
    more: Mapping[str, str] | None = None,
) -> Reply:
    """One object, with $select where it is read."""
    names = (
        selected(_query_options(call).get("$select"), type_name, properties)
        if call.request.method == "GET"
        else ()
    )
    shape = f"{context}{_projection(names)}/$entity"
    body = {
        "@odata.context": f"{call.request.base}/v1.0/$metadata#{shape}",
        **_cut(row, names),
    }
    return as_json(status, body, more, KIND)


def chosen_names(call: Call) -> frozenset[str]:
    """The names in $select, unchecked."""
    return frozenset(
        part.strip() for part in _query_options(call).get("$select", "").split(",")
    ) - {""}


def _query_options(call: Call) -> Mapping[str, str]:
    try:
        return read(call.request.query, OPTIONS).values
    except BadOption as wrong:
        raise Refused(400, "BadRequest", str(wrong)) from None


def selected(text: str | None, type_name: str, properties: frozenset[str]) -> tuple[str, ...]:
    names = tuple(part.strip() for part in (text or "").split(",") if part.strip())
    for name in names:
        if name not in properties:
            raise Refused(
                400,
                "BadRequest",
                (
                    "Parsing OData Select and Expand failed: Could not find a property named"
                    f" '{name}' on type '{type_name}'."
                ),
            )
    return names


def _projection(names: Sequence[str]) -> str:
    return f"({','.join(names)})" if names else ""


def _cut(row: Record, names: Sequence[str]) -> Record:
    return {name: row.get(name) for name in names} if names else row


def _top(text: str | None, collection: Collection) -> int:
    if text is None:
        return collection.page
    number = int(text) if text.isascii() and text.isdigit() else -1
    if not 1 <= number <= collection.most:
        raise unsupported(
            f"Invalid page size specified: '{text}'. Must be between 1 and {collection.most}"
            " inclusive."
        )
    return number


def _token(place: int) -> str:
    return base64.urlsafe_b64encode(f"page-{place}".encode()).rstrip(b"=").decode()


def _start(token: str | None) -> int:
    if token is None:
        return 0
    try:
        return int(
            base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode().removeprefix("page-")
        )
    except ValueError:
        raise bad("Invalid page token.") from None


def _filtered(
    rows: list[Record], text: str | None, collection: Collection, *, able: bool
) -> list[Record]:
    if text is None:
        return rows
    try:
        for word in tokens(text):
            if (
                not able
                and word.kind == "word"
                and word.value in ("not", "ne", "endswith", "endsWith")
            ):
                more = (
                    "Try adding $count=true query parameter and ConsistencyLevel:eventual header."
                )
                hint = "Refer to https://aka.ms/graph-docs/advanced-queries for more information"
                raise unsupported(
                    f"Operator '{word.value}' is not supported because the required parameters"
                    f" might be missing. {more} {hint}"
                )
        predicate = parsed(text, collection.fields)
    except BadFilter as wrong:
        raise Refused(400, "BadRequest", f"Invalid filter clause: {wrong}") from None
    return [row for row in rows if predicate(row)]


def _ordered(
    rows: list[Record], text: str | None, collection: Collection, *, able: bool
) -> list[Record]:
    if text is None:
        return rows
    name, unused, direction = text.strip().partition(" ")
    if not able or name not in collection.orders or direction not in ("", "asc", "desc"):
        raise unsupported("Sorting not supported for current query.")
    return sorted(
        rows, key=lambda row: str(row.get(name) or "").lower(), reverse=direction == "desc"
    )
