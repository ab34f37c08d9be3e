# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Translates KQL to DuckDB SQL: syntax, names and translation; tells a wrong query from a limit of
the lab."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NoReturn

from duckdb_kql import to_sql
from duckdb_kql.errors import KqlError, KqlSchemaError, KqlSyntaxError, KqlUnsupportedError
from duckdb_kql.lower import lower
from duckdb_kql.translate import CLOCK_SLOT, clock

from defender_lab.hunting.dialect import TEXT, translatable
from defender_lab.hunting.names import Columns, Resolver
from defender_lab.hunting.refusals import not_supported, refuse_meaning, refuse_syntax

# Operators of the language; a word behind a pipe that is none of them is the author's slip.
_OPERATORS = frozenset(
    """
    as assert-schema consume count distinct evaluate extend externaldata facet filter find
    fork getschema invoke join limit lookup macro-expand make-graph graph-match graph-merge
    graph-to-table graph-shortest-paths graph-mark-components make-series mv-apply mvapply
    mv-expand mvexpand order parse parse-kv parse-where partition print project project-away
    project-by-names project-keep project-rename project-reorder range reduce render sample
    sample-distinct scan search serialize sort summarize take top top-hitters top-nested
    union where __partitionby
    """.split()
)
# Real operators and forms that the translator's grammar cannot even parse.
_UNPARSED = frozenset(
    {
        "parse-kv",
        "assert-schema",
        "project-by-names",
        "macro-expand",
        "graph-merge",
        "__partitionby",
    }
)
# Functions of advanced hunting itself; any other unknown name with a capital letter is nobody's
# built-in.
_HUNTING_FUNCTIONS = frozenset({"FileProfile", "DeviceFromIP", "AssignedIPAddresses", "SeenBy"})

_SOME_MOMENT = datetime(2000, 1, 1)


@dataclass(frozen=True)
class Translation:
    """SQL over the tables named, with its parameters; ``clock`` is the parameter that stands for
    now(), if it is used."""

    sql: str
    parameters: Mapping[str, Any]
    tables: tuple[str, ...]
    clock: str | None


def translate(query: str, tables: Mapping[str, Columns]) -> Translation:
    """Translate *query* over *tables*; raises HuntingRefused (400 for the author's errors, 501 for
    the lab's limits)."""
    bare = TEXT.sub(lambda match: "" if match.group().startswith("//") else '""', query).strip()
    if not bare:
        refuse_syntax("The query is empty.")
    if bare.startswith("."):
        # management commands are another language; the service has no grammar for them
        refuse_syntax()
    query = translatable(query)
    _refuse_doubles(query)
    try:
        with clock(_SOME_MOMENT):
            tree = lower(query)
        if tree.parameters:
            not_supported("declare query_parameters")
        resolver = Resolver(tables)
        resolver.answer(tree)
        result = to_sql(
            query,
            {name: list(columns) for name, columns in tables.items()},
            allow_write=False,
            query_now=_SOME_MOMENT,
        )
    except KqlSyntaxError:
        _refuse_text(bare)
    except KqlUnsupportedError as error:
        _refuse_construct(error)
    except KqlError as error:
        _refuse_reason(error)
    except RecursionError:
        not_supported("a query nested this deeply")
    used = result.parameters.get(CLOCK_SLOT)
    # RE2 compiles the classes of Unicode in ten times the time: outside ASCII every sign counts as
    # part of a word
    sql = str(result).replace(r"[^\pL\pN]", r"[^0-9A-Za-z\x{80}-\x{10FFFF}]")
    return Translation(
        sql,
        dict(result.parameters),
        tuple(resolver.tables),
        CLOCK_SLOT if used == _SOME_MOMENT else None,
    )


def _refuse_doubles(query: str) -> None:
    """Two variables of one name: the translator lets the second one win, Kusto takes neither
    (KS201)."""
    text = TEXT.sub(
        lambda match: "" if match.group().startswith("//") else re.sub(r"\W", "_", match.group()),
        query,
    )
    depth = 0
    names: set[str] = set()
    for part in re.finditer(
        r"[(\[{]|[)\]}]|(?:^|;)\s*let\s+(?:(\w+)|\[\s*_(\w+?)_\s*\])\s*=", text
    ):
        name = part[1] or part[2]
        if name is None:
            depth += 1 if part[0] in "([{" else -1
        elif depth == 0 and name in names:
            refuse_meaning(f"A variable with the name '{name}' has already been declared")
        elif depth == 0:
            names.add(name)


def _refuse_text(bare: str) -> NoReturn:
    words = re.findall(r"\|\s*([A-Za-z_][\w-]*)", bare)
    for word in words:
        if word in _UNPARSED:
            not_supported(f"the operator {word}")
    if any(word not in _OPERATORS for word in words) or re.search(r"\|\s*($|\||;)", bare):
        refuse_syntax("Query operator expected.")
    if _surely_wrong(bare):
        refuse_syntax()
    not_supported("this KQL, which the translator cannot parse; the service may accept it")


def _surely_wrong(bare: str) -> bool:
    """Whether Kusto's grammar has no such query either; the translator's is smaller, so that its
    word is not enough."""
    if re.search("[\"']", bare.replace('""', "")):
        return True
    open_: list[str] = []
    for sign in re.sub(r"[^()\[\]{}]", "", bare):
        if sign in "([{":
            open_.append({"(": ")", "[": "]", "{": "}"}[sign])
        elif not open_ or open_.pop() != sign:
            return True
    no_value = r"(?:==|!=|=~|!~|<=|>=|<|>|=|\+|/|%|\.\.|\b(?:and|or))\s*(?:[|;)\]},]|$)"
    # `where A = "x"`: an assignment where Kusto wants a truth value
    assigned = r"\|\s*(?:where|filter)\s+\w+\s*=(?![=~])"
    return bool(
        open_ or bare.startswith("|") or re.search(no_value, bare) or re.search(assigned, bare)
    )


def _refuse_construct(error: KqlUnsupportedError) -> NoReturn:
    kind, unused, name = error.construct.partition(":")
    if error.construct == "statement":
        refuse_meaning("No tabular expression statement found")
    if (
        kind in ("function", "invoke")
        and name not in _HUNTING_FUNCTIONS
        and (name != name.lower() or name.startswith("_"))
    ):
        refuse_meaning(f"Unknown function: '{name}'")
    _refuse_reason(error)


def _refuse_reason(error: KqlError) -> NoReturn:
    hint = getattr(error, "hint", None) or ""
    # the translator says so where Kusto itself refuses; all the rest is the translator's own limit
    if re.search(r"\bSEM\d{4}\b|Kusto refuses", hint) and "not implemented" not in hint:
        reason = (
            re.split(r"[;,.]?\s*(?:and )?Kusto refuses", hint)[0].replace("`", "'").strip(" .(")
        )
        refuse_meaning(f"The query has a semantic error: {reason or error}")
    if isinstance(error, KqlSchemaError) and "differ only in case" in hint:
        not_supported("column names that differ only in case")
    construct = error.construct if isinstance(error, KqlUnsupportedError) else str(error)
    not_supported(f"this KQL construct: {construct}")
