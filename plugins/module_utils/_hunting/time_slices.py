# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Cuts a hunting query's time into slices, for queries whose rows do not depend on each other.

The rows of such a query are the rows of its slices. For any other query sums of slices are wrong
numbers, so it is refused.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils import _times
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
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
NEAR: t.Final = 8  # the part of a window within which an open slice is cut at the window's edge


@dataclasses.dataclass(frozen=True)
class Slice:
    """A half-open window [since, before) in ticks of 100 ns: the finest that Microsoft writes.

    Without a bound it is open on that side. One without `since` also has the rows that have no
    time.
    """

    since: int | None = None
    before: int | None = None

    def halves(self, window: Slice) -> tuple[Slice, Slice] | None:
        """Two slices that share no row and leave none out; None when there is nothing left to cut.

        :arg window: where most of the rows are likely to be. What lies outside is cut off in one
            piece first, and then in steps that double.
        """
        if window.since is None or window.before is None:
            return None
        since = window.since if self.since is None else self.since
        before = window.before if self.before is None else self.before
        width = window.before - window.since
        near = max(width // NEAR, 1)
        if self.since is None and before <= window.since + near:
            beyond = max(width, window.since - before)
            cut = window.since if before > window.since else max(before - beyond, _times.FIRST)
        elif self.before is None and since >= window.before - near:
            beyond = max(width, since - window.before)
            cut = window.before if since < window.before else min(since + beyond, _times.LAST)
        else:
            cut = (since + before) // 2
        lowest = _times.FIRST - 1 if self.since is None else self.since
        highest = _times.LAST + 1 if self.before is None else self.before
        if not lowest < cut < highest:
            return None
        return Slice(self.since, cut), Slice(cut, self.before)

    def condition(self, column: str) -> str | None:
        """The rows of this slice as a condition on the column with the time; None for all of
        them."""
        if self.since is None and self.before is not None:
            bound = f"datetime({_times.format_time(self.before)})"
            return f"isnull({column}) or {column} < {bound}"
        parts = []
        if self.since is not None:
            parts.append(f"{column} >= datetime({_times.format_time(self.since)})")
        if self.before is not None:
            parts.append(f"{column} < datetime({_times.format_time(self.before)})")
        return " and ".join(parts) or None

    def as_result(self) -> dict[str, str]:
        """How results name it; an open side as the first or the last moment of Kusto's datetime."""
        since = _times.FIRST if self.since is None else self.since
        before = _times.LAST if self.before is None else self.before
        return {"since": _times.format_time(since), "before": _times.format_time(before)}


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
    plain = _kql_names.plain(query)
    start = _last_statement(plain)
    table = re.compile(r"\s*([A-Za-z_]\w*)\s*(?=[|;]|$)").match(plain, start)
    if table is None or table[1] not in TABLES or _kql_names.declarations(query, table[1]):
        raise ValueError("it does not begin with one table and a pipe")
    if table[1] not in TIMES:
        raise ValueError(f"{table[1]} has no column with the time of an event")
    for operator in _operators(plain[table.end() :]):
        if operator not in ROW_WISE:
            raise ValueError(f"it uses {operator}, which looks at several rows at once")
    end = table.end(1)
    others = {
        word for word in re.findall(r"\w+", plain[: table.start(1)] + plain[end:]) if word in TABLES
    }
    return RowWise(query[:end], query[end:].strip(), TIMES[table[1]], tuple(sorted(others)))


def _last_statement(plain: str) -> int:
    """Where the statement begins that makes the rows: after the last semicolon that something
    follows."""
    body = plain.rstrip().rstrip(";")
    start = body.rfind(";") + 1
    if re.match(r"\s*(let|set|declare|alias|pattern|restrict)\b", plain[start:]):
        raise ValueError("it ends with a statement that makes no rows")
    return start


def _operators(pipeline: str) -> t.Iterator[str]:
    """The operators between the pipes that stand outside of every bracket."""
    depth = 0
    for at, letter in enumerate(pipeline):
        depth += (letter in "([{") - (letter in ")]}")
        if letter == "|" and depth == 0:
            word = re.match(r"\|\s*([a-z][a-z-]*)", pipeline[at:], re.I)
            yield word[1].lower() if word else "an empty pipe"
