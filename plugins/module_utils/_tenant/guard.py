# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The guard of a tenant: no request is sent with a token of a wrong tenant, audience or role.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import claims as _claims
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.clock import Clock
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.clouds import Service
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.consent_link import (
    consent_link,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.options import Options
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.permissions import missing
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.token_cache import forget
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.tokens import (
    REMEMBERED,
    Token,
    TokenSource,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.transport import Http

NO_APPLICATION = (
    "00000000-0000-0000-0000-000000000000"  # the placeholder in Microsoft's example links
)


class Guard:
    """The tokens of one tenant. `token` returns one only if its claims fit the call.

    :arg warnings: the tenant's list of warnings, to which the guard adds its own.
    """

    def __init__(self, options: Options, *, http: Http, clock: Clock, warnings: list[str]) -> None:
        self._options = options
        self._http = http
        self._clock = clock
        self._warnings = warnings
        self._sources: dict[str, TokenSource] = {}
        # by token, because decoding one takes as long as sending a request
        self._claims: dict[str, _claims.Claims | None] = {}

    @property
    def consent_url(self) -> str:
        """The link with which an administrator of the tenant consents to the application."""
        # a task that sets access_token need not set client_id
        client_id = self._options.client_id or NO_APPLICATION
        return consent_link(self._options.tenant_id, client_id, login_url=self._options.login_url)

    @property
    def tokens(self) -> tuple[str, ...]:
        """All tokens that this guard has held."""
        return tuple(self._claims)

    def expected(self, resource: str, roles: t.Iterable[str] = ()) -> _claims.Expected:
        """What a token for this resource must be."""
        options = self._options
        return _claims.Expected(
            options.tenant_id,
            options.client_id or None,
            options.cloud,
            resource,
            options.service(resource),
            tuple(roles),
            options.login_url,
        )

    def read_token(
        self, resource: str, *, force: bool = False, refused: str | None = None
    ) -> tuple[Token, _claims.Claims | None]:
        """A token that was not checked, and its claims: for the guard and for diagnosis.

        An opaque token has no claims (None) and adds a warning.
        """
        source = self._source(resource, self._options.service(resource))
        token = source.get(force=force, refused=refused)
        if token.value not in self._claims:
            self._claims[token.value] = _claims.read(token.value)
        claims = self._claims[token.value]
        opaque = (
            f"The token of tenant {self._options.label} for {resource} is opaque, so its"
            " tenant and roles could not be checked."
        )
        for warning in (source.file.warning, None if claims else opaque):
            if warning and warning not in self._warnings:
                self._warnings.append(warning)
        return token, claims

    def token(
        self,
        resource: str,
        *,
        roles: t.Iterable[str] = (),
        force: bool = False,
        refused: str | None = None,
        patient: bool = False,
    ) -> tuple[Token, _claims.Claims | None]:
        """A token that passed the guard, and its claims.

        A cached token that lacks a role is replaced once, because roles granted since then are only
        in newer tokens. It is not replaced if it is too new for anything to have changed.

        :arg patient: do not replace it either way, because the caller has an alternative.
        """
        expected = self.expected(resource, roles)
        token, claims = self.read_token(resource, force=force, refused=refused)
        problems = _claims.problems(claims, expected, now=self._clock.wall()) if claims else []
        if problems and token.from_cache and self.is_old(token) and not patient:
            token, claims = self.read_token(resource, refused=token.value)
            problems = _claims.problems(claims, expected, now=self._clock.wall()) if claims else []
        if problems and claims:
            raise self.refusal(resource, problems[0], claims, expected.roles)
        return token, claims

    def forget(self, *, pretend: bool = False) -> int:
        """Delete the tenant's cached tokens and return their number; `pretend` only counts."""
        if not pretend:
            self._sources.clear()
        return forget(self._options.token_cache, self._options.tenant_id, pretend=pretend)

    def is_old(self, token: Token) -> bool:
        """Whether the token is old enough for roles to have changed since it was issued."""
        return self._clock.wall() - token.obtained_at > REMEMBERED

    def keys(self) -> dict[str, t.Any]:
        """The JWKS of the tenant's login service, `{"keys": [...]}`; needs no credential."""
        url = f"{self._options.login_url}/{self._options.tenant_id}/discovery/v2.0/keys"
        response = self._http.send("GET", url)
        keys = response.json()
        if response.status != 200 or not isinstance(keys, dict):
            raise DefenderError(
                "unavailable",
                f"Tenant {self._options.label}: {url} returned {response.status} without any keys.",
                status=response.status,
            )
        return keys

    def _source(self, resource: str, service: Service) -> TokenSource:
        if resource not in self._sources:
            self._sources[resource] = TokenSource(
                self._options,
                service.audience,
                http=self._http,
                clock=self._clock,
                consent_url=self.consent_url,
            )
        return self._sources[resource]

    def refusal(
        self,
        resource: str,
        problem: _claims.Problem,
        claims: _claims.Claims,
        roles: t.Iterable[str],
    ) -> DefenderError:
        """The error for a problem of a token; for a missing role, it contains the consent link."""
        if problem.category != "role_missing":
            message = f"Tenant {self._options.label}: {problem.text}"
            return DefenderError(problem.category, message, who=problem.who, advice=problem.advice)
        lacking = missing(claims.roles, roles)
        return DefenderError(
            "role_missing",
            f"Tenant {self._options.label} grants application {self._options.client_id} the"
            f" {resource} roles [{', '.join(claims.roles)}], but not {', '.join(lacking)}. An"
            f" administrator of that tenant must consent again: {self.consent_url}",
            advice=(
                "Add the missing role to the application; then an administrator of that tenant must"
                f" consent again: {self.consent_url}"
            ),
            facts={"missing_roles": lacking},
        )
