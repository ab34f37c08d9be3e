# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""TLS connections: whom they trust, which proxy they use, their deadline, and that none outlives a
fork: a worker never speaks, or listens, on its parent's."""

from __future__ import annotations

import dataclasses
import functools
import gc
import importlib
import json
import os
import random
import socket
import ssl
import sys
import threading
import types
import typing as t
from pathlib import Path

import pytest
import requests
import urllib3.poolmanager
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import (
    connections as _connections,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.transport import Http
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

PACKAGE = "ansible_collections.mssp.defender_xdr.plugins"
PLUGINS = Path(_connections.__file__).parents[2]
WORKERS = 12
NOT_SHARED = (
    socket.socket,
    threading.Thread,
    random.Random,
    type(threading.Lock()),
    type(threading.RLock()),
    urllib3.poolmanager.PoolManager,
)


@dataclasses.dataclass(frozen=True)
class Apart:
    """A service in a process of its own: a thread that is in the middle of TLS must not be
    forked."""

    url: str
    _asking: int
    _answers: int

    def connections(self) -> int:
        """How many there were; after that the service ends."""
        os.write(self._asking, b".")
        return int(os.read(self._answers, 20))


@pytest.fixture
def service_apart(papers: Papers, tmp_path: Path) -> t.Iterator[Apart]:
    """Serves each connection in a thread of its own, which answers one request before it reads the
    next bytes."""
    running = Service(papers.server, tmp_path)
    running.reply_to = lambda request: Reply(200, json.dumps({"path": request.path}).encode())
    (asked, ask), (reply, replied) = os.pipe(), os.pipe()
    child = os.fork()
    if not child:
        try:
            os.close(ask)
            with running.serving():
                os.read(asked, 1)  # comes to its end with the test process, too
                os.write(replied, str(running.connections).encode())
        finally:
            os._exit(0)
    try:
        yield Apart(running.url, ask, reply)
    finally:
        os.close(ask)
        os.waitpid(child, 0)
        for handle in (asked, reply, replied):
            os.close(handle)
        running.close()


@pytest.fixture
def client(http: Build) -> Http:
    return http(retries=0)


def forked(work: t.Callable[[], t.Any]) -> t.Callable[[], t.Any]:
    """Run this in a forked process, now; the call that comes back waits for what it returned."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.close(reading)
            with os.fdopen(writing, "w") as file:
                json.dump(work(), file)
        finally:
            os._exit(0)
    os.close(writing)

    def result() -> t.Any:
        with os.fdopen(reading) as file:
            text = file.read()
        os.waitpid(child, 0)
        return json.loads(text or "null")

    return result


def path_asked(client: Http, url: str) -> str:
    try:
        return str(client.send("GET", url).json()["path"])
    except Exception as e:
        return f"{type(e).__name__}: {e}"


def test_every_worker_gets_its_own_answer_after_its_parent_has_talked(
    service_apart: Apart, client: Http
) -> None:
    assert path_asked(client, f"{service_apart.url}/parent") == "/parent"
    results = [
        forked(functools.partial(path_asked, client, f"{service_apart.url}/{number}"))
        for number in range(WORKERS)
    ]
    assert [result() for result in results] == [f"/{number}" for number in range(WORKERS)]
    assert path_asked(client, f"{service_apart.url}/parent-again") == "/parent-again"
    assert service_apart.connections() == 1 + WORKERS, (
        "the parent keeps its connection, and each worker has its own"
    )


def test_a_worker_inherits_no_open_connection(service_apart: Apart, client: Http) -> None:
    path_asked(client, f"{service_apart.url}/parent")
    assert client_connections() == 1
    assert forked(client_connections)() == 0
    assert client_connections() == 1


def client_connections() -> int:
    gc.collect()
    every = [value for value in gc.get_objects() if isinstance(value, ssl.SSLSocket)]
    return sum(1 for each in every if not each.server_side and each.fileno() >= 0)


def test_no_file_of_the_collection_keeps_what_must_not_survive_a_fork(
    service_apart: Apart, client: Http
) -> None:
    for path in sorted(PLUGINS.rglob("*.py")):
        importlib.import_module(
            ".".join((PACKAGE, *path.relative_to(PLUGINS).with_suffix("").parts))
        )
    path_asked(client, f"{service_apart.url}/parent")
    assert any(name.endswith(".connections: PoolManager") for name in kept()), (
        "the walk finds what is there"
    )
    assert forked(kept)() == []


def kept() -> list[str]:
    """What can be reached from the globals and caches of our modules and must belong to one
    process."""
    return [
        f"{name}: {type(value).__name__}"
        for name, module in sorted(sys.modules.items())
        if name.startswith(f"{PACKAGE}.")
        for value in _values_of(module)
        if isinstance(value, NOT_SHARED)
    ]


def _values_of(module: types.ModuleType) -> t.Iterator[t.Any]:
    """The module's values and their parts, but not what is only imported: other modules, classes,
    functions."""
    ahead = [value for value in vars(module).values() if _is_own(value, module)]
    reached: set[int] = set()
    while ahead:
        value = ahead.pop()
        if id(value) in reached or isinstance(value, (types.ModuleType, type, types.FunctionType)):
            continue
        reached.add(id(value))
        yield value
        ahead += gc.get_referents(value)


def _is_own(value: t.Any, module: types.ModuleType) -> bool:
    return getattr(value, "__module__", module.__name__) == module.__name__


def test_a_budget_ends_with_its_deadline_and_not_before() -> None:
    def seconds_at(moment: float) -> float:
        return _connections.Budget(lambda: moment, end=60, wait=30).seconds()

    assert [seconds_at(moment) for moment in (0.0, 40.0, 59.5)] == [30, 20, 0.5]
    with pytest.raises(TimeoutError):
        seconds_at(60.0)


def test_a_connection_works_where_nothing_bounds_it(service_apart: Apart, client: Http) -> None:
    adapter = _connections.adapter(*client._trust)
    request = requests.PreparedRequest()
    request.prepare("GET", f"{service_apart.url}/unbounded")
    answers: list[bytes] = []
    # a thread that never was within a budget
    thread = threading.Thread(target=lambda: answers.append(adapter.send(request).content))
    thread.start()
    thread.join(10)
    assert answers == [b'{"path": "/unbounded"}']


@pytest.mark.parametrize(
    "reply", [Reply(200, b"x" * 100, trickle=True), Reply(trickle_headers=True)]
)
def test_bytes_that_arrive_one_by_one_cannot_exceed_the_deadline(
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


# What a connection does not use or keep


def test_connections_are_kept_and_shared_between_tenants(service: Service, http: Build) -> None:
    service.script = [Reply(), Reply(), Reply()]
    for _unused in range(3):
        http().send("GET", f"{service.url}/x")
    assert (service.connections, len(service.received)) == (1, 3)


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


def test_a_service_can_be_addressed_by_its_ip_address(service: Service, http: Build) -> None:
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


def test_tls_is_verified_through_a_proxy_too(papers: Papers, http: Build, tmp_path: Path) -> None:
    with (
        Service(papers.server_of_another_name, tmp_path).serving() as service,
        Proxy().serving() as proxy,
    ):
        assert (
            refused(lambda: http(proxy=proxy.url).send("GET", f"{service.url}/x")).category == "tls"
        )
        assert service.received == []


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
def test_a_ca_path_without_a_pem_bundle_is_reported_with_the_reason(
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


# The proxy of the environment


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


@pytest.mark.parametrize("source", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])
@pytest.mark.parametrize("value", ["ftp://{}proxy:1", "{}proxy:port", "http://{}proxy:1/x.pac"])
def test_a_proxy_variable_that_cannot_be_used_is_named_without_an_attempt(
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
def test_a_host_that_no_proxy_lists_is_reached_without_the_proxy(
    http: Build, monkeypatch: pytest.MonkeyPatch, entries: str
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"localhost:{closed_port()}")
    monkeypatch.setenv("NO_PROXY", entries)
    error = refused(lambda: http(retries=0).send("GET", "https://login.invalid/x"))
    assert "proxy" not in error.message
    assert (
        "no connection to login.invalid:443 (the host name could not be resolved)" in error.message
    )
