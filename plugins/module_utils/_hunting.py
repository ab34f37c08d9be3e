# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A hunting query from request to rows: both generations of API, Microsoft's caps noticed, and time split until every slice is whole.

Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils import _times
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._found_rows import Rows
from ansible_collections.mssp.defender_xdr.plugins.module_utils._hunting_tables import TABLES
from ansible_collections.mssp.defender_xdr.plugins.module_utils._slices import Slice, not_row_wise, row_wise
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import Api

# Microsoft's caps: rows of one answer, seconds of one query (which the answer must be waited for), days of data.
ROWS, SECONDS, DAYS = 100_000, 180, 30
IN_QUERY: t.Final = "take timespan on api xdr"
# What a query that is too heavy for the service ends with; the same query over less time may pass.
HEAVY: t.Final = frozenset({"truncated", "timeout"})


@dataclasses.dataclass(frozen=True)
class Dialect:
    """How one generation of the API is asked and answers."""

    path: str
    schema: str
    results: str
    name: str
    type: str


DIALECTS: t.Final[t.Mapping[str, Dialect]] = {
    "graph": Dialect("/v1.0/security/runHuntingQuery", "schema", "results", "name", "type"),
    "xdr": Dialect("/api/advancedhunting/run", "Schema", "Results", "Name", "Type"),
}


@dataclasses.dataclass(frozen=True)
class Asked:
    """A checked request: the query, the time span as Graph takes it and as a window, and what to do at Microsoft's caps."""

    query: str
    timespan: str | None
    window: Slice
    on_truncated: str


@dataclasses.dataclass(frozen=True)
class Found:
    """The answer beside its rows: columns, whether rows are missing, the slices it was read in (none for one piece), warnings."""

    schema: list[dict[str, str]]
    truncated: bool
    slices: list[dict[str, t.Any]]
    warnings: list[str]


def asked(query: str, timespan: str | None, on_truncated: str) -> Asked:
    """The request; raises C(bad_request) for a time span that is none, before anything is sent."""
    now = _times.now()
    if not timespan:
        return Asked(query, None, Slice(now - DAYS * _times.UNITS["d"], now), on_truncated)
    if "/" in timespan:
        start, unused, end = timespan.partition("/")
        window = Slice(_times.parse_time("timespan", start, at=now), _times.parse_time("timespan", end, at=now))
        _times.check_order("timespan's start", window.since, "its end", window.before)
        return Asked(query, _between(window), window, on_truncated)
    ticks = _times.parse_span("timespan", timespan)
    text = timespan if timespan.startswith("P") else f"PT{-(-ticks // _times.SECOND)}S"
    return Asked(query, text, Slice(now - ticks, now), on_truncated)


def run(api: Api, request: Asked, rows: Rows) -> Found:
    """Ask, and put what came into C(rows). Raises what the service said, or C(truncated) where rows are missing and may not be."""
    label = api.tenant.options.label
    try:
        schema = _answer(api, request.query, request, rows)
        heavy = f"the answer has {rows.count} rows, which is Microsoft's cap" if rows.count >= ROWS else None
    except DefenderError as e:
        if e.category not in HEAVY or request.on_truncated != "split":
            raise
        schema, heavy = [], e.message
    if heavy is None or rows.full:
        return Found(schema, rows.full, [], [])
    if request.on_truncated == "split":
        return _split(api, request, rows)
    if request.on_truncated == "fail":
        raise DefenderError("truncated", f"Tenant {label}: {heavy}, so rows are missing.")
    return Found(schema, True, [], [f"Tenant {label}: {heavy}, so rows are missing."])


def _split(api: Api, request: Asked, rows: Rows) -> Found:
    """Halve the window until every slice is whole, oldest first; one that cannot be read fails the whole with what is missing."""
    query = row_wise(request.query)
    # the span stays as it was, but no longer slides with the clock: a slice of its own would cut the other tables of the query too
    request = dataclasses.replace(request, timespan=_between(request.window) if request.timespan else None)
    rows.rollback(0)
    waiting = list(reversed(request.window.halves() or (request.window,)))
    schema: list[dict[str, str]] = []
    done: list[dict[str, t.Any]] = []
    while waiting and not rows.full:
        window = waiting.pop()
        before = rows.count
        try:
            schema = _answer(api, query.within(window), request, rows, windowed=True)
            heavy = None if rows.count - before < ROWS else DefenderError("truncated", "one moment has more rows than Microsoft answers")
        except DefenderError as e:
            heavy = e
        if heavy is None:
            done.append({**window.as_result(), "count": rows.count - before})
            continue
        rows.rollback(before)
        halves = window.halves() if heavy.category in HEAVY else None
        if halves is None:
            missing = [window.as_result(), *(later.as_result() for later in reversed(waiting))]
            heavy.message = f"{heavy.message} The slice from {missing[0]['since']} could not be read, so {len(missing)} slices are missing."
            heavy.facts.update(slices=done, missing_slices=missing)
            raise heavy
        waiting.extend(reversed(halves))
    return Found(schema, rows.full, done, [])


def _answer(api: Api, query: str, request: Asked, rows: Rows, *, windowed: bool = False) -> list[dict[str, str]]:
    """One request; its rows go into C(rows), its columns come back."""
    dialect = DIALECTS[api.name]
    body = {"Query": query}
    if request.timespan and api.name == "graph":
        body["Timespan"] = request.timespan
    elif request.timespan:
        # the older API's body has no time span: it becomes part of the query, or is refused with the reason
        cut = row_wise(request.query, IN_QUERY)
        if cut.others:
            raise not_row_wise(IN_QUERY, f"it reads {', '.join(cut.others)} too, of which timespan would leave everything")
        body["Query"] = query if windowed else cut.within(request.window)
    try:
        columns = rows.take(api, dialect.path, body, schema=dialect.schema, results=dialect.results, timeout=SECONDS + 20)
    except DefenderError as e:
        raise _told(e) from None
    return [{"name": column.get(dialect.name, ""), "type": column.get(dialect.type, "")} for column in columns]


def _between(window: Slice) -> str:
    return f"{_times.format_time(window.since)}/{_times.format_time(window.before)}"


def _told(error: DefenderError) -> DefenderError:
    """A table of the documented schema that does not resolve is one that the tenant has no licence for."""
    table = re.search(r"Failed to resolve table or column expression named '(\w+)'", error.message)
    if error.category == "bad_query" and table and table[1] in TABLES:
        told = DefenderError("not_licensed", error.message, status=error.status, code=error.code, request_id=error.request_id, facts={"table": table[1]})
        told.message += f" {table[1]} is a documented table, so this tenant has no licence for the product that fills it."
        return told
    return error
