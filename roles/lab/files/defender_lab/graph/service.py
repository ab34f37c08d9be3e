# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Graph's route table and error messages."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from defender_lab.api.bearer import Words
from defender_lab.api.routes import Call, Route, Service
from defender_lab.directory.routes import directory_routes
from defender_lab.graph import envelope, hunting_endpoint
from defender_lab.graph.entities import Entities
from defender_lab.graph.incidents_and_alerts import ALERTS, INCIDENTS
from defender_lab.hunting.service import Hunts
from defender_lab.service.exchange import Refused, Reply
from defender_lab.service.quota import Exceeded, Limit
from defender_lab.tenants.resources import GRAPH
from defender_lab.tenants.tenant import Directory

WORDS = Words(
    code="InvalidAuthenticationToken",
    missing="Access token is empty.",
    form="IDX14100: JWT is not well formed, there are no dots (.).",
    signature="Access token validation failure. Invalid signature.",
    expired="Lifetime validation failed, the token is expired.",
    audience="Access token validation failure. Invalid audience.",
)
HUNTING_LIMIT = (Limit(45, 60.0),)
ALERT_LIMIT = (Limit(150, 60.0),)


def too_many(over: Exceeded, tenant_id: str) -> Refused:
    return Refused(
        429, "TooManyRequests", "Please retry again later.", {"Retry-After": str(over.wait)}
    )


def not_provisioned() -> Refused:
    return Refused(403, "Forbidden", "Unauthorized request - Account is not provisioned.")


def _envelope(refused: Refused, request_id: str, client_request_id: str, tenant_id: str) -> Reply:
    return envelope.refusal(refused, request_id, client_request_id)


def _routes(
    entities: Entities, name: str, destination: str, limits: tuple[Limit, ...]
) -> tuple[Route, ...]:
    path, item = f"/v1.0/{entities.path}", f"/v1.0/{entities.path}/{{id}}"
    read, write = (f"{name}.Read.All", f"{name}.ReadWrite.All"), (f"{name}.ReadWrite.All",)

    def route(
        method: str, where: str, roles: tuple[str, ...], handler: Callable[[Call], Reply]
    ) -> Route:
        return Route(method, where, roles, handler, destination, limits)

    return (
        route("GET", path, read, lambda call: entities.listed(call.request, call.shelf)),
        route(
            "GET", item, read, lambda call: entities.got(call.request, call.shelf, call.parts[0])
        ),
        route(
            "PATCH",
            item,
            write,
            lambda call: entities.changed(call.request, call.shelf, call.parts[0], call.actor),
        ),
        route(
            "POST",
            f"{item}/comments",
            write,
            lambda call: entities.commented(call.request, call.shelf, call.parts[0], call.actor),
        ),
    )


def service(hunts: Hunts, directory: Directory) -> Service:
    def hunt(call: Call) -> Awaitable[Reply]:
        return hunting_endpoint.run(call, hunts)

    actions = (
        "/v1.0/security/runHuntingQuery",
        "/v1.0/security/microsoft.graph.security.runHuntingQuery",
    )
    routes = (
        *_routes(INCIDENTS, "SecurityIncident", "incidents", ()),
        *_routes(ALERTS, "SecurityAlert", "alerts", ALERT_LIMIT),
        *(
            Route("POST", action, ("ThreatHunting.Read.All",), hunt, "hunting", HUNTING_LIMIT)
            for action in actions
        ),
        *directory_routes(directory),
    )
    return Service(GRAPH, routes, WORDS, _envelope, too_many, not_provisioned)
