# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options, words and order of devices."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils import _times
from ansible_collections.mssp.defender_xdr.plugins.module_utils._devices import device as _devices
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError

Json = dict[str, t.Any]
ID: t.Final = "1e5bc9d7e413ddd7902c2932e418702b84d0cc07"
NOON: t.Final = _times.read_time("2026-11-22T12:00:00Z")
MACHINE: t.Final = {
    "@odata.context": "https://api.securitycenter.microsoft.com/api/$metadata#Machine",
    "id": ID,
    "computerDnsName": "PC1.contoso.example",
    "healthStatus": "NoSensorDataImpairedCommunication",
    "onboardingStatus": "CanBeOnboarded",
    "riskScore": "High",
    "osPlatform": "WindowsServer2022",
    "machineTags": ["Test Tag"],
    "lastSeen": "2026-11-22T11:00:00.1234567Z",
    "ipAddresses": [{"ipAddress": "10.0.0.1", "operationalStatus": "Up"}],
}


def params(**options: t.Any) -> Json:
    named = dict.fromkeys([*_devices.FILTERS, "fields"])
    return {**named, "limit": 1000, "single": False, **options}


def wanted(**options: t.Any) -> _devices.Wanted:
    return _devices.wanted(params(**options), at=NOON)


def test_names_and_enums_are_in_snake_case_and_other_values_as_the_service_wrote_them() -> None:
    assert _devices.normalized(MACHINE) == {
        "id": ID,
        "computer_dns_name": "PC1.contoso.example",
        "health_status": "no_sensor_data_impaired_communication",
        "onboarding_status": "can_be_onboarded",
        "risk_score": "high",
        "os_platform": "WindowsServer2022",
        "machine_tags": ["Test Tag"],
        "last_seen": "2026-11-22T11:00:00.1234567Z",
        "ip_addresses": [{"ip_address": "10.0.0.1", "operational_status": "Up"}],
    }


@pytest.mark.parametrize(
    ("options", "matches"),
    [
        ({}, True),
        ({"id": [ID.upper()]}, True),
        ({"name": ["pc1.CONTOSO.example"]}, True),
        ({"name": ["pc1"]}, False),
        ({"tag": ["other", "Test Tag"]}, True),
        ({"tag": ["test tag"]}, False),
        ({"risk_score": ["low", "high"], "health_status": ["active"]}, False),
        ({"os_platform": ["WindowsServer2022"]}, True),
        ({"last_seen_since": "1h"}, True),
        ({"last_seen_since": "59m"}, False),
    ],
)
def test_a_device_must_match_all_options_and_any_of_their_values(
    options: Json, matches: bool
) -> None:
    assert _devices.fits(_devices.normalized(MACHINE), wanted(**options)) is matches


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"limit": -1}, "limit is -1"),
        ({"fields": ["hostname"]}, "fields names hostname"),
        ({"at": "1h"}, "at is set, but needs ip"),
        ({"ip": "10.0.0.1' or 1"}, "which is not an address"),
        ({"id": ["pc1"]}, "a device's id has 40 hexadecimal digits"),
        ({"ip": "10.0.0.1", "at": "2026-11-22T11:00:00"}, "which has no offset"),
    ],
)
def test_bad_input_is_one_sentence(options: Json, words: str) -> None:
    with pytest.raises(DefenderError, match=words) as caught:
        wanted(**options)
    assert caught.value.category == "bad_request"


def test_the_words_of_options_are_those_of_results() -> None:
    assert set(_devices.ENUMS) | {"device_value"} == _devices.WORDS <= set(_devices.FIELDS)
    sample = Path(__file__).with_name("machine.json")
    machine = json.loads(sample.read_text(encoding="utf-8"))
    assert set(_devices.normalized(machine)) <= set(_devices.FIELDS)
