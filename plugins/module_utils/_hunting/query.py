# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run a hunting query on either API, detect Microsoft's limits, and split the time until every
slice is complete.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils import _times
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._hunting.row_sinks import Rows
from ansible_collections.mssp.defender_xdr.plugins.module_utils._hunting.row_wise_queries import (
    not_row_wise,
    row_wise,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._hunting.tables import TABLES
from ansible_collections.mssp.defender_xdr.plugins.module_utils._hunting.time_slices import Slice
from ansible_collections.mssp.defender_xdr.plugins.module_utils._hunting.timespans import Timespan
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.api import Api

# Microsoft's limits: rows of one response, and seconds of one query (the wait for the response).
ROWS, SECONDS = 100_000, 180
IN_QUERY: t.Final = "take timespan on api xdr"
# Errors of a query that is too heavy for the service; the same query over less time may succeed.
HEAVY: t.Final = frozenset({"truncated", "timeout"})
PATHS: t.Final[t.Mapping[str, str]] = {
    "graph": "/v1.0/security/runHuntingQuery",
    "xdr": "/api/advancedhunting/run",
}


@dataclasses.dataclass(frozen=True)
class Request:
    """A checked request: the query, its time span, and what to do at Microsoft's limits."""

    query: str
    timespan: Timespan
    on_truncated: str


@dataclasses.dataclass(frozen=True)
class Outcome:
    """The response without its rows.

    :arg schema: the columns, each with `name` and `type`.
    :arg truncated: whether rows are missing.
    :arg slices: the time slices; empty if the time was not split.
    """

    schema: list[dict[str, str]]
    truncated: bool
    slices: list[dict[str, t.Any]]
    warnings: list[str]

    def as_result(self) -> dict[str, t.Any]:
        """The keys of a module's result."""
        return dataclasses.asdict(self)


def run(api: Api, request: Request, rows: Rows) -> Outcome:
    """Run the query and put the response into `rows`.

    Raises the service's error, or `truncated` if rows are missing and `on_truncated` forbids it.
    """
    label = api.tenant.options.label
    query = request.query
    if api.name == "xdr" and (condition := _enforced(request)):
        query = condition
    try:
        schema = _answer(api, query, request, rows)
        heavy = None
        if rows.count >= ROWS:
            heavy = f"the response has {rows.count} rows, which is Microsoft's limit"
    except DefenderError as e:
        if e.category not in HEAVY or request.on_truncated != "split":
            raise
        schema, heavy = [], e.message
    if heavy is None or rows.full:
        return Outcome(schema, rows.full, [], [])
    if request.on_truncated == "split":
        return _split(api, request, rows)
    reason = (
        f"Tenant {label}: {heavy}, so rows are missing; set on_truncated to split, or shorten"
        " timespan."
    )
    if request.on_truncated == "fail":
        raise DefenderError("truncated", reason)
    return Outcome(schema, True, [], [reason])


def _split(api: Api, request: Request, rows: Rows) -> Outcome:
    """Split the time until every slice is complete, oldest first.

    The first slice is open to the past and the last one to the future, so that together they have
    all rows of the query, whatever the local clock. If a slice cannot be read, the query fails with
    the list of missing slices.
    """
    query = row_wise(request.query)
    enforced = request.timespan.condition(query.column) if api.name == "xdr" else None
    likely = request.timespan.window(_times.now())
    rows.rollback(0)
    waiting = list(reversed(Slice().halves(likely) or (Slice(),)))
    schema: list[dict[str, str]] = []
    done: list[dict[str, t.Any]] = []
    while waiting and not rows.full:
        piece = waiting.pop()
        before = rows.count
        try:
            text = query.where(enforced, piece.condition(query.column))
            schema = _merged(schema, _answer(api, text, request, rows))
            heavy = None
            if rows.count - before >= ROWS:
                heavy = DefenderError(
                    "truncated", "a single point in time has more rows than Microsoft returns"
                )
        except DefenderError as e:
            heavy = e
        if heavy is None:
            done.append({**piece.as_result(), "count": rows.count - before})
            continue
        rows.rollback(before)
        halves = piece.halves(likely) if heavy.category in HEAVY else None
        if halves is None:
            missing = [part.as_result() for part in (piece, *reversed(waiting))]
            heavy.message += (
                f" The slice from {missing[0]['since']} could not be read, so"
                f" {len(missing)} slices are missing."
            )
            heavy.facts.update(slices=done, missing_slices=missing)
            raise heavy
        waiting.extend(reversed(halves))
    return Outcome(schema, rows.full, done, [])


def _enforced(request: Request) -> str | None:
    """The query with the time span in it, for the API whose requests have no timespan; None without
    one."""
    if request.timespan.text is None:
        return None
    query = row_wise(request.query, IN_QUERY)
    if query.others:
        # Graph limits every table, but a condition in the query limits only the first
        raise not_row_wise(IN_QUERY, f"it reads {', '.join(query.others)} too")
    return query.where(request.timespan.condition(query.column))


def _answer(api: Api, query: str, request: Request, rows: Rows) -> list[dict[str, str]]:
    body = {"Query": query}
    if api.name == "graph" and request.timespan.text:
        # the same for every slice: the service limits every table of the query with it
        body["Timespan"] = request.timespan.text
    try:
        return rows.take(api, PATHS[api.name], body, timeout=SECONDS + 20)
    except DefenderError as e:
        raise _with_licence_reason(e) from None


def _merged(columns: list[dict[str, str]], more: list[dict[str, str]]) -> list[dict[str, str]]:
    """The columns of several responses to one query: only the rows of one slice may have some
    column."""
    names = {column["name"] for column in columns}
    return columns + [column for column in more if column["name"] not in names]


def _with_licence_reason(error: DefenderError) -> DefenderError:
    """The error; `not_licensed` if a documented table does not exist in the tenant, because then
    the tenant has no license for the product that fills it."""
    table = re.search(r"Failed to resolve table or column expression named '(\w+)'", error.message)
    if error.category != "bad_query" or table is None or table[1] not in TABLES:
        return error
    explained = DefenderError(
        "not_licensed",
        error.message,
        status=error.status,
        code=error.code,
        request_id=error.request_id,
        facts={"table": table[1]},
    )
    explained.message += (
        f" {table[1]} is a documented table, so this tenant has no license for the product that"
        " fills it."
    )
    return explained
