# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tenant guard: no request leaves with a token whose tenant, audience or roles do not fit.

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

NO_APPLICATION = "00000000-0000-0000-0000-000000000000"  # as Microsoft's page writes it in its link


class Guard:
    """The tokens of one customer, none of which is handed out before its claims fit the call."""

    def __init__(self, options: Options, *, clock: Clock | None = None) -> None:
        self.options = options
        self.clock = clock or Clock()
        self.http = Http(
            ca_path=options.ca_path,
            validate_certs=options.validate_certs,
            proxy=options.proxy,
            timeout=options.request_timeout,
            retries=options.retries,
            deadline=options.retry_deadline,
            max_size=options.max_response_size,
            clock=self.clock,
        )
        self.warnings: list[str] = []
        self._sources: dict[str, TokenSource] = {}
        # by token: decoding one costs as much as sending a request
        self._claims: dict[str, _claims.Claims | None] = {}

    @property
    def consent_url(self) -> str:
        """Where an administrator of the tenant consents to what the application asks for."""
        # a token that was given may come without its application
        client_id = self.options.client_id or NO_APPLICATION
        return consent_link(self.options.tenant_id, client_id, login_url=self.options.login_url)

    @property
    def tokens(self) -> tuple[str, ...]:
        """Every token that this object has held."""
        return tuple(self._claims)

    def expected(self, resource: str, roles: t.Iterable[str] = ()) -> _claims.Expected:
        """What a token for this resource must be."""
        options = self.options
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
        """A token as it comes, and its claims (None when it is opaque, which is a warning). For the
        guard and for diagnosis."""
        source = self._source(resource, self.options.service(resource))
        token = source.get(force=force, refused=refused)
        if token.value not in self._claims:
            self._claims[token.value] = _claims.read(token.value)
        claims = self._claims[token.value]
        opaque = (
            f"The token of tenant {self.options.label} for {resource} is opaque, so its"
            " tenant and roles could not be checked."
        )
        for warning in (source.file.warning, None if claims else opaque):
            if warning and warning not in self.warnings:
                self.warnings.append(warning)
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

        A cached token that lacks a role is replaced once, because roles granted since are only in
        newer tokens; but not when it is so young that nothing can have changed, nor when `patient`
        says that there is another way.
        """
        expected = self.expected(resource, roles)
        token, claims = self.read_token(resource, force=force, refused=refused)
        found = _claims.problems(claims, expected, now=self.clock.wall()) if claims else []
        if found and token.from_cache and self.is_old(token) and not patient:
            token, claims = self.read_token(resource, refused=token.value)
            found = _claims.problems(claims, expected, now=self.clock.wall()) if claims else []
        if found and claims:
            raise self.refusal(resource, found[0], claims, expected.roles)
        return token, claims

    def forget(self, *, pretend: bool = False) -> int:
        """Drop everything that is cached of this tenant; how many tokens that is. `pretend` only
        counts them."""
        if not pretend:
            self._sources.clear()
        return forget(self.options.token_cache, self.options.tenant_id, pretend=pretend)

    def is_old(self, token: Token) -> bool:
        """Whether the customer may have changed something since this token was issued."""
        return self.clock.wall() - token.obtained_at > REMEMBERED

    def keys(self) -> dict[str, t.Any]:
        """The JWKS of the tenant's login service, `{"keys": [...]}`; fetched without any
        credential."""
        url = f"{self.options.login_url}/{self.options.tenant_id}/discovery/v2.0/keys"
        answer = self.http.send("GET", url)
        keys = answer.json()
        if answer.status != 200 or not isinstance(keys, dict):
            raise DefenderError(
                "unavailable",
                f"Tenant {self.options.label}: the keys at {url} were answered {answer.status}.",
                status=answer.status,
            )
        return keys

    def _source(self, resource: str, service: Service) -> TokenSource:
        if resource not in self._sources:
            self._sources[resource] = TokenSource(
                self.options,
                service.audience,
                http=self.http,
                clock=self.clock,
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
        """The error for what is wrong with a token, with the consent link where a role is what is
        missing."""
        if problem.category != "role_missing":
            message = f"Tenant {self.options.label}: {problem.text}"
            return DefenderError(problem.category, message, who=problem.who, advice=problem.advice)
        lacking = missing(claims.roles, roles)
        return DefenderError(
            "role_missing",
            f"Tenant {self.options.label} grants application {self.options.client_id} the roles"
            f" [{', '.join(claims.roles)}] of {resource}; {', '.join(lacking)} is missing. An"
            f" administrator of that tenant has to consent again: {self.consent_url}",
            advice=(
                "Add the role to the application, then an administrator of that tenant"
                f" consents again: {self.consent_url}"
            ),
            facts={"missing_roles": lacking},
        )
