# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A sweep's progress: counters in memory that the worker shares with its parent process.

Before its task ends, a worker can inform its parent only through memory that existed before the
fork. Without a reader, the worker counts in private memory at almost no cost.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import functools
import mmap
import struct
import typing as t

LAYOUT: t.Final = struct.Struct("=QQQQ")


class Sweep(t.NamedTuple):
    """The newest sweep: its serial number, and its tenants so far."""

    number: int
    asked: int
    answered: int
    failed: int


class Board:
    """Written by one thread of one sweep at a time; read by the parent for display."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, LAYOUT.size)

    def read(self) -> Sweep:
        return Sweep(*LAYOUT.unpack_from(self._memory))

    def begin(self, *, asked: int, failed: int) -> None:
        LAYOUT.pack_into(self._memory, 0, self.read().number + 1, asked, 0, failed)

    def count(self, *, failed: bool) -> None:
        now = self.read()
        LAYOUT.pack_into(
            self._memory, 0, now.number, now.asked, now.answered + (not failed), now.failed + failed
        )


@functools.cache
def board() -> Board:
    """This process's board, shared with every process that it forks later."""
    return Board()
