# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sliding windows per tenant and destination, and the words of each API when one is full."""

from __future__ import annotations

import re

import pytest
from defender_lab.service.clock import Clock
from defender_lab.service.quota import Limit, Quotas

INCIDENTS = {"graph": "/v1.0/security/incidents", "xdr": "/api/incidents"}


def test_a_window_slides() -> None:
    clock = Clock()
    quotas = Quotas(clock)
    limits = (Limit(2, 60.0),)
    assert quotas.take("key", limits) is None
    clock.advance(40)
    assert quotas.take("key", limits) is None
    over = quotas.take("key", limits)
    assert over is not None
    assert 19 <= over.wait <= 20
    assert quotas.take("other key", limits) is None
    clock.advance(21)
    assert quotas.take("key", limits) is None
    assert quotas.take("key", limits) is not None


def test_the_tighter_of_two_windows_says_how_long() -> None:
    quotas = Quotas(Clock())
    limits = (Limit(5, 60.0), Limit(2, 3600.0))
    quotas.take("key", limits)
    quotas.take("key", limits)
    over = quotas.take("key", limits)
    assert over is not None
    assert (over.limit.calls, over.limit.span()) == (2, "01:00:00")


def test_xdr_incidents_fifty_a_minute(desk, tenant, other) -> None:
    headers = {"Authorization": f"Bearer {desk.token(tenant, 'xdr')}"}
    statuses = [
        desk.send("xdr", "GET", INCIDENTS["xdr"], "$top=1", headers).status for _unused in range(50)
    ]
    assert statuses == [200] * 50
    answer = desk.send("xdr", "GET", INCIDENTS["xdr"], "$top=1", headers)
    error = answer.error()
    assert (answer.status, error["code"], error["target"]) == (429, "429", tenant.id)
    assert "Retry-After" not in answer.headers
    words = (
        r"API calls quota exceeded! Maximum allowed 50 per 00:01:00 for the key"
        r" Destination\+TenantID\+AppID\. You can send requests again in (\d+) seconds\."
    )
    found = re.fullmatch(words, error["message"])
    assert found
    assert 50 <= int(found[1]) <= 60
    assert desk.call("xdr", other, "GET", INCIDENTS["xdr"], "$top=1").status == 200
    desk.become(tenant, personality="healthy")
    assert desk.call("xdr", tenant, "GET", INCIDENTS["xdr"], "$top=1").status == 200


@pytest.mark.parametrize(
    ("path", "calls", "method"),
    [("/v1.0/security/alerts_v2", 150, "GET"), ("/v1.0/security/runHuntingQuery", 45, "POST")],
)
def test_graph_quotas(desk, tenant, path, calls, method) -> None:
    # a bad request counts as well, and costs the lab nothing
    token = desk.token(tenant)
    ask = {
        "headers": {"Authorization": f"Bearer {token}"},
        "query": "$top=x" if method == "GET" else "",
    }
    statuses = {desk.send("graph", method, path, **ask).status for _unused in range(calls)}
    assert statuses == {400}
    answer = desk.send("graph", method, path, **ask)
    error = answer.error()
    assert answer.status == 429
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    assert (error["code"], error["message"]) == ("TooManyRequests", "Please retry again later.")
    assert set(error["innerError"]) == {"code", "date", "message", "request-id", "status"}
    assert (error["innerError"]["code"], error["innerError"]["message"]) == (
        "429",
        "Please retry after",
    )
    assert desk.call("graph", tenant, "GET", INCIDENTS["graph"]).status == 200


def test_a_throttled_tenant_answers_again_after_the_wait_it_names(desk, tenant) -> None:
    desk.become(tenant, personality="throttled")
    statuses = [
        desk.call("graph", tenant, "GET", INCIDENTS["graph"]).status for _unused in range(3)
    ]
    assert statuses == [200, 200, 429]
    wait = int(desk.call("graph", tenant, "GET", INCIDENTS["graph"]).headers["Retry-After"])
    desk.control("POST", "clock", body={"advance": wait})
    assert desk.call("graph", tenant, "GET", INCIDENTS["graph"]).status == 200
