# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The line that moves: what it says in how much room, and that it is gone before anything else is
written."""

from __future__ import annotations

import io
import os
import threading
import typing as t

import pytest
from ansible.utils.display import get_text_width
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._fleet import live as _live
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.stand_ins import FakeClock
from hypothesis import given
from hypothesis import strategies as st

HALF = _live.State("List the incidents", 1000, 340, 12)


class Display:
    """Core's display, as far as it matters here."""

    def __init__(self, stream: io.StringIO) -> None:
        self._lock = threading.RLock()
        self.stream = stream

    def display(
        self,
        msg: str,
        color: str | None = None,
        newline: bool = True,
        log_only: bool = False,
        screen_only: bool = False,
    ) -> None:
        if not log_only:
            self.stream.write(msg + ("\n" if newline else ""))


def screen(text: str) -> list[str]:
    """The lines that a terminal would show."""
    lines, column = [""], 0
    while text:
        if text.startswith("\x1b[J"):
            lines[-1], text = lines[-1][:column], text[3:]
            continue
        sign, text = text[0], text[1:]
        if sign == "\r":
            column = 0
        elif sign == "\n":
            lines.append("")
            column = 0
        else:
            lines[-1] = lines[-1][:column] + sign + lines[-1][column + 1 :]
            column += 1
    return lines


class Bench:
    """A Live on a fake terminal, drawn by hand."""

    def __init__(
        self, clock: FakeClock, state: _live.State | None = HALF, *, terminal: bool = True
    ) -> None:
        self.stream = io.StringIO()
        self.display = Display(self.stream)
        self.state = state
        stream = self.stream if terminal else None
        self.live = _live.Live(
            self.display, stream, lambda: self.state, interval=5, clock=clock.clock.now
        )
        if terminal:
            self.live._intercept()

    @property
    def screen(self) -> list[str]:
        return screen(self.stream.getvalue())


@pytest.mark.parametrize(
    ("width", "line"),
    [
        (
            120,
            (
                "List the incidents =====x----------- 340 answered, 12 failed, 648 left, 85/s,"
                " about 8 s"
            ),
        ),
        (90, "List the incidents ====x------- 340 answered, 12 failed, 648 left, 85/s, about 8 s"),
        (75, "List the incidents 340 answered, 12 failed, 648 left, 85/s, about 8 s"),
        (55, "340 answered, 12 failed, 648 left, 85/s, about 8 s"),
        (40, "340 answered, 12 failed, 648 left, 85/s"),
        (35, "340 answered, 12 failed, 648 left"),
        (20, "340+12/1000"),
        (6, "340+1…"),
        (1, "…"),
    ],
)
def test_what_does_not_fit_is_left_out_the_least_important_first(width: int, line: str) -> None:
    assert _live.bar_line(HALF, 85.0, width, wide=False) == line


@given(
    st.text(max_size=60),
    st.integers(0, 10**6),
    st.integers(0, 10**6),
    st.integers(0, 10**6),
    st.floats(0, 1e6),
    st.integers(1, 200),
    st.booleans(),
)
def test_the_line_never_wraps_nor_moves_the_cursor(
    name: str, asked: int, answered: int, failed: int, rate: float, width: int, wide: bool
) -> None:
    line = _live.bar_line(_live.State(name, asked, answered, failed), rate, width, wide=wide)
    assert line.isprintable()
    assert get_text_width(line) <= width


def test_one_failure_in_a_thousand_is_seen_in_the_bar() -> None:
    assert "x" in _live.bar_line(_live.State("a", 1000, 999, 1), 0.0, 100, wide=False)


def test_where_nobody_knows_the_total_no_time_is_promised() -> None:
    state = _live.State("Play", 40, 30, 2, open_end=True)
    assert (
        _live.bar_line(state, 85.0, 100, wide=True) == "Play 30 answered, 2 failed, 8 running, 85/s"
    )


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.2, "0 s"), (59.4, "59 s"), (60, "1 min 00 s"), (125, "2 min 05 s"), (3725, "1 h 02 min")],
)
def test_durations_are_short(seconds: float, text: str) -> None:
    assert _live.duration(seconds) == text


def test_the_rate_is_that_of_the_last_moments() -> None:
    pace = _live.Pace()
    assert pace.rate(0.0, 0) == 0.0
    assert pace.rate(10.0, 1000) == 100.0
    for second in range(11, 60):
        slow = pace.rate(float(second), 1000 + second)
    assert slow == pytest.approx(1.0, abs=0.2)


def test_the_rate_begins_anew_with_the_next_sweep_of_a_loop() -> None:
    pace = _live.Pace()
    pace.rate(0.0, 0)
    pace.rate(1.0, 1000)
    assert pace.rate(2.0, 0) == 0.0
    assert pace.rate(3.0, 10) == 10.0


def test_the_line_is_drawn_in_place_and_goes_when_all_is_done(time: FakeClock) -> None:
    bench = Bench(time)
    bench.live.tick()
    bench.state = _live.State("List the incidents", 1000, 500, 12)
    bench.live.tick()
    assert [line.split(" answered", maxsplit=1)[0][-3:] for line in bench.screen] == ["500"]
    bench.state = None
    bench.live.tick()
    assert bench.screen == [""]


def test_the_line_is_gone_before_core_displays_anything_and_comes_back_below(
    time: FakeClock,
) -> None:
    bench = Bench(time)
    bench.live.tick()
    bench.display.display("[WARNING]: short", color="yellow")
    assert bench.screen == ["[WARNING]: short", ""]
    bench.live.tick()
    assert bench.screen[0] == "[WARNING]: short"
    assert "648 left" in bench.screen[1]


def test_nothing_is_drawn_into_a_line_that_has_not_ended(time: FakeClock) -> None:
    bench = Bench(time)
    bench.display.display("Really? ", newline=False)
    bench.live.tick()
    assert bench.screen == ["Really? "]
    bench.display.display("yes")
    bench.live.tick()
    assert bench.screen[0] == "Really? yes"
    assert "648 left" in bench.screen[1]


def test_what_goes_to_the_log_alone_leaves_the_line(time: FakeClock) -> None:
    bench = Bench(time)
    bench.live.tick()
    before = bench.screen
    bench.display.display("for the log", log_only=True)
    assert bench.screen == before


def test_a_forked_worker_displays_as_if_nothing_watched(time: FakeClock) -> None:
    bench = Bench(time)
    bench.live.tick()
    reader, writer = os.pipe()
    with bench.display._lock:
        worker = os.fork()  # as core does, with its lock held
    if worker == 0:
        # a thread of the worker, to which the lock would never be free again
        lock = threading.RLock()
        threading.Thread(target=lock.acquire).start()
        bench.display._lock = lock
        bench.display.stream = io.StringIO()
        bench.display.display("told")
        os.write(writer, bench.display.stream.getvalue().encode())
        os._exit(0)
    assert os.waitpid(worker, 0)[1] == 0
    os.close(writer)
    with open(reader, "rb") as told:
        assert told.read() == b"told\n"


def test_plain_lines_come_only_now_and_then(time: FakeClock) -> None:
    bench = Bench(time, terminal=False)
    for _unused in range(22):
        bench.live.tick()
        time.clock.sleep(0.5)
    assert (
        bench.stream.getvalue().splitlines()
        == ["List the incidents: 340 answered, 12 failed, 648 left"] * 2
    )


def test_a_task_that_is_quicker_than_the_interval_has_no_plain_line(time: FakeClock) -> None:
    bench = Bench(time, terminal=False)
    for _unused in range(5):
        time.clock.sleep(3)
        bench.live.fresh()
        bench.live.tick()
    assert bench.stream.getvalue() == ""


def test_it_draws_by_itself_until_it_is_stopped_and_leaves_the_terminal_and_core_as_they_were() -> (
    None
):
    stream, looked = io.StringIO(), threading.Event()
    display = Display(stream)

    def look() -> _live.State:
        looked.set()
        return HALF

    live = _live.Live(display, stream, look, interval=5)
    live.start()
    live.start()
    assert looked.wait(20)
    (drawing,) = [thread for thread in threading.enumerate() if thread.name == "fleet progress"]
    live.stop()
    assert screen(stream.getvalue()) == [""]
    assert "display" not in vars(display)
    drawing.join(20)
    assert not drawing.is_alive()


class WatchedLock:
    """A lock that says when another thread has come for it."""

    def __init__(self) -> None:
        self._lock, self._main, self.wanted = (
            threading.RLock(),
            threading.current_thread(),
            threading.Event(),
        )

    def __enter__(self) -> None:
        if threading.current_thread() is not self._main:
            self.wanted.set()
        self._lock.acquire()

    def __exit__(self, *unused: object) -> None:
        self._lock.release()


def test_who_stops_it_may_hold_the_lock_that_its_thread_waits_for() -> None:
    stream, lock = io.StringIO(), WatchedLock()
    display = Display(stream)
    display._lock = t.cast("t.Any", lock)
    live = _live.Live(display, stream, lambda: HALF, interval=5)
    with lock:
        live.start()
        assert lock.wanted.wait(10)
        live.stop()
    assert stream.getvalue() == ""


def test_a_terminal_that_went_away_is_no_crash(time: FakeClock) -> None:
    bench = Bench(time)
    bench.stream.close()
    bench.live.tick()


def test_an_encoding_without_blocks_gets_ascii(time: FakeClock) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    live = _live.Live(
        Display(io.StringIO()),
        t.cast("t.TextIO", stream),
        lambda: HALF,
        interval=5,
        clock=time.clock.now,
    )
    live.tick()
    stream.seek(0)
    assert "340 answered" in stream.read()
