# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The customers from all sources, merged by tenant id, and their preferred host names.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t
import unicodedata

from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.options import GUID

HOST_NAMES: t.Final = ("name", "default_domain", "tenant_id")
OWNER: t.Final = "file"  # the source that the inventory's owner edits


@dataclasses.dataclass(frozen=True, kw_only=True)
class Customer:
    """One customer tenant.

    :arg name: display name; empty if the source has none.
    :arg variables: variables of its host, by name.
    :arg where: returns its place in the source, such as `registry.yml:7`; a function, because only
        errors need it.
    :arg sources: the sources that list it, in order of precedence.
    """

    tenant_id: str
    name: str = ""
    default_domain: str = ""
    variables: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict)
    where: t.Callable[[], str] = dataclasses.field(compare=False, repr=False)
    sources: tuple[str, ...] = ()


def guid(source: str, value: t.Any) -> str:
    """The tenant id from a service; raises `unavailable` if it is invalid, because the inventory
    would be incomplete without that customer."""
    if not GUID.fullmatch(str(value)):
        raise DefenderError(
            "unavailable",
            f"The source {source} returned the tenant id {value!r}, which is not a GUID.",
        )
    return str(value).lower()


def unique(customers: t.Iterable[Customer]) -> dict[str, Customer]:
    """One source's customers by tenant id; raises `bad_request` with both places if a tenant is
    listed twice."""
    by_tenant: dict[str, Customer] = {}
    for customer in customers:
        if (other := by_tenant.setdefault(customer.tenant_id, customer)) is not customer:
            raise DefenderError(
                "bad_request",
                (
                    f"Tenant {customer.tenant_id} is listed twice, at {other.where()} and at"
                    f" {customer.where()}; remove one of the two entries from the registry."
                ),
            )
    return by_tenant


def merged(sources: t.Iterable[t.Mapping[str, Customer]]) -> list[Customer]:
    """All customers of all sources; an earlier source takes precedence, variable by variable."""
    by_tenant: dict[str, Customer] = {}
    for source in sources:
        for tenant_id, later in source.items():
            earlier = by_tenant.get(tenant_id)
            by_tenant[tenant_id] = later if earlier is None else _both(earlier, later)
    return list(by_tenant.values())


def _both(earlier: Customer, later: Customer) -> Customer:
    return dataclasses.replace(
        earlier,
        name=earlier.name or later.name,
        default_domain=earlier.default_domain or later.default_domain,
        variables={**later.variables, **earlier.variables},
        sources=(*earlier.sources, *later.sources),
    )


def safe(text: str) -> str:
    """The text as a host name valid in patterns, file names and `--limit`: letters and digits of
    any script, `_`, `.` and `-`."""
    return re.sub(r"[^\w.-]+", "_", unicodedata.normalize("NFKC", text)).strip("_.-")


def host_name(customer: Customer, preference: t.Iterable[str]) -> str:
    """The first preferred name that the customer has and that is not empty once made safe;
    otherwise its tenant id."""
    return next(
        filter(None, (safe(getattr(customer, attribute)) for attribute in preference)),
        customer.tenant_id,
    )
