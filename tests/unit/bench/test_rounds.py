# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.mssp.defender_xdr.tests.bench import cases, rounds
from ansible_collections.mssp.defender_xdr.tests.unit.bench.made_up import record


class Pace:
    """Cores of which is known whether each process ends at full speed."""

    def __init__(self, *full: bool) -> None:
        self._full = list(full)

    def wait(self) -> None:
        pass

    def is_full(self) -> bool:
        return self._full.pop(0)


class Rounds(rounds.Rounds):
    """Processes that take the given seconds, one after the other."""

    def __init__(self, pace: Pace, *walls: float) -> None:
        self._pace = t.cast("t.Any", pace)
        self.walls = list(walls)

    def _measure(self, case: cases.Case, tenants: int, latency: int) -> dict[str, t.Any]:
        return record(case.name, self.walls.pop(0), tenants=tenants, latency=latency)


@pytest.mark.parametrize(
    ("full", "walls", "wall", "slowed"),
    [
        ((True,), (1.0,), 1.0, False),
        ((False, False, True), (1.9, 1.8, 1.0), 1.0, False),
        ((False,) * rounds.TRIES, (1.9,) * (rounds.TRIES - 1) + (1.7,), 1.7, True),
        ((False,), (rounds.LONG + 1,), rounds.LONG + 1, True),
    ],
    ids=["undisturbed", "the third time", "never", "a long one is not repeated"],
)
def test_a_short_process_that_was_slowed_down_is_measured_again(
    full: tuple[bool, ...], walls: tuple[float, ...], wall: float, slowed: bool
) -> None:
    measuring = Rounds(Pace(*full), *walls)
    measured = measuring._undisturbed(cases.CASES[0], 50, 0)
    assert (measured["wall"], measured["slowed"]) == (wall, slowed)
    assert not measuring.walls
