# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A response on a device, with other people who act on it at the same time, and lost responses."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils._devices import (
    response as _response,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._devices.device_state import Kind
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.modules.device_isolation import (
    RELEASE,
    isolation,
)
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.endpoint import (
    MACHINE,
    NAME,
    Endpoint,
    Json,
    machine,
)
from hypothesis import example, given
from hypothesis import strategies as st

ISOLATE: t.Final = isolation("full")
SCAN: t.Final = Kind(
    type="run_anti_virus_scan",
    path="runAntiVirusScan",
    state=("scan_type", "quick"),
    payload={"ScanType": "Quick"},
    parameters={"scope": "Quick"},
)
WORDS: t.Final = {"isolate": "Isolate", "unisolate": "Unisolate"}


def act(endpoint: Endpoint, kind: Kind, *, check_mode: bool = False, **options: t.Any) -> Json:
    params = {
        "device": MACHINE,
        "override_protection": False,
        "comment": "Ticket 4711",
        "wait": True,
        "wait_timeout": 1800,
        "on_opposite": "wait",
        **options,
    }
    return _response.act(endpoint.tenant, "device_isolation", kind, params, check_mode=check_mode)


def failed(endpoint: Endpoint, kind: Kind, **options: t.Any) -> DefenderError:
    with pytest.raises(DefenderError) as caught:
        act(endpoint, kind, **options)
    return caught.value


def starts(endpoint: Endpoint) -> list[str]:
    """The calls of the actions that we started."""
    return [path.rpartition("/")[2] for path, _payload in endpoint.sent if "machines/" in path]


def own(endpoint: Endpoint) -> list[Json]:
    """The actions that we started."""
    return [row for row in endpoint.actions if "(run " in row["requestorComment"]]


def cancelled(endpoint: Endpoint) -> list[Json]:
    """The actions that we cancelled."""
    return [row for row in endpoint.actions if "(run " in row.get("cancellationComment", "")]


EVENTS = st.lists(
    st.tuples(st.floats(0, 8), st.sampled_from(["Isolate", "Unisolate", "cancel"])), max_size=3
)


@given(
    events=EVENTS,
    kind=st.sampled_from([ISOLATE, RELEASE]),
    seconds=st.tuples(st.floats(0, 5), st.floats(0, 5)),
    slow=st.sampled_from(["", "Isolate", "Unisolate"]),
    fates=st.lists(st.sampled_from(["ok", "lost", "undone"]), max_size=2),
    how=st.sampled_from(["wait", "cancel"]),
)
@example([(0.0, "Unisolate")], ISOLATE, (3.0, 1.0), "", [], "cancel")
@example([(0.12, "Unisolate")], ISOLATE, (1.0, 1.0), "Unisolate", [], "wait")
@example([(0.0, "Isolate"), (1.0, "Unisolate")], RELEASE, (0.0, 0.0), "", ["undone"], "wait")
@example([(0.1875, "Unisolate")], ISOLATE, (0.0, 0.0), "", [], "wait")
@example([(1.0, "Unisolate"), (3.0, "Isolate")], ISOLATE, (0.0, 2.0), "Unisolate", [], "wait")
@example([(0.0, "Isolate"), (2.0, "Unisolate")], RELEASE, (0.0, 1.0), "Isolate", [], "wait")
def test_among_others_the_state_is_reached_or_the_error_says_why_it_is_not(
    events: list[tuple[float, str]],
    kind: Kind,
    seconds: tuple[float, float],
    slow: str,
    fates: list[str],
    how: str,
) -> None:
    endpoint = Endpoint(events=list(events), seconds=seconds, slow=slow, fates=list(fates))
    others_until = max((time for time, _kind in events), default=0.0)
    result, error = None, None
    try:
        result = act(endpoint, kind, on_opposite=how)
    except DefenderError as e:
        error = e
    assert starts(endpoint) in ([], [kind.path])
    if result is None:
        assert error is not None
        assert (error.category, "undone" in fates) == ("unavailable", True) or (
            (error.category, bool(events)) == ("conflict", True)
        )
        return
    ended = endpoint.now
    assert result["changed"] == bool(own(endpoint) or cancelled(endpoint))
    endpoint.settle()
    if ended > others_until:  # nobody acted after us
        stands = endpoint.last_done or "Unisolate"
        assert stands == WORDS[kind.type]
    sent = list(endpoint.sent)
    if ended > others_until:
        second = act(endpoint, kind)
        assert not second["changed"]
        assert endpoint.sent == sent


@given(st.lists(st.sampled_from(["Isolate", "Unisolate"]), max_size=4))
def test_check_mode_says_what_the_run_says_and_sends_nothing(history: list[str]) -> None:
    def past() -> Endpoint:
        endpoint = Endpoint()
        for kind in history:
            endpoint.start(kind)
            endpoint.sleep(5)
        return endpoint

    for kind in (ISOLATE, RELEASE):
        checked, run = past(), past()
        predicted, result = act(checked, kind, check_mode=True), act(run, kind)
        assert checked.sent == []
        for name in ("changed", "before", "after", "diff"):
            assert predicted[name] == result[name]
        assert bool(predicted["action"]) == (not predicted["changed"] and bool(history))


def test_an_open_action_of_the_same_kind_is_joined() -> None:
    endpoint = Endpoint(seconds=(3.0, 3.0))
    theirs = endpoint.start("Isolate", scope="Full")
    result = act(endpoint, ISOLATE)
    assert (result["changed"], endpoint.sent) == (False, [])
    assert (result["action"]["id"], result["action"]["status"]) == (theirs["id"], "succeeded")


def test_the_same_action_with_another_parameter_is_waited_for_and_then_replaced() -> None:
    endpoint = Endpoint(seconds=(3.0, 3.0))
    endpoint.start("Isolate", scope="Selective")
    result = act(endpoint, ISOLATE, on_opposite="fail")
    assert starts(endpoint) == ["isolate"]
    assert result["changed"]
    assert result["before"] == {"state": "isolated", "scope": "Selective"}
    assert result["after"] == {"state": "isolated", "scope": "Full"}
    assert not act(endpoint, ISOLATE)["changed"]


def test_a_service_that_leaves_the_scope_out_is_believed_to_have_isolated() -> None:
    endpoint = Endpoint(shows_scope=False)
    assert act(endpoint, ISOLATE)["changed"]
    assert not act(endpoint, isolation("selective"))["changed"]


@pytest.mark.parametrize(
    ("how", "seconds", "statuses"),
    [
        ("wait", (3.0, 3.0), ["Succeeded", "Succeeded"]),
        ("cancel", (3.0, 3.0), ["Cancelled", "Succeeded"]),
        ("cancel", (0.0, 9.0), ["Succeeded", "Succeeded"]),  # it runs already
    ],
)
def test_an_opposite_action_is_never_overtaken(
    how: str, seconds: tuple[float, float], statuses: list[str]
) -> None:
    endpoint = Endpoint(seconds=seconds)
    endpoint.start("Isolate")
    result = act(endpoint, RELEASE, on_opposite=how)
    if how == "cancel" and statuses[0] == "Cancelled":
        # nothing is left to release
        assert (result["changed"], starts(endpoint)) == (True, [])
        return
    assert [row["status"] for row in endpoint.actions] == statuses
    assert endpoint.last_done == "Unisolate"


def test_an_opposite_action_can_be_a_failure_in_check_mode_too() -> None:
    for check_mode in (True, False):
        endpoint = Endpoint(seconds=(9.0, 9.0))
        theirs = endpoint.start("Isolate")
        error = failed(endpoint, RELEASE, on_opposite="fail", check_mode=check_mode)
        assert (error.category, endpoint.sent) == ("conflict", [])
        assert f"isolate ({theirs['id']}, requested by somebody)" in error.message
        assert error.facts["action"]["id"] == theirs["id"]


def test_an_action_that_somebody_starts_just_before_ours_is_joined() -> None:
    # after the device and its actions were read, before the service has our request
    endpoint = Endpoint(events=[(0.12, "Isolate")])
    result = act(endpoint, ISOLATE)
    assert (result["changed"], starts(endpoint), own(endpoint)) == (False, ["isolate"], [])
    assert (result["action"]["requestor"], result["action"]["status"]) == ("somebody", "succeeded")


def test_the_action_that_ended_last_is_what_the_device_is() -> None:
    endpoint = Endpoint(slow="Isolate")
    endpoint.start("Isolate")
    endpoint.sleep(0.5)
    endpoint.start("Unisolate")
    endpoint.settle()
    assert endpoint.last_done == "Isolate"
    assert not act(endpoint, ISOLATE)["changed"]
    assert act(endpoint, RELEASE)["changed"]


def test_a_scan_that_may_be_another_one_is_waited_for_and_not_joined() -> None:
    endpoint = Endpoint(shows_scope=False)
    endpoint.start("RunAntiVirusScan")
    assert act(endpoint, SCAN)["changed"]
    assert len(own(endpoint)) == 1
    assert [row["status"] for row in endpoint.actions] == ["Succeeded", "Succeeded"]


def test_a_lost_response_is_settled_by_the_id_of_the_run() -> None:
    endpoint = Endpoint(fates=["lost"])
    result = act(endpoint, SCAN)
    assert (result["changed"], result["action"]["status"]) == (True, "succeeded")
    (record,) = endpoint.records
    assert (record["outcome"], record["action_id"]) == ("succeeded", result["action"]["id"])
    assert record["object"] == f"device {NAME} ({MACHINE})"
    endpoint = Endpoint(fates=["undone"])
    error = failed(endpoint, SCAN)
    assert (error.category, len(endpoint.sent)) == ("unavailable", 1)
    assert endpoint.outcomes == ["failed"]
    assert "changed" not in error.facts


def test_an_event_starts_anew_unless_the_same_one_is_open() -> None:
    endpoint = Endpoint()
    first, second = act(endpoint, SCAN), act(endpoint, SCAN)
    assert [first["changed"], second["changed"]] == [True, True]
    assert first["action"]["id"] != second["action"]["id"]
    assert first["before"] == {"scan_type": None}
    assert first["after"] == {"scan_type": "quick"}
    theirs = endpoint.start("RunAntiVirusScan", scope="Quick")
    joined = act(endpoint, SCAN)
    assert (joined["changed"], joined["action"]["id"]) == (False, theirs["id"])
    endpoint.start("RunAntiVirusScan", scope="Full")
    after = act(endpoint, SCAN)
    assert after["changed"]
    assert [row["status"] for row in endpoint.actions] == ["Succeeded"] * 5


def test_without_waiting_the_action_is_returned_as_it_was_started() -> None:
    endpoint = Endpoint(seconds=(60.0, 60.0))
    result = act(endpoint, ISOLATE, wait=False)
    assert (result["changed"], result["action"]["status"]) == (True, "pending")
    assert endpoint.now < 1


def test_an_action_that_fails_says_why_and_that_it_was_started() -> None:
    endpoint = Endpoint(outcome="Failed")
    error = failed(endpoint, ISOLATE)
    assert (error.category, error.code, error.who) == ("action_failed", "Failed", "customer")
    assert error.facts["changed"] is True
    assert error.facts["action"]["status"] == "failed"
    assert starts(endpoint) == ["isolate"]


def test_an_action_that_somebody_undoes_while_it_is_waited_for_is_a_conflict() -> None:
    endpoint = Endpoint(seconds=(1.0, 3.0), events=[(2.0, "Unisolate")])
    error = failed(endpoint, ISOLATE)
    assert error.category == "conflict"
    assert "succeeded, but somebody else requested unisolate" in error.message


def test_what_is_wrong_with_the_options_is_said_before_anything_is_sent() -> None:
    endpoint = Endpoint()
    assert failed(endpoint, ISOLATE, comment=" ").category == "bad_request"
    assert failed(endpoint, ISOLATE, wait_timeout=0).category == "bad_request"
    assert endpoint.now == 0


def test_a_protected_device_is_refused_in_check_mode_too() -> None:
    endpoint = Endpoint(machines=[machine(machineTags=["Tier0"])], protected_tags=("tier0",))
    for check_mode in (True, False):
        error = failed(endpoint, ISOLATE, check_mode=check_mode)
        assert (error.category, endpoint.sent) == ("refused", [])
    assert act(endpoint, ISOLATE, override_protection=True)["changed"]
