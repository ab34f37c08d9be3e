# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The older API: what it is asked, what is finished here, and its words told in Graph's."""

from __future__ import annotations

import types
import typing as t

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._incidents import (
    incident as _incidents,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._incidents import paging as _walk
from ansible_collections.mssp.defender_xdr.plugins.module_utils._incidents import (
    xdr as _incidents_xdr,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._incidents.incident import Wanted
from ansible_collections.mssp.defender_xdr.plugins.module_utils._incidents.pages import Window
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.module_utils._incidents.docs import (
    DAY,
)
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.stand_ins import TENANT
from hypothesis import given
from hypothesis import strategies as st

PATH = "/api/incidents"
NOON = 1_795_435_200 * 10_000_000  # 2026-11-23T12:00:00Z in ticks


# The first incident of the example on Microsoft's page about listing incidents; its alert without
# most of its members.
SAMPLE: dict[str, t.Any] = {
    "incidentId": 924565,
    "redirectIncidentId": None,
    "incidentName": "Ransomware activity",
    "createdTime": "2020-09-06T14:46:57.0733333Z",
    "lastUpdateTime": "2020-09-06T14:46:57.29Z",
    "assignedTo": None,
    "classification": "Unknown",
    "determination": "NotAvailable",
    "status": "Active",
    "severity": "Medium",
    "tags": [],
    "comments": [
        {
            "comment": "test comment for docs",
            "createdBy": "secop123@contoso.com",
            "createdTime": "2021-01-26T01:00:37.8404534Z",
        }
    ],
    "alerts": [
        {
            "alertId": "caD70CFEE2-1F54-32DB-9988-3A868A1EBFAC",
            "incidentId": 924565,
            "serviceSource": "MicrosoftCloudAppSecurity",
            "creationTime": "2020-09-06T14:46:55.7182276Z",
            "lastUpdatedTime": "2020-09-06T14:46:57.2433333Z",
            "resolvedTime": None,
            "firstActivity": "2020-09-04T05:22:59Z",
            "lastActivity": "2020-09-04T05:22:59Z",
            "title": "Ransomware activity",
            "category": "Impact",
            "status": "New",
            "severity": "Medium",
            "investigationState": "UnsupportedAlertType",
            "classification": None,
            "determination": None,
            "detectionSource": "MCAS",
            "assignedTo": None,
            "actorName": None,
            "threatFamilyName": None,
            "mitreTechniques": [],
            "devices": [],
            "entities": [],
        }
    ],
}


class FakeApi:
    """The API with these incidents, all of them on its first page; it remembers what it was
    asked."""

    def __init__(self, *incidents: dict[str, t.Any]) -> None:
        self.incidents = incidents
        self.asked: list[tuple[str, dict[str, str] | None]] = []
        self.server_time: int | None = None
        self.tenant = types.SimpleNamespace(
            options=types.SimpleNamespace(tenant_id=TENANT, label=f"contoso ({TENANT})")
        )

    def get(self, path: str, params: dict[str, str] | None = None) -> dict[str, t.Any]:
        self.asked.append((path, params))
        if path != PATH:
            return next(one for one in self.incidents if path == f"{PATH}/{one['incidentId']}")
        return {
            "@odata.context": "https://api.security.microsoft.com/api/$metadata#Incidents",
            "value": list(self.incidents),
        }


def source(*incidents: dict[str, t.Any], **wanted: t.Any) -> _incidents_xdr.XdrIncidents:
    return _incidents_xdr.XdrIncidents(t.cast("t.Any", FakeApi(*incidents)), Wanted(**wanted))


def told(**changes: t.Any) -> dict[str, t.Any]:
    """The example in the collection's words, with these members of the service's changed."""
    return source({**SAMPLE, **changes}).get("924565")


def found(incidents: list[dict[str, t.Any]], **wanted: t.Any) -> list[str]:
    return [
        one["id"]
        for one in _walk.everything(source(*incidents, **wanted), limit=wanted.get("limit", 1000))[
            0
        ]
    ]


# What is asked. The page filters on lastUpdateTime, createdTime, status and assignedTo, and on


# nothing else.


@pytest.mark.parametrize(
    ("wanted", "text"),
    [
        ({}, None),
        ({"status": ("active",)}, "status eq 'Active'"),
        ({"status": ("active", "in_progress")}, "(status eq 'Active' or status eq 'InProgress')"),
        (
            {"status": ("resolved", "redirected")},
            "(status eq 'Resolved' or status eq 'Redirected')",
        ),
        ({"assigned_to": ("secop123@contoso.com",)}, "assignedTo eq 'secop123@contoso.com'"),
        (
            {"assigned_to": ("o'hara@contoso.com", "kai@contoso.com")},
            "(assignedTo eq 'o''hara@contoso.com' or assignedTo eq 'kai@contoso.com')",
        ),
        ({"created_since": NOON}, "createdTime ge 2026-11-23T12:00:00Z"),
        ({"created_before": NOON + 5_000_000}, "createdTime lt 2026-11-23T12:00:00.5Z"),
        ({"updated_since": NOON + 1}, "lastUpdateTime ge 2026-11-23T12:00:00.0000001Z"),
        ({"updated_before": NOON}, "lastUpdateTime lt 2026-11-23T12:00:00Z"),
        (
            {"filter": "status eq 'Active' or status eq 'Resolved'"},
            "(status eq 'Active' or status eq 'Resolved')",
        ),
        (
            {"filter": "status eq 'Active'", "status": ("active",), "updated_since": NOON},
            (
                "(status eq 'Active') and status eq 'Active' and lastUpdateTime ge"
                " 2026-11-23T12:00:00Z"
            ),
        ),
    ],
)
def test_what_the_api_can_filter_is_asked_of_it(wanted: dict[str, t.Any], text: str | None) -> None:
    api = source(SAMPLE, **wanted)
    api.page(Window(), 0)
    assert t.cast("t.Any", api._api).asked[0][1].get("$filter") == text


@pytest.mark.parametrize(
    "wanted",
    [
        {"severity": ("high",)},
        {"classification": ("true_positive",)},
        {"determination": ("malware",)},
        {"assigned_to": ("",)},
        {"assigned_to": ("", "kai@contoso.com")},
    ],
)
def test_what_the_api_cannot_filter_is_not_asked_of_it_and_pages_are_full(
    wanted: dict[str, t.Any],
) -> None:
    api = source(SAMPLE, limit=3, **wanted)
    api.page(Window(), 0)
    assert t.cast("t.Any", api._api).asked == [(PATH, {"$top": "100"})]


@pytest.mark.parametrize(
    ("limit", "top"), [(1, "25"), (20, "48"), (50, "100"), (1000, "100"), (0, "100")]
)
def test_no_page_is_larger_than_a_hundred(limit: int, top: str) -> None:
    api = source(limit=limit)
    api.page(Window(), 0)
    assert t.cast("t.Any", api._api).asked == [(PATH, {"$top": top})]


def test_a_window_of_time_includes_both_its_ends_to_the_tick() -> None:
    api = source(status=("active",))
    api.page(Window(since=NOON, until=NOON + 20_000_000), 7)
    api.page(Window(matching=False, since=NOON), 0)
    api.page(Window(created=NOON), 0)
    window = (
        "lastUpdateTime ge 2026-11-23T12:00:00Z and lastUpdateTime lt 2026-11-23T12:00:02.0000001Z"
    )
    assert t.cast("t.Any", api._api).asked == [
        (PATH, {"$top": "100", "$filter": f"status eq 'Active' and {window}", "$skip": "7"}),
        (PATH, {"$top": "100", "$filter": "lastUpdateTime ge 2026-11-23T12:00:00Z"}),
        (
            PATH,
            {
                "$top": "100",
                "$filter": "status eq 'Active' and createdTime ge 2026-11-23T12:00:00Z",
            },
        ),
    ]


def test_awaiting_action_is_refused_before_anything_is_sent() -> None:
    api = source(status=("active", "awaiting_action"))
    with pytest.raises(DefenderError) as refused:
        api.page(Window(), 0)
    assert refused.value.category == "unsupported"
    assert "awaiting_action" in refused.value.message
    assert t.cast("t.Any", api._api).asked == []


def test_a_full_page_is_not_the_last_because_no_next_link_says_so() -> None:
    many = [{**SAMPLE, "incidentId": number} for number in range(100)]
    assert source(*many).page(Window(), 0).more
    assert not source(*many[:99]).page(Window(), 0).more


# What is finished here.


SEVERITIES = ["UnSpecified", "Informational", "Low", "Medium", "High"]
MIXED = [
    {
        **SAMPLE,
        "incidentId": 1,
        "severity": "High",
        "classification": "TruePositive",
        "determination": "Malware",
        "assignedTo": "kai@contoso.com",
    },
    {
        **SAMPLE,
        "incidentId": 2,
        "severity": "UnSpecified",
        "classification": "FalsePositive",
        "determination": "Clean",
        "assignedTo": "",
    },
    {
        **SAMPLE,
        "incidentId": 3,
        "severity": "Low",
        "classification": None,
        "determination": None,
        "assignedTo": None,
    },
    {
        **SAMPLE,
        "incidentId": 4,
        "severity": "Medium",
        "classification": "InformationalExpectedActivity",
        "determination": "SecurityTesting",
        "assignedTo": "Mor@contoso.com",
    },
    {
        **SAMPLE,
        "incidentId": 5,
        "severity": "High",
        "classification": "FalsePositive",
        "determination": "NoEnoughDataToValidate",
        "assignedTo": "kai@contoso.com",
    },
]


@pytest.mark.parametrize(
    ("wanted", "ids"),
    [
        ({"severity": ("high",)}, ["1", "5"]),
        ({"severity": ("low", "unknown")}, ["2", "3"]),
        ({"classification": ("false_positive",)}, ["2", "5"]),
        ({"classification": ("unknown",)}, ["3"]),
        ({"classification": ("informational_expected_activity",)}, ["4"]),
        ({"determination": ("not_malicious", "not_enough_data_to_validate")}, ["2", "5"]),
        ({"determination": ("unknown",)}, ["3"]),
        ({"assigned_to": ("",)}, ["2", "3"]),
        ({"assigned_to": ("", "kai@contoso.com")}, ["1", "2", "3", "5"]),
        ({"severity": ("high",), "classification": ("false_positive",)}, ["5"]),
        ({"severity": ("informational",)}, []),
    ],
)
def test_the_rest_is_told_from_the_incident(wanted: dict[str, t.Any], ids: list[str]) -> None:
    # all were created at once, so that the greater numbers come first
    assert found(MIXED, **wanted) == ids[::-1]


@given(
    st.lists(st.sampled_from(SEVERITIES), max_size=30),
    st.sets(st.sampled_from(["unknown", "informational", "low", "medium", "high"]), min_size=1),
)
def test_a_severity_is_found_whatever_else_is_on_the_page(
    severities: list[str], chosen: set[str]
) -> None:
    incidents = [
        {**SAMPLE, "incidentId": 100 + number, "severity": severity}
        for number, severity in enumerate(severities)
    ]
    words = dict(
        zip(SEVERITIES, ["unknown", "informational", "low", "medium", "high"], strict=True)
    )
    fitting = [
        str(100 + number) for number, severity in enumerate(severities) if words[severity] in chosen
    ]
    assert found(incidents, severity=tuple(chosen)) == fitting[::-1]


# What comes back.


def test_the_documented_incident_is_told_in_graph_vocabulary() -> None:
    assert told() == {
        "id": "924565",
        "redirect_incident_id": None,
        "display_name": "Ransomware activity",
        "created_date_time": "2020-09-06T14:46:57.0733333Z",
        "last_update_date_time": "2020-09-06T14:46:57.29Z",
        "assigned_to": None,
        "classification": "unknown",
        "determination": "unknown",
        "status": "active",
        "severity": "medium",
        "custom_tags": [],
        "comments": [
            {
                "comment": "test comment for docs",
                "created_by_display_name": "secop123@contoso.com",
                "created_date_time": "2021-01-26T01:00:37.8404534Z",
            }
        ],
        "tenant_id": TENANT,
    }


def test_the_documented_alert_is_told_in_graph_vocabulary() -> None:
    (alert,) = source(SAMPLE, expand_alerts=True).get("924565")["alerts"]
    assert alert == {
        "id": "caD70CFEE2-1F54-32DB-9988-3A868A1EBFAC",
        "incident_id": "924565",
        "service_source": "microsoft_defender_for_cloud_apps",
        "created_date_time": "2020-09-06T14:46:55.7182276Z",
        "last_update_date_time": "2020-09-06T14:46:57.2433333Z",
        "resolved_date_time": None,
        "first_activity_date_time": "2020-09-04T05:22:59Z",
        "last_activity_date_time": "2020-09-04T05:22:59Z",
        "title": "Ransomware activity",
        "category": "Impact",
        "status": "new",
        "severity": "medium",
        "investigation_state": "unsupported_alert_type",
        "classification": "unknown",
        "determination": "unknown",
        "detection_source": alert["detection_source"],
        "assigned_to": None,
        "actor_display_name": None,
        "threat_family_name": None,
        "mitre_techniques": [],
        "devices": [],
        "entities": [],
    }


@pytest.mark.parametrize(
    ("member", "word", "wanted"),
    [
        ("status", "Active", "active"),
        ("status", "InProgress", "in_progress"),
        ("status", "Resolved", "resolved"),
        ("status", "Redirected", "redirected"),
        ("severity", "UnSpecified", "unknown"),
        ("severity", "Informational", "informational"),
        ("severity", "High", "high"),
        ("classification", "TruePositive", "true_positive"),
        ("classification", "InformationalExpectedActivity", "informational_expected_activity"),
        ("classification", "FalsePositive", "false_positive"),
        ("classification", None, "unknown"),
        ("determination", "NotAvailable", "unknown"),
        ("determination", None, "unknown"),
        ("determination", "MultiStagedAttack", "multi_staged_attack"),
        ("determination", "MaliciousUserActivity", "malicious_user_activity"),
        ("determination", "CompromisedAccount", "compromised_account"),
        ("determination", "CompromisedUser", "compromised_account"),
        ("determination", "Malware", "malware"),
        ("determination", "Phishing", "phishing"),
        ("determination", "UnwantedSoftware", "unwanted_software"),
        ("determination", "SecurityTesting", "security_testing"),
        ("determination", "LineOfBusinessApplication", "line_of_business_application"),
        ("determination", "ConfirmedActivity", "confirmed_activity"),
        ("determination", "ConfirmedUserActivity", "confirmed_activity"),
        ("determination", "Clean", "not_malicious"),
        ("determination", "NoEnoughDataToValidate", "not_enough_data_to_validate"),
        ("determination", "InsufficientData", "not_enough_data_to_validate"),
        ("determination", "Apt", "apt"),
        ("determination", "SecurityPersonnel", "security_personnel"),
        ("determination", "Other", "other"),
    ],
)
def test_every_documented_word_has_one_in_graphs_vocabulary(
    member: str, word: str | None, wanted: str
) -> None:
    assert told(**{member: word})[member] == wanted
    assert wanted in (
        *_incidents.STATUSES,
        *_incidents.SEVERITIES,
        *_incidents.CLASSIFICATIONS,
        *_incidents.DETERMINATIONS,
    )


@pytest.mark.parametrize(
    ("word", "wanted"),
    [
        ("MicrosoftDefenderATP", "microsoft_defender_for_endpoint"),
        ("AzureATP", "microsoft_defender_for_identity"),
        ("MicrosoftCloudAppSecurity", "microsoft_defender_for_cloud_apps"),
        ("OfficeATP", "microsoft_defender_for_office365"),
        ("MicrosoftThreatProtection", "microsoft365_defender"),
    ],
)
def test_a_product_has_the_name_that_graph_gives_it(word: str, wanted: str) -> None:
    alerts = [{**SAMPLE["alerts"][0], "serviceSource": word}]
    assert (
        source({**SAMPLE, "alerts": alerts}, expand_alerts=True).get("924565")["alerts"][0][
            "service_source"
        ]
        == wanted
    )


def test_a_redirected_incident_names_its_target_as_text_as_graph_does() -> None:
    incident = told(status="Redirected", redirectIncidentId=924521)
    assert (incident["status"], incident["redirect_incident_id"]) == ("redirected", "924521")


@pytest.mark.parametrize("nothing", [None, []])
def test_an_incident_without_comments_or_alerts_has_empty_ones(nothing: t.Any) -> None:
    incident = source({**SAMPLE, "comments": nothing, "alerts": nothing}, expand_alerts=True).get(
        "924565"
    )
    assert (incident["comments"], incident["alerts"]) == ([], [])


def test_alerts_come_only_where_they_are_asked_for() -> None:
    assert "alerts" not in told()


def test_a_tag_is_data_and_keeps_its_spelling() -> None:
    assert told(tags=["InProgress", "Case 17"])["custom_tags"] == ["InProgress", "Case 17"]


def test_a_word_that_nobody_knows_yet_is_told_in_the_same_spelling() -> None:
    assert told(determination="SomethingNew")["determination"] == "something_new"


# The text of the filter


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
def test_the_filter_has_the_options_that_the_older_api_supports(
    wanted: dict[str, t.Any], text: str | None
) -> None:
    assert _incidents_xdr.filter_text(Wanted(**wanted)) == text


def test_awaiting_action_is_unsupported() -> None:
    with pytest.raises(DefenderError) as caught:
        _incidents_xdr.filter_text(Wanted(status=("active", "awaiting_action")))
    assert caught.value.category == "unsupported"
