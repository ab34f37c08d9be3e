# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why a request got no response from its service: the category, the advice, and what no error
contains."""

from __future__ import annotations

import ssl
import typing as t
from pathlib import Path

import pytest
import requests
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import reasons as _reasons
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.exchange import Operation
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.failed_exchange import (
    unanswered,
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
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.papers import Papers
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.stand_ins import FakeClock

# No response


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


@pytest.mark.parametrize("reply", [Reply(cut=0), Reply(201, b'{"id": "action-1"}', cut=4)])
def test_a_write_whose_response_is_lost_has_an_unknown_outcome(
    service: Service, http: Build, reply: Reply
) -> None:
    service.script = [reply]
    error = refused(
        lambda: http().send("POST", f"{service.url}/x?secret=1", payload={}, repeatable=False)
    )
    assert (error.category, error.who) == ("outcome_unknown", "caller")
    assert len(service.received) == 1
    assert f"POST {service.url}/x was sent, but its response was lost" in error.message


def test_a_refused_connection_is_retried_even_for_a_write(http: Build, time: FakeClock) -> None:
    error = refused(
        lambda: http(retries=1).send(
            "POST", f"https://localhost:{closed_port()}/x", payload={}, repeatable=False
        )
    )
    assert error.category == "network"
    assert error.message.endswith("(connection refused).")
    assert time.slept == [0.5]


def test_a_host_name_that_does_not_resolve_is_a_network_failure(http: Build) -> None:
    error = refused(lambda: http(retries=0).send("GET", "https://no-such-host.invalid/x?secret=1"))
    assert error.category == "network"
    assert "secret" not in error.message


def test_a_connection_error_without_a_reason_is_a_network_failure() -> None:
    error = unanswered(requests.exceptions.ConnectionError(), an_operation(), sent=False)
    assert error.category == "network"


def test_a_service_that_never_responds_is_a_timeout(service: Service, http: Build) -> None:
    service.script = [Reply(silent=True)]
    error = refused(lambda: http(retries=0).send("GET", f"{service.url}/x", timeout=0.1))
    assert (error.category, error.who) == ("timeout", "microsoft")


def test_a_timeout_names_the_request(service: Service, http: Build) -> None:
    service.script = [Reply(silent=True)]
    error = refused(lambda: http(retries=0).send("GET", f"{service.url}/x", timeout=0.1))
    assert f"GET {service.url}/x" in error.message


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


def test_tls_that_breaks_after_the_request_was_sent_is_not_reported_as_not_sent(
    service: Service, http: Build
) -> None:
    service.script = [Reply(garbage=True)] * 3
    error = refused(lambda: http().send("POST", f"{service.url}/x", payload={}, repeatable=False))
    assert error.category == "outcome_unknown"
    error = refused(lambda: http(retries=1).send("GET", f"{service.url}/x"))
    assert (error.category, len(service.received)) == ("network", 3)
    assert "not sent" not in error.message


@pytest.mark.parametrize(
    ("cause", "category"),
    [
        (ssl.SSLEOFError(8, "EOF occurred in violation of protocol"), "network"),
        (ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version number"), "tls"),
    ],
)
def test_a_connection_that_is_cut_in_the_handshake_is_a_network_failure_not_tls(
    cause: ssl.SSLError, category: str
) -> None:
    error = unanswered(requests.exceptions.SSLError(cause), an_operation(), sent=False)
    assert error.category == category


def test_a_certificate_for_another_host_name_has_its_own_advice(
    papers: Papers, http: Build, tmp_path: Path
) -> None:
    with Service(papers.server_of_another_name, tmp_path).serving() as service:
        error = refused(lambda: http().send("GET", f"{service.url}/x"))
    assert (error.category, error.advice) == ("tls", _reasons.NAME)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [(b"", "connection closed without a response"), (b"SSH-2.0-x\r\n", "the response is not HTTP")],
)
def test_a_proxy_that_does_not_speak_http_is_named_in_the_error(
    service: Service, http: Build, raw: bytes, reason: str
) -> None:
    with Proxy(raw=raw).serving() as proxy:
        error = refused(lambda: http(proxy=proxy.url, retries=0).send("GET", f"{service.url}/x"))
    assert error.category == "network"
    assert f"through the proxy {proxy.url} lost its connection ({reason})." in error.message


# Responses that are too large


def test_a_write_with_too_large_a_response_has_an_unknown_outcome(
    service: Service, http: Build
) -> None:
    service.script = [Reply(201, b"x" * 1000)]
    error = refused(
        lambda: http(max_size=10).send("POST", f"{service.url}/x", payload={}, repeatable=False)
    )
    assert error.category == "outcome_unknown"


def test_too_large_a_response_is_reported_with_the_option_that_allows_more(
    service: Service, http: Build
) -> None:
    service.script = [Reply(200, b"x" * 1000)]
    error = refused(lambda: http(max_size=10).send("GET", f"{service.url}/x"))
    assert "max_response_size" in error.advice


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


def test_not_even_a_redirect_to_the_same_host_is_followed(service: Service, http: Build) -> None:
    service.script = [Reply(302, headers={"Location": "/elsewhere"})]
    assert refused(lambda: http().send("GET", f"{service.url}/x")).category == "network"
    assert len(service.received) == 1


@pytest.mark.parametrize("place", ["https://evil.example:port/", "https://[evil/"])
def test_a_redirect_to_an_invalid_url_is_refused(service: Service, http: Build, place: str) -> None:
    service.script = [Reply(302, headers={"Location": place})]
    assert refused(lambda: http().send("GET", f"{service.url}/x")).category == "network"


def test_a_300_or_302_without_a_location_is_refused_as_a_redirect(
    service: Service, http: Build
) -> None:
    for status in (300, 302):
        service.script = [Reply(status)]
        error = refused(lambda: http().send("GET", f"{service.url}/x"))
        assert (error.category, error.status) == ("network", status)
        assert error.message.count("://") == 1, "only the URL of the request is one"


# Filters and portals


PAGE = b"<html><head><title>Web Page Blocked</title></head></html>"


@pytest.mark.parametrize("status", [200, 403, 407, 503])
def test_a_page_of_a_filter_is_a_network_failure(
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
def test_a_page_in_response_to_a_write_is_an_unknown_outcome_unless_it_is_a_refusal(
    service: Service, http: Build, status: int, category: str
) -> None:
    service.script = [Reply(status, PAGE, {"Content-Type": "text/html"})]
    error = refused(lambda: http().send("POST", f"{service.url}/x", payload={}, repeatable=False))
    assert (error.category, error.status) == (category, status)


@pytest.mark.parametrize(
    ("status", "certain"), [(400, True), (408, False), (409, True), (499, True), (502, False)]
)
def test_a_page_in_response_to_a_write_has_network_advice_only_if_it_is_a_refusal(
    service: Service, http: Build, status: int, certain: bool
) -> None:
    service.script = [Reply(status, PAGE, {"Content-Type": "text/html"})]
    error = refused(lambda: http().send("POST", f"{service.url}/x", payload={}, repeatable=False))
    assert error.category == ("network" if certain else "outcome_unknown")
    # where it may have run, the advice is to look, not to change the network
    assert (f"localhost:{service.port}" in error.advice) is certain


# What no error contains


def test_no_error_contains_a_query_string_or_a_token(
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
