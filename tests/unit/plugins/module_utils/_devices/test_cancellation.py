# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An action is cancelled once, and not if it has ended."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils._acting.desired_state import (
    Outcome,
    bring_about,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._devices.cancellation import (
    Cancellation,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.endpoint import (
    Endpoint,
    machine,
)


def cancel(
    endpoint: Endpoint, key: str, *, check_mode: bool = False, override: bool = False
) -> Outcome:
    api: t.Any = endpoint
    subject = Cancellation(api, key, "No device", override=override)
    return bring_about(api, subject, check_mode=check_mode)


@pytest.mark.parametrize("fates", [[], ["lost"]])
def test_an_action_is_cancelled_once(fates: list[str]) -> None:
    endpoint = Endpoint(seconds=(99.0, 1.0), fates=fates)
    key = endpoint.start("Isolate")["id"]
    predicted = cancel(endpoint, key, check_mode=True)
    assert (endpoint.sent, predicted.thing["status"]) == ([], "cancelled")
    outcome = cancel(endpoint, key)
    assert (outcome.before, outcome.after) == ({"status": "pending"}, {"status": "cancelled"})
    assert outcome.thing["status"] == "cancelled"
    assert cancel(endpoint, key).as_result("action")["changed"] is False
    assert endpoint.sent == [(f"/api/machineactions/{key}/cancel", {"Comment": "No device"})]


def test_an_action_that_has_ended_is_a_conflict() -> None:
    endpoint = Endpoint()
    key = endpoint.start("Isolate")["id"]
    endpoint.settle()
    with pytest.raises(DefenderError, match="isolate on .* has succeeded already") as caught:
        cancel(endpoint, key)
    assert (caught.value.category, endpoint.sent) == ("conflict", [])
    assert caught.value.facts["action"]["status"] == "succeeded"


def test_an_action_on_a_protected_device_is_left_alone_unless_the_task_says_so() -> None:
    protected = machine(machineTags=["Tier0"])
    endpoint = Endpoint(machines=[protected], protected_tags=("tier0",), seconds=(99.0, 1.0))
    key = endpoint.start("Isolate")["id"]
    with pytest.raises(DefenderError, match="has the tag Tier0") as caught:
        cancel(endpoint, key, check_mode=True)
    assert (caught.value.category, endpoint.sent) == ("refused", [])
    assert cancel(endpoint, key, override=True).thing["status"] == "cancelled"
    assert cancel(endpoint, key).thing["status"] == "cancelled"
