# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The ratios that the collection promises, beside their targets."""

from __future__ import annotations

import dataclasses
import operator
import typing as t

from ansible_collections.mssp.defender_xdr.tests.bench import cases
from ansible_collections.mssp.defender_xdr.tests.bench.figures import Figures, median

# round, `wall` or `cpu` -> figure
Value = t.Callable[[int, str], float | None]
PER_HOST: t.Final = 200  # tenants from which on a task for each tenant is compared with the floor


@dataclasses.dataclass(frozen=True)
class Target:
    """A limit for the wall time's figure."""

    relation: str
    limit: float
    unit: str = ""

    def __str__(self) -> str:
        return f"{self.relation} {self.limit:g}{self.unit}"

    def is_met(self, figure: float) -> bool:
        compare = {"≤": operator.le, "<": operator.lt, "≥": operator.ge}[self.relation]
        return bool(compare(figure, self.limit))


@dataclasses.dataclass(frozen=True)
class Promise:
    title: str
    target: Target | None
    value: Value

    def row(self, runs: t.Sequence[int]) -> list[str]:
        """Title, target, the medians over the rounds, and whether the wall time meets the target.
        Within a round all cases were disturbed alike."""
        wall, cpu = (median(self.value(run, what) for run in runs) for what in ("wall", "cpu"))
        met = ""
        if self.target and wall is not None:
            met = "yes" if self.target.is_met(wall) else "no"
        return [self.title, str(self.target or ""), _number(wall), _number(cpu), met]


def rows(figures: Figures) -> list[list[str]]:
    sizes = figures.sizes()
    promises = [*_latency(figures)]
    if sizes:
        promises += [*_sweep(figures, sizes), *_per_host(figures, sizes), *_growth(figures, sizes)]
    table = [promise.row(figures.runs) for promise in promises]
    return [row for row in table if row[2] != "–"] + _memory_growth(figures, sizes)


def _latency(figures: Figures) -> t.Iterator[Promise]:
    for latency in filter(None, figures.latencies):
        tenants = cases.large(figures.sizes(latency=latency))
        once = _value(figures, "once", tenants)
        client = _value(figures, "client256", tenants, latency)
        client_api = _value(figures, "client256_api", tenants, latency)
        cold = _value(figures, "sweep_cold", tenants, latency)
        warm = _value(figures, "sweep_warm", tenants, latency)
        promised = latency == 150
        yield Promise(
            f"sweep of {tenants} at {latency} ms, cold / (asyncio with 256 connections + debug"
            " once)",
            Target("≤", 1.5) if promised else None,
            _over(cold, _plus(client, once)),
        )
        yield Promise(
            f"sweep of {tenants} at {latency} ms, warm − debug once",
            Target("≤", 2.5, " s") if promised else None,
            _minus(warm, once),
        )
        yield Promise(
            f"sweep of {tenants} at {latency} ms, warm / (asyncio with tokens known + debug once)",
            None,
            _over(warm, _plus(client_api, once)),
        )


def _sweep(figures: Figures, sizes: list[int]) -> t.Iterator[Promise]:
    large = cases.large(sizes)
    once = _value(figures, "once", large)
    cold = _value(figures, "sweep_cold", large)
    warm = _value(figures, "sweep_warm", large)
    client_api = _value(figures, "client256_api", large)
    # without latency more connections cost more handshakes than they save time
    client = _smaller(
        _value(figures, "client", large),
        _value(figures, "client256", large),
    )
    yield Promise(
        f"sweep of {large}, cold / (the faster asyncio client + debug once)",
        Target("≤", 2.2),
        _over(cold, _plus(client, once)),
    )
    yield Promise(
        f"sweep of {large}, warm / asyncio with tokens known",
        Target("≤", 2),
        _over(warm, client_api),
    )
    yield Promise(
        f"sweep of {large}, warm / (asyncio with tokens known + debug once)",
        None,
        _over(warm, _plus(client_api, once)),
    )
    yield Promise(
        f"uri a tenant ({cases.SMALL}) / sweep a tenant ({large}, cold)",
        Target("≥", 120),
        _over(
            _value(figures, "uri", cases.SMALL, share=cases.SMALL),
            _value(figures, "sweep_cold", large, share=large),
        ),
    )
    yield Promise(
        f"sweep of {large}, cold / floor",
        Target("<", 0.5),
        _over(cold, _value(figures, "floor", large)),
    )


def _per_host(figures: Figures, sizes: list[int]) -> t.Iterator[Promise]:
    for tenants in sizes:
        if tenants < PER_HOST and tenants != sizes[-1]:
            continue
        floor = _value(figures, "floor", tenants)
        for case, title, limit in (
            ("tenants_cold", "a task for each of {}, cold / floor", 1.6),
            ("tenants_warm", "a task for each of {}, warm / floor", 1.3),
            ("tenants_cold_ca", "a task for each of {}, CA in the inventory, cold / floor", 1.6),
            ("tenants_warm_ca", "a task for each of {}, CA in the inventory, warm / floor", 1.3),
            ("floor_tenants", "debug on {} tenants / debug on local hosts", 1.1),
        ):
            yield Promise(
                title.format(tenants),
                Target("≤", limit),
                _over(_value(figures, case, tenants), floor),
            )


def _growth(figures: Figures, sizes: list[int]) -> t.Iterator[Promise]:
    first, most = 100 if 100 in sizes else sizes[0], sizes[-1]
    if first == most:
        return
    for case in ("sweep_cold", "sweep_warm"):
        title = figures.titles[case]
        at_most, at_first = (
            _value(figures, case, tenants, share=tenants) for tenants in (most, first)
        )
        yield Promise(
            f"{title}: a tenant of {most} / of {first}",
            Target("≤", 1.15),
            _over(at_most, at_first),
        )
        start_most, start_first = (
            _value(figures, "once", tenants, share=tenants) for tenants in (most, first)
        )
        yield Promise(
            f"{title}: the same beyond debug once with that inventory",
            Target("≤", 1.15),
            _over(_minus(at_most, start_most), _minus(at_first, start_first)),
        )


def _memory_growth(figures: Figures, sizes: list[int]) -> list[list[str]]:
    if len(sizes) < 3:
        return []
    small, middle, most = sizes[0], sizes[-2], sizes[-1]
    table = []
    for case in ("sweep_cold", "tenants_cold", "once"):
        memory = [figures.median(case, tenants, "largest") for tenants in (small, middle, most)]
        if None in memory:
            continue
        low, middle_value, high = t.cast("list[float]", memory)
        early = (middle_value - low) / (middle - small) * 1024
        late = (high - middle_value) / (most - middle) * 1024
        title = (
            f"KiB a tenant, {figures.titles[case]}: from {middle} to {most} / from {small} to"
            f" {middle}"
        )
        table.append([title, "", f"{late:.0f} / {early:.0f}", "", ""])
    return table


def _value(figures: Figures, case: str, tenants: int, latency: int = 0, *, share: int = 1) -> Value:
    def value(run: int, what: str) -> float | None:
        figure = figures.get(case, tenants, latency, run, what)
        return None if figure is None else figure / share

    return value


def _combined(operation: t.Callable[[float, float], float]) -> t.Callable[[Value, Value], Value]:
    def combine(first: Value, second: Value) -> Value:
        def value(run: int, what: str) -> float | None:
            a, b = first(run, what), second(run, what)
            return None if a is None or b is None else operation(a, b)

        return value

    return combine


_over = _combined(operator.truediv)
_plus = _combined(operator.add)
_minus = _combined(operator.sub)
_smaller = _combined(min)


def _number(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:.2f}" if value < 10 else f"{value:.0f}"
