# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs one function for many jobs in threads, and yields each answer as it comes.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import collections
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
    limit: t.Callable[[], int],
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

    for job, (answer, error) in stream(jobs, outcome, limit=limit):
        yield job, t.cast("Answer", answer) if error is None else crashed(job, error)


def stream(
    jobs: t.Iterable[Job],
    work: t.Callable[[Job], t.Iterator[Answer]],
    *,
    limit: t.Callable[[], int],
) -> t.Iterator[tuple[Job, Answer]]:
    """Every answer of every job, in the order of the answers.

    Jobs are taken from their iterator while earlier ones already run, but never more than a few
    ahead of the threads. When the caller stops early, jobs that wait are dropped, and nothing waits
    for a request that hangs.

    :arg work: yields the answers of a job; what it raises is raised here.
    :arg limit: the number of jobs that may run at the same time, at least 1. It may change at any
        time; jobs that run are not affected.
    """
    crew = _Crew(work, limit)
    running = 0

    def arrivals() -> t.Iterator[tuple[Job, Answer]]:
        """The next answer, if one comes before it is time to look for signals again: a signal that
        another thread received is handled only when this one runs."""
        nonlocal running
        crew.call()
        try:
            job, answer, error, is_end = crew.done.get(timeout=WAKE)
        except queue.Empty:
            return
        running -= is_end
        if error is not None:
            raise error
        if not is_end:
            yield job, t.cast("Answer", answer)

    try:
        for job in jobs:
            crew.add(job)
            running += 1
            while crew.is_full() or not crew.done.empty():
                yield from arrivals()
        while running:
            yield from arrivals()
    finally:
        crew.dismiss()


class _Crew(t.Generic[Job, Answer]):
    """The threads of one stream, and the jobs that wait for them.

    A thread is started only for a job that no idle thread will take, so there are few where the
    processor is slower than the services. They are daemons: the process ends without them.
    """

    def __init__(
        self, work: t.Callable[[Job], t.Iterator[Answer]], limit: t.Callable[[], int]
    ) -> None:
        # the job, an answer or the error that ended it, and whether it has ended
        self.done: queue.SimpleQueue[tuple[Job, Answer | None, BaseException | None, bool]] = (
            queue.SimpleQueue()
        )
        self._work = work
        self._limit = limit
        self._waiting: collections.deque[Job] = collections.deque()
        self._condition = threading.Condition()
        self._threads = 0
        self._idle = 0
        self._complete = False  # no more threads can be started
        self._dismissed = False

    def is_full(self) -> bool:
        """Whether enough jobs wait."""
        return len(self._waiting) >= 2 * self._limit()

    def add(self, job: Job) -> None:
        self._waiting.append(job)
        self.call()

    def call(self) -> None:
        """Wake or start as many threads as the jobs need and the limit allows."""
        with self._condition:
            wanted = min(len(self._waiting), self._free())
            self._condition.notify(wanted)
            missing = 0 if self._complete else wanted - self._idle
        for _unused in range(missing):
            self._start()

    def dismiss(self) -> None:
        """Drop the jobs that wait, and end each thread after its job."""
        with self._condition:
            self._waiting.clear()
            self._dismissed = True
            self._condition.notify_all()

    def _free(self) -> int:
        """How many more jobs may begin."""
        return self._limit() - (self._threads - self._idle)

    def _start(self) -> None:
        """Start one more thread; where the system allows no more, those that run are enough."""
        try:
            with self._condition:
                self._threads += 1
                self._idle += 1
            threading.Thread(target=self._serve, daemon=True).start()
        except RuntimeError:
            with self._condition:
                self._threads -= 1
                self._idle -= 1
            if not self._threads:
                raise
            self._complete = True

    def _serve(self) -> None:
        while True:
            with self._condition:
                self._condition.wait_for(self._may_go_on)
                if self._dismissed:
                    return
                job = self._waiting.popleft()
                self._idle -= 1
            error: BaseException | None = None
            try:
                for answer in self._work(job):
                    self.done.put((job, answer, None, False))
            except BaseException as e:  # the caller waits for the end of this job
                error = e
            with self._condition:
                self._idle += 1
            self.done.put((job, None, error, True))

    def _may_go_on(self) -> bool:
        return self._dismissed or (bool(self._waiting) and self._free() > 0)
