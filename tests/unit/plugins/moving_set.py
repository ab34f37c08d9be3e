# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A service whose incidents change between requests, and only there; it remembers what was true at
each of them."""

from __future__ import annotations

import dataclasses
import random
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._incidents.pages import (
    Item,
    Page,
    Window,
)

SECOND = 10_000_000
NOON = 17_954_352_000_000_000  # 2026-11-23T12:00:00Z in ticks of 100 ns since 1970
REQUESTS = 3000  # more than any list here can need

Truth = dict[str, Item]


@dataclasses.dataclass(frozen=True)
class Change:
    """What happens before one request. `places` pick incidents by their age, 0 being the
    newest."""

    kind: str  # create, update, leave, enter, bulk
    places: tuple[int, ...] = (0,)
    pause: int = 1  # ticks that the clock goes on before it

    def __str__(self) -> str:
        return f"{self.kind}{list(self.places)}+{self.pause}"


@dataclasses.dataclass
class Habits:
    """How a service behaves. Every field is something that the real ones do, or that their pages do
    not exclude."""

    size: int = 5  # what is asked for
    cap: int = 5  # what it gives at most
    links: bool = True  # says by a next link whether there is more; otherwise a full page says it
    by: str = "updated"  # newest first by updated or by created
    unsteady: int = 0  # not 0: equal times come in another order each time
    dates: bool = True
    ahead: int = 0  # ticks that the Date header is ahead of the stamps
    opaque: bool = False  # the caller's filter is told by the service only
    local: bool = False  # the caller's filter is told from the item only


def stamp(ticks: int) -> str:
    """A time as the service writes it."""
    seconds, rest = divmod(ticks - NOON, SECOND)
    hours, minutes = divmod(seconds + 12 * 3600, 3600)
    day = 23 + hours // 24
    return f"2026-11-{day:02}T{hours % 24:02}:{minutes // 60:02}:{minutes % 60:02}.{rest:07d}Z"


@dataclasses.dataclass
class Row:
    """An incident inside the service."""

    number: int
    created: int
    updated: int
    active: bool

    @property
    def item(self) -> Item:
        state = "active" if self.active else "resolved"
        return {
            "id": str(self.number),
            "created_date_time": stamp(self.created),
            "last_update_date_time": stamp(self.updated),
            "state": state,
        }


class MovingSet:
    """The caller wants what is active."""

    name = "The moving set"

    def __init__(
        self,
        ages: t.Sequence[tuple[int, int, bool]],
        habits: Habits,
        schedule: t.Sequence[t.Sequence[Change]] = (),
    ) -> None:
        """
        :arg ages: of each incident the ticks since its creation, of these the ticks until its last
            update, and whether it is active.
        :arg schedule: what changes before the second request, before the third, and so on; after
            its end nothing does.
        """
        self.habits = habits
        self.schedule = list(schedule)
        self.now = NOON
        self.rows = [
            Row(number, NOON - age, NOON - age + min(later, age), active)
            for number, (age, later, active) in enumerate(reversed(ages), 1000)
        ]
        self.truths: list[Truth] = []
        self.asked: list[tuple[Window, int]] = []
        self._shuffle = random.Random(habits.unsteady)

    @property
    def opaque(self) -> bool:
        return self.habits.opaque

    def fits(self, item: Item) -> bool:
        return self.habits.opaque or item["state"] == "active"

    def truth(self) -> Truth:
        """What the caller would get if nothing moved from now on."""
        return {row.item["id"]: row.item for row in self.rows if row.active}

    def page(self, window: Window, skip: int) -> Page:
        if self.asked:
            for change in self.schedule.pop(0) if self.schedule else ():
                self._happen(change)
        self.asked.append((window, skip))
        assert len(self.asked) < REQUESTS, "the walk does not end"
        self.truths.append(self.truth())
        rows = [row for row in self._sorted() if self._is_inside(row, window)]
        length = min(self.habits.size, self.habits.cap)
        shown = rows[skip : skip + length]
        more = skip + len(shown) < len(rows) if self.habits.links else len(shown) == length
        at = self.now + self.habits.ahead if self.habits.dates else None
        return Page([row.item for row in shown], more, at)

    def _is_inside(self, row: Row, window: Window) -> bool:
        bounds = (
            row.active or not window.matching or self.habits.local,
            window.since is None or row.updated >= window.since,
            window.until is None or row.updated <= window.until,
            window.created is None or row.created >= window.created,
        )
        return all(bounds)

    def _sorted(self) -> list[Row]:
        rows = list(self.rows)
        if self.habits.unsteady:
            self._shuffle.shuffle(rows)
        else:
            rows.sort(key=lambda row: row.number)
        return sorted(rows, key=lambda row: getattr(row, self.habits.by), reverse=True)

    def _happen(self, change: Change) -> None:
        self.now += change.pause
        if change.kind == "create":
            self.rows += [
                Row(5000 + len(self.rows) + extra, self.now, self.now, True)
                for extra in range(len(change.places))
            ]
            return
        newest_first = sorted(self.rows, key=lambda row: (-row.updated, row.number))
        for place in change.places:
            if newest_first:
                row = newest_first[place % len(newest_first)]
                row.updated = self.now
                row.active = {"leave": False, "enter": True}.get(change.kind, row.active)
