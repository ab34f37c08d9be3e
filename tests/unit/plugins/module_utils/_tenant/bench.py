# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One tenant over scripted services: its tokens, its calls, and what tests send and expect."""

from __future__ import annotations

import json
import typing as t
import urllib.parse
from pathlib import Path

import pytest
import requests
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import options as _options
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.tenant import Tenant
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.tokens import TokenSource
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.transport import Http
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.stand_ins import (
    CONSENT_URL,
    TENANT,
    TOKEN_URL,
    FakeClock,
    FakeHttp,
    answer,
    graph_token,
    parameters,
)

GRAPH = "https://graph.microsoft.com"
INCIDENTS = f"{GRAPH}/v1.0/security/incidents"
LABEL = f"contoso ({TENANT})"

ONE, TWO = graph_token(uti="one"), graph_token(uti="two")
GOOD = graph_token(uti="good")
RENEWED = graph_token(uti="renewed")
ROLELESS = graph_token(roles=["SecurityAlert.Read.All"])
XDR_TOKEN = graph_token(aud="https://api.security.microsoft.com", roles=["Incident.Read.All"])
BEARER = "eyJ-a-bearer-token-that-is-long-and-unique"
AUTHORIZED = {"Authorization": f"Bearer {BEARER}"}
EMPTY = answer(200, {"value": []})

WithTenant = t.Callable[..., Tenant]
NextTask = t.Callable[..., tuple[Tenant, FakeHttp]]
Build = t.Callable[..., Http]


def refused(call: t.Callable[[], t.Any]) -> DefenderError:
    """The error that the call raises."""
    with pytest.raises(DefenderError) as caught:
        call()
    return caught.value


def urls(http: FakeHttp) -> list[str]:
    return [asked.url for asked in http.asked]


class Bench:
    """A tenant's tokens over a scripted login service; each `source` is a task that begins
    anew."""

    def __init__(self, folder: Path, time: FakeClock) -> None:
        self.folder = folder / "tokens"
        self.time = time
        self.http = FakeHttp()

    def source(self, *script: t.Any, audience: str = GRAPH, **changes: t.Any) -> TokenSource:
        self.http = FakeHttp(*script)
        options = _options.check(parameters(**{"token_cache": str(self.folder), **changes}))
        return TokenSource(
            options,
            audience,
            http=t.cast("t.Any", self.http),
            clock=self.time.clock,
            consent_url=CONSENT_URL,
        )

    def refused(self, *script: t.Any, **changes: t.Any) -> DefenderError:
        with pytest.raises(DefenderError) as caught:
            self.source(*script, **changes).get()
        return caught.value

    @property
    def form(self) -> dict[str, str]:
        """The fields of the only request."""
        (form,) = self.forms
        return form

    @property
    def forms(self) -> list[dict[str, str]]:
        """The fields of each request, as they would be on the wire."""
        assert {(asked.method, asked.url) for asked in self.http.asked} == {("POST", TOKEN_URL)}
        bodies = [
            requests.Request("POST", asked.url, data=asked.data).prepare().body
            for asked in self.http.asked
        ]
        return [
            dict(urllib.parse.parse_qsl(str(body), keep_blank_values=True, strict_parsing=True))
            for body in bodies
        ]

    def entry(self) -> dict[str, t.Any]:
        """The only entry of the cache."""
        (path,) = self.folder.iterdir()
        return t.cast("dict[str, t.Any]", json.loads(path.read_text()))

    def put(self, entry: dict[str, t.Any]) -> None:
        """Replace the entry, as another process does."""
        file = self.source().file
        with file.locked(seconds=1):
            file.write({name: value for name, value in entry.items() if name != "sum"})
