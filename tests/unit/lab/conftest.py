# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One lab for a test run, without sockets; every test works on a tenant no other test has
touched."""

from __future__ import annotations

import asyncio
import json
import sys
import time
import typing as t
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode

import pytest
from multidict import CIMultiDict

sys.path.insert(0, str(Path(__file__).parents[3] / "roles" / "lab" / "files"))

from defender_lab.assembly import assembled
from defender_lab.lab import Lab
from defender_lab.service.exchange import Reply, Request
from defender_lab.tenants.application import Application
from defender_lab.tenants.fleet import draw
from defender_lab.tenants.tenant import Tenant

HOST = "127.0.0.1:8443"
AUDIENCES = {
    "graph": "https://graph.microsoft.com",
    "xdr": "https://api.security.microsoft.com",
    "endpoint": "https://api.securitycenter.microsoft.com",
}


@dataclass(frozen=True)
class Answer:
    reply: Reply

    @property
    def status(self) -> int:
        return self.reply.status

    @property
    def headers(self) -> t.Mapping[str, str]:
        return self.reply.headers

    def json(self) -> t.Any:
        return json.loads(self.reply.body)

    def error(self) -> t.Any:
        return self.json()["error"]


class Desk:
    """What a client of the lab does, in one line each."""

    admin_key = "the-admin-key-of-the-tests"

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.app = lab.app

    def send(
        self,
        origin: str,
        method: str,
        path: str,
        query: str = "",
        headers: dict[str, str] | None = None,
        body: bytes | t.Any = b"",
    ) -> Answer:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        kind = {} if isinstance(body, bytes) else {"Content-Type": "application/json"}
        request = Request(
            origin, method, path, query, CIMultiDict({**kind, **(headers or {})}), raw, HOST
        )
        return Answer(asyncio.run(self.lab.answer(request)))

    def form(self, **changes: str | None) -> dict[str, str]:
        """A good v2 token request with a secret; None takes a field away."""
        form = {
            "grant_type": "client_credentials",
            "client_id": self.app.client_id,
            "client_secret": self.app.secret,
            "scope": "https://graph.microsoft.com/.default",
            **changes,
        }
        return {name: value for name, value in form.items() if value is not None}

    def ask_token(self, tenant: str, *, version: str = "/v2.0", **changes: str | None) -> Answer:
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return self.send(
            "login",
            "POST",
            f"/{tenant}/oauth2{version}/token",
            headers=headers,
            body=urlencode(self.form(**changes)).encode(),
        )

    def token(self, tenant: Tenant, origin: str = "graph") -> str:
        answer = self.ask_token(tenant.id, scope=f"{AUDIENCES[origin]}/.default")
        assert answer.status == 200, answer.json()
        return str(answer.json()["access_token"])

    def call(
        self,
        origin: str,
        tenant: Tenant,
        method: str,
        path: str,
        query: str | dict[str, str] = "",
        **more: t.Any,
    ) -> Answer:
        """A call with a fitting token. ``query`` may be a dict of options."""
        headers = {
            "Authorization": f"Bearer {self.token(tenant, origin)}",
            **more.pop("headers", {}),
        }
        text = query if isinstance(query, str) else urlencode(query)
        return self.send(origin, method, path, text, headers, **more)

    def home(
        self, method: str, path: str, query: str | dict[str, str] = "", **more: t.Any
    ) -> Answer:
        """A call of Graph in the provider's own tenant."""
        return self.call(
            "graph", self.lab.directory.partner, method, f"/v1.0/{path}", query, **more
        )

    def graph(
        self,
        tenant: Tenant,
        method: str,
        path: str,
        query: str | dict[str, str] = "",
        **more: t.Any,
    ) -> Answer:
        return self.call("graph", tenant, method, f"/v1.0/{path}", query, **more)

    def endpoint(
        self,
        tenant: Tenant,
        method: str,
        path: str,
        query: str | dict[str, str] = "",
        **more: t.Any,
    ) -> Answer:
        return self.call("endpoint", tenant, method, f"/api/{path}", query, **more)

    def machines(self, tenant: Tenant, query: str | dict[str, str] = "") -> list[dict[str, t.Any]]:
        answer = self.endpoint(tenant, "GET", "machines", query)
        assert answer.status == 200, answer.json()
        return t.cast("list[dict[str, t.Any]]", answer.json()["value"])

    def direct(self, tenant: Tenant, **body: t.Any) -> dict[str, t.Any]:
        """The control route for devices."""
        answer = self.control("POST", "devices", body={"tenant": tenant.id, **body})
        assert answer.status == 200, answer.json()
        return t.cast("dict[str, t.Any]", answer.json())

    def later(self, seconds: float) -> None:
        assert self.control("POST", "clock", body={"advance": seconds}).status == 200

    def registered(self, name: str, **more: t.Any) -> dict[str, t.Any]:
        """A fresh multi-tenant app of the provider."""
        answer = self.home(
            "POST",
            "applications",
            body={"displayName": name, "signInAudience": "AzureADMultipleOrgs", **more},
        )
        assert answer.status == 201, answer.json()
        return t.cast("dict[str, t.Any]", answer.json())

    def control(
        self, method: str, path: str, query: str = "", body: t.Any = b"", key: str | None = None
    ) -> Answer:
        return self.send(
            "login",
            method,
            f"/_lab/{path}",
            query,
            {"X-Lab-Key": self.admin_key if key is None else key},
            body,
        )

    def become(self, tenant: Tenant, **settings: t.Any) -> None:
        answer = self.control("POST", "consent", body={"tenant": tenant.id, **settings})
        assert answer.status == 200, answer.json()


@pytest.fixture(scope="session")
def desk() -> Iterator[Desk]:
    with assembled(
        draw(600, 7, "none"),
        Application(),
        Desk.admin_key,
        seed=7,
        incidents=12,
        now=datetime.now(UTC),
    ) as lab:
        yield Desk(lab)


@pytest.fixture
def still_clock(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The quota clock stands still but for what the test advances it, however slow the machine."""
    clock, begin = desk.lab.clock, time.monotonic()
    monkeypatch.setattr(clock, "quota", lambda: begin + clock._skew)


@pytest.fixture(scope="session")
def _next_tenant(desk: Desk) -> Callable[[], Tenant]:
    free = iter(desk.lab.directory.tenants)
    return lambda: next(free)


@pytest.fixture
def tenant(_next_tenant: Callable[[], Tenant]) -> Tenant:
    """A healthy tenant of this test's own."""
    return _next_tenant()


@pytest.fixture
def other(_next_tenant: Callable[[], Tenant]) -> Tenant:
    return _next_tenant()
