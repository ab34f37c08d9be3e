# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The bearer token of a request: decoded once, then validated for the API that received it."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from defender_lab.entra.issuer import Claims, Issuer, Unreadable
from defender_lab.service.clock import Clock
from defender_lab.service.exchange import Refused, Request
from defender_lab.tenants.resources import Resource, resource_of
from defender_lab.tenants.tenant import Directory, Tenant


@dataclass(frozen=True, slots=True)
class Caller:
    """``problem`` is ``missing``, ``form`` or ``signature`` where no claims could be had."""

    claims: Claims | None
    tenant: Tenant | None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Words:
    """One API's words for each thing that can be wrong with a token. ``foreign`` answers the
    audience of a sister API, where that differs."""

    code: str
    missing: str
    form: str
    signature: str
    expired: str
    audience: str
    sisters: frozenset[str] = frozenset()


class Bearer:
    def __init__(self, issuer: Issuer, directory: Directory, clock: Clock) -> None:
        self._issuer = issuer
        self._directory = directory
        self._clock = clock

    def read(self, request: Request) -> Caller:
        scheme, unused, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            return Caller(None, None, "missing")
        try:
            claims = self._issuer.read(token.strip())
        except Unreadable as unreadable:
            return Caller(None, None, unreadable.reason)
        return Caller(claims, self._directory.find(str(claims.get("tid"))))

    def accepted(self, caller: Caller, resource: Resource, words: Words) -> tuple[Claims, Tenant]:
        """The claims and the tenant they are good for, or the refusal. A sister API's token passes
        to the roles check, which fails it."""
        if caller.claims is None or caller.tenant is None:
            raise self._refused(words, getattr(words, caller.problem or "signature"))
        now = self._clock.wall()
        if not _number(caller.claims.get("nbf")) - 300 <= now < _number(caller.claims.get("exp")):
            raise self._refused(words, words.expired)
        named = resource_of(str(caller.claims.get("aud")))
        if named is None or (named is not resource and named.key not in words.sisters):
            raise self._refused(words, words.audience)
        return caller.claims, caller.tenant

    def _refused(self, words: Words, message: str) -> Refused:
        return Refused(
            401,
            words.code,
            message,
            {
                "WWW-Authenticate": (
                    'Bearer realm="",'
                    ' authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize"'
                )
            },
        )


def _number(value: t.Any) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
