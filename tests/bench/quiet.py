# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether figures may be published: only complete ones, of at least three rounds, from a machine
that had nothing else to do."""

from __future__ import annotations

import os
import typing as t
from pathlib import Path

from ansible_collections.mssp.defender_xdr.tests.bench.figures import LEAST, Figures

RUNS: t.Final = LEAST
LOAD: t.Final = 0.25  # load average for each core before the start
OTHERS: t.Final = 0.05  # share of all cores that other processes use during the measurement
SPREAD: t.Final = 0.15  # of the rounds of a case


def refusal_before(*, complete: bool, runs: int, load: float, cores: int) -> str:
    """Why a run that starts now cannot be published, empty if it can."""
    if not complete:
        return "Not published: --publish needs every case, size and latency."
    if runs < RUNS:
        return f"Not published: --publish needs at least {RUNS} runs, not {runs}."
    if load > LOAD * cores:
        return (
            f"Not published: the machine is loaded, its load average before the start is {load:.2f}"
            f" and may be {LOAD * cores:.2f}."
        )
    return ""


def refusal_after(figures: Figures) -> str:
    """Why these figures are not published, empty if they are."""
    others = figures.share_of_others()
    if others > OTHERS:
        return (
            f"Not published: other processes used {others:.1%} of the processor during the"
            f" measurement and may use {OTHERS:.0%}."
        )
    spread, case = figures.largest_spread()
    if spread > SPREAD:
        return (
            f"Not published: the runs of {case} differ by {spread:.1%} of their median and may"
            f" differ by {SPREAD:.0%}."
        )
    return ""


def busy_seconds(stat: str, ticks: int) -> float:
    """CPU seconds that all processes have used since the machine started, from the text of
    /proc/stat. Time that a hypervisor gave to other guests counts too; time in interrupts does not,
    because it belongs to no process."""
    user, nice, system, _idle, _iowait, _irq, _softirq, steal, *_unused = (
        int(field) for field in stat.splitlines()[0].split()[1:]
    )
    return (user + nice + system + steal) / ticks


def busy() -> float:
    return busy_seconds(Path("/proc/stat").read_text(), os.sysconf("SC_CLK_TCK"))
