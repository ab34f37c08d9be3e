# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run KQL locally over rows, such as those of all tenants: in memory, without access to files or
hosts.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import datetime
import decimal
import itertools
import json
import os
import re
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._hunting import kql as _kql
from ansible_collections.mssp.defender_xdr.plugins.module_utils._hunting import (
    kql_syntax as _kql_syntax,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._hunting.kql_lexer import OPAQUE

Row = dict[str, t.Any]
Source = t.Sequence[Row] | str
# No query can access a file, the network, an extension or a setting.
SHUT: t.Final[dict[str, str | bool | int | float | list[str]]] = {
    "enable_external_access": "false",
    "autoload_known_extensions": "false",
    "autoinstall_known_extensions": "false",
    "python_enable_replacements": "false",
}
BATCH: t.Final = 5000
TIME: t.Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)")
# Escapes in Kusto strings, and those that the translator supports.
ESCAPE: t.Final = re.compile(r"\\(?:u(?P<unit>[0-9a-fA-F]{4})|x(?P<byte>[0-9a-fA-F]{2})|.)", re.S)
SIGNS: t.Final = {
    rf"\{letter}": sign
    for letter, sign in zip("abfnrtv0\\\"'", "\a\b\f\n\r\t\v\0\\\"'", strict=True)
}
KEPT: t.Final = {"\n": r"\n", "\r": r"\r", "\t": r"\t", "\0": r"\0", "\\": r"\\"}
# The DuckDB type of a column by the kind of its values; mixed kinds become text.
KINDS: t.Final = {
    "bool": "BOOLEAN",
    "int": "BIGINT",
    "float": "DOUBLE",
    "time": "TIMESTAMP",
    "json": "JSON",
    "text": "VARCHAR",
}


def tables(source: t.Any, name: str) -> dict[str, Source]:
    """The tables by name: those of a mapping, or a single one with this name; raises `bad_request`
    for a source that is neither rows nor a file."""
    named = dict(source) if isinstance(source, dict) else {name: source}
    for table, rows in named.items():
        if not isinstance(rows, (str, list, tuple)):
            raise DefenderError(
                "bad_request",
                (
                    f"The table {table} is {_json_type(rows)}, but must be a list of rows or the"
                    " path of an NDJSON file."
                ),
            )
    return named


def run(tables: t.Mapping[str, Source], query: str, parameters: t.Mapping[str, t.Any]) -> list[Row]:
    """The rows that the query returns from the tables.

    :arg tables: by name in the query, a list of rows or the path of an NDJSON file.

    Raises `bad_request` for tables that cannot be read and `bad_query` for a query that cannot be
    run.
    """
    duckdb, duckdb_kql = _packages()
    text = _kql.with_parameters(_kql.text(query, None), parameters)
    _kql.check(text)
    with duckdb.connect(":memory:", config=SHUT) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        columns = {name: _load(connection, name, source) for name, source in tables.items()}
        connection.execute("SET lock_configuration = true")
        try:
            translated = duckdb_kql.to_sql(
                _kql_syntax.readable(_readable(text)), columns, allow_write=False
            )
            answer = connection.execute(str(translated), dict(translated.parameters) or None)
            names = [str(column[0]) for column in answer.description or ()]
            dynamic = [str(column[1]) == "JSON" for column in answer.description or ()]
            return [
                dict(zip(names, map(_plain, row, dynamic), strict=True))
                for row in answer.fetchall()
            ]
        except duckdb_kql.KqlError as e:
            raise DefenderError(
                "bad_query",
                f"The query cannot be run locally: {e}. The tables are {_table_summary(columns)}.",
            ) from None
        except duckdb.Error as e:
            raise DefenderError(
                "bad_query",
                (
                    f"The query cannot be run locally: {str(e).splitlines()[0]}. The tables are"
                    f" {_table_summary(columns)}."
                ),
            ) from None


def _packages() -> tuple[t.Any, t.Any]:
    """The packages that only this filter needs; imported for its first query."""
    try:
        import duckdb
        import duckdb_kql
    except ImportError:
        raise DefenderError(
            "bad_request",
            "local_kql needs the Python packages duckdb and duckdb-kql on the controller.",
            advice="Run: pip install duckdb-kql duckdb",
        ) from None
    return duckdb, duckdb_kql


def _readable(query: str) -> str:
    """The query without escapes that the translator does not support, because it would drop only
    their backslash."""

    def literal(match: re.Match[str]) -> str:
        prefix, quote, body = match[0].partition(match[0].lstrip("hH@")[0])
        if "@" in prefix or quote not in "\"'" or "\\" not in body:
            return match[0]
        # an emoji is written as two escapes, one for each surrogate
        text = ESCAPE.sub(_unescaped, body[:-1])
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le")
        kept = {**KEPT, quote: f"\\{quote}"}
        return prefix + quote + "".join(kept.get(sign, sign) for sign in text) + quote

    try:
        return OPAQUE.sub(literal, query)
    except UnicodeDecodeError:
        raise DefenderError(
            "bad_query",
            (
                "The query cannot be run locally: a string contains a lone surrogate, which"
                " DuckDB does not support; remove it."
            ),
        ) from None


def _unescaped(escape: re.Match[str]) -> str:
    code = escape["unit"] or escape["byte"]
    return chr(int(code, 16)) if code else SIGNS.get(escape[0], escape[0])


def _table_summary(columns: t.Mapping[str, list[str]]) -> str:
    return "; ".join(
        f"{name} ({', '.join(names[:20])}{', …' if len(names) > 20 else ''})"
        for name, names in columns.items()
    )


def _load(connection: t.Any, name: str, source: Source) -> list[str]:
    """Create a table from the rows; returns its columns."""
    if not _kql.NAME.fullmatch(name):
        raise DefenderError(
            "bad_request",
            f"{name!r} is not a valid table name; use letters, digits and underscores.",
        )
    kinds: dict[str, str] = {}
    for row in _rows(name, source):
        for column, value in row.items():
            if value is not None:
                kinds[column] = _common_kind(kinds.get(column), _kind(value))
            else:
                kinds.setdefault(column, "")
    _check_names(name, kinds)
    if not kinds:
        # tenants without hits must not fail: an empty table, whose columns are unknown
        kinds = {"tenant_id": "text", "tenant_name": "text"}
    types = {column: KINDS[kind or "text"] for column, kind in kinds.items()}
    # a string is never null in Kusto, so a missing one is ''
    defined = ", ".join(
        f"{_quoted(column)} {kind}" + (" DEFAULT ''" if kind == "VARCHAR" else "")
        for column, kind in types.items()
    )
    connection.execute(f"CREATE TABLE {_quoted(name)} ({defined})")
    values = ", ".join(_value(kind, at) for at, kind in enumerate(types.values(), 1))
    paths = [f"$.{json.dumps(column, ensure_ascii=False)}" for column in types]
    rows = iter(_rows(name, source))
    while batch := list(itertools.islice(rows, BATCH)):
        connection.execute(
            f"INSERT INTO {_quoted(name)} SELECT {values} FROM (SELECT unnest($2::JSON[]) AS r)",
            [paths, [json.dumps(row) for row in batch]],
        )
    return list(types)


def _value(kind: str, at: int) -> str:
    """SQL for the value at the path with this number; $1 has the paths."""
    if kind == "VARCHAR":
        return f"coalesce(r ->> $1[{at}], '')"
    if kind == "TIMESTAMP":
        # a time may have another time zone
        return f"TRY_CAST(r ->> $1[{at}] AS TIMESTAMPTZ)::TIMESTAMP"
    arrow = "->" if kind == "JSON" else "->>"
    return f"TRY_CAST(r {arrow} $1[{at}] AS {kind})"


def _rows(name: str, source: Source) -> t.Iterator[Row]:
    if not isinstance(source, str):
        yield from (_checked(name, number, row) for number, row in enumerate(source, 1))
        return
    try:
        with open(os.path.expanduser(source), encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield _checked(name, number, json.loads(line))
    except OSError as e:
        raise DefenderError(
            "bad_request", f"The table {name} is {source}, which cannot be read: {e.strerror}."
        ) from None
    except ValueError:
        raise DefenderError(
            "bad_request",
            (
                f"The table {name} is {source}, which has no JSON object in line {number}; write"
                " one JSON object per line (NDJSON)."
            ),
        ) from None


def _checked(name: str, number: int, row: t.Any) -> Row:
    if not isinstance(row, dict):
        raise DefenderError(
            "bad_request",
            (
                f"Row {number} of the table {name} is {_json_type(row)}, but must be an object by"
                " column name."
            ),
        )
    return row


def _json_type(value: t.Any) -> str:
    """The JSON type of a value, for messages."""
    types: tuple[tuple[t.Any, str], ...] = (
        (bool, "a boolean"),
        ((int, float), "a number"),
        (str, "a string"),
        (t.Mapping, "an object"),
        ((list, tuple), "an array"),
        (type(None), "null"),
    )
    return next((name for kind, name in types if isinstance(value, kind)), "not a JSON value")


def _check_names(name: str, columns: t.Iterable[str]) -> None:
    by_lower_case: dict[str, str] = {}
    for column in columns:
        if (other := by_lower_case.setdefault(column.lower(), column)) != column:
            raise DefenderError(
                "bad_request",
                (
                    f"The table {name} has the columns {other} and {column}, whose names DuckDB"
                    " does not distinguish; rename one of them."
                ),
            )


def _kind(value: t.Any) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int) and -(2**63) <= value < 2**63:
        return "int"
    if isinstance(value, (int, float)):
        return "float"
    if isinstance(value, (dict, list)):
        return "json"
    return "time" if isinstance(value, str) and TIME.fullmatch(value) else "text"


def _common_kind(before: str | None, kind: str) -> str:
    """The kind of a column after a value of another kind."""
    if not before or before == kind:
        return kind
    return "float" if {before, kind} == {"int", "float"} else "text"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _plain(value: t.Any, dynamic: bool) -> t.Any:
    """A value for Ansible. Times are in Microsoft's format; their last digit is 0, because DuckDB
    stores microseconds."""
    if dynamic and isinstance(value, str):
        return json.loads(value)
    if isinstance(value, datetime.datetime):
        text = value.replace(tzinfo=None).isoformat()
        return f"{text}0Z" if value.microsecond else f"{text}Z"
    if isinstance(value, datetime.timedelta):
        return _span(value)
    if isinstance(value, decimal.Decimal):
        return float(value)
    if isinstance(value, dict):
        return {str(key): _plain(member, False) for key, member in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(member, False) for member in value]
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)


def _span(value: datetime.timedelta) -> str:
    """A duration in Kusto's format: `10.03:00:07`, with days and a fraction only if they are not
    zero."""
    sign, value = ("-", -value) if value < datetime.timedelta(0) else ("", value)
    minutes, seconds = divmod(value.seconds, 60)
    days = f"{value.days}." if value.days else ""
    fraction = f".{value.microseconds:06d}0" if value.microseconds else ""
    return f"{sign}{days}{minutes // 60:02d}:{minutes % 60:02d}:{seconds:02d}{fraction}"
