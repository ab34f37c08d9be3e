# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Customers from a reseller's contracts (CSP).

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import functools
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._customers.customer import (
    Customer,
    guid,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._directory import listed
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.tenant import Tenant

SOURCE: t.Final = "contracts"
PATH: t.Final = "/v1.0/contracts"
MOST: t.Final = "999"  # Graph's maximum of $top for directory objects


def customers(tenant: Tenant) -> list[Customer]:
    """All customers of a provider.

    :arg tenant: the provider's tenant.
    """
    return folded(listed(tenant.api("graph", "tenants:contracts"), PATH, {"$top": MOST}))


def folded(rows: t.Iterable[dict[str, t.Any]]) -> list[Customer]:
    """One customer per tenant: the facts of its first contract, and the types of all its
    contracts."""
    by_tenant: dict[str, list[dict[str, t.Any]]] = {}
    for row in rows:
        by_tenant.setdefault(guid(SOURCE, row.get("customerId")), []).append(row)
    return [_customer(tenant_id, theirs) for tenant_id, theirs in by_tenant.items()]


def _customer(tenant_id: str, rows: list[dict[str, t.Any]]) -> Customer:
    first = rows[0]
    return Customer(
        tenant_id=tenant_id,
        name=first.get("displayName") or "",
        default_domain=first.get("defaultDomainName") or "",
        variables={
            "defender_xdr_contract": {
                "id": first.get("id"),
                "types": sorted({row["contractType"] for row in rows if row.get("contractType")}),
            }
        },
        where=functools.partial("the contract {}".format, first.get("id")),
        sources=(SOURCE,),
    )
