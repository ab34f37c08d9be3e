# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Live response and its library, and the signed links to what actions have collected."""

from __future__ import annotations

import hashlib
import io
import zipfile
from urllib.parse import urlsplit

import pytest

pytestmark = pytest.mark.usefixtures("still_clock")

SCRIPT = {"type": "RunScript", "params": [{"key": "ScriptName", "value": "look.ps1"}]}
ARGUED = {"type": "RunScript", "params": [*SCRIPT["params"], {"key": "Args", "value": "-All x"}]}
PUT = {"type": "PutFile", "params": [{"key": "FileName", "value": "tool.exe"}]}
GET = {"type": "GetFile", "params": [{"key": "Path", "value": "C:\\temp\\a.txt"}]}
INCORRECT = (400, "InvalidRequestBody", "Request body is incorrect")
BINARY = b"\x00MZ\r\n--no boundary\r\n\xff\n\r"


def refusal(answer):
    return answer.status, answer.error()["code"], answer.error()["message"]


def upload(desk, tenant, name="look.ps1", content=BINARY, field="file", **fields):
    parts = [
        f'--frontier\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'.encode()
        for key, value in fields.items()
    ]
    head = (
        f'--frontier\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
    ).encode()
    body = b"".join([*parts, head, content, b"\r\n--frontier--\r\n"])
    headers = {"Content-Type": 'multipart/form-data; boundary="frontier"'}
    return desk.endpoint(tenant, "POST", "libraryfiles", body=body, headers=headers)


def run(desk, tenant, machine, *commands):
    return desk.endpoint(
        tenant,
        "POST",
        f"machines/{machine['id']}/runliveresponse",
        body={"Comment": "a look", "Commands": list(commands)},
    )


def now(desk, tenant, action):
    return desk.endpoint(tenant, "GET", f"machineactions/{action['id']}").json()


def result(desk, tenant, action, index):
    path = f"machineactions/{action['id']}/GetLiveResponseResultDownloadLink(index={index})"
    return desk.endpoint(tenant, "GET", path)


def follow(desk, url, headers=None, method="GET"):
    parts = urlsplit(url)
    return desk.send("endpoint", method, parts.path, parts.query, headers)


@pytest.fixture
def machine(desk, tenant):
    return desk.machines(tenant)[0]


@pytest.fixture
def library(desk, tenant):
    for name in ("look.ps1", "tool.exe"):
        assert upload(desk, tenant, name).status == 200


def test_a_file_of_the_library(desk, tenant) -> None:
    answer = upload(desk, tenant, Description="a look", ParametersDescription="-All: everything")
    assert answer.status == 200
    file = answer.json()
    assert file.pop("@odata.context").endswith("#LibraryFiles/$entity")
    assert set(file) == {
        "fileName",
        "sha256",
        "description",
        "creationTime",
        "lastUpdatedTime",
        "createdBy",
        "hasParameters",
        "parametersDescription",
    }
    assert (file["fileName"], file["description"], file["hasParameters"]) == (
        "look.ps1",
        "a look",
        True,
    )
    assert file["sha256"] == hashlib.sha256(BINARY).hexdigest()
    assert desk.endpoint(tenant, "GET", "libraryfiles").json()["value"] == [file]
    assert desk.endpoint(tenant, "DELETE", "libraryfiles/look.ps1").status == 204
    assert refusal(desk.endpoint(tenant, "DELETE", "libraryfiles/look.ps1")) == (
        404,
        "ResourceNotFound",
        "File look.ps1 was not found",
    )
    assert desk.endpoint(tenant, "GET", "libraryfiles").json()["value"] == []


def test_a_file_is_replaced_only_on_demand(desk, tenant) -> None:
    first = upload(desk, tenant, field="File").json()
    answer = upload(desk, tenant, content=b"newer")
    assert (answer.status, answer.error()["code"]) == (400, "BadRequest")
    assert (
        desk.endpoint(tenant, "GET", "libraryfiles").json()["value"][0]["sha256"]
        == (first["sha256"])
    )
    second = upload(desk, tenant, content=b"newer", OverrideIfExists="true").json()
    assert second["sha256"] == hashlib.sha256(b"newer").hexdigest()
    assert second["creationTime"] == first["creationTime"]
    assert second["lastUpdatedTime"] > first["lastUpdatedTime"]


def test_uploads_that_are_refused(desk, tenant) -> None:
    assert upload(desk, tenant, field="Content").status == 400
    assert upload(desk, tenant, name="").error()["code"] == "MissingRequiredParameter"
    assert upload(desk, tenant, name="../x.ps1").error()["code"] == "InvalidInput"
    assert refusal(upload(desk, tenant, OverrideIfExists="yes")) == INCORRECT
    assert refusal(upload(desk, tenant, Title="x")) == INCORRECT
    assert upload(desk, tenant, content=bytes(20 * 2**20 + 1)).error()["code"] == "InvalidInput"
    for headers in ({"Content-Type": "application/json"}, {"Content-Type": "multipart/form-data"}):
        answer = desk.endpoint(tenant, "POST", "libraryfiles", body=b"--\r\n", headers=headers)
        assert refusal(answer) == INCORRECT
    assert desk.endpoint(tenant, "GET", "libraryfiles").json()["value"] == []


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_the_library_needs_its_own_role(desk, tenant, method) -> None:
    desk.become(tenant, roles={"endpoint": ["Machine.LiveResponse", "Machine.ReadWrite.All"]})
    path = "libraryfiles/x" if method == "DELETE" else "libraryfiles"
    answer = desk.endpoint(tenant, method, path)
    assert "API required roles: Library.Manage, application" in answer.error()["message"]


def test_commands_run_in_order(desk, tenant, machine, library) -> None:
    answer = run(desk, tenant, machine, PUT, ARGUED, GET)
    assert answer.status == 201
    action = answer.json()
    assert (action["type"], action["status"], action["errorHResult"]) == (
        "LiveResponse",
        "Pending",
        0,
    )
    assert "lastUpdateDateTimeUtc" in action
    assert action["commands"] == [
        {
            "index": index,
            "startTime": None,
            "endTime": None,
            "commandStatus": "Created",
            "errors": [],
            "command": command,
        }
        for index, command in enumerate([PUT, ARGUED, GET])
    ]
    assert result(desk, tenant, action, 1).status == 404
    desk.later(3)
    after = now(desk, tenant, action)
    assert after["status"] == "Succeeded"
    assert [command["commandStatus"] for command in after["commands"]] == ["Completed"] * 3
    assert all(command["endTime"] for command in after["commands"])
    script = follow(desk, result(desk, tenant, action, 1).json()["value"]).json()
    assert script == {
        "script_name": "look.ps1",
        "exit_code": 0,
        "script_output": "look.ps1 -All x\n",
        "script_errors": "",
    }
    file = follow(desk, result(desk, tenant, action, 2).json()["value"])
    assert file.reply.body == b"content of C:\\temp\\a.txt\n"
    for index in (0, 3):
        assert result(desk, tenant, action, index).error()["code"] == "ResourceNotFound"
    assert result(desk, tenant, action, "x").status == 400


def test_the_first_failure_stops_the_rest(desk, tenant, machine, library) -> None:
    desk.direct(tenant, actions={"outcome": "Failed", "error": "Access denied.", "command": 1})
    action = run(desk, tenant, machine, PUT, SCRIPT, GET).json()
    desk.later(3)
    after = now(desk, tenant, action)
    assert (after["status"], after["troubleshootInfo"]) == ("Failed", "Access denied.")
    assert [(row["commandStatus"], row["errors"]) for row in after["commands"]] == [
        ("Completed", []),
        ("Failed", ["Access denied."]),
        ("Created", []),
    ]
    assert result(desk, tenant, action, 1).status == 404


def test_a_file_has_to_be_in_the_library_before_and_when_it_is_needed(
    desk, tenant, machine, library
) -> None:
    gone = {"type": "RunScript", "params": [{"key": "ScriptName", "value": "gone.ps1"}]}
    answer = run(desk, tenant, machine, gone)
    assert refusal(answer)[:2] == (400, "InvalidInput")
    assert "gone.ps1" in answer.error()["message"]
    action = run(desk, tenant, machine, SCRIPT, GET).json()
    desk.endpoint(tenant, "DELETE", "libraryfiles/look.ps1")
    desk.later(3)
    after = now(desk, tenant, action)
    assert after["status"] == "Failed"
    assert after["commands"][0]["errors"] == ["File look.ps1 was not found in the library."]
    assert after["commands"][1]["commandStatus"] == "Created"


def test_commands_of_a_device_that_never_came_back_were_never_run(desk, tenant, library) -> None:
    inactive = next(row for row in desk.machines(tenant) if row["healthStatus"] == "Inactive")
    action = run(desk, tenant, inactive, SCRIPT).json()
    desk.later(3 * 24 * 3600 + 1)
    after = now(desk, tenant, action)
    assert (after["status"], after["commands"][0]["commandStatus"]) == ("TimeOut", "Created")


@pytest.mark.parametrize(
    "commands",
    [
        [{"type": "runscript", "params": SCRIPT["params"]}],
        [{"type": "RunScript"}],
        [{"type": "RunScript", "params": []}],
        [{"type": "RunScript", "params": [{"key": "Args", "value": "x"}]}],
        [{"type": "RunScript", "params": [{"key": "ScriptName"}]}],
        [{"type": "RunScript", "params": [*SCRIPT["params"], *SCRIPT["params"]]}],
        [{"type": "GetFile", "params": [*GET["params"], {"key": "Args", "value": "x"}]}],
        [{"Type": "GetFile", "params": GET["params"]}],
        ["GetFile"],
        # PutFile, RunScript, GetFile: in this order
        [GET, SCRIPT],
        [SCRIPT, PUT],
    ],
)
def test_commands_that_are_refused(desk, tenant, machine, library, commands) -> None:
    assert refusal(run(desk, tenant, machine, *commands)) == INCORRECT


def test_no_commands_and_no_role(desk, tenant, machine) -> None:
    assert run(desk, tenant, machine).error()["code"] == "MissingRequiredParameter"
    assert refusal(run(desk, tenant, {"id": "x"}, GET))[0] == 404
    desk.become(tenant, roles={"endpoint": ["Library.Manage", "Machine.ReadWrite.All"]})
    answer = run(desk, tenant, machine, GET)
    assert "API required roles: Machine.LiveResponse, app" in answer.error()["message"]


def test_one_session_on_a_device(desk, tenant, machine) -> None:
    assert run(desk, tenant, machine, GET).status == 201
    assert refusal(run(desk, tenant, machine, GET)) == (
        400,
        "ActiveRequestAlreadyExists",
        "Action is already in progress",
    )


def test_ten_sessions_a_minute(desk, tenant) -> None:
    statuses = [run(desk, tenant, {"id": "x"}, GET).status for unused in range(11)]
    assert statuses == [404] * 10 + [429]


def test_twenty_five_sessions_at_once(desk, tenant, machine) -> None:
    rows = [row for row in desk.machines(tenant) if row["id"] != machine["id"]]
    session = {"type": "LiveResponse", "machineId": rows[0]["id"]}
    desk.direct(tenant, actions={"hold": True}, add=[session] * 25)
    answer = run(desk, tenant, machine, GET)
    assert refusal(answer)[:2] == (429, "TooManyRequests")
    assert answer.error()["target"] == tenant.id
    first = desk.endpoint(tenant, "GET", "machineactions").json()["value"][0]["id"]
    desk.endpoint(tenant, "POST", f"machineactions/{first}/cancel", body={"Comment": "x"})
    assert run(desk, tenant, machine, GET).status == 201


@pytest.fixture
def package(desk, tenant, machine):
    path = f"machines/{machine['id']}/collectInvestigationPackage"
    answer = desk.endpoint(tenant, "POST", path, body={"Comment": "forensics"})
    assert answer.status == 201
    return answer.json()


def package_uri(desk, tenant, action, spelling="getPackageUri"):
    return desk.endpoint(tenant, "GET", f"machineactions/{action['id']}/{spelling}")


def test_a_package_is_there_when_it_is_collected(desk, tenant, machine, package) -> None:
    assert refusal(package_uri(desk, tenant, package))[:2] == (404, "ResourceNotFound")
    desk.later(3)
    answer = package_uri(desk, tenant, package, "GetPackageUri")
    body = answer.json()
    assert body["@odata.context"].endswith("/api/$metadata#Edm.String")
    value = body["value"]
    assert value[0] == value[-1] == '"'
    file = follow(desk, value.strip('"'))
    assert (file.status, file.headers["Content-Type"]) == (200, "application/zip")
    with zipfile.ZipFile(io.BytesIO(file.reply.body)) as content:
        assert content.testzip() is None
        assert machine["computerDnsName"].encode() in content.read("Autoruns/run_keys.txt")


def test_only_a_collection_has_a_package(desk, tenant, machine) -> None:
    path = f"machines/{machine['id']}/restrictCodeExecution"
    action = desk.endpoint(tenant, "POST", path, body={"Comment": "x"}).json()
    desk.later(3)
    assert package_uri(desk, tenant, action).status == 404


def test_two_links_to_packages_a_minute(desk, tenant, package) -> None:
    statuses = [
        package_uri(desk, tenant, package, spelling).status
        for spelling in ("getPackageUri", "GetPackageUri", "getPackageUri")
    ]
    assert statuses == [404, 404, 429]
    desk.later(61)
    assert package_uri(desk, tenant, package).status == 200


def test_links_need_only_the_right_to_read(desk, tenant, package) -> None:
    desk.later(3)
    desk.become(tenant, roles={"endpoint": ["Machine.Read.All"]})
    assert package_uri(desk, tenant, package).status == 200


@pytest.fixture
def link(desk, tenant, machine):
    action = run(desk, tenant, machine, GET).json()
    desk.later(3)
    return result(desk, tenant, action, 0).json()["value"]


def test_a_signed_link_refuses_a_token(desk, tenant, link) -> None:
    headers = {"Authorization": f"Bearer {desk.token(tenant, 'endpoint')}"}
    answer = follow(desk, link, headers)
    assert answer.status == 400
    assert answer.headers["x-ms-error-code"] == "InvalidAuthenticationInfo"
    assert follow(desk, link).status == 200


def test_a_signed_link_is_good_for_half_an_hour_and_only_as_it_is(desk, link) -> None:
    assert follow(desk, link).status == 200
    assert follow(desk, link + "x").status == 403
    assert follow(desk, link.partition("?")[0]).status == 403
    assert follow(desk, link.replace("Output/0", "Output/1")).status == 403
    assert follow(desk, link, method="POST").status == 405
    desk.later(30 * 60 - 5)
    assert follow(desk, link).status == 200
    desk.later(6)
    expired = follow(desk, link)
    assert (expired.status, expired.headers["x-ms-error-code"]) == (403, "AuthenticationFailed")


def test_the_journal_masks_the_signature_of_a_link(desk, link) -> None:
    follow(desk, link)
    last = desk.control("GET", "journal").json()["value"][-1]
    assert last["path"] == urlsplit(link).path
    assert last["query"].endswith("&sig=***")
