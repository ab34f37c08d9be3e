# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The status line at the bottom of a terminal while tasks run, or plain lines every few seconds
where there is no terminal.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import atexit
import collections
import contextlib
import dataclasses
import os
import sys
import threading
import time
import typing as t

from ansible import constants
from ansible.utils.color import stringc
from ansible.utils.display import get_text_width

C: t.Any = constants  # its names come out of core's configuration
TICK: t.Final = 0.2  # seconds between two looks at the numbers
# Seconds over which the rate is averaged: short enough to follow a fleet that is throttled.
WINDOW: t.Final = 15.0
# Erases to the end of the screen, because a terminal that was made narrower has wrapped the line.
ERASE: t.Final = "\r\x1b[J"
# Characters for answered, failed and left, by whether the terminal can show more than ASCII.
BARS: t.Final = {True: "█▒░", False: "=x-"}
WIDEST_BAR: t.Final = 24


@dataclasses.dataclass(frozen=True)
class State:
    """The figures of what runs now.

    :arg asked: how many tenants or hosts are queried in all.
    :arg open_end: whether that number is unknown; `asked` then counts those that have started.
    """

    name: str
    asked: int
    answered: int
    failed: int
    open_end: bool = False
    word: str = "answered"

    @property
    def left(self) -> int:
        return max(0, self.asked - self.answered - self.failed)


class Pace:
    """The number of answers per second, over the last `WINDOW`."""

    def __init__(self) -> None:
        self._samples: collections.deque[tuple[float, int]] = collections.deque()

    def rate(self, now: float, done: int) -> float:
        if self._samples and done < self._samples[-1][1]:
            self._samples.clear()  # another sweep has begun
        self._samples.append((now, done))
        while len(self._samples) > 2 and self._samples[1][0] <= now - WINDOW:
            self._samples.popleft()
        began, before = self._samples[0]
        return (done - before) / (now - began) if now > began else 0.0


def duration(seconds: float) -> str:
    """A short text such as 8 s, 2 min 05 s, 1 h 02 min."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    return (
        f"{minutes} min {rest:02} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02} min"
    )


def is_terminal(stream: t.TextIO) -> bool:
    """Whether the stream is a terminal that can show the line; that of AWX cannot."""
    return (
        stream.isatty()
        and os.environ.get("TERM", "dumb") != "dumb"
        and "AWX_ISOLATED_DATA_DIR" not in os.environ
    )


def columns_of(stream: t.TextIO) -> int:
    """The current width of a terminal; it is read each time, because windows are resized."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        return os.get_terminal_size(stream.fileno()).columns or 80
    return 80


def numbers(state: State, rate: float) -> list[str]:
    """The figures as texts, the most important first."""
    texts = [
        f"{state.answered} {state.word}",
        f"{state.failed} failed",
        f"{state.left} {'running' if state.open_end else 'left'}",
    ]
    if rate >= 0.05:  # below, it would be displayed as 0.0
        texts.append(f"{rate:.0f}/s" if rate >= 10 else f"{rate:.1f}/s")
        if state.left >= rate / 2 and not state.open_end:
            texts.append(f"about {duration(state.left / rate)}")
    return texts


def fit(text: str, width: int) -> str:
    """The text on one line of at most this width, without characters that move the cursor."""
    text = "".join(character if character.isprintable() else " " for character in text)
    if _width(text) <= width:
        return text
    while text and _width(text) > width - 1:
        text = text[:-1]
    return f"{text}…" if width > 0 else ""


def _width(text: str) -> int:
    try:
        return get_text_width(text)
    except OSError:  # core raises it for a text without visible characters
        return len(text)


def bar_line(state: State, rate: float, width: int, *, wide: bool) -> str:
    """The line for a terminal of this width, without the least important parts if they do not
    fit."""
    texts = numbers(state, rate)
    name = fit(state.name, max(12, width // 4))
    # depends on the terminal only, so that the bar keeps its width when a number gets longer
    room = min(width // 7, WIDEST_BAR)
    if not state.open_end and _width(name) + room + _width(", ".join(texts)) + 2 < width:
        return f"{name} {_bar(state, room, BARS[wide])} {', '.join(texts)}"
    shorter = [
        f"{name} {', '.join(texts)}",
        *(", ".join(texts[:count]) for count in range(len(texts), 2, -1)),
    ]
    shortest = f"{state.answered}+{state.failed}/{state.asked}"
    return next((line for line in shorter if _width(line) < width), fit(shortest, width))


def _bar(state: State, width: int, signs: str) -> str:
    total = max(1, state.asked, state.answered + state.failed)
    failed = -(-state.failed * width // total)  # rounded up, so that a single failure is visible
    answered = min(state.answered * width // total, width - failed)
    parts = zip(
        signs,
        (answered, failed, width - answered - failed),
        (C.COLOR_OK, C.COLOR_ERROR, None),
        strict=True,
    )
    return "".join(
        stringc(sign * count, color) if color and count else sign * count
        for sign, count, color in parts
    )


class Live:
    """Shows the `State` while tasks run.

    The line is written below the last one, and the cursor stays at its beginning, so that the next
    output overwrites it; Ansible's own output erases it first. Every write holds the lock that core
    holds while it forks a worker: a separate lock could be held by the drawing thread at that
    moment, and would then stay locked in the worker.

    :arg display: core's display.
    :arg stream: the terminal for the line, or None for plain lines through the display.
    :arg look: returns the current state, or None if nothing is to be shown.
    """

    def __init__(
        self,
        display: t.Any,
        stream: t.TextIO | None,
        look: t.Callable[[], State | None],
        *,
        interval: float,
        clock: t.Callable[[], float] = time.monotonic,
    ) -> None:
        self._display, self._stream, self._look, self._interval, self._clock = (
            display,
            stream,
            look,
            interval,
            clock,
        )
        self._lock = getattr(display, "_lock", None) or threading.RLock()
        self._wide = (getattr(stream, "encoding", None) or "").lower().replace("-", "") == "utf8"
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None
        self._pace = Pace()
        self._drawn = False
        self._mid_line = False  # something was displayed without an end of line
        self._last = clock()

    def start(self) -> None:
        """Draw from now on, until `stop` or the end of the process."""
        if self._thread:
            return
        self._ended = threading.Event()
        if self._stream:
            self._intercept()
        self._thread = threading.Thread(
            target=self._work, args=(self._ended,), name="fleet progress", daemon=True
        )
        self._thread.start()
        atexit.register(self.stop)

    def stop(self) -> None:
        """Stop drawing, and erase the line.

        This does not wait for the thread: the caller may hold the lock that the thread waits for,
        as ansible-runner's callback does. Once the thread has the lock, it writes nothing.
        """
        self._ended.set()
        atexit.unregister(self.stop)
        self._thread = None
        with self._lock:
            self.erase()
            vars(self._display).pop("display", None)

    def fresh(self) -> None:
        """Start a new rate, because another task begins."""
        with self._lock:
            self._pace = Pace()
            self._last = self._clock()
            self.erase()

    def erase(self) -> None:
        if self._drawn:
            self._drawn = False
            self._write(ERASE)

    def tick(self) -> None:
        """Show the numbers once."""
        with self._lock:
            state = self._look()
            if state is None or self._ended.is_set():
                self.erase()
                return
            now = self._clock()
            rate = self._pace.rate(now, state.answered + state.failed)
            if self._stream:
                if not self._mid_line:
                    line = bar_line(state, rate, columns_of(self._stream) - 1, wide=self._wide)
                    self._write(f"{ERASE if self._drawn else ''}{line}\r")
                    self._drawn = True
            elif now - self._last >= self._interval:
                self._last = now
                self._display.display(
                    fit(f"{state.name}: {', '.join(numbers(state, rate))}", 1000), screen_only=True
                )
                with contextlib.suppress(OSError, ValueError):
                    # core flushes only when it forks, so a pipe would buffer the line until then
                    sys.stdout.flush()

    def _work(self, ended: threading.Event) -> None:
        while not ended.wait(TICK):
            self.tick()

    def _intercept(self) -> None:
        """Erase the line before core displays anything.

        Core has no hook for that, so an attribute of its display object replaces the method.
        """
        display_before, owner = self._display.display, os.getpid()

        def display(msg: str, *args: t.Any, **kwargs: t.Any) -> None:
            if os.getpid() != owner:  # in a worker, whose messages core sends to this process
                display_before(msg, *args, **kwargs)
                return
            with self._lock:
                if not kwargs.get("log_only"):
                    self.erase()
                    self._mid_line = not (kwargs.get("newline", True) or msg.endswith("\n"))
                display_before(msg, *args, **kwargs)

        self._display.display = display

    def _write(self, text: str) -> None:
        # core handles a terminal that was closed
        with contextlib.suppress(OSError, ValueError):
            stream = t.cast("t.TextIO", self._stream)
            stream.write(text)
            stream.flush()
