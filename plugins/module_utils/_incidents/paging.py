# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read a complete list while it changes: pages bounded by time, then changes until there are none.

Offsets are unreliable in a list that others change: an updated item moves to the front and shifts
the rest. So the walk descends by last update, and uses offsets (`$skip`) only among equal times, or
if the service sorts by something else.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._incidents.pages import (
    CREATED,
    UPDATED,
    Item,
    Page,
    Source,
    Window,
    created,
    ticks,
    updated,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._times import (
    SECOND,
    format_time,
)

# The service's clock (the Date header) and its timestamps may differ slightly.
SKEW: t.Final = 120 * SECOND
# If the list changes faster than it can be read, the walk ends with an error, never with a list
# that looks complete.
LOOKS: t.Final = 20
STEPS_BACK: t.Final = 100
# Items with equal times in random order may repeat an order by chance, but not so often.
ALIKE: t.Final = 3
# A list that grows during offset paging shows earlier items again, each time at most all of them. A
# list that exceeds this factor repeats the same pages forever.
REPEATS: t.Final = 10
# No walk needs more requests per page of items. This stops services that loop in a way not detected
# otherwise.
REQUESTS_A_PAGE: t.Final = 25


def _newest_first(item: Item) -> tuple[int, int, str]:
    """Sort key: newest creation first; at equal times, the greater id first."""
    name = item["id"]
    number = int(name) if name.isascii() and name.isdecimal() and len(name) < 20 else 0
    return -created(item), -number, name


def everything(source: Source, *, limit: int) -> tuple[list[Item], bool]:
    """Every matching item once, newest by creation first, up to the limit.

    Also returns whether there are more than `limit` (0 for no limit). The list was true at one
    moment of the call: of one request, or of the last reading of changes. Raises `truncated` if the
    list changed too fast to be read, and `unavailable` if the service does not respond as
    requested.
    """
    for _attempt in range(LOOKS):
        items = _Walk(source, limit).read()
        if items is not None:
            items.sort(key=_newest_first)
            return (items[:limit], True) if limit and len(items) > limit else (items, False)
    raise DefenderError(
        "truncated",
        (
            f"{source.name}: the list kept changing during {LOOKS} attempts to read it; run the"
            " task again."
        ),
    )


class _Walk:
    def __init__(self, source: Source, limit: int) -> None:
        self.source = source
        self.limit = limit
        self._requests = 0
        self._largest = 1  # items per page
        self._floor: int | None = None  # items created earlier are beyond the limit
        self._items: dict[str, Item] = {}
        self._refused: set[str] = set()  # ids that the service's filter excludes
        self._began: int | None = None
        # whether the service sorts by last update; None while unknown
        self._by_update: bool | None = None
        self._steps_back = 0

    def read(self) -> list[Item] | None:
        """The matching items; None if so many left the list that older items are within the limit
        now."""
        window = Window(narrows=bool(self.limit))
        page = self._page(window, set())
        while page.more and (narrow := self._narrowed(window)) != window:
            # the few items within the limit often fit into one response, which is consistent
            window, page = narrow, self._page(narrow, set())
            if 2 * self.limit > len(page.items):
                break
        items = list(filter(self.source.fits, page.items))
        if page.more:
            self._read_by_time(window, page)
            self._reread_until_stable()
            floor = self._floor
            items = [item for item in self._fitting() if floor is None or created(item) >= floor]
        return items if self._floor is None or len(items) > self.limit else None

    def _fitting(self) -> list[Item]:
        items = (item for name, item in self._items.items() if name not in self._refused)
        return list(filter(self.source.fits, items))

    def _narrowed(self, window: Window) -> Window:
        """The window without items too old for the limit, judged by the items read so far."""
        if not window.narrows or len(self._items) <= self.limit:
            return window
        times = sorted(map(created, self._fitting()), reverse=True)
        if len(times) > self.limit:
            # one more than the limit, to know whether there are more
            floor = times[self.limit]
            self._floor = floor if self._floor is None else max(floor, self._floor)
        return dataclasses.replace(window, created=self._floor)

    def _reread_until_stable(self) -> None:
        """Read changes since the last pass began, until one response contains all of them or
        nothing is new."""
        for _look in range(LOOKS):
            before, since, requests = dict(self._items), self._began, self._requests
            self._began = None
            changed = self._read_by_time(Window(matching=False, since=since))
            at_once = self._requests == requests + 1 and not self.source.opaque
            if self._items == before or at_once:
                return
            if self.source.opaque:
                # only the service can evaluate whether a changed item still matches
                self._refused = (self._refused | changed) - self._read_by_time(Window(since=since))
        raise DefenderError(
            "truncated",
            (
                f"{self.source.name}: the list was still changing after {LOOKS} further passes;"
                f" {len(self._items)} items were read, and some may be outdated; run the task"
                " again."
            ),
        )

    def _read_by_time(self, window: Window, first: Page | None = None) -> set[str]:
        """Read a window down from its newest item; returns the ids found.

        :arg first: its first page, if already read.
        """
        met: set[str] = set()
        left = window
        page = first or self._page(left, met)
        met.update(item["id"] for item in page.items)
        fresh = True
        while page.more:
            times = [updated(item) for item in page.items]
            if times != sorted(times, reverse=True):
                self._by_update = False
            if self._by_update is False:
                # newer items changed since the walk began, and are read in a later pass
                until = self._began if window.matching and window.since is None else window.until
                self._read_by_offset(dataclasses.replace(self._narrowed(window), until=until), met)
                return met
            lowest = times[-1]
            if not fresh and (times[0] != lowest or lowest != left.until):
                raise self._circle("it returns the same items for every request")
            above = dataclasses.replace(left, since=lowest + 1)
            if not self._surely_by_update(page.items) and self._page(above, met).more:
                self._read_by_offset(above, met)
            if times[0] == lowest:
                self._read_by_offset(dataclasses.replace(left, since=lowest, until=lowest), met)
                lowest -= 1
            left = self._narrowed(dataclasses.replace(left, until=lowest))
            if left.since is not None and lowest < left.since:
                return met
            count = len(met)
            page = self._page(left, met)
            fresh = len(met) > count
        return met

    def _surely_by_update(self, items: list[Item]) -> bool:
        """Whether a page sorted by last update is not also sorted by creation."""
        times = [created(item) for item in items]
        if times != sorted(times, reverse=True):
            self._by_update = True
        return bool(self._by_update)

    def _read_by_offset(self, window: Window, met: set[str]) -> None:
        """Read a window by offset, each page overlapping the last item of the previous one to
        detect shifts."""
        passed: set[str] = set()
        shown: set[str] = set()
        skip, back, overlaps = 0, 1, False
        trail: list[tuple[str, ...]] = []  # the pages of this pass and of the previous one
        earlier: list[tuple[str, ...]] = []
        alike = 0
        while True:
            page = self._page(window, met, skip)
            names = tuple(item["id"] for item in page.items)
            shown.update(names)
            trail.append(names)
            if overlaps and not (names and names[0] in passed):
                # an item left the part already counted, so another one was skipped: go back to
                # known items
                skip, back = max(0, skip - back), 2 * back
                overlaps = skip > 0
                self._step_back()
                continue
            passed.update(names)
            overlaps = len(names) > 1
            end = skip + len(names)
            if not page.more and end <= len(shown):
                return
            floor = self._narrowed(window).created
            if floor is not None and floor != window.created:
                inside = {name for name in shown if created(self._items[name]) >= floor}
                if window.created is None or 2 * len(inside) < len(shown):
                    # without the older items, continue the offset from the last known item
                    window = dataclasses.replace(window, created=floor)
                    passed, shown = inside, set(inside)
                    skip, back, overlaps = max(0, len(inside) - 1), 1, bool(inside)
                    trail, earlier, alike = [], [], 0
                    continue
            if page.more:
                if end > REPEATS * (len(shown) + self._largest):
                    raise self._circle("its pages repeat each other")
                skip, back = max(end - 1, skip + 1), 1
                continue
            alike = alike + 1 if trail == earlier else 0
            if alike > ALIKE:
                raise self._circle("its pages repeat each other")
            # equal times in random order: some items came twice and others not at all
            skip, back, overlaps = 0, 1, False
            earlier, trail = trail, []
            self._step_back()

    def _step_back(self) -> None:
        self._steps_back += 1
        if self._steps_back > STEPS_BACK + len(self._items):
            raise DefenderError(
                "truncated",
                (
                    f"{self.source.name}: the list changed faster than it could be read;"
                    f" {len(self._items)} items were read, and others are missing; run the task"
                    " again."
                ),
            )

    def _circle(self, how: str) -> DefenderError:
        return DefenderError(
            "unavailable",
            f"{self.source.name} does not return a list that can be read to its end: {how}.",
        )

    def _page(self, window: Window, met: set[str], skip: int = 0) -> Page:
        page = self.source.page(window, skip)
        self._requests += 1
        self._largest = max(self._largest, len(page.items))
        for item in page.items:
            self._check(item, window)
        if self._began is None:
            # later changes have later timestamps than this
            newest = [max(map(updated, page.items))] if page.items else []
            dated = [] if page.at is None else [page.at - SKEW]
            self._began = min([*newest, *dated], default=None)
        for item in page.items:
            earlier = self._items.get(item["id"])
            if earlier is None or updated(earlier) <= updated(item):
                self._items[item["id"]] = item
            met.add(item["id"])
        if self._requests > REQUESTS_A_PAGE * (1 + len(self._items) // self._largest):
            raise self._circle(f"{self._requests} requests returned {len(self._items)} items")
        return page

    def _check(self, item: Item, window: Window) -> None:
        """Refuse an item without an id or readable times, or outside the requested window."""
        if not isinstance(item.get("id"), str) or not item["id"]:
            raise DefenderError(
                "unavailable",
                (
                    f"{self.source.name} returned an item without an id, so the list cannot be read"
                    " completely."
                ),
            )
        bounds = {CREATED: window.created, UPDATED: window.since}
        for name, since in bounds.items():
            try:
                at = ticks(item.get(name) or "")
            except (DefenderError, TypeError, AttributeError):
                raise DefenderError(
                    "unavailable",
                    (
                        f"{self.source.name} returned item {item['id']} without a readable {name},"
                        " so it is unknown whether the list is complete."
                    ),
                ) from None
            # one second of tolerance, because a service may round times
            if since is not None and at < since - SECOND:
                raise DefenderError(
                    "unavailable",
                    (
                        f"{self.source.name} ignores $filter: item {item['id']} has {name}"
                        f" {item[name]}, earlier than the requested {format_time(since)}."
                    ),
                )
