# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tenants of every cloud and region in one run: each is asked where its data lives, with a token
for there."""

from __future__ import annotations

import threading
import typing as t
import urllib.parse

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._module import perform
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import tenant as _tenant
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.exchange import Answer
from ansible_collections.mssp.defender_xdr.plugins.modules import incident_info
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils import _execution, _pool
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.stand_ins import (
    CLIENT,
    SECRET,
    answer,
    jwt_of,
    token_answer,
)

# cloud, region, API, then login host, audience and API host. Typed in from Microsoft's pages:
# defender-xdr/usgov, defender-endpoint/gov, graph/deployments,
# entra/identity-platform/authentication-national-cloud.
WHERE: t.Final = [
    (
        "public",
        None,
        "graph",
        "login.microsoftonline.com",
        "https://graph.microsoft.com",
        "graph.microsoft.com",
    ),
    (
        "public",
        None,
        "xdr",
        "login.microsoftonline.com",
        "https://api.security.microsoft.com",
        "api.security.microsoft.com",
    ),
    (
        "public",
        "eu",
        "xdr",
        "login.microsoftonline.com",
        "https://api.security.microsoft.com",
        "eu.api.security.microsoft.com",
    ),
    (
        "public",
        "uk",
        "xdr",
        "login.microsoftonline.com",
        "https://api.security.microsoft.com",
        "uk.api.security.microsoft.com",
    ),
    (
        "public",
        "us",
        "graph",
        "login.microsoftonline.com",
        "https://graph.microsoft.com",
        "graph.microsoft.com",
    ),
    (
        "gcc",
        None,
        "graph",
        "login.microsoftonline.com",
        "https://graph.microsoft.com",
        "graph.microsoft.com",
    ),
    (
        "gcc",
        None,
        "xdr",
        "login.microsoftonline.com",
        "https://api-gcc.security.microsoft.us",
        "api-gcc.security.microsoft.us",
    ),
    (
        "gcc_high",
        None,
        "graph",
        "login.microsoftonline.us",
        "https://graph.microsoft.us",
        "graph.microsoft.us",
    ),
    (
        "gcc_high",
        None,
        "xdr",
        "login.microsoftonline.us",
        "https://api-gov.security.microsoft.us",
        "api-gov.security.microsoft.us",
    ),
    (
        "dod",
        None,
        "graph",
        "login.microsoftonline.us",
        "https://dod-graph.microsoft.us",
        "dod-graph.microsoft.us",
    ),
    (
        "dod",
        None,
        "xdr",
        "login.microsoftonline.us",
        "https://api-gov.security.microsoft.us",
        "api-gov.security.microsoft.us",
    ),
]
NOWHERE: t.Final = [
    ("china", None, "graph", "unsupported"),
    ("china", None, "xdr", "unsupported"),
    ("china", None, "auto", "unsupported"),
    ("gcc_high", "eu", "xdr", "bad_request"),
]
ISSUERS: t.Final = {
    "login.microsoftonline.com": "https://sts.windows.net",
    "login.microsoftonline.us": "https://sts.windows.net",
}
ROLES: t.Final = {"graph": "SecurityIncident.Read.All", "xdr": "Incident.Read.All"}


class Microsoft:
    """All of Microsoft's hosts; it notes each request, and gives each tenant a token for what it
    asked."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.asked: dict[str, list[tuple[str, str]]] = {}
        self.bearers: dict[str, str] = {}

    def http(self, **_options: t.Any) -> Microsoft:
        return self

    waited = 0.0
    sent = 0

    def send(
        self, method: str, url: str, *, headers: t.Any = None, data: t.Any = None, **_rest: t.Any
    ) -> Answer:
        parts = urllib.parse.urlsplit(url)
        if parts.path.endswith("/token"):
            tenant = parts.path.split("/")[1]
            form = data if isinstance(data, dict) else dict(urllib.parse.parse_qsl(data))
            audience = form["scope"].removesuffix("/.default")
            resource = "graph" if "graph" in audience else "xdr"
            claims = {
                "aud": audience,
                "iss": f"{ISSUERS[parts.netloc]}/{tenant}/",
                "appid": CLIENT,
                "tid": tenant,
                "roles": [ROLES[resource]],
                "ver": "1.0",
            }
            token = jwt_of({**claims, "iat": 1, "nbf": 1, "exp": 99_999_999_999})
            with self.lock:
                self.bearers[token] = tenant
            reply, note = token_answer(token), (parts.netloc, audience)
        else:
            tenant = self.bearers[headers["Authorization"].removeprefix("Bearer ")]
            reply, note = answer(200, {"value": []}), (parts.netloc, parts.path)
        with self.lock:
            self.asked.setdefault(tenant, []).append(note)
        return reply


@pytest.fixture
def microsoft(monkeypatch: pytest.MonkeyPatch) -> Microsoft:
    found = Microsoft()
    monkeypatch.setattr(_tenant, "Http", found.http)
    return found


def tenant_of(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012d}"


def listed(number: int, cloud: str, region: str | None, api: str) -> str:
    """The category of what came of it; the API where it answered."""
    own = {
        "tenant_id": tenant_of(number),
        "client_id": CLIENT,
        "client_secret": SECRET,
        "token_cache": "none",
        "cloud": cloud,
        "api": api,
    }
    own.update({"region": region} if region else {})
    try:
        return str(
            perform(
                incident_info.run, _execution.validated(incident_info.SPEC, own), check_mode=False
            )["api"]
        )
    except DefenderError as e:
        return e.category


def test_tenants_of_every_cloud_are_asked_where_they_live_in_one_run(microsoft: Microsoft) -> None:
    jobs = [
        *((cloud, region, api) for cloud, region, api, *_unused in WHERE),
        *((cloud, region, api) for cloud, region, api, _unused in NOWHERE),
    ]
    answers = _pool.each(
        enumerate(jobs),
        lambda job: listed(job[0], *job[1]),
        crashed=lambda job, error: error,
        limit=lambda: 8,
    )
    told = {number: outcome for (number, _unused), outcome in answers}
    paths = {"graph": "/v1.0/security/incidents", "xdr": "/api/incidents"}
    for number, (cloud, region, api, login, audience, host) in enumerate(WHERE):
        assert (told[number], microsoft.asked[tenant_of(number)]) == (
            api,
            [(login, audience), (host, paths[api])],
        ), (cloud, region)
    for number, (*_unused, category) in enumerate(NOWHERE, len(WHERE)):
        assert told[number] == category
        # said before anything was sent
        assert tenant_of(number) not in microsoft.asked


@pytest.mark.parametrize("cloud", ["public", "gcc", "gcc_high", "dod"])
def test_auto_asks_graph_first_in_every_cloud_that_has_it(cloud: str, microsoft: Microsoft) -> None:
    assert listed(1, cloud, None, "auto") == "graph"
    assert len(microsoft.asked[tenant_of(1)]) == 2
