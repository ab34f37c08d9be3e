# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Slices of time: windows that can be halved until a hunt's answer for each of them is whole.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils import _times

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
