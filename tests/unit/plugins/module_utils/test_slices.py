# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A split hunt has every row once: slices share no tick, leave none out, and what cannot be split is refused."""

from __future__ import annotations

import re
import typing as t

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils import _found_rows, _hunting
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._hunting_tables import TABLES, TIMES
from ansible_collections.mssp.defender_xdr.plugins.module_utils._slices import Slice, row_wise
from ansible_collections.mssp.defender_xdr.plugins.module_utils._times import UNITS, read_time
from hypothesis import given
from hypothesis import strategies as st

CAP = 7
BOUNDS = re.compile(r"Timestamp >= datetime\((\S+)\) and Timestamp < datetime\((\S+)\)")


class Service:
    """Answers the rows of a window as Graph does: cut at a cap, or failing where a window is too heavy or sick."""

    name = "graph"

    def __init__(self, ticks: t.Sequence[int], *, sick: int | None = None, heavy: int = 0) -> None:
        self.ticks = sorted(ticks)
        self.sick = sick
        self.heavy = heavy
        self.asked: list[tuple[int, int]] = []
        self.tenant = t.cast("t.Any", type("Tenant", (), {"options": type("Options", (), {"label": "contoso"})}))

    def query(self, path: str, payload: dict[str, str], **unused: t.Any) -> dict[str, t.Any]:
        bounds = BOUNDS.search(payload["Query"])
        since, before = (read_time(bounds[1]), read_time(bounds[2])) if bounds else (0, 1 << 62)
        self.asked.append((since, before))
        if bounds and self.sick is not None and since <= self.sick < before:
            raise DefenderError("unavailable", "The service is away.", status=503)
        if before - since > self.heavy > 0:
            raise DefenderError("timeout", "The query was too heavy.", status=504)
        rows = [{"Timestamp": tick} for tick in self.ticks if since <= tick < before]
        return {"schema": [{"name": "Timestamp", "type": "DateTime"}], "results": rows[:CAP]}


@pytest.fixture(autouse=True)
def a_small_cap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_hunting, "ROWS", CAP)


def hunted(service: Service, window: Slice) -> tuple[list[int], _hunting.Found]:
    rows = _found_rows.InMemory(0)
    found = _hunting.run(t.cast("t.Any", service), _hunting.Asked("DeviceEvents | where true", None, window, "split"), rows)
    return [row["Timestamp"] for row in rows.rows], found


TICK = st.integers(0, 10**13)


@given(since=TICK, length=st.integers(1, 10**12), data=st.data())
def test_every_row_on_every_edge_is_found_exactly_once(since: int, length: int, data: st.DataObject) -> None:
    window = Slice(since, since + length)
    edges = {window.since, window.before - 1}
    pieces = [window]
    for _turn in range(data.draw(st.integers(0, 8))):
        halves = pieces.pop(data.draw(st.integers(0, len(pieces) - 1))).halves()
        if halves is None:
            break
        pieces.extend(halves)
        edges |= {halves[0].before - 1, halves[1].since}
    found, told = hunted(Service(sorted(edges)), window)
    assert found == sorted(edges)
    assert sum(piece["count"] for piece in told.slices) in (0, len(edges))
    assert not told.truncated


@given(ticks=st.lists(TICK, unique=True, min_size=CAP, max_size=60))
def test_slices_lie_side_by_side_and_none_reaches_the_cap(ticks: list[int]) -> None:
    window = Slice(min(ticks), max(ticks) + 1)
    found, told = hunted(Service(ticks), window)
    assert found == sorted(ticks)
    assert all(piece["count"] < CAP for piece in told.slices)
    assert [piece["before"] for piece in told.slices[:-1]] == [piece["since"] for piece in told.slices[1:]]
    assert (read_time(told.slices[0]["since"]), read_time(told.slices[-1]["before"])) == (window.since, window.before)


def test_a_window_that_is_too_heavy_is_halved_until_it_is_not() -> None:
    service = Service(range(0, 1000, 100), heavy=300)
    found, unused = hunted(service, Slice(0, 1000))
    assert found == list(range(0, 1000, 100))
    assert max(before - since for since, before in service.asked if before < 1 << 62) > 300


def test_one_moment_with_more_rows_than_microsoft_answers_fails_with_what_is_missing() -> None:
    service = Service([5] * 20)
    with pytest.raises(DefenderError) as failed:
        hunted(service, Slice(0, 16))
    assert failed.value.category == "truncated"
    assert failed.value.facts["missing_slices"][0]["since"] == "1970-01-01T00:00:00.0000005Z"


def test_a_slice_that_fails_fails_the_whole_with_the_slices_that_are_missing() -> None:
    service = Service(range(40), sick=35)
    with pytest.raises(DefenderError) as failed:
        hunted(service, Slice(0, 64))
    assert failed.value.category == "unavailable"
    done, missing = failed.value.facts["slices"], failed.value.facts["missing_slices"]
    assert read_time(done[-1]["before"]) == read_time(missing[0]["since"])
    assert read_time(missing[-1]["before"]) == 64


def test_the_time_span_of_the_whole_is_sent_with_every_slice() -> None:
    """Otherwise a second table of the query would be cut into slices too, and the edges would slide with the clock."""
    spans = []

    class Listening(Service):
        def query(self, path: str, payload: dict[str, str], **unused: t.Any) -> dict[str, t.Any]:
            spans.append(payload.get("Timespan"))
            return super().query(path, payload, **unused)

    asked = _hunting.Asked("DeviceEvents | where DeviceId in (DeviceInfo | distinct DeviceId)", "P1D", Slice(0, 64), "split")
    _hunting.run(t.cast("t.Any", Listening(range(40))), asked, _found_rows.InMemory(0))
    assert (spans[0], set(spans[1:])) == ("P1D", {"1970-01-01T00:00:00Z/1970-01-01T00:00:00.0000064Z"})


@pytest.mark.parametrize("query", ["DeviceEvents | where DeviceId in (DeviceInfo | project DeviceId)", "let x = DeviceInfo;\nDeviceEvents | where 1 == 1"])
def test_a_time_span_that_the_older_api_would_enforce_on_one_of_two_tables_is_refused(query: str) -> None:
    service = t.cast("t.Any", Service(range(3)))
    service.name = "xdr"
    with pytest.raises(DefenderError, match="it reads DeviceInfo too"):
        _hunting.run(service, _hunting.Asked(query, "P1D", Slice(0, 64), "warn"), _found_rows.InMemory(0))
    assert service.asked == []


def test_what_hit_the_cap_is_said_when_it_may_not_be_split() -> None:
    rows = _found_rows.InMemory(0)
    service = t.cast("t.Any", Service(range(40)))
    told = _hunting.run(service, _hunting.Asked("DeviceEvents", None, Slice(0, 64), "warn"), rows)
    assert (told.truncated, len(rows.rows), len(told.warnings)) == (True, CAP, 1)
    with pytest.raises(DefenderError, match="rows are missing"):
        _hunting.run(service, _hunting.Asked("DeviceEvents", None, Slice(0, 64), "fail"), _found_rows.InMemory(0))


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("DeviceEvents | summarize count() by DeviceName", "it uses summarize"),
        ("DeviceEvents | top 5 by Timestamp", "it uses top"),
        ("DeviceEvents | take 5", "it uses take"),
        ("DeviceEvents | distinct DeviceName", "it uses distinct"),
        ("DeviceEvents | join kind=inner DeviceInfo on DeviceId", "it uses join"),
        ("DeviceEvents | make-series count() on Timestamp step 1h", "it uses make-series"),
        ("DeviceEvents | serialize", "it uses serialize"),
        ("DeviceEvents // | where true\n| limit 3", "it uses limit"),
        ('DeviceEvents | extend a = "|" | count', "it uses count"),
        ("union DeviceEvents, DeviceInfo", "it does not begin with one table and a pipe"),
        ("NoSuchTable | where true", "it does not begin with one table and a pipe"),
        ("ExposureGraphNodes | where true", "ExposureGraphNodes has no column with the time of an event"),
        ("DeviceEvents | where true; let x = 1;", "it ends with a statement that makes no rows"),
    ],
)
def test_a_query_whose_rows_depend_on_each_other_is_refused_with_the_reason(query: str, reason: str) -> None:
    with pytest.raises(DefenderError) as refused:
        row_wise(query)
    assert refused.value.category == "bad_query"
    assert reason in refused.value.message


@pytest.mark.parametrize(
    ("query", "head", "tail"),
    [
        ("DeviceEvents", "DeviceEvents", ""),
        ("DeviceEvents;", "DeviceEvents", ";"),
        ("let a = 'x;|y';\nDeviceEvents\n| where A == a", "let a = 'x;|y';\nDeviceEvents", "| where A == a"),
        ('DeviceEvents | where A has "; | summarize" | project A', "DeviceEvents", '| where A has "; | summarize" | project A'),
        (
            "DeviceEvents | where A in ((DeviceInfo | summarize by A)) | extend B = 1",
            "DeviceEvents",
            "| where A in ((DeviceInfo | summarize by A)) | extend B = 1",
        ),
    ],
)
def test_the_window_is_put_right_behind_the_table(query: str, head: str, tail: str) -> None:
    cut = row_wise(query)
    assert (cut.head, cut.tail, cut.column) == (head, tail, "Timestamp")
    assert cut.others == (("DeviceInfo",) if "DeviceInfo" in query else ())
    where = "| where Timestamp >= datetime(1970-01-01T00:00:00Z) and Timestamp < datetime(1970-01-02T00:00:00Z)"
    assert cut.within(Slice(0, UNITS["d"])) == f"{head}\n{where}\n{tail}"


def test_every_table_with_times_is_a_documented_one() -> None:
    assert set(TIMES) < TABLES
    assert TIMES["CallActivityEvents"] == "ActivityTimestamp"
