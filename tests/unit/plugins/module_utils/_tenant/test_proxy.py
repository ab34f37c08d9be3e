# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Addresses of proxies: every spelling that works, and one sentence for each that cannot; and the
errors of a proxy."""

from __future__ import annotations

import contextlib
import importlib.util
import typing as t
from urllib.parse import quote

import pytest
import requests
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import (
    connections as _connections,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import proxy as _proxy
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.loopback import (
    Proxy,
    Reply,
    Service,
    closed_port,
)
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.module_utils._tenant.bench import (
    Build,
    refused,
)
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.stand_ins import FakeClock
from hypothesis import example, given
from hypothesis import strategies as st

PASSWORD = "a-proxy-password-long-and-unique"
Found = t.Callable[..., object]


@pytest.fixture
def pysocks(monkeypatch: pytest.MonkeyPatch) -> t.Callable[[bool], None]:
    """Says whether PySocks is installed."""

    def say(installed: bool) -> None:
        found: Found = lambda name: object() if installed else None  # noqa: E731
        monkeypatch.setattr(importlib.util, "find_spec", found)

    return say


def unusable(value: str, source: str = "proxy") -> DefenderError:
    with pytest.raises(DefenderError) as caught:
        _proxy.checked(source, value)
    assert (caught.value.category, caught.value.who) == ("bad_request", "caller")
    return caught.value


@pytest.mark.parametrize(
    ("value", "url"),
    [
        ("localhost:3128", "http://localhost:3128"),
        ("proxyhost:3128", "http://proxyhost:3128"),
        ("proxy.corp.example:3128", "http://proxy.corp.example:3128"),
        ("10.0.0.1:3128", "http://10.0.0.1:3128"),
        ("[::1]:3128", "http://[::1]:3128"),
        ("proxy_host:3128", "http://proxy_host:3128"),
        ("HTTP://Proxy:3128", "http://Proxy:3128"),
        ("HtTpS://proxy:3128", "https://proxy:3128"),
        ("http://proxy:3128/", "http://proxy:3128"),
        (" http://proxy:3128\n", "http://proxy:3128"),
        ("http://proxy", "http://proxy:80"),
        ("https://proxy", "https://proxy:443"),
        ("proxy", "http://proxy:80"),
        ("user:word@proxy:3128", "http://user:word@proxy:3128"),
        ("http://user:p@ss@proxy:3128", "http://user:p%40ss@proxy:3128"),
        ("http://user:p:ss@proxy:3128", "http://user:p%3Ass@proxy:3128"),
        ("http://user:p%ss@proxy:3128", "http://user:p%25ss@proxy:3128"),
        ("http://user:p%40ss@proxy:3128", "http://user:p%40ss@proxy:3128"),
        ("http://user:p/s?s#@proxy:3128", "http://user:p%2Fs%3Fs%23@proxy:3128"),
        ("http://CORP\\user:word@proxy:3128", "http://CORP%5Cuser:word@proxy:3128"),
        ("http://user:a://b@proxy:3128", "http://user:a%3A%2F%2Fb@proxy:3128"),
        ("user:a://b@proxy:3128", "http://user:a%3A%2F%2Fb@proxy:3128"),
        ("http://user@proxy:3128", "http://user@proxy:3128"),
        ("http://@proxy:3128", "http://proxy:3128"),
    ],
)
def test_a_proxy_is_understood_however_it_is_written(value: str, url: str) -> None:
    assert _proxy.checked("proxy", value).url == url


@pytest.mark.parametrize("scheme", ["socks4", "socks4a", "socks5", "socks5h", "SOCKS5H"])
def test_socks_works_where_pysocks_is_installed(pysocks: Found, scheme: str) -> None:
    pysocks(True)
    proxy = _proxy.checked("proxy", f"{scheme}://127.0.0.1")
    assert proxy.url == f"{scheme.lower()}://127.0.0.1:1080"


@pytest.mark.parametrize("source", ["proxy", "ALL_PROXY"])
@pytest.mark.parametrize("scheme", ["socks4", "socks5", "socks5h", "SOCKS5"])
def test_socks_without_pysocks_is_refused_with_the_package(
    pysocks: Found, scheme: str, source: str
) -> None:
    pysocks(False)
    error = unusable(f"{scheme}://user:{PASSWORD}@127.0.0.1:1080", source)
    assert error.message == (
        f"{source} is '{scheme.lower()}://127.0.0.1:1080', which cannot be used: SOCKS requires the"
        " Python package PySocks."
    )
    assert error.advice == "Run on the machine that runs the task: pip install 'requests[socks]'"


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("ftp://proxy:3128", "ftp is not a proxy scheme"),
        ("socks://proxy:1080", "socks is not a proxy scheme"),
        ("direct://", "direct is not a proxy scheme"),
        ("http://proxy:3128/proxy.pac", "a proxy address must not have a path"),
        ("http://proxy:3128?x", "a proxy address must not have a path"),
        ("http:/proxy:3128", "a proxy address must not have a path"),
        ("http://proxy:", "its port is empty"),
        ("proxy:http", "its port 'http' is not a number from 1 to 65535"),
        ("proxy:0", "its port '0' is not a number from 1 to 65535"),
        ("proxy:65536", "its port '65536' is not a number from 1 to 65535"),
        ("proxy:-1", "its port '-1' is not a number from 1 to 65535"),
        ("proxy:³", "its port '³' is not a number from 1 to 65535"),
        ("http://", "it has no valid host"),
        ("http://:3128", "it has no valid host"),
        ("   ", "it has no valid host"),
        ("http://my proxy:3128", "it has no valid host"),
        ("http=proxy:80;https=proxy:80", "host and port cannot be distinguished"),
        ("::1:3128", "host and port cannot be distinguished"),
        ("[proxy]:3128", "it has no valid host"),
    ],
)
def test_a_proxy_that_cannot_work_is_one_sentence(value: str, reason: str) -> None:
    error = unusable(value)
    assert error.message.startswith("proxy is ")
    assert error.message.endswith(f", which cannot be used: {reason}.")
    assert error.advice.endswith(".")


@pytest.mark.parametrize(
    "value", ["ftp://{}@proxy:1", "{}@proxy:x", "http://{}@", "http://{}@proxy/x"]
)
@pytest.mark.parametrize("login", [f"user:{PASSWORD}", f"us@er:{PASSWORD}", f"user:{PASSWORD}/x"])
def test_no_message_holds_the_password(value: str, login: str) -> None:
    assert PASSWORD not in str(unusable(value.format(login)).as_result())


def test_a_proxy_shows_no_password() -> None:
    proxy = _proxy.checked("proxy", f"http://user:{PASSWORD}@proxy:3128")
    assert PASSWORD not in repr(proxy)
    assert proxy.name == "http://proxy:3128"


@given(user=st.text(min_size=1), password=st.text())
@example(user="ü", password="€")
def test_any_password_reaches_the_proxy(user: str, password: str) -> None:
    plain = [text.encode("utf-8", "replace").decode() for text in (user, password)]
    url = f"http://{':'.join(map(quote, plain))}@proxy:3128"
    first = _proxy.checked("proxy", url)
    # the library decodes them once, and sends Latin-1
    given_back = requests.utils.get_auth_from_url(first.url)
    sent = [text.encode("latin-1") for text in given_back]
    wanted = [text.encode("latin-1", "ignore") for text in plain]
    assert sent == [
        latin if latin.decode("latin-1") == text else text.encode()
        for latin, text in zip(wanted, plain, strict=True)
    ]
    assert _proxy.checked("proxy", first.url) == first


@given(value=st.text())
@example(value="@")
@example(value="\x00")
@example(value="http://[::1")
def test_no_value_is_too_strange(value: str) -> None:
    # any other exception fails the test
    with contextlib.suppress(DefenderError):
        proxy = _proxy.checked("HTTPS_PROXY", value)
        assert proxy.name.split("://")[0] in _proxy.SCHEMES


@pytest.mark.parametrize(
    ("environ", "name"),
    [
        ({"HTTPS_PROXY": "a"}, "HTTPS_PROXY"),
        ({"https_proxy": "a", "HTTPS_PROXY": "a"}, "https_proxy"),
        ({"https_proxy": "b", "ALL_PROXY": "a"}, "ALL_PROXY"),
        ({}, "the system's proxy setting"),
    ],
)
def test_the_variable_is_named(environ: dict[str, str], name: str) -> None:
    assert _proxy.source_of("a", environ) == name


@pytest.mark.parametrize(
    "entries",
    [
        "*",
        "graph.microsoft.com",
        "GRAPH.Microsoft.com",
        "microsoft.com",
        ".microsoft.com",
        "*.microsoft.com",
        "https://graph.microsoft.com/",
        "graph.microsoft.com:443",
        "localhost, graph.microsoft.com",
        "localhost graph.microsoft.com",
        "localhost;*.microsoft.com",
    ],
)
@pytest.mark.parametrize("name", ["no_proxy", "NO_PROXY"])
def test_no_proxy_names_a_host_in_many_spellings(entries: str, name: str) -> None:
    assert _proxy.bypassed("graph.microsoft.com", 443, {name: entries})
    assert not _proxy.bypassed("login.example", 8443, {name: entries.replace("*", "x", 1)})


@pytest.mark.parametrize(
    ("host", "entries", "bypassed"),
    [
        ("10.1.2.3", "10.0.0.0/8", True),
        ("10.1.2.3", "10.1.2.3", True),
        ("10.1.2.3", "10.1.2.3:443", True),
        ("10.1.2.3", "192.168.0.0/16", False),
        ("::1", "::1", True),
        ("::1", "[::1]", True),
        ("fd00::1", "fd00::/8", True),
        ("graph.microsoft.com", "10.0.0.0/8", False),
        ("graph.microsoft.com", "soft.com", False),
        ("graph.microsoft.com", "graph.microsoft.com:8443", False),
        ("graph.microsoft.com", "", False),
        ("graph.microsoft.com", ".", False),
    ],
)
def test_no_proxy_knows_addresses_and_networks(host: str, entries: str, bypassed: bool) -> None:
    assert _proxy.bypassed(host, 443, {"no_proxy": entries}) is bypassed


@given(entries=st.text())
def test_no_value_of_no_proxy_is_too_strange(entries: str) -> None:
    assert _proxy.bypassed("graph.microsoft.com", 443, {"no_proxy": entries}) in (True, False)


# Failures at the proxy


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


def test_a_refusal_of_the_proxy_is_reported_without_its_password(
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


@pytest.mark.parametrize("status", [502, 503, 504])
def test_a_failure_of_the_proxy_is_reported_with_the_host_that_it_could_not_reach(
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
