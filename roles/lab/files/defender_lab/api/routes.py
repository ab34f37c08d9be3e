# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the three API origins share: a table of routes, and the checks every call passes before its
handler."""

from __future__ import annotations

import asyncio
import re
import typing as t
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from defender_lab.api.bearer import Bearer, Caller, Words
from defender_lab.entra.issuer import Claims
from defender_lab.service.exchange import NotInTheLab, Refused, Reply, Request
from defender_lab.service.quota import Exceeded, Limit, Quotas
from defender_lab.store import Shelf, Store
from defender_lab.tenants.resources import Resource
from defender_lab.tenants.tenant import Tenant


@dataclass(frozen=True, slots=True)
class Call:
    """An authorised call; ``parts`` are the variable parts of its path, ``actor`` the name the app
    goes by in comments, ``claims`` its token's."""

    request: Request
    tenant: Tenant
    shelf: Shelf
    parts: tuple[str, ...]
    actor: str
    claims: Claims


def missing_roles(needed: tuple[str, ...], roles: list[t.Any]) -> Refused:
    """Defender's words, and those of Graph security."""
    return Refused(
        403,
        "Forbidden",
        (
            f"Missing application roles. API required roles: {','.join(needed)}, application roles:"
            f" {','.join(roles)}."
        ),
    )


@dataclass(frozen=True, slots=True)
class Route:
    """``roles``: any of them will do; where ``also`` names some, one of those is needed as well.
    ``limits`` count per app, tenant and ``destination``. ``licensed``: only where the tenant has
    the product."""

    method: str
    path: str
    roles: tuple[str, ...]
    handler: Callable[[Call], Reply | Awaitable[Reply]]
    destination: str = ""
    limits: tuple[Limit, ...] = ()
    also: tuple[str, ...] = ()
    licensed: bool = True
    denied: Callable[[tuple[str, ...], list[t.Any]], Refused] = missing_roles


@dataclass(frozen=True)
class Service:
    """How one origin speaks: its resource, its routes, and its words for refusals."""

    resource: Resource
    routes: tuple[Route, ...]
    words: Words
    envelope: Callable[[Refused, str, str, str], Reply]
    too_many: Callable[[Exceeded, str], Refused]
    not_provisioned: Callable[[], Refused]
    exact: Mapping[tuple[str, str], Route] = field(init=False)
    patterns: tuple[tuple[re.Pattern[str], Route], ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(
            self,
            "exact",
            {(one.method, one.path): one for one in self.routes if "{" not in one.path},
        )
        object.__setattr__(
            self,
            "patterns",
            tuple((_pattern(one.path), one) for one in self.routes if "{" in one.path),
        )

    def route(self, request: Request) -> tuple[Route, tuple[str, ...]]:
        found = self.exact.get((request.method, request.path))
        if found:
            return found, ()
        for pattern, route in self.patterns:
            if route.method == request.method and (match := pattern.fullmatch(request.path)):
                return route, match.groups()
        raise NotInTheLab(f"{request.method} {request.path}")


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\\{\w+\\\}", "([^/]+)", re.escape(path)))


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
