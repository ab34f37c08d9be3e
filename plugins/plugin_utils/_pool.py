# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs one function for many jobs in threads, and yields each answer as it comes.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import contextlib
import queue
import threading
import typing as t

Job = t.TypeVar("Job")
Answer = t.TypeVar("Answer")
WAKE: t.Final = 0.2


def each(
    jobs: t.Iterable[Job],
    work: t.Callable[[Job], Answer],
    *,
    crashed: t.Callable[[Job, BaseException], Answer],
    threads: int,
) -> t.Iterator[tuple[Job, Answer]]:
    """Every job with its one answer, in the order of the answers; see `stream`.

    :arg crashed: the answer for a job whose `work` raised anything at all, also what is no
        `Exception`, such as a panic in an extension module. Called in the caller's thread.
    """

    def outcome(job: Job) -> t.Iterator[tuple[Answer | None, BaseException | None]]:
        try:
            answer = work(job)
        except BaseException as e:  # whatever it is, the caller waits for this job
            yield None, e
        else:
            yield answer, None

    for job, (answer, error) in stream(jobs, outcome, threads=threads):
        yield job, t.cast("Answer", answer) if error is None else crashed(job, error)


def stream(
    jobs: t.Iterable[Job], work: t.Callable[[Job], t.Iterator[Answer]], *, threads: int
) -> t.Iterator[tuple[Job, Answer]]:
    """Every answer of every job, in the order of the answers.

    Jobs are taken from their iterator while earlier ones already run, but never more than a few
    ahead of the threads. The threads are daemons: when the caller stops early, nothing waits for a
    request that hangs.

    :arg work: yields the answers of a job; what it raises is raised here.
    """
    waiting: queue.Queue[Job | None] = queue.Queue(maxsize=2 * threads)
    done: queue.Queue[tuple[Job, Answer | None, BaseException | None, bool]] = queue.Queue()

    def serve() -> None:
        while (job := waiting.get()) is not None:
            error: BaseException | None = None
            try:
                for answer in work(job):
                    done.put((job, answer, None, False))
            except BaseException as e:  # the caller waits for the end of this job
                error = e
            done.put((job, None, error, True))

    running = 0

    def taken(
        job: Job, answer: Answer | None, error: BaseException | None, ended: bool
    ) -> t.Iterator[tuple[Job, Answer]]:
        nonlocal running
        running -= ended
        if error is not None:
            raise error
        if not ended:
            yield job, t.cast("Answer", answer)

    alive = 0
    for job in jobs:
        # no more threads than jobs so far
        if alive < threads:
            alive += _started(serve, enough=alive > 0)
        _patiently(waiting.put, job)
        running += 1
        while not done.empty():
            yield from taken(*done.get())
    for _unused in range(alive):
        _patiently(waiting.put, None)
    while running:
        yield from taken(*_patiently(done.get))


def _started(serve: t.Callable[[], None], *, enough: bool) -> bool:
    """Whether one more thread runs; where the system allows no more, those that run are enough."""
    try:
        threading.Thread(target=serve, daemon=True).start()
    except RuntimeError:
        if not enough:
            raise
        return False
    return True


def _patiently(wait: t.Callable[..., t.Any], *arguments: t.Any) -> t.Any:
    """Wait as long as it takes, but wake up now and then: a signal that another thread received is
    handled only when this one runs."""
    while True:
        with contextlib.suppress(queue.Full, queue.Empty):
            return wait(*arguments, timeout=WAKE)
