# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A host name for each customer: no two share one, and none takes that of a group or of another
host.

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

# Ansible's own: variables of a host of that name would be everybody's, or the controller's.
RESERVED: t.Final = frozenset({"all", "ungrouped", "localhost", "127.0.0.1", "::1"})
LISTED: t.Final = "listed"  # instead of a tenant id: a host that is nothing but a name yet
SUFFIXES: t.Final = (0, 8, 36)  # how much of its tenant id a name gets, until it is unique
SHOWN: t.Final = 5
NO_HOSTS: t.Final[t.Mapping[str, str]] = types.MappingProxyType({})


@dataclasses.dataclass(frozen=True)
class Clash:
    """A name that several tenants want, or that is not free, and what its tenants are called."""

    name: str
    hosts: t.Mapping[str, Customer]

    def __str__(self) -> str:
        fact = f"{self.name} is the name of a group, of another host, or one that Ansible reserves"
        if len(self.hosts) > 1:
            fact = f"{len(self.hosts)} tenants are called {self.name}"
        hosts = [
            f"tenant {customer.tenant_id} at {customer.where()} is the host {host}"
            for host, customer in itertools.islice(self.hosts.items(), SHOWN)
        ]
        more = [f"and {len(self.hosts) - SHOWN} more"] * (len(self.hosts) > SHOWN)
        return (
            f"{fact}: {'; '.join(hosts + more)}. Give them other names in the registry, or"
            " change hostnames."
        )


@dataclasses.dataclass(frozen=True)
class Claim:
    """A customer, the name that it wants, and how much of its tenant id had to be added."""

    customer: Customer
    name: str
    turn: int = 0

    @property
    def host(self) -> str:
        """What the customer is called for now."""
        suffix = self.customer.tenant_id[: SUFFIXES[self.turn]]
        return f"{self.name}_{suffix}" if suffix else self.name


class Names:
    """Gives every customer a name that is its own.

    Where several want one name, the one that the owner's registry has keeps it, otherwise none
    does: nobody must get at another one's host variables by what he calls himself. The others get
    their tenant id behind it, so that no name depends on the order of the sources.

    :arg groups: names of the inventory's groups.
    :arg hosts: hosts that are there already, with their tenant id, or `LISTED`, or an empty text
        for a machine that is no tenant.
    """

    def __init__(
        self, groups: t.Collection[str] = (), hosts: t.Mapping[str, str] = NO_HOSTS
    ) -> None:
        self._groups = groups
        self._hosts = hosts

    def give(
        self, customers: t.Iterable[Customer], preference: t.Sequence[str]
    ) -> tuple[dict[str, Customer], list[Clash]]:
        """Customers by host name, and the names that could not be given as they are."""
        claims = [Claim(each, _customers.host_name(each, preference)) for each in customers]
        while losers := self._losers(claims):
            claims = [
                self._longer(claim) if claim.customer.tenant_id in losers else claim
                for claim in claims
            ]
        found = {claim.host: claim.customer for claim in claims}
        changed: dict[str, dict[str, Customer]] = {}
        for claim in claims:
            if claim.turn:
                changed.setdefault(claim.name, {})[claim.host] = claim.customer
        for name in changed.keys() & found.keys():
            changed[name][name] = found[name]
        return found, [Clash(name, hosts) for name, hosts in changed.items()]

    def _losers(self, claims: t.Sequence[Claim]) -> set[str]:
        """The ids of those who cannot be called as they are now."""
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
        """Whose the name is, if anybody's."""
        able = [claim for claim in sharing if self._is_free_for(claim)]
        if len(sharing) == 1:
            return able[0] if able else None
        for rule in (self._has_it_already, _is_its_id, _is_registered):
            if found := list(filter(rule, able)):
                return found[0] if len(found) == 1 else None
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
                f"The tenant {customer.tenant_id} at {customer.where()} would be the host "
                f"{claim.host}, which is the name of a group or of another host; rename that one.",
            )
        return dataclasses.replace(claim, turn=claim.turn + 1)


def _is_its_id(claim: Claim) -> bool:
    return claim.host.endswith(claim.customer.tenant_id)


def _is_registered(claim: Claim) -> bool:
    return claim.turn == 0 and _customers.OWNER in claim.customer.sources
