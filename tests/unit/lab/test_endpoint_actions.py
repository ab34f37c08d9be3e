# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Response actions of the Endpoint API: their bodies, their states, and who may cancel them."""

from __future__ import annotations

import pytest
from defender_lab.service.instants import ticks

pytestmark = pytest.mark.usefixtures("still_clock")

NEWER = set(
    "id type title requestor requestorComment status machineId computerDnsName creationDateTimeUtc"
    " lastUpdateDateTimeUtc cancellationRequestor cancellationComment cancellationDateTimeUtc"
    " errorHResult scope externalId requestSource relatedFileInfo commands"
    " troubleshootInfo".split()
)
COMMENT = {"Comment": "because of alert 1234"}
CALLS = {
    "isolate": ("Isolate", "Machine.Isolate", {"IsolationType": "Full"}),
    "unisolate": ("Unisolate", "Machine.Isolate", {}),
    "runAntiVirusScan": ("RunAntiVirusScan", "Machine.Scan", {"ScanType": "Quick"}),
    "restrictCodeExecution": ("RestrictCodeExecution", "Machine.RestrictExecution", {}),
    "unrestrictCodeExecution": ("UnrestrictCodeExecution", "Machine.RestrictExecution", {}),
    "collectInvestigationPackage": (
        "CollectInvestigationPackage",
        "Machine.CollectForensics",
        {},
    ),
    "StopAndQuarantineFile": (
        "StopAndQuarantineFile",
        "Machine.StopAndQuarantine",
        {"Sha1": "a" * 40},
    ),
    "offboard": ("Offboard", "Machine.Offboard", {}),
}
PROGRESS = (400, "ActiveRequestAlreadyExists", "Action is already in progress")


def refusal(answer):
    return answer.status, answer.error()["code"], answer.error()["message"]


def post(desk, tenant, machine, call, **body):
    given = {**COMMENT, **CALLS.get(call, ("", "", {}))[2], **body}
    whole = {name: value for name, value in given.items() if value is not None}
    return desk.endpoint(tenant, "POST", f"machines/{machine['id']}/{call}", body=whole)


def start(desk, tenant, machine, call, **body):
    answer = post(desk, tenant, machine, call, **body)
    assert answer.status in (200, 201), answer.json()
    return answer.json()


def now(desk, tenant, action):
    answer = desk.endpoint(tenant, "GET", f"machineactions/{action['id']}")
    assert answer.status == 200, answer.json()
    return answer.json()


def status(desk, tenant, action):
    return now(desk, tenant, action)["status"]


def cancel(desk, tenant, action, body=None):
    what = f"machineactions/{action['id']}/cancel"
    return desk.endpoint(tenant, "POST", what, body=COMMENT if body is None else body)


@pytest.fixture
def machine(desk, tenant):
    """One with the newer payload."""
    return next(row for row in desk.machines(tenant) if row["id"][0] not in "0123")


@pytest.fixture
def inactive(desk, tenant):
    return next(row for row in desk.machines(tenant) if row["healthStatus"] == "Inactive")


@pytest.fixture
def unmanaged(desk, tenant):
    return next(row for row in desk.machines(tenant) if row["onboardingStatus"] != "onboarded")


@pytest.mark.parametrize("call", CALLS)
def test_an_action_is_pending_then_runs_then_has_succeeded(desk, tenant, machine, call) -> None:
    kind, unused, member = CALLS[call]
    if call == "StopAndQuarantineFile":
        member = {"Sha1": seen_on(desk, tenant, machine)}
    answer = post(desk, tenant, machine, call, **member)
    assert answer.status == (200 if call == "offboard" else 201)
    action = answer.json()
    assert action.pop("@odata.context").endswith("/api/$metadata#Machines/$entity")
    assert set(action) == NEWER
    assert (action["type"], action["status"], action["machineId"], action["computerDnsName"]) == (
        kind,
        "Pending",
        machine["id"],
        machine["computerDnsName"],
    )
    assert (action["requestorComment"], action["requestSource"]) == (
        COMMENT["Comment"],
        "PublicApi",
    )
    assert action["scope"] == (member.get("IsolationType") or member.get("ScanType"))
    seen = []
    for _turn in range(4):
        desk.later(0.9)
        seen.append(now(desk, tenant, action))
    assert [row["status"] for row in seen] == ["Pending", "InProgress", "Succeeded", "Succeeded"]
    assert seen[0]["@odata.context"].endswith("#MachineActions/$entity")
    times = [ticks(row["lastUpdateDateTimeUtc"]) for row in seen]
    assert times[0] < times[1] < times[2] == times[3]
    assert len({row["creationDateTimeUtc"] for row in seen}) == 1
    assert desk.endpoint(tenant, "GET", f"machines/{machine['id']}").json()["id"] == machine["id"]


def test_no_member_of_the_machine_says_that_it_is_isolated(desk, tenant, machine) -> None:
    start(desk, tenant, machine, "isolate")
    desk.later(5)
    after = next(row for row in desk.machines(tenant) if row["id"] == machine["id"])
    assert after == machine


@pytest.mark.parametrize("call", CALLS)
def test_each_action_has_its_own_role(desk, tenant, machine, call) -> None:
    role = CALLS[call][1]
    others = sorted({each for unused, each, unused_too in CALLS.values()} - {role})
    desk.become(tenant, roles={"endpoint": [*others, "Machine.ReadWrite.All"]})
    answer = post(desk, tenant, machine, call)
    assert (answer.status, answer.error()["code"]) == (403, "Forbidden")
    assert f"API required roles: {role}, application roles:" in answer.error()["message"]
    desk.become(tenant, roles={"endpoint": [role]})
    assert post(desk, tenant, machine, call).status in (200, 201)


@pytest.mark.parametrize("call", [*CALLS, "startInvestigation"])
def test_an_action_needs_a_comment_and_a_machine(desk, tenant, machine, call) -> None:
    missing = (400, "MissingRequiredParameter", "Parameter Comment is missing.")
    assert refusal(post(desk, tenant, machine, call, Comment=None)) == missing
    assert refusal(post(desk, tenant, machine, call, Comment="")) == missing
    incorrect = (400, "InvalidRequestBody", "Request body is incorrect")
    assert refusal(post(desk, tenant, machine, call, Comment=7)) == incorrect
    assert refusal(post(desk, tenant, machine, call, Comment=None, comment="x")) == incorrect
    assert refusal(post(desk, tenant, machine, call, Title="x")) == incorrect
    path = f"machines/{machine['id']}/{call}"
    bodies: tuple[object, ...] = (b"", b"{", [], "text")
    for body in bodies:
        assert refusal(desk.endpoint(tenant, "POST", path, body=body)) == incorrect
    for key in ("f" * 40, machine["computerDnsName"]):
        assert refusal(post(desk, tenant, {"id": key}, call)) == (
            404,
            "ResourceNotFound",
            f"Machine {key} was not found",
        )
    assert desk.endpoint(tenant, "GET", "machineactions").json()["value"] == []


@pytest.mark.parametrize(
    ("call", "member", "value", "code"),
    [
        ("isolate", "IsolationType", None, "MissingRequiredParameter"),
        ("isolate", "IsolationType", "full", "InvalidRequestBody"),
        ("isolate", "IsolationType", "UnManagedDevice", "InvalidInput"),
        ("runAntiVirusScan", "ScanType", None, "MissingRequiredParameter"),
        ("runAntiVirusScan", "ScanType", "Deep", "InvalidRequestBody"),
        ("StopAndQuarantineFile", "Sha1", None, "MissingRequiredParameter"),
        ("StopAndQuarantineFile", "Sha1", "a" * 64, "InvalidHashValue"),
        ("unisolate", "IsolationType", "Full", "InvalidRequestBody"),
    ],
)
def test_the_other_member_of_a_body(desk, tenant, machine, call, member, value, code) -> None:
    answer = post(desk, tenant, machine, call, **{member: value})
    assert (answer.status, answer.error()["code"]) == (400, code)


def test_the_same_action_is_refused_until_the_first_has_ended(desk, tenant, machine) -> None:
    first = start(desk, tenant, machine, "isolate")
    assert refusal(post(desk, tenant, machine, "isolate", IsolationType="Selective")) == PROGRESS
    assert post(desk, tenant, machine, "unisolate").status == 201
    elsewhere = next(row for row in desk.machines(tenant) if row["id"] != machine["id"])
    assert post(desk, tenant, elsewhere, "isolate").status == 201
    desk.later(1.5)
    assert status(desk, tenant, first) == "InProgress"
    assert refusal(post(desk, tenant, machine, "isolate")) == PROGRESS
    desk.later(1)
    assert start(desk, tenant, machine, "isolate")["id"] != first["id"]


def seen_on(desk, tenant, machine):
    tables = desk.lab.store.world.tables(tenant.id)
    rows = (row for rows in tables.values() for row in rows)
    return next(
        row["SHA1"] for row in rows if row.get("DeviceId") == machine["id"] and row.get("SHA1")
    )


def test_a_file_that_was_not_seen_on_the_device_fails(desk, tenant, machine) -> None:
    known = seen_on(desk, tenant, machine).upper()
    done = start(desk, tenant, machine, "StopAndQuarantineFile", Sha1=known)
    desk.later(3)
    assert (now(desk, tenant, done)["status"], done["relatedFileInfo"]) == (
        "Succeeded",
        {"fileIdentifier": known.lower(), "fileIdentifierType": "Sha1"},
    )
    failed = start(desk, tenant, machine, "StopAndQuarantineFile", Sha1="b" * 40)
    desk.later(3)
    after = now(desk, tenant, failed)
    assert (after["status"], after["troubleshootInfo"]) == (
        "Failed",
        f"File {'b' * 40} was not found on the device.",
    )
    assert after["errorHResult"] < 0


def test_an_inactive_device_is_waited_for_three_days(desk, tenant, inactive) -> None:
    action = start(desk, tenant, inactive, "isolate")
    desk.later(3 * 24 * 3600 - 60)
    assert status(desk, tenant, action) == "Pending"
    desk.later(61)
    assert status(desk, tenant, action) == "TimeOut"


def test_a_device_that_comes_back_takes_what_waits_for_it(desk, tenant, inactive) -> None:
    action = start(desk, tenant, inactive, "isolate")
    desk.later(3600)
    assert status(desk, tenant, action) == "Pending"
    desk.direct(tenant, devices=[{"id": inactive["id"], "healthStatus": "Active"}])
    assert status(desk, tenant, action) == "Succeeded"


def test_a_device_without_a_sensor_can_only_be_isolated_by_its_neighbours(
    desk, tenant, unmanaged
) -> None:
    for call in ("runAntiVirusScan", "isolate", "offboard", "startInvestigation"):
        answer = post(desk, tenant, unmanaged, call)
        assert (answer.status, answer.error()["code"]) == (400, "InvalidInput")
    for call, more in (("isolate", {"IsolationType": "UnManagedDevice"}), ("unisolate", {})):
        action = start(desk, tenant, unmanaged, call, **more)
        desk.later(3)
        assert status(desk, tenant, action) == "Succeeded"


def test_some_devices_have_the_older_name_for_the_last_update(desk, tenant, other) -> None:
    older = []
    for place in (tenant, other):
        begun = [start(desk, place, row, "unisolate") for row in desk.machines(place)]
        answers = desk.endpoint(place, "GET", "machineactions").json()["value"]
        for action in [*begun, *answers, now(desk, place, begun[0])]:
            older.append("lastUpdateTimeUtc" in action)
            assert older[-1] is (action["machineId"][0] in "0123")
            assert older[-1] is not ("lastUpdateDateTimeUtc" in action)
    assert set(older) == {True, False}


def test_a_pending_action_is_cancelled(desk, tenant, machine) -> None:
    action = start(desk, tenant, machine, "isolate")
    answer = cancel(desk, tenant, action, {"Comment": "not needed"})
    assert answer.status == 200
    after = answer.json()
    assert (after["status"], after["cancellationRequestor"], after["cancellationComment"]) == (
        "Cancelled",
        action["requestor"],
        "not needed",
    )
    assert after["cancellationDateTimeUtc"] == after["lastUpdateDateTimeUtc"]
    desk.later(10)
    assert now(desk, tenant, action) == after
    assert start(desk, tenant, machine, "isolate")["status"] == "Pending"


def test_what_runs_or_has_ended_cannot_be_cancelled(desk, tenant, machine) -> None:
    action = start(desk, tenant, machine, "isolate")
    for state in ("InProgress", "Succeeded"):
        desk.later(1.2)
        answer = cancel(desk, tenant, action)
        assert (answer.status, answer.error()["code"]) == (400, "BadRequest")
        assert state in answer.error()["message"]
    assert status(desk, tenant, action) == "Succeeded"


def test_a_cancellation_needs_a_comment_an_action_and_its_role(desk, tenant, machine) -> None:
    action = start(desk, tenant, machine, "isolate")
    assert refusal(cancel(desk, tenant, action, {})) == (
        400,
        "MissingRequiredParameter",
        "Parameter Comment is missing.",
    )
    assert refusal(cancel(desk, tenant, {"id": "nothing"})) == (
        404,
        "ResourceNotFound",
        "Machine action nothing was not found",
    )
    desk.become(tenant, roles={"endpoint": ["Machine.Scan", "Machine.ReadWrite.All"]})
    answer = cancel(desk, tenant, action)
    assert answer.status == 403
    assert "API required roles: Machine.Isolate, application" in answer.error()["message"]
    desk.become(tenant, roles={"endpoint": ["Machine.Isolate"]})
    assert cancel(desk, tenant, action).json()["status"] == "Cancelled"


def listed(desk, tenant, query=""):
    answer = desk.endpoint(tenant, "GET", "machineactions", query)
    assert answer.status == 200, answer.json()
    return [action["id"] for action in answer.json()["value"]]


def test_actions_are_listed_newest_first_and_filtered(desk, tenant, machine) -> None:
    scan = start(desk, tenant, machine, "runAntiVirusScan")
    desk.later(3)
    isolate = start(desk, tenant, machine, "isolate")
    elsewhere = next(row for row in desk.machines(tenant) if row["id"] != machine["id"])
    other = start(desk, tenant, elsewhere, "isolate")
    everything = [other["id"], isolate["id"], scan["id"]]
    assert listed(desk, tenant) == everything
    assert listed(desk, tenant, "$top=1&$skip=1") == [isolate["id"]]
    for text, wanted in (
        (f"machineId eq '{machine['id']}' and type eq 'Isolate'", [isolate["id"]]),
        ("status eq 'Succeeded'", [scan["id"]]),
        ("type in ('Isolate','Unisolate')", [other["id"], isolate["id"]]),
        (f"id eq '{scan['id']}'", [scan["id"]]),
        (f"requestor eq '{scan['requestor']}'", everything),
        ("requestor eq 'nobody'", []),
        (f"creationDateTimeUtc gt {isolate['creationDateTimeUtc']}", [other["id"]]),
    ):
        assert listed(desk, tenant, {"$filter": text}) == wanted, text


@pytest.mark.parametrize(
    "query",
    [
        "$top=10001",
        "$filter=type eq 'Explode'",
        "$filter=status eq 'Done'",
        "$filter=scope eq 'Full'",
        "$orderby=creationDateTimeUtc",
    ],
)
def test_an_option_that_actions_do_not_take(desk, tenant, query) -> None:
    answer = desk.endpoint(tenant, "GET", "machineactions", query)
    assert (answer.status, answer.error()["code"]) == (400, "ODataError")


def test_an_action_that_is_not_there(desk, tenant) -> None:
    assert refusal(desk.endpoint(tenant, "GET", "machineactions/x")) == (
        404,
        "ResourceNotFound",
        "Machine action x was not found",
    )


def test_actions_of_a_tenant_are_its_own(desk, tenant, other, machine) -> None:
    action = start(desk, tenant, machine, "isolate")
    assert listed(desk, other) == []
    assert desk.endpoint(other, "GET", f"machineactions/{action['id']}").status == 404


def test_an_investigation_is_no_machine_action(desk, tenant, machine) -> None:
    answer = post(desk, tenant, machine, "startInvestigation")
    assert answer.status == 201
    started = answer.json()
    assert (started["state"], started["endTime"], started["machineId"]) == (
        "Running",
        None,
        machine["id"],
    )
    assert listed(desk, tenant) == []
    assert refusal(post(desk, tenant, machine, "startInvestigation")) == PROGRESS
    path = f"investigations/{started['id']}"
    assert desk.endpoint(tenant, "GET", path).json()["state"] == "Running"
    desk.later(3)
    after = desk.endpoint(tenant, "GET", path).json()
    assert after["state"] == "Benign"
    assert after["endTime"] >= after["startTime"]
    rows = desk.endpoint(tenant, "GET", "investigations", {"$filter": "state eq 'Benign'"})
    assert [row["id"] for row in rows.json()["value"]] == [started["id"]]
    assert desk.endpoint(tenant, "GET", "investigations/1").status == 404
    desk.become(tenant, roles={"endpoint": ["Machine.ReadWrite.All"]})
    assert post(desk, tenant, machine, "startInvestigation").status == 403


def test_fifty_investigations_an_hour(desk, tenant, machine) -> None:
    headers = {"Authorization": f"Bearer {desk.token(tenant, 'endpoint')}"}
    path = f"/api/machines/{machine['id']}/startInvestigation"
    # a refused body counts as well
    statuses = {desk.send("endpoint", "POST", path, "", headers).status for unused in range(50)}
    assert statuses == {400}
    answer = desk.send("endpoint", "POST", path, "", headers)
    assert (answer.status, "Maximum allowed 50 per 01:00:00" in answer.error()["message"]) == (
        429,
        True,
    )


def test_a_test_decides_how_the_next_actions_go(desk, tenant, machine) -> None:
    elsewhere = next(row for row in desk.machines(tenant) if row["id"] != machine["id"])
    course = {"pending": 0, "running": 30, "outcome": "Failed", "error": "No room on the disk."}
    desk.direct(tenant, actions={"device": machine["computerDnsName"], **course})
    action = start(desk, tenant, machine, "runAntiVirusScan")
    by_default = start(desk, tenant, elsewhere, "runAntiVirusScan")
    assert status(desk, tenant, action) == "InProgress"
    desk.later(29)
    assert status(desk, tenant, action) == "InProgress"
    desk.later(2)
    after = now(desk, tenant, action)
    assert (after["status"], after["troubleshootInfo"]) == ("Failed", "No room on the disk.")
    assert status(desk, tenant, by_default) == "Succeeded"
    desk.direct(tenant, actions={"outcome": "TimeOut"})
    lost = start(desk, tenant, elsewhere, "isolate")
    desk.later(3)
    assert status(desk, tenant, lost) == "TimeOut"
    desk.direct(tenant, actions={"device": machine["id"]})
    fine = start(desk, tenant, machine, "isolate")
    desk.later(3)
    assert status(desk, tenant, fine) == "Succeeded"


def test_an_action_can_hang(desk, tenant, machine) -> None:
    desk.direct(tenant, actions={"hold": True})
    action = start(desk, tenant, machine, "isolate")
    desk.later(24 * 3600)
    assert status(desk, tenant, action) == "Pending"
    assert cancel(desk, tenant, action).status == 200


def test_somebody_else_acts(desk, tenant, machine) -> None:
    given = {
        "machineId": machine["id"],
        "type": "Isolate",
        "scope": "Selective",
        "requestor": "analyst@customer.example",
        "requestorComment": "mine",
        "status": "Cancelled",
        "cancellationRequestor": "chief@customer.example",
        "creationDateTimeUtc": "2026-01-01T00:00:00.0000000Z",
    }
    running = {"machineId": machine["id"], "type": "Unisolate", "status": "InProgress"}
    desk.direct(tenant, actions={"running": 100})
    added = desk.direct(tenant, add=[running, given])["added"]
    assert listed(desk, tenant) == added
    old = now(desk, tenant, {"id": added[1]})
    assert {name: old[name] for name in given} == given
    assert refusal(post(desk, tenant, machine, "unisolate")) == PROGRESS
    assert now(desk, tenant, {"id": added[0]})["requestSource"] == "Portal"
    desk.later(101)
    assert status(desk, tenant, {"id": added[0]}) == "Succeeded"


@pytest.mark.parametrize(
    "body",
    [
        {"devices": [{"id": "f" * 40}]},
        {"devices": [{"name": "nobody", "healthStatus": "Active"}]},
        {"actions": {"outcome": "Cancelled"}},
        {"actions": {"pending": -1}},
        {"actions": {"pending": "1"}},
        {"actions": {"speed": 3}},
        {"add": [{"type": "Isolate"}]},
        {"machines": []},
    ],
)
def test_what_the_control_route_does_not_take(desk, tenant, body) -> None:
    answer = desk.control("POST", "devices", body={"tenant": tenant.id, **body})
    assert (answer.status, answer.error()["code"]) == (400, "BadRequest")


def test_the_control_route_names_what_nobody_has(desk, tenant, machine) -> None:
    for body, words in (
        ({"devices": [{"id": machine["id"], "isolated": True}]}, "a machine has no isolated"),
        (
            {"add": [{"machineId": machine["id"], "type": "Isolate", "state": "x"}]},
            "a machine action has no state",
        ),
        ({"add": [{"machineId": machine["id"], "type": "Explode"}]}, "type must be one of"),
        (
            {
                "add": [
                    {"machineId": machine["id"], "type": "Isolate", "creationDateTimeUtc": "now"}
                ]
            },
            "now is not an RFC 3339 time",
        ),
    ):
        answer = desk.control("POST", "devices", body={"tenant": tenant.id, **body})
        assert (answer.status, words in answer.error()["message"]) == (400, True)
    assert listed(desk, tenant) == []
