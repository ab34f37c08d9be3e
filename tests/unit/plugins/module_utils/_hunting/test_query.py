# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A split hunt has every row once: slices share no tick, leave none out, and what cannot be split
is refused."""

from __future__ import annotations

import re
import typing as t

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils import _times
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._hunting import query as _hunting
from ansible_collections.mssp.defender_xdr.plugins.module_utils._hunting import (
    row_sinks as _found_rows,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._hunting import (
    time_slices as _slices,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._hunting import (
    timespans as _timespans,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._hunting.row_wise_queries import (
    row_wise,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._times import (
    FIRST,
    LAST,
    UNITS,
    format_time,
    read_time,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

CAP = 7
SINCE = re.compile(r"Timestamp >= datetime\(([^)]+)\)")
BEFORE = re.compile(r"Timestamp < datetime\(([^)]+)\)")
DAY = UNITS["d"]
NOW = 17_900_000_000_000_000


class Service:
    """Answers the rows of a window as Graph does: cut at a cap, or failing where a window is too
    heavy or sick."""

    name = "graph"

    def __init__(
        self, ticks: t.Sequence[int | None], *, sick: int | None = None, heavy: int = 0
    ) -> None:
        self.ticks = ticks
        self.sick = sick
        self.heavy = heavy
        self.payloads: list[dict[str, str]] = []
        self.tenant = t.cast(
            "t.Any", type("Tenant", (), {"options": type("Options", (), {"label": "contoso"})})
        )

    def query(self, path: str, payload: dict[str, str], **unused: t.Any) -> dict[str, t.Any]:
        self.payloads.append(payload)
        query = payload["Query"]
        since = [read_time(bound) for bound in SINCE.findall(query)]
        before = [read_time(bound) for bound in BEFORE.findall(query)]
        first, last = max(since, default=FIRST), min(before, default=LAST + 1)
        timeless = "isnull(Timestamp) or" in query or not (since or before)
        if (since or before) and self.sick is not None and first <= self.sick < last:
            raise DefenderError("unavailable", "The service is away.", status=503)
        if last - first > self.heavy > 0:
            raise DefenderError("timeout", "The query was too heavy.", status=504)
        rows = [
            {"Timestamp": tick}
            for tick in self.ticks
            if (timeless if tick is None else first <= tick < last)
        ]
        return {"schema": [{"name": "Timestamp", "type": "DateTime"}], "results": rows[:CAP]}


@pytest.fixture(autouse=True)
def a_small_cap_and_a_clock_that_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_hunting, "ROWS", CAP)
    monkeypatch.setattr(_times, "now", lambda: NOW)


def request(
    timespan: str | None = None,
    on_truncated: str = "split",
    query: str = "DeviceEvents | where true",
) -> _hunting.Request:
    return _hunting.Request(query, _timespans.parse(timespan), on_truncated)


def hunted(
    service: Service, timespan: str | None = None, **more: t.Any
) -> tuple[list[int | None], _hunting.Outcome]:
    rows = _found_rows.InMemory(0)
    outcome = _hunting.run(t.cast("t.Any", service), request(timespan, **more), rows)
    return [row["Timestamp"] for row in rows.rows], outcome


RECENT = st.integers(NOW - 30 * DAY, NOW)
TICK = (
    RECENT
    | st.integers(NOW - 5, NOW + 40 * DAY)
    | st.integers(FIRST, LAST)
    | st.sampled_from([FIRST, LAST, NOW, NOW - 30 * DAY])
)
ANY_ROWS = st.lists(TICK, unique=True, max_size=60)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ticks=ANY_ROWS, timeless=st.integers(0, CAP - 1), twice=st.booleans())
def test_any_rows_come_back_whole_whatever_their_time(
    ticks: list[int], timeless: int, twice: bool
) -> None:
    """Ahead of our clock, long ago, without a time, and on every edge of a slice."""
    every: list[int | None] = [*ticks, *(ticks[:20] if twice else []), *[None] * timeless]
    found, outcome = hunted(Service(every))
    assert sorted(map(str, found)) == sorted(map(str, every))
    assert not outcome.truncated
    if outcome.slices:
        assert all(piece["count"] < CAP for piece in outcome.slices)
        assert [piece["before"] for piece in outcome.slices[:-1]] == [
            piece["since"] for piece in outcome.slices[1:]
        ]
        assert outcome.slices[0]["since"] == "0001-01-01T00:00:00Z"
        assert outcome.slices[-1]["before"] == "9999-12-31T23:59:59.9999999Z"


def test_rows_inside_their_window_cost_no_more_requests_than_halving_it() -> None:
    service = Service([NOW - 30 * DAY + number * DAY for number in range(30)])
    found, outcome = hunted(service)
    assert found == service.ticks
    assert (len(outcome.slices), len(service.payloads)) == (8, 15)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(edges=st.lists(st.integers(NOW - 10 * DAY, NOW + DAY), min_size=3, max_size=8, unique=True))
def test_a_row_on_each_edge_of_a_slice_is_found_exactly_once(edges: list[int]) -> None:
    pieces = [_slices.Slice()]
    for edge in sorted(edges):
        last = pieces.pop()
        pieces += [_slices.Slice(last.since, edge), _slices.Slice(edge, None)]
    service = Service([tick for edge in edges for tick in (edge - 1, edge)])
    found = []
    for piece in pieces:
        text = row_wise("DeviceEvents").where(piece.condition("Timestamp"))
        found += [row["Timestamp"] for row in service.query("", {"Query": text})["results"]]
    assert sorted(map(str, found)) == sorted(map(str, service.ticks))


def test_a_window_that_is_too_heavy_is_halved_until_it_is_not() -> None:
    ticks = list(range(NOW - 10 * DAY, NOW, DAY))
    found, outcome = hunted(Service(ticks))
    assert found == ticks
    assert len(outcome.slices) > 1


@pytest.mark.parametrize("rows", [[NOW] * 20, [None] * 20])
def test_one_moment_with_more_rows_than_microsoft_answers_fails_with_what_is_missing(
    rows: list[int | None],
) -> None:
    with pytest.raises(DefenderError) as failed:
        hunted(Service(rows))
    assert failed.value.category == "truncated"
    assert failed.value.facts["missing_slices"][0]["since"] in (
        format_time(NOW),
        "0001-01-01T00:00:00Z",
    )


def test_a_slice_that_fails_fails_the_whole_with_the_slices_that_are_missing() -> None:
    service = Service([NOW - number * DAY for number in range(20)], sick=NOW - DAY)
    with pytest.raises(DefenderError) as failed:
        hunted(service)
    assert failed.value.category == "unavailable"
    done, missing = failed.value.facts["slices"], failed.value.facts["missing_slices"]
    assert done[-1]["before"] == missing[0]["since"]
    assert missing[-1]["before"] == "9999-12-31T23:59:59.9999999Z"


FORMS = [
    ("P7D", "P7D", "Timestamp >= ago(6048000000000tick)"),
    ("7d", "PT604800S", "Timestamp >= ago(6048000000000tick)"),
    (
        "2026-11-01T08:00:00Z/2026-11-15T10:00:00+02:00",
        "2026-11-01T08:00:00Z/2026-11-15T08:00:00Z",
        (
            "Timestamp >= datetime(2026-11-01T08:00:00Z) and Timestamp <"
            " datetime(2026-11-15T08:00:00Z)"
        ),
    ),
    (
        "P30D/2026-11-15T08:00:00Z",
        "2026-10-16T08:00:00Z/2026-11-15T08:00:00Z",
        (
            "Timestamp >= datetime(2026-10-16T08:00:00Z) and Timestamp <"
            " datetime(2026-11-15T08:00:00Z)"
        ),
    ),
    (
        "2026-11-01T08:00:00Z/P7D",
        "2026-11-01T08:00:00Z/2026-11-08T08:00:00Z",
        (
            "Timestamp >= datetime(2026-11-01T08:00:00Z) and Timestamp <"
            " datetime(2026-11-08T08:00:00Z)"
        ),
    ),
    ("2026-11-01T08:00:00Z", "2026-11-01T08:00:00Z", "Timestamp >= datetime(2026-11-01T08:00:00Z)"),
]


@pytest.mark.parametrize(("timespan", "sent", "condition"), FORMS)
def test_each_documented_form_of_a_time_span_is_the_same_on_both_apis_and_in_slices(
    timespan: str, sent: str, condition: str
) -> None:
    graph = Service([NOW - number for number in range(20)])
    hunted(graph, timespan)
    assert {payload["Timespan"] for payload in graph.payloads} == {sent}
    assert condition not in graph.payloads[1]["Query"]
    xdr = Service([read_time("2026-11-05T08:00:00Z") - number for number in range(20)])
    xdr.name = "xdr"
    hunted(xdr, timespan)
    assert all(f"| where {condition}\n" in payload["Query"] for payload in xdr.payloads)
    assert not any("Timespan" in payload for payload in xdr.payloads)
    assert len(xdr.payloads) > 2


@pytest.mark.parametrize(
    "query",
    [
        "DeviceEvents | where DeviceId in (DeviceInfo | project DeviceId)",
        "let x = DeviceInfo;\nDeviceEvents | where 1 == 1",
    ],
)
def test_a_time_span_that_the_older_api_would_enforce_on_one_of_two_tables_is_refused(
    query: str,
) -> None:
    service = Service([NOW])
    service.name = "xdr"
    with pytest.raises(DefenderError, match="it reads DeviceInfo too"):
        hunted(service, "P1D", on_truncated="warn", query=query)
    assert service.payloads == []


def test_what_hit_the_cap_is_said_when_it_may_not_be_split() -> None:
    found, outcome = hunted(Service([NOW] * 40), on_truncated="warn")
    assert (outcome.truncated, len(found), len(outcome.warnings)) == (True, CAP, 1)
    with pytest.raises(DefenderError, match="rows are missing"):
        hunted(Service([NOW] * 40), on_truncated="fail")
