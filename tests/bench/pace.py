# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether the cores run at full speed.

A virtual machine's core takes nearly twice as long for the same work while another guest uses the
other half of the processor's core. Neither the load average nor the time stolen by the hypervisor
shows that.
"""

from __future__ import annotations

import concurrent.futures
import os
import statistics
import time
import typing as t

FULL: t.Final = 1.2  # times the shortest time that a probe has taken
PATIENCE: t.Final = 30.0  # seconds for one wait
BUDGET: t.Final = 900.0  # seconds for all waits together
BETWEEN: t.Final = 0.3  # seconds from one probe to the next


class Pace:
    """Probes that take a tenth of a second on every core that this process may use."""

    def __init__(self) -> None:
        self._cores = sorted(os.sched_getaffinity(0))
        self._pool = concurrent.futures.ProcessPoolExecutor(len(self._cores))
        self._shortest = min(min(self._probe()) for _unused in range(10))
        self._budget = BUDGET

    def is_full(self) -> bool:
        """Whether all cores are about as fast as the fastest has ever been."""
        probed = self._probe()
        self._shortest = min(self._shortest, *probed)
        return max(probed) <= FULL * self._shortest

    def wait(self) -> None:
        """Return when all cores run at full speed, or when the patience is at its end."""
        begun = time.monotonic()
        deadline = begun + min(PATIENCE, self._budget)
        while not self.is_full() and time.monotonic() < deadline:
            time.sleep(BETWEEN)
        self._budget -= time.monotonic() - begun

    def _probe(self) -> list[float]:
        """Seconds for the same work on each core."""
        return list(self._pool.map(seconds_on, self._cores))


def seconds_on(core: int) -> float:
    """The median of five pieces of work, which leaves out a short interruption."""
    os.sched_setaffinity(0, {core})
    return statistics.median(_work() for _unused in range(5))


def _work() -> float:
    begun = time.perf_counter()
    texts: dict[int, str] = {}
    for number in range(200_000):
        texts[number % 5000] = str(number)
    return time.perf_counter() - begun
