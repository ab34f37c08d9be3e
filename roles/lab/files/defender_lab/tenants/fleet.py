# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tenants of a lab, generated from its seed: the fleet's hosts, the provider, prospects and
outsiders."""

from __future__ import annotations

import random
import uuid
from dataclasses import dataclass

from defender_lab.tenants.personalities import BY_NAME, PROVIDER, Personality, mix

NAMES = (
    "contoso fabrikam woodgrove northwind tailspin litware adatum proseware wingtip margies"
    " treyresearch lucerne relecloud fourthcoffee humongous cohowinery alpineski blueyonder"
    " consolidated graphicdesign lamna munson nodpublishers southridge thephonecompany vanarsdel"
    " firstup bestforyou liberty cityp wideworld alpenglow"
).split()


@dataclass(frozen=True, slots=True)
class Host:
    """One line of the inventory. ``tenant_id`` is what the inventory says, which need not exist."""

    host: str
    tenant_id: str
    name: str
    domain: str
    personality: Personality


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
