# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Waiting for an action, and how its end is explained."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils._devices import actions as _actions
from ansible_collections.mssp.defender_xdr.plugins.module_utils._devices import device as _devices
from ansible_collections.mssp.defender_xdr.plugins.module_utils._devices import waiting as _waiting
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.endpoint import (
    Endpoint,
    Json,
    machine,
)


def wait(endpoint: Endpoint, *, deadline: float = 1800, **members: t.Any) -> Json:
    action = _actions.normalized(endpoint.start("Isolate"))
    device = _devices.normalized(machine(**members))
    return _waiting.until_ended(t.cast("t.Any", endpoint), action, device, deadline=deadline)


def end(**members: t.Any) -> DefenderError:
    action = {"type": "isolate", "status": "failed", **members}
    with pytest.raises(DefenderError) as caught:
        _waiting.check_end(t.cast("t.Any", Endpoint()), action, _devices.normalized(machine()))
    assert caught.value.facts == {"action": action}
    return caught.value


def test_looks_are_frequent_at_first_and_then_every_fifteen_seconds() -> None:
    looks: list[float] = []
    endpoint = Endpoint(seconds=(30.0, 20.0))
    plain = endpoint.get

    def get(path: str, params: t.Any = None) -> Json:
        looks.append(round(endpoint.now))
        return plain(path, params)

    endpoint.get = get  # type: ignore[method-assign]
    assert wait(endpoint)["status"] == "succeeded"
    assert looks == [1, 3, 7, 15, 30, 45, 60]


def test_a_long_wait_shows_a_line_every_minute() -> None:
    endpoint = Endpoint(seconds=(30.0, 130.0))
    wait(endpoint)
    assert endpoint.told == [
        "contoso: isolate of web1.contoso.example is in_progress after 60 s",
        "contoso: isolate of web1.contoso.example is in_progress after 121 s",
    ]


def test_the_end_of_the_wait_says_when_the_device_was_seen() -> None:
    silent = machine(healthStatus="Inactive", lastSeen="2026-11-01T08:00:00Z")
    endpoint = Endpoint(machines=[silent], seconds=(9999.0, 1.0))
    with pytest.raises(DefenderError) as caught:
        wait(endpoint, deadline=20)
    error = caught.value
    assert (error.category, error.who, error.facts["action"]["status"]) == (
        "timeout",
        "customer",
        "pending",
    )
    assert "it stays open. The device's health status is inactive, last seen 2026-11-01" in (
        error.message
    )
    assert 20 <= endpoint.now < 21
    with pytest.raises(DefenderError) as caught:
        wait(Endpoint(seconds=(9999.0, 1.0)), deadline=20)
    assert caught.value.who == "microsoft"


@pytest.mark.parametrize(
    ("status", "onboarding", "warned"),
    [
        ("Active", "onboarded", False),
        ("ImpairedCommunication", "onboarded", False),
        ("Inactive", "onboarded", True),
        ("NoSensorData", "onboarded", True),
        ("NoSensorData", "CanBeOnboarded", False),
    ],
)
def test_a_device_that_does_not_connect_is_a_warning(
    status: str, onboarding: str, warned: bool
) -> None:
    endpoint = Endpoint()
    device = _devices.normalized(machine(healthStatus=status, onboardingStatus=onboarding))
    _waiting.warn_if_silent(t.cast("t.Any", endpoint), device)
    assert bool(endpoint.warnings) == warned
    assert all("the action runs when the device connects" in text for text in endpoint.warnings)


@pytest.mark.parametrize(
    ("members", "category", "code", "who", "words"),
    [
        ({"troubleshoot_info": "No disk."}, "action_failed", "Failed", "customer", "No disk."),
        (
            {"troubleshoot_info": "Internal server error"},
            "action_failed",
            "Failed",
            "microsoft",
            "failed: Internal server error",
        ),
        (
            {"status": "timed_out", "error_h_result": -2147467259},
            "action_failed",
            "TimeOut",
            "customer",
            "timed out: no reason, error code -2147467259",
        ),
        (
            {"status": "cancelled", "cancellation_requestor": "kim", "cancellation_comment": "no"},
            "conflict",
            "Cancelled",
            "caller",
            "was cancelled by kim (no).",
        ),
    ],
)
def test_an_action_that_did_not_succeed_says_who_must_act(
    members: Json, category: str, code: str, who: str, words: str
) -> None:
    error = end(**members)
    assert (error.category, error.code, error.who) == (category, code, who)
    assert words in error.message
