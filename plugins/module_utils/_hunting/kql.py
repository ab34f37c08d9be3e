# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""KQL as text: reading a query, checking it before it is sent, and inserting parameter values
safely.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import functools
import json
import math
import re
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils import _times
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._hunting import (
    kql_names as _kql_names,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._hunting import (
    kql_syntax as _kql_syntax,
)

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
TYPED: t.Final = ("datetime", "timespan")


def text(query: str | None, query_file: str | None) -> str:
    """The query, or the content of the file; raises `bad_query` if it is empty or unreadable."""
    if query_file:
        try:
            with open(query_file, encoding="utf-8-sig") as f:
                query = f.read()
        except OSError as e:
            raise DefenderError(
                "bad_query", f"query_file is {query_file}, which cannot be read: {e.strerror}."
            ) from None
        except UnicodeDecodeError:
            raise DefenderError(
                "bad_query",
                f"query_file is {query_file}, which is not UTF-8 text; save it as UTF-8.",
            ) from None
    if not query or not query.strip():
        raise DefenderError(
            "bad_query",
            (
                f"{f'query_file is {query_file}, which' if query_file else 'query'} is empty; set"
                " it to a KQL query."
            ),
        )
    return query


def with_parameters(query: str, parameters: t.Mapping[str, t.Any] | None) -> str:
    """The query with these parameter values.

    If the query declares a name with a literal, the value replaces that literal. Any other name
    gets a `let` before the query. Raises `bad_request` for a name that the query declares in
    another way: Microsoft refuses two declarations of a name, and one inside a function would hide
    the value.
    """
    lets = []
    replaced: dict[tuple[int, int], str] = {}
    for name, value in (parameters or {}).items():
        if not isinstance(name, str) or not NAME.fullmatch(name):
            raise DefenderError(
                "bad_request",
                (
                    f"parameters has the name {name!r}, but a KQL name must consist of letters,"
                    " digits and underscores and must not begin with a digit."
                ),
            )
        text = literal(name, value)
        declared = _kql_names.declarations(query, name)
        if other := next(
            (declaration for declaration in declared if not declaration.literal), None
        ):
            raise DefenderError(
                "bad_request",
                f"parameters has {name}, which the query declares in line {other.line}, but not"
                " with a literal that the value could replace; remove the parameter, or remove"
                " that declaration from the query.",
            )
        replaced |= {declaration.span: text for declaration in declared}
        if not any(declaration.outermost for declaration in declared):
            lets.append(f"let {name} = {text};\n")
    for (start, end), text in sorted(replaced.items(), reverse=True):
        # keep the number of lines, so that the line numbers in Microsoft's messages stay valid
        query = query[:start] + text + "\n" * query.count("\n", start, end) + query[end:]
    return "".join(lets) + query


def literal(name: str, value: t.Any) -> str:
    """A value as a KQL literal. Text stays text; a time is `{"datetime": ...}`, a duration
    `{"timespan": ...}`."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        if not _fits_long(value):
            raise DefenderError(
                "bad_request",
                f"parameters.{name} is {value}, which is out of range for the KQL type long.",
            )
        return f"long({value})"
    if isinstance(value, float):
        if not math.isfinite(value):
            raise DefenderError(
                "bad_request", f"parameters.{name} is {value}, which is not a finite number."
            )
        return f"real({value!r})"
    if isinstance(value, str):
        return string(value)
    if isinstance(value, list):
        _check_members(name, value)
        # dynamic() reads JSON in ASCII, so a value can end neither the literal nor the line
        return f"dynamic({json.dumps(value)})"
    if (
        isinstance(value, dict)
        and len(value) == 1
        and (kind := next(iter(value))) in TYPED
        and isinstance(value[kind], str)
    ):
        if kind == "datetime":
            point = _times.parse_time(f"parameters.{name}", value[kind], at=_times.now())
            return f"datetime({_times.format_time(point)})"
        ticks = _times.parse_span(f"parameters.{name}", value[kind])
        if not _fits_long(ticks):
            raise DefenderError(
                "bad_request",
                (
                    f"parameters.{name} is {value[kind]}, which is out of range for the KQL type"
                    " timespan (about 29,000 years)."
                ),
            )
        return f"{ticks}tick"
    raise DefenderError(
        "bad_request",
        (
            f"parameters.{name} is {value!r}, but must be text, a number, a boolean, a list of"
            f" those, {{datetime: TIME}} or {{timespan: LENGTH}}."
        ),
    )


def _fits_long(value: t.Any) -> bool:
    return not isinstance(value, int) or -(2**63) <= value < 2**63


def _check_members(name: str, value: list[t.Any]) -> None:
    for member in value:
        if (
            not isinstance(member, (str, int, float, bool))
            or (isinstance(member, float) and not math.isfinite(member))
            or not _fits_long(member)
        ):
            raise DefenderError(
                "bad_request",
                (
                    f"parameters.{name} has the member {member!r}, but a list may contain only"
                    " text, finite numbers, true and false."
                ),
            )


def string(value: str) -> str:
    """A KQL string literal in ASCII, with backslash escapes for quotes, backslashes, control
    characters and non-ASCII characters."""
    units = value.encode("utf-16-be", "surrogatepass")
    codes = [int.from_bytes(units[at : at + 2], "big") for at in range(0, len(units), 2)]
    return (
        '"'
        + "".join(
            chr(code) if 32 <= code < 127 and chr(code) not in '"\\' else f"\\u{code:04x}"
            for code in codes
        )
        + '"'
    )


def checked_limit(limit: int) -> int:
    """The number of rows to keep, 0 for all."""
    if limit < 0:
        raise DefenderError(
            "bad_request", f"limit is {limit}, but must be a number of rows, or 0 for all of them."
        )
    return limit


def check(query: str) -> bool:
    """Whether the complete syntax was checked, which needs the package duckdb-kql.

    Raises `bad_query` with line and column for mistakes that Microsoft's parser certainly refuses.
    A query that only duckdb-kql refuses may be valid, so Microsoft decides.
    """
    mistake, complete = _read(query)
    if mistake:
        raise DefenderError("bad_query", mistake)
    return complete


@functools.lru_cache(maxsize=256)  # one query is checked for many tenants
def _read(query: str) -> tuple[str, bool]:
    """The mistake, or an empty text, and whether the complete syntax was checked."""
    if mistake := _kql_syntax.mistake(query):
        place = f"line {mistake.line}, column {mistake.column}"
        return f"The query has a syntax error in {place}: {mistake.reason}.", False
    package = duckdb_kql()
    if package is None:
        return "", False
    try:
        return "", not package.validate(_kql_syntax.readable(query))
    except RecursionError:
        return "", False


@functools.cache
def duckdb_kql() -> t.Any:
    """The optional package, or None; without it only Microsoft reports mistakes.

    Imported for the first query: core loads every filter of the collection in a process that needs
    one of them, and this costs more than the rest of its task.
    """
    try:
        import duckdb_kql as package
    except ImportError:
        return None
    return package
