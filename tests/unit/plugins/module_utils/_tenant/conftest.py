# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fixtures of several files in this folder."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import (
    connections as _connections,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import options as _options
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.exchange import Answer
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.tenant import Tenant
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.transport import Http
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.loopback import Service
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.module_utils._tenant.bench import (
    Bench,
    Build,
    NextTask,
)
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.module_utils._tenant.desk import (
    Desk,
)
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.papers import Papers
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.stand_ins import (
    FakeClock,
    FakeHttp,
    parameters,
)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.fixture
def bench(tmp_path: Path, time: FakeClock) -> Bench:
    return Bench(tmp_path, time)


@pytest.fixture
def next_task(tmp_path: Path, time: FakeClock) -> NextTask:
    """A new task for the same tenant, with the cache that the tasks before it left."""

    def build(*script: Answer | DefenderError, **changes: t.Any) -> tuple[Tenant, FakeHttp]:
        http = FakeHttp(*script)
        tenant = Tenant(
            _options.check(parameters(token_cache=str(tmp_path / "tokens"), **changes)),
            clock=time.clock,
            http=t.cast("t.Any", http),
        )
        return tenant, http

    return build


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
