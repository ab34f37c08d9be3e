# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How an interrupted sweep ends: it finishes its files, and reports where its rows are.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import contextlib
import os
import signal
import typing as t


def _stderr() -> int:
    """A copy of Ansible's stderr: core imports this file before it forks a worker, whose stderr it
    closes."""
    try:
        return os.dup(2)
    except OSError:
        return -1


STDERR: t.Final = _stderr()


class Interrupted(BaseException):
    """Ctrl-C or the end of the run; not an Exception, so that it is not taken for the failure of a
    tenant."""


@contextlib.contextmanager
def interruptible() -> t.Iterator[None]:
    """Turn the signals that end a worker into `Interrupted`, so that it can finish its files
    first."""

    def stop(number: int, frame: t.Any) -> None:
        for ending in before:
            # core sends another signal later, which must not interrupt the work on the files
            signal.signal(ending, signal.SIG_IGN)
        raise Interrupted(number)

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def say_last(words: str) -> None:
    """Write to Ansible's stderr directly: the process that displays messages of workers may have
    ended."""
    with contextlib.suppress(OSError):
        os.write(STDERR, words.encode())
