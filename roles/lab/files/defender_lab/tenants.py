# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The customer tenants of the lab: who they are, what they granted, and how each of them behaves."""

from __future__ import annotations

import random
import uuid
from dataclasses import dataclass

from defender_lab.personalities import BY_NAME, Personality, mix
from defender_lab.resources import RESOURCES

NAMES = (
    "contoso fabrikam woodgrove northwind tailspin litware adatum proseware wingtip margies treyresearch lucerne relecloud "
    "fourthcoffee humongous cohowinery alpineski blueyonder consolidated graphicdesign lamna munson nodpublishers "
    "southridge thephonecompany vanarsdel firstup bestforyou liberty cityp wideworld alpenglow"
).split()


@dataclass(frozen=True, slots=True)
class Host:
    """One line of the inventory. ``tenant_id`` is what the inventory says, which need not exist."""

    host: str
    tenant_id: str
    name: str
    domain: str
    personality: Personality


class Tenant:
    """One customer tenant at run time; the control routes change it."""

    def __init__(self, host: Host) -> None:
        self.id = host.tenant_id
        self.host = host.host
        self.name = host.name
        self.domain = host.domain
        self.calls = 0
        self.consent_version = 0
        self.assume(host.personality)

    def assume(self, personality: Personality) -> None:
        """Become this personality, with the grants it starts from."""
        self.personality = personality
        self.consented = personality.consented
        self.provisioned = personality.provisioned
        self.resources_absent = set(personality.resources_absent)
        self.granted = {
            key: [] if personality.no_roles else [role for role in one.granted if role not in personality.withheld] for key, one in RESOURCES.items()
        }
        self.consent_version += 1

    def principal(self, client_id: str, resource: str) -> str:
        """The object id of the app's (or a resource's) service principal here: the same on every look."""
        return str(uuid.uuid5(uuid.UUID(self.id), f"{client_id}/{resource}"))


def draw(count: int, seed: int, sick: str) -> list[Host]:
    """The lab's hosts, the same for the same arguments; nothing in a host name tells its personality."""
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


class Directory:
    """Every tenant that exists, found by GUID or by domain."""

    def __init__(self, hosts: list[Host]) -> None:
        self.hosts = tuple(hosts)
        self.tenants = [Tenant(host) for host in hosts if host.personality.exists]
        self._by_name = {name: one for one in self.tenants for name in (one.id, one.domain)}

    def find(self, name: str) -> Tenant | None:
        return self._by_name.get(name.lower())

    def stranger_to(self, tenant: Tenant) -> Tenant:
        """Another tenant, whose token ``tenant`` is handed when Entra gets it wrong."""
        others = [one for one in self.tenants if one is not tenant]
        return next((one for one in others if one.personality is BY_NAME["healthy"]), others[0] if others else tenant)
