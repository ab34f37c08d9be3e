# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The provider's delegated admin relationships and contracts, generated for the existing customers;
the same seed gives the same data."""

from __future__ import annotations

import random
import uuid
from datetime import UTC, datetime, timedelta

from defender_lab.api.routes import Call
from defender_lab.directory.listing import GUID, NAME, TEXT, TIME, Collection, listed, single
from defender_lab.directory.organizations import contract
from defender_lab.directory.refusals import absent
from defender_lab.odata.fields import Fields, Kind
from defender_lab.service.exchange import Reply
from defender_lab.tenants.registrations import Record
from defender_lab.tenants.tenant import Directory, Tenant

STATUSES = (
    "activating active approvalPending approved created expired expiring terminated"
    " terminating terminationRequested unknownFutureValue"
).split()
STATUS = Kind(
    "microsoft.graph.delegatedAdminRelationshipStatus", frozenset(name.lower() for name in STATUSES)
)
READER, ADMINISTRATOR = (
    "5d6b6bb7-de71-4623-b4af-96380a352509",
    "194ae4cb-b126-40b2-bd5b-6091b380977d",
)
RELATIONSHIP, CUSTOMER = (
    "microsoft.graph.delegatedAdminRelationship",
    "microsoft.graph.delegatedAdminCustomer",
)
CONTRACTS = Collection(
    "contracts",
    Fields(
        "microsoft.graph.contract",
        {"customerId": GUID, "defaultDomainName": NAME, "displayName": NAME, "contractType": NAME},
    ),
    frozenset(
        {"id", "deletedDateTime", "contractType", "customerId", "defaultDomainName", "displayName"}
    ),
)
PROPERTIES = frozenset(
    (
        "id accessDetails activatedDateTime autoExtendDuration createdDateTime customer displayName"
        " duration endDateTime lastModifiedDateTime status"
    ).split()
)
RELATIONSHIPS = Collection(
    "tenantRelationships/delegatedAdminRelationships",
    Fields(
        RELATIONSHIP,
        {
            "status": STATUS,
            "displayName": NAME,
            "customer/tenantId": TEXT,
            "customer/displayName": NAME,
            "endDateTime": TIME,
            "createdDateTime": TIME,
            "activatedDateTime": TIME,
        },
        frozenset({"startswith"}),
    ),
    PROPERTIES,
    frozenset({"displayName", "endDateTime", "createdDateTime", "status"}),
    most=300,
    advanced=False,
)
CUSTOMERS = Collection(
    "tenantRelationships/delegatedAdminCustomers",
    Fields(CUSTOMER, {"tenantId": TEXT, "displayName": NAME}, frozenset({"startswith"})),
    frozenset({"id", "tenantId", "displayName"}),
    frozenset({"displayName"}),
    most=300,
    advanced=False,
)


class Books:
    """Made when first read. The second, fourth … of the prospects and outsiders are in the
    contracts only; everybody else has one to three relationships as well."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._made: tuple[list[Record], list[Record], list[Record]] | None = None

    def _read(self, call: Call) -> tuple[list[Record], list[Record], list[Record]]:
        """Relationships, their customers, contracts; none of them in a tenant that is no
        provider."""
        partner = self._directory.partner
        if call.tenant is not partner:
            return [], [], []
        if self._made is None:
            fleet, others = self._directory.tenants, self._directory.beside[1:]
            managed = [*fleet, *others[::2]]
            relationships = [record for tenant in managed for record in _relationships(tenant)]
            standing = {
                record["customer"]["tenantId"] for record in relationships if record["customer"]
            }
            customers = [
                {"id": customer.id, "tenantId": customer.id, "displayName": customer.name}
                for customer in managed
                if customer.id in standing
            ]
            self._made = (
                relationships,
                customers,
                [contract(partner.id, customer) for customer in (*fleet, *others)],
            )
        return self._made

    def relationships(self, call: Call) -> Reply:
        return listed(call, RELATIONSHIPS, self._read(call)[0])

    def relationship(self, call: Call) -> Reply:
        relationship = next(
            (row for row in self._read(call)[0] if row["id"] == call.parts[0]), None
        )
        if relationship is None:
            raise absent(call.parts[0])
        return single(call, RELATIONSHIPS.path, relationship, RELATIONSHIP, PROPERTIES)

    def customers(self, call: Call) -> Reply:
        return listed(call, CUSTOMERS, self._read(call)[1])

    def contracts(self, call: Call) -> Reply:
        return listed(call, CONTRACTS, self._read(call)[2])


def _relationships(tenant: Tenant) -> list[Record]:
    """One that stands or has ended, and what came before it. One in twelve has ended only, one in
    twelve waits for the customer."""
    rng = random.Random(f"gdap-{tenant.id}")
    draw = rng.randrange(12)
    states = [
        {0: "expired", 1: "approvalPending", 2: "terminated", 3: "expiring"}.get(draw, "active")
    ]
    states += rng.choices(("expired", "terminated"), k=rng.randrange(3))
    return [_relationship(tenant, status, age, rng) for age, status in enumerate(states)]


def _relationship(tenant: Tenant, status: str, age: int, rng: random.Random) -> Record:
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    days = {"active": 90 + rng.randrange(600), "expiring": 12, "approvalPending": None}.get(
        status, -10 - 200 * age - rng.randrange(150)
    )
    end = None if days is None else now + timedelta(days=days)
    created = end - timedelta(days=730) if end else now - timedelta(days=3)
    pending = status == "approvalPending"
    changed = created if pending else min(now, end or now)
    halves = [uuid.UUID(int=rng.getrandbits(128), version=4) for _half in range(2)]
    ident = f"{halves[0]}-{halves[1]}"
    return {
        "@odata.etag": f'W/"{uuid.UUID(int=rng.getrandbits(128), version=4)}"',
        "id": ident,
        "displayName": f"SOC {tenant.host} {age + 1}",
        "duration": "P730D",
        # an invitation need not name whom it was sent to
        "customer": None
        if pending and rng.randrange(2)
        else {"tenantId": tenant.id, "displayName": tenant.name},
        "accessDetails": {
            "unifiedRoles": [
                {"roleDefinitionId": role}
                for role in (READER, ADMINISTRATOR)[: 1 + rng.randrange(2)]
            ]
        },
        "status": status,
        "autoExtendDuration": "P180D" if status == "active" and rng.randrange(2) else "PT0S",
        "createdDateTime": _stamp(created),
        "lastModifiedDateTime": _stamp(changed),
        "activatedDateTime": None if pending else _stamp(created + timedelta(days=1)),
        "endDateTime": _stamp(end) if end else None,
    }


def _stamp(when: datetime) -> str:
    return when.strftime("%Y-%m-%dT%H:%M:%S.0000000Z")
