# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Time slices: windows that can be halved until the response for each of them is complete.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils import _times

NEAR: t.Final = 8  # the part of a window within which an open slice is cut at the window's edge


@dataclasses.dataclass(frozen=True)
class Slice:
    """A half-open window [since, before) in ticks of 100 ns, Microsoft's resolution.

    Without a bound it is open on that side. A slice without `since` also has the rows without a
    time.
    """

    since: int | None = None
    before: int | None = None

    def halves(self, window: Slice) -> tuple[Slice, Slice] | None:
        """Two slices that together have every row once; None if the slice cannot be split further.

        :arg window: where most of the rows are likely to be. Time outside it is split off in one
            piece first, then in steps that double.
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
        """The slice as a condition on the time column; None for all rows."""
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
        """As in results; an open side is the first or last moment of Kusto's datetime."""
        since = _times.FIRST if self.since is None else self.since
        before = _times.LAST if self.before is None else self.before
        return {"since": _times.format_time(since), "before": _times.format_time(before)}
