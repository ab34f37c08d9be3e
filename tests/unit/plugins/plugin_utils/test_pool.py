# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every job is done once, at the same time as others, and nobody waits for the one that hangs."""

from __future__ import annotations

import itertools
import signal
import threading
import time
import typing as t

import pytest
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils import _pool
from hypothesis import given
from hypothesis import strategies as st

LONG: t.Final = 20  # seconds; nothing takes so long unless it hangs


def each(
    jobs: t.Iterable[t.Any],
    work: t.Callable[[t.Any], t.Any],
    *,
    threads: int,
    crashed: t.Callable[[t.Any, BaseException], t.Any] = lambda job, error: error,
) -> t.Iterator[tuple[t.Any, t.Any]]:
    return _pool.each(jobs, work, crashed=crashed, limit=lambda: threads)


@given(st.lists(st.integers(), max_size=60), st.integers(1, 40))
def test_each_job_is_answered_once(jobs: list[int], threads: int) -> None:
    answers = list(each(jobs, lambda job: job * 2, threads=threads))
    assert sorted(answers) == sorted((job, job * 2) for job in jobs)


def test_as_many_jobs_run_at_once_as_there_are_threads() -> None:
    together = threading.Barrier(8, timeout=LONG)
    assert len(list(each(range(16), lambda job: together.wait(), threads=8))) == 16


def test_no_more_jobs_run_at_once_than_there_are_threads() -> None:
    lock = threading.Lock()
    running: list[int] = []
    most: list[int] = []

    def work(job: int) -> None:
        with lock:
            running.append(job)
            most.append(len(running))
        with lock:
            running.remove(job)

    assert len(list(each(range(200), work, threads=3))) == 200
    assert max(most) <= 3


def test_an_answer_comes_while_another_job_still_hangs() -> None:
    release = threading.Event()

    def work(job: int) -> bool:
        return release.wait(LONG) if job == 0 else True

    answers = each(range(4), work, threads=2)
    assert sorted(next(answers)[0] for _unused in range(3)) == [1, 2, 3]
    release.set()
    assert next(answers) == (0, True)
    assert list(answers) == []


def test_jobs_are_made_only_a_few_ahead_of_the_threads() -> None:
    finished: list[int] = []
    ahead: list[int] = []

    def jobs() -> t.Iterator[int]:
        for job in range(100):
            ahead.append(job - len(finished))
            yield job

    assert len(list(each(jobs(), finished.append, threads=2))) == 100
    # two that run and four that wait
    assert max(ahead) <= 2 + 4


class Gate:
    """Jobs that wait until they are let go, and how many of them run."""

    def __init__(self) -> None:
        self.most = 0
        self._running = 0
        self._open = 0
        self._changed = threading.Condition()

    def work(self, job: t.Any) -> t.Any:
        with self._changed:
            self._running += 1
            self.most = max(self.most, self._running)
            self._changed.notify_all()
            assert self._changed.wait_for(lambda: self._open, LONG)
            self._open -= 1
            self._running -= 1
            self._changed.notify_all()
        return job

    def let_go(self, number: int) -> None:
        with self._changed:
            self._open += number
            self._changed.notify_all()

    def wait_for(self, running: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: self._running == running, LONG)


def test_a_limit_that_rises_lets_more_jobs_run_and_one_that_falls_fewer() -> None:
    gate, limit = Gate(), [2]
    answers = _pool.each(
        range(60), gate.work, crashed=lambda job, error: error, limit=lambda: limit[0]
    )
    collector = threading.Thread(target=lambda: found.extend(answers), daemon=True)
    found: list[t.Any] = []
    collector.start()
    gate.wait_for(2)
    limit[0] = 20
    gate.let_go(1)
    gate.wait_for(20)
    limit[0] = 3
    gate.let_go(17)  # those that run go on, and none takes the place of one that ends
    gate.wait_for(3)
    gate.most = 0
    gate.let_go(60)
    collector.join(LONG)
    assert gate.most <= 3
    assert sorted(found) == [(job, job) for job in range(60)]


@given(
    st.lists(st.integers(0, 2), max_size=60),
    st.lists(st.integers(1, 40), min_size=1, max_size=20),
)
def test_each_job_is_answered_once_however_the_limit_changes_and_whatever_a_job_raises(
    kinds: list[int], numbers: list[int]
) -> None:
    errors = {1: ValueError("no"), 2: Panic("ouch")}
    limits = itertools.cycle(numbers)
    lock = threading.Lock()
    running: list[int] = []
    most: list[int] = []

    def limit() -> int:
        with lock:
            return next(limits)

    def work(job: tuple[int, int]) -> int:
        with lock:
            running.append(1)
            most.append(len(running))
        with lock:
            running.pop()
        if job[1] in errors:
            raise errors[job[1]]
        return 0

    jobs = list(enumerate(kinds))
    answers = list(_pool.each(jobs, work, crashed=lambda job, error: error, limit=limit))
    assert sorted(job for job, _unused in answers) == jobs
    assert all(answer == errors.get(job[1], 0) for job, answer in answers)
    assert max(most, default=0) <= max(numbers)


def test_a_thread_that_is_idle_takes_the_next_job_and_no_other_is_started() -> None:
    threads = set()

    def work(job: int) -> t.Iterator[int]:
        threads.add(threading.current_thread())
        yield job

    crew = _pool._Crew(work, lambda: 64)
    for job in range(50):
        crew.add(job)
        assert [crew.done.get(timeout=LONG)[3] for _unused in range(2)] == [False, True]
    crew.dismiss()
    assert len(threads) == 1
    for thread in threads:
        thread.join(LONG)
        assert not thread.is_alive()


def test_jobs_that_wait_are_dropped_when_the_caller_stops_early() -> None:
    gate, some_wait = Gate(), threading.Event()
    begun: list[int] = []
    threads: list[threading.Thread] = []

    def jobs() -> t.Iterator[int]:
        for job in range(50):
            if job == 2:
                some_wait.set()
            yield job

    def work(job: int) -> None:
        threads.append(threading.current_thread())
        begun.append(job)
        if job:
            gate.work(job)
        else:
            assert some_wait.wait(LONG)

    answers = each(jobs(), work, threads=1)
    assert next(answers) == (0, None)
    gate.wait_for(1)
    answers.close()  # type: ignore[attr-defined]  # a generator
    gate.let_go(50)
    threads[0].join(LONG)
    assert begun == [0, 1]


def test_the_first_job_is_answered_before_the_last_is_made() -> None:
    answered = threading.Event()

    def jobs() -> t.Iterator[int]:
        yield 0
        assert answered.wait(LONG)
        yield 1

    def work(job: int) -> int:
        answered.set()
        return job

    assert [job for job, _unused in each(jobs(), work, threads=4)] == [0, 1]


def test_no_more_threads_are_started_than_there_are_jobs() -> None:
    before = threading.active_count()
    counted = [threading.active_count() for _unused in each(range(2), lambda job: job, threads=64)]
    assert max(counted) <= before + 2


def test_a_caller_who_stops_early_does_not_wait_for_a_job_that_hangs() -> None:
    release = threading.Event()
    answers = each(range(2), lambda job: job == 1 or release.wait(LONG), threads=2)
    assert next(answers) == (1, True)
    answers.close()  # type: ignore[attr-defined]  # a generator
    hanging = [thread for thread in threading.enumerate() if thread.daemon and thread.is_alive()]
    assert hanging  # daemons: the process may end without them
    release.set()


def test_a_signal_ends_the_wait_for_a_job_that_hangs_whichever_thread_receives_it() -> None:
    """The kernel may give the signal to any thread; Python handles it in the main one, which must
    not sleep for ever."""
    release = threading.Event()

    class Interrupted(Exception):
        pass

    def stop(number: int, frame: t.Any) -> None:
        raise Interrupted

    def work(job: int) -> None:
        # to this very thread, as the kernel may choose
        signal.pthread_kill(threading.get_ident(), signal.SIGUSR1)
        release.wait(LONG)

    before = signal.signal(signal.SIGUSR1, stop)
    try:
        began = time.monotonic()
        with pytest.raises(Interrupted):
            list(each([0], work, threads=1))
        assert time.monotonic() - began < LONG / 2
    finally:
        release.set()
        signal.signal(signal.SIGUSR1, before)


class Panic(BaseException):
    """As an extension module written in Rust raises it."""


@pytest.mark.parametrize(
    "error",
    [
        Panic("ouch"),
        SystemExit(3),
        MemoryError(),
        KeyboardInterrupt(),
        GeneratorExit(),
        ValueError("no"),
    ],
)
def test_whatever_a_job_raises_is_its_answer_and_stops_no_other_job(error: BaseException) -> None:
    def work(job: int) -> int:
        if job in (0, 5, 9):
            raise error
        return job

    # more jobs than threads: a thread that died would leave the rest waiting for ever
    answers = dict(each(range(10), work, crashed=lambda job, raised: (job, raised), threads=2))
    assert answers == {job: (job, error) if job in (0, 5, 9) else job for job in range(10)}


def test_a_system_that_allows_no_more_threads_makes_a_sweep_slower(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    start = threading.Thread.start
    started: list[threading.Thread] = []

    def limited(thread: threading.Thread) -> None:
        if len(started) == 2:
            raise RuntimeError("can't start new thread")
        started.append(thread)
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", limited)
    assert sorted(job for job, _unused in each(range(20), lambda job: job, threads=8)) == list(
        range(20)
    )


def test_a_system_that_allows_no_thread_at_all_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refused)
    with pytest.raises(RuntimeError, match="can't start"):
        list(each(range(2), lambda job: job, threads=2))
