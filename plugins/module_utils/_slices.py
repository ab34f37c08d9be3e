# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Cuts a hunting query's time into slices, for queries whose rows do not depend on each other.

The rows of such a query are the rows of its slices. For any other query sums of slices are wrong numbers, so it is refused.

Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._hunting_tables import TABLES, TIMES
from ansible_collections.mssp.defender_xdr.plugins.module_utils._times import format_time

# Operators that decide on each row alone, or make rows out of one row: learn.microsoft.com/kusto/query.
ROW_WISE: t.Final = frozenset(
    ("where filter extend project project-away project-keep project-rename project-reorder parse parse-where parse-kv mv-expand").split()
)
# Strings (regular with escapes, verbatim, multi-line) and comments: nothing in them is syntax.
OPAQUE = re.compile(r"""h?@"(?:[^"]|"")*"|h?@'(?:[^']|'')*'|```.*?```|~~~.*?~~~|h?"(?:\\.|[^"\\\n])*"|h?'(?:\\.|[^'\\\n])*'|//[^\n]*""", re.S | re.I)


@dataclasses.dataclass(frozen=True)
class Slice:
    """A half-open window [since, before) in ticks of 100 ns: the finest that Microsoft writes."""

    since: int
    before: int

    def halves(self) -> tuple[Slice, Slice] | None:
        """Two slices that share no tick and leave none out; None when there is nothing left to cut."""
        middle = (self.since + self.before) // 2
        return (Slice(self.since, middle), Slice(middle, self.before)) if self.since < middle < self.before else None

    def as_result(self) -> dict[str, str]:
        """How results name it."""
        return {"since": format_time(self.since), "before": format_time(self.before)}


@dataclasses.dataclass(frozen=True)
class RowWise:
    """A query cut where its table ends, so that a window can be put in. C(others) are the tables that it reads beside, in brackets or in a let."""

    head: str
    tail: str
    column: str
    others: tuple[str, ...] = ()

    def within(self, window: Slice) -> str:
        """The query for the rows of this window only."""
        bounds = f"{self.column} >= datetime({format_time(window.since)}) and {self.column} < datetime({format_time(window.before)})"
        return f"{self.head}\n| where {bounds}\n{self.tail}"


def row_wise(query: str, purpose: str = "be split by time") -> RowWise:
    """The query as L(RowWise); raises C(bad_query) with the reason why its rows depend on each other."""
    try:
        return _cut(query)
    except ValueError as e:
        raise not_row_wise(purpose, str(e)) from None


def not_row_wise(purpose: str, reason: str) -> DefenderError:
    """What is said of a query that a window cannot be put into."""
    return DefenderError(
        "bad_query",
        f"The query cannot {purpose}, because {reason}.",
        advice="Set on_truncated to warn or fail, or ask for less: a shorter timespan, fewer columns. On api xdr put the time into the query.",
    )


def _cut(query: str) -> RowWise:
    # the same length, so that places in it are places in the query
    plain = OPAQUE.sub(lambda found: " " * len(found[0]) if found[0].startswith("//") else '"' + "_" * (len(found[0]) - 2) + '"', query)
    start = _last_statement(plain)
    table = re.compile(r"\s*([A-Za-z_]\w*)\s*(?=[|;]|$)").match(plain, start)
    if table is None or table[1] not in TABLES:
        raise ValueError("it does not begin with one table and a pipe")
    if table[1] not in TIMES:
        raise ValueError(f"{table[1]} has no column with the time of an event")
    for operator in _operators(plain[table.end() :]):
        if operator not in ROW_WISE:
            raise ValueError(f"it uses {operator}, which looks at several rows at once")
    end = table.end(1)
    others = {word for word in re.findall(r"\w+", plain[: table.start(1)] + plain[end:]) if word in TABLES}
    return RowWise(query[:end], query[end:].strip(), TIMES[table[1]], tuple(sorted(others)))


def _last_statement(plain: str) -> int:
    """Where the statement begins that makes the rows: after the last semicolon that something follows."""
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
