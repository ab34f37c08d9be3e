# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Queries that process each row independently, so that a condition on their table, such as a time
window, can be inserted.

The rows of such a query are the rows of its slices. Other queries are refused, because combining
their slices would give wrong numbers.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._hunting import (
    kql_lexer as _kql_lexer,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._hunting import (
    kql_names as _kql_names,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._hunting.tables import TABLES, TIMES

# Operators that process each row independently: learn.microsoft.com/kusto/query.
ROW_WISE: t.Final = frozenset(
    (
        "where filter extend project project-away project-keep project-rename project-reorder"
        " parse parse-where parse-kv mv-expand"
    ).split()
)


@dataclasses.dataclass(frozen=True)
class RowWise:
    """A query split after its table, so that conditions on the table can be inserted.

    `others` are further tables that it reads, in brackets or in a let.
    """

    head: str
    tail: str
    column: str
    others: tuple[str, ...] = ()

    def where(self, *conditions: str | None) -> str:
        """The query for the rows of its table that meet all of these conditions."""
        lines = [f"| where {condition}" for condition in conditions if condition]
        return "\n".join([self.head, *lines, self.tail])


def row_wise(query: str, purpose: str = "be split by time") -> RowWise:
    """The query as `RowWise`; raises `bad_query` with the reason if its rows depend on each
    other."""
    try:
        return _cut(query)
    except ValueError as e:
        raise not_row_wise(purpose, str(e)) from None


def not_row_wise(purpose: str, reason: str) -> DefenderError:
    """The error for a query into which no condition can be inserted."""
    return DefenderError(
        "bad_query",
        f"The query cannot {purpose}, because {reason}.",
        advice=(
            "Set on_truncated to warn or fail, or query less: a shorter timespan, fewer columns."
            " With api xdr, put the time condition into the query."
        ),
    )


def _cut(query: str) -> RowWise:
    # the same length, so that positions in it are positions in the query
    plain = _kql_lexer.plain(query)
    start = _kql_lexer.last_statement(plain)
    table = re.compile(r"\s*([A-Za-z_]\w*)\s*(?=[|;]|$)").match(plain, start)
    if table is None or table[1] not in TABLES or _kql_names.declarations(query, table[1]):
        raise ValueError("it does not begin with one table and a pipe")
    if table[1] not in TIMES:
        raise ValueError(f"{table[1]} has no column with the time of an event")
    for operator in _kql_lexer.operators(plain[table.end() :]):
        if operator not in ROW_WISE:
            raise ValueError(f"it uses {operator}, which looks at several rows at once")
    end = table.end(1)
    others = {
        word for word in re.findall(r"\w+", plain[: table.start(1)] + plain[end:]) if word in TABLES
    }
    return RowWise(query[:end], query[end:].strip(), TIMES[table[1]], tuple(sorted(others)))
