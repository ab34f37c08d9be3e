# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The names in a KQL query: those it declares, and those it expects as parameters.

Decided from the position of a name in the text, without a grammar
(learn.microsoft.com/kusto/query).

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._hunting.kql_lexer import (
    depth,
    end_of_part,
    plain,
)

# A name in brackets and quotes that is not an index.
QUOTED = re.compile(r"""(?<![\w)\]])(\s*)\[\s*(["'])(\w+)\2\s*\]""")
LET = re.compile(r"(?:^|[;{])\s*let\s+(\w+)\s*=(?![=~])")
PARAMETERS = re.compile(r"\bdeclare\s+query_parameters\s*\(((?:[^()]|\([^()]*\))*)\)")
FUNCTION = re.compile(r"\(((?:[^()]|\([^()]*\))*)\)\s*\{")
TYPES = "bool boolean date datetime decimal double dynamic guid int long real time timespan".split()
# Numbers and durations, strings, booleans.
PLAIN = r"""[-+]?\d[\w.]*(?:(?<=[eE])[-+]\d+)?|"_*"(?:\s*"_*")*|true|false"""
LITERAL = re.compile(
    rf"{PLAIN}|pack_array\s*\(\s*(?:{PLAIN})?\s*(?:,\s*(?:{PLAIN})\s*)*\)"
    rf"|(?:{'|'.join(TYPES)})\s*\((?:[^()]|\([^()]*\))*\)"
    r"|(?:ago|now)\s*\(\s*[-+]?[\w.]*\s*\)"
)
ASSIGNED = re.compile(r"\s*=(?![=~>])")
# After these words a subquery returns a value or a list, and its columns end with its bracket.
SCALAR = re.compile(r"(?:\bin~?|\bhas_any|\bhas_all|\btoscalar|\barray_length)\s*\($")


@dataclasses.dataclass(frozen=True)
class Declaration:
    """A declaration of a name in a query.

    :arg span: position of the value in the query, without surrounding space.
    :arg literal: whether the value is a literal, which another value can replace.
    :arg outermost: whether it applies to the whole query, not only to the body of a function.
    """

    name: str
    line: int
    span: tuple[int, int]
    literal: bool
    outermost: bool


def declarations(query: str, name: str | None = None) -> list[Declaration]:
    """The query's declarations with `let` or `declare query_parameters`, in order."""
    text = _bare_names(query)
    declared_names = []
    for let in LET.finditer(text):
        start, end = let.end(), end_of_part(text, let.end(), ";")
        value = text[start:end]
        start, end = start + len(value) - len(value.lstrip()), start + len(value.rstrip())
        literal = LITERAL.fullmatch(text[start:end]) is not None
        is_outermost = depth(text[: let.start(1)]) == 0
        line = query.count("\n", 0, let.start(1)) + 1
        declared_names.append(Declaration(let[1], line, (start, end), literal, is_outermost))
    for declared in PARAMETERS.finditer(text):
        for parameter in re.finditer(r"(\w+)\s*:", declared[1]):
            at = declared.start(1) + parameter.start()
            line = query.count("\n", 0, at) + 1
            declared_names.append(Declaration(parameter[1], line, (at, at), False, True))
    return [declaration for declaration in declared_names if name in (None, declaration.name)]


def takes(query: str, name: str) -> bool:
    """Whether a parameter with this name changes the query.

    It does if the query declares the name with a literal, which the value replaces, or uses the
    name without declaring it or creating a column with that name before.
    """
    if declared := declarations(query, name):
        return all(declaration.literal for declaration in declared)
    text = _without_functions_with(_bare_names(query), name)
    makers: set[str] = set()
    start = 0
    while start < len(text):
        end = end_of_part(text, start, ";")
        statement = text[start:end]
        columns = list(_column_ranges(statement, name))
        for maker in makers:
            columns += [(at.start(), end) for at in _words(statement, maker)]
        for word in _words(statement, name):
            held = any(first <= word.start() < last for first, last in columns)
            if not held and not _makes(statement, word) and not _is_member(statement, word):
                return True
        let = LET.match(statement)
        if let and columns:
            makers.add(let[1])
        start = end + 1
    return False


def _bare_names(query: str) -> str:
    """The syntax with quoted names unquoted, at the same length."""
    text = plain(query)
    for quoted in QUOTED.finditer(query):
        if text[quoted.start(2)] == '"':
            start, end = quoted.end(1), quoted.end()
            text = text[:start] + quoted[3].center(end - start) + text[end:]
    return text


def _words(text: str, word: str) -> t.Iterator[re.Match[str]]:
    return re.finditer(rf"(?<![\w$]){re.escape(word)}(?!\w)", text)


def _without_functions_with(text: str, name: str) -> str:
    """The syntax without the functions of the query that have a parameter with this name."""
    for function in FUNCTION.finditer(text):
        if re.search(rf"\b{re.escape(name)}\s*:", function[1]):
            start, end = function.start(), end_of_part(text, function.end(), "")
            text = text[:start] + _words_out(text[start:end], name) + text[end:]
    return text


def _words_out(text: str, name: str) -> str:
    return re.sub(rf"\b{re.escape(name)}\b", " " * len(name), text)


def _makes(text: str, word: re.Match[str]) -> bool:
    """Whether the word is the name of a column or an argument that is created here."""
    if ASSIGNED.match(text, word.end()) or re.match(r"\s*:(?!:)", text[word.end() :]):
        return True
    before = text[: word.start()]
    if re.search(r"(?:\bas|\brange|\bmaterialized-view|\bmv-expand|\bmv-apply)\s*$", before):
        return True
    operator = before[before.rfind("|") + 1 :]
    if re.match(r"\s*parse(?:-where)?\b.*\bwith\b", operator, re.S):
        return True
    opening = before.rfind("(")
    if opening >= 0 and re.search(r"(?:^|[\s,])$", before[:opening]):
        # (a, b) = f(…)
        inside = text[opening + 1 : end_of_part(text, opening + 1, "")]
        closing = opening + 1 + len(inside)
        names_only = re.fullmatch(r"[\w\s,]+", inside)
        return bool(names_only and ASSIGNED.match(text, closing + 1))
    return False


def _is_member(text: str, word: re.Match[str]) -> bool:
    """Whether the word is a member: `d.name`, `$left.name`."""
    before = text[: word.start()].rstrip()
    return before.endswith(".") and not before.endswith("..")


def _column_ranges(text: str, name: str) -> t.Iterator[tuple[int, int]]:
    """The parts of a statement in which the name is a column created earlier in it."""
    for word in _words(text, name):
        if not _makes(text, word) or _is_member(text, word):
            continue
        last = len(text)
        for bracket in re.finditer(r"\(", text[: word.start()]):
            close = end_of_part(text, bracket.end(), "")
            if close > word.start() and SCALAR.search(text[: bracket.end()]):
                last = min(last, close)
        # an operator's expressions see the columns from before it
        yield end_of_part(text, word.end(), "|"), last
