# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Incidents: the filters word for word, the requests one by one, and the words of the
collection."""

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
    incident as _incidents,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._incidents import paging as _walk
from ansible_collections.mssp.defender_xdr.plugins.module_utils._incidents import (
    xdr as _incidents_xdr,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._incidents.incident import Wanted
from ansible_collections.mssp.defender_xdr.plugins.module_utils._incidents.pages import Window
from hypothesis import given
from hypothesis import strategies as st

GRAPH, XDR = "/v1.0/security/incidents", "/api/incidents"
NOON = 1_795_435_200 * 10_000_000  # 2026-11-23T12:00:00Z in ticks
DAY = 864_000_000_000
OWNER = "b3c1b5fc-828c-45fa-a1e1-10d74f6d6e9c"
CONTOSO = types.SimpleNamespace(
    options=types.SimpleNamespace(tenant_id=OWNER.upper(), label="contoso")
)
# The example of Graph's page on listing incidents; its capitals and its names in comments are as
# they stand there.
SAMPLE: dict[str, t.Any] = {
    "@odata.type": "#microsoft.graph.security.incident",
    "id": "2972395",
    "incidentWebUrl": "https://security.microsoft.com/incidents/2972395?tid=12f988bf-16f1-11af-11ab-1d7cd011db47",
    "redirectIncidentId": None,
    "tenantId": "b3c1b5fc-828c-45fa-a1e1-10d74f6d6e9c",
    "displayName": (
        "Multi-stage incident involving Initial access & Command and control on"
        " multiple endpoints reported by multiple sources"
    ),
    "createdDateTime": "2021-08-13T08:43:35.5533333Z",
    "lastUpdateDateTime": "2021-09-30T09:35:45.1133333Z",
    "assignedTo": "KaiC@contoso.onmicrosoft.com",
    "classification": "TruePositive",
    "determination": "MultiStagedAttack",
    "status": "Active",
    "severity": "Medium",
    "customTags": ["Demo"],
    "comments": [
        {
            "comment": "Demo incident",
            "createdBy": "DavidS@contoso.onmicrosoft.com",
            "createdTime": "2021-09-30T12:07:37.2756993Z",
        }
    ],
    "systemTags": ["Defender Experts"],
    "description": "Microsoft observed Raspberry Robin worm activity.",
}
TOLD: dict[str, t.Any] = {
    "id": "2972395",
    "incident_web_url": "https://security.microsoft.com/incidents/2972395?tid=12f988bf-16f1-11af-11ab-1d7cd011db47",
    "redirect_incident_id": None,
    "tenant_id": "b3c1b5fc-828c-45fa-a1e1-10d74f6d6e9c",
    "display_name": (
        "Multi-stage incident involving Initial access & Command and control on"
        " multiple endpoints reported by multiple sources"
    ),
    "created_date_time": "2021-08-13T08:43:35.5533333Z",
    "last_update_date_time": "2021-09-30T09:35:45.1133333Z",
    "assigned_to": "KaiC@contoso.onmicrosoft.com",
    "classification": "true_positive",
    "determination": "multi_staged_attack",
    "status": "active",
    "severity": "medium",
    "custom_tags": ["Demo"],
    "comments": [
        {
            "comment": "Demo incident",
            "created_by_display_name": "DavidS@contoso.onmicrosoft.com",
            "created_date_time": "2021-09-30T12:07:37.2756993Z",
        }
    ],
    "system_tags": ["Defender Experts"],
    "description": "Microsoft observed Raspberry Robin worm activity.",
}


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


# Filters


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
def test_each_option_is_a_test_of_graphs_filter(wanted: dict[str, t.Any], text: str | None) -> None:
    assert _incidents_graph.filter_text(Wanted(**wanted)) == text


@pytest.mark.parametrize(
    ("wanted", "text"),
    [
        ({}, None),
        ({"status": ("active", "in_progress")}, "(status eq 'Active' or status eq 'InProgress')"),
        (
            {
                "severity": ("high",),
                "classification": ("true_positive",),
                "determination": ("malware",),
            },
            None,
        ),
        ({"assigned_to": ("o'hara@contoso.com",)}, "assignedTo eq 'o''hara@contoso.com'"),
        ({"assigned_to": ("", "kai@contoso.com")}, None),
        (
            {"created_since": NOON - DAY, "created_before": NOON},
            "createdTime ge 2026-11-22T12:00:00Z and createdTime lt 2026-11-23T12:00:00Z",
        ),
        (
            {"updated_since": NOON, "filter": "status eq 'Active'"},
            "(status eq 'Active') and lastUpdateTime ge 2026-11-23T12:00:00Z",
        ),
    ],
)
def test_the_older_api_is_asked_for_what_it_can_filter(
    wanted: dict[str, t.Any], text: str | None
) -> None:
    assert _incidents_xdr.filter_text(Wanted(**wanted)) == text


def test_the_older_api_knows_no_awaited_action() -> None:
    with pytest.raises(DefenderError) as caught:
        _incidents_xdr.filter_text(Wanted(status=("active", "awaiting_action")))
    assert caught.value.category == "unsupported"


# Requests


def test_one_page_is_one_request() -> None:
    assert everything(FakeApi((GRAPH, {"$top": "50"}, page(incident(1))))) == (["1"], False)


def test_an_empty_list_is_one_request() -> None:
    assert everything(FakeApi((GRAPH, {"$top": "50"}, page()))) == ([], False)


@pytest.mark.parametrize(
    ("limit", "top"), [(0, "50"), (1, "25"), (10, "28"), (21, "50"), (50, "50"), (1000, "50")]
)
def test_no_page_is_asked_for_that_graph_would_refuse(limit: int, top: str) -> None:
    everything(FakeApi((GRAPH, {"$top": top}, page())), limit=limit)


@given(limit=st.integers(0, 100_000))
def test_a_page_is_never_larger_than_allowed_nor_smaller_than_what_tells_whether_there_is_more(
    limit: int,
) -> None:
    size = _incidents.page_size(limit, 50)
    assert 1 <= size <= 50
    assert size == 50 or size > limit


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
def test_a_list_that_moves_is_told_as_it_was_at_one_moment(
    seconds: dict[int, int], moves: list[tuple[int, int]]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_incidents_graph, "MOST", 4)
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
def test_a_limit_is_exact_and_one_more_is_told(
    count: int, limit: int, wanted: tuple[list[str], bool]
) -> None:
    incidents = [incident(9 - at, at) for at in range(count)]
    top = "25" if limit else "50"
    assert everything(FakeApi((GRAPH, {"$top": top}, page(*incidents))), limit=limit) == wanted


def test_one_incident_is_asked_for_by_its_number() -> None:
    assert graph(FakeApi((f"{GRAPH}/2972395", None, SAMPLE))).incident("2972395") == TOLD
    assert (
        graph(
            FakeApi((f"{GRAPH}/2972395", {"$expand": "alerts"}, SAMPLE)), expand_alerts=True
        ).incident("2972395")
        == TOLD
    )


def test_incidents_come_one_by_one_where_graph_fails_over_their_alerts() -> None:
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
def test_an_answer_without_a_list_is_no_empty_list(reply: dict[str, t.Any]) -> None:
    with pytest.raises(DefenderError):
        everything(FakeApi((GRAPH, {"$top": "50"}, reply)))


# Words


def test_the_incident_of_graphs_page_is_told_in_the_collections_words() -> None:
    assert graph(FakeApi((GRAPH, {"$top": "50"}, page(SAMPLE)))).page(Window(), 0).items == [TOLD]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("Active", "active"),
        ("active", "active"),
        ("InProgress", "in_progress"),
        ("inProgress", "in_progress"),
        ("TruePositive", "true_positive"),
        ("unknownFutureValue", "unknown_future_value"),
        (None, None),
    ],
)
def test_an_enum_is_told_in_one_spelling(given: str | None, told: str | None) -> None:
    assert _incidents.normalized({"status": given, "displayName": given}) == {
        "status": told,
        "display_name": given,
    }


def test_an_alert_and_its_evidence_are_told_in_the_same_words() -> None:
    # out of the example of Graph's page on listing alerts
    alert = {
        "@odata.type": "#microsoft.graph.security.alert",
        "id": "da637551227677560813_-961444813",
        "status": "new",
        "severity": "low",
        "serviceSource": "microsoftDefenderForEndpoint",
        "detectionSource": "antivirus",
        "category": "DefenseEvasion",
        "mitreTechniques": ["T1564.001"],
        "assignedTo": None,
        "additionalData": {"someKey": {"innerKey": "InProgress"}},
        "evidence": [
            {
                "@odata.type": "#microsoft.graph.security.deviceEvidence",
                "verdict": "Suspicious",
                "remediationStatus": "none",
                "mdeDeviceId": "73e7e2de709dff64ef64b1d0c30e67fab63279db",
                "osBuild": 22424,
                "vmMetadata": {"vmId": "ca1b0d41-5a3b-4d95-b48b-f220aed11d78"},
            },
            {
                "@odata.type": "#microsoft.graph.security.fileEvidence",
                "detectionStatus": "detected",
                "fileDetails": {
                    "sha256": "8963a19fb992ad9a",
                    "fileName": "MsSense.exe",
                    "filePath": "C:\\Program Files\\temp",
                },
            },
        ],
    }
    assert _incidents.normalized(alert) == {
        "odata_type": "#microsoft.graph.security.alert",
        "id": "da637551227677560813_-961444813",
        "status": "new",
        "severity": "low",
        "service_source": "microsoft_defender_for_endpoint",
        "detection_source": "antivirus",
        "category": "DefenseEvasion",
        "mitre_techniques": ["T1564.001"],
        "assigned_to": None,
        "additional_data": {"someKey": {"innerKey": "InProgress"}},
        "evidence": [
            {
                "odata_type": "#microsoft.graph.security.deviceEvidence",
                "verdict": "suspicious",
                "remediation_status": "none",
                "mde_device_id": "73e7e2de709dff64ef64b1d0c30e67fab63279db",
                "os_build": 22424,
                "vm_metadata": {"vm_id": "ca1b0d41-5a3b-4d95-b48b-f220aed11d78"},
            },
            {
                "odata_type": "#microsoft.graph.security.fileEvidence",
                "detection_status": "detected",
                "file_details": {
                    "sha256": "8963a19fb992ad9a",
                    "file_name": "MsSense.exe",
                    "file_path": "C:\\Program Files\\temp",
                },
            },
        ],
    }


def test_an_annotation_of_a_member_is_no_field() -> None:
    reply = {
        **SAMPLE,
        "alerts@odata.context": "https://graph.microsoft.com/v1.0/$metadata#security/incidents('2972395')/alerts",
        "alerts": [],
    }
    assert graph(
        FakeApi((f"{GRAPH}/1", {"$expand": "alerts"}, reply)), expand_alerts=True
    ).incident("1") == {**TOLD, "alerts": []}


# Which fit


@pytest.mark.parametrize(
    ("wanted", "yes"),
    [
        ({}, True),
        ({"status": ("active", "resolved")}, True),
        ({"status": ("resolved",)}, False),
        ({"severity": ("high",)}, False),
        ({"classification": ("true_positive",), "determination": ("multi_staged_attack",)}, True),
        ({"assigned_to": ("kaic@CONTOSO.onmicrosoft.com",)}, True),
        ({"assigned_to": ("",)}, False),
        ({"updated_since": 16_329_945_451_133_333}, True),
        ({"updated_since": 16_329_945_451_133_334}, False),
        ({"updated_before": 16_329_945_451_133_333}, False),
        ({"updated_before": 16_329_945_451_133_334}, True),
        ({"created_since": 16_288_442_155_533_334}, False),
        ({"created_before": 16_288_442_155_533_334, "created_since": 16_288_442_155_533_333}, True),
    ],
)
def test_whether_an_incident_fits_is_told_to_the_tick(wanted: dict[str, t.Any], yes: bool) -> None:
    assert _incidents.fits(TOLD, Wanted(**wanted)) is yes


@pytest.mark.parametrize("nobody", [None, ""])
def test_an_incident_of_nobody_is_unassigned(nobody: str | None) -> None:
    assert _incidents.fits({**TOLD, "assigned_to": nobody}, Wanted(assigned_to=("",)))


# Parameters


def given_parameters(**changes: t.Any) -> dict[str, t.Any]:
    names = (
        "status severity classification determination assigned_to created_since created_before"
        " updated_since updated_before filter fields"
    )
    return {**dict.fromkeys(names.split()), "expand_alerts": False, "limit": 1000, **changes}


def test_parameters_become_what_is_wanted() -> None:
    given_ones = given_parameters(
        status=["active"],
        assigned_to=[""],
        updated_since="24h",
        created_before="2026-11-23T12:00:00Z",
        fields=["severity"],
        limit=5,
    )
    assert _incidents.wanted(given_ones, at=NOON) == Wanted(
        status=("active",),
        assigned_to=("",),
        updated_since=NOON - DAY,
        created_before=NOON,
        fields=("severity",),
        limit=5,
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"limit": -1}, "limit is -1, but must be a number of incidents, or 0 for all of them."),
        (
            {"fields": ["severity", "serverity", "color"]},
            (
                "fields names serverity, color, but must list only fields of an incident: id,"
                " display_name, "
            ),
        ),
        (
            {"created_since": "1d", "created_before": "2d"},
            (
                "created_since (2026-11-22T12:00:00Z) must be before created_before"
                " (2026-11-21T12:00:00Z)"
            ),
        ),
        (
            {"updated_since": "1d", "updated_before": "1d"},
            "updated_since (2026-11-22T12:00:00Z) must be before updated_before",
        ),
        (
            {"updated_since": "2026-11-22T12:00:00"},
            "updated_since is '2026-11-22T12:00:00', which has no offset",
        ),
    ],
)
def test_what_no_service_could_answer_is_refused(changes: dict[str, t.Any], said: str) -> None:
    with pytest.raises(DefenderError) as caught:
        _incidents.wanted(given_parameters(**changes), at=NOON)
    assert caught.value.category == "bad_request"
    assert caught.value.message.startswith(said)


@pytest.mark.parametrize("text", ["2972395", " 28282 "])
def test_an_id_is_a_number(text: str) -> None:
    assert _incidents.number(text) == text.strip()


@pytest.mark.parametrize(
    "text", ["", " ", "abc", "1/../2", "1?x=1", "-1", "1.5", "0x1", "²", "1 2"]
)
def test_an_id_that_is_no_number_never_becomes_part_of_a_url(text: str) -> None:
    with pytest.raises(DefenderError, match="an incident's id is a number such as 2972395"):
        _incidents.number(text)


def test_an_id_in_other_digits_is_refused() -> None:
    with pytest.raises(DefenderError):
        _incidents.number("٢٩٧٢٣٩٥")


def test_the_chosen_fields_come_with_the_id() -> None:
    assert _incidents.chosen(TOLD, ("severity", "status")) == {
        "id": "2972395",
        "severity": "medium",
        "status": "active",
    }
    assert _incidents.chosen(TOLD, ()) == TOLD


def test_the_watermark_is_the_greatest_update_to_the_seventh_digit() -> None:
    times = [
        "2026-11-22T09:39:50.7688641Z",
        "2026-11-22T09:39:50.7688642Z",
        "2026-11-22T09:39:50.768864",
        None,
    ]
    assert (
        _incidents.watermark([{"last_update_date_time": each} for each in times])
        == "2026-11-22T09:39:50.7688642Z"
    )
    assert _incidents.watermark([]) is None
    assert _incidents.watermark([{"id": "1"}]) is None
