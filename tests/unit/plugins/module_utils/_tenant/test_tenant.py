# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A tenant: the API that its option `api` selects, its transport, and its part of every result."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import options as _options
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import tenant as _tenant
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.api import Api
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.exchange import Answer
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.tenant import Tenant
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.module_utils._tenant.bench import (
    GOOD,
    LABEL,
    ROLELESS,
    XDR_TOKEN,
    NextTask,
    WithTenant,
    refused,
)
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.stand_ins import (
    INCIDENT_ROLE,
    OTHER_TENANT,
    TENANT,
    FakeClock,
    FakeHttp,
    answer,
    graph_token,
    not_consented,
    parameters,
    refusal,
    token_answer,
)


def test_every_option_of_the_connection_reaches_the_transport(
    time: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    built: list[dict[str, t.Any]] = []

    def build(**given: t.Any) -> t.Any:
        built.append(given)
        return built

    monkeypatch.setattr(_tenant, "Http", build)
    changes = {
        "ca_path": "/etc/pki/own.pem",
        "validate_certs": False,
        "proxy": "http://proxy.example:3128",
        "request_timeout": 7,
        "retries": 2,
        "retry_deadline": 45,
        "max_response_size": "3M",
    }
    tenant = Tenant(_options.check(parameters(**changes)), clock=time.clock)
    assert tenant.http is t.cast("t.Any", built)
    assert built == [
        {
            "ca_path": "/etc/pki/own.pem",
            "validate_certs": False,
            "proxy": "http://proxy.example:3128",
            "timeout": 7,
            "retries": 2,
            "deadline": 45,
            "max_size": 3 * 2**20,
            "clock": time.clock,
        }
    ]


def test_a_result_names_the_tenant(tenant_with: WithTenant) -> None:
    tenant = tenant_with(FakeHttp(), cloud="gcc")
    assert tenant.as_result() == {"id": TENANT, "name": "contoso", "cloud": "gcc"}


# The option api


def chosen(tenant: Tenant) -> Api:
    return tenant.chosen_api("incident_info")


def test_auto_selects_graph_if_its_role_is_granted(tenant_with: WithTenant) -> None:
    http = FakeHttp(token_answer(GOOD))
    tenant = tenant_with(http)
    assert (chosen(tenant).name, tenant.warnings) == ("graph", [])


@pytest.mark.parametrize(
    "graph",
    [
        token_answer(ROLELESS),
        refusal(650052, "invalid_client", "no subscription"),
        refusal(500011, "invalid_resource", "The resource principal was not found."),
    ],
)
def test_auto_selects_the_older_api_with_a_warning_if_only_that_is_granted(
    tenant_with: WithTenant, graph: Answer
) -> None:
    http = FakeHttp(graph, token_answer(XDR_TOKEN))
    tenant = tenant_with(http)
    assert chosen(tenant).name == "xdr"
    (warning,) = tenant.warnings
    assert "MC1220762" in warning
    http.done()


def test_the_warning_about_the_older_api_names_the_tenant(tenant_with: WithTenant) -> None:
    tenant = tenant_with(FakeHttp(token_answer(XDR_TOKEN)), api="xdr")
    chosen(tenant)
    (warning,) = tenant.warnings
    assert LABEL in warning


def test_auto_reports_the_missing_graph_roles_if_neither_is_granted(
    tenant_with: WithTenant,
) -> None:
    tenant = tenant_with(
        FakeHttp(
            token_answer(ROLELESS),
            token_answer(graph_token(aud="https://api.security.microsoft.com", roles=[])),
        )
    )
    error = refused(lambda: chosen(tenant))
    assert (error.category, error.facts["missing_roles"]) == ("role_missing", [INCIDENT_ROLE])


@pytest.mark.parametrize(
    ("script", "category"),
    [
        ([not_consented()], "not_consented"),
        ([answer(503)], "unavailable"),
        ([DefenderError("network", "x")], "network"),
        ([token_answer(graph_token(tid=OTHER_TENANT))], "wrong_tenant"),
    ],
)
def test_auto_does_not_try_the_older_api_if_graph_fails_for_another_reason(
    tenant_with: WithTenant, script: list[t.Any], category: str
) -> None:
    http = FakeHttp(*script)
    assert refused(lambda: chosen(tenant_with(http))).category == category
    http.done()


@pytest.mark.parametrize(("api", "token"), [("graph", GOOD), ("xdr", XDR_TOKEN)])
def test_a_selected_api_is_the_only_one_that_is_tried(
    tenant_with: WithTenant, api: str, token: str
) -> None:
    http = FakeHttp(token_answer(token))
    assert chosen(tenant_with(http, api=api)).name == api
    http = FakeHttp(
        token_answer(
            graph_token(
                aud="https://graph.microsoft.com"
                if api == "graph"
                else "https://api.security.microsoft.com",
                roles=[],
            )
        )
    )
    assert refused(lambda: chosen(tenant_with(http, api=api))).category == "role_missing"
    http.done()


def test_auto_selects_the_same_api_from_the_cache_without_a_request(
    next_task: NextTask, time: FakeClock
) -> None:
    chosen(next_task(token_answer(ROLELESS), token_answer(XDR_TOKEN))[0])
    time.passed = 1000
    tenant, http = next_task()
    assert chosen(tenant).name == "xdr"
    assert http.asked == []
