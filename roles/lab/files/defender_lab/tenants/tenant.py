# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tenants of a running lab: their grants, their behavior, and how to look one up."""

from __future__ import annotations

import typing as t
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field

from defender_lab.tenants.fleet import Company, Host
from defender_lab.tenants.personalities import BY_NAME, Personality
from defender_lab.tenants.registrations import Lag, Registrations
from defender_lab.tenants.resources import RESOURCES
from defender_lab.tenants.roster import Principal, Roster

# when a tenant of the lab came to its resources, and when its administrator let the house's app in
LONG_AGO, CONSENTED = "2021-08-02T10:30:06.0000000Z", "2024-03-01T08:00:00.0000000Z"


class Tenant:
    """One tenant at run time; the control routes change it. ``house`` is the app id of the
    provider's app that the lab is about."""

    def __init__(self, host: Host, house: str) -> None:
        self.id = host.tenant_id
        self.host = host.host
        self.name = host.name
        self.domain = host.domain
        self.house = house
        self.calls = 0
        self.consent_version = 0
        self.lag = Lag()
        # clicks to come, and where the browser was sent after those that were made
        self.decisions: list[t.Any] = []
        self.clicks: list[str] = []
        self.assume(host.personality)

    def assume(self, personality: Personality) -> None:
        """Become this personality, with the grants it starts from."""
        self.personality = personality
        self.provisioned = personality.provisioned
        self._roster: Roster | None = None
        self.consent_version += 1

    @property
    def roster(self) -> Roster:
        """The service principals and grants; made when first asked for, as there may be thousands
        of tenants."""
        if self._roster is None:
            self._roster = self._opened()
        return self._roster

    def _opened(self) -> Roster:
        """What the personality starts from: the resources it has, and the house's app with its
        grants."""
        roster = Roster()
        for key, resource in RESOURCES.items():
            if key not in self.personality.resources_absent:
                roster.add(
                    Principal(
                        resource.app_id,
                        self.principal(resource.app_id, "resource"),
                        created=LONG_AGO,
                    )
                )
        if self.personality.consented:
            self._settle(roster)
        return roster

    def _settle(self, roster: Roster) -> None:
        """The house's app as this personality's administrator let it in."""
        kind = self.personality
        tags = ("WindowsAzureActiveDirectoryIntegratedApp",)
        roster.add(
            Principal(
                self.house,
                self.principal(self.house, "app"),
                enabled=kind.token_refused != "app_disabled",
                tags=tags,
                created=CONSENTED,
            )
        )
        for key, resource in RESOURCES.items():
            values = (
                []
                if kind.no_roles
                else [role for role in resource.granted if role not in kind.withheld]
            )
            roster.set_roles(
                self.house, key, [*values, *(kind.extra if key == "graph" else ())], CONSENTED
            )

    @property
    def consented(self) -> bool:
        return self.roster.by_app(self.house) is not None

    @property
    def granted(self) -> dict[str, list[str]]:
        """What the house's app was given here, by resource."""
        return {key: self.roster.roles(self.house, key) for key in RESOURCES}

    def consent(self, consented: bool) -> None:
        """Let the house's app in, with its personality's grants, or throw it out."""
        principal = self.roster.by_app(self.house)
        if consented and principal is None:
            self._settle(self.roster)
        elif principal is not None and not consented:
            self.roster.remove(principal)

    def lacks(self, absent: Iterable[str]) -> None:
        """Leave these resources without a service principal, and no others."""
        unwanted = set(absent)
        for key, resource in RESOURCES.items():
            principal = self.roster.by_app(resource.app_id)
            if principal and key in unwanted:
                self.roster.remove(principal)
            elif not principal and key not in unwanted:
                self.roster.add(
                    Principal(resource.app_id, self.principal(resource.app_id, "resource"))
                )
                self.roster.set_roles(
                    self.house, key, [] if self.personality.no_roles else resource.granted
                )

    def principal(self, client_id: str, resource: str) -> str:
        """The object id of the app's (or a resource's) first service principal here: the same on
        every look."""
        return str(uuid.uuid5(uuid.UUID(self.id), f"{client_id}/{resource}"))


@dataclass
class Directory:
    """Every tenant that exists, found by GUID or by domain. ``tenants`` are the fleet's."""

    hosts: tuple[Host, ...]
    company: Company
    house: str
    registrations: Registrations = field(default_factory=Registrations)

    def __post_init__(self) -> None:
        self.tenants = [Tenant(host, self.house) for host in self.hosts if host.personality.exists]
        self.beside = [Tenant(host, self.house) for host in self.company.everybody]
        self.partner = self.beside[0]
        self._by_name = {
            name: tenant for tenant in self.everybody() for name in (tenant.id, tenant.domain)
        }

    def everybody(self) -> Iterable[Tenant]:
        yield from self.tenants
        yield from self.beside

    def find(self, name: str) -> Tenant | None:
        return self._by_name.get(name.lower())

    def named(self, name: str) -> Tenant | None:
        """By GUID, domain or host name."""
        return self.find(name) or next(
            (tenant for tenant in self.everybody() if tenant.host == name), None
        )

    def stranger_to(self, tenant: Tenant) -> Tenant:
        """Another tenant, whose token ``tenant`` is handed when Entra gets it wrong."""
        others = [other for other in self.tenants if other is not tenant]
        well = (
            other
            for other in others
            if other.personality is BY_NAME["healthy"]
            and other.provisioned
            and all(other.granted.values())
        )
        return next(well, (others or [tenant])[0])
