# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The time span of a hunt in every form that Microsoft documents, for Graph and as a condition in
the query.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import dataclasses

from ansible_collections.mssp.defender_xdr.plugins.module_utils import _times
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._hunting.time_slices import Slice

DAYS = 30  # days of data that Microsoft keeps; also Graph's default


@dataclasses.dataclass(frozen=True)
class Timespan:
    """A checked time span.

    :arg text: in Graph's format; None for the service's default.
    :arg since: the first tick; None if only a length before now is set.
    :arg length: ticks before the service's current time, or None. The service's clock decides.
    :arg before: the end (exclusive); None if the span ends now.
    """

    text: str | None = None
    since: int | None = None
    length: int | None = None
    before: int | None = None

    def condition(self, column: str) -> str | None:
        """The span as a condition on the time column; None for the service's default.

        A span without an end has no upper condition, because the service's clock may be ahead of
        ours.
        """
        parts = []
        if self.length is not None:
            parts.append(f"{column} >= ago({self.length}tick)")
        if self.since is not None:
            parts.append(f"{column} >= datetime({_times.format_time(self.since)})")
        if self.before is not None:
            parts.append(f"{column} < datetime({_times.format_time(self.before)})")
        return " and ".join(parts) or None

    def window(self, now: int) -> Slice:
        """The likely window of most rows by the local clock; only for choosing where to split."""
        before = now if self.before is None else self.before
        since = self.since
        if since is None:
            since = before - (self.length or DAYS * _times.UNITS["d"])
        return Slice(since, max(before, since + _times.SECOND))


def parse(text: str | None) -> Timespan:
    """The time span; raises `bad_request` with the whole text if it is invalid.

    Microsoft's five forms: a duration before now, START/END, START/DURATION, DURATION/END, and
    START until now. An age such as `7d` is a duration on its own, and a point in time on either
    side of a slash.
    """
    if not text:
        return Timespan()
    text = text.strip()
    if "/" in text:
        return _interval(text)
    if _times.AGE.fullmatch(text) or text.startswith("P"):
        length = _times.parse_span("timespan", text)
        if _times.now() - length < _times.FIRST:
            raise _beyond(text)
        seconds = f"PT{-(-length // _times.SECOND)}S"
        return Timespan(text if text.startswith("P") else seconds, length=length)
    if not _times.RFC3339.fullmatch(text):
        raise DefenderError(
            "bad_request",
            f"timespan is {text!r}, but must have one of the forms P7D (ISO 8601), 7d (an age),"
            " START/END, START/P7D, P7D/END, or START; START and END are times such as"
            " 2026-11-01T08:00:00Z.",
        )
    since = _times.parse_time("timespan", text, at=_times.now())
    return Timespan(_times.format_time(since), since=since)


def _interval(text: str) -> Timespan:
    first, unused, second = text.partition("/")
    now = _times.now()
    # name the whole timespan and the part that is wrong
    start, end = f"timespan is {text!r}, and its start", f"timespan is {text!r}, and its end"
    if first.startswith("P"):
        before = _times.parse_time(end, second, at=now)
        since = before - _times.parse_span(start, first)
    elif second.startswith("P"):
        since = _times.parse_time(start, first, at=now)
        before = since + _times.parse_span(end, second)
    else:
        since = _times.parse_time(start, first, at=now)
        before = _times.parse_time(end, second, at=now)
    if since >= before:
        raise DefenderError(
            "bad_request",
            (f"timespan is {text!r}, but its start must be before its end."),
        )
    if not _times.FIRST <= since <= _times.LAST or not before <= _times.LAST:
        raise _beyond(text)
    return Timespan(
        f"{_times.format_time(since)}/{_times.format_time(before)}", since=since, before=before
    )


def _beyond(text: str) -> DefenderError:
    return DefenderError(
        "bad_request", f"timespan is {text!r}, but must be within the years 1 to 9999."
    )
