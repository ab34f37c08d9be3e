# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A KQL lexer: separates syntax from strings and comments, and splits it at brackets, pipes and
semicolons.

All functions except `plain` work on the result of `plain`, which has the same length as the query,
so that positions in it are positions in the query.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import re
import typing as t

# Strings (regular with escapes, verbatim, multi-line) and comments: nothing in them is syntax.
OPAQUE = re.compile(
    r"""h?@"(?:[^"]|"")*"|h?@'(?:[^']|'')*'|```.*?```|~~~.*?~~~"""
    r"""|h?"(?:\\.|[^"\\\n])*"|h?'(?:\\.|[^'\\\n])*'|//[^\n]*""",
    re.S | re.I,
)


def plain(query: str) -> str:
    """The query's syntax at the same length: comments become spaces, and string contents
    underscores."""

    def blank(match: re.Match[str]) -> str:
        if match[0].startswith("//"):
            return " " * len(match[0])
        return '"' + "_" * (len(match[0]) - 2) + '"'

    return OPAQUE.sub(blank, query)


def depth(text: str) -> int:
    """How many brackets are open at the end of the syntax."""
    return sum((letter in "([{") - (letter in ")]}") for letter in text)


def end_of_part(text: str, start: int, stop: str) -> int:
    """The end of the part that begins at `start`: the first character of `stop` outside its
    brackets, or the bracket that closes around it."""
    level = 0
    for at in range(start, len(text)):
        if level == 0 and text[at] in stop:
            return at
        level += (text[at] in "([{") - (text[at] in ")]}")
        if level < 0:
            return at
    return len(text)


def parts(text: str, start: int, end: int, stop: str) -> t.Iterator[tuple[int, int]]:
    """The parts between the separators `stop` outside all brackets."""
    level, first = 0, start
    for at in range(start, end):
        level += (text[at] in "([{") - (text[at] in ")]}")
        if level == 0 and text.startswith(stop, at) and at >= first:
            yield first, at
            first = at + len(stop)
    yield first, end


def outside_brackets(text: str) -> str:
    """The text without what is inside its brackets."""
    level, kept = 0, []
    for letter in text:
        level -= letter in ")]}"
        if level == 0:
            kept.append(letter)
        level += letter in "([{"
    return "".join(kept)


def last_statement(text: str) -> int:
    """Where the statement that returns the rows begins: after the last semicolon that is followed
    by text. Raises `ValueError` if that statement returns none."""
    body = text.rstrip().rstrip(";")
    start = body.rfind(";") + 1
    if re.match(r"\s*(let|set|declare|alias|pattern|restrict)\b", text[start:]):
        raise ValueError("it ends with a statement that returns no rows")
    return start


def operators(pipeline: str) -> t.Iterator[str]:
    """The operators after the pipes outside all brackets."""
    level = 0
    for at, letter in enumerate(pipeline):
        level += (letter in "([{") - (letter in ")]}")
        if letter == "|" and level == 0:
            word = re.match(r"\|\s*([a-z][a-z-]*)", pipeline[at:], re.I)
            yield word[1].lower() if word else "an empty pipe"
