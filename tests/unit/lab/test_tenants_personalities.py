# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The mix of tenants, and what each kind comes to on the wire."""

from __future__ import annotations

from collections import Counter

import pytest
from defender_lab.tenants.fleet import draw
from defender_lab.tenants.personalities import BY_NAME, SICK, mix

CATEGORIES = set(
    "not_consented role_missing bad_credentials credential_expired tenant_not_found not_licensed"
    " wrong_tenant wrong_audience app_disabled blocked_by_policy unsupported bad_query bad_request"
    " not_found conflict truncated throttled unavailable timeout network tls"
    " outcome_unknown".split()
)


def test_every_outcome_is_a_category_of_the_collection() -> None:
    named = {kind.category for kind in SICK} | {
        value for kind in SICK for value in kind.differs.values()
    }
    assert named - {None} <= CATEGORIES


def test_the_default_mix_has_one_of_each_kind() -> None:
    counts = Counter(kind.name for kind in mix(25, "default"))
    assert counts.pop("healthy") == 13
    assert len(counts) == 12
    assert set(counts.values()) == {1}


@pytest.mark.parametrize(
    ("tenants", "sick", "healthy"),
    [
        (50, "20", 40),
        (10, "none", 10),
        (10, "100", 0),
        (1, "default", 1),
        (5, "throttled=2,flaky=1", 2),
    ],
)
def test_shares(tenants, sick, healthy) -> None:
    assert [kind.name for kind in mix(tenants, sick)].count("healthy") == healthy


@pytest.mark.parametrize("sick", ["120", "-1", "some", "unheard=1", "throttled=9"])
def test_a_mix_that_cannot_be(sick) -> None:
    with pytest.raises(ValueError, match=r".+"):
        mix(5, sick)


def test_the_same_seed_draws_the_same_tenants() -> None:
    assert draw(60, 3, "default") == draw(60, 3, "default")
    assert draw(60, 3, "default") != draw(60, 4, "default")
    hosts = draw(400, 3, "default")
    assert len({one.host for one in hosts}) == len({one.tenant_id for one in hosts}) == 400


@pytest.mark.parametrize(
    ("name", "code"),
    [("not_consented", 700016), ("conditional_access", 53003), ("app_disabled", 7000112)],
)
def test_refused_before_there_is_a_token(desk, tenant, name, code) -> None:
    desk.become(tenant, personality=name)
    assert desk.ask_token(tenant.id).json()["error_codes"] == [code]


def test_a_wrong_token_is_of_another_tenant(desk, tenant) -> None:
    desk.become(tenant, personality="wrong_token")
    value = desk.call("graph", tenant, "GET", "/v1.0/security/incidents").json()["value"]
    assert tenant.id not in {one["tenantId"] for one in value}


def test_incomplete_consent_lacks_incidents_but_not_hunting(desk, tenant) -> None:
    desk.become(tenant, personality="consent_incomplete")
    assert desk.call("graph", tenant, "GET", "/v1.0/security/incidents").status == 403
    assert desk.call("xdr", tenant, "GET", "/api/incidents").status == 403
    assert (
        desk.call(
            "graph", tenant, "POST", "/v1.0/security/runHuntingQuery", body={"Query": "print 1"}
        ).status
        == 200
    )


def test_no_defender(desk, tenant) -> None:
    desk.become(tenant, personality="no_defender")
    assert desk.call("graph", tenant, "GET", "/v1.0/security/incidents").status == 403
    assert desk.ask_token(tenant.id, scope="https://api.security.microsoft.com/.default").json()[
        "error_codes"
    ] == [500011]


def test_a_flaky_tenant_breaks_every_third_time_in_turn(desk, tenant) -> None:
    desk.become(tenant, personality="flaky")
    answers = [
        desk.call("graph", tenant, "GET", "/v1.0/security/incidents").reply for _unused in range(9)
    ]
    assert [one.status if one.wire == "whole" else one.wire for one in answers] == [
        503,
        200,
        200,
        500,
        200,
        200,
        "reset",
        200,
        200,
    ]
    assert answers[3].body.startswith(b'{"error":{"code":"UnknownError","message":""')


def test_every_personality_can_be_assumed(desk, tenant) -> None:
    for name in BY_NAME:
        desk.become(tenant, personality=name)
    desk.become(tenant, personality="healthy")
    assert desk.call("graph", tenant, "GET", "/v1.0/security/incidents").status == 200
