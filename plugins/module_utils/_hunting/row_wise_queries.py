# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Queries that decide on each row alone: a condition on their table can be put in, such as a window
of time.

The rows of such a query are the rows of its slices. For any other query sums of slices are wrong
numbers, so it is refused.

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

# Operators that decide on each row alone, or make rows out of one row:
# learn.microsoft.com/kusto/query.
ROW_WISE: t.Final = frozenset(
    (
        "where filter extend project project-away project-keep project-rename project-reorder"
        " parse parse-where parse-kv mv-expand"
    ).split()
)


@dataclasses.dataclass(frozen=True)
class RowWise:
    """A query cut where its table ends, so that conditions on the table can be put in.

    `others` are the tables that it reads beside, in brackets or in a let.
    """

    head: str
    tail: str
    column: str
    others: tuple[str, ...] = ()

    def where(self, *conditions: str | None) -> str:
        """The query for the rows of its table that all of these conditions hold for."""
        lines = [f"| where {condition}" for condition in conditions if condition]
        return "\n".join([self.head, *lines, self.tail])


def row_wise(query: str, purpose: str = "be split by time") -> RowWise:
    """The query as `RowWise`; raises `bad_query` with the reason why its rows depend on each
    other."""
    try:
        return _cut(query)
    except ValueError as e:
        raise not_row_wise(purpose, str(e)) from None


def not_row_wise(purpose: str, reason: str) -> DefenderError:
    """What is said of a query that a window cannot be put into."""
    return DefenderError(
        "bad_query",
        f"The query cannot {purpose}, because {reason}.",
        advice=(
            "Set on_truncated to warn or fail, or ask for less: a shorter timespan, fewer"
            " columns. On api xdr put the time into the query."
        ),
    )


def _cut(query: str) -> RowWise:
    # the same length, so that places in it are places in the query
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
