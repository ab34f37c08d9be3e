# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tables of docs/benchmark and the lines of the README, from the same figures. Run it with a
results.json to see the tables again."""

from __future__ import annotations

import json
import sys
import typing as t
from pathlib import Path

from ansible_collections.mssp.defender_xdr.tests.bench import cases, ratios
from ansible_collections.mssp.defender_xdr.tests.bench.figures import Figures, Record

KINDS: t.Final = ("login token", "login other", "graph page")
INTRODUCTION: t.Final = """\
A token and the incidents of every tenant, over TLS with certifi's whole bundle and the lab's CA.
The environment names the bundle, unless a row says otherwise. Seconds for the whole process (CPU
seconds of it and all it started), medians of interleaved runs. Lab and client share the cores.
"""


def markdown(figures: Figures) -> str:
    tables = [
        _table(figures, "", figures.sizes(), 0, _time),
        _latencies(figures),
        _table(
            figures, "Memory, MiB (largest process / all together)", figures.sizes(), 0, _memory
        ),
        _requests(figures),
        [*_head(["Ratio", "target", "wall", "CPU", "met"]), *map(_row, ratios.rows(figures))],
    ]
    body = "\n\n".join("\n".join(table) for table in tables if table)
    return f"{INTRODUCTION}\n{body}\n\n{_footer(figures)}\n"


# what the README shows: each way by its case, and the numbers of tenants to show
SHORT: t.Final = (
    ("sweep", "sweep_cold", (1000, 3000)),
    ("a task for each tenant", "tenants_cold", (1000, 3000)),
    ("two `ansible.builtin.uri` tasks for each tenant", "uri", (cases.SMALL,)),
)


def short(figures: Figures) -> str:
    """The figures for the README, in three lines."""
    machine = figures.machine
    lines = [
        "A token and the incidents of every tenant, whole processes over TLS on"
        f" {machine['cores']} cores that the lab shares ({machine['date'][:10]}, ansible-core"
        f" {machine['packages']['ansible-core']}):",
        "",
    ]
    for title, case, sizes in SHORT:
        walls = [(tenants, figures.median(case, tenants, "wall")) for tenants in sizes]
        shown = [f"{wall:.1f} s for {tenants} tenants" for tenants, wall in walls if wall]
        late = figures.median(case, sizes[0], "wall", latency=cases.LATENCIES[-1])
        if late:
            shown.append(
                f"{late:.1f} s for {sizes[0]} tenants if every response takes"
                f" {cases.LATENCIES[-1]} ms"
            )
        lines.append(f"- {title}: {', '.join(shown) or 'not measured'}")
    lines += [
        "",
        "[docs/benchmark](docs/benchmark/README.md) has all sizes, latencies and ratios, CPU time,"
        " memory and the number of requests.",
    ]
    return "\n".join(lines) + "\n"


Cell = t.Callable[[Figures, str, int, int], str]


def _table(figures: Figures, title: str, sizes: list[int], latency: int, cell: Cell) -> list[str]:
    if not sizes:
        return []
    lines = _head([title, *(f"{tenants} tenants" for tenants in sizes)])
    for case in figures.cases:
        cells = [cell(figures, case, tenants, latency) for tenants in sizes]
        if any(cells):
            lines.append(_row([figures.titles[case], *cells]))
    return lines


def _latencies(figures: Figures) -> list[str]:
    """The cases that use the network, with the number of tenants at which latency was measured."""
    late = [latency for latency in figures.latencies if latency]
    if not late:
        return []
    tenants = cases.large(figures.sizes(latency=late[0]))
    lines = _head(
        [
            f"{tenants} tenants, every answer takes",
            *(f"{latency} ms" for latency in figures.latencies),
        ]
    )
    for case in figures.cases:
        if cases.BY_NAME[case].network:
            cells = [_time(figures, case, tenants, latency) for latency in figures.latencies]
            lines.append(_row([figures.titles[case], *cells]))
    return lines


def _time(figures: Figures, case: str, tenants: int, latency: int) -> str:
    wall = figures.median(case, tenants, "wall", latency=latency)
    cpu = figures.median(case, tenants, "cpu", latency=latency)
    return "" if wall is None or cpu is None else f"{wall:.2f} ({cpu:.2f})"


def _memory(figures: Figures, case: str, tenants: int, latency: int) -> str:
    largest = figures.median(case, tenants, "largest", latency=latency)
    together = figures.median(case, tenants, "together", latency=latency)
    return "" if largest is None else f"{largest:.0f} / {f'{together:.0f}' if together else '–'}"


def _requests(figures: Figures) -> list[str]:
    lines = _head(
        ["Requests a tenant", "login: token", "login: other", "API: page", "answered otherwise"]
    )
    last: dict[str, Record] = {record["case"]: record for record in figures.all}
    for case in figures.cases:
        counts = [last[case]["requests"].get(kind, 0) for kind in KINDS]
        counts.append(sum(last[case]["requests"].values()) - sum(counts))
        cells = [f"{count / last[case]['tenants']:g}" for count in counts]
        lines.append(_row([figures.titles[case], *cells]))
    return lines


def _footer(figures: Figures) -> str:
    machine = figures.machine
    packages = ", ".join(f"{name} {version}" for name, version in machine["packages"].items())
    spread, case = figures.largest_spread()
    slowed = sum(record["slowed"] for record in figures.all)
    more = len(figures.runs) - machine["runs"]
    again = f" and up to {more} more of cases with a large spread" if more > 0 else ""
    return (
        f"{machine['date'][:10]}, {machine['cores']} cores of {machine['processor']}, Python"
        f" {machine['python']}, {machine['openssl']}, {packages}; {machine['runs']} runs{again},"
        f" {machine['forks']} forks, {machine['incidents']} incidents a tenant. Load average before"
        f" the start {machine['load_at_start']:.2f}; other processes used"
        f" {figures.share_of_others():.1%} of the processor; {slowed} of {len(figures.all)}"
        " processes ended while a core was below full speed; the largest spread over the runs is"
        f" {spread:.0%} ({case})."
    )


def _head(names: list[str]) -> list[str]:
    return [_row(names), _row(["---", *("---:" for _unused in names[1:])])]


def _row(cells: t.Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    print(markdown(Figures(json.loads(Path(sys.argv[1]).read_text()))))
