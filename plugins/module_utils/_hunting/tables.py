# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The advanced hunting tables that Microsoft documents, to distinguish an unlicensed table from a
misspelt one.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import typing as t

TABLES: t.Final = frozenset(
    {
        "AADSignInEventsBeta",
        "AADSpnSignInEventsBeta",
        "AIAgentsInfo",
        "AgentsInfo",
        "AlertEvidence",
        "AlertInfo",
        "BehaviorEntities",
        "BehaviorInfo",
        "CallActivityEvents",
        "CampaignInfo",
        "CloudAppEvents",
        "CloudAuditEvents",
        "CloudDnsEvents",
        "CloudPolicyEnforcementEvents",
        "CloudProcessEvents",
        "CloudStorageAggregatedEvents",
        "DataSecurityBehaviors",
        "DataSecurityEvents",
        "DeviceBaselineComplianceAssessment",
        "DeviceBaselineComplianceAssessmentKB",
        "DeviceBaselineComplianceProfiles",
        "DeviceEvents",
        "DeviceFileCertificateInfo",
        "DeviceFileEvents",
        "DeviceImageLoadEvents",
        "DeviceInfo",
        "DeviceLogonEvents",
        "DeviceNetworkEvents",
        "DeviceNetworkInfo",
        "DeviceProcessEvents",
        "DeviceRegistryEvents",
        "DeviceTvmBrowserExtensions",
        "DeviceTvmBrowserExtensionsKB",
        "DeviceTvmCertificateInfo",
        "DeviceTvmHardwareFirmware",
        "DeviceTvmInfoGathering",
        "DeviceTvmInfoGatheringKB",
        "DeviceTvmSecureConfigurationAssessment",
        "DeviceTvmSecureConfigurationAssessmentKB",
        "DeviceTvmSoftwareEvidenceBeta",
        "DeviceTvmSoftwareInventory",
        "DeviceTvmSoftwareVulnerabilities",
        "DeviceTvmSoftwareVulnerabilitiesKB",
        "DisruptionAndResponseEvents",
        "EmailAttachmentInfo",
        "EmailEvents",
        "EmailPostDeliveryEvents",
        "EmailUrlInfo",
        "EntraIdSignInEvents",
        "EntraIdSpnSignInEvents",
        "ExposureGraphEdges",
        "ExposureGraphNodes",
        "FileMaliciousContentInfo",
        "GraphApiAuditEvents",
        "IdentityAccountInfo",
        "IdentityDirectoryEvents",
        "IdentityEvents",
        "IdentityInfo",
        "IdentityLogonEvents",
        "IdentityQueryEvents",
        "MessageContents",
        "MessageEvents",
        "MessagePostDeliveryEvents",
        "MessageUrlInfo",
        "OAuthAppInfo",
        "UrlClickEvents",
    }
)
# Tables with states instead of events: no column has the time of an event.
_STATES: t.Final = frozenset(
    {
        "DeviceBaselineComplianceAssessment",
        "DeviceBaselineComplianceAssessmentKB",
        "DeviceBaselineComplianceProfiles",
        "DeviceTvmBrowserExtensions",
        "DeviceTvmBrowserExtensionsKB",
        "DeviceTvmCertificateInfo",
        "DeviceTvmHardwareFirmware",
        "DeviceTvmInfoGatheringKB",
        "DeviceTvmSecureConfigurationAssessmentKB",
        "DeviceTvmSoftwareEvidenceBeta",
        "DeviceTvmSoftwareInventory",
        "DeviceTvmSoftwareVulnerabilities",
        "DeviceTvmSoftwareVulnerabilitiesKB",
        "ExposureGraphEdges",
        "ExposureGraphNodes",
    }
)
# The column with the time of an event, for every table that has one.
TIMES: t.Final = {
    table: "ActivityTimestamp" if table == "CallActivityEvents" else "Timestamp"
    for table in TABLES - _STATES
}
