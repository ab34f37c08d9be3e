# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An incident as Graph's page on listing incidents shows it, and as the collection returns it."""

from __future__ import annotations

import typing as t

NOON = 1_795_435_200 * 10_000_000  # 2026-11-23T12:00:00Z in ticks
DAY = 864_000_000_000
OWNER = "b3c1b5fc-828c-45fa-a1e1-10d74f6d6e9c"


# The example of Graph's page on listing incidents; its capitals and its names in comments are as
# they stand there.
SAMPLE: dict[str, t.Any] = {
    "@odata.type": "#microsoft.graph.security.incident",
    "id": "2972395",
    "incidentWebUrl": "https://security.microsoft.com/incidents/2972395?tid=12f988bf-16f1-11af-11ab-1d7cd011db47",
    "redirectIncidentId": None,
    "tenantId": "b3c1b5fc-828c-45fa-a1e1-10d74f6d6e9c",
    "displayName": (
        "Multi-stage incident involving Initial access & Command and control on"
        " multiple endpoints reported by multiple sources"
    ),
    "createdDateTime": "2021-08-13T08:43:35.5533333Z",
    "lastUpdateDateTime": "2021-09-30T09:35:45.1133333Z",
    "assignedTo": "KaiC@contoso.onmicrosoft.com",
    "classification": "TruePositive",
    "determination": "MultiStagedAttack",
    "status": "Active",
    "severity": "Medium",
    "customTags": ["Demo"],
    "comments": [
        {
            "comment": "Demo incident",
            "createdBy": "DavidS@contoso.onmicrosoft.com",
            "createdTime": "2021-09-30T12:07:37.2756993Z",
        }
    ],
    "systemTags": ["Defender Experts"],
    "description": "Microsoft observed Raspberry Robin worm activity.",
}


TOLD: dict[str, t.Any] = {
    "id": "2972395",
    "incident_web_url": "https://security.microsoft.com/incidents/2972395?tid=12f988bf-16f1-11af-11ab-1d7cd011db47",
    "redirect_incident_id": None,
    "tenant_id": "b3c1b5fc-828c-45fa-a1e1-10d74f6d6e9c",
    "display_name": (
        "Multi-stage incident involving Initial access & Command and control on"
        " multiple endpoints reported by multiple sources"
    ),
    "created_date_time": "2021-08-13T08:43:35.5533333Z",
    "last_update_date_time": "2021-09-30T09:35:45.1133333Z",
    "assigned_to": "KaiC@contoso.onmicrosoft.com",
    "classification": "true_positive",
    "determination": "multi_staged_attack",
    "status": "active",
    "severity": "medium",
    "custom_tags": ["Demo"],
    "comments": [
        {
            "comment": "Demo incident",
            "created_by_display_name": "DavidS@contoso.onmicrosoft.com",
            "created_date_time": "2021-09-30T12:07:37.2756993Z",
        }
    ],
    "system_tags": ["Defender Experts"],
    "description": "Microsoft observed Raspberry Robin worm activity.",
}
