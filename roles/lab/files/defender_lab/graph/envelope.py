# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The format of Graph responses: OData pages, errors, and enumeration members that are returned
only on request."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType

from defender_lab.service.exchange import Refused, Reply, as_json

EVOLVED: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "status": frozenset({"awaitingAction"}),
        "serviceSource": frozenset(
            (
                "microsoftDefenderForCloud microsoftSentinel microsoftInsiderRiskManagement"
                " microsoftThreatIntelligence microsoftSecurityForAI"
            ).split()
        ),
        "detectionSource": frozenset(
            "microsoftDefenderForCloud microsoftDefenderForIoT microsoftDefenderForServers"
            " microsoftDefenderForStorage microsoftDefenderForDNS microsoftDefenderForDatabases"
            " microsoftDefenderForContainers microsoftDefenderForNetwork"
            " microsoftDefenderForAppService microsoftDefenderForKeyVault"
            " microsoftDefenderForResourceManager microsoftDefenderForApiManagement nrtAlerts"
            " scheduledAlerts microsoftDefenderThreatIntelligenceAnalytics builtInMl"
            " microsoftInsiderRiskManagement microsoftThreatIntelligence"
            " microsoftDefenderForAIServices securityCopilot microsoftSentinel".split()
        ),
        "remediationStatus": frozenset(
            {
                "active",
                "pendingApproval",
                "declined",
                "unremediated",
                "running",
                "partiallyRemediated",
            }
        ),
    }
)


def shown(value: t.Any, everything: bool) -> t.Any:
    """The value as a client gets it: newer enumeration members are ``unknownFutureValue`` unless it
    asked for them."""
    if everything:
        return value
    if isinstance(value, dict):
        return {
            name: "unknownFutureValue"
            if isinstance(inner, str) and inner in EVOLVED.get(name, ())
            else shown(inner, everything)
            for name, inner in value.items()
        }
    if isinstance(value, list):
        return [shown(member, everything) for member in value]
    return value


def wants_all_members(prefer: str) -> bool:
    return "include-unknown-enum-members" in (part.strip().lower() for part in prefer.split(","))


def refusal(refused: Refused, request_id: str, client_request_id: str) -> Reply:
    """Graph's error envelope; a 429 has its own inner error."""
    date = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    inner: dict[str, t.Any] = {
        "date": date,
        "request-id": request_id,
        "client-request-id": client_request_id,
    }
    if refused.status == 429:
        inner = {
            "code": "429",
            "date": date,
            "message": "Please retry after",
            "request-id": request_id,
            "status": "429",
        }
    error = {"code": refused.code, "message": refused.message, **refused.extra, "innerError": inner}
    return as_json(refused.status, {"error": error}, refused.headers)
