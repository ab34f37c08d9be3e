# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The error format and the refusals that the XDR and Endpoint APIs have in common."""

from __future__ import annotations

from defender_lab.api.bearer import Words
from defender_lab.service.exchange import Refused, Reply, as_json
from defender_lab.service.quota import Exceeded

# what these hosts say to a missing, broken or expired token was not found in public; the envelope
# is theirs, the sentence is the lab's
_DENIED = "Unauthorized request - reason of failure: "
WORDS = Words(
    code="Unauthorized",
    missing=f"{_DENIED}no bearer token",
    form=f"{_DENIED}malformed token",
    signature=f"{_DENIED}invalid signature",
    expired=f"{_DENIED}token expired",
    audience=f"{_DENIED}invalid audience",
    sisters=frozenset({"xdr", "endpoint"}),
)


def refusal(refused: Refused, request_id: str, client_request_id: str, tenant_id: str) -> Reply:
    """``target`` is a tracking id, but for a quota, where it is the tenant."""
    target = tenant_id if refused.status == 429 else request_id
    return as_json(
        refused.status,
        {"error": {"code": refused.code, "message": refused.message, "target": target}},
        refused.headers,
    )


def too_many(over: Exceeded, tenant_id: str) -> Refused:
    """The wait stands in the text only: these hosts were not seen to send Retry-After."""
    quota = (
        f"Maximum allowed {over.limit.calls} per {over.limit.span()} for the key"
        " Destination+TenantID+AppID."
    )
    return Refused(
        429,
        "429",
        f"API calls quota exceeded! {quota} You can send requests again in {over.wait} seconds.",
    )


def inactive() -> Refused:
    return Refused(401, "Unauthorized", f"{_DENIED}Account mode is inactive")


def incorrect_body() -> Refused:
    return Refused(400, "InvalidRequestBody", "Request body is incorrect")
