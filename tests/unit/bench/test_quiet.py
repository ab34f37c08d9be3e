# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.mssp.defender_xdr.tests.bench import quiet
from ansible_collections.mssp.defender_xdr.tests.unit.bench.made_up import figures, record

QUIET: t.Final[dict[str, t.Any]] = {"complete": True, "runs": 3, "load": 0.5, "cores": 2}


def test_a_complete_run_on_a_quiet_machine_may_start() -> None:
    assert quiet.refusal_before(**QUIET) == ""


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"complete": False}, "needs every case, size and latency"),
        ({"runs": 2}, "needs at least 3 runs, not 2"),
        ({"load": 0.51}, "its load average before the start is 0.51 and may be 0.50"),
    ],
)
def test_a_refusal_at_the_start_says_why_in_one_sentence(
    change: dict[str, t.Any], reason: str
) -> None:
    text = quiet.refusal_before(**{**QUIET, **change})
    assert reason in text
    assert text.count(". ") == 0


def test_figures_with_little_spread_on_a_quiet_machine_are_published() -> None:
    runs = [
        record("once", wall, run=run, others_cpu=0.09) for run, wall in enumerate((1.0, 0.9, 1.04))
    ]
    assert quiet.refusal_after(figures(*runs)) == ""


def test_cpu_time_of_other_processes_refuses_the_figures() -> None:
    busy = figures(*(record("once", 1.0, run=run, others_cpu=0.12) for run in range(3)))
    assert "other processes used 6.0% of the processor" in quiet.refusal_after(busy)


def test_the_case_with_the_largest_spread_refuses_the_figures() -> None:
    steady = [record("sweep_cold", 6.0, run=run) for run in range(3)]
    shaky = [
        record("sweep_cold", wall, latency=150, run=run) for run, wall in enumerate((9, 10, 10.6))
    ]
    text = quiet.refusal_after(figures(*steady, *shaky))
    assert "the runs of sweep_cold with 1000 tenants at 150 ms differ by 16.0%" in text


def test_of_more_rounds_the_half_closest_to_the_median_counts() -> None:
    walls = (1.0, 1.9, 1.05, 1.1, 0.5)
    runs = [record("once", wall, run=run) for run, wall in enumerate(walls)]
    assert "differ by 85.7%" in quiet.refusal_after(figures(*runs[:3]))
    assert quiet.refusal_after(figures(*runs)) == ""
    more = [record("once", wall, run=run) for run, wall in enumerate((0.9, 1.2), len(walls))]
    assert "differ by 19.0%" in quiet.refusal_after(figures(*runs, *more))


def test_time_of_processes_and_of_other_guests_is_busy_time() -> None:
    stat = "cpu  100 20 300 9000 50 7 8 80 60 5\ncpu0 1 2 3\n"
    assert quiet.busy_seconds(stat, 100) == 5.0
