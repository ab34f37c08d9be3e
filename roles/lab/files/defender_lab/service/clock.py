# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab's clocks: wall time for tokens, and a quota clock that tests can advance instead of
sleeping; machine actions go by it as well."""

from __future__ import annotations

import time
from datetime import UTC, datetime


class Clock:
    def __init__(self) -> None:
        self._skew = 0.0

    def wall(self) -> float:
        return time.time()

    def quota(self) -> float:
        """Seconds on a clock that quotas, machine actions and their links read."""
        return time.monotonic() + self._skew

    def advance(self, seconds: float) -> None:
        self._skew += seconds


def stamp(seconds: float) -> str:
    """``2025-01-15 12:00:00Z``, as Entra writes its times."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
