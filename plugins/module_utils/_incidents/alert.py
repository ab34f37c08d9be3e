# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The alert options and the fields of an alert.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._incidents.incident import (
    FILTERS as INCIDENT_FILTERS,
)

# From Graph's metadata (CSDL of August 2026), in snake_case.
STATUSES: t.Final = ("new", "in_progress", "resolved", "unknown")
SOURCES: t.Final = (
    "unknown",
    "microsoft_defender_for_endpoint",
    "microsoft_defender_for_identity",
    "microsoft_defender_for_cloud_apps",
    "microsoft_defender_for_office365",
    "microsoft365_defender",
    "azure_ad_identity_protection",
    "microsoft_app_governance",
    "data_loss_prevention",
    "microsoft_defender_for_cloud",
    "microsoft_sentinel",
    "microsoft_insider_risk_management",
    "microsoft_threat_intelligence",
    "microsoft_security_for_ai",
)
# The options that choose alerts, as a module's argument_spec has them.
FILTERS: t.Final[t.Mapping[str, t.Any]] = {
    **INCIDENT_FILTERS,
    "status": {"type": "list", "elements": "str", "choices": list(STATUSES)},
    "service_source": {"type": "list", "elements": "str", "choices": list(SOURCES)},
    "incident_id": {"type": "str"},
}
FIELDS: t.Final = (
    "id",
    "title",
    "status",
    "severity",
    "classification",
    "determination",
    "assigned_to",
    "service_source",
    "detection_source",
    "product_name",
    "incident_id",
    "category",
    "categories",
    "mitre_techniques",
    "created_date_time",
    "last_update_date_time",
    "resolved_date_time",
    "first_activity_date_time",
    "last_activity_date_time",
    "description",
    "recommended_actions",
    "comments",
    "evidence",
    "system_tags",
    "custom_details",
    "additional_data",
    "investigation_state",
    "actor_display_name",
    "threat_display_name",
    "threat_family_name",
    "alert_policy_id",
    "detector_id",
    "provider_alert_id",
    "alert_web_url",
    "incident_web_url",
    "tenant_id",
)
ID: t.Final = re.compile(r"[A-Za-z0-9][\w.:=-]{0,199}", re.ASCII)


def identity(text: str) -> str:
    """An alert's id; raises `bad_request` for text that cannot be one, because it becomes part of a
    URL."""
    if not ID.fullmatch(text.strip()):
        raise DefenderError(
            "bad_request",
            f"id is {text!r}, but an alert's id looks like da637551227677560813_-961444813.",
        )
    return text.strip()
