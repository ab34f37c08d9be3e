# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The customer tenants of the lab: who they are, what they granted, and how each of them
behaves."""

from __future__ import annotations

import random
import typing as t
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field

from defender_lab.tenants.personalities import BY_NAME, PROVIDER, Personality, mix
from defender_lab.tenants.registrations import Lag, Registrations
from defender_lab.tenants.resources import RESOURCES
from defender_lab.tenants.roster import Principal, Roster

NAMES = (
    "contoso fabrikam woodgrove northwind tailspin litware adatum proseware wingtip margies"
    " treyresearch lucerne relecloud fourthcoffee humongous cohowinery alpineski blueyonder"
    " consolidated graphicdesign lamna munson nodpublishers southridge thephonecompany vanarsdel"
    " firstup bestforyou liberty cityp wideworld alpenglow"
).split()
# when a tenant of the lab came to its resources, and when its administrator let the house's app in
LONG_AGO, CONSENTED = "2021-08-02T10:30:06.0000000Z", "2024-03-01T08:00:00.0000000Z"


@dataclass(frozen=True, slots=True)
class Host:
    """One line of the inventory. ``tenant_id`` is what the inventory says, which need not exist."""

    host: str
    tenant_id: str
    name: str
    domain: str
    personality: Personality


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

    def consent(self, given: bool) -> None:
        """Let the house's app in, with its personality's grants, or throw it out."""
        principal = self.roster.by_app(self.house)
        if given and principal is None:
            self._settle(self.roster)
        elif principal is not None and not given:
            self.roster.remove(principal)

    def lacks(self, absent: Iterable[str]) -> None:
        """Leave these resources without a service principal, and no others."""
        unwanted = set(absent)
        for key, resource in RESOURCES.items():
            found = self.roster.by_app(resource.app_id)
            if found and key in unwanted:
                self.roster.remove(found)
            elif not found and key not in unwanted:
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


def draw(count: int, seed: int, sick: str) -> list[Host]:
    """The lab's hosts, the same for the same arguments; nothing in a host name tells its
    personality."""
    rng = random.Random(f"tenants-{seed}")
    kinds = mix(count, sick)
    rng.shuffle(kinds)
    hosts = []
    for number, kind in enumerate(kinds):
        round_, place = divmod(number, len(NAMES))
        word = NAMES[place] + (f"{round_ + 1:02d}" if round_ else "")
        guid = str(uuid.UUID(int=rng.getrandbits(128), version=4))
        hosts.append(Host(word, guid, word.capitalize(), f"{word}.onmicrosoft.com", kind))
    return hosts


@dataclass(frozen=True, slots=True)
class Company:
    """Who stands beside the tenants of the fleet: the provider itself, customers to be won, and
    others that appear in its books only."""

    partner: Host
    prospects: tuple[Host, ...] = ()
    outsiders: tuple[Host, ...] = ()

    @property
    def everybody(self) -> tuple[Host, ...]:
        return (self.partner, *self.prospects, *self.outsiders)


# names as customers have them: spaces, umlauts, quotes, commas, and one name twice
AWKWARD = (
    "Müller & Söhne GmbH",
    'O\'Brien "Night" Logistics, Ltd.',
    "Adventure Works",
    "Société Générale d'Épicerie",
    "Łódź Steel: Sp. z o.o.",
    "株式会社 山田",
)
OUTSIDERS = (
    "Adventure Works",
    "Adventure Works",
    "Crème & Co. #1 {50%}",
    "-hyphen first, = second",
)


def company(seed: int, prospects: int = 2) -> Company:
    """The same for the same seed; the fleet's tenants do not depend on it."""
    rng = random.Random(f"company-{seed}")

    def host(word: str, name: str, kind: Personality) -> Host:
        return Host(
            word,
            str(uuid.UUID(int=rng.getrandbits(128), version=4)),
            name,
            f"{word}.onmicrosoft.com",
            kind,
        )

    fresh = BY_NAME["not_consented"]
    return Company(
        host("partner", "Partner SOC", PROVIDER),
        tuple(
            host(f"prospect{number}", AWKWARD[(number - 1) % len(AWKWARD)], fresh)
            for number in range(1, prospects + 1)
        ),
        tuple(host(f"outsider{number}", name, fresh) for number, name in enumerate(OUTSIDERS, 1)),
    )


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
        self._by_name = {name: one for one in self.everybody() for name in (one.id, one.domain)}

    def everybody(self) -> Iterable[Tenant]:
        yield from self.tenants
        yield from self.beside

    def find(self, name: str) -> Tenant | None:
        return self._by_name.get(name.lower())

    def named(self, name: str) -> Tenant | None:
        """By GUID, domain or host name."""
        return self.find(name) or next((one for one in self.everybody() if one.host == name), None)

    def stranger_to(self, tenant: Tenant) -> Tenant:
        """Another tenant, whose token ``tenant`` is handed when Entra gets it wrong."""
        others = [one for one in self.tenants if one is not tenant]
        well = (
            one
            for one in others
            if one.personality is BY_NAME["healthy"]
            and one.provisioned
            and all(one.granted.values())
        )
        return next(well, (others or [tenant])[0])
