# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pages of a list bounded by time: the request to a source and its response.

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
    """One response: items with an `id` and both times, whether more may follow (never after an
    empty page), and the service's time in ticks."""

    items: list[Item]
    more: bool
    at: int | None = None


@dataclasses.dataclass(frozen=True)
class Window:
    """The requested items. Times are ticks; all bounds are inclusive, and None is open.

    `matching`: only items that match the caller's filter, as far as the API supports it. `narrows`:
    the limit may raise `created` during paging.
    """

    matching: bool = True
    narrows: bool = False
    since: int | None = None
    until: int | None = None
    created: int | None = None

    def as_filter(self, created_name: str, updated_name: str) -> str | None:
        """The bounds as an OData filter over the API's names of both times."""
        before = None if self.until is None else self.until + 1
        return all_of(
            [between(created_name, self.created, None), between(updated_name, self.since, before)]
        )


class Source(t.Protocol):
    """A source of pages. Newest first is expected, but not required."""

    name: str

    def page(self, window: Window, skip: int) -> Page:
        """The window's items after the first `skip`."""

    def fits(self, item: Item) -> bool:
        """Whether an item matches all options that can be checked on the item."""

    @property
    def opaque(self) -> bool:
        """Whether only the service can evaluate part of the caller's filter."""


def updated(item: Item) -> int:
    """The item's last update in ticks."""
    return ticks(item[UPDATED])


def created(item: Item) -> int:
    """The item's creation in ticks."""
    return ticks(item[CREATED])


@functools.lru_cache(maxsize=16384)
def ticks(text: str) -> int:
    return read_time(text)
