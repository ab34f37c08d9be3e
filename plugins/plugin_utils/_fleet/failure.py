# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A failure in a few lines: the category, who must act, the message and the advice. Other texts of
a result in lines that fit the terminal.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import textwrap
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.plugin_utils import _coverage
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._fleet.live import fit

INDENT: t.Final = "    "
NARROWEST: t.Final = 24
OUTPUT_LINES: t.Final = 20  # of a failed command, the last ones
# Keys that add nothing to the message of a failure.
PLAIN: t.Final = frozenset(
    {"assertion", "changed", "evaluated_to", "exception", "failed", "msg", "unreachable"}
)
Result = t.Mapping[str, t.Any]


def sentences(result: Result) -> list[str] | None:
    """What a person needs of a failed result; None where only the whole result says enough."""
    message = result.get("msg")
    is_loop = isinstance(result.get("results"), list)
    if not isinstance(message, str) or "censored" in result or is_loop:
        return None
    error = result.get("error")
    if isinstance(error, dict):
        return [_heading(error), message, str(error.get("advice") or "")]
    if "rc" in result and "stdout" in result:
        output = str(result.get("stderr") or result["stdout"]).splitlines()[-OUTPUT_LINES:]
        return [f"{message} (rc {result['rc']})", "\n".join(output)]
    is_plain = {name for name in result if not name.startswith("_")} <= PLAIN
    return [message] if is_plain or "coverage" in result else None


def listed(result: Result) -> list[str] | None:
    """The message where it is a list of texts, such as the lines of a table."""
    message = result.get("msg")
    if isinstance(message, list) and all(isinstance(text, str) for text in message):
        return message
    return None


def _heading(error: Result) -> str:
    category, who = error.get("category"), error.get("who")
    if category == _coverage.ALARM:
        return f"SECURITY EVENT ({category}):"
    return f"{category}, {who} must act:" if who else f"{category}:"


def lines(start: str, texts: t.Sequence[str], width: int) -> str:
    """The texts behind `start`, each wrapped and indented on a terminal of this width; all on one
    line where the width is 0."""
    if not width:
        return " ".join(_printable(" ".join([start, *texts])).split())
    width = max(width, NARROWEST)
    first, *others = texts
    if len(start) + len(first) < width and "\n" not in first:
        start = f"{start} {first}"
    else:
        others = [first, *others]
    return "\n".join(
        [
            *wrapped(start, width, indent=""),
            *(line for text in others for line in wrapped(text, width)),
        ]
    )


def folded(text: str, width: int) -> list[str]:
    """The lines of a text with nothing left out: a longer word is wider than the terminal.

    :arg width: 0 for any.
    """
    plain = _printable(text)
    if not width or len(plain) <= width:
        return [plain]
    return textwrap.wrap(
        plain,
        max(width, NARROWEST),
        subsequent_indent=INDENT,
        break_long_words=False,
        break_on_hyphens=False,
    ) or [""]


def _printable(text: str) -> str:
    """The text with blanks instead of control characters, which could change the terminal."""
    return "".join(character if character.isprintable() else " " for character in text)


def wrapped(text: str, width: int, *, indent: str = INDENT) -> list[str]:
    """The lines of a text, none wider than this; a word that does not fit, such as a link, is
    shortened."""
    broken = (
        line
        for paragraph in text.splitlines()
        for line in textwrap.wrap(
            paragraph,
            width,
            initial_indent=indent,
            subsequent_indent=indent or INDENT,
            break_long_words=False,
            break_on_hyphens=False,
        )
    )
    return [fit(line, width) for line in broken]
