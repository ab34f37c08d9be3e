# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the services bear their load, as the observer of a thread learns it from the transport."""

from __future__ import annotations

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import (
    service_load as _load,
)
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.loopback import (
    Reply,
    Service,
    closed_port,
)
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.module_utils._tenant.bench import (
    Build,
    refused,
)


@pytest.mark.parametrize(
    ("reply", "load"),
    [
        (Reply(200), "answered"),
        (Reply(404), "answered"),
        (Reply(429), "throttled"),
        (Reply(503), "overloaded"),
    ],
)
def test_the_observer_learns_of_each_request_once_whatever_its_retries(
    reply: Reply, load: str, http: Build, service: Service
) -> None:
    loads: list[tuple[str, str]] = []
    service.script = [reply, reply, reply]
    with _load.observation(lambda *report: loads.append(report)):
        http(retries=1).send("GET", f"{service.url}/a")
    http(retries=0).send("GET", f"{service.url}/a")  # nobody observes any more
    assert loads == [(service.url.removeprefix("https://"), load)]


def test_the_observer_learns_of_a_service_that_cannot_be_reached(http: Build) -> None:
    loads: list[str] = []
    with _load.observation(lambda _service, load: loads.append(load)):
        refused(lambda: http(retries=2).send("GET", f"https://127.0.0.1:{closed_port()}/a"))
    assert loads == ["overloaded"]
