# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The records of a benchmark by case, tenants, latency and round, with their medians and spread."""

from __future__ import annotations

import math
import statistics
import typing as t

Record = dict[str, t.Any]
LEAST: t.Final = 3


class Figures:
    """What was measured, as in results.json."""

    def __init__(self, result: dict[str, t.Any]) -> None:
        self.machine: dict[str, t.Any] = result["machine"]
        self.titles: dict[str, str] = result["titles"]
        self.all: list[Record] = result["records"]
        self._records = {
            (record["case"], record["tenants"], record["latency"], record["run"]): record
            for record in self.all
        }
        self.cases = [case for case in self.titles if any(key[0] == case for key in self._records)]
        self.latencies = sorted({record["latency"] for record in self.all})
        self.runs = sorted({record["run"] for record in self.all})

    def sizes(self, *, latency: int = 0) -> list[int]:
        return sorted({key[1] for key in self._records if key[2] == latency})

    def get(self, case: str, tenants: int, latency: int, run: int, what: str) -> float | None:
        record = self._records.get((case, tenants, latency, run))
        return None if record is None else float(record[what])

    def median(self, case: str, tenants: int, what: str, *, latency: int = 0) -> float | None:
        return median(self.get(case, tenants, latency, run, what) for run in self.runs)

    def largest_spread(self) -> tuple[float, str]:
        """The largest spread of a case, and which case that is."""
        walls: dict[tuple[str, int, int], list[float]] = {}
        for case, tenants, latency, run in self._records:
            wall = self.get(case, tenants, latency, run, "wall")
            walls.setdefault((case, tenants, latency), []).append(wall or 0.0)
        spreads = [
            (spread(values), f"{case} with {tenants} tenants at {latency} ms")
            for (case, tenants, latency), values in walls.items()
        ]
        return max(spreads, default=(0.0, ""))

    def share_of_others(self) -> float:
        """The share of all cores that processes other than the benchmark and its lab used."""
        available = sum(record["wall"] for record in self.all) * self.machine["cores"]
        used = sum(record["others_cpu"] for record in self.all)
        return max(0.0, used / available) if available else 0.0


def spread(values: t.Sequence[float]) -> float:
    """The difference between two rounds of a case as a share of their median.

    Of more than three rounds, the half that is closest to the median counts, and at least three.
    """
    middle = statistics.median(values)
    counted = max(LEAST, math.ceil(len(values) / 2))
    closest = sorted(values, key=lambda value: abs(value - middle))[:counted]
    return (max(closest) - min(closest)) / middle


def median(values: t.Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None
