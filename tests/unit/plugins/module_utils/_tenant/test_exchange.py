# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A request as it is prepared, and the parts of a response."""

from __future__ import annotations

import email
import email.message
import typing as t
import uuid

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.exchange import (
    Answer,
    Form,
)
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.loopback import Reply, Service
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.module_utils._tenant.bench import (
    AUTHORIZED,
    BEARER,
    Build,
    refused,
)
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.stand_ins import FakeClock

# Requests


def test_a_request_arrives_as_it_was_given(service: Service, http: Build) -> None:
    service.script = [Reply(200, b'{"value": []}', {"request-id": "r-1", "X-Other": "yes"})]
    answer = http().send(
        "GET",
        f"{service.url}/v1.0/security/incidents",
        headers=AUTHORIZED,
        params={"$filter": "status eq 'active'", "$top": "50"},
    )
    (seen,) = service.received
    assert (seen.method, seen.path) == (
        "GET",
        "/v1.0/security/incidents?%24filter=status+eq+%27active%27&%24top=50",
    )
    assert (seen.headers["authorization"], seen.headers["accept"], seen.body) == (
        f"Bearer {BEARER}",
        "application/json",
        b"",
    )
    assert (answer.status, answer.json(), answer.request_id, answer.headers["x-other"]) == (
        200,
        {"value": []},
        "r-1",
        "yes",
    )


def test_a_payload_is_sent_as_json_in_utf_8(service: Service, http: Build) -> None:
    service.script = [Reply()]
    http().send("POST", f"{service.url}/x", payload={"Query": "München 😀"})
    (seen,) = service.received
    assert seen.headers["content-type"] == "application/json; charset=utf-8"
    assert seen.body == '{"Query": "München 😀"}'.encode()


def test_a_form_arrives_as_it_was_given(service: Service, http: Build) -> None:
    service.script = [Reply()]
    http().send("POST", f"{service.url}/token", data={"grant_type": "client_credentials"})
    (seen,) = service.received
    assert seen.body == b"grant_type=client_credentials"


def test_a_form_with_a_file_arrives_part_by_part(service: Service, http: Build) -> None:
    service.script = [Reply()]
    content = b"\x00\r\n--no boundary\r\n\xff"
    form = Form(
        field="File",
        file_name='a"; name="x\r\n.ps1',
        content=content,
        fields={"Description": "größer", "OverrideIfExists": "true"},
    )
    http().send("POST", f"{service.url}/x", headers=AUTHORIZED, payload=form, repeatable=False)
    (seen,) = service.received
    kind = f"Content-Type: {seen.headers['content-type']}\r\n\r\n".encode()
    message = email.message_from_bytes(kind + seen.body)
    parts = [
        (part.get_param("name", header="content-disposition"), part.get_payload(decode=True))
        for part in t.cast("list[email.message.Message]", message.get_payload())
    ]
    assert message.get_content_type() == "multipart/form-data"
    assert parts[:2] == [("Description", "größer".encode()), ("OverrideIfExists", b"true")]
    (name, body), last = parts[2], message.get_payload(2)
    assert (name, body) == ("File", content)
    # a name cannot add a header or a parameter
    assert t.cast("t.Any", last).get_filename() == "a%22; name=%22x%0D%0A.ps1"
    assert "no boundary" not in repr(form)


def test_each_request_has_its_own_id_which_its_repeats_keep(service: Service, http: Build) -> None:
    service.script = [Reply(503), Reply(), Reply()]
    client = http()
    client.send("GET", f"{service.url}/one")
    client.send("GET", f"{service.url}/two")
    first, again, second = (
        uuid.UUID(seen.headers["client-request-id"]) for seen in service.received
    )
    assert first == again != second


@pytest.mark.parametrize(
    "url", ["https://", "https://[::1/x?secret=1", "graph.microsoft.com/x?secret=1"]
)
def test_an_invalid_url_is_reported_without_an_attempt(
    http: Build, time: FakeClock, url: str
) -> None:
    error = refused(lambda: http().send("GET", url, headers=AUTHORIZED))
    assert (error.category, time.slept) == ("network", [])
    assert error.message.startswith(f"GET {url.split('?', maxsplit=1)[0]} was not sent: the URL ")
    assert "secret" not in error.message


# Responses


def test_a_body_that_is_not_json_is_none() -> None:
    assert Answer(200, {}, b"<html>").json() is None
    assert Answer(200, {}, b"\xff\xfe\x00").json() is None
    assert Answer(200, {"x-ms-request-id": "x-1"}, b"").request_id == "x-1"


def test_json_that_is_nested_too_deeply_is_none() -> None:
    assert Answer(200, {}, b"[" * 200_000 + b"]" * 200_000).json() is None
