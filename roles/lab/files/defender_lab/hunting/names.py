# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Resolves every table and column of a query as Kusto does, before DuckDB runs it.

DuckDB ignores the case of names, compares a datetime with a string, and finds tables that are not
part of the hunting schema. Kusto does none of that, so without this check the lab would accept
queries that the service refuses.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping

from duckdb_kql import ir
from duckdb_kql import schema as kql_schema
from duckdb_kql.errors import KqlSchemaError

from defender_lab.hunting.refusals import (
    HuntingRefused,
    not_supported,
    refuse_column,
    refuse_meaning,
    refuse_syntax,
    refuse_table,
)

Columns = dict[str, str]
"""Column name to KQL type; the type of a computed column is not followed and is ''."""

_OPERATORS: dict[type, str] = {
    ir.Where: "where",
    ir.Project: "project",
    ir.Extend: "extend",
    ir.Take: "take",
    ir.Sort: "sort",
    ir.Top: "top",
    ir.Count: "count",
    ir.Distinct: "distinct",
    ir.Summarize: "summarize",
    ir.ProjectAway: "project-away",
    ir.ProjectRename: "project-rename",
    ir.MvExpand: "mv-expand",
    ir.Parse: "parse",
    ir.Join: "join",
    ir.Lookup: "lookup",
    ir.Union: "union",
    ir.GetSchema: "getschema",
}
_KEEPS_COLUMNS = (ir.Where, ir.Take, ir.Sort, ir.Top)
# the type of a column that a union has split in two; the lab cannot show the halves, only do
# without them
MIXED = "mixed"
_COMPARISONS = frozenset({"==", "!=", "<", "<=", ">", ">=", "=~", "!~"})
_KINDS = {
    "int": "number",
    "long": "number",
    "real": "number",
    "decimal": "number",
    "string": "string",
    "datetime": "datetime",
}


class Resolver:
    """Walks one query; ``tables`` collects the hunting tables it reads, in order of appearance."""

    def __init__(self, tables: Mapping[str, Columns]) -> None:
        self._tables = tables
        self.tables: dict[str, None] = {}

    def query(
        self, query: ir.Query, bound: Mapping[str, Columns], operator: str | None = None
    ) -> Columns:
        """The columns *query* yields; raises HuntingRefused for the first name that does not
        resolve."""
        scope = dict(bound)
        for name, value in query.lets:
            if isinstance(value, ir.Query):
                scope[name] = self.query(value, scope)
        first = query.operators[0] if query.operators else None
        columns = self._source(query.source, scope, _name(first) if first else operator, first)
        for position, op in enumerate(query.operators):
            resolved = kql_schema.resolve_let_refs(op, list(columns))
            kinds = self._operator(resolved, columns, scope)
            names = kql_schema.output_columns(
                dataclasses.replace(query, operators=query.operators[: position + 1]),
                self._plain(scope),
            )
            columns = {name: kinds.get(name, "") for name in names}
        return columns

    def answer(self, query: ir.Query) -> Columns:
        """The columns of a whole query."""
        columns = self.query(query, {})
        if MIXED in columns.values():
            not_supported(
                "a response with columns of one name and different types from a union; project"
                " the others"
            )
        return columns

    def _plain(self, scope: Mapping[str, Columns]) -> dict[str, list[str]]:
        return {name: list(columns) for name, columns in {**self._tables, **scope}.items()}

    def _source(
        self,
        source: ir.Source,
        scope: Mapping[str, Columns],
        operator: str | None,
        first: ir.Operator | None,
    ) -> Columns:
        if isinstance(source, ir.TableRef):
            if source.database is not None or source.cluster is not None:
                not_supported("database() and cluster() in a query")
            if source.name in scope:
                return scope[source.name]
            if source.name in self._tables:
                self.tables[source.name] = None
                return self._tables[source.name]
            if isinstance(first, ir.Union) and first.isfuzzy:
                not_supported("union isfuzzy=true whose first table does not exist")
            refuse_table(source.name, operator)
        if isinstance(source, ir.WildcardTableRef):
            if source.database is not None:
                not_supported("database() in a query")
            plain = {name: list(columns) for name, columns in self._tables.items()}
            try:
                matched = kql_schema.match_wildcard(source, plain)
            except KqlSchemaError:
                refuse_table(source.pattern, operator)
            self.tables.update(dict.fromkeys(matched))
            return _united([self._tables[name] for name in matched])
        if isinstance(source, ir.GraphSource | ir.CommandSource):
            not_supported(
                "graph operators" if isinstance(source, ir.GraphSource) else "management commands"
            )
        source = kql_schema.resolve_source_let_refs(source)
        for node in self._expressions(source, {}, scope):
            # a lone name that is neither table nor let lands here, as an expression to print
            refuse_table(node.name, None)
        return dict.fromkeys(kql_schema.output_columns(ir.Query(source), self._plain(scope)), "")

    def _operator(self, op: ir.Operator, columns: Columns, scope: Mapping[str, Columns]) -> Columns:
        """Checks the names an operator uses; answers what is known of the types after it."""
        name = _name(op)
        if (
            isinstance(op, ir.Where)
            and isinstance(op.predicate, ir.Literal)
            and op.predicate.kind != "bool"
        ):
            # `where A = "x"`: the grammar takes it for a named argument, Kusto does not
            refuse_syntax()
        if isinstance(op, ir.Join | ir.Lookup):
            right = self.query(op.right, scope, name)
            for key in op.keys:
                _required(name, columns, key.left)
                _required(name, right, key.right)
            return {**right, **columns}
        if isinstance(op, ir.Union):
            return self._union(op, columns, scope)
        _required(name, columns, *_plain_names(op))
        for node in self._expressions(op, columns, scope):
            if columns.get(node.name.rpartition("_")[0]) == MIXED:
                not_supported(
                    f"{node.name}, one of two columns of one name and different types from a union"
                )
            if node.name in self._tables or node.name in scope:
                not_supported(f"the table {node.name} as an operand")
            if node.name[:1].isdigit():
                # Kusto takes such a name, even for an argument of a function; the translator's
                # grammar makes something else of it
                not_supported(f"{node.name}, a name that begins with a digit")
            refuse_column(node.name, name)
        for comparison in _nodes(op):
            if isinstance(comparison, ir.BinaryOp) and comparison.op in _COMPARISONS:
                _comparable(comparison, columns)
        return _types(op, columns)

    def _union(self, op: ir.Union, columns: Columns, scope: Mapping[str, Columns]) -> Columns:
        branches = [columns]
        for branch in op.branches:
            try:
                branches.append(self.query(branch, scope, "union"))
            except HuntingRefused as refused:
                # isfuzzy forgives a missing table and nothing else
                if not (op.isfuzzy and "Failed to resolve table" in refused.message):
                    raise
        return _united(branches)

    def _expressions(
        self, root: object, columns: Mapping[str, str], scope: Mapping[str, Columns]
    ) -> Iterator[ir.ColumnRef]:
        """Column references below *root* that are no column; nested queries are resolved on the
        way."""
        for node in _nodes(root):
            if isinstance(node, ir.Query):
                self.query(node, scope)
            elif isinstance(node, ir.ColumnRef) and columns.get(node.name, MIXED) == MIXED:
                yield node
            elif isinstance(node, ir.Wildcard) and MIXED in columns.values():
                not_supported("* after a union of columns of one name and different types")


def _nodes(root: object) -> Iterator[object]:
    """Every node of the syntax tree below *root*, queries included but not entered."""
    stack: list[object] = [root]
    while stack:
        node = stack.pop()
        if isinstance(node, list | tuple):
            stack.extend(reversed(node))
        elif dataclasses.is_dataclass(node) and not isinstance(node, type):
            yield node
            if not isinstance(node, ir.Query):
                stack.extend(
                    getattr(node, field.name) for field in reversed(dataclasses.fields(node))
                )


def _united(branches: list[Columns]) -> Columns:
    """Columns of one name and two types: Kusto makes X_long and X_string of X, and then knows no X;
    DuckDB casts one to the other."""
    columns: Columns = {}
    for branch in branches:
        for name, kind in branch.items():
            if columns.setdefault(name, kind) != kind:
                columns[name] = MIXED if kind and columns[name] else ""
    return columns


def _name(op: ir.Operator) -> str:
    return _OPERATORS.get(type(op), type(op).__name__.lower())


def _plain_names(op: ir.Operator) -> tuple[str, ...]:
    """Columns that an operator names as text and not as an expression."""
    if isinstance(op, ir.ProjectAway):
        return op.columns
    if isinstance(op, ir.ProjectRename):
        return tuple(old for old, unused in op.renames)
    if isinstance(op, ir.MvExpand):
        return tuple(target.column for target in op.targets)
    return ()


def _required(operator: str, columns: Columns, *names: str) -> None:
    for name in names:
        if columns.get(name, MIXED) == MIXED:
            refuse_column(name, operator)


def _types(op: ir.Operator, before: Columns) -> Columns:
    if isinstance(op, ir.Project):
        return {
            item.name or item.expr.name: before.get(item.expr.name, "")
            for item in op.expressions
            if isinstance(item.expr, ir.ColumnRef)
        }
    if isinstance(op, ir.Extend):
        replaced = {item.name for item in op.expressions}
        return {name: kind for name, kind in before.items() if name not in replaced}
    if isinstance(op, (*_KEEPS_COLUMNS, ir.ProjectAway)):
        return before
    # what these make is not followed, but what was split stays split
    kept = isinstance(op, ir.MvExpand | ir.Parse | ir.ProjectRename)
    return {name: kind for name, kind in before.items() if kind == MIXED} if kept else {}


def _comparable(comparison: ir.BinaryOp, columns: Columns) -> None:
    kinds = [_kind(side, columns) for side in (comparison.left, comparison.right)]
    families = {_KINDS[kind] for kind in kinds if kind in _KINDS}
    if (
        comparison.op in ("==", "!=")
        and families == {"number", "string"}
        and any(_is_number(side) for side in (comparison.left, comparison.right))
    ):
        # Microsoft's parser lets it pass, and published hunts have it
        not_supported("a number that is compared with a number written as text")
    if len(families) == 2 and all(kind in _KINDS for kind in kinds):
        refuse_meaning(
            f"Cannot compare values of types {kinds[0]} and {kinds[1]}. Try adding explicit casts"
        )


def _is_number(side: ir.Expr) -> bool:
    return (
        isinstance(side, ir.Literal)
        and side.kind == "string"
        and str(side.value).strip().isdecimal()
    )


def _kind(side: ir.Expr, columns: Columns) -> str:
    if isinstance(side, ir.ColumnRef):
        return columns.get(side.name, "")
    return side.kind if isinstance(side, ir.Literal) else ""
