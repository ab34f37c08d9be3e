# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.mssp.defender_xdr.tests.bench import figures as bench_figures
from ansible_collections.mssp.defender_xdr.tests.bench import ratios
from ansible_collections.mssp.defender_xdr.tests.bench.figures import Record
from ansible_collections.mssp.defender_xdr.tests.unit.bench.made_up import figures, record


def rows(*records: Record) -> dict[str, list[str]]:
    return {title: cells for title, *cells in ratios.rows(figures(*records))}


def test_the_spread_is_a_share_of_the_median() -> None:
    assert bench_figures.spread([9.0, 10.0, 12.0]) == pytest.approx(0.3)
    assert bench_figures.spread([9.0]) == 0


def test_what_was_not_measured_has_no_row() -> None:
    assert rows(record("sweep_cold", 6.0)) == {}


def test_the_sweep_at_150_ms_is_compared_at_the_same_latency() -> None:
    table = rows(
        record("once", 1.0),
        record("client256", 1.0),
        record("client256", 3.0, latency=150),
        record("sweep_cold", 6.4, latency=150),
        record("sweep_warm", 3.2, latency=150),
    )
    cold = "sweep of 1000 at 150 ms, cold / (asyncio with 256 connections + debug once)"
    assert table[cold] == ["≤ 1.5", "1.60", "1.60", "no"]
    assert table["sweep of 1000 at 150 ms, warm − debug once"] == ["≤ 2.5 s", "2.20", "4.40", "yes"]


def test_without_latency_the_faster_client_counts() -> None:
    table = rows(
        record("once", 1.0),
        record("client", 1.0),
        record("client256", 2.0),
        record("client256_api", 1.5),
        record("sweep_cold", 4.2),
        record("sweep_warm", 3.0),
    )
    cold = "sweep of 1000, cold / (the faster asyncio client + debug once)"
    assert table[cold] == ["≤ 2.2", "2.10", "2.10", "yes"]
    assert table["sweep of 1000, warm / asyncio with tokens known"][:2] == ["≤ 2", "2.00"]


def test_tasks_for_each_tenant_are_compared_with_the_floor() -> None:
    names = ("tenants_cold", "tenants_warm", "tenants_cold_ca", "tenants_warm_ca", "floor_tenants")
    table = rows(
        record("floor", 2.0, tenants=200), *(record(name, 3.0, tenants=200) for name in names)
    )
    assert [cells[0] for cells in table.values()] == ["≤ 1.6", "≤ 1.3", "≤ 1.6", "≤ 1.3", "≤ 1.1"]
    assert [cells[1] for cells in table.values()] == ["1.50"] * 5
    assert [cells[3] for cells in table.values()] == ["yes", "no", "yes", "no", "no"]


def test_uri_is_compared_for_each_tenant() -> None:
    table = rows(record("uri", 50.0, tenants=50), record("sweep_cold", 8.0))
    title = "uri a tenant (50) / sweep a tenant (1000, cold)"
    assert table[title] == ["≥ 120", "125", "125", "yes"]


def test_a_ratio_is_the_median_over_rounds() -> None:
    walls = [(1.0, 1.0), (4.0, 2.0), (9.0, 3.0)]
    table = rows(
        *(record("sweep_cold", cold, run=run) for run, (cold, _floor) in enumerate(walls)),
        *(record("floor", floor, run=run) for run, (_cold, floor) in enumerate(walls)),
    )
    assert table["sweep of 1000, cold / floor"] == ["< 0.5", "2.00", "2.00", "no"]
