# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The parts that the three APIs share: a route table and error messages."""

from __future__ import annotations

import re
import typing as t
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from defender_lab.api.bearer import Words
from defender_lab.entra.issuer import Claims
from defender_lab.service.exchange import NotInTheLab, Refused, Reply, Request
from defender_lab.service.quota import Exceeded, Limit
from defender_lab.store import Shelf
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
    """How one origin speaks: its resource, its routes, and its words for refusals. ``signed_links``
    answers what needs no token, because its address is the permission."""

    resource: Resource
    routes: tuple[Route, ...]
    words: Words
    envelope: Callable[[Refused, str, str, str], Reply]
    too_many: Callable[[Exceeded, str], Refused]
    not_provisioned: Callable[[], Refused]
    signed_links: Callable[[Request], Reply | None] | None = None
    exact: Mapping[tuple[str, str], Route] = field(init=False)
    patterns: tuple[tuple[re.Pattern[str], Route], ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(
            self,
            "exact",
            {(route.method, route.path): route for route in self.routes if "{" not in route.path},
        )
        object.__setattr__(
            self,
            "patterns",
            tuple((_pattern(route.path), route) for route in self.routes if "{" in route.path),
        )

    def route(self, request: Request) -> tuple[Route, tuple[str, ...]]:
        handler = self.exact.get((request.method, request.path))
        if handler:
            return handler, ()
        for pattern, route in self.patterns:
            if route.method == request.method and (match := pattern.fullmatch(request.path)):
                return route, match.groups()
        raise NotInTheLab(f"{request.method} {request.path}")


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\\{\w+\\\}", "([^/]+)", re.escape(path)))
