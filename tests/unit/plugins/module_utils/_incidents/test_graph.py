# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Incidents of Graph: the filter word for word, and the requests one by one."""

from __future__ import annotations

import re
import types
import typing as t

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._incidents import (
    graph as _incidents_graph,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._incidents import (
    graph_source as _source,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._incidents import paging as _walk
from ansible_collections.mssp.defender_xdr.plugins.module_utils._incidents.incident import Wanted
from ansible_collections.mssp.defender_xdr.plugins.module_utils._incidents.pages import Window
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.module_utils._incidents.docs import (
    DAY,
    NOON,
    OWNER,
    SAMPLE,
    TOLD,
)
from hypothesis import given
from hypothesis import strategies as st

GRAPH, XDR = "/v1.0/security/incidents", "/api/incidents"
CONTOSO = types.SimpleNamespace(
    options=types.SimpleNamespace(tenant_id=OWNER.upper(), label="contoso")
)


class FakeApi:
    """An API that speaks a script and checks each request; a request too many or too few fails the
    test."""

    def __init__(
        self, *script: tuple[str, dict[str, str] | None, t.Any], clock: int | None = None
    ) -> None:
        self.script = list(script)
        self.server_time = clock
        self.tenant = CONTOSO

    def get(self, path: str, params: dict[str, str] | None = None) -> dict[str, t.Any]:
        assert self.script, f"nobody expected {path} {params}"
        wanted_path, wanted_params, reply = self.script.pop(0)
        assert (path, params) == (wanted_path, wanted_params)
        if isinstance(reply, DefenderError):
            raise reply
        return t.cast("dict[str, t.Any]", reply)


def graph(api: FakeApi, **wanted: t.Any) -> _incidents_graph.GraphIncidents:
    return _incidents_graph.GraphIncidents(t.cast("t.Any", api), Wanted(**wanted))


def everything(api: FakeApi, **wanted: t.Any) -> tuple[list[str], bool]:
    found, more = _walk.everything(graph(api, **wanted), limit=wanted.get("limit", 1000))
    assert not api.script, "a call is missing"
    return [item["id"] for item in found], more


def incident(number: int, seconds: int = 0, **changes: t.Any) -> dict[str, t.Any]:
    """An incident that was updated so many seconds before 11:40."""
    minute, second = divmod(40 * 60 - seconds, 60)
    return {
        **SAMPLE,
        "id": str(number),
        "lastUpdateDateTime": f"2026-11-23T11:{minute:02d}:{second:02d}.5Z",
        **changes,
    }


def page(*incidents: dict[str, t.Any], more: bool = False) -> dict[str, t.Any]:
    link = (
        {"@odata.nextLink": "https://graph.microsoft.com/v1.0/security/incidents?$skip=50"}
        if more
        else {}
    )
    return {
        "@odata.context": "https://graph.microsoft.com/v1.0/$metadata#security/incidents",
        "value": list(incidents),
        **link,
    }


FILTERS = [
    ({}, None),
    ({"status": ("active",)}, "status eq 'active'"),
    ({"status": ("active", "in_progress")}, "(status eq 'active' or status eq 'inProgress')"),
    ({"status": ("awaiting_action",)}, "status eq 'awaitingAction'"),
    ({"severity": ("high",)}, "severity eq 'high'"),
    (
        {"classification": ("informational_expected_activity",)},
        "classification eq 'informationalExpectedActivity'",
    ),
    (
        {"determination": ("not_enough_data_to_validate",)},
        "determination eq 'notEnoughDataToValidate'",
    ),
    (
        {"determination": ("compromised_account", "apt")},
        "(determination eq 'compromisedAccount' or determination eq 'apt')",
    ),
    ({"assigned_to": ("o'hara@contoso.com",)}, "assignedTo eq 'o''hara@contoso.com'"),
    ({"assigned_to": ("",)}, "assignedTo eq null"),
    (
        {"assigned_to": ("", "kai@contoso.com")},
        "(assignedTo eq null or assignedTo eq 'kai@contoso.com')",
    ),
    ({"created_since": NOON}, "createdDateTime ge 2026-11-23T12:00:00Z"),
    ({"created_before": NOON + 1}, "createdDateTime lt 2026-11-23T12:00:00.0000001Z"),
    ({"updated_since": NOON - DAY}, "lastUpdateDateTime ge 2026-11-22T12:00:00Z"),
    ({"updated_before": NOON}, "lastUpdateDateTime lt 2026-11-23T12:00:00Z"),
    (
        {"filter": "priorityScore gt 80 or severity eq 'high'"},
        "(priorityScore gt 80 or severity eq 'high')",
    ),
    (
        {
            "filter": "priorityScore gt 80",
            "status": ("active", "in_progress"),
            "severity": ("high",),
            "classification": ("unknown",),
            "determination": ("unknown",),
            "assigned_to": ("",),
            "created_since": NOON - DAY,
            "created_before": NOON,
            "updated_since": NOON - DAY,
            "updated_before": NOON,
        },
        "(priorityScore gt 80) and (status eq 'active' or status eq 'inProgress') and severity eq"
        " 'high' and classification eq 'unknown' and determination eq 'unknown' and assignedTo eq"
        " null and createdDateTime ge 2026-11-22T12:00:00Z and createdDateTime lt"
        " 2026-11-23T12:00:00Z and lastUpdateDateTime ge 2026-11-22T12:00:00Z and"
        " lastUpdateDateTime lt 2026-11-23T12:00:00Z",
    ),
]


@pytest.mark.parametrize(("wanted", "text"), FILTERS)
def test_each_option_becomes_a_term_of_the_filter(
    wanted: dict[str, t.Any], text: str | None
) -> None:
    assert _source.filter_text(Wanted(**wanted)) == text


def test_one_page_is_one_request() -> None:
    assert everything(FakeApi((GRAPH, {"$top": "50"}, page(incident(1))))) == (["1"], False)


def test_an_empty_list_is_one_request() -> None:
    assert everything(FakeApi((GRAPH, {"$top": "50"}, page()))) == ([], False)


@pytest.mark.parametrize(
    ("limit", "top"), [(0, "50"), (1, "25"), (10, "28"), (21, "50"), (50, "50"), (1000, "50")]
)
def test_the_page_size_fits_the_limit_and_the_maximum_of_graph(limit: int, top: str) -> None:
    everything(FakeApi((GRAPH, {"$top": top}, page())), limit=limit)


def test_the_filter_and_the_expansion_are_sent() -> None:
    params = {"$top": "50", "$filter": "status eq 'active'", "$expand": "alerts"}
    everything(FakeApi((GRAPH, params, page(incident(1)))), status=("active",), expand_alerts=True)


class MovingGraph:
    """A list of incidents behind Graph's filter, page and order, that changes after each answer as
    it was told to."""

    def __init__(
        self, seconds: dict[int, int], moves: t.Sequence[tuple[int, int]], *, most: int
    ) -> None:
        self.server_time: int | None = None
        self.tenant = CONTOSO
        self.states = [dict(seconds)]
        self.moves = list(moves)
        self.most = most
        self.newest = 0

    def get(self, path: str, params: dict[str, str]) -> dict[str, t.Any]:
        assert path == GRAPH
        top, skip = int(params["$top"]), int(params.get("$skip", 0))
        assert 1 <= top <= self.most
        found = [incident(number, at) for number, at in self.states[-1].items()]
        for operator, bound in re.findall(
            r"lastUpdateDateTime (ge|lt) (\S+)", params.get("$filter", "")
        ):
            # every time here has the same digits up to the second, so that text can be compared
            # once the bound is padded
            exact = f"{bound.rstrip('Z') if '.' in bound else bound.rstrip('Z') + '.'}"
            whole, _unused, fraction = exact.partition(".")
            limit = f"{whole}.{fraction:0<7}"
            found = [
                one
                for one in found
                if (one["lastUpdateDateTime"].replace(".5Z", ".5000000") >= limit)
                is (operator == "ge")
            ]
        found.sort(key=lambda one: (one["lastUpdateDateTime"], one["id"]), reverse=True)
        reply = page(*found[skip : skip + top], more=len(found) > skip + top)
        if self.moves:
            number, how = self.moves.pop(0)
            # what is updated is among the newest
            self.newest -= how
            self.states.append({**self.states[-1], number: self.newest})
        return reply


SECONDS = st.dictionaries(st.integers(1, 30), st.integers(100, 130), max_size=30)


@given(
    seconds=SECONDS, moves=st.lists(st.tuples(st.integers(1, 40), st.integers(0, 2)), max_size=12)
)
def test_a_list_that_changes_is_returned_as_it_was_at_one_moment(
    seconds: dict[int, int], moves: list[tuple[int, int]]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_incidents_graph.GraphIncidents, "most", 4)
        api = MovingGraph(seconds, moves, most=4)
        found, more = _walk.everything(graph(t.cast("t.Any", api), limit=0), limit=0)
    told = {item["id"]: item["last_update_date_time"] for item in found}
    states = [
        {str(number): incident(number, at)["lastUpdateDateTime"] for number, at in state.items()}
        for state in api.states
    ]
    assert len(told) == len(found)
    assert told in states
    assert more is False


@pytest.mark.parametrize(
    ("count", "limit", "wanted"),
    [
        (2, 2, (["9", "8"], False)),
        (3, 2, (["9", "8"], True)),
        (1, 2, (["9"], False)),
        (3, 0, (["9", "8", "7"], False)),
    ],
)
def test_a_limit_is_exact_and_a_longer_list_is_truncated(
    count: int, limit: int, wanted: tuple[list[str], bool]
) -> None:
    incidents = [incident(9 - at, at) for at in range(count)]
    top = "25" if limit else "50"
    assert everything(FakeApi((GRAPH, {"$top": top}, page(*incidents))), limit=limit) == wanted


def test_one_incident_is_requested_by_its_number() -> None:
    assert graph(FakeApi((f"{GRAPH}/2972395", None, SAMPLE))).get("2972395") == TOLD
    assert (
        graph(FakeApi((f"{GRAPH}/2972395", {"$expand": "alerts"}, SAMPLE)), expand_alerts=True).get(
            "2972395"
        )
        == TOLD
    )


def test_incidents_are_read_one_by_one_if_graph_fails_to_expand_their_alerts() -> None:
    failing = DefenderError("timeout", "Tenant contoso: GET returned 504.")
    api = FakeApi(
        (GRAPH, {"$top": "50", "$expand": "alerts"}, failing),
        (GRAPH, {"$top": "50"}, page(incident(1, 0), incident(2, 1))),
        (f"{GRAPH}/1", {"$expand": "alerts"}, incident(1, 0, alerts=[{"id": "a1"}])),
        (f"{GRAPH}/2", {"$expand": "alerts"}, failing),
    )
    source = graph(api, expand_alerts=True)
    found, _more = _walk.everything(source, limit=0)
    assert {item["id"]: item.get("alerts") for item in found} == {"1": [{"id": "a1"}], "2": None}
    assert len(source.warnings) == 1
    assert "Incident 2 is listed without its alerts" in source.warnings[0]
    assert api.script == []


@pytest.mark.parametrize("category", ["role_missing", "bad_request", "throttled", "not_licensed"])
def test_no_other_failure_is_worked_around(category: str) -> None:
    api = FakeApi((GRAPH, {"$top": "50", "$expand": "alerts"}, DefenderError(category, "x")))
    with pytest.raises(DefenderError) as caught:
        everything(api, expand_alerts=True)
    assert caught.value.category == category


@pytest.mark.parametrize("reply", [{}, {"message": "Welcome to the hotel's network."}])
def test_a_response_without_a_list_is_an_error(reply: dict[str, t.Any]) -> None:
    with pytest.raises(DefenderError):
        everything(FakeApi((GRAPH, {"$top": "50"}, reply)))


def test_the_documented_incident_is_normalized() -> None:
    assert graph(FakeApi((GRAPH, {"$top": "50"}, page(SAMPLE)))).page(Window(), 0).items == [TOLD]


def test_an_annotation_of_a_member_is_no_field() -> None:
    reply = {
        **SAMPLE,
        "alerts@odata.context": "https://graph.microsoft.com/v1.0/$metadata#security/incidents('2972395')/alerts",
        "alerts": [],
    }
    assert graph(FakeApi((f"{GRAPH}/1", {"$expand": "alerts"}, reply)), expand_alerts=True).get(
        "1"
    ) == {**TOLD, "alerts": []}
