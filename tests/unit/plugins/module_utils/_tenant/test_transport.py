# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The transport over real TLS on the loopback: what is repeated and when, the limits of time and
size, and where a response goes."""

from __future__ import annotations

import dataclasses
import gzip
import json
import typing as t
from pathlib import Path

import pytest
import requests
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import (
    connections as _connections,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import transport as _http
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.transport import (
    Http,
    retry_after,
)
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.loopback import (
    Proxy,
    Reply,
    Service,
    closed_port,
)
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.module_utils._tenant.bench import (
    AUTHORIZED,
    BEARER,
    Build,
    refused,
)
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.stand_ins import NOW, FakeClock
from hypothesis import given
from hypothesis import strategies as st

# Repeats


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_a_read_is_repeated_after_a_temporary_failure(
    service: Service, http: Build, time: FakeClock, status: int
) -> None:
    service.script = [Reply(status), Reply(status), Reply(200)]
    assert http().send("GET", f"{service.url}/x").status == 200
    assert time.slept == [0.5, 1.0]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 412, 416, 501])
def test_a_refusal_is_not_repeated(
    service: Service, http: Build, time: FakeClock, status: int
) -> None:
    service.script = [Reply(status)]
    assert http().send("GET", f"{service.url}/x").status == status
    assert time.slept == []


def test_the_last_response_is_returned_when_the_attempts_are_used_up(
    service: Service, http: Build, time: FakeClock
) -> None:
    service.script = [Reply(503), Reply(502), Reply(500, b'{"error": {"code": "last"}}')]
    answer = http(retries=2).send("GET", f"{service.url}/x")
    assert (answer.status, answer.json()) == (500, {"error": {"code": "last"}})
    assert time.slept == [0.5, 1.0]


def test_no_retries_means_one_attempt(service: Service, http: Build, time: FakeClock) -> None:
    service.script = [Reply(503)]
    assert http(retries=0).send("GET", f"{service.url}/x").status == 503
    assert (len(service.received), time.slept) == (1, [])


def test_without_options_a_request_is_repeated_four_times_within_five_minutes(
    service: Service, http: Build, time: FakeClock
) -> None:
    service.script = [Reply(503)] * 5
    http().send("GET", f"{service.url}/x")
    assert (len(service.received), len(time.slept)) == (5, 4)
    service.script = [Reply(429, headers={"Retry-After": "300"})]
    assert http().send("GET", f"{service.url}/x").status == 429
    assert len(time.slept) == 4


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504])
def test_a_write_is_not_repeated_when_it_may_have_run(
    service: Service, http: Build, status: int
) -> None:
    service.script = [Reply(status)]
    assert http().send("POST", f"{service.url}/x", payload={}, repeatable=False).status == status
    assert len(service.received) == 1


def test_a_throttled_write_is_repeated_because_it_did_not_run(
    service: Service, http: Build, time: FakeClock
) -> None:
    service.script = [Reply(429, headers={"Retry-After": "7"}), Reply(201)]
    assert http().send("POST", f"{service.url}/x", payload={"a": 1}, repeatable=False).status == 201
    assert [json.loads(seen.body) for seen in service.received] == [{"a": 1}] * 2
    assert time.slept == [7.5]


@pytest.mark.parametrize("reply", [Reply(cut=0), Reply(200, b'{"value": []}', cut=4)])
def test_a_read_whose_response_is_lost_is_repeated(
    service: Service, http: Build, reply: Reply
) -> None:
    service.script = [reply, Reply(200, b'{"value": [1]}')]
    assert http().send("GET", f"{service.url}/x").json() == {"value": [1]}


def test_a_service_that_always_closes_the_connection_is_a_network_failure(
    service: Service, http: Build
) -> None:
    service.script = [Reply(cut=0)] * 3
    error = refused(lambda: http(retries=2).send("GET", f"{service.url}/x"))
    assert (error.category, error.who, error.as_result()["error"]["retryable"]) == (
        "network",
        "caller",
        True,
    )
    assert len(service.received) == 3


def test_only_attempts_that_left_are_counted_as_sent(service: Service, http: Build) -> None:
    client = http(retries=1)
    service.script = [Reply(429, headers={"Retry-After": "7"}), Reply(201)]
    client.send("POST", f"{service.url}/x", payload={}, repeatable=False)
    assert client.sent == 2
    service.script = [Reply(cut=0)]
    assert (
        refused(
            lambda: client.send("POST", f"{service.url}/x", payload={}, repeatable=False)
        ).category
        == "outcome_unknown"
    )
    assert client.sent == 3
    nobody = f"https://localhost:{closed_port()}/x"
    refused(lambda: client.send("POST", nobody, payload={}, repeatable=False))
    with Proxy(status=403).serving() as proxy:
        through = http(proxy=proxy.url)
        refused(lambda: through.send("POST", f"{service.url}/x", payload={}, repeatable=False))
    assert (client.sent, through.sent) == (3, 0)


@pytest.mark.parametrize("status", [403, 407])
def test_a_refusal_of_the_proxy_is_not_repeated(
    service: Service, http: Build, time: FakeClock, status: int
) -> None:
    with Proxy(status=status).serving() as proxy:
        error = refused(lambda: http(proxy=proxy.url).send("GET", f"{service.url}/x"))
    assert (error.category, error.status, time.slept) == ("network", status, [])
    assert len(proxy.tunnels) == 1
    assert "microsoft" not in str(error.as_result()).lower()


@pytest.mark.parametrize(("status", "waits"), [(400, []), (499, []), (500, [0.5])])
def test_a_500_of_the_proxy_is_repeated_and_a_4xx_is_not(
    service: Service, http: Build, time: FakeClock, status: int, waits: list[float]
) -> None:
    with Proxy(status=status).serving() as proxy:
        error = refused(lambda: http(proxy=proxy.url, retries=1).send("GET", f"{service.url}/x"))
    assert (error.status, time.slept) == (status, waits)
    assert f"GET {service.url}/x " in error.message


# Waits


def test_waits_double_up_to_half_a_minute(service: Service, http: Build, time: FakeClock) -> None:
    service.script = [Reply(503)] * 9
    client = http(retries=8)
    client.send("GET", f"{service.url}/x")
    assert time.slept == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]
    assert client.waited == sum(time.slept)


@pytest.mark.parametrize(("jitter", "seconds"), [(0.0, 0.25), (0.5, 0.5), (1.0, 0.75)])
def test_the_first_wait_is_spread_around_half_a_second(
    service: Service, http: Build, time: FakeClock, jitter: float, seconds: float
) -> None:
    service.script = [Reply(503), Reply()]
    http(clock=dataclasses.replace(time.clock, jitter=lambda: jitter)).send(
        "GET", f"{service.url}/x"
    )
    assert time.slept == [seconds]


@pytest.mark.parametrize(
    ("headers", "body", "asked"),
    [
        ({"Retry-After": "10"}, b"", 10),
        ({"Retry-After": "0"}, b"", 0),
        ({"Retry-After": "Mon, 23 Nov 2026 12:00:42 GMT"}, b"", 42),
        ({"Retry-After": "Mon, 23 Nov 2026 11:00:00 GMT"}, b"", 0),
        (
            {},
            (
                b'{"error": {"code": "429", "message": "API calls quota exceeded! Maximum allowed'
                b' 30. You can send requests again in 8 seconds."}}'
            ),
            8,
        ),
        ({"Retry-After": "3"}, b"again in 8 seconds", 3),
        ({"Retry-After": "soon"}, b"again in 8 seconds", 8),
    ],
)
def test_the_wait_that_the_service_requests_is_kept(
    service: Service, http: Build, time: FakeClock, headers: dict[str, str], body: bytes, asked: int
) -> None:
    service.script = [Reply(429, body, headers), Reply()]
    assert http().send("GET", f"{service.url}/x").status == 200
    assert time.slept == [asked + 0.5], "never a moment too early, and not all at once"


def test_the_wait_in_a_body_that_is_not_utf_8_is_kept_too(
    service: Service, http: Build, time: FakeClock
) -> None:
    service.script = [Reply(429, b"\xff again in 8 seconds"), Reply()]
    http().send("GET", f"{service.url}/x")
    assert time.slept == [8.5]


@given(value=st.text(), text=st.text())
def test_any_retry_after_is_at_most_five_minutes_or_ignored(value: str, text: str) -> None:
    found = retry_after({"retry-after": value}, text, wall=NOW)
    assert found is None or 0 <= found <= 300


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("1.5", 1.5),
        ("999999", 300.0),
        ("9" * 400, 300.0),
        ("-5", None),
        ("inf", None),
        ("nan", None),
        ("", None),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 300.0),
    ],
)
def test_an_invalid_retry_after_is_ignored_and_a_long_one_is_capped(
    value: str, seconds: float | None
) -> None:
    assert retry_after({"retry-after": value}, "", wall=NOW) == seconds


def test_a_wait_past_the_deadline_is_not_begun(
    service: Service, http: Build, time: FakeClock
) -> None:
    service.script = [Reply(429, headers={"Retry-After": "60"})]
    assert http(deadline=60).send("GET", f"{service.url}/x").status == 429
    assert time.slept == []


def test_a_wait_that_ends_just_at_the_deadline_is_not_begun(
    service: Service, http: Build, time: FakeClock
) -> None:
    service.script = [Reply(429, headers={"Retry-After": "59.5"})]
    assert http(deadline=60).send("GET", f"{service.url}/x").status == 429
    assert time.slept == []


# Limits of time


def test_the_option_request_timeout_overrides_the_timeout_of_the_caller(
    service: Service, http: Build
) -> None:
    service.script = [Reply(silent=True)]
    error = refused(
        lambda: http(retries=0, timeout=0.1).send("GET", f"{service.url}/x", timeout=200)
    )
    assert error.category == "timeout"


@pytest.mark.parametrize(
    ("options", "arguments", "passed", "timeouts"),
    [
        ({}, {}, 0, (10, 30)),
        ({}, {"timeout": 200}, 0, (10, 200)),
        ({"timeout": 7}, {"timeout": 200}, 0, (7, 7)),
        ({"deadline": 20}, {}, 0, (10, 20)),
        ({"deadline": 20}, {}, 15, (5, 5)),
        ({"deadline": 20}, {}, 19.95, (0.1, 0.1)),
    ],
)
def test_no_wait_for_the_service_exceeds_the_deadline(
    http: Build,
    time: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
    options: dict[str, t.Any],
    arguments: dict[str, t.Any],
    passed: float,
    timeouts: tuple[float, float],
) -> None:
    sent: list[dict[str, t.Any]] = []

    def send(_adapter: t.Any, _request: t.Any, **given: t.Any) -> t.NoReturn:
        sent.append(given)
        raise requests.exceptions.ConnectionError

    def prepare(client: Http, *given: t.Any, **named: t.Any) -> t.Any:
        operation = prepared(client, *given, **named)
        time.passed += passed
        return operation

    prepared = Http._prepared
    monkeypatch.setattr(Http, "_prepared", prepare)
    monkeypatch.setattr(_connections.Adapter, "send", send)
    client = http(retries=0, **options)
    assert refused(lambda: client.send("GET", "https://localhost:1/x", **arguments)).category == (
        "network"
    )
    (given,) = sent
    assert given["timeout"] == pytest.approx(timeouts)
    assert given["stream"] is True, "a body is read only as far as the size limit"


def test_a_body_that_arrives_byte_by_byte_cannot_exceed_the_deadline(
    service: Service, http: Build, time: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    # each byte comes in good time, but ten seconds of the fake clock later
    monkeypatch.setattr(_http, "CHUNK", 1)

    def pass_time(at: int) -> None:
        time.passed += 10

    service.script = [Reply(200, b"x" * 100, trickle=True)]
    service.before_byte = pass_time
    error = refused(lambda: http(retries=0, deadline=60).send("GET", f"{service.url}/x"))
    assert error.category == "timeout"


# Limits of size


@pytest.mark.parametrize("status", [200, 503])
@pytest.mark.parametrize("packed", [False, True])
def test_a_response_above_the_size_limit_is_refused_and_not_repeated(
    service: Service, http: Build, status: int, packed: bool, tmp_path: Path
) -> None:
    body = b"x" * 3_000_000
    headers = {"Content-Encoding": "gzip"} if packed else {}
    service.script = [Reply(status, gzip.compress(body) if packed else body, headers)] * 2
    client = http(max_size=2_000_000)
    error = refused(lambda: client.send("GET", f"{service.url}/x"))
    assert (error.category, error.who) == ("unavailable", "microsoft")
    assert "more than 2000000 bytes, the limit set by max_response_size" in error.message
    with (tmp_path / "spool").open("w+b") as spool:
        error = refused(
            lambda: client.send(
                "POST", f"{service.url}/x", payload={}, oversize="bad_request", into=spool
            )
        )
    assert (error.category, error.who) == ("bad_request", "caller")
    assert len(service.received) == 2, "the same answer would come again"


def test_a_response_of_exactly_the_size_limit_is_accepted(service: Service, http: Build) -> None:
    service.script = [Reply(200, b"x" * 1000)]
    assert len(http(max_size=1000).send("GET", f"{service.url}/x").body) == 1000


# Responses in chunks


def test_a_long_response_is_complete(service: Service, http: Build) -> None:
    body = b"".join(b"%06d" % number for number in range(50_000))
    service.script = [Reply(200, body)]
    assert http().send("GET", f"{service.url}/x").body == body


def test_a_compressed_response_is_decompressed_in_chunks(
    service: Service, http: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    read = requests.Response.iter_content

    def watched(response: requests.Response, *arguments: t.Any) -> t.Iterator[bytes]:
        for chunk in read(response, *arguments):
            sizes.append(len(chunk))
            yield chunk

    monkeypatch.setattr(requests.Response, "iter_content", watched)
    service.script = [Reply(200, gzip.compress(b"x" * 300_000), {"Content-Encoding": "gzip"})]
    assert len(http().send("GET", f"{service.url}/x").body) == 300_000
    assert max(sizes) <= 65536


def test_the_body_of_a_200_replaces_the_content_of_the_file(
    service: Service, http: Build, tmp_path: Path
) -> None:
    service.script = [Reply(503, b"busy"), Reply(200, b"the first half", cut=9), Reply(200, b"all")]
    with (tmp_path / "spool").open("w+b") as spool:
        spool.write(b"of an earlier hunt")
        answer = http().send("POST", f"{service.url}/x", payload={}, into=spool)
        assert (answer.status, answer.body) == (200, b"")
        spool.seek(0)
        assert spool.read() == b"all"


def test_a_refusal_does_not_go_into_the_file(service: Service, http: Build, tmp_path: Path) -> None:
    service.script = [Reply(400, b'{"error": {}}'), Reply(201, b'{"id": 1}')]
    with (tmp_path / "spool").open("w+b") as spool:
        client = http()
        for status, body in ((400, b'{"error": {}}'), (201, b'{"id": 1}')):
            answer = client.send("POST", f"{service.url}/x", payload={}, into=spool)
            assert (answer.status, answer.body) == (status, body)
        assert spool.tell() == 0


# The option proxy


def test_the_proxy_option_is_used_and_the_proxy_sees_only_the_host(
    service: Service, http: Build
) -> None:
    service.script = [Reply()]
    with Proxy().serving() as proxy:
        assert (
            http(proxy=proxy.url)
            .send("GET", f"{service.url}/x?secret=1", headers=AUTHORIZED)
            .status
            == 200
        )
    assert proxy.tunnels == [f"CONNECT localhost:{service.port}"]
    assert BEARER not in "".join(proxy.headers)
    assert len(service.received) == 1


def test_the_proxy_option_overrides_the_variables(
    service: Service, http: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{closed_port()}")
    monkeypatch.setenv("NO_PROXY", "localhost")
    service.script = [Reply()]
    with Proxy().serving() as proxy:
        http(proxy=proxy.url).send("GET", f"{service.url}/x")
    assert len(proxy.tunnels) == 1
