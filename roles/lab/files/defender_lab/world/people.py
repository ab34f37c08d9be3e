# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The people of a tenant and their rows in IdentityInfo."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from defender_lab.world.chance import guid, stamp

_FIRST_NAMES = tuple(
    """
    Adele Alex Allan Amber Anna Chris Christie Debra Diego Emily Enrico Grady Henrietta
    Irvin Isaiah Johanna Joni Lee Lidia Lynne Megan Miriam Nestor
    """.split()
)
_SURNAMES = tuple(
    """
    Vance Wilber Deyoung Rodriguez Ivanov Green Cline Berger Siciliani Braun Cattaneo Archie
    Mueller Sayers Langer Lorenz Sherman Gu Holloway
    """.split()
)
_POSTS = (
    ("Finance", "Accountant"),
    ("Finance", "Controller"),
    ("Sales", "Account Manager"),
    ("Operations", "Planner"),
    ("Legal", "Counsel"),
    ("HR", "Recruiter"),
    ("R&D", "Engineer"),
)


@dataclass(frozen=True)
class Person:
    first_name: str
    surname: str
    account: str
    domain: str
    object_id: str
    sid: str
    department: str
    title: str
    admin: bool

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.surname}"

    @property
    def upn(self) -> str:
        # the accounts of the system itself have no such name
        return f"{self.account}@{self.domain}" if self.object_id else ""

    @property
    def netbios(self) -> str:
        return self.domain.partition(".")[0].upper()[:15]

    def columns(self, prefix: str = "") -> dict[str, Any]:
        """The account columns of the device tables; *prefix* ``InitiatingProcess`` for the one who
        started it."""
        return {
            f"{prefix}AccountDomain": self.netbios.lower(),
            f"{prefix}AccountName": self.account.lower(),
            f"{prefix}AccountSid": self.sid,
            f"{prefix}AccountUpn": self.upn,
            f"{prefix}AccountObjectId": self.object_id,
        }


def people(domain: str, rng: Random, count: int = 12) -> tuple[Person, ...]:
    """The first is the administrator of the tenant, the others work there."""
    parts = [rng.randrange(10**9, 4 * 10**9) for _part in range(3)]
    sids = "-".join(["S-1-5-21", *map(str, parts)])
    pairs = rng.sample(
        [(first_name, surname) for first_name in _FIRST_NAMES for surname in _SURNAMES], count
    )
    persons = []
    for number, (first_name, surname) in enumerate(pairs):
        department, title = ("IT", "Systems Administrator") if number == 0 else rng.choice(_POSTS)
        account = f"adm-{first_name}{surname[0]}" if number == 0 else f"{first_name}.{surname}"
        persons.append(
            Person(
                first_name,
                surname,
                account,
                domain,
                guid(rng),
                f"{sids}-{1104 + number}",
                department,
                title,
                number == 0,
            )
        )
    return tuple(persons)


def identity_rows(
    persons: tuple[Person, ...], tenant_id: str, now: datetime, rng: Random
) -> list[dict[str, Any]]:
    return [
        {
            "Timestamp": stamp(now - timedelta(hours=rng.uniform(1, 20))),
            "ReportId": guid(rng),
            "AccountObjectId": person.object_id,
            "AccountUpn": person.upn,
            "OnPremSid": person.sid,
            "AccountDisplayName": person.name,
            "AccountName": person.account.lower(),
            "AccountDomain": person.netbios.lower(),
            "CriticalityLevel": 1 if person.admin else 3,
            "Type": "User",
            "GivenName": person.first_name,
            "Surname": person.surname,
            "Department": person.department,
            "JobTitle": person.title,
            "EmailAddress": person.upn,
            "IsAccountEnabled": True,
            "CreatedDateTime": stamp(now - timedelta(days=rng.uniform(200, 900))),
            "TenantId": tenant_id,
            "SourceSystem": "AzureActiveDirectory",
            "TenantMembershipType": "Member",
            "AssignedRoles": ["Global Administrator"] if person.admin else [],
        }
        for person in persons
    ]
