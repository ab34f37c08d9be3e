# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""/organization, and what a tenant can look up about another tenant."""

from __future__ import annotations

import re
import uuid

from defender_lab.api.routes import Call
from defender_lab.directory.listing import NAME, TEXT, Collection, listed
from defender_lab.directory.refusals import bad
from defender_lab.odata.bodies import KIND
from defender_lab.odata.fields import Fields
from defender_lab.service.exchange import Refused, Reply, as_json
from defender_lab.tenants.registrations import Record
from defender_lab.tenants.tenant import Directory, Tenant

GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
CREATED = "2021-08-02T10:30:06Z"
# Microsoft Defender XDR shows in a subscription by the plans of its parts; these two are Defender
# for Endpoint's and Office 365's
PLANS = (
    ("WindowsDefenderATP", "871d91ec-ec1a-452b-a83f-bd76c7d770ef"),
    ("exchange", "113feb6c-3fe4-4440-bddc-54d774bf0318"),
)


def shown(tenant: Tenant) -> Record:
    plans = [
        {
            "assignedDateTime": CREATED,
            "capabilityStatus": "Enabled"
            if tenant.provisioned or service == "exchange"
            else "Deleted",
            "service": service,
            "servicePlanId": plan,
        }
        for service, plan in PLANS
    ]
    return {
        "id": tenant.id,
        "deletedDateTime": None,
        "businessPhones": [],
        "city": None,
        "country": None,
        "countryLetterCode": "DE",
        "createdDateTime": CREATED,
        "defaultUsageLocation": None,
        "displayName": tenant.name,
        "marketingNotificationEmails": [],
        "onPremisesLastSyncDateTime": None,
        "onPremisesSyncEnabled": None,
        "partnerTenantType": None,
        "postalCode": None,
        "preferredLanguage": "en",
        "privacyProfile": None,
        "securityComplianceNotificationMails": [],
        "securityComplianceNotificationPhones": [],
        "state": None,
        "street": None,
        "technicalNotificationMails": [f"admin@{tenant.domain}"],
        "tenantType": "AAD",
        "assignedPlans": plans,
        "provisionedPlans": [],
        "verifiedDomains": [
            {
                "capabilities": "Email, OfficeCommunicationsOnline",
                "isDefault": True,
                "isInitial": True,
                "name": tenant.domain,
                "type": "Managed",
            }
        ],
    }


class Organizations:
    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        fields = Fields("microsoft.graph.organization", {"id": TEXT, "displayName": NAME})
        self._collection = Collection("organization", fields, frozenset(shown(directory.partner)))

    def organization(self, call: Call) -> Reply:
        return listed(call, self._collection, [shown(call.tenant)])

    def by_id(self, call: Call) -> Reply:
        key = call.parts[0]
        if not GUID.fullmatch(key):
            raise bad(f"Invalid GUID:{key}")
        return self._tenant_information(call, key)

    def by_domain(self, call: Call) -> Reply:
        return self._tenant_information(call, call.parts[0])

    def _tenant_information(self, call: Call, key: str) -> Reply:
        tenant = self._directory.find(key)
        if tenant is None:
            raise Refused(
                404,
                "Directory_ObjectNotFound",
                "Unable to read the company information from the directory.",
            )
        body = {
            "tenantId": tenant.id,
            "federationBrandName": None,
            "displayName": tenant.name,
            "defaultDomainName": tenant.domain,
        }
        context = f"{call.request.base}/v1.0/$metadata#microsoft.graph.tenantInformation"
        return as_json(200, {"@odata.context": context, **body}, kind=KIND)


def contract(partner: str, tenant: Tenant) -> Record:
    """What a reseller's directory holds of a customer."""
    return {
        "id": str(uuid.uuid5(uuid.UUID(partner), f"contract/{tenant.id}")),
        "deletedDateTime": None,
        "contractType": "ResellerPartnerContract",
        "customerId": tenant.id,
        "defaultDomainName": tenant.domain,
        "displayName": tenant.name,
    }
