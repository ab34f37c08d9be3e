# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rewrites KQL for the translator: deprecated names, string escapes, arithmetic in ranges and
lists."""

from __future__ import annotations

import re
from collections.abc import Iterator

from defender_lab.hunting.refusals import not_supported, refuse_syntax

TEXT = re.compile(
    r"""```.*?```|@"(?:[^"]|"")*"|@'(?:[^']|'')*'"""
    r"""|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|//[^\n]*""",
    re.DOTALL,
)
# Names of old that Kusto still takes; the translator knows only those of today.
_RENAMED = {
    "makeset": "make_set",
    "makelist": "make_list",
    "argmax": "arg_max",
    "argmin": "arg_min",
    "parsejson": "parse_json",
    "extractjson": "extract_json",
    "extractall": "extract_all",
    "notcontains": "!contains",
    "notcontains_cs": "!contains_cs",
}
_OLD = re.compile(
    rf"(?P<text>{TEXT.pattern})|\b(?P<old>{'|'.join(_RENAMED)})\b"
    r"|(?P<bare>\|\s*serialize)(?=\s*(?:\||;|$))"
    r"|(?P<key>\$(?:left|right)\.\w+)\s+and(?=\s+\$(?:left|right)\.)",
    re.DOTALL,
)
# The escapes of Kusto's strings, as Microsoft's parser reads them.
_ESCAPE = re.compile(
    r"\\(?:u(?P<unit>[0-9a-fA-F]{4})|x(?P<byte>[0-9a-fA-F]{2})|(?P<octal>[0-7]{1,3})|(?P<sign>.))",
    re.DOTALL,
)
_SIGNS = {
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "v": "\v",
    "\\": "\\",
    '"': '"',
    "'": "'",
}
_KEPT = {"\n": r"\n", "\r": r"\r", "\t": r"\t", "\0": r"\0", "\\": r"\\"}
# Ranges and lists, whose members the translator reads only up to the first sign of arithmetic.
# `plugins/module_utils/_hunting/kql_syntax.py` finds them in the same way: the lab must not import
# the collection it tests, so these few lines stand in both.
_LIST = re.compile(r"(?<![\w.])(?P<word>!?between|!?in~?|has_any|has_all)\s*\(")
_ARITHMETIC = re.compile(r"[\w)\]\"]\s*[-+*/%]")
# A moment and a length of time as literals; a length as the end of a range counts from its start.
_LENGTH = r"\d+(?:\.\d+)?(?:d|h|m|s|ms|tick|ticks)(?:\s*[*/]\s*\d+)?"
_MOMENT = re.compile(
    rf"\s*(?:startof\w+\()?(?:ago|now|datetime)\([^()]*\)\)?(?:\s*[-+]\s*{_LENGTH})*\s*"
)
_LENGTHS = re.compile(rf"\s*{_LENGTH}(?:\s*[-+]\s*{_LENGTH})*\s*")
# Distinct values, counted exactly: the translator's dcount is exact too, but names its column
# otherwise.
_DISTINCT = re.compile(r"\bcount_distinct(?P<if>if)?\s*\(")


def translatable(query: str) -> str:
    """The query as the translator understands it; raises HuntingRefused for escapes that are
    none."""
    return _with_brackets(_counted(_OLD.sub(_today, query)))


def blanked(query: str) -> str:
    """The query at the same length with nothing but syntax."""
    return TEXT.sub(
        lambda match: (
            " " * len(match.group())
            if match.group().startswith("//")
            else f'"{"_" * (len(match.group()) - 2)}"'
        ),
        query,
    )


def _today(match: re.Match[str]) -> str:
    if match["bare"]:
        # the translator's grammar wants something behind it; a column that is there already changes
        # nothing
        return match["bare"] + " _serialized = 0 | project-away _serialized"
    if match["key"]:
        # keys of a join may be joined by commas or by "and"; the translator reads only commas
        return match["key"] + ","
    text: str = match["text"] or _RENAMED[match["old"]]
    return _plain(text) if text[0] in "\"'" else text


def _plain(literal: str) -> str:
    """The literal without the escapes that the translator does not know: of those it would drop the
    backslash and keep the rest."""
    quote, body = literal[0], literal[1:-1]
    try:
        # an emoji is two escapes of half a pair each
        text = _ESCAPE.sub(_escaped, body).encode("utf-16-le", "surrogatepass").decode("utf-16-le")
    except UnicodeDecodeError:
        not_supported("a string with a lone surrogate")
    return (
        quote
        + "".join(_KEPT.get(sign, f"\\{sign}" if sign == quote else sign) for sign in text)
        + quote
    )


def _escaped(match: re.Match[str]) -> str:
    if digits := match["unit"] or match["byte"] or match["octal"]:
        return chr(int(digits, 8 if match["octal"] else 16))
    if match["sign"] not in _SIGNS:
        refuse_syntax()
    return _SIGNS[match["sign"]]


def _counted(query: str) -> str:
    """``count_distinct(X)`` as dcount, with the name for its column that Kusto gives it."""
    bare = blanked(query)
    for call in reversed(list(_DISTINCT.finditer(bare))):
        end = _close(bare, call.end())
        before, after = bare[: call.start()].rstrip(), bare[end + 1 :].lstrip()
        column = re.match(r"\s*([A-Za-z_]\w*(?:\.\w+)*)\s*[,)]", bare[call.end() : end + 1])
        alone = re.search(r"(?:,|\bsummarize)$", before) and re.match(
            r"(?:,|\||;|\)|by\b|$)", after
        )
        name = (
            f"{call.group().rstrip('( ')}_{column[1].replace('.', '_') if column else ''} = "
            if alone
            else ""
        )
        query = f"{query[: call.start()]}{name}dcount{call['if'] or ''}({query[call.end() :]}"
    return query


def _with_brackets(query: str) -> str:
    """Brackets around each side of a range, and each member of a list, that has arithmetic in
    it."""
    bare = blanked(query)
    added: list[tuple[int, str]] = []
    for listed in _LIST.finditer(bare):
        end = _close(bare, listed.end())
        if "|" not in bare[listed.end() : end]:
            parts = list(
                _parts(bare, listed.end(), end, ".." if "between" in listed["word"] else ",")
            )
            sides = [bare[first:last] for first, last in parts]
            if (
                len(sides) == 2
                and "between" in listed["word"]
                and _MOMENT.fullmatch(sides[0])
                and _LENGTHS.fullmatch(sides[1])
            ):
                added += [(parts[1][0], f"(({query[slice(*parts[0])]}) + "), (parts[1][1], ")")]
            for first, last in parts:
                if _ARITHMETIC.search(_outer(bare[first:last])):
                    added += [(first, "("), (last, ")")]
    # from the end, so that places stay true; a bracket that closes stands before one that opens at
    # its place
    for at, sign in sorted(
        added, key=lambda change: (change[0], change[1] != ")", change[1] == "("), reverse=True
    ):
        query = query[:at] + sign + query[at:]
    return query


def _close(text: str, start: int) -> int:
    depth = 1
    for at in range(start, len(text)):
        depth += (text[at] in "([{") - (text[at] in ")]}")
        if not depth:
            return at
    return len(text)


def _parts(text: str, start: int, end: int, stop: str) -> Iterator[tuple[int, int]]:
    """What lies between the stops that stand outside of every bracket."""
    depth, first = 0, start
    for at in range(start, end):
        depth += (text[at] in "([{") - (text[at] in ")]}")
        if depth == 0 and at >= first and text.startswith(stop, at):
            yield first, at
            first = at + len(stop)
    yield first, end


def _outer(text: str) -> str:
    """The text without what is inside its brackets."""
    depth, kept = 0, []
    for letter in text:
        depth -= letter in ")]}"
        if depth == 0:
            kept.append(letter)
        depth += letter in "([{"
    return "".join(kept)
