# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Incidents: their normalized fields, which ones fit, and the parameters that select them."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils import _listing
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._incidents import (
    incident as _incidents,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._incidents.incident import Wanted
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.module_utils._incidents.docs import (
    DAY,
    NOON,
    TOLD,
)
from hypothesis import given
from hypothesis import strategies as st


@given(limit=st.integers(0, 100_000))
def test_a_page_is_never_larger_than_allowed_nor_smaller_than_what_tells_whether_there_is_more(
    limit: int,
) -> None:
    size = _incidents.page_size(limit, 50)
    assert 1 <= size <= 50
    assert size == 50 or size > limit


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
    assert _listing.chosen(TOLD, ("severity", "status")) == {
        "id": "2972395",
        "severity": "medium",
        "status": "active",
    }
    assert _listing.chosen(TOLD, ()) == TOLD


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
