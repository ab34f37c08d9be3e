# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A unique host name for each customer, different from every group and every other host.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import dataclasses
import itertools
import types
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._customers import (
    customer as _customers,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._customers.customer import Customer
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError

# Reserved by Ansible: variables of a host with such a name would apply to all hosts or to the
# controller.
RESERVED: t.Final = frozenset({"all", "ungrouped", "localhost", "127.0.0.1", "::1"})
LISTED: t.Final = "listed"  # instead of a tenant id: a host for which only the name is known so far
SUFFIXES: t.Final = (0, 8, 36)  # characters of the tenant id appended to a name until it is unique
SHOWN: t.Final = 5
NO_HOSTS: t.Final[t.Mapping[str, str]] = types.MappingProxyType({})


@dataclasses.dataclass(frozen=True)
class Clash:
    """A name that several tenants prefer or that is taken, and the host names of its tenants."""

    name: str
    hosts: t.Mapping[str, Customer]

    def __str__(self) -> str:
        fact = f"{self.name} is a group, another host or a name reserved by Ansible"
        if len(self.hosts) > 1:
            fact = f"{len(self.hosts)} tenants have the name {self.name}"
        hosts = [
            f"tenant {customer.tenant_id} at {customer.where()} is the host {host}"
            for host, customer in itertools.islice(self.hosts.items(), SHOWN)
        ]
        more = [f"and {len(self.hosts) - SHOWN} more"] * (len(self.hosts) > SHOWN)
        return (
            f"{fact}: {'; '.join(hosts + more)}. Set other names in the registry, or change"
            " hostnames."
        )


@dataclasses.dataclass(frozen=True)
class Claim:
    """A customer, its preferred name, and how much of its tenant id is appended."""

    customer: Customer
    name: str
    turn: int = 0

    @property
    def host(self) -> str:
        """The customer's current host name."""
        suffix = self.customer.tenant_id[: SUFFIXES[self.turn]]
        return f"{self.name}_{suffix}" if suffix else self.name


class Names:
    """Assigns every customer a unique name.

    If several customers prefer one name, the one in the owner's registry keeps it, otherwise none
    does: no customer may get another one's host variables through its display name. The others get
    their tenant id appended, so that no name depends on the order of the sources.

    :arg groups: names of the inventory's groups.
    :arg hosts: existing hosts with their tenant id, or `LISTED`, or an empty text for a machine
        that is not a tenant.
    """

    def __init__(
        self, groups: t.Collection[str] = (), hosts: t.Mapping[str, str] = NO_HOSTS
    ) -> None:
        self._groups = groups
        self._hosts = hosts

    def give(
        self, customers: t.Iterable[Customer], preference: t.Sequence[str]
    ) -> tuple[dict[str, Customer], list[Clash]]:
        """Customers by host name, and the preferred names that were not available."""
        claims = [
            Claim(customer, _customers.host_name(customer, preference)) for customer in customers
        ]
        while losers := self._losers(claims):
            claims = [
                self._longer(claim) if claim.customer.tenant_id in losers else claim
                for claim in claims
            ]
        by_host = {claim.host: claim.customer for claim in claims}
        changed: dict[str, dict[str, Customer]] = {}
        for claim in claims:
            if claim.turn:
                changed.setdefault(claim.name, {})[claim.host] = claim.customer
        for name in changed.keys() & by_host.keys():
            changed[name][name] = by_host[name]
        return by_host, [Clash(name, hosts) for name, hosts in changed.items()]

    def _losers(self, claims: t.Sequence[Claim]) -> set[str]:
        """The tenant ids whose current host name is not available."""
        by_host: dict[str, list[Claim]] = {}
        for claim in claims:
            by_host.setdefault(claim.host, []).append(claim)
        return {
            claim.customer.tenant_id
            for sharing in by_host.values()
            for keeper in [self._keeper(sharing)]
            for claim in sharing
            if claim is not keeper
        }

    def _keeper(self, sharing: t.Sequence[Claim]) -> Claim | None:
        """The claim that keeps the name, if any."""
        able = [claim for claim in sharing if self._is_free_for(claim)]
        if len(sharing) == 1:
            return able[0] if able else None
        for rule in (self._has_it_already, _is_its_id, _is_registered):
            if keepers := list(filter(rule, able)):
                return keepers[0] if len(keepers) == 1 else None
        return None

    def _is_free_for(self, claim: Claim) -> bool:
        other = self._hosts.get(claim.host)
        is_listed = other == LISTED and _customers.OWNER in claim.customer.sources
        is_free = other is None or is_listed or self._has_it_already(claim)
        return is_free and claim.host not in RESERVED and claim.host not in self._groups

    def _has_it_already(self, claim: Claim) -> bool:
        return self._hosts.get(claim.host) == claim.customer.tenant_id

    def _longer(self, claim: Claim) -> Claim:
        if claim.turn + 1 == len(SUFFIXES):
            customer = claim.customer
            raise DefenderError(
                "bad_request",
                f"Tenant {customer.tenant_id} at {customer.where()} would become the host"
                f" {claim.host}, which is the name of a group or of another host; rename that"
                " group or host.",
            )
        return dataclasses.replace(claim, turn=claim.turn + 1)


def _is_its_id(claim: Claim) -> bool:
    return claim.host.endswith(claim.customer.tenant_id)


def _is_registered(claim: Claim) -> bool:
    return claim.turn == 0 and _customers.OWNER in claim.customer.sources
