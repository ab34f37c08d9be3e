# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""No connection outlives a fork: a worker never speaks, or listens, on its parent's."""

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
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.loopback import Reply, Service
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.papers import Papers

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
def service(papers: Papers, tmp_path: Path) -> t.Iterator[Apart]:
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
def http(papers: Papers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> t.Iterator[Http]:
    for name in ("HTTPS_PROXY", "ALL_PROXY", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    ca_path = tmp_path / "ca.pem"
    ca_path.write_bytes(papers.authority.certificate_pem)
    yield Http(ca_path=str(ca_path), retries=0)
    _connections.adapter.cache_clear()


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


def path_asked(http: Http, url: str) -> str:
    try:
        return str(http.send("GET", url).json()["path"])
    except Exception as e:
        return f"{type(e).__name__}: {e}"


def test_every_worker_gets_its_own_answer_after_its_parent_has_talked(
    service: Apart, http: Http
) -> None:
    assert path_asked(http, f"{service.url}/parent") == "/parent"
    results = [
        forked(functools.partial(path_asked, http, f"{service.url}/{number}"))
        for number in range(WORKERS)
    ]
    assert [result() for result in results] == [f"/{number}" for number in range(WORKERS)]
    assert path_asked(http, f"{service.url}/parent-again") == "/parent-again"
    assert service.connections() == 1 + WORKERS, (
        "the parent keeps its connection, and each worker has its own"
    )


def test_a_worker_inherits_no_open_connection(service: Apart, http: Http) -> None:
    path_asked(http, f"{service.url}/parent")
    assert client_connections() == 1
    assert forked(client_connections)() == 0
    assert client_connections() == 1


def client_connections() -> int:
    gc.collect()
    every = [value for value in gc.get_objects() if isinstance(value, ssl.SSLSocket)]
    return sum(1 for each in every if not each.server_side and each.fileno() >= 0)


def test_no_file_of_the_collection_keeps_what_must_not_survive_a_fork(
    service: Apart, http: Http
) -> None:
    for path in sorted(PLUGINS.rglob("*.py")):
        importlib.import_module(
            ".".join((PACKAGE, *path.relative_to(PLUGINS).with_suffix("").parts))
        )
    path_asked(http, f"{service.url}/parent")
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


def test_a_connection_works_where_nothing_bounds_it(service: Apart, http: Http) -> None:
    adapter = _connections.adapter(*http._trust)
    request = requests.PreparedRequest()
    request.prepare("GET", f"{service.url}/unbounded")
    answers: list[bytes] = []
    # a thread that never was within a budget
    thread = threading.Thread(target=lambda: answers.append(adapter.send(request).content))
    thread.start()
    thread.join(10)
    assert answers == [b'{"path": "/unbounded"}']
