# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""With a limit the newest by creation are returned, through both APIs and whatever they sort by."""

from __future__ import annotations

import re
import types
import typing as t

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._incidents import (
    graph as _incidents_graph,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._incidents import paging as _walk
from ansible_collections.mssp.defender_xdr.plugins.module_utils._incidents import (
    xdr as _incidents_xdr,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._incidents.incident import Wanted
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.stand_ins import TENANT
from hypothesis import given, settings
from hypothesis import strategies as st

CONTOSO = types.SimpleNamespace(
    options=types.SimpleNamespace(tenant_id=TENANT, label=f"contoso ({TENANT})")
)
# What each API calls the fields that matter here, and how it writes an active incident of severity
# high.
NAMES = {
    "graph": ("id", "createdDateTime", "lastUpdateDateTime", "active", "high"),
    "xdr": ("incidentId", "createdTime", "lastUpdateTime", "Active", "High"),
}
SOURCES: dict[str, t.Any] = {
    "graph": _incidents_graph.GraphIncidents,
    "xdr": _incidents_xdr.XdrIncidents,
}
# Seconds of the creation, seconds until the last update, and whether it is active and of severity
# high.
ROWS = st.lists(
    st.tuples(
        st.integers(0, 59) | st.sampled_from([7, 8]),
        st.integers(0, 3000),
        st.booleans(),
        st.booleans(),
    ),
    max_size=40,
)


def stamp(second: int) -> str:
    minutes, seconds = divmod(second, 60)
    return f"2026-11-23T{11 + minutes // 60}:{minutes % 60:02}:{seconds:02}.5000000Z"


class Listing:
    """A list behind an API's `$filter`, `$top` and `$skip`, sorted by one of its times."""

    def __init__(self, api: str, rows: list[tuple[int, int, bool, bool]], by: str) -> None:
        self.name = api
        self.server_time: int | None = None
        self.tenant = CONTOSO
        self.asked: list[dict[str, str]] = []
        number, created, updated, active, high = NAMES[api]
        self.items = [
            {
                number: str(place) if api == "graph" else place,
                created: stamp(made),
                updated: stamp(made + later),
                "status": active if is_active else "resolved",
                "severity": high if is_high else "low",
            }
            for place, (made, later, is_active, is_high) in enumerate(rows, 100)
        ]
        self.items.sort(key=lambda one: one[created if by == "created" else updated], reverse=True)

    def get(self, path: str, params: dict[str, str]) -> dict[str, t.Any]:
        self.asked.append(params)
        left = list(filter(predicate(params), self.items))
        top, skip = int(params["$top"]), int(params.get("$skip", 0))
        graph = self.name == "graph"
        assert top <= (_incidents_graph.GraphIncidents.most if graph else _incidents_xdr.MOST)
        more = self.name == "graph" and len(left) > skip + top
        link = {"@odata.nextLink": "https://graph.microsoft.com/next"} if more else {}
        return {"value": left[skip : skip + top], **link}


def predicate(params: dict[str, str]) -> t.Callable[[dict[str, t.Any]], bool]:
    """The filter as a predicate; whole seconds and a half are all the times there are here."""
    text = params.get("$filter", "")
    bounds = re.findall(r"(\w+) (ge|lt) (\S+?)Z", text)
    words = re.findall(r"(\w+) eq '(\w+)'", text)

    def padded(time: str) -> str:
        whole, _dot, rest = time.partition(".")
        return f"{whole}.{rest:0<7}Z"

    def fits(one: dict[str, t.Any]) -> bool:
        return all(
            (one[name] >= padded(time)) == (operator == "ge") for name, operator, time in bounds
        ) and all(one[name].lower() == word.lower() for name, word in words)

    return fits


@pytest.mark.parametrize("api", ["graph", "xdr"])
@pytest.mark.parametrize("by", ["updated", "created"])
@settings(max_examples=settings().max_examples // 2)
@given(rows=ROWS, limit=st.integers(0, 12), narrow=st.booleans())
def test_a_limit_gives_the_newest_by_creation_of_any_set_of_incidents(
    api: str, by: str, rows: list[tuple[int, int, bool, bool]], limit: int, narrow: bool
) -> None:
    options: dict[str, t.Any] = {"status": ("active",), "severity": ("high",)} if narrow else {}
    service = Listing(api, rows, by)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_incidents_graph.GraphIncidents, "most", 4)
        patch.setattr(_incidents_xdr, "MOST", 5)
        source = SOURCES[api](t.cast("t.Any", service), Wanted(limit=limit, **options))
        found, truncated = _walk.everything(source, limit=limit)
    fitting = [
        (made, place)
        for place, (made, _later, active, high) in enumerate(rows, 100)
        if not narrow or (active and high)
    ]
    expected = [str(place) for _made, place in sorted(fitting, reverse=True)]
    assert [one["id"] for one in found] == expected[: limit or None]
    assert truncated == bool(limit and len(fitting) > limit)
    # no request for what no page can hold, and no more pages than the list has, twice
    assert len(service.asked) <= 8 + 2 * len(rows)


@pytest.mark.parametrize("api", ["graph", "xdr"])
def test_ten_of_ten_thousand_take_two_requests(api: str) -> None:
    rows = [(number % 3600, number * 7 % 60, True, True) for number in range(10_000)]
    service = Listing(api, rows, "updated")
    found, truncated = _walk.everything(
        SOURCES[api](t.cast("t.Any", service), Wanted(limit=10)), limit=10
    )
    assert {one["created_date_time"][14:19] for one in found} <= {
        f"59:5{end}" for end in range(5, 10)
    }
    assert truncated
    assert len(service.asked) <= 3


@pytest.mark.parametrize("api", ["graph", "xdr"])
@pytest.mark.parametrize("field", [1, 2])
@pytest.mark.parametrize("broken", [None, "", "soon", 5, [], {}])
def test_an_item_without_its_times_is_one_sentence_that_names_the_tenant(
    api: str, field: int, broken: t.Any
) -> None:
    service = Listing(api, [(1, 2, True, True), (3, 4, True, True)], "updated")
    service.items[1][NAMES[api][field]] = broken
    with pytest.raises(DefenderError) as raised:
        _walk.everything(SOURCES[api](t.cast("t.Any", service), Wanted()), limit=1000)
    assert raised.value.category == "unavailable"
    assert raised.value.message.startswith(f"Tenant contoso ({TENANT}): ")
    assert "item 100 without a " in raised.value.message
