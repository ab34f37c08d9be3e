# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Advanced hunting over the world: real KQL on the documented tables, one tenant at a time."""

from __future__ import annotations

import json
import math
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from defender_lab.hunting.arena import Arena, Packed, pack
from defender_lab.hunting.kql import Translation, translate
from defender_lab.hunting.names import Columns
from defender_lab.hunting.refusals import HuntingRefused
from defender_lab.hunting.window import window

if TYPE_CHECKING:
    from defender_lab.world.world import World

__all__ = ["ROW_CAP", "HuntingAnswer", "HuntingEngine", "HuntingRefused", "hunting_tables"]

ROW_CAP = 100_000

# the type names of the Kusto answer, by the head of DuckDB's
_GRAPH_TYPES = {
    "VARCHAR": "String",
    "TIMESTAMP": "DateTime",
    "DATE": "DateTime",
    "BOOLEAN": "SByte",
    "TINYINT": "Int32",
    "SMALLINT": "Int32",
    "INTEGER": "Int32",
    "BIGINT": "Int64",
    "HUGEINT": "Int64",
    "UBIGINT": "Int64",
    "UINTEGER": "Int64",
    "FLOAT": "Double",
    "DOUBLE": "Double",
    "DECIMAL": "SqlDecimal",
    "UUID": "Guid",
    "INTERVAL": "TimeSpan",
}


@dataclass(frozen=True)
class HuntingAnswer:
    """``schema`` is [{name, type}] with the type names of Graph; ``results`` has one dict a row,
    ready for JSON."""

    schema: list[dict[str, str]]
    results: list[dict[str, Any]]


@lru_cache(maxsize=1)
def hunting_tables() -> dict[str, Columns]:
    """Every documented table: {table: {column: KQL type}}."""
    tables: dict[str, Columns] = json.loads(
        Path(__file__).with_name("schema.json").read_text(encoding="utf-8")
    )
    return tables


@lru_cache(maxsize=512)
def _translated(query: str, absent_tables: frozenset[str]) -> Translation:
    return translate(
        query,
        {name: columns for name, columns in hunting_tables().items() if name not in absent_tables},
    )


class HuntingEngine:
    """Answers hunts of any tenant; safe to call from several threads. *arenas* bounds the tenants
    kept warm."""

    def __init__(self, world: World, *, arenas: int = 32) -> None:
        self._world = world
        self._room = arenas
        self._arenas: OrderedDict[str, Arena] = OrderedDict()
        self._lock = threading.Lock()
        self._vetted: set[str] = set()
        self._packed: dict[tuple[str, str], Packed] = {}

    def run(
        self,
        tenant_id: str,
        query: str,
        timespan: str | None,
        *,
        absent_tables: frozenset[str] = frozenset(),
        now: datetime,
    ) -> HuntingAnswer:
        """Run *query* as the tenant; raises HuntingRefused, and KeyError for a tenant that is not
        of this world.

        *now* is what now() and ago() mean, and where the 30 days that are kept end.
        """
        now = now.astimezone(UTC).replace(tzinfo=None) if now.tzinfo else now
        bounds = window(timespan, now)
        translation = _translated(query, absent_tables)
        parameters = dict(translation.parameters)
        if translation.clock:
            parameters[translation.clock] = now
        arena = self._arena(tenant_id)
        with arena.lock:
            arena.settle(tenant_id)
            if translation.sql not in self._vetted:
                arena.vet(translation.sql, translation.tables)
                self._vetted.add(translation.sql)
            for table in arena.missing(translation.tables):
                arena.load(table, hunting_tables()[table], self._rows(tenant_id, table))
            columns, rows = arena.run(translation.sql, parameters, bounds, ROW_CAP)
        return _answer(columns, rows)

    def close(self) -> None:
        with self._lock:
            for arena in self._arenas.values():
                with arena.lock:
                    arena.close()
            self._arenas.clear()

    def _rows(self, tenant_id: str, table: str) -> Packed:
        """Packed once, because a tenant that lost its arena to another comes back for the next
        hunt."""
        key = (tenant_id, table)
        if key not in self._packed:
            self._packed[key] = pack(
                self._world.tables(tenant_id).get(table, []), hunting_tables()[table]
            )
        return self._packed[key]

    def _arena(self, tenant_id: str) -> Arena:
        with self._lock:
            arena = self._arenas.get(tenant_id)
            if arena is None:
                arena = (
                    Arena()
                    if len(self._arenas) < self._room
                    else self._arenas.popitem(last=False)[1]
                )
                self._arenas[tenant_id] = arena
            self._arenas.move_to_end(tenant_id)
            return arena


def _answer(columns: list[tuple[str, str]], rows: list[tuple[Any, ...]]) -> HuntingAnswer:
    names = [name for name, unused in columns]
    types = [
        _GRAPH_TYPES.get(kind.partition("(")[0].partition(" ")[0], "Object")
        if "[" not in kind
        else "Object"
        for unused, kind in columns
    ]
    schema = [{"name": name, "type": kind} for name, kind in zip(names, types, strict=True)]
    fields = list(zip(names, (_WRITERS.get(kind) for kind in types), strict=True))
    results = [
        {
            name: value if write is None or value is None else write(value)
            for (name, write), value in zip(fields, row, strict=True)
        }
        for row in rows
    ]
    return HuntingAnswer(schema, results)


def _moment(value: datetime | date) -> str:
    # 100 ns are the service's unit; DuckDB keeps microseconds, so the last digit is a nought
    if not isinstance(value, datetime):
        return f"{value.isoformat()}T00:00:00Z"
    text = value.replace(tzinfo=None).isoformat()
    return f"{text}0Z" if value.microsecond else f"{text}Z"


def _span(value: timedelta) -> str:
    sign, value = ("-", -value) if value < timedelta(0) else ("", value)
    minutes, seconds = divmod(value.seconds, 60)
    days = f"{value.days}." if value.days else ""
    fraction = f".{value.microseconds:06d}0" if value.microseconds else ""
    return f"{sign}{days}{minutes // 60:02d}:{minutes % 60:02d}:{seconds:02d}{fraction}"


def _dynamic(value: Any) -> Any:
    return (
        json.loads(value)
        if isinstance(value, str)
        else json.loads(json.dumps(value, default=_plain))
    )


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return _moment(value)
    return _span(value) if isinstance(value, timedelta) else str(value)


def _real(value: float) -> float | str:
    # JSON has no word for these; Kusto writes them as text
    if math.isnan(value):
        return "NaN"
    return (
        ("Infinity" if value > 0 else "-Infinity")
        if value in (float("inf"), float("-inf"))
        else value
    )


def _decimal(value: Decimal) -> str:
    return str(value)


_WRITERS: dict[str, Callable[[Any], Any]] = {
    "DateTime": _moment,
    "TimeSpan": _span,
    "Object": _dynamic,
    "Guid": str,
    "Double": _real,
    "SqlDecimal": _decimal,
}
