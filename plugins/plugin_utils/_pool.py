# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs one function for many tenants in threads, and hands back each answer as it comes.

Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
"""

from __future__ import annotations

import contextlib
import queue
import threading
import typing as t

Job = t.TypeVar("Job")
Answer = t.TypeVar("Answer")
WAKE: t.Final = 0.2


def each(jobs: t.Iterable[Job], work: t.Callable[[Job], Answer], *, threads: int) -> t.Iterator[tuple[Job, Answer]]:
    """Every job with its answer, in the order of the answers.

    Jobs are taken from their iterator while earlier ones already run, but never more than a few ahead of the threads.
    The threads are daemons: when the caller stops early, nothing waits for a request that hangs.
    C(work) must not raise.
    """
    waiting: queue.Queue[Job | None] = queue.Queue(maxsize=2 * threads)
    done: queue.Queue[tuple[Job, Answer]] = queue.Queue()

    def serve() -> None:
        while (job := waiting.get()) is not None:
            done.put((job, work(job)))

    started = [threading.Thread(target=serve, daemon=True) for unused in range(threads)]
    running = 0
    alive = 0
    for job in jobs:
        # no more threads than jobs so far
        if alive < len(started):
            started[alive].start()
            alive += 1
        _patiently(waiting.put, job)
        running += 1
        while not done.empty():
            running -= 1
            yield done.get()
    for _unused in range(alive):
        _patiently(waiting.put, None)
    while running:
        running -= 1
        yield _patiently(done.get)


def _patiently(wait: t.Callable[..., t.Any], *arguments: t.Any) -> t.Any:
    """Wait as long as it takes, but wake up now and then: a signal that another thread received is handled only when this one runs."""
    while True:
        with contextlib.suppress(queue.Full, queue.Empty):
            return wait(*arguments, timeout=WAKE)
