# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from ansible_collections.mssp.defender_xdr.tests.bench import cases

FOLDER: t.Final = Path("/folder")
TENANTS: t.Final = ("first", "second")


def line(origin: str, tenant: str, status: int = 200) -> dict[str, t.Any]:
    path = f"/{tenant}/oauth2/v2.0/token" if origin == "login" else "/v1.0/security/incidents"
    return {"origin": origin, "path": path, "tenant": tenant, "status": status}


def whole() -> list[dict[str, t.Any]]:
    return [line(origin, tenant) for origin in ("login", "graph") for tenant in TENANTS]


def test_a_case_that_asked_for_each_tenant_is_accepted() -> None:
    assert cases.shortfall(cases.BY_NAME["sweep_cold"], TENANTS, whole()) == ""
    assert cases.shortfall(cases.BY_NAME["sweep_warm"], TENANTS, whole()[2:]) == ""
    assert cases.shortfall(cases.BY_NAME["once"], TENANTS, []) == ""


@pytest.mark.parametrize(
    ("journal", "text"),
    [
        ([], "the lab received no request, expected 2 × graph page, 2 × login token"),
        (whole()[:3], "received 1 × graph page, 2 × login token"),
        ([*whole(), line("graph", "first")], "received 3 × graph page"),
        ([*whole()[:3], line("graph", "second", 429)], "1 × graph page, 429"),
        ([*whole()[:3], line("graph", "first")], "requests are missing in 1 of 2 tenants"),
        ([*whole(), line("xdr", "first")], "1 × xdr"),
    ],
    ids=["none", "missing", "repeated", "refused", "of one tenant only", "to another API"],
)
def test_a_case_with_other_requests_is_refused(journal: list[t.Any], text: str) -> None:
    assert text in cases.shortfall(cases.BY_NAME["sweep_cold"], TENANTS, journal)


def test_a_warm_case_that_fetched_tokens_is_refused() -> None:
    assert cases.shortfall(cases.BY_NAME["sweep_warm"], TENANTS, whole())


def test_a_warm_case_follows_the_one_whose_tokens_it_uses() -> None:
    for before, case in zip(cases.CASES, cases.CASES[1:], strict=False):
        assert case.after in ("", before.name)
        if case.after:
            assert (case.most, case.network) == (before.most, before.network)


def test_latency_is_measured_in_network_cases_with_one_size() -> None:
    selected = [cases.BY_NAME[name] for name in ("once", "sweep_cold", "module")]
    plan = cases.plan(selected, (50, 200), (0, 150))
    assert [(case.name, tenants, latency) for case, tenants, latency in plan] == [
        ("once", 50, 0),
        ("sweep_cold", 50, 0),
        ("module", 50, 0),
        ("once", 200, 0),
        ("sweep_cold", 200, 0),
        ("sweep_cold", 200, 150),
    ]


def test_a_thousand_tenants_are_preferred_for_latency() -> None:
    assert cases.large((50, 1000, 3000)) == 1000
    assert cases.large((50, 200)) == 200


@pytest.mark.parametrize(
    ("name", "from_environment"), [("tenants_cold", True), ("tenants_cold_ca", False)]
)
def test_the_ca_comes_from_one_place(name: str, from_environment: bool) -> None:
    env = cases.environment(
        cases.BY_NAME[name], {}, Path("/bundle.pem"), FOLDER, FOLDER / "tokens", 5
    )
    assert (env.get("DEFENDER_XDR_CA_PATH") == "/bundle.pem") is from_environment
