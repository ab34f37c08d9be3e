# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the callback displays at the end of a run, and security events in it.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import sys
import typing as t

from ansible import constants
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._fleet import failure as _failure
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._fleet import live as _live
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._fleet import recap as _recap
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._fleet.coverage import Coverage

C: t.Any = constants  # its names come out of core's configuration
NARROWEST: t.Final = 12
CORE_RECAP: t.Final = 117  # columns of a line in core's recap


def columns() -> int:
    """The width that a line may have; 0 for any, where there is no terminal."""
    return _live.columns_of(sys.stdout) - 1 if _live.is_terminal(sys.stdout) else 0


def fit(text: str, *, reserve: int = 0) -> str:
    """The text in one line of the terminal, of which so many columns are for other text."""
    return _live.fit(text, max(columns() - reserve, NARROWEST)) if columns() else text


def show_alarms(display: t.Any, lines: t.Iterable[str]) -> None:
    """Display security events in red."""
    for line in lines:
        text = "\n".join(_failure.wrapped(line, columns(), indent="")) if columns() else line
        display.display(text, color=C.COLOR_ERROR)


def show_texts(display: t.Any, texts: t.Iterable[str]) -> None:
    """Display the lines of a table or a message."""
    for text in texts:
        for line in _failure.folded(text, columns()):
            display.display(line)


def needs_recap(stats: t.Any, many: int) -> bool:
    """Whether core's recap would have more lines than this, or lines that do not fit."""
    return len(stats.processed) > many or 0 < columns() < CORE_RECAP


def show_recap(display: t.Any, stats: t.Any) -> None:
    """Display the hosts that failed, and the sums over all."""
    failed = _recap.failed_hosts(stats)
    for line in failed:
        display.display(line, color=C.COLOR_ERROR)
    display.display(_recap.sums(stats), color=C.COLOR_ERROR if failed else C.COLOR_OK)


def show_coverage(display: t.Any, coverage: Coverage) -> None:
    """Display the coverage, if the run asked anything."""
    if not coverage:
        return
    display.banner("COVERAGE")
    show_alarms(display, coverage.alarm_lines())
    for line in coverage.lines(columns()):
        display.display(line, color=C.COLOR_ERROR if coverage.failed else C.COLOR_OK)
    display.display("", screen_only=True)
