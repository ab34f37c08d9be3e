# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How many tenants are queried at the same time: a fixed number, or one that adapts.

The number that adapts rises with each response that comes in time while the processor waits for
the network, and is halved when many tenants at once are throttled or get no response. A tenant that
exceeds its own quota does not count.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import contextlib
import functools
import re
import resource
import threading
import time
import typing as t
from pathlib import Path

from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import (
    service_load as _load,
)

# The bounds of the number that adapts. A service that is down is not served better by fewer
# requests, so the lower one keeps an outage from taking much longer.
START: t.Final = 32
MOST: t.Final = 256
# the fewest where files or memory are scarce
SCARCE: t.Final = 8
FILES_IN_USE: t.Final = 64  # by Ansible and Python themselves
FILES_EACH: t.Final = 4  # connections to login and API, token lock, token or rows
MEMORY_EACH: t.Final = 16 * 2**20  # a large page of a list, as text and parsed
# The number is halved when more than LATE of the LATEST tenants got no response in time.
LATEST: t.Final = 64
LATE: t.Final = 6
# A process that used BUSY of one processor for PERIOD seconds gains nothing from more threads, and
# each costs a TLS handshake per service.
PERIOD: t.Final = 0.1
BUSY: t.Final = 0.8


class OfTenant(t.Protocol):
    """What is done for one tenant."""

    @property
    def host(self) -> str: ...


Tenant = t.TypeVar("Tenant", bound=OfTenant)
Rest = t.ParamSpec("Rest")
Answer = t.TypeVar("Answer")


class Limit:
    """The number of jobs that may run at the same time, between two bounds. It starts at the lower
    one.

    :arg wall: the monotonic clock.
    :arg cpu: the processor time that this process has used.
    """

    def __init__(
        self,
        least: int,
        most: int,
        *,
        wall: t.Callable[[], float] = time.monotonic,
        cpu: t.Callable[[], float] = time.process_time,
    ) -> None:
        self.most = most
        self._least = least
        self._number = float(least)
        self._halved = False
        self._in_flight = 0  # requests that were sent before it was halved
        # by tenant and service, the newest last: whether there was no response in time
        self._latest: dict[tuple[str, str], bool] = {}
        self._answered: set[tuple[str, str]] = set()
        self._clocks = wall, cpu
        self._period = wall(), cpu()
        self._is_busy = False
        self._lock = threading.Lock()

    def now(self) -> int:
        """The number at this moment."""
        return int(self._number)

    def watching(
        self, work: t.Callable[t.Concatenate[Tenant, Rest], Answer]
    ) -> t.Callable[t.Concatenate[Tenant, Rest], Answer]:
        """The same function, which adapts to the requests that it sends for its first argument."""

        def watched(tenant: Tenant, /, *args: Rest.args, **more: Rest.kwargs) -> Answer:
            with _load.observation(functools.partial(self.adapt, tenant.host)):
                return work(tenant, *args, **more)

        return watched

    def adapt(self, tenant: str, service: str, load: _load.Load) -> None:
        """Adapt to one request."""
        with self._lock:
            if self._in_flight:
                self._in_flight -= 1
            elif load == "answered":
                self._note(tenant, service, late=False)
                self._answered.add((tenant, service))
                self._grow()
            elif load == "overloaded" or (tenant, service) not in self._answered:
                self._note(tenant, service, late=True)
                if sum(self._latest.values()) > LATE:
                    self._halve()
            # otherwise the tenant has used up its quota, which is its own

    def _note(self, tenant: str, service: str, *, late: bool) -> None:
        self._latest.pop((tenant, service), None)
        self._latest[tenant, service] = late
        if len(self._latest) > LATEST:
            del self._latest[next(iter(self._latest))]

    def _grow(self) -> None:
        """Double it with every round of responses; once it was too high, add one per round."""
        if self._processor_is_busy():
            return
        step = 1 / self._number if self._halved else 1
        self._number = min(self.most, self._number + step)

    def _processor_is_busy(self) -> bool:
        """Whether this process used up a processor in the latest period."""
        wall, cpu = (clock() for clock in self._clocks)
        began, cpu_before = self._period
        if wall - began >= PERIOD:
            self._is_busy = cpu - cpu_before >= BUSY * (wall - began)
            self._period = wall, cpu
        return self._is_busy

    def _halve(self) -> None:
        # the rest of this round was sent at the old number, and says nothing about the new one
        self._in_flight = self.now()
        self._number = max(self._least, self._number // 2)
        self._halved = True
        self._latest.clear()


def limit(number: int | None, *, processes: int = 1) -> Limit:
    """The limit for the option `concurrency`: fixed if it is set.

    :arg processes: how many, at most `number`, share what is allowed; this is the limit of each.
    """
    most = ceiling() if number is None else number
    least = min(START, most) if number is None else number
    return Limit(max(1, least // processes), max(1, most // processes))


def ceiling() -> int:
    """The most jobs at the same time: as many as the limit on open files and half of the available
    memory allow, between 8 and 256."""
    numbers = [MOST]
    files, unused = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files != resource.RLIM_INFINITY:
        numbers.append((files - FILES_IN_USE) // FILES_EACH)
    if memory := _memory(Path("/")):
        numbers.append(memory // 2 // MEMORY_EACH)
    return max(SCARCE, min(numbers))


def _memory(root: Path) -> int | None:
    """Bytes of memory that are available on the machine, or that its container may use; None where
    the system does not show it as Linux does."""
    numbers = []
    with contextlib.suppress(OSError):
        text = (root / "proc/meminfo").read_text(encoding="ascii")
        numbers += [int(kib) * 1024 for kib in re.findall(r"^MemAvailable: +(\d+) kB$", text, re.M)]
    with contextlib.suppress(OSError, ValueError):  # "max" means no limit
        numbers.append(int((root / "sys/fs/cgroup/memory.max").read_text(encoding="ascii")))
    return min(numbers, default=None)
