# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads a whole list while it moves: pages bounded by time, and what changed meanwhile read again until nothing is new.

A page number means nothing in a set that others change: what was updated jumps to the front, and the rest moves. So the
walk goes down by the last update of what it has seen, and counts (C($skip)) only where time is no help: among equal
times, and where the service turns out to sort by something else.

Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._times import SECOND, read_time

Item = dict[str, t.Any]
# The service's clock (the Date header) and its own stamps may differ by a little.
SKEW = 120 * SECOND
# A set that keeps moving faster than it can be read ends the walk with an error, never with a list that looks complete.
LOOKS, STEPS_BACK = 20, 100


@dataclasses.dataclass(frozen=True)
class Page:
    """One answer: items with C(id) and C(last_update_date_time), whether more may follow (never after none), and the service's time in ticks."""

    items: list[Item]
    more: bool
    at: int | None = None


class Source(t.Protocol):
    """Where pages come from. Newest first is expected of it, but never relied upon."""

    def page(self, *, matching: bool, since: int | None, until: int | None, skip: int) -> Page:
        """Items last updated from C(since) up to and including C(until), without the first C(skip) of them.

        :arg matching: only items that fit the caller's filter, as far as the API can tell; otherwise all.
        """

    def fits(self, item: Item) -> bool:
        """Whether an item fits everything the caller asked for that can be told from the item itself."""

    @property
    def opaque(self) -> bool:
        """Whether part of the caller's filter can be told by the service only."""


def updated(item: Item) -> int:
    """The item's last update in ticks."""
    return read_time(item["last_update_date_time"])


def everything(source: Source, *, limit: int) -> tuple[list[Item], bool]:
    """Every item that fits, each once, newest first; and whether there are more than C(limit) (0 for no limit).

    The answer is what was true at one moment of the call: of its only request, or of the last look at what had changed.
    With a limit the walk ends as soon as there are more, so these are the newest as far as the service gives the newest first.
    Raises C(truncated) when the set moved too fast to be read.
    """
    walk = _Walk(source, limit)
    walk.down(_Window(limited=True))
    if walk.requests > 1:
        walk.settle()
    while walk.stopped and not walk.enough():
        # so many left the list meanwhile that those further down count
        walk.down(_Window(limited=True, until=walk.depth))
        walk.settle()
    found = sorted(walk.fitting(), key=lambda item: (-updated(item), item["id"]))
    return (found[:limit], True) if limit and len(found) > limit else (found, False)


@dataclasses.dataclass(frozen=True)
class _Window:
    """Times of last update, both included; None is open. C(matching) as in L(Source.page); C(limited) when the caller's limit ends its reading."""

    matching: bool = True
    limited: bool = False
    since: int | None = None
    until: int | None = None


class _Walk:
    def __init__(self, source: Source, limit: int) -> None:
        self.source = source
        self.limit = limit
        self.requests = 0
        self.stopped = False  # by the limit, before the end
        self.depth: int | None = None  # all that is newer was read
        self._seen: dict[str, Item] = {}
        self._refused: set[str] = set()  # what does not fit by the service's own word
        self._began: int | None = None
        self._newest_first: bool | None = None  # None while the pages leave it open whether the service sorts by last update
        self._steps_back = 0

    def fitting(self) -> list[Item]:
        return [item for name, item in self._seen.items() if name not in self._refused and self.source.fits(item)]

    def enough(self) -> bool:
        return bool(self.limit) and len(self.fitting()) > self.limit

    def settle(self) -> None:
        """Read again what changed since the last look began, until a look sees all of it at once, or nothing new."""
        for _look in range(LOOKS):
            before, since, requests = dict(self._seen), self._began, self.requests
            self._began = None
            changed = self.down(_Window(matching=False, since=since))
            if self._seen == before or (self.requests == requests + 1 and not self.source.opaque):
                return
            if self.source.opaque:
                # whether a changed item still fits, only the service can say
                self._refused = (self._refused | changed) - self.down(_Window(since=since))
        raise DefenderError("truncated", f"The list was still changing after {LOOKS} further looks; {len(self._seen)} items were read, some may be old.")

    def down(self, window: _Window) -> set[str]:
        """One way down a window from its newest item; the ids that were met on it."""
        met: set[str] = set()
        left = window
        while True:
            page = self._page(left, met)
            if self._stops(window) or not page.more:
                return met
            times = [updated(item) for item in page.items]
            if times != sorted(times, reverse=True):
                self._newest_first = False
            if self._newest_first is False:
                # whatever is newer changed since the walk began, and is read when it settles
                self._count(dataclasses.replace(window, until=self._began) if window.limited else window, met)
                return met
            lowest = times[-1]
            above = dataclasses.replace(left, since=lowest + 1, limited=False)
            if not self._surely_newest_first(page.items) and self._page(above, met).more:
                self._count(above, met)
            if times[0] == lowest:
                self._count(dataclasses.replace(left, since=lowest, until=lowest), met)
                lowest -= 1
            if self._stops(window):
                return met
            left = dataclasses.replace(left, until=lowest)
            if window.limited:
                self.depth = lowest
            if window.since is not None and lowest < window.since:
                return met

    def _stops(self, window: _Window) -> bool:
        if not window.limited:
            return False
        self.stopped = self.enough()
        return self.stopped

    def _surely_newest_first(self, items: list[Item]) -> bool:
        """Whether a page that goes down by last update does so for more than one reason: it does not go down by creation too."""
        created = [read_time(item["created_date_time"]) for item in items if item.get("created_date_time")]
        if created != sorted(created, reverse=True):
            self._newest_first = True
        return bool(self._newest_first)

    def _count(self, window: _Window, met: set[str]) -> None:
        """A window in which time is no help: page after page, each with the last item of the one before, to see that nothing moved."""
        passed: set[str] = set()
        shown: set[str] = set()
        skip, back, overlaps = 0, 1, False
        while True:
            page = self._page(window, met, skip)
            names = [item["id"] for item in page.items]
            shown.update(names)
            if overlaps and not (names and names[0] in passed):
                # something left the part that was counted over, so something was passed by: go back to known ground
                skip, back = max(0, skip - back), 2 * back
                overlaps = skip > 0
                self._step_back()
            else:
                passed.update(names)
                overlaps = len(names) > 1
                end = skip + len(names)
                if self._stops(window) or (not page.more and end <= len(shown)):
                    return
                if page.more:
                    skip, back = max(end - 1, skip + 1), 1
                else:
                    # equal times in no steady order: some were shown twice and others not at all
                    skip, back, overlaps = 0, 1, False
                    self._step_back()

    def _step_back(self) -> None:
        self._steps_back += 1
        if self._steps_back > STEPS_BACK + len(self._seen):
            raise DefenderError("truncated", f"The list moved faster than it could be read; {len(self._seen)} items were read, and others are missing.")

    def _page(self, window: _Window, met: set[str], skip: int = 0) -> Page:
        page = self.source.page(matching=window.matching, since=window.since, until=window.until, skip=skip)
        self.requests += 1
        if self._began is None:
            # what changes from now on is stamped later than this
            newest = [max(map(updated, page.items))] if page.items else []
            self._began = min([*newest, *([] if page.at is None else [page.at - SKEW])], default=None)
        for item in page.items:
            known = self._seen.get(item["id"])
            if known is None or updated(known) <= updated(item):
                self._seen[item["id"]] = item
            met.add(item["id"])
        return page
