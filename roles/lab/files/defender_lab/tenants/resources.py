# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The three resource applications of a tenant, their audiences, and the roles granted to the lab's
app."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Resource:
    """``key`` is the origin's name; ``granted`` are the roles a customer's consent gives the lab's
    app."""

    key: str
    name: str
    app_id: str
    audiences: tuple[str, ...]
    granted: tuple[str, ...]


GRAPH = Resource(
    "graph",
    "Microsoft Graph",
    "00000003-0000-0000-c000-000000000000",
    ("https://graph.microsoft.com",),
    (
        "SecurityIncident.Read.All",
        "SecurityIncident.ReadWrite.All",
        "SecurityAlert.ReadWrite.All",
        "ThreatHunting.Read.All",
    ),
)
XDR = Resource(
    "xdr",
    "Microsoft Threat Protection",
    "8ee8fdad-f234-4243-8f3b-15c294843740",
    ("https://api.security.microsoft.com",),
    ("Incident.ReadWrite.All", "AdvancedHunting.Read.All"),
)
ENDPOINT = Resource(
    "endpoint",
    "WindowsDefenderATP",
    "fc780465-2017-40d4-a0c5-307022471b92",
    (
        "https://api.securitycenter.microsoft.com",
        "https://api.securitycenter.windows.com",
        "https://securitycenter.onmicrosoft.com/windowsatpservice",
    ),
    (
        "AdvancedQuery.Read.All",
        "Alert.ReadWrite.All",
        "Library.Manage",
        "Machine.CollectForensics",
        "Machine.Isolate",
        "Machine.LiveResponse",
        "Machine.Offboard",
        "Machine.ReadWrite.All",
        "Machine.RestrictExecution",
        "Machine.Scan",
        "Machine.StopAndQuarantine",
        "Software.Read.All",
        "Ti.ReadWrite.All",
        "Vulnerability.Read.All",
    ),
)

RESOURCES: Mapping[str, Resource] = MappingProxyType(
    {resource.key: resource for resource in (GRAPH, XDR, ENDPOINT)}
)
BY_AUDIENCE: Mapping[str, Resource] = MappingProxyType(
    {
        name.lower(): resource
        for resource in RESOURCES.values()
        for name in (*resource.audiences, resource.app_id)
    }
)


def resource_of(audience: str) -> Resource | None:
    """The resource an audience names: by identifier URI, with or without one slash at its end, or
    by app id."""
    return BY_AUDIENCE.get(audience.lower().removesuffix("/"))
