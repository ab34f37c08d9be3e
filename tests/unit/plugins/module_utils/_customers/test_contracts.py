# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Customers from the provider's contracts, in the shape of Microsoft's page on contracts."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils._customers import (
    contracts as _contracts,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.module_utils._customers.books import (
    CONTOSO,
    FABRIKAM,
    GRAPH,
)
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.stand_ins import (
    FakeHttp,
    answer,
    graph_token,
    token_answer,
)


def contract(customer_id: str, **more: t.Any) -> dict[str, t.Any]:
    return {
        "id": "contract-1",
        "contractType": "ResellerPartnerContract",
        "customerId": customer_id,
        "defaultDomainName": "contoso.onmicrosoft.com",
        "displayName": "Contoso Inc",
        **more,
    }


def test_contracts_of_one_customer_are_one_customer(tenant_with: t.Any) -> None:
    http = FakeHttp(
        token_answer(graph_token(roles=["Directory.ReadWrite.All"])),
        answer(
            200,
            {
                "value": [
                    contract(CONTOSO),
                    contract(CONTOSO, contractType="BreadthPartnerContract"),
                    contract(FABRIKAM, displayName=None),
                ]
            },
        ),
    )
    one, two = _contracts.customers(tenant_with(http))
    assert (one.tenant_id, one.name, one.default_domain, one.where()) == (
        CONTOSO,
        "Contoso Inc",
        "contoso.onmicrosoft.com",
        "the contract contract-1",
    )
    assert one.variables == {
        "defender_xdr_contract": {
            "id": "contract-1",
            "types": ["BreadthPartnerContract", "ResellerPartnerContract"],
        }
    }
    assert two.name == ""
    assert http.asked[1].url == f"{GRAPH}/v1.0/contracts"
    http.done()


@pytest.mark.parametrize("row", [contract("contoso"), contract(t.cast("str", None))])
def test_a_customer_without_a_valid_id_is_an_error(row: t.Any) -> None:
    with pytest.raises(DefenderError, match="The source contracts returned the tenant id"):
        _contracts.folded([row])
