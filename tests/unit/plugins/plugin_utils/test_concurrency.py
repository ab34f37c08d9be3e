# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The number of tenants at the same time fits the network, and one tenant alone changes nothing for
the others."""

from __future__ import annotations

import resource
import ssl
import threading
import types
import typing as t
from pathlib import Path

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import (
    connections as _connections,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import (
    service_load as _load,
)
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils import _concurrency, _pool
from hypothesis import given
from hypothesis import strategies as st

LONG: t.Final = 20
LOGIN, GRAPH = "login.microsoftonline.com:443", "graph.microsoft.com:443"
LOADS: t.Final[tuple[_load.Load, ...]] = ("answered", "throttled", "overloaded")


def adaptive() -> _concurrency.Limit:
    """A limit whose processor is idle."""
    return _concurrency.Limit(_concurrency.START, _concurrency.MOST, cpu=lambda: 0.0)


def grown() -> _concurrency.Limit:
    """A limit that many tenants in time have raised to its upper bound."""
    limit = adaptive()
    for number in range(_concurrency.MOST):
        limit.adapt(f"early {number}", LOGIN, "answered")
    assert limit.now() == _concurrency.MOST
    return limit


def test_it_doubles_with_each_round_of_responses_in_time_up_to_its_upper_bound() -> None:
    limit = adaptive()
    rounds = [limit.now()]
    while limit.now() < limit.most:
        for number in range(limit.now()):
            limit.adapt(str(number), LOGIN, "answered")
        rounds.append(limit.now())
    assert rounds == [32, 64, 128, 256]
    limit.adapt("another", LOGIN, "answered")
    assert limit.now() == 256


def test_so_many_jobs_run_at_once_when_all_of_them_wait_for_the_network() -> None:
    """The first jobs are answered in time, and all others hang until as many run as ever may."""
    limit = adaptive()
    together = threading.Barrier(_concurrency.MOST, timeout=LONG)
    early = _concurrency.MOST - _concurrency.START

    @limit.watching
    def answer(job: types.SimpleNamespace) -> None:
        _load.report(LOGIN, "answered")

    def work(job: types.SimpleNamespace) -> None:
        answer(job)
        if job.number >= early:
            together.wait()

    jobs = [
        types.SimpleNamespace(host=str(number), number=number)
        for number in range(early + _concurrency.MOST)
    ]
    answers = _pool.each(jobs, work, crashed=lambda job, error: error, limit=limit.now)
    assert [answer for _unused, answer in answers] == [None] * len(jobs)


def test_it_does_not_rise_while_the_processor_is_the_limit() -> None:
    wall, cpu = [0.0], [0.0]
    limit = _concurrency.Limit(32, 256, wall=lambda: wall[0], cpu=lambda: cpu[0])

    def number_after(tenants: str, *, share: float) -> int:
        for number in range(10):
            wall[0] += 1
            cpu[0] += share
            limit.adapt(f"{tenants} {number}", LOGIN, "answered")
        return limit.now()

    assert number_after("first", share=0.5) == 42
    assert number_after("second", share=0.95) == 42
    assert number_after("third", share=0.5) == 52


def test_every_connection_is_kept_for_the_next_request() -> None:
    adapter = _connections.Adapter(ssl.create_default_context())
    assert adapter._pool_maxsize == _concurrency.MOST


@pytest.mark.parametrize("load", ["throttled", "overloaded"])
@pytest.mark.parametrize("service", [LOGIN, GRAPH])
def test_many_tenants_at_once_halve_it(load: _load.Load, service: str) -> None:
    limit = grown()
    for number in range(_concurrency.LATE):
        limit.adapt(str(number), service, load)
    assert limit.now() == 256
    limit.adapt("the last straw", service, load)
    assert limit.now() == 128


def test_requests_sent_before_it_was_halved_do_not_halve_it_again() -> None:
    limit = grown()
    for number in range(_concurrency.LATE + 1 + 256):
        limit.adapt(str(number), LOGIN, "throttled")
    assert limit.now() == 128
    for number in range(_concurrency.LATE + 1):
        limit.adapt(f"next {number}", LOGIN, "throttled")
    assert limit.now() == 64


def test_an_outage_takes_no_longer_than_with_the_number_at_the_start() -> None:
    limit = grown()
    for number in range(5000):
        limit.adapt(str(number), LOGIN, "overloaded")
    assert limit.now() == _concurrency.START


def test_it_rises_slowly_once_it_was_too_high() -> None:
    limit = grown()
    for number in range(_concurrency.LATE + 1 + 256):
        limit.adapt(str(number), LOGIN, "throttled")
    for number in range(128):
        limit.adapt(f"later {number}", LOGIN, "answered")
    assert 128 < limit.now() + 1 <= 130


@pytest.mark.parametrize("load", ["throttled", "overloaded"])
def test_one_tenant_without_responses_does_not_change_it(load: _load.Load) -> None:
    limit = grown()
    for _unused in range(1000):
        limit.adapt("woodgrove", LOGIN, load)
        limit.adapt("woodgrove", GRAPH, load)
    assert limit.now() == 256


def test_one_throttled_tenant_in_twenty_does_not_change_it() -> None:
    limit = grown()
    for number in range(2000):
        limit.adapt(str(number), LOGIN, "answered")
        limit.adapt(str(number), GRAPH, "throttled" if number % 20 == 0 else "answered")
    assert limit.now() == 256


def test_tenants_that_use_up_their_own_quotas_together_do_not_change_it() -> None:
    """A hunt sends the same number of queries to every tenant, and each has the same quota."""
    limit = grown()
    tenants = [str(number) for number in range(256)]
    for load in LOADS[:1] * 45 + LOADS[1:2] * 15:
        for tenant in tenants:
            limit.adapt(tenant, GRAPH, load)
    assert limit.now() == 256


@given(st.integers(1, 300), st.lists(st.tuples(st.integers(0, 80), st.sampled_from(LOADS))))
def test_a_number_that_was_set_never_changes(
    number: int, requests: list[tuple[int, _load.Load]]
) -> None:
    limit = _concurrency.limit(number)
    for tenant, load in requests:
        limit.adapt(str(tenant), LOGIN, load)
        assert limit.now() == limit.most == number


@pytest.mark.parametrize("number", [None, 7, 256])
@pytest.mark.parametrize("processes", [1, 2, 3, 7])
def test_processes_share_the_number(number: int | None, processes: int) -> None:
    whole = _concurrency.limit(number)
    part = _concurrency.limit(number, processes=processes)
    assert 1 <= part.now() == whole.now() // processes
    assert 1 <= part.most == whole.most // processes


@given(st.lists(st.tuples(st.integers(0, 80), st.sampled_from(LOADS)), max_size=400))
def test_it_stays_between_its_bounds(requests: list[tuple[int, _load.Load]]) -> None:
    limit = _concurrency.Limit(8, 40)
    for tenant, load in requests:
        limit.adapt(str(tenant), LOGIN, load)
        assert 8 <= limit.now() <= 40


@pytest.mark.parametrize(
    ("files", "memory", "most"),
    [
        (resource.RLIM_INFINITY, None, 256),
        (1_000_000, 64 * 2**30, 256),
        (1024, 64 * 2**30, 240),
        (256, None, 48),
        (64, None, 8),
        (1024, 2 * 2**30, 64),
        (1024, 1, 8),
    ],
)
def test_the_upper_bound_is_lower_where_files_or_memory_are_scarce(
    files: int, memory: int | None, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda name: (files, files))
    monkeypatch.setattr(_concurrency, "_memory", lambda root: memory)
    limit = _concurrency.limit(None)
    assert (limit.now(), limit.most) == (min(32, most), most)


def test_the_memory_is_that_of_the_machine_or_of_the_container_if_it_has_less(
    tmp_path: Path,
) -> None:
    assert _concurrency._memory(tmp_path) is None
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/meminfo").write_text("MemTotal:  9 kB\nMemAvailable:    2048 kB\n")
    assert _concurrency._memory(tmp_path) == 2 * 2**20
    container = tmp_path / "sys/fs/cgroup/memory.max"
    container.parent.mkdir(parents=True)
    container.write_text("max\n")
    assert _concurrency._memory(tmp_path) == 2 * 2**20
    container.write_text(f"{2**20}\n")
    assert _concurrency._memory(tmp_path) == 2**20
