# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a sweep ends early: it puts its files in order, and still says what was kept.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import contextlib
import os
import signal
import typing as t


def _stderr() -> int:
    """Where Ansible itself writes: core imports this before it forks a worker, and takes the
    worker's own stderr away."""
    try:
        return os.dup(2)
    except OSError:
        return -1


STDERR: t.Final = _stderr()


class Interrupted(BaseException):
    """Ctrl-C, or the end of the whole run; not an Exception, so that no tenant's failure handling
    swallows it."""


@contextlib.contextmanager
def interruptible() -> t.Iterator[None]:
    """Turn the signals that end a worker into `Interrupted`, so that files are put in order before
    it ends."""

    def stop(number: int, frame: t.Any) -> None:
        for ending in before:
            # core repeats itself with another signal; what is being put in order must not be
            # interrupted again
            signal.signal(ending, signal.SIG_IGN)
        raise Interrupted(number)

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def say_last(words: str) -> None:
    """Write straight to Ansible's own stderr: the process that shows what a worker says may be gone
    by now."""
    with contextlib.suppress(OSError):
        os.write(STDERR, words.encode())
