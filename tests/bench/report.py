# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table: medians of every case, and the ratios that matter. Run it with a results.json to see
it again."""

from __future__ import annotations

import json
import statistics
import sys
import typing as t
from pathlib import Path

Record = dict[str, t.Any]
Value = t.Callable[[int, int, str], float | None]
SMALL = 50


class Figures:
    """The records by case, number of tenants and round."""

    def __init__(self, result: dict[str, t.Any]) -> None:
        self.titles: dict[str, str] = result["titles"]
        self.records: dict[tuple[str, int, int], Record] = {
            (one["case"], one["tenants"], one["run"]): one for one in result["records"]
        }
        self.sizes = sorted({tenants for _unused, tenants, _unused in self.records})
        self.runs = sorted({run for _unused, _unused, run in self.records})

    def median(self, case: str, tenants: int, what: str) -> float | None:
        return _median(self.get(case, tenants, run, what) for run in self.runs)

    def get(self, case: str, tenants: int, run: int, what: str) -> float | None:
        record = self.records.get((case, tenants, run))
        return None if record is None else float(record[what])

    def ratio(self, over: Value, under: Value, what: str) -> float | None:
        """The median over the rounds of one value by another; within a round both were disturbed
        alike."""
        pairs = [(over(run, 0, what), under(run, 0, what)) for run in self.runs]
        return _median(a / b for a, b in pairs if a is not None and b)


def _median(values: t.Iterable[float | None]) -> float | None:
    found = [value for value in values if value is not None]
    return statistics.median(found) if found else None


def markdown(result: dict[str, t.Any]) -> str:
    figures = Figures(result)
    machine = result["machine"]
    packages = ", ".join(f"{name} {version}" for name, version in machine["packages"].items())
    lines = [
        (
            "A token and the incidents of every tenant, over TLS with certifi's whole bundle and"
            " the lab's CA (named by the environment, so that it is loaded"
        ),
        (
            "where certifi's own would be). Seconds for the whole process (CPU seconds of it and"
            " all it started), medians of interleaved runs. Lab and"
        ),
        "client share the cores.",
        "",
        *_cells(["", *(f"{tenants} tenants" for tenants in figures.sizes)]),
    ]
    for case, title in figures.titles.items():
        if any(key[0] == case for key in figures.records):
            lines.append(
                _row([title, *(_time(figures, case, tenants) for tenants in figures.sizes)])
            )
    lines += [
        "",
        *_cells(
            [
                "Memory, MiB (largest process / all together)",
                *(f"{tenants} tenants" for tenants in figures.sizes),
            ]
        ),
    ]
    for case, title in figures.titles.items():
        if any(key[0] == case for key in figures.records):
            lines.append(
                _row([title, *(_memory(figures, case, tenants) for tenants in figures.sizes)])
            )
    lines += [
        "",
        *_cells(
            ["Requests a tenant", "login: token", "login: other", "API: page", "answered otherwise"]
        ),
    ]
    for case, title in figures.titles.items():
        seen = [one for key, one in figures.records.items() if key[0] == case]
        if seen:
            lines.append(_row([title, *_requests(seen[-1])]))
    lines += [
        "",
        *_cells(["Ratio", "wanted", "wall", "CPU"]),
        *(_row(row) for row in ratios(figures)),
        "",
    ]
    lines.append(
        f"{machine['date'][:10]}, {machine['cores']} cores of {machine['processor']}, Python"
        f" {machine['python']}, {machine['openssl']}, {packages}; {len(figures.runs)} runs,"
        f" {machine['forks']} forks, {machine['incidents']} incidents a tenant."
    )
    return "\n".join(lines) + "\n"


# what the README shows: each way by its case, and the numbers of tenants to show
SHORT: t.Final = (
    ("sweep", "sweep_cold", (1000, 3000)),
    ("a task for each tenant", "tenants_cold", (1000, 3000)),
    ("two `ansible.builtin.uri` tasks for each tenant", "uri", (SMALL,)),
)


def short(result: dict[str, t.Any]) -> str:
    """The figures for the README, in three lines."""
    figures = Figures(result)
    machine = result["machine"]
    lines = [
        "A token and the incidents of every tenant, whole processes over TLS on"
        f" {machine['cores']} cores that the lab shares ({machine['date'][:10]}, ansible-core"
        f" {machine['packages']['ansible-core']}):",
        "",
    ]
    for title, case, sizes in SHORT:
        walls = [(tenants, figures.median(case, tenants, "wall")) for tenants in sizes]
        shown = [f"{wall:.1f} s for {tenants} tenants" for tenants, wall in walls if wall]
        lines.append(f"- {title}: {', '.join(shown) or 'not measured'}")
    lines += [
        "",
        "[docs/benchmark](docs/benchmark/README.md) has all sizes and ratios, CPU time, memory and"
        " the number of requests.",
    ]
    return "\n".join(lines) + "\n"


def ratios(figures: Figures) -> list[list[str]]:
    """What the collection promises of itself, as rows."""
    get = figures.get

    def value(case: str, tenants: int, *, each: bool = False) -> Value:
        def read(run: int, _unused: int, what: str) -> float | None:
            found = get(case, tenants, run, what)
            return found / tenants if found is not None and each else found

        return read

    def limit(tenants: int) -> Value:
        return lambda run, _unused, what: _sum(
            get("once", tenants, run, what), get("client", tenants, run, what)
        )

    def beyond(case: str, tenants: int) -> Value:
        """A tenant's cost beyond what Ansible needs to start with this inventory."""
        return lambda run, _unused, what: _less(
            get(case, tenants, run, what), get("once", tenants, run, what), tenants
        )

    most = figures.sizes[-1]
    large = 1000 if 1000 in figures.sizes else most
    rows: list[tuple[str, str, Value, Value]] = [
        (
            f"sweep of {large}, cold / (debug once + asyncio client)",
            "≤ 3",
            value("sweep_cold", large),
            limit(large),
        ),
        (
            f"sweep of {large}, warm / (debug once + asyncio client)",
            "",
            value("sweep_warm", large),
            limit(large),
        ),
        (
            f"uri a tenant ({SMALL}) / sweep a tenant ({large}, cold)",
            "≥ 90",
            value("uri", SMALL, each=True),
            value("sweep_cold", large, each=True),
        ),
        (
            f"sweep of {large}, cold / floor",
            "< 0.5",
            value("sweep_cold", large),
            value("floor", large),
        ),
        *(
            (
                f"a task for each of {n}, cold / floor",
                "≤ 2",
                value("tenants_cold", n),
                value("floor", n),
            )
            for n in figures.sizes
            if n >= 200 or n == most
        ),
        *(
            (
                f"a task for each of {n}, warm / floor",
                "≤ 1.6",
                value("tenants_warm", n),
                value("floor", n),
            )
            for n in figures.sizes
            if n >= 200 or n == most
        ),
    ]
    first = 100 if 100 in figures.sizes else figures.sizes[0]
    if first < most:
        for word in ("cold", "warm"):
            case = f"sweep_{word}"
            rows.append(
                (
                    f"sweep, {word}: a tenant of {most} / of {first}",
                    "≤ 1.15",
                    value(case, most, each=True),
                    value(case, first, each=True),
                )
            )
            rows.append(
                (
                    f"the same beyond debug once with that inventory ({word})",
                    "≤ 1.15",
                    beyond(case, most),
                    beyond(case, first),
                )
            )
    told = [
        [title, wanted, *(_number(figures.ratio(over, under, what)) for what in ("wall", "cpu"))]
        for title, wanted, over, under in rows
    ]
    return told + _memory_growth(figures)


def _memory_growth(figures: Figures) -> list[list[str]]:
    if len(figures.sizes) < 3:
        return []
    small, middle, most = figures.sizes[0], figures.sizes[-2], figures.sizes[-1]
    rows = []
    for case in ("sweep_cold", "tenants_cold", "once"):
        at = [figures.median(case, tenants, "largest") for tenants in (small, middle, most)]
        if None not in at:
            low, mid, high = t.cast("list[float]", at)
            early, late = (
                (mid - low) / (middle - small) * 1024,
                (high - mid) / (most - middle) * 1024,
            )
            title = (
                f"KiB a tenant, {figures.titles[case]}: from {middle} to {most} / from {small}"
                f" to {middle}"
            )
            rows.append([title, "", f"{late:.0f} / {early:.0f}", ""])
    return rows


def _sum(first: float | None, second: float | None) -> float | None:
    return None if first is None or second is None else first + second


def _less(first: float | None, second: float | None, share: int) -> float | None:
    return None if first is None or second is None else (first - second) / share


def _time(figures: Figures, case: str, tenants: int) -> str:
    wall, cpu = figures.median(case, tenants, "wall"), figures.median(case, tenants, "cpu")
    return "" if wall is None or cpu is None else f"{wall:.2f} ({cpu:.2f})"


def _memory(figures: Figures, case: str, tenants: int) -> str:
    largest, together = (
        figures.median(case, tenants, "largest"),
        figures.median(case, tenants, "together"),
    )
    return "" if largest is None else f"{largest:.0f} / {f'{together:.0f}' if together else '–'}"


def _requests(record: Record) -> list[str]:
    named = ("login token", "login other", "graph page")
    counts = [record["requests"].get(kind, 0) for kind in named]
    return [
        f"{count / record['tenants']:g}"
        for count in [*counts, sum(record["requests"].values()) - sum(counts)]
    ]


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}" if value < 10 else f"{value:.0f}"


def _cells(names: list[str]) -> list[str]:
    return [_row(names), _row(["---", *("---:" for _unused in names[1:])])]


def _row(cells: t.Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    print(markdown(json.loads(Path(sys.argv[1]).read_text())))
