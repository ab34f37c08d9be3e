# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names and ids of the application roles of the three resources, to detect a misspelled role before
anything is sent.

The ids are only a cross-check: the ids in the tenant's service principal take precedence.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import typing as t

APP_ROLES: t.Final[t.Mapping[str, t.Mapping[str, str]]] = {
    "graph": {
        "AppRoleAssignment.ReadWrite.All": "06b708a9-e830-4db3-a914-8e69da51d44f",
        "Application.Read.All": "9a5d68dd-52b0-4cc2-bd40-abcf44ac3a30",
        "Application.ReadWrite.All": "1bfefb4e-e0b5-418b-a88f-73c46d2cc8e9",
        "Application.ReadWrite.OwnedBy": "18a4783c-866b-4cc7-a460-3d5e5662c884",
        "CrossTenantInformation.ReadBasic.All": "cac88765-0581-4025-9725-5ebc13f729ee",
        "CustomDetection.Read.All": "673a007a-9e0f-4c97-b066-3c0164486909",
        "CustomDetection.ReadWrite.All": "e0fd9c8d-a12e-4cc9-9827-20c8c3cd6fb8",
        "DelegatedAdminRelationship.Read.All": "f6e9e124-4586-492f-adc0-c6f96e4823fd",
        "DelegatedAdminRelationship.ReadWrite.All": "cc13eba4-8cd8-44c6-b4d4-f93237adce58",
        "DelegatedPermissionGrant.ReadWrite.All": "8e8e4742-1d95-4f68-9d56-6ee75648c72a",
        "Directory.Read.All": "7ab1d382-f21e-4acd-a863-ba3e13f7da61",
        "Directory.ReadWrite.All": "19dbc75e-c2e2-444c-a770-ec69d8559fc7",
        "MultiTenantOrganization.Read.All": "4f994bc0-31bb-44bb-b480-7a7c1be8c02e",
        "MultiTenantOrganization.ReadWrite.All": "920def01-ca61-4d2d-b3df-105b46046a70",
        "Organization.Read.All": "498476ce-e0fe-48b0-b801-37ba7e2685c6",
        "Organization.ReadWrite.All": "292d869f-3427-49a8-9dab-8c70152b74e9",
        "SecurityActions.Read.All": "5e0edab9-c148-49d0-b423-ac253e121825",
        "SecurityActions.ReadWrite.All": "f2bf083f-0179-402a-bedb-b2784de8a49b",
        "SecurityAlert.Read.All": "472e4a4d-bb4a-4026-98d1-0b0d74cb74a5",
        "SecurityAlert.ReadWrite.All": "ed4fca05-be46-441f-9803-1873825f8fdb",
        "SecurityEvents.Read.All": "bf394140-e372-4bf9-a898-299cfc7564e5",
        "SecurityEvents.ReadWrite.All": "d903a879-88e0-4c09-b0c9-82f6a1333f84",
        "SecurityIdentitiesHealth.Read.All": "f8dcd971-5d83-4e1e-aa95-ef44611ad351",
        "SecurityIdentitiesHealth.ReadWrite.All": "ab03ddd5-7ae4-4f2e-8af8-86654f7e0a27",
        "SecurityIncident.Read.All": "45cc0394-e837-488b-a098-1918f48d186c",
        "SecurityIncident.ReadWrite.All": "34bf0e97-1971-4929-b999-9e2442d941d7",
        "ThreatHunting.Read.All": "dd98c7f5-2d42-42d3-a0e4-633161547251",
        "ThreatIndicators.ReadWrite.OwnedBy": "21792b6c-c986-4ffc-85de-df9da54b52fa",
        "ThreatIntelligence.Read.All": "e0b77adb-e790-44a3-b0a0-257d06303687",
    },
    "xdr": {
        "AdvancedHunting.Read.All": "7734e8e5-8dde-42fc-b5ae-6eafea078693",
        "CustomDetections.ReadWrite.All": "a7deff90-e2f5-4e4e-83a3-2c74e7002e28",
        "Incident.Read.All": "a9790345-4595-42e4-971a-ccdc79f19b7c",
        "Incident.ReadWrite.All": "8d90f441-09cf-4fdc-ab45-e874fa3a28e8",
    },
    "endpoint": {
        "AdvancedQuery.Read.All": "93489bf5-0fbc-4f2d-b901-33f2fe08ff05",
        "Alert.Read.All": "71fe6b80-7034-4028-9ed8-0f316df9c3ff",
        "Alert.ReadWrite.All": "0f7000ec-157b-497f-b70e-ef0b0584f140",
        "Event.Write": "84ddd701-5fac-4c30-b0ad-aa73a67bea1a",
        "File.Read.All": "8788f1a9-beca-4e26-ba58-10513f3b896f",
        "IntegrationConfiguration.ReadWrite": "7c6f6912-60e9-4fcd-bb2a-c25bc35e8c59",
        "Ip.Read.All": "47bf842d-354b-49ef-b741-3a6dd815bc13",
        "Library.Manage": "41d209c7-2511-4fc9-b899-8008a3976f09",
        "Machine.CollectForensics": "15405ab2-2103-4a3c-ad80-e829841cedcc",
        "Machine.Isolate": "7e4e1300-e1b9-4102-88ba-f0cb6e6d5974",
        "Machine.LiveResponse": "1629b959-c0af-42a1-92f0-f6162060bdf1",
        "Machine.Offboard": "594435bf-36dd-4548-83bd-1bdafe157d7a",
        "Machine.Read.All": "ea8291d3-4b9a-44b5-bc3a-6cea3026dc79",
        "Machine.ReadWrite.All": "aa027352-232b-4ed4-b963-a705fc4d6d2c",
        "Machine.RestrictExecution": "96b6b35d-074d-4e2d-b167-8d68d9269648",
        "Machine.Scan": "a86d9824-b2b6-45f8-b042-16bc4922ed4e",
        "Machine.StopAndQuarantine": "96e72b5e-7e68-4171-aad1-3937599e4751",
        "RemediationTasks.Read.All": "6a33eedf-ba73-4e5a-821b-f057ef63853a",
        "Score.Read.All": "02b005dd-f804-43b4-8fc7-078460413f74",
        "SecurityBaselinesAssessment.Read.All": "e870c0c1-c1a2-41ca-948e-a33912d2d3f0",
        "SecurityConfiguration.Read.All": "227f2ea0-c2c2-4428-b7af-9ff40f1a720e",
        "SecurityConfiguration.ReadWrite.All": "e5e05709-32a3-4c85-89c8-67596eb94f24",
        "SecurityRecommendation.Read.All": "6443965c-7dd2-4cfd-b38f-bb7772bee163",
        "Software.Read.All": "37f71c98-d198-41ae-964d-2c49aab74926",
        "Ti.Read.All": "528ca142-c849-4a5b-935e-10b8b9c38a84",
        "Ti.ReadWrite": "a8bc2240-f96a-46a1-bad5-6a960b7327a1",
        "Ti.ReadWrite.All": "fc511a58-3adf-4d71-af24-00f13e35e479",
        "Url.Read.All": "721af526-ffa8-42d7-9b84-1a56244dd99d",
        "User.Read.All": "a833834a-4cf1-4732-8acf-bbcfa13fb610",
        "Vulnerability.Read.All": "41269fc5-d04d-4bfd-bce7-43a51cea049a",
    },
}
