# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sliding windows: how many calls a key may make, and when the next one is allowed."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass

from defender_lab.service.clock import Clock


@dataclass(frozen=True, slots=True)
class Limit:
    calls: int
    seconds: float

    def span(self) -> str:
        """``00:01:00``, as the Defender APIs write it."""
        minutes, seconds = divmod(int(self.seconds), 60)
        hours, minutes = divmod(minutes, 60)
        return f"{hours:02d}:{minutes:02d}:{seconds:02d}"


@dataclass(frozen=True, slots=True)
class Exceeded:
    limit: Limit
    wait: int


class Quotas:
    """A call that is refused is not counted."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._windows: dict[tuple[Hashable, Limit], deque[float]] = {}

    def take(self, key: Hashable, limits: tuple[Limit, ...]) -> Exceeded | None:
        now = self._clock.quota()
        windows = [(limit, self._windows.setdefault((key, limit), deque())) for limit in limits]
        over: Exceeded | None = None
        for limit, window in windows:
            while window and window[0] <= now - limit.seconds:
                window.popleft()
            if len(window) >= limit.calls:
                wait = max(1, math.ceil(window[0] + limit.seconds - now))
                over = over if over and over.wait >= wait else Exceeded(limit, wait)
        if not over:
            for _unused, window in windows:
                window.append(now)
        return over

    def forget(self, tenant_id: str) -> None:
        """Open every window of one tenant."""
        for key in [
            key for key in self._windows if isinstance(key[0], tuple) and tenant_id in key[0]
        ]:
            del self._windows[key]
