# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The customers that sources know, merged by tenant id, and the host name that each asks for.

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
OWNER: t.Final = "file"  # the source that the owner of the inventory writes


@dataclasses.dataclass(frozen=True, kw_only=True)
class Customer:
    """One customer tenant.

    :arg name: display name; empty where the source has none.
    :arg variables: of its host, by their names.
    :arg where: says where the source has it, such as `registry.yml:7`; a function, because only
        errors ask.
    :arg sources: the kinds of source that know it, the one that wins first.
    """

    tenant_id: str
    name: str = ""
    default_domain: str = ""
    variables: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict)
    where: t.Callable[[], str] = dataclasses.field(compare=False, repr=False)
    sources: tuple[str, ...] = ()


def guid(source: str, value: t.Any) -> str:
    """The tenant id that a service told; raises `unavailable` when it is none, because an
    inventory without that customer would not be whole."""
    if not GUID.fullmatch(str(value)):
        raise DefenderError(
            "unavailable", f"The source {source} told the tenant id {value!r}, which is no GUID."
        )
    return str(value).lower()


def unique(customers: t.Iterable[Customer]) -> dict[str, Customer]:
    """One source's customers by tenant id; raises `bad_request` that says both places where a
    tenant stands twice."""
    found: dict[str, Customer] = {}
    for customer in customers:
        if (other := found.setdefault(customer.tenant_id, customer)) is not customer:
            raise DefenderError(
                "bad_request",
                (
                    f"Tenant {customer.tenant_id} stands twice, at {other.where()} and at"
                    f" {customer.where()}; take one of them out of the registry."
                ),
            )
    return found


def merged(sources: t.Iterable[t.Mapping[str, Customer]]) -> list[Customer]:
    """All customers of all sources; what an earlier source says of one wins over a later one's,
    variable by variable."""
    found: dict[str, Customer] = {}
    for source in sources:
        for tenant_id, later in source.items():
            earlier = found.get(tenant_id)
            found[tenant_id] = later if earlier is None else _both(earlier, later)
    return list(found.values())


def _both(earlier: Customer, later: Customer) -> Customer:
    return dataclasses.replace(
        earlier,
        name=earlier.name or later.name,
        default_domain=earlier.default_domain or later.default_domain,
        variables={**later.variables, **earlier.variables},
        sources=(*earlier.sources, *later.sources),
    )


def safe(text: str) -> str:
    """The text as a host name that patterns, files and `--limit` take: letters and digits of any
    script, `_`, `.` and `-`."""
    return re.sub(r"[^\w.-]+", "_", unicodedata.normalize("NFKC", text)).strip("_.-")


def host_name(customer: Customer, preference: t.Iterable[str]) -> str:
    """The first of the wanted names that the customer has and of which something is left; its
    tenant id as the last resort."""
    return next(
        filter(None, (safe(getattr(customer, each)) for each in preference)), customer.tenant_id
    )
