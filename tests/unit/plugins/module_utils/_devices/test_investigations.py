# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Investigations in the words of actions: their states, whose they are, and what people must do."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils import _odata
from ansible_collections.mssp.defender_xdr.plugins.module_utils._devices import (
    investigations as _investigations,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.modules import device_investigation
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.endpoint import (
    MACHINE,
    Endpoint,
    Json,
    machine,
)

# Every state on learn.microsoft.com/defender-endpoint/api/investigation.
STATES: t.Final = (
    "Unknown Terminated SuccessfullyRemediated Benign Failed PartiallyRemediated Running"
    " PendingApproval PendingResource PartiallyInvestigated TerminatedByUser TerminatedBySystem"
    " Queued InnerFailure PreexistingAlert UnsupportedOs UnsupportedAlertType SuppressedAlert"
).split()


def run(endpoint: Endpoint, *, check_mode: bool = False, **options: t.Any) -> Json:
    params = {
        "device": MACHINE,
        "override_protection": False,
        "comment": "Ticket 4711",
        "wait": True,
        "wait_timeout": 1800,
        **options,
    }
    return device_investigation.run(endpoint.tenant, params, check_mode)


def failed(endpoint: Endpoint, **options: t.Any) -> DefenderError:
    with pytest.raises(DefenderError) as caught:
        run(endpoint, **options)
    return caught.value


def test_every_documented_state_has_a_status() -> None:
    names = {_investigations.normalized({"id": "1", "state": word})["state"] for word in STATES}
    assert names == {*_investigations.STATUS_OF_STATE, "unknown"}


@pytest.mark.parametrize("word", ["Unknown", "SomethingNew", None])
def test_a_state_without_a_status_is_open_until_the_investigation_ends(word: str | None) -> None:
    thing = {"id": "1", "state": word, "endTime": None}
    assert _investigations.normalized(thing)["status"] == "in_progress"
    thing["endTime"] = "2026-01-06T14:11:34Z"
    assert _investigations.normalized(thing)["status"] == "failed"


def test_an_investigation_is_started_and_waited_for_as_check_mode_says() -> None:
    endpoint = Endpoint()
    predicted = run(endpoint, check_mode=True)
    assert (endpoint.sent, predicted["action"]) == ([], None)
    result = run(endpoint)
    for name in ("changed", "before", "after"):
        assert predicted[name] == result[name]
    assert (result["changed"], result["after"]) == (True, {"investigation": "started"})
    action = result["action"]
    assert (action["type"], action["status"], action["state"]) == (
        "start_investigation",
        "succeeded",
        "benign",
    )
    assert (action["machine_id"], action["status_details"]) == (MACHINE, None)
    assert (action["start_time"][:10], action["end_time"][:10]) == ("2026-11-27", "2026-11-27")
    assert endpoint.sent[0][0] == f"/api/machines/{MACHINE}/startInvestigation"
    second = run(endpoint)
    assert second["changed"]
    assert second["action"]["id"] != action["id"]


def test_an_open_investigation_is_joined_whoever_started_it() -> None:
    endpoint = Endpoint(seconds=(0.0, 20.0))
    theirs = endpoint.start("StartInvestigation")
    for check_mode in (True, False):
        joined = run(endpoint, check_mode=check_mode)
        assert (joined["changed"], joined["action"]["id"]) == (False, theirs["id"])
    assert (endpoint.sent, joined["action"]["status"]) == ([], "succeeded")


def test_an_investigation_that_somebody_starts_just_before_ours_is_joined() -> None:
    # after the device and its investigations were read, before the service has our request
    endpoint = Endpoint(events=[(0.12, "StartInvestigation")])
    result = run(endpoint)
    assert (result["changed"], len(endpoint.sent), len(endpoint.actions)) == (False, 1, 1)
    assert result["action"]["status"] == "succeeded"


@pytest.mark.parametrize("seconds", [(0.0, 0.0), (3.0, 3.0)])
def test_a_lost_response_is_settled_by_what_was_not_there_before(
    seconds: tuple[float, float],
) -> None:
    endpoint = Endpoint(fates=["lost"], seconds=seconds)
    endpoint.start("StartInvestigation")
    endpoint.settle()
    result = run(endpoint)
    assert (result["changed"], len(endpoint.sent)) == (True, 1)
    assert result["action"]["id"] == endpoint.actions[1]["id"]
    endpoint = Endpoint(fates=["undone"])
    endpoint.start("StartInvestigation")
    endpoint.settle()
    error = failed(endpoint)
    assert (error.category, len(endpoint.sent)) == ("unavailable", 1)


def test_the_wait_ends_where_a_person_must_approve() -> None:
    endpoint = Endpoint(state="PendingApproval")
    result = run(endpoint)
    assert (result["changed"], result["action"]["status"]) == (True, "in_progress")
    (warning,) = endpoint.warnings
    assert "is pending_approval: somebody has to approve" in warning
    assert endpoint.now < 60
    endpoint.warnings.clear()
    assert not run(endpoint, check_mode=True)["changed"]
    assert len(endpoint.warnings) == 1


@pytest.mark.parametrize(
    ("state", "category", "code", "words"),
    [
        ("TerminatedByUser", "conflict", "TerminatedByUser", "was cancelled by kim"),
        ("TerminatedBySystem", "action_failed", "TerminatedBySystem", "timed out: no reason"),
        ("UnsupportedOs", "action_failed", "UnsupportedOs", "its state is unsupported_os"),
    ],
)
@pytest.mark.parametrize("fates", [[], ["lost"]])
def test_an_investigation_that_did_not_end_well_is_a_failure(
    state: str, category: str, code: str, words: str, fates: list[str]
) -> None:
    error = failed(Endpoint(state=state, seconds=(0.0, 0.0), fates=list(fates)))
    assert (error.category, error.code) == (category, code)
    assert words in error.message
    assert error.facts["changed"] is True
    assert error.facts["action"]["state"] == _odata.snake(state)


def test_the_end_of_the_wait_leaves_the_investigation_open() -> None:
    silent = machine(healthStatus="Inactive")
    endpoint = Endpoint(machines=[silent], seconds=(9999.0, 1.0))
    error = failed(endpoint, wait_timeout=20)
    assert (error.category, error.facts["action"]["status"]) == ("timeout", "pending")
    assert "device_action" not in error.advice
    (warning,) = endpoint.warnings
    assert "is inactive" in warning
