# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The route tables and error messages of the Defender APIs: XDR, and the Endpoint API, which the
lab does not implement yet."""

from __future__ import annotations

import typing as t
from collections.abc import Awaitable

from defender_lab.api.bearer import Words
from defender_lab.api.routes import Call, Route, Service
from defender_lab.hunting.service import Hunts, fitting
from defender_lab.service.exchange import Refused, Reply, as_json, dumped
from defender_lab.service.quota import Exceeded, Limit
from defender_lab.tenants.resources import ENDPOINT, XDR
from defender_lab.xdr import incidents

READ = ("Incident.Read.All", "Incident.ReadWrite.All")
WRITE = ("Incident.ReadWrite.All",)
INCIDENT_LIMITS = (Limit(50, 60.0), Limit(1500, 3600.0))
HUNTING_LIMITS = (Limit(45, 60.0),)

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


def xdr(hunts: Hunts) -> Service:
    def hunt(call: Call) -> Awaitable[Reply]:
        return run(call, hunts)

    routes = (
        Route("GET", "/api/incidents", READ, incidents.listed, "incidents", INCIDENT_LIMITS),
        Route("GET", "/api/incidents/{id}", READ, incidents.got, "incidents", INCIDENT_LIMITS),
        Route(
            "PATCH", "/api/incidents/{id}", WRITE, incidents.changed, "incidents", INCIDENT_LIMITS
        ),
        Route(
            "POST",
            "/api/advancedhunting/run",
            ("AdvancedHunting.Read.All",),
            hunt,
            "hunting",
            HUNTING_LIMITS,
        ),
    )
    return Service(XDR, routes, WORDS, refusal, too_many, inactive)


def endpoint() -> Service:
    """Tokens are checked; every call behind them is answered 501."""
    return Service(ENDPOINT, (), WORDS, refusal, too_many, inactive)


async def run(call: Call, hunts: Hunts) -> Reply:
    """The older hunting call: its body has no time span, its answer carries Stats."""
    try:
        body = call.request.json()
    except (ValueError, LookupError):
        body = None
    if (
        not isinstance(body, dict)
        or set(body) != {"Query"}
        or not isinstance(body["Query"], str)
        or not body["Query"]
    ):
        raise Refused(400, "InvalidRequestBody", "Request body is incorrect")
    answer = await hunts.run(call.tenant, body["Query"], None)
    schema = [{"Name": column["name"], "Type": column["type"]} for column in answer.schema]
    content = {"Stats": _stats(answer.results), "Schema": schema, "Results": answer.results}
    return Reply(200, fitting(dumped(content)), {"Content-Type": "application/json"})


def _stats(rows: list[t.Any]) -> dict[str, t.Any]:
    """The shape of the service's figures; the lab measures nothing and says nought."""
    return {
        "ExecutionTime": 0.0,
        "resource_usage": {
            "cache": {
                "memory": {"hits": 0, "misses": 0, "total": 0},
                "disk": {"hits": 0, "misses": 0, "total": 0},
            },
            "cpu": {"user": "00:00:00", "kernel": "00:00:00", "total cpu": "00:00:00"},
            "memory": {"peak_per_node": 0},
        },
        "dataset_statistics": [{"table_row_count": len(rows), "table_size": 0}],
    }
