# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs one function for shares of many jobs in several processes, because the threads of one Python
process use one processor.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import contextlib
import math
import multiprocessing
import multiprocessing.connection
import os
import signal
import threading
import typing as t
from pathlib import Path

Job = t.TypeVar("Job", bound=t.Hashable)
Answer = t.TypeVar("Answer")
Note = t.TypeVar("Note")

MOST: t.Final = 8
# With fewer jobs for each process, its start and its own connections cost more than it saves.
SHARE: t.Final = 64


def number(jobs: int, *, most: int) -> int:
    """How many processes should serve so many jobs: 1 means this one, without another.

    A process with threads is never forked: one of them could hold a lock or a connection.
    """
    if threading.active_count() > 1:
        return 1
    return max(1, min(MOST, most, jobs // SHARE, processors(Path("/"))))


def processors(root: Path) -> int:
    """The processors that this process may use, at least 1; a container may be allowed fewer than
    the machine has."""
    try:
        count = len(os.sched_getaffinity(0))
    except AttributeError:  # not on Linux
        count = os.cpu_count() or 1
    with contextlib.suppress(OSError, ValueError):  # "max" means no limit
        text = (root / "sys/fs/cgroup/cpu.max").read_text(encoding="ascii")
        quota, period = map(int, text.split())
        count = min(count, math.ceil(quota / period))
    return max(1, count)


def each(
    jobs: t.Sequence[Job],
    serve: t.Callable[[t.Sequence[Job]], t.Iterator[tuple[Job, Answer]]],
    *,
    processes: int,
    lost: t.Callable[[Job, str], Answer],
    parting: t.Callable[[], Note],
    take: t.Callable[[Note], None],
) -> t.Iterator[tuple[Job, Answer]]:
    """Every job with its one answer, in the order of the answers.

    When the caller stops early, the processes are killed. They also end when this one is killed.

    :arg jobs: each only once.
    :arg serve: yields every job of a share with its answer. Called in a fork of this process, so
        that jobs and answers must be picklable.
    :arg lost: the answer for a job whose process ended without one, and how it ended.
    :arg parting: called at the end of each process. This process takes what it returns.
    """
    helpers: list[_Helper[Job, Answer, Note]] = []
    rest: list[Job] = []
    try:
        for first in range(processes):
            share = jobs[first::processes]
            try:
                helpers.append(_Helper(share, serve, parting, others=helpers))
            except OSError:  # the system allows no more processes
                rest += share
        yield from serve(rest) if rest else ()
        yield from _answers(helpers, lost, take)
    finally:
        for helper in helpers:
            helper.end()


def _answers(
    helpers: t.Iterable[_Helper[Job, Answer, Note]],
    lost: t.Callable[[Job, str], Answer],
    take: t.Callable[[Note], None],
) -> t.Iterator[tuple[Job, Answer]]:
    running = {helper.pipe: helper for helper in helpers}
    while running:
        for pipe in multiprocessing.connection.wait(list(running)):
            helper = running[t.cast("_Pipe", pipe)]
            try:
                is_note, content = helper.pipe.recv()
            except (EOFError, OSError):
                del running[helper.pipe]
                status = helper.end()
                for job in helper.missing:
                    yield job, lost(job, _words(status))
                continue
            if is_note:
                take(content)
            else:
                helper.missing.pop(content[0])
                yield content


_Pipe = t.Any  # multiprocessing.connection.Connection, which is generic in some versions of Python


class _Helper(t.Generic[Job, Answer, Note]):
    """A forked process that serves a share, and the end of its pipe that is read here.

    Raises OSError if it cannot be started.
    """

    def __init__(
        self,
        share: t.Sequence[Job],
        serve: t.Callable[[t.Sequence[Job]], t.Iterator[tuple[Job, Answer]]],
        parting: t.Callable[[], Note],
        *,
        others: t.Iterable[_Helper[Job, Answer, Note]],
    ) -> None:
        self.missing = dict.fromkeys(share)
        self._status: int | None = None
        self.pipe: _Pipe
        self.pipe, there = multiprocessing.Pipe(duplex=False)
        with there:
            try:
                self._pid = os.fork()
            except OSError:
                self.pipe.close()
                raise
            if self._pid == 0:
                # only the parent may hold the ends that are read: its death then ends all of them
                for pipe in (self.pipe, *(other.pipe for other in others)):
                    pipe.close()
                _serve_share(share, serve, parting, there)

    def end(self) -> int:
        """Kill the process if it still runs; returns its exit code, or as a negative number the
        signal that ended it."""
        if self._status is None:
            os.kill(self._pid, signal.SIGKILL)
            self._status = os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])
            self.pipe.close()
        return self._status


def _serve_share(
    share: t.Sequence[Job],
    serve: t.Callable[[t.Sequence[Job]], t.Iterator[tuple[Job, Answer]]],
    parting: t.Callable[[], Note],
    pipe: _Pipe,
) -> t.NoReturn:
    status = 1
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal tells the parent too
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        for answer in serve(share):
            pipe.send((False, answer))
        pipe.send((True, parting()))
        status = 0
    finally:
        os._exit(status)


def _words(status: int) -> str:
    if status >= 0:
        return f"ended with exit code {status}"
    return f"was ended by {signal.Signals(-status).name}"
