# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every job has one answer, whatever becomes of its process, and no process is left behind."""

from __future__ import annotations

import os
import signal
import threading
import typing as t
from pathlib import Path

import pytest
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils import _processes
from hypothesis import given, settings
from hypothesis import strategies as st

Answers = t.Iterator[tuple[int, t.Any]]


def each(
    jobs: t.Sequence[int],
    serve: t.Callable[[t.Sequence[int]], Answers],
    *,
    processes: int = 2,
    notes: list[t.Any] | None = None,
) -> Answers:
    return _processes.each(
        jobs,
        serve,
        processes=processes,
        lost=lambda job, how: how,
        parting=os.getpid,
        take=[].append if notes is None else notes.append,
    )


def with_pid(share: t.Sequence[int]) -> Answers:
    for job in share:
        yield job, os.getpid()


@pytest.fixture(autouse=True)
def nothing_left() -> t.Iterator[None]:
    """No file is open after the test that was not before, and no child is left."""
    before = len(os.listdir("/dev/fd")), children()
    yield
    assert (len(os.listdir("/dev/fd")), children()) == before


def children() -> set[str]:
    paths = Path("/proc/self/task").glob("*/children")
    return {pid for path in paths for pid in path.read_text().split()}


@settings(max_examples=20)
@given(st.lists(st.integers(), max_size=40, unique=True), st.integers(1, 5))
def test_each_job_is_answered_once(jobs: list[int], processes: int) -> None:
    def serve(share: t.Sequence[int]) -> Answers:
        for job in share:
            yield job, job * 2

    answers = list(each(jobs, serve, processes=processes))
    assert sorted(answers) == [(job, job * 2) for job in sorted(jobs)]


def test_the_shares_are_even_and_each_process_leaves_a_note() -> None:
    notes: list[int] = []
    pids = [pid for _job, pid in each(range(9), with_pid, processes=3, notes=notes)]
    assert sorted(notes) == sorted(set(pids))
    assert {pids.count(pid) for pid in pids} == {3}
    assert os.getpid() not in pids


@pytest.mark.parametrize(
    ("end", "how"),
    [
        (lambda: os.kill(os.getpid(), signal.SIGKILL), "was ended by SIGKILL"),
        (lambda: os._exit(7), "ended with exit code 7"),
        (lambda: 1 / 0, "ended with exit code 1"),
    ],
)
def test_a_process_that_ends_early_takes_no_others_answers_with_it(
    end: t.Callable[[], t.Any], how: str
) -> None:
    def serve(share: t.Sequence[int]) -> Answers:
        for job in share:
            if job == 4:
                end()
            yield job, "answered"

    assert dict(each(range(8), serve)) == {
        **dict.fromkeys((0, 1, 2, 3, 5, 7), "answered"),
        **dict.fromkeys((4, 6), how),
    }


def test_a_caller_that_stops_early_waits_for_nothing() -> None:
    def serve(share: t.Sequence[int]) -> Answers:
        for job in share:
            yield job, ""
            threading.Event().wait()

    answers = each(range(8), serve)
    next(answers)
    t.cast("t.Generator[t.Any]", answers).close()


def test_a_process_ends_with_the_one_that_reads_its_answers() -> None:
    here, there = os.pipe()
    killed = os.fork()
    if killed == 0:
        os.close(here)
        for _answer in each(range(8), lambda share: ((job, "x" * 2**20) for job in share)):
            threading.Event().wait()
    os.close(there)
    os.kill(killed, signal.SIGKILL)
    os.waitpid(killed, 0)
    assert os.read(here, 1) == b""  # at the end of the last process that has it open
    os.close(here)


def test_where_the_system_allows_no_process_this_one_serves(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    forks = iter([os.fork])

    def fork() -> int:
        try:
            return next(forks)()
        except StopIteration:
            raise BlockingIOError("Resource temporarily unavailable") from None

    monkeypatch.setattr(os, "fork", fork)
    pids = dict(each(range(9), with_pid, processes=3))
    assert len(pids) == 9
    assert list(pids.values()).count(os.getpid()) == 6


def test_a_few_jobs_or_a_process_with_threads_need_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(_processes, "processors", lambda root: 4)
    jobs = 3 * _processes.SHARE
    assert [_processes.number(count, most=8) for count in (0, jobs - 1, jobs)] == [1, 2, 3]
    assert _processes.number(10 * jobs, most=8) == 4
    assert _processes.number(10 * jobs, most=1) == 1
    end = threading.Event()
    thread = threading.Thread(target=end.wait)
    thread.start()
    assert _processes.number(10 * jobs, most=8) == 1
    end.set()
    thread.join()


@pytest.mark.parametrize(
    ("text", "count"),
    [("max 100000\n", 4), ("150000 100000\n", 2), ("10000 100000\n", 1), ("9900000 100000", 4)],
)
def test_a_container_may_use_fewer_processors_than_there_are(
    text: str, count: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 1, 2, 3}, raising=False)
    assert _processes.processors(tmp_path) == 4
    (tmp_path / "sys/fs/cgroup").mkdir(parents=True)
    (tmp_path / "sys/fs/cgroup/cpu.max").write_text(text)
    assert _processes.processors(tmp_path) == count
