# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The transport over real TLS on the loopback: what is repeated, what is not, whom it trusts and
what it never tells."""

from __future__ import annotations

import dataclasses
import functools
import gzip
import json
import ssl
import threading
import typing as t
import uuid
from pathlib import Path

import pytest
import requests
import urllib3.util
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import (
    connections as _connections,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import (
    reasons as _reasons,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import transport as _http
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.exchange import (
    Answer,
    Operation,
    origin,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.failed_exchange import (
    unanswered,
)
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
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.papers import Papers
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.stand_ins import NOW, FakeClock
from hypothesis import example, given, settings
from hypothesis import strategies as st

BEARER = "eyJ-a-bearer-token-that-is-long-and-unique"
AUTHORIZED = {"Authorization": f"Bearer {BEARER}"}
Build = t.Callable[..., Http]


@pytest.fixture
def service(papers: Papers, tmp_path: Path) -> t.Iterator[Service]:
    with Service(papers.server, tmp_path).serving() as running:
        yield running


@pytest.fixture(scope="session")
def ca_path(papers: Papers, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("trust") / "ca.pem"
    path.write_bytes(papers.authority.certificate_pem)
    return str(path)


@pytest.fixture
def http(ca_path: str, time: FakeClock, monkeypatch: pytest.MonkeyPatch) -> t.Iterator[Build]:
    """Builds a transport that trusts the tests' authority; nothing of the machine's own environment
    gets in."""
    for name in (
        "HTTPS_PROXY",
        "HTTP_PROXY",
        "ALL_PROXY",
        "NO_PROXY",
        "REQUESTS_CA_BUNDLE",
        "CURL_CA_BUNDLE",
    ):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    yield lambda **changes: Http(**{"ca_path": ca_path, "clock": time.clock, **changes})
    _connections.adapter.cache_clear()


def refused(call: t.Callable[[], t.Any]) -> DefenderError:
    with pytest.raises(DefenderError) as caught:
        call()
    return caught.value


# What is sent


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


def test_a_payload_is_json_in_utf_8_and_says_so(service: Service, http: Build) -> None:
    service.script = [Reply()]
    http().send("POST", f"{service.url}/x", payload={"Query": "München 😀"})
    (seen,) = service.received
    assert seen.headers["content-type"] == "application/json; charset=utf-8"
    assert seen.body == '{"Query": "München 😀"}'.encode()


def test_each_request_has_an_id_of_its_own_and_its_repeats_keep_it(
    service: Service, http: Build
) -> None:
    service.script = [Reply(503), Reply(), Reply()]
    client = http()
    client.send("GET", f"{service.url}/one")
    client.send("GET", f"{service.url}/two")
    first, again, second = (
        uuid.UUID(seen.headers["client-request-id"]) for seen in service.received
    )
    assert first == again != second


def test_a_cookie_is_never_sent_back(service: Service, http: Build) -> None:
    service.script = [Reply(headers={"Set-Cookie": "fpc=tracking; path=/; secure"}), Reply()]
    for _unused in range(2):
        http().send("GET", f"{service.url}/x")
    assert [seen.headers.get("cookie") for seen in service.received] == [None, None]


def test_a_netrc_is_not_read(
    service: Service, http: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine localhost login user password a-password-that-is-long-and-unique\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    service.script = [Reply(), Reply()]
    http().send("GET", f"{service.url}/x", headers=AUTHORIZED)
    http().send("GET", f"{service.url}/x")
    assert [seen.headers.get("authorization") for seen in service.received] == [
        f"Bearer {BEARER}",
        None,
    ]


def test_connections_are_kept_and_shared_between_tenants(service: Service, http: Build) -> None:
    service.script = [Reply(), Reply(), Reply()]
    for _unused in range(3):
        http().send("GET", f"{service.url}/x")
    assert (service.connections, len(service.received)) == (1, 3)


# Repeats


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_a_read_is_repeated_while_the_service_may_recover(
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


def test_the_last_answer_comes_back_when_the_attempts_are_used_up(
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


def test_waits_double_up_to_half_a_minute(service: Service, http: Build, time: FakeClock) -> None:
    service.script = [Reply(503)] * 9
    client = http(retries=8)
    client.send("GET", f"{service.url}/x")
    assert time.slept == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]
    assert client.waited == sum(time.slept)


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
def test_the_service_says_how_long_to_wait(
    service: Service, http: Build, time: FakeClock, headers: dict[str, str], body: bytes, asked: int
) -> None:
    service.script = [Reply(429, body, headers), Reply()]
    assert http().send("GET", f"{service.url}/x").status == 200
    assert time.slept == [asked + 0.5], "never a moment too early, and not all at once"


def test_a_wait_past_the_deadline_is_not_begun(
    service: Service, http: Build, time: FakeClock
) -> None:
    service.script = [Reply(429, headers={"Retry-After": "60"})]
    assert http(deadline=60).send("GET", f"{service.url}/x").status == 429
    assert time.slept == []


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504])
def test_a_write_is_not_repeated_when_it_may_have_run(
    service: Service, http: Build, status: int
) -> None:
    service.script = [Reply(status)]
    assert http().send("POST", f"{service.url}/x", payload={}, repeatable=False).status == status
    assert len(service.received) == 1


def test_a_write_is_repeated_when_the_service_says_that_it_did_not_run(
    service: Service, http: Build, time: FakeClock
) -> None:
    service.script = [Reply(429, headers={"Retry-After": "7"}), Reply(201)]
    assert http().send("POST", f"{service.url}/x", payload={"a": 1}, repeatable=False).status == 201
    assert [json.loads(seen.body) for seen in service.received] == [{"a": 1}] * 2
    assert time.slept == [7.5]


@pytest.mark.parametrize("reply", [Reply(cut=0), Reply(201, b'{"id": "action-1"}', cut=4)])
def test_the_lost_answer_of_a_write_is_an_unknown_outcome(
    service: Service, http: Build, reply: Reply
) -> None:
    service.script = [reply]
    error = refused(
        lambda: http().send("POST", f"{service.url}/x?secret=1", payload={}, repeatable=False)
    )
    assert (error.category, error.who) == ("outcome_unknown", "caller")
    assert len(service.received) == 1
    assert f"POST {service.url}/x was sent, but its response was lost" in error.message


@pytest.mark.parametrize("reply", [Reply(cut=0), Reply(200, b'{"value": []}', cut=4)])
def test_the_lost_answer_of_a_read_is_asked_for_again(
    service: Service, http: Build, reply: Reply
) -> None:
    service.script = [reply, Reply(200, b'{"value": [1]}')]
    assert http().send("GET", f"{service.url}/x").json() == {"value": [1]}


def test_a_service_that_keeps_cutting_the_line_is_a_network_failure(
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


def test_a_write_that_found_nobody_listening_did_not_run(http: Build, time: FakeClock) -> None:
    error = refused(
        lambda: http(retries=1).send(
            "POST", f"https://localhost:{closed_port()}/x", payload={}, repeatable=False
        )
    )
    assert error.category == "network"
    assert error.message.endswith("(connection refused).")
    assert time.slept == [0.5]


def test_a_name_that_does_not_resolve_is_a_network_failure(http: Build) -> None:
    error = refused(lambda: http(retries=0).send("GET", "https://no-such-host.invalid/x?secret=1"))
    assert error.category == "network"
    assert "secret" not in error.message


def test_a_silent_service_is_a_timeout(service: Service, http: Build) -> None:
    service.script = [Reply(silent=True)]
    error = refused(lambda: http(retries=0).send("GET", f"{service.url}/x", timeout=0.1))
    assert (error.category, error.who) == ("timeout", "microsoft")


def test_a_service_that_stalls_in_the_middle_of_a_body_is_a_timeout(
    service: Service, http: Build
) -> None:
    service.script = [Reply(200, b"xy", trickle=True)]

    def stall(at: int) -> None:
        if at:
            service.over.wait(10)

    service.before_byte = stall
    error = refused(lambda: http(retries=0).send("GET", f"{service.url}/x", timeout=0.1))
    assert (error.category, error.who) == ("timeout", "microsoft")


def test_a_body_that_trickles_cannot_outlast_the_deadline(
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


@pytest.mark.parametrize(
    "reply", [Reply(200, b"x" * 100, trickle=True), Reply(trickle_headers=True)]
)
def test_a_byte_now_and_then_cannot_outlast_the_deadline(
    service: Service, http: Build, time: FakeClock, reply: Reply
) -> None:
    gave_up, in_time = threading.Event(), []

    def pass_time(at: int) -> None:
        time.passed += 10
        if at == 50:
            in_time.append(gave_up.wait(10))

    service.script = [reply]
    service.before_byte = pass_time
    error = refused(lambda: http(retries=0, deadline=60).send("GET", f"{service.url}/x"))
    gave_up.set()
    assert (error.category, error.who) == ("timeout", "microsoft")
    assert in_time != [False], "the client waited for more than its deadline allows"


@pytest.mark.parametrize("status", [200, 503])
@pytest.mark.parametrize("packed", [False, True])
def test_an_answer_beyond_the_size_limit_is_given_up(
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


def test_an_answer_of_just_the_size_limit_is_taken(service: Service, http: Build) -> None:
    service.script = [Reply(200, b"x" * 1000)]
    assert len(http(max_size=1000).send("GET", f"{service.url}/x").body) == 1000


def test_a_write_with_too_large_an_answer_has_run(service: Service, http: Build) -> None:
    service.script = [Reply(201, b"x" * 1000)]
    error = refused(
        lambda: http(max_size=10).send("POST", f"{service.url}/x", payload={}, repeatable=False)
    )
    assert error.category == "outcome_unknown"


def test_tls_that_breaks_once_the_request_has_left_says_nothing_of_not_sent(
    service: Service, http: Build
) -> None:
    service.script = [Reply(garbage=True)] * 3
    error = refused(lambda: http().send("POST", f"{service.url}/x", payload={}, repeatable=False))
    assert error.category == "outcome_unknown"
    error = refused(lambda: http(retries=1).send("GET", f"{service.url}/x"))
    assert (error.category, len(service.received)) == ("network", 3)
    assert "not sent" not in error.message


def test_the_option_request_timeout_counts_before_what_the_caller_would_wait(
    service: Service, http: Build
) -> None:
    service.script = [Reply(silent=True)]
    error = refused(
        lambda: http(retries=0, timeout=0.1).send("GET", f"{service.url}/x", timeout=200)
    )
    assert error.category == "timeout"


def test_json_that_is_nested_too_deeply_is_no_json() -> None:
    assert Answer(200, {}, b"[" * 200_000 + b"]" * 200_000).json() is None


@pytest.mark.parametrize(
    "url", ["https://", "https://[::1/x?secret=1", "graph.microsoft.com/x?secret=1"]
)
def test_what_is_no_address_is_told_at_once(http: Build, time: FakeClock, url: str) -> None:
    error = refused(lambda: http().send("GET", url, headers=AUTHORIZED))
    assert (error.category, time.slept) == ("network", [])
    assert error.message.startswith(f"GET {url.split('?', maxsplit=1)[0]} was not sent: the URL ")
    assert "secret" not in error.message


# Redirects


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_refused_and_not_followed(service: Service, http: Build, status: int) -> None:
    service.script = [Reply(status, headers={"Location": "https://evil.example/steal?token=x"})]
    error = refused(lambda: http().send("GET", f"{service.url}/x?secret=1", headers=AUTHORIZED))
    assert (error.category, error.status) == ("network", status)
    assert error.message == (
        f"GET {service.url}/x returned {status}, a redirect to https://evil.example; redirects"
        " are not followed."
    )
    assert len(service.received) == 1


def test_not_even_a_redirect_to_itself_is_followed(service: Service, http: Build) -> None:
    service.script = [Reply(302, headers={"Location": "/elsewhere"})]
    assert refused(lambda: http().send("GET", f"{service.url}/x")).category == "network"
    assert len(service.received) == 1


@pytest.mark.parametrize("place", ["https://evil.example:port/", "https://[evil/"])
def test_a_redirect_to_nonsense_is_refused(service: Service, http: Build, place: str) -> None:
    service.script = [Reply(302, headers={"Location": place})]
    assert refused(lambda: http().send("GET", f"{service.url}/x")).category == "network"


# Trust


def test_a_service_of_an_unknown_authority_is_not_trusted(
    papers: Papers, service: Service, http: Build, tmp_path: Path, time: FakeClock
) -> None:
    other = tmp_path / "other.pem"
    other.write_bytes(papers.other_authority.certificate_pem)
    for ca_path in (str(other), None):
        client = http(ca_path=ca_path)
        send = functools.partial(client.send, "GET", f"{service.url}/x", headers=AUTHORIZED)
        error = refused(send)
        assert (error.category, error.who) == ("tls", "caller")
        assert (
            "the server's certificate was issued by an authority that is not trusted"
            " on this machine" in error.message
        )
        assert "ca_path" in error.advice
    assert (service.received, time.slept) == ([], [])


def test_a_service_is_reached_by_its_address_too(service: Service, http: Build) -> None:
    # the lab, and a private front end, may be given as an address
    service.script = [Reply()]
    assert http().send("GET", f"https://127.0.0.1:{service.port}/x").status == 200


def test_a_service_of_another_name_is_not_trusted(
    papers: Papers, http: Build, tmp_path: Path
) -> None:
    with Service(papers.server_of_another_name, tmp_path).serving() as service:
        error = refused(lambda: http().send("GET", f"{service.url}/x", headers=AUTHORIZED))
        assert error.category == "tls"
        assert service.received == []


def test_verification_can_be_switched_off(papers: Papers, http: Build, tmp_path: Path) -> None:
    with Service(papers.server_of_another_name, tmp_path).serving() as service:
        service.script = [Reply()]
        assert (
            http(ca_path=None, validate_certs=False).send("GET", f"{service.url}/x").status == 200
        )
        assert refused(lambda: http(ca_path=None).send("GET", f"{service.url}/x")).category == "tls"


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_a_ca_variable_of_the_environment_neither_adds_nor_takes_trust(
    papers: Papers,
    service: Service,
    http: Build,
    ca_path: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    monkeypatch.setenv(name, ca_path)
    assert refused(lambda: http(ca_path=None).send("GET", f"{service.url}/x")).category == "tls"
    other = tmp_path / "other.pem"
    other.write_bytes(papers.other_authority.certificate_pem)
    monkeypatch.setenv(name, str(other))
    service.script = [Reply()]
    assert http().send("GET", f"{service.url}/x").status == 200


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "no such file or directory"),
        (b"", "it contains no PEM certificate"),
        (b"nonsense", "it contains no PEM certificate"),
        (b"\x30\x82\x01\x02", "it contains no PEM certificate"),
    ],
)
def test_a_ca_path_that_is_no_bundle_is_told(
    http: Build, tmp_path: Path, content: bytes | None, reason: str
) -> None:
    path = tmp_path / "bundle.pem"
    if content is not None:
        path.write_bytes(content)
    error = refused(lambda: http(ca_path=str(path)).send("GET", "https://localhost:1/x"))
    assert error.category == "tls"
    assert error.message == (
        f"ca_path is {path}, which cannot be loaded as a bundle of CA certificates: {reason}."
    )


# Proxies


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


def test_tls_is_verified_through_a_proxy_too(papers: Papers, http: Build, tmp_path: Path) -> None:
    with (
        Service(papers.server_of_another_name, tmp_path).serving() as service,
        Proxy().serving() as proxy,
    ):
        assert (
            refused(lambda: http(proxy=proxy.url).send("GET", f"{service.url}/x")).category == "tls"
        )
        assert service.received == []


def test_the_proxy_variables_are_honoured(
    service: Service, http: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.script = [Reply(), Reply()]
    with Proxy().serving() as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        http().send("GET", f"{service.url}/x")
        assert proxy.tunnels == [f"CONNECT localhost:{service.port}"]
        _connections.adapter.cache_clear()
        monkeypatch.setenv("NO_PROXY", "localhost")
        http().send("GET", f"{service.url}/x")
        assert len(proxy.tunnels) == 1
    assert len(service.received) == 2


def test_the_proxy_option_wins_over_the_variables(
    service: Service, http: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{closed_port()}")
    monkeypatch.setenv("NO_PROXY", "localhost")
    service.script = [Reply()]
    with Proxy().serving() as proxy:
        http(proxy=proxy.url).send("GET", f"{service.url}/x")
    assert len(proxy.tunnels) == 1


def test_a_proxy_that_refuses_is_told_and_its_password_is_not(
    service: Service, http: Build
) -> None:
    with Proxy(status=407).serving() as proxy:
        url = proxy.url.replace("://", "://user:a-proxy-password-long-and-unique@")
        error = refused(lambda: http(proxy=url, retries=0).send("GET", f"{service.url}/x"))
    assert error.category == "network"
    assert f"failed at the proxy {proxy.url} (proxy): the proxy returned 407 No." in error.message
    assert "a-proxy-password" not in str(error.as_result())
    assert (
        error.advice
        == "Add the proxy's user name and password to proxy: http://USER:PASSWORD@HOST:PORT."
    )


@pytest.mark.parametrize("status", [403, 407])
def test_a_proxy_that_refuses_is_not_asked_again(
    service: Service, http: Build, time: FakeClock, status: int
) -> None:
    with Proxy(status=status).serving() as proxy:
        error = refused(lambda: http(proxy=proxy.url).send("GET", f"{service.url}/x"))
    assert (error.category, error.status, time.slept) == ("network", status, [])
    assert len(proxy.tunnels) == 1
    assert "microsoft" not in str(error.as_result()).lower()


@pytest.mark.parametrize("status", [502, 503, 504])
def test_a_proxy_that_fails_is_told_with_what_it_could_not_reach(
    service: Service, http: Build, time: FakeClock, status: int
) -> None:
    with Proxy(status=status).serving() as proxy:
        error = refused(lambda: http(proxy=proxy.url, retries=1).send("GET", f"{service.url}/x"))
    assert (error.category, error.status, time.slept) == ("network", status, [0.5])
    assert f"proxy {proxy.url} (proxy): the proxy returned {status} No." in error.message
    assert f"localhost:{service.port}" in error.advice


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        (lambda: f"localhost:{closed_port()}", "connection refused"),
        (lambda: "no-such-proxy.invalid:3128", "the host name could not be resolved"),
    ],
)
@pytest.mark.parametrize(
    "source", ["proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]
)
def test_a_proxy_that_cannot_be_reached_is_named_and_not_the_service(
    http: Build,
    monkeypatch: pytest.MonkeyPatch,
    address: t.Callable[[], str],
    reason: str,
    source: str,
) -> None:
    place = address()
    monkeypatch.setenv(source, place)
    client = http(retries=0, **({"proxy": place} if source == "proxy" else {}))
    error = refused(lambda: client.send("GET", "https://localhost:1/x"))
    assert error.category == "network"
    assert error.message.endswith(f" failed at the proxy http://{place} ({source}): {reason}.")
    assert error.advice.startswith(f"Check {source} ")


@pytest.mark.parametrize(
    ("raw", "reason"),
    [(b"", "connection closed without a response"), (b"SSH-2.0-x\r\n", "the response is not HTTP")],
)
def test_what_is_no_proxy_is_named(service: Service, http: Build, raw: bytes, reason: str) -> None:
    with Proxy(raw=raw).serving() as proxy:
        error = refused(lambda: http(proxy=proxy.url, retries=0).send("GET", f"{service.url}/x"))
    assert error.category == "network"
    assert f"through the proxy {proxy.url} lost its connection ({reason})." in error.message


def test_a_proxy_without_a_scheme_works_for_a_name_without_a_dot(
    service: Service, http: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.script = [Reply(), Reply()]
    with Proxy().serving() as proxy:
        place = f"localhost:{proxy.port}"
        assert http(proxy=place).send("GET", f"{service.url}/x").status == 200
        monkeypatch.setenv("ALL_PROXY", place)
        _connections.adapter.cache_clear()  # or the tunnel of before is used again
        assert http().send("GET", f"{service.url}/x").status == 200
        assert len(proxy.tunnels) == 2


@pytest.mark.parametrize("source", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])
@pytest.mark.parametrize("value", ["ftp://{}proxy:1", "{}proxy:port", "http://{}proxy:1/x.pac"])
def test_a_variable_that_cannot_be_used_is_named_at_once(
    http: Build, time: FakeClock, monkeypatch: pytest.MonkeyPatch, source: str, value: str
) -> None:
    monkeypatch.setenv(source, value.format("user:a-proxy-password-long-and-unique@"))
    error = refused(lambda: http().send("GET", "https://localhost:1/x"))
    assert (error.category, time.slept) == ("bad_request", [])
    assert error.message.startswith(f"{source} is ")
    assert "a-proxy-password" not in str(error.as_result())
    # the same variable does no harm where it does not apply
    monkeypatch.setenv("NO_PROXY", "localhost")
    assert (
        refused(lambda: http(retries=0).send("GET", "https://localhost:1/x")).category == "network"
    )


@pytest.mark.parametrize("entries", ["*.invalid", "LOGIN.invalid", ".invalid"])
def test_a_host_that_no_proxy_names_is_asked_directly(
    http: Build, monkeypatch: pytest.MonkeyPatch, entries: str
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"localhost:{closed_port()}")
    monkeypatch.setenv("NO_PROXY", entries)
    error = refused(lambda: http(retries=0).send("GET", "https://login.invalid/x"))
    assert "proxy" not in error.message
    assert (
        "no connection to login.invalid:443 (the host name could not be resolved)" in error.message
    )


# Filters and portals


PAGE = b"<html><head><title>Web Page Blocked</title></head></html>"


@pytest.mark.parametrize("status", [200, 403, 407, 503])
def test_a_page_of_a_filter_is_a_matter_of_the_network(
    service: Service, http: Build, status: int
) -> None:
    service.script = [Reply(status, PAGE, {"Content-Type": "text/html", "Via": "1.1 filter"})] * 2
    error = refused(lambda: http(retries=1).send("GET", f"{service.url}/x?sig=secret"))
    assert (error.category, error.who, error.status) == ("network", "caller", status)
    assert (
        f'/x returned {status} from something other than the service: "Web Page Blocked", '
        in error.message
    )
    assert "Via: 1.1 filter" in error.message
    assert f"localhost:{service.port}" in error.advice
    assert len(service.received) == (2 if status == 503 else 1)


@pytest.mark.parametrize(
    ("status", "category"), [(200, "outcome_unknown"), (403, "network"), (503, "outcome_unknown")]
)
def test_a_page_in_answer_to_a_write_says_only_what_is_certain(
    service: Service, http: Build, status: int, category: str
) -> None:
    service.script = [Reply(status, PAGE, {"Content-Type": "text/html"})]
    error = refused(lambda: http().send("POST", f"{service.url}/x", payload={}, repeatable=False))
    assert (error.category, error.status) == (category, status)


def test_the_proxy_variables_are_read_once_for_each_origin(
    service: Service, http: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def ask(url: str) -> dict[str, str]:
        asked.append(url)
        return {}

    monkeypatch.setattr(requests.utils, "get_environ_proxies", ask)
    service.script = [Reply(), Reply(), Reply()]
    for path in ("a", "b", "c"):
        http().send("GET", f"{service.url}/{path}")
    refused(lambda: http(retries=0).send("GET", f"https://127.0.0.1:{closed_port()}/"))
    assert [url.rsplit("/", 1)[-1] for url in asked] == ["a", ""]


# What errors never tell


def test_no_error_tells_a_query_string_or_a_token(
    papers: Papers, service: Service, http: Build, tmp_path: Path
) -> None:
    other = tmp_path / "other.pem"
    other.write_bytes(papers.other_authority.certificate_pem)
    dead = f"https://localhost:{closed_port()}"
    ways: list[tuple[str, dict[str, t.Any], list[Reply]]] = [
        (service.url, {}, [Reply(cut=0)]),
        (service.url, {}, [Reply(200, b"12345", cut=1)]),
        (
            service.url,
            {},
            [Reply(302, headers={"Location": "https://evil.example/?a-query-string"})],
        ),
        (service.url, {"ca_path": str(other)}, []),
        (service.url, {"proxy": f"http://127.0.0.1:{closed_port()}"}, []),
        (dead, {}, []),
    ]
    for repeatable in (True, False):
        for url, options, script in ways:
            service.script = list(script)
            client = http(retries=0, **options)
            error = refused(
                lambda client=client, url=url, repeatable=repeatable: client.send(  # type: ignore[misc]
                    "POST",
                    f"{url}/x?sig=a-query-string",
                    headers=AUTHORIZED,
                    params={"more": "a-query-string"},
                    repeatable=repeatable,
                )
            )
            told = f"{error.as_result()} {error!r} {error.__cause__!r}"
            assert "a-query-string" not in told
            assert BEARER not in told


# Parts


@given(value=st.text(), text=st.text())
def test_no_retry_after_is_too_strange(value: str, text: str) -> None:
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
def test_a_retry_after_is_read_defensively(value: str, seconds: float | None) -> None:
    assert retry_after({"retry-after": value}, "", wall=NOW) == seconds


@pytest.mark.parametrize(
    ("url", "whence"),
    [
        ("https://Graph.Microsoft.com/v1.0", ("https", "graph.microsoft.com", 443)),
        ("https://graph.microsoft.com:443/", ("https", "graph.microsoft.com", 443)),
        ("https://graph.microsoft.com:8443/", ("https", "graph.microsoft.com", 8443)),
        ("https://graph.microsoft.com@evil.example/", ("https", "evil.example", 443)),
        ("http://graph.microsoft.com/", ("http", "graph.microsoft.com", 443)),
        (
            "https://graph.microsoft.com/x?$filter=status eq 'a'",
            ("https", "graph.microsoft.com", 443),
        ),
        ("https://graph.microsoft.com\t/", ("", "", 0)),
        ("https://graph.micro\nsoft.com/", ("", "", 0)),
    ],
)
def test_an_origin_is_scheme_host_and_port(url: str, whence: tuple[str, str, int]) -> None:
    assert origin(url) == whence


PIECES = [
    "graph.microsoft.com",
    "evil.example",
    "@",
    "\\",
    ":",
    "443",
    "80",
    "/",
    "?",
    "#",
    "%",
    "[",
    "]",
    "\t",
    "\n",
    " ",
    "%40",
    "%2f",
    "..",
    ";",
    "//",
    "user",
]


@settings(max_examples=settings().max_examples * 5)
@given(rest=st.lists(st.sampled_from(PIECES), max_size=6).map("".join))
@example(rest="evil.example\\@graph.microsoft.com/v1.0/security/incidents")
@example(rest="graph.microsoft.com/v1.0/security/incidents?$skip=50")
@example(rest="graph.microsoft.com\t")
def test_no_spelling_of_a_url_leads_elsewhere_than_its_origin_says(rest: str) -> None:
    here = ("https", "graph.microsoft.com", 443)
    if origin(f"https://{rest}") != here:
        return
    try:
        sent = requests.Request("GET", f"https://{rest}").prepare().url
    except requests.exceptions.RequestException:
        return  # and so nothing is sent
    parts = urllib3.util.parse_url(str(sent))
    assert (parts.scheme, parts.host, parts.port or 443) == here


def test_a_body_that_is_no_json_is_none() -> None:
    assert Answer(200, {}, b"<html>").json() is None
    assert Answer(200, {}, b"\xff\xfe\x00").json() is None
    assert Answer(200, {"x-ms-request-id": "x-1"}, b"").request_id == "x-1"


# Forms, waits, and answers in pieces


def test_a_form_arrives_as_it_was_given(service: Service, http: Build) -> None:
    service.script = [Reply()]
    http().send("POST", f"{service.url}/token", data={"grant_type": "client_credentials"})
    (seen,) = service.received
    assert seen.body == b"grant_type=client_credentials"


def test_a_long_answer_comes_whole(service: Service, http: Build) -> None:
    body = b"".join(b"%06d" % number for number in range(50_000))
    service.script = [Reply(200, body)]
    assert http().send("GET", f"{service.url}/x").body == body


def test_a_packed_answer_is_unpacked_piece_by_piece(
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


def test_the_body_of_a_200_goes_into_the_file_in_place_of_what_was_in_it(
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
def test_no_wait_for_the_service_is_longer_than_what_is_left(
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


def test_a_wait_that_ends_just_at_the_deadline_is_not_begun(
    service: Service, http: Build, time: FakeClock
) -> None:
    service.script = [Reply(429, headers={"Retry-After": "59.5"})]
    assert http(deadline=60).send("GET", f"{service.url}/x").status == 429
    assert time.slept == []


def test_without_options_a_request_is_repeated_four_times_within_five_minutes(
    service: Service, http: Build, time: FakeClock
) -> None:
    service.script = [Reply(503)] * 5
    http().send("GET", f"{service.url}/x")
    assert (len(service.received), len(time.slept)) == (5, 4)
    service.script = [Reply(429, headers={"Retry-After": "300"})]
    assert http().send("GET", f"{service.url}/x").status == 429
    assert len(time.slept) == 4


@pytest.mark.parametrize(("jitter", "seconds"), [(0.0, 0.25), (0.5, 0.5), (1.0, 0.75)])
def test_the_first_wait_is_spread_around_half_a_second(
    service: Service, http: Build, time: FakeClock, jitter: float, seconds: float
) -> None:
    service.script = [Reply(503), Reply()]
    http(clock=dataclasses.replace(time.clock, jitter=lambda: jitter)).send(
        "GET", f"{service.url}/x"
    )
    assert time.slept == [seconds]


def test_a_request_to_wait_in_bytes_that_are_no_text_is_read_all_the_same(
    service: Service, http: Build, time: FakeClock
) -> None:
    service.script = [Reply(429, b"\xff again in 8 seconds"), Reply()]
    http().send("GET", f"{service.url}/x")
    assert time.slept == [8.5]


# What failed, in values


@pytest.mark.parametrize(("status", "waits"), [(400, []), (499, []), (500, [0.5])])
def test_only_a_refusal_of_the_proxy_is_final(
    service: Service, http: Build, time: FakeClock, status: int, waits: list[float]
) -> None:
    with Proxy(status=status).serving() as proxy:
        error = refused(lambda: http(proxy=proxy.url, retries=1).send("GET", f"{service.url}/x"))
    assert (error.status, time.slept) == (status, waits)
    assert f"GET {service.url}/x " in error.message


def test_a_300_is_a_redirect_and_one_without_a_place_is_refused_too(
    service: Service, http: Build
) -> None:
    for status in (300, 302):
        service.script = [Reply(status)]
        error = refused(lambda: http().send("GET", f"{service.url}/x"))
        assert (error.category, error.status) == ("network", status)
        assert error.message.count("://") == 1, "only the URL of the request is one"


def test_too_large_an_answer_is_told_with_the_option_that_allows_more(
    service: Service, http: Build
) -> None:
    service.script = [Reply(200, b"x" * 1000)]
    error = refused(lambda: http(max_size=10).send("GET", f"{service.url}/x"))
    assert "max_response_size" in error.advice


@pytest.mark.parametrize(
    ("status", "certain"), [(400, True), (408, False), (409, True), (499, True), (502, False)]
)
def test_after_a_page_in_answer_to_a_write_only_a_refusal_is_certain(
    service: Service, http: Build, status: int, certain: bool
) -> None:
    service.script = [Reply(status, PAGE, {"Content-Type": "text/html"})]
    error = refused(lambda: http().send("POST", f"{service.url}/x", payload={}, repeatable=False))
    assert error.category == ("network" if certain else "outcome_unknown")
    # where it may have run, the advice is to look, not to change the network
    assert (f"localhost:{service.port}" in error.advice) is certain


def an_operation(**changes: t.Any) -> Operation:
    request = requests.PreparedRequest()
    request.prepare("GET", "https://localhost:1/x")
    given = {
        "adapter": None,
        "request": request,
        "name": "GET https://localhost:1/x",
        "proxy": None,
        "end": 0,
        "wait": 1,
        "again": frozenset[int](),
        "repeatable": True,
        "oversize": "unavailable",
        "into": None,
    }
    return Operation(**{**given, **changes})


def test_a_failure_that_says_nothing_is_a_network_failure() -> None:
    error = unanswered(requests.exceptions.ConnectionError(), an_operation(), sent=False)
    assert error.category == "network"


@pytest.mark.parametrize(
    ("cause", "category"),
    [
        (ssl.SSLEOFError(8, "EOF occurred in violation of protocol"), "network"),
        (ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version number"), "tls"),
    ],
)
def test_a_connection_that_is_cut_in_the_handshake_is_no_matter_of_trust(
    cause: ssl.SSLError, category: str
) -> None:
    error = unanswered(requests.exceptions.SSLError(cause), an_operation(), sent=False)
    assert error.category == category


def test_a_certificate_of_another_name_is_told_with_its_own_advice(
    papers: Papers, http: Build, tmp_path: Path
) -> None:
    with Service(papers.server_of_another_name, tmp_path).serving() as service:
        error = refused(lambda: http().send("GET", f"{service.url}/x"))
    assert (error.category, error.advice) == ("tls", _reasons.NAME)


def test_a_timeout_names_the_request(service: Service, http: Build) -> None:
    service.script = [Reply(silent=True)]
    error = refused(lambda: http(retries=0).send("GET", f"{service.url}/x", timeout=0.1))
    assert f"GET {service.url}/x" in error.message


@pytest.mark.parametrize(
    ("url", "whence"),
    [
        ("https:///no-host", ("https", "", 443)),
        ("https://[evil/", ("", "", 0)),
        ("https://evil.example:port/", ("", "", 0)),
    ],
)
def test_what_has_no_host_has_an_empty_origin(url: str, whence: tuple[str, str, int]) -> None:
    assert origin(url) == whence
