# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The checks that every API request passes before it reaches its handler."""

from __future__ import annotations

import asyncio
import typing as t
from collections.abc import Awaitable

from defender_lab.api.bearer import Bearer, Caller
from defender_lab.api.routes import Call, Route, Service
from defender_lab.service.exchange import Refused, Reply, Request
from defender_lab.service.quota import Exceeded, Limit, Quotas
from defender_lab.store import Store
from defender_lab.tenants.tenant import Tenant

FLAKY = (
    Refused(
        503,
        "ServiceUnavailable",
        "The service is temporarily unavailable. Please try again later.",
        {"Retry-After": "1"},
    ),
    Refused(500, "UnknownError", ""),
    None,
)


class Guard:
    """Passes a call through the checks in the order of the real services: token, roles, licence,
    quota."""

    def __init__(self, service: Service, bearer: Bearer, store: Store, quotas: Quotas) -> None:
        self._service = service
        self._bearer = bearer
        self._store = store
        self._quotas = quotas

    def caller(self, request: Request) -> Caller:
        return self._bearer.read(request)

    async def answer(self, request: Request, caller: Caller, request_id: str) -> Reply:
        tenant = caller.tenant
        try:
            if tenant and (broken := self._flaw(tenant)):
                return broken
            reply = self._checked(request, caller)
            ready = reply if isinstance(reply, Reply) else await reply
        except Refused as refused:
            return self._service.envelope(
                refused,
                request_id,
                request.headers.get("client-request-id") or request_id,
                tenant.id if tenant else "",
            )
        finally:
            if tenant and tenant.personality.delay:
                await asyncio.sleep(tenant.personality.delay)
        return ready

    def _flaw(self, tenant: Tenant) -> Reply | None:
        """Every k-th call to a flaky tenant breaks, beginning with the first, one way after the
        other."""
        every = tenant.personality.fails_every
        if not every:
            return None
        tenant.calls += 1
        turn, place = divmod(tenant.calls - 1, every)
        if place:
            return None
        failure = FLAKY[turn % len(FLAKY)]
        if failure is None:
            return Reply(500, wire="reset")
        raise Refused(failure.status, failure.code, failure.message, failure.headers)

    def _checked(self, request: Request, caller: Caller) -> Reply | Awaitable[Reply]:
        service = self._service
        link = service.signed_links(request) if service.signed_links else None
        if link:
            return link
        claims, tenant = self._bearer.accepted(caller, service.resource, service.words)
        route, parts = service.route(request)
        roles: list[t.Any] = claims.get("roles") or []
        if not any(role in roles for role in route.roles) or (
            route.also and not any(role in roles for role in route.also)
        ):
            raise route.denied(route.roles, roles)
        if route.licensed and not tenant.provisioned:
            raise service.not_provisioned()
        if over := self._over(route, tenant, str(claims["appid"])):
            raise service.too_many(over, tenant.id)
        call = Call(
            request,
            tenant,
            self._store.shelf(tenant.id),
            parts,
            str(claims["app_displayname"]),
            claims,
        )
        return route.handler(call)

    def _over(self, route: Route, tenant: Tenant, app: str) -> Exceeded | None:
        narrow = tenant.personality.quota
        if narrow:
            return self._quotas.take(
                (self._service.resource.key, app, tenant.id), (Limit(*narrow),)
            )
        if route.limits:
            return self._quotas.take(
                (self._service.resource.key, route.destination, app, tenant.id), route.limits
            )
        return None
