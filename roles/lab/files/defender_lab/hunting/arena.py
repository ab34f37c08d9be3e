# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A separate DuckDB for the tenant being hunted, so that a query cannot reach another tenant's
rows.

An arena holds one tenant at a time and is emptied before the next one is loaded. Access to files,
network, extensions and settings is disabled. DuckDB parses every statement again, and the statement
may reference only the hunting tables for which it was translated.
"""

from __future__ import annotations

import json
import re
import threading
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb

from defender_lab.hunting.names import Columns
from defender_lab.hunting.refusals import HuntingRefused, not_supported
from defender_lab.hunting.window import Window

_DUCKDB = {
    "string": "VARCHAR",
    "datetime": "TIMESTAMP",
    "int": "INTEGER",
    "long": "BIGINT",
    "real": "DOUBLE",
    "bool": "BOOLEAN",
    "dynamic": "JSON",
    "guid": "UUID",
}
_TABLE_FUNCTIONS = frozenset({"unnest", "generate_series", "range"})
_SECONDS = 30.0


@dataclass(frozen=True)
class Packed:
    """The rows of one table as compressed JSON, and the columns that any of them fills."""

    filled: tuple[str, ...]
    text: bytes


def pack(rows: Sequence[Mapping[str, Any]], columns: Columns) -> Packed:
    filled = tuple(dict.fromkeys(name for row in rows for name in row))
    # a string is never null in Kusto, so an absent one is ''
    absent = {name: "" for name in filled if columns[name] == "string"}
    return Packed(
        filled, zlib.compress(json.dumps([{**absent, **row} for row in rows]).encode(), 1)
    )


class Arena:
    """One locked-down in-memory DuckDB. Not thread-safe: hold ``lock`` while using it."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.tenant_id = ""
        self._tables: set[str] = set()
        self._connection = duckdb.connect(
            ":memory:",
            config={
                "threads": "1",
                "memory_limit": "512MB",
                "enable_external_access": "false",
                "autoload_known_extensions": "false",
                "autoinstall_known_extensions": "false",
                "python_enable_replacements": "false",
            },
        )
        self._connection.execute("SET TimeZone = 'UTC'")
        self._connection.execute("CREATE SCHEMA store")
        # the translator writes a blob out as text with escapes, which spoils every encoded
        # PowerShell command (UTF-16)
        self._connection.execute(
            "CREATE MACRO from_base64(text) AS TRY(decode(system.main.from_base64(text)))"
        )
        self._connection.execute("SET lock_configuration = true")

    def close(self) -> None:
        self._connection.close()

    def settle(self, tenant_id: str) -> None:
        """Make room for a tenant; a tenant that is already here keeps its tables."""
        if tenant_id == self.tenant_id:
            return
        self.tenant_id = ""
        for table in self._tables:
            self._connection.execute(f'DROP VIEW "{table}"')
            self._connection.execute(f'DROP TABLE store."{table}"')
        self._tables.clear()
        self.tenant_id = tenant_id

    def missing(self, tables: Sequence[str]) -> list[str]:
        return [table for table in tables if table not in self._tables]

    def load(self, table: str, columns: Columns, packed: Packed) -> None:
        types = {name: _DUCKDB[kind] for name, kind in columns.items()}
        empty = {
            name: "''" if kind == "VARCHAR" else f"NULL::{kind}" for name, kind in types.items()
        }
        listed = ", ".join(
            (f'rows."{name}"' if name in packed.filled else empty[name]) + f' AS "{name}"'
            for name in columns
        )
        # a name is text of the schema file, never of a query; from_json wants at least one
        structure = json.dumps([{name: types[name] for name in packed.filled or list(types)[:1]}])
        source = f"SELECT unnest(from_json($1::JSON, '{structure}')) AS rows"
        self._connection.execute(
            f'CREATE TABLE store."{table}" AS SELECT {listed} FROM ({source})',
            [zlib.decompress(packed.text).decode()],
        )
        clock = next((name for name in ("Timestamp", "ActivityTimestamp") if name in columns), None)
        # the bounds are variables of the connection, so one view serves every timespan
        bounds = (
            f" WHERE \"{clock}\" BETWEEN getvariable('since') AND getvariable('until')"
            if clock
            else ""
        )
        self._connection.execute(f'CREATE VIEW "{table}" AS SELECT * FROM store."{table}"{bounds}')
        self._tables.add(table)

    def vet(self, sql: str, tables: Sequence[str]) -> None:
        """Refuse SQL that is not one SELECT over *tables*: the translator is trusted, but not with
        other tenants."""
        answer = self._connection.execute("SELECT json_serialize_sql($1)", [sql]).fetchone()
        tree: dict[str, Any] = json.loads(answer[0]) if answer else {"error": True}
        if tree["error"] or len(tree["statements"]) != 1:
            not_supported("a query that is not a single read")
        allowed = set(tables)
        references: list[dict[str, Any]] = []
        stack: list[Any] = [tree["statements"]]
        while stack:
            node = stack.pop()
            if isinstance(node, list):
                stack.extend(node)
            elif isinstance(node, dict):
                if node.get("type") in ("BASE_TABLE", "TABLE_FUNCTION"):
                    references.append(node)
                allowed.update(entry["key"] for entry in (node.get("cte_map") or {}).get("map", ()))
                stack.extend(node.values())
        for node in references:
            if node["type"] == "TABLE_FUNCTION":
                is_allowed = node["function"].get("function_name") in _TABLE_FUNCTIONS
            else:
                is_allowed = (
                    node["table_name"] in allowed
                    and not node.get("schema_name")
                    and not node.get("catalog_name")
                )
            if not is_allowed:
                not_supported("a query that reads anything other than hunting tables")

    def run(
        self, sql: str, parameters: Mapping[str, Any], window: Window, rows: int
    ) -> tuple[list[tuple[str, str]], list[tuple[Any, ...]]]:
        """(column, DuckDB type) pairs and at most *rows* rows."""
        until = window.until or datetime(9999, 1, 1)
        self._connection.execute(f"SET VARIABLE since = TIMESTAMP '{window.since}'")
        self._connection.execute(f"SET VARIABLE until = TIMESTAMP '{until}'")
        watchdog = threading.Timer(_SECONDS, self._connection.interrupt)
        watchdog.daemon = True
        watchdog.start()
        try:
            cursor = self._connection.execute(sql, dict(parameters) or None)
            columns = [(str(column[0]), str(column[1])) for column in cursor.description or ()]
            return columns, cursor.fetchmany(rows)
        except duckdb.InterruptException:
            # what callers of the real service saw when a hunt ran out of time: no words at all
            raise HuntingRefused(504, "UnknownError", "") from None
        except duckdb.Error as error:
            not_supported(re.sub(r"\s+", " ", str(error).partition("\n")[0]))
        finally:
            watchdog.cancel()
