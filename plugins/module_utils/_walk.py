# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads a whole list while it moves: pages bounded by time, and what changed meanwhile read again until nothing is new.

A page number means nothing in a set that others change: what was updated jumps to the front, and the rest moves. So the
walk goes down by the last update of what it has seen, with an overlap, and counts (C($skip)) only among equal times.

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
    """One answer: items with C(id) and C(last_update_date_time), whether more may follow, and the service's time in ticks."""

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
    Raises C(truncated) when the set moved too fast to be read.
    """
    walk = _Walk(source, limit)
    walk.down(matching=True, since=None)
    if walk.requests > 1:
        walk.settle()
    found = sorted((item for item in walk.seen.values() if source.fits(item)), key=lambda item: (-updated(item), item["id"]))
    return (found[:limit], True) if limit and (walk.stopped or len(found) > limit) else (found, False)


class _Walk:
    def __init__(self, source: Source, limit: int) -> None:
        self.source = source
        self.limit = limit
        self.seen: dict[str, Item] = {}
        self.requests = 0
        self.stopped = False
        self._began: int | None = None
        self._steps_back = 0

    def down(self, *, matching: bool, since: int | None) -> set[str]:
        """One way down from the newest; the ids that were met on it."""
        met: set[str] = set()
        until: int | None = None
        skip, back, overlaps = 0, 1, False
        while True:
            page = self._page(matching=matching, since=since, until=until, skip=skip)
            if overlaps and not (page.items and page.items[0]["id"] in met):
                # something left the part that was counted over, so something was passed by: go back to known ground
                skip, back = max(0, skip - back), 2 * back
                overlaps = skip > 0
                self._step_back()
                continue
            met.update(item["id"] for item in page.items)
            self._keep(page.items)
            if not page.more or not page.items:
                return met
            if matching and self.limit and sum(map(self.source.fits, self.seen.values())) > self.limit:
                self.stopped = True
                return met
            last = _bound(page.items, until)
            if last is not None:
                until, skip, overlaps = last, 0, False
            else:
                # equal times, or no order by time: count on, with the last item once more to see that nothing moved
                overlaps = len(page.items) > 1
                skip += len(page.items) - 1 if overlaps else 1
            back = 1

    def _step_back(self) -> None:
        self._steps_back += 1
        if self._steps_back > STEPS_BACK:
            raise DefenderError("truncated", f"The list moved faster than it could be read; {len(self.seen)} items were read, and others are missing.")

    def settle(self) -> None:
        """Read again what changed since the walk began, until one look sees all of it or nothing new."""
        for _attempt in range(LOOKS):
            before, requests = self._versions(), self.requests
            changed = self.down(matching=False, since=self._began)
            if self.source.opaque and changed:
                # whether a changed item still fits, only the service can say
                for gone in changed - self.down(matching=True, since=self._began):
                    self.seen.pop(gone, None)
            if self.requests == requests + 1 or self._versions() == before:
                return
        raise DefenderError("truncated", f"The list was still changing after {LOOKS} further looks; {len(self.seen)} items were read, some of them may be old.")

    def _versions(self) -> dict[str, int]:
        return {name: updated(item) for name, item in self.seen.items()}

    def _page(self, *, matching: bool, since: int | None, until: int | None, skip: int) -> Page:
        page = self.source.page(matching=matching, since=since, until=until, skip=skip)
        self.requests += 1
        if self._began is None and page.items:
            newest = max(updated(item) for item in page.items)
            self._began = newest if page.at is None else max(newest, page.at - SKEW)
        return page

    def _keep(self, items: list[Item]) -> None:
        for item in items:
            known = self.seen.get(item["id"])
            if known is None or updated(known) <= updated(item):
                self.seen[item["id"]] = item


def _bound(items: list[Item], until: int | None) -> int | None:
    """The oldest time of a page where everything older lies behind it: when it goes down by time, and further than before."""
    times = [updated(item) for item in items]
    ordered = all(first >= second for first, second in zip(times, times[1:], strict=False))
    return times[-1] if ordered and times[-1] < times[0] and (until is None or times[-1] < until) else None
