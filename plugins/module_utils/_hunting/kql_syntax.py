# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find syntax errors that Microsoft's parser certainly refuses, and rewrite a query for duckdb-kql.

The grammar of duckdb-kql is smaller than Microsoft's, so its refusal alone does not mean that a
query is invalid.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import dataclasses
import difflib
import re
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._hunting import (
    kql_lexer as _kql_lexer,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._hunting import (
    kql_names as _kql_names,
)

# learn.microsoft.com/kusto/query/queries: a word after a pipe that nearly matches one of these is a
# typing error.
OPERATORS: t.Final = (
    "as assert-schema consume count distinct evaluate extend externaldata facet filter find fork"
    " getschema graph-mark-components graph-match graph-merge graph-shortest-paths graph-to-table"
    " invoke join limit lookup macro-expand make-graph make-series mv-apply mv-expand order parse"
    " parse-kv parse-where partition print project project-away project-by-names project-keep"
    " project-rename project-reorder range reduce render sample sample-distinct scan search"
    " serialize sort summarize take top top-hitters top-nested union where"
).split()
OLD: t.Final = ("mvexpand", "mvapply")
CLOSING: t.Final = {"(": ")", "[": "]", "{": "}"}
PIPE = re.compile(r"\|\s*(?:(?P<empty>\||;|[)\]}]|$)|(?P<word>[A-Za-z][\w-]*))")
# A binary operator without a second operand.
OPEN_END = re.compile(
    r"(?P<sign>==|!=|=~|!~|<=|>=|<|>|=|\+|/|%|\.\.|\b(?:and|or))\s*(?=\||;|[)\]}]|,|$)"
)
# duckdb-kql's grammar requires an expression after serialize; Kusto's does not
BARE_SERIALIZE = re.compile(r"(\|\s*serialize)(?=\s*(?:\||;|$))", re.I)
# Lists and ranges whose members duckdb-kql reads only up to the first arithmetic operator.
LIST = re.compile(r"(?<![\w.])(?P<word>!?between|!?in~?|has_any|has_all)\s*\(")
ARITHMETIC = re.compile(r"[\w)\]\"]\s*[-+*/%]")


@dataclasses.dataclass(frozen=True)
class Mistake:
    """A syntax error and its place; line and column count from 1."""

    line: int
    column: int
    reason: str


def mistake(query: str) -> Mistake | None:
    """The first certain syntax error of the query."""
    text = _kql_lexer.plain(query)
    mistakes = [*_open_texts(query), *_brackets(text), *_pipes(text), *_open_ends(text)]
    mistakes += _doubles(query)
    if not mistakes:
        return None
    at, reason = min(mistakes)
    line = query.count("\n", 0, at)
    return Mistake(line + 1, at - (query.rfind("\n", 0, at) + 1) + 1, reason)


def readable(query: str) -> str:
    """An equivalent query without syntax that duckdb-kql lacks."""
    text = _kql_lexer.plain(query)
    changes: list[tuple[int, str]] = []
    for bare in BARE_SERIALIZE.finditer(text):
        changes.append((bare.end(), " _serialized = 0"))
    for listed in LIST.finditer(text):
        start, end = listed.end(), _kql_lexer.end_of_part(text, listed.end(), "")
        if "|" in text[start:end]:
            continue
        stop = ".." if "between" in listed["word"] else ","
        for first, last in _kql_lexer.parts(text, start, end, stop):
            if ARITHMETIC.search(_kql_lexer.outside_brackets(text[first:last])):
                changes += [(first, "("), (last, ")")]
    # from the end, so that positions stay valid; at one position a closing bracket comes before an
    # opening one
    for at, added in sorted(
        changes, key=lambda change: (change[0], change[1] != ")"), reverse=True
    ):
        query = query[:at] + added + query[at:]
    return query


def _open_texts(query: str) -> t.Iterator[tuple[int, str]]:
    rest = _kql_lexer.OPAQUE.sub(lambda match: " " * len(match[0]), query)
    if quote := re.search("[\"']", rest):
        yield quote.start(), "a string begins here and does not end on the same line"


def _brackets(text: str) -> t.Iterator[tuple[int, str]]:
    opened: list[int] = []
    for at, letter in enumerate(text):
        if letter in CLOSING:
            opened.append(at)
            continue
        if letter not in CLOSING.values():
            continue
        if not opened or CLOSING[text[opened.pop()]] != letter:
            yield at, f"{letter} has no opening bracket"
            return
    if opened:
        yield opened[-1], f"{text[opened[-1]]} is not closed"


def _pipes(text: str) -> t.Iterator[tuple[int, str]]:
    if lead := re.match(r"\s*\|", text):
        yield lead.end() - 1, "there is no expression before the pipe"
    for pipe in PIPE.finditer(text):
        if pipe["empty"] is not None:
            yield pipe.start(), "there is no operator after the pipe"
            continue
        near = difflib.get_close_matches(pipe["word"], OPERATORS, 1, 0.8)
        if near and pipe["word"] not in (*OPERATORS, *OLD):
            reason = f"{pipe['word']} is not an operator; the closest operator is {near[0]}"
            yield pipe.start("word"), reason


def _open_ends(text: str) -> t.Iterator[tuple[int, str]]:
    for end in OPEN_END.finditer(text):
        yield end.start(), f"there is no value after {end['sign']}"


def _doubles(query: str) -> t.Iterator[tuple[int, str]]:
    lines: dict[str, int] = {}
    for declaration in _kql_names.declarations(query):
        if (
            declaration.outermost
            and lines.setdefault(declaration.name, declaration.line) != declaration.line
        ):
            reason = (
                f"{declaration.name} has already been declared in line {lines[declaration.name]}"
            )
            yield declaration.span[0], reason
