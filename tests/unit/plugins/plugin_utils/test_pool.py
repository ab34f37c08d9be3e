# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every job is done once, at the same time as others, and nobody waits for the one that hangs."""

from __future__ import annotations

import functools
import signal
import threading
import time
import typing as t

import pytest
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils import _pool
from hypothesis import given
from hypothesis import strategies as st

LONG: t.Final = 20  # seconds; nothing takes so long unless it hangs

each = functools.partial(_pool.each, crashed=lambda job, error: error)


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
    answers = dict(
        _pool.each(range(10), work, crashed=lambda job, raised: (job, raised), threads=2)
    )
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
