# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Graph bodies: the content type of a response, and a request's JSON object."""

from __future__ import annotations

import typing as t

from defender_lab.service.exchange import Refused, Request

KIND = (
    "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;"
    "charset=utf-8"
)


def object_of(request: Request) -> dict[str, t.Any]:
    """The body as a JSON object, or the refusal."""
    try:
        body = request.json()
    except (ValueError, LookupError):
        body = None
    if not isinstance(body, dict):
        raise Refused(
            400,
            "BadRequest",
            (
                "Unable to read JSON request payload. Please ensure Content-Type header is set and"
                " payload is of valid JSON format."
            ),
        )
    return body
