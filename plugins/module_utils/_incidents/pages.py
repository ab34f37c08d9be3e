# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pages of a list that is bounded by time: what is asked of a source and what it returns.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import dataclasses
import functools
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._odata import all_of, between
from ansible_collections.mssp.defender_xdr.plugins.module_utils._times import read_time

Item = dict[str, t.Any]
CREATED: t.Final = "created_date_time"
UPDATED: t.Final = "last_update_date_time"


@dataclasses.dataclass(frozen=True)
class Page:
    """One answer: items with an `id` and both times, whether more may follow (never after none),
    and the service's time in ticks."""

    items: list[Item]
    more: bool
    at: int | None = None


@dataclasses.dataclass(frozen=True)
class Window:
    """Which items are asked for. Times are ticks; all bounds are included, and None is open.

    `matching`: only items that fit the caller's filter, as far as the API can tell.
    `narrows`: the limit may raise `created` while the window is read.
    """

    matching: bool = True
    narrows: bool = False
    since: int | None = None
    until: int | None = None
    created: int | None = None

    def as_filter(self, created_name: str, updated_name: str) -> str | None:
        """The bounds in OData, over the names that the API has for both times."""
        before = None if self.until is None else self.until + 1
        return all_of(
            [between(created_name, self.created, None), between(updated_name, self.since, before)]
        )


class Source(t.Protocol):
    """Where pages come from. Newest first is expected of it, but never relied upon."""

    name: str

    def page(self, window: Window, skip: int) -> Page:
        """Items of the window, without the first `skip` of them."""

    def fits(self, item: Item) -> bool:
        """Whether an item fits everything asked for that can be told from the item itself."""

    @property
    def opaque(self) -> bool:
        """Whether part of the caller's filter can be told by the service only."""


def updated(item: Item) -> int:
    """The item's last update in ticks."""
    return ticks(item[UPDATED])


def created(item: Item) -> int:
    """The item's creation in ticks."""
    return ticks(item[CREATED])


@functools.lru_cache(maxsize=16384)
def ticks(text: str) -> int:
    return read_time(text)
