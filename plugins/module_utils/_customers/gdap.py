# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Customers from delegated admin relationships (GDAP), one per tenant.

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
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._odata import snake
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.tenant import Tenant

SOURCE: t.Final = "gdap"
PATH: t.Final = "/v1.0/tenantRelationships/delegatedAdminRelationships"
CLOUDS: t.Final = ("public", "gcc")  # the page: global service only
MOST: t.Final = "300"  # the page's maximum of $top
# Best first: active access, ending access, access being set up, requested access, ended access.
STATUSES: t.Final = (
    "active",
    "expiring",
    "termination_requested",
    "terminating",
    "activating",
    "approved",
    "approval_pending",
    "created",
    "expired",
    "terminated",
)
Row = dict[str, t.Any]


def customers(tenant: Tenant) -> list[Customer]:
    """All customers of a provider, whatever the status of the relationship.

    :arg tenant: the provider's tenant.
    """
    if tenant.options.cloud not in CLOUDS:
        raise DefenderError(
            "unsupported",
            (
                f"cloud is {tenant.options.cloud}, but Microsoft Graph lists delegated admin"
                " relationships in the public cloud only; remove the source gdap."
            ),
        )
    return folded(listed(tenant.api("graph", "tenants:gdap"), PATH, {"$top": MOST}))


def folded(rows: t.Iterable[Row]) -> list[Customer]:
    """One customer per tenant: the facts of its best relationship, and a summary of the others.

    An invitation without a customer is left out.
    """
    by_tenant: dict[str, list[Row]] = {}
    for row in rows:
        if tenant_id := (row.get("customer") or {}).get("tenantId"):
            by_tenant.setdefault(guid(SOURCE, tenant_id), []).append(row)
    return [
        _customer(tenant_id, sorted(theirs, key=_rank)) for tenant_id, theirs in by_tenant.items()
    ]


def _rank(row: Row) -> tuple[int, tuple[int, ...]]:
    """Sort key, best first: by status, then by end, latest first; relationships without an end come
    last."""
    status = snake(row.get("status") or "")
    end = row.get("endDateTime") or ""
    return STATUSES.index(status) if status in STATUSES else len(STATUSES), tuple(
        -ord(letter) for letter in end
    ) or (0,)


def _customer(tenant_id: str, rows: list[Row]) -> Customer:
    best, *others = rows
    facts = {
        **_short(best),
        "auto_extend_duration": best.get("autoExtendDuration"),
        "roles": [
            role["roleDefinitionId"]
            for role in (best.get("accessDetails") or {}).get("unifiedRoles") or []
        ],
        "others": [_short(row) for row in others],
    }
    return Customer(
        tenant_id=tenant_id,
        name=best["customer"].get("displayName") or "",
        variables={"defender_xdr_gdap": facts},
        where=functools.partial("the GDAP relationship {}".format, best.get("id")),
        sources=(SOURCE,),
    )


def _short(row: Row) -> Row:
    return {
        "id": row.get("id"),
        "display_name": row.get("displayName"),
        "status": snake(row.get("status") or ""),
        "end_date_time": row.get("endDateTime"),
    }
