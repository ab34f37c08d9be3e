# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The machines of the Endpoint API: coherent with hunting and with incidents, and how they are
found, tagged and valued."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest
from defender_lab.service.instants import ticks

pytestmark = pytest.mark.usefixtures("still_clock")

MEMBERS = set(
    "id computerDnsName firstSeen lastSeen osPlatform version osProcessor lastIpAddress"
    " lastExternalIpAddress osBuild healthStatus deviceValue rbacGroupId rbacGroupName riskScore"
    " exposureLevel isAadJoined aadDeviceId machineTags onboardingStatus osArchitecture"
    " ipAddresses".split()
)
INCORRECT = (400, "InvalidRequestBody", "Request body is incorrect")


def refusal(answer):
    return answer.status, answer.error()["code"], answer.error()["message"]


def ids(rows):
    return [row["id"] for row in rows]


def test_a_machine_has_the_documented_members(desk, tenant) -> None:
    rows = desk.machines(tenant)
    assert all(set(row) == MEMBERS for row in rows)
    assert len(set(ids(rows))) == len(rows)
    assert all(len(key) == 40 and int(key, 16) for key in ids(rows))


def test_machines_are_the_devices_of_hunting(desk, tenant) -> None:
    tables = desk.lab.store.world.tables(tenant.id)
    by_id = {row["id"]: row for row in desk.machines(tenant)}
    addresses = {
        row["DeviceId"]: json.loads(row["IPAddresses"])[0]["IPAddress"]
        for row in tables["DeviceNetworkInfo"]
    }
    hunted = {row["DeviceId"]: row for row in tables["DeviceInfo"]}
    assert len(hunted) == 11
    for key, row in hunted.items():
        machine = by_id[key]
        assert (
            machine["computerDnsName"],
            machine["osPlatform"],
            machine["osBuild"],
            machine["rbacGroupName"],
            machine["aadDeviceId"],
            machine["lastExternalIpAddress"],
            machine["exposureLevel"],
            machine["deviceValue"],
            machine["healthStatus"],
            machine["onboardingStatus"],
            machine["lastIpAddress"],
        ) == (
            row["DeviceName"],
            row["OSPlatform"],
            row["OSBuild"],
            row["MachineGroup"],
            row["AadDeviceId"],
            row["PublicIP"],
            row["ExposureLevel"],
            row["AssetValue"],
            row["SensorHealthState"],
            row["OnboardingStatus"].lower(),
            addresses[key],
        )
    # what no table names was last seen before hunting begins
    month_ago = datetime.now(UTC) - timedelta(days=30)
    others = [row for key, row in by_id.items() if key not in hunted]
    assert len(others) >= 2
    assert all(datetime.fromisoformat(row["lastSeen"]) < month_ago for row in others)


def test_the_devices_of_incidents_are_machines_with_their_risk(desk, tenant) -> None:
    by_id = {row["id"]: row for row in desk.machines(tenant)}
    alerts = desk.graph(tenant, "GET", "security/alerts_v2").json()["value"]
    devices = [
        (alert["status"], piece)
        for alert in alerts
        for piece in alert["evidence"]
        if piece["@odata.type"].endswith(".deviceEvidence")
    ]
    assert devices
    for status, piece in devices:
        machine = by_id[piece["mdeDeviceId"]]
        assert machine["computerDnsName"] == piece["deviceDnsName"]
        assert machine["version"] == piece["version"]
        assert machine["rbacGroupId"] == piece["rbacGroupId"]
        if status != "resolved" and piece["riskScore"] == "high":
            assert machine["riskScore"] == "High"


def test_a_tenant_has_machines_of_many_kinds(desk, tenant) -> None:
    rows = desk.machines(tenant)
    assert {row["healthStatus"] for row in rows} == {"Active", "Inactive", "Unknown"}
    assert {row["onboardingStatus"] for row in rows} == {"onboarded", "CanBeOnboarded"}
    assert len({row["exposureLevel"] for row in rows}) >= 3
    assert [row["computerDnsName"] for row in rows if "crown-jewel" in row["machineTags"]] == [
        row["computerDnsName"] for row in rows if "-srv-dc" in row["computerDnsName"]
    ]
    short = [row["computerDnsName"].partition(".")[0] for row in rows]
    assert len(short) > len(set(short))


def test_some_tenants_have_two_records_of_one_name(desk) -> None:
    world = desk.lab.store.world
    twins = [
        (tenant, rows[1], rows[-1])
        for tenant in desk.lab.directory.tenants[:30]
        for rows in [world.machines(tenant.id)]
        if rows[1]["computerDnsName"] == rows[-1]["computerDnsName"]
    ]
    assert 1 <= len(twins) <= 20
    tenant, newer, older = twins[0]
    assert (newer["healthStatus"], older["healthStatus"]) == ("Active", "Inactive")
    name = newer["computerDnsName"]
    assert ids(desk.machines(tenant, {"$filter": f"computerDnsName eq '{name}'"})) == [
        newer["id"],
        older["id"],
    ]
    assert desk.endpoint(tenant, "GET", f"machines/{name}").json()["id"] == newer["id"]


def test_the_same_seed_gives_the_same_machines(desk, tenant) -> None:
    world = desk.lab.store.world
    known = world.machines(tenant.id)
    world._portals.pop(tenant.id)
    assert world.machines(tenant.id) == known


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("healthStatus eq 'Inactive'", lambda row: row["healthStatus"] == "Inactive"),
        ("healthStatus ne 'Active'", lambda row: row["healthStatus"] != "Active"),
        ("riskScore eq 'None'", lambda row: row["riskScore"] == "None"),
        ("exposureLevel eq 'High'", lambda row: row["exposureLevel"] == "High"),
        ("onboardingStatus eq 'CanBeOnboarded'", lambda row: "-guest" in row["computerDnsName"]),
        ("rbacGroupId eq 2", lambda row: row["rbacGroupId"] == 2),
        ("osPlatform eq 'WindowsServer2022'", lambda row: "-srv-" in row["computerDnsName"]),
        ("deviceValue eq 'High' and rbacGroupId ne 1", lambda row: row["deviceValue"] == "High"),
        (
            "machineTags/any(tag: tag eq 'crown-jewel')",
            lambda row: "crown-jewel" in row["machineTags"],
        ),
        (
            "machineTags/any(tag: startswith(tag,'crown'))",
            lambda row: "crown-jewel" in row["machineTags"],
        ),
        (
            "not machineTags/any(t: t eq 'to-retire')",
            lambda row: "to-retire" not in row["machineTags"],
        ),
        ("aadDeviceId eq null", lambda row: row["aadDeviceId"] is None),
    ],
)
def test_filters(desk, tenant, text, holds) -> None:
    risky = desk.machines(tenant)[0]["id"]
    desk.direct(tenant, devices=[{"id": risky, "riskScore": "High"}])
    everything = desk.machines(tenant)
    wanted = ids(row for row in everything if holds(row))
    assert 0 < len(wanted) < len(everything)
    assert ids(desk.machines(tenant, {"$filter": text})) == wanted


def test_names_are_compared_with_regard_to_case(desk, tenant) -> None:
    name = desk.machines(tenant)[0]["computerDnsName"]
    assert len(desk.machines(tenant, {"$filter": f"computerDnsName eq '{name}'"})) == 1
    assert desk.machines(tenant, {"$filter": f"computerDnsName eq '{name.upper()}'"}) == []
    assert desk.machines(tenant, {"$filter": f"startswith(computerDnsName,'{name[:9]}')"})


def test_last_seen_and_pages(desk, tenant) -> None:
    everything = desk.machines(tenant)
    since = (datetime.now(UTC) - timedelta(days=7)).strftime("%Y-%m-%dT%H:%M:%SZ")
    recent = desk.machines(tenant, {"$filter": f"lastSeen gt {since}"})
    assert ids(recent) == ids(row for row in everything if ticks(row["lastSeen"]) > ticks(since))
    assert 0 < len(recent) < len(everything)
    answer = desk.endpoint(tenant, "GET", "machines", "$top=5&$skip=4")
    assert set(answer.json()) == {"@odata.context", "value"}
    assert ids(answer.json()["value"]) == ids(everything[4:9])


@pytest.mark.parametrize(
    "query",
    [
        "$top=10001",
        "$orderby=lastSeen",
        "$count=true",
        "$expand=alerts",
        "$filter=machineTags eq 'vip'",
        "$filter=machineTags('vip')",
        "$filter=machineTags/all(tag: tag eq 'vip')",
        "$filter=machineTags/any(tag: other eq 'vip')",
        "$filter=osBuild eq 20348",
        "$filter=rbacGroupId eq '2'",
        "$filter=healthStatus eq 'Sick'",
        "$filter=contains(computerDnsName,'srv')",
    ],
)
def test_an_option_this_api_does_not_take(desk, tenant, query) -> None:
    answer = desk.endpoint(tenant, "GET", "machines", query)
    assert (answer.status, answer.error()["code"]) == (400, "ODataError")
    assert set(answer.error()) == {"code", "message", "target"}


def test_one_machine_by_id_and_by_name_below_both_paths(desk, tenant) -> None:
    row = desk.machines(tenant)[0]
    for key in (row["id"], row["computerDnsName"]):
        for prefix in ("/api", "/api/v1.0"):
            got = desk.call("endpoint", tenant, "GET", f"{prefix}/machines/{key}").json()
            assert got.pop("@odata.context").endswith("/api/$metadata#Machine")
            assert got == row
    short = row["computerDnsName"].partition(".")[0]
    for key in ("123123123", short, row["id"].upper() + "0"):
        answer = desk.endpoint(tenant, "GET", f"machines/{key}")
        assert refusal(answer) == (404, "ResourceNotFound", f"Machine {key} was not found")


def by_ip(desk, tenant, ip, when):
    moment = when if isinstance(when, str) else when.strftime("%Y-%m-%dT%H:%M:%SZ")
    return desk.endpoint(tenant, "GET", f"machines/findbyip(ip='{ip}',timestamp={moment})")


def test_find_by_ip_within_a_quarter_of_an_hour(desk, tenant) -> None:
    machine = desk.machines(tenant)[0]
    last = datetime.now(UTC) - timedelta(hours=2)
    desk.direct(
        tenant,
        devices=[{"id": machine["id"], "lastSeen": last.strftime("%Y-%m-%dT%H:%M:%SZ")}],
    )
    ip = machine["lastIpAddress"]
    inside = by_ip(desk, tenant, ip, last + timedelta(minutes=14))
    assert ids(inside.json()["value"]) == [machine["id"]]
    assert by_ip(desk, tenant, ip, last + timedelta(minutes=16)).json()["value"] == []
    assert by_ip(desk, tenant, "10.0.0.1", last).json()["value"] == []


@pytest.mark.parametrize("days", [-1, 31])
def test_find_by_ip_reaches_back_thirty_days(desk, tenant, days) -> None:
    answer = by_ip(desk, tenant, "10.0.0.1", datetime.now(UTC) - timedelta(days=days))
    assert (answer.status, answer.error()["code"]) == (400, "InvalidInput")


def test_find_by_ip_wants_a_time(desk, tenant) -> None:
    assert by_ip(desk, tenant, "10.0.0.1", "yesterday").status == 400


def test_find_by_tag(desk, tenant) -> None:
    jewel = desk.machines(tenant, {"$filter": "machineTags/any(tag: tag eq 'crown-jewel')"})

    def found(query):
        return desk.endpoint(tenant, "GET", "machines/findbytag", query)

    assert found("tag=crown-jewel").json()["value"] == jewel
    assert found("tag=crown&useStartsWithFilter=true").json()["value"] == jewel
    assert found("tag=crown").json()["value"] == []
    assert found("useStartsWithFilter=true").error()["code"] == "MissingRequiredParameter"
    assert found("tag=x&useStartsWithFilter=maybe").status == 400
    assert found("tag=x&$top=1").error()["code"] == "ODataError"


def test_a_tag_is_added_and_removed(desk, tenant) -> None:
    row = desk.machines(tenant)[0]
    path = f"machines/{row['id']}/tags"
    for tag in ("a b", "second", "a b"):
        answer = desk.endpoint(tenant, "POST", path, body={"Value": tag, "Action": "Add"})
        assert answer.status == 200
    assert answer.json()["machineTags"] == [*row["machineTags"], "a b", "second"]
    answer = desk.endpoint(tenant, "POST", path, body={"Value": "a b", "Action": "Remove"})
    assert answer.json()["machineTags"] == [*row["machineTags"], "second"]
    assert desk.machines(tenant)[0]["machineTags"] == [*row["machineTags"], "second"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"Value": "x"}, "MissingRequiredParameter"),
        ({"Value": "", "Action": "Add"}, "MissingRequiredParameter"),
        ({"Value": "x", "Action": "add"}, "InvalidRequestBody"),
        ({"value": "x", "action": "Add"}, "InvalidRequestBody"),
        ({"Value": ["x"], "Action": "Add"}, "InvalidRequestBody"),
        ({"Value": "x" * 201, "Action": "Add"}, "InvalidRequestBody"),
        ([], "InvalidRequestBody"),
        (b"{", "InvalidRequestBody"),
    ],
)
def test_a_tag_with_a_bad_body(desk, tenant, body, code) -> None:
    before = desk.machines(tenant)
    answer = desk.endpoint(tenant, "POST", f"machines/{before[0]['id']}/tags", body=body)
    assert (answer.status, answer.error()["code"]) == (400, code)
    assert desk.machines(tenant) == before


def test_many_machines_are_tagged_at_once_or_none(desk, tenant) -> None:
    path = "machines/AddOrRemoveTagForMultipleMachines"
    keys = ids(desk.machines(tenant)[:3])
    body = {"Value": "sweep", "Action": "Add", "MachineIds": keys}
    answer = desk.endpoint(tenant, "POST", path, body=body)
    assert (answer.status, ids(answer.json()["value"])) == (200, keys)
    tagged = {"$filter": "machineTags/any(tag: tag eq 'sweep')"}
    assert ids(desk.machines(tenant, tagged)) == keys
    gone = {**body, "Action": "Remove", "MachineIds": [*keys, "f" * 40]}
    assert refusal(desk.endpoint(tenant, "POST", path, body=gone)) == (
        404,
        "ResourceNotFound",
        f"Machine {'f' * 40} was not found",
    )
    assert ids(desk.machines(tenant, tagged)) == keys
    many = {**body, "MachineIds": keys * 167}
    assert refusal(desk.endpoint(tenant, "POST", path, body=many)) == (
        400,
        "MaximumBatchSizeExceeded",
        "Maximum batch size exceeded. Received: 501, allowed: 500.",
    )


def test_an_update_replaces_the_tags(desk, tenant) -> None:
    row = next(row for row in desk.machines(tenant) if row["machineTags"])
    answer = desk.endpoint(
        tenant, "PATCH", f"machines/{row['id']}", body={"machineTags": ["x"], "deviceValue": "Low"}
    ).json()
    assert (answer["machineTags"], answer["deviceValue"]) == (["x"], "Low")
    answer = desk.endpoint(tenant, "PATCH", f"machines/{row['id']}", body={"machineTags": []})
    assert (answer.json()["machineTags"], answer.json()["deviceValue"]) == ([], "Low")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"MachineTags": ["x"]},
        {"machineTags": "x"},
        {"machineTags": [1]},
        {"deviceValue": "normal"},
        {"healthStatus": "Active"},
    ],
)
def test_an_update_with_a_bad_body(desk, tenant, body) -> None:
    row = desk.machines(tenant)[0]
    assert refusal(desk.endpoint(tenant, "PATCH", f"machines/{row['id']}", body=body)) == INCORRECT
    assert desk.machines(tenant)[0] == row


def test_the_value_of_a_device(desk, tenant) -> None:
    row = desk.machines(tenant)[0]
    path = f"machines/{row['id']}/setDeviceValue"
    answer = desk.endpoint(tenant, "POST", path, body={"DeviceValue": "High"})
    assert (answer.status, answer.json()["deviceValue"]) == (200, "High")
    assert refusal(desk.endpoint(tenant, "POST", path, body={"DeviceValue": "Top"})) == INCORRECT


def test_what_changes_a_machine_takes_no_name(desk, tenant) -> None:
    name = quote(desk.machines(tenant)[0]["computerDnsName"])
    answer = desk.endpoint(
        tenant, "POST", f"machines/{name}/tags", body={"Value": "x", "Action": "Add"}
    )
    assert answer.status == 404


@pytest.mark.parametrize(
    ("method", "path", "roles"),
    [
        ("GET", "machines", "Machine.Read.All,Machine.ReadWrite.All"),
        ("GET", "machines/x", "Machine.Read.All,Machine.ReadWrite.All"),
        ("POST", "machines/x/tags", "Machine.ReadWrite.All"),
        ("POST", "machines/AddOrRemoveTagForMultipleMachines", "Machine.ReadWrite.All"),
        ("PATCH", "machines/x", "Machine.ReadWrite.All"),
        ("POST", "machines/x/setDeviceValue", "Machine.ReadWrite.All"),
    ],
)
def test_roles(desk, tenant, method, path, roles) -> None:
    desk.become(tenant, roles={"endpoint": ["Score.Read.All"]})
    assert refusal(desk.endpoint(tenant, method, path)) == (
        403,
        "Forbidden",
        f"Missing application roles. API required roles: {roles}, application roles:"
        " Score.Read.All.",
    )


def test_reading_is_no_right_to_tag(desk, tenant) -> None:
    desk.become(tenant, roles={"endpoint": ["Machine.Read.All"]})
    row = desk.machines(tenant)[0]
    body = {"Value": "x", "Action": "Add"}
    assert desk.endpoint(tenant, "POST", f"machines/{row['id']}/tags", body=body).status == 403


def test_a_tenant_without_defender_has_no_machines(desk, tenant) -> None:
    desk.become(tenant, provisioned=False)
    assert desk.endpoint(tenant, "GET", "machines").status == 401


def test_a_hundred_calls_a_minute(desk, tenant) -> None:
    headers = {"Authorization": f"Bearer {desk.token(tenant, 'endpoint')}"}

    def ask(prefix="/api"):
        return desk.send("endpoint", "GET", f"{prefix}/machines", "$top=1", headers)

    assert {ask(prefix).status for prefix in ("/api", "/api/v1.0") * 50} == {200}
    answer = ask()
    error = answer.error()
    assert (answer.status, error["code"], error["target"]) == (429, "429", tenant.id)
    assert error["message"].startswith(
        "API calls quota exceeded! Maximum allowed 100 per 00:01:00 for the key"
        " Destination+TenantID+AppID. You can send requests again in "
    )
    desk.later(61)
    assert ask().status == 200
