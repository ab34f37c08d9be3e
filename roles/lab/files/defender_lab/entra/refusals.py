# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The errors of the token endpoint: AADSTS codes, the matching OAuth errors, and the response
body."""

from __future__ import annotations

import typing as t
import uuid
from collections.abc import Mapping
from types import MappingProxyType

from defender_lab.service.clock import stamp
from defender_lab.service.exchange import Refused, Reply, as_json

KIND = "application/json; charset=utf-8"
NO_STORE = MappingProxyType({"Cache-Control": "no-store, no-cache", "Pragma": "no-cache"})

OAUTH_ERROR: Mapping[int, str] = MappingProxyType(
    {
        28002: "invalid_scope",
        50011: "invalid_request",
        50027: "invalid_request",
        53003: "invalid_grant",
        70003: "unsupported_grant_type",
        70011: "invalid_scope",
        90002: "invalid_request",
        500011: "invalid_resource",
        500113: "invalid_request",
        650052: "invalid_client",
        650053: "invalid_client",
        700016: "unauthorized_client",
        700021: "invalid_client",
        700023: "invalid_client",
        700024: "invalid_client",
        700027: "invalid_client",
        700030: "invalid_client",
        700211: "invalid_client",
        700212: "invalid_client",
        700213: "invalid_client",
        900023: "invalid_request",
        900144: "invalid_request",
        900561: "invalid_request",
        901002: "invalid_request",
        1002012: "invalid_scope",
        7000112: "unauthorized_client",
        7000215: "invalid_client",
        7000218: "invalid_client",
        7000222: "invalid_client",
        7000229: "invalid_client",
        9001023: "invalid_request",
    }
)


class EntraRefused(Refused):
    """Refused with an AADSTS code; ``invalid_client`` is a 401, the rest a 400."""

    def __init__(self, number: int, text: str) -> None:
        error = OAUTH_ERROR[number]
        super().__init__(
            401 if error == "invalid_client" else 400, error, f"AADSTS{number}: {text}"
        )
        self.number = number


def body(refused: Refused, now: float, correlation: str) -> Reply:
    """The error envelope of the token end point. What the lab cannot do has no AADSTS code and says
    so."""
    number = refused.number if isinstance(refused, EntraRefused) else 0
    trace = str(uuid.uuid4())
    when = stamp(now)
    value: dict[str, t.Any] = {
        "error": refused.code,
        "error_description": (
            f"{refused.message}\r\nTrace ID: {trace}\r\n"
            f"Correlation ID: {correlation}\r\nTimestamp: {when}"
        ),
        "error_codes": [number] if number else [],
        "timestamp": when,
        "trace_id": trace,
        "correlation_id": correlation,
    }
    if number:
        value["error_uri"] = f"https://login.microsoftonline.com/error?code={number}"
    return as_json(
        refused.status, value, {**NO_STORE, "x-ms-request-id": trace, **refused.headers}, KIND
    )
