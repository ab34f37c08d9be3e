# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The route table of the Defender XDR API, and its older hunting call."""

from __future__ import annotations

import typing as t
from collections.abc import Awaitable

from defender_lab.api.defender import WORDS, inactive, incorrect_body, refusal, too_many
from defender_lab.api.routes import Call, Route, Service
from defender_lab.hunting.service import Hunts, fitting
from defender_lab.service.exchange import Reply, dumped
from defender_lab.service.quota import Limit
from defender_lab.tenants.resources import XDR
from defender_lab.xdr import incidents

READ = ("Incident.Read.All", "Incident.ReadWrite.All")
WRITE = ("Incident.ReadWrite.All",)
INCIDENT_LIMITS = (Limit(50, 60.0), Limit(1500, 3600.0))
HUNTING_LIMITS = (Limit(45, 60.0),)


def service(hunts: Hunts) -> Service:
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
        raise incorrect_body()
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
