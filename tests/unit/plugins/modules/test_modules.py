# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every module has in common."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.mssp.defender_xdr.plugins.modules import (
    access_token,
    access_token_info,
    hunting_query,
    incident_info,
)
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.modules.runs import (
    FOUND,
    GOOD,
    HUNTER,
    Tenants,
    read,
    run,
)
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.stand_ins import (
    INCIDENT_ROLE,
    FakeHttp,
    answer,
    parameters,
    token_answer,
)


@pytest.mark.parametrize(
    ("module", "arguments", "more"),
    [
        (access_token, {}, []),
        (access_token_info, {"required_roles": [INCIDENT_ROLE]}, []),
        (incident_info, {}, [answer(200, {"value": []})]),
        (hunting_query, {"query": "DeviceInfo"}, [answer(200, FOUND)]),
    ],
)
def test_a_reading_module_does_the_same_in_check_mode(
    tenant_with: Tenants, module: t.Any, arguments: dict[str, t.Any], more: list[t.Any]
) -> None:
    token = HUNTER if module is hunting_query else GOOD
    results = [
        run(module, tenant_with(FakeHttp(token_answer(token), *more)), **arguments, check_mode=mode)
        for mode in (False, True)
    ]
    assert results[0] == results[1]


@pytest.mark.parametrize("module", [access_token, access_token_info, incident_info, hunting_query])
def test_every_module_has_the_default_tenant_options(module: t.Any) -> None:
    params, refused = read(module, {"query": "x"} if module is hunting_query else {})
    assert refused == []
    wanted = {**parameters(tenant_name=None), "token_cache": "none"}
    assert {name: params.get(name) for name in wanted} == wanted
