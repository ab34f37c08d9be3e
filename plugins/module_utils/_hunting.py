# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hunting queries: KQL with typed parameters that no value breaks out of, the time span, and the answer.

Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
"""

from __future__ import annotations

import json
import math
import re
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils import _times
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._hunting_tables import TABLES
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import Api

PATH: t.Final = "/v1.0/security/runHuntingQuery"
# Microsoft's caps: rows of one answer, and seconds of one query (which the answer must be waited for).
ROWS, SECONDS = 100_000, 180
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
TYPED = ("datetime", "timespan")


def text(query: str | None, query_file: str | None) -> str:
    """The query that was given or that the file holds; raises C(bad_query) when there is none in it."""
    if query_file:
        try:
            with open(query_file, encoding="utf-8-sig") as f:
                query = f.read()
        except OSError as e:
            raise DefenderError("bad_query", f"query_file is {query_file}, which cannot be read: {e.strerror}.") from None
        except UnicodeDecodeError:
            raise DefenderError("bad_query", f"query_file is {query_file}, which is no text in UTF-8.") from None
    if not query or not query.strip():
        raise DefenderError("bad_query", f"{f'query_file is {query_file}, which' if query_file else 'query'} is empty; write a query in KQL.")
    return query


def with_parameters(query: str, parameters: t.Mapping[str, t.Any] | None) -> str:
    """The query with one C(let) before it for each parameter."""
    lets = []
    for name, value in (parameters or {}).items():
        if not isinstance(name, str) or not NAME.fullmatch(name):
            raise DefenderError("bad_request", f"parameters has the name {name!r}; a KQL name is letters, digits and underscores and begins with no digit.")
        lets.append(f"let {name} = {literal(name, value)};\n")
    return "".join(lets) + query


def literal(name: str, value: t.Any) -> str:
    """A value as a KQL literal. Text stays text: a time is C({"datetime": ...}), a length of time C({"timespan": ...})."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        if not -(2**63) <= value < 2**63:
            raise DefenderError("bad_request", f"parameters.{name} is {value}, which does not fit into KQL's long.")
        return f"long({value})"
    if isinstance(value, float):
        if not math.isfinite(value):
            raise DefenderError("bad_request", f"parameters.{name} is {value}, which is no finite number.")
        return f"real({value!r})"
    if isinstance(value, str):
        return string(value)
    if isinstance(value, list):
        _check_members(name, value)
        # JSON in ASCII is what dynamic() reads; a value in it can end neither the literal nor the line
        return f"dynamic({json.dumps(value)})"
    if isinstance(value, dict) and len(value) == 1 and (kind := next(iter(value))) in TYPED and isinstance(value[kind], str):
        if kind == "datetime":
            return f"datetime({_times.format_time(_times.parse_time(f'parameters.{name}', value[kind], at=_times.now()))})"
        return f"{_times.parse_span(f'parameters.{name}', value[kind])}tick"
    raise DefenderError(
        "bad_request",
        f"parameters.{name} is {type(value).__name__} {value!r}; give text, a number, a boolean, a list of those, {{datetime: TIME}} or {{timespan: LENGTH}}.",
    )


def _check_members(name: str, value: list[t.Any]) -> None:
    for member in value:
        if not isinstance(member, (str, int, float, bool)) or (isinstance(member, float) and not math.isfinite(member)):
            raise DefenderError("bad_request", f"parameters.{name} has the member {member!r}; a list may hold text, finite numbers, true and false.")


def string(value: str) -> str:
    """A KQL string literal in ASCII: backslash escapes for quotes, backslashes, controls and everything beyond ASCII."""
    units = value.encode("utf-16-be", "surrogatepass")
    codes = [int.from_bytes(units[at : at + 2], "big") for at in range(0, len(units), 2)]
    return '"' + "".join(chr(code) if 32 <= code < 127 and chr(code) not in '"\\' else f"\\u{code:04x}" for code in codes) + '"'


def timespan(text: str | None) -> str | None:
    """The body's C(Timespan): ISO 8601 as given after a check, an age turned into it, or C(start/end)."""
    if not text:
        return None
    if "/" in text:
        start, _, end = text.partition("/")
        at = _times.now()
        first, last = _times.parse_time("timespan", start, at=at), _times.parse_time("timespan", end, at=at)
        _times.check_order("timespan's start", first, "its end", last)
        return f"{_times.format_time(first)}/{_times.format_time(last)}"
    seconds, rest = divmod(_times.parse_span("timespan", text), _times.SECOND)
    return text if text.startswith("P") else f"PT{seconds + bool(rest)}S"


def checked_limit(limit: int) -> int:
    """The number of rows to keep, 0 for all."""
    if limit < 0:
        raise DefenderError("bad_request", f"limit is {limit}; give a number of rows, or 0 for all of them.")
    return limit


def api_of(choice: str) -> str:
    """The API that serves hunting for this choice of the tenant option C(api)."""
    if choice == "xdr":
        raise DefenderError("unsupported", "api is xdr, which hunting_query does not speak; set it to graph or auto.")
    return "graph"


def capped(answer: dict[str, t.Any], *, fail: bool, label: str) -> list[str]:
    """The warning that the answer hit Microsoft's cap of rows, or nothing; raises C(truncated) instead on request."""
    if len(answer["results"]) < ROWS:
        return []
    said = f"Tenant {label}: the answer has {len(answer['results'])} rows, which is Microsoft's cap; rows are missing."
    if fail:
        raise DefenderError("truncated", said)
    return [said]


def run(api: Api, query: str, span: str | None) -> dict[str, t.Any]:
    """The answer of Graph: C(schema) [{name, type}] and C(results) [{column: value}]."""
    body = {"Query": query} if span is None else {"Query": query, "Timespan": span}
    try:
        answer = api.query(PATH, body, timeout=SECONDS + 20)
    except DefenderError as e:
        raise _told(e) from None
    if not isinstance(answer.get("schema"), list) or not isinstance(answer.get("results"), list):
        raise DefenderError(
            "unavailable", f"Tenant {api.tenant.options.label}: the answer to the hunting query has no schema and results, so nothing is known."
        )
    return answer


def _told(error: DefenderError) -> DefenderError:
    """A table of the documented schema that does not resolve is one that the tenant has no licence for."""
    table = re.search(r"Failed to resolve table or column expression named '(\w+)'", error.message)
    if error.category == "bad_query" and table and table[1] in TABLES:
        told = DefenderError("not_licensed", error.message, status=error.status, code=error.code, request_id=error.request_id, facts={"table": table[1]})
        told.message += f" {table[1]} is a documented table, so this tenant has no licence for the product that fills it."
        return told
    return error
