# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import time

import pytest
from ansible_collections.mssp.defender_xdr.tests.bench import pace


class Cores(pace.Pace):
    """Cores whose probes take the given seconds, one after the other."""

    def __init__(self, *probes: list[float]) -> None:
        self.probes = list(probes)
        self._shortest = min(self.probes.pop(0))
        self._budget = pace.BUDGET

    def _probe(self) -> list[float]:
        return self.probes.pop(0)


@pytest.fixture(autouse=True)
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    seconds: list[float] = []
    monkeypatch.setattr(time, "sleep", seconds.append)
    monkeypatch.setattr(time, "monotonic", lambda: sum(seconds))
    return seconds


def test_one_slow_core_is_not_full_speed() -> None:
    assert Cores([1.0, 1.1], [1.1, 1.19]).is_full()
    assert not Cores([1.0, 1.1], [1.0, 1.21]).is_full()


def test_a_faster_probe_is_the_new_measure() -> None:
    cores = Cores([1.8, 1.8], [1.8, 1.0], [1.8, 1.8])
    assert not cores.is_full()
    assert not cores.is_full()


def test_a_measurement_waits_until_all_cores_are_fast(slept: list[float]) -> None:
    cores = Cores([1.0, 1.0], [1.9, 1.0], [1.0, 1.9], [1.0, 1.0], [1.0, 1.0])
    cores.wait()
    assert len(slept) == 2
    assert len(cores.probes) == 1


def test_it_waits_no_longer_than_its_patience(slept: list[float]) -> None:
    cores = Cores([1.0], *[[1.9]] * 1000)
    cores.wait()
    assert pace.PATIENCE <= sum(slept) < pace.PATIENCE + 2 * pace.BETWEEN


def test_all_waits_together_have_a_budget(slept: list[float]) -> None:
    cores = Cores([1.0], *[[1.9]] * 10_000)
    waits = int(2 * pace.BUDGET / pace.PATIENCE)
    for _unused in range(waits):
        cores.wait()
    assert pace.BUDGET <= sum(slept) < pace.BUDGET + waits * pace.BETWEEN
    assert cores.probes
