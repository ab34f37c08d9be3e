# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How much of plugins/ the tests run through, against a floor that only rises."""

from __future__ import annotations

import json
import subprocess
import typing as t
from pathlib import Path

from schedule import GateFailed

FLOOR: t.Final = Path(__file__).with_name("coverage_floor.json")
SLACK: t.Final = 0.5  # percent above the floor from which raising it is asked for
Percent = dict[str, float]


class Below(GateFailed):
    """Less is covered than the floor says, or the floor was lowered."""


def measured(report: Path) -> Percent:
    """Lines and branches in percent, out of coverage's JSON report."""
    totals = json.loads(report.read_text())["totals"]
    pairs = {
        "lines": ("covered_lines", "num_statements"),
        "branches": ("covered_branches", "num_branches"),
    }
    return {
        name: 100 * totals[covered] / max(totals[whole], 1)
        for name, (covered, whole) in pairs.items()
    }


def compared(now: Percent, floor: Percent, former: t.Iterable[Percent]) -> str:
    """One sentence about it; raises Below."""
    sunk = [
        f"{name} of {value} %"
        for old in former
        for name, value in old.items()
        if value > floor.get(name, 0)
    ]
    if sunk:
        raise Below(f"the floor only rises, and {FLOOR.name} once demanded {', '.join(sunk)}")
    figures = ", ".join(f"{name} {value:.2f} %" for name, value in now.items())
    low = [f"{name} below {floor[name]} %" for name, value in now.items() if value < floor[name]]
    if low:
        raise Below(
            f"coverage fell: {' and '.join(low)} ({figures}); ./dev coverage shows what no test"
            " runs through"
        )
    # what differs from run to run stays below the new floor
    risen = {
        name: int(10 * (value - SLACK / 2)) / 10
        for name, value in now.items()
        if value >= floor[name] + SLACK
    }
    return figures + (f"; {FLOOR.name} can rise: {json.dumps({**floor, **risen})}" if risen else "")


def check(report: Path) -> str:
    return compared(measured(report), json.loads(FLOOR.read_text()), former(FLOOR))


def former(path: Path) -> list[Percent]:
    """What the file held in earlier commits, as far as git knows them here."""

    def git(*command: str) -> str:
        return subprocess.run(
            ["git", *command], cwd=path.parent, capture_output=True, check=False, text=True
        ).stdout

    shown = (
        git("show", f"{commit}:./{path.name}")
        for commit in git("rev-list", "HEAD", "--", path.name).split()
    )
    return [json.loads(text) for text in shown if text]
