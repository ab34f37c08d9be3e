# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The token endpoint, v1 and v2: resolves client, tenant and resource, and returns a token or an
error."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from urllib.parse import parse_qsl

from defender_lab.entra import clients, refusals, scopes
from defender_lab.entra.issuer import Issued, Issuer
from defender_lab.entra.refusals import EntraRefused
from defender_lab.service.clock import Clock
from defender_lab.service.exchange import NotInTheLab, Refused, Reply, Request, as_json
from defender_lab.service.quota import Limit, Quotas
from defender_lab.tenants.application import Federation
from defender_lab.tenants.registrations import Registration
from defender_lab.tenants.resources import resource_of
from defender_lab.tenants.tenant import Directory, Tenant

GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
DOMAIN = re.compile(r"([A-Za-z0-9-]+\.)+[A-Za-z]{2,}")
EVERYBODY = ("common", "organizations", "consumers")
OTHER_GRANTS = (
    "authorization_code",
    "refresh_token",
    "password",
    "urn:ietf:params:oauth:grant-type:device_code",
    "urn:ietf:params:oauth:grant-type:jwt-bearer",
)
LOGIN_LIMIT = Limit(30, 60.0)
# everybody who plays with a lab shares its one provider
PROVIDER_LIMIT = Limit(600, 60.0)
CLIENT_REQUEST = re.compile(r"[0-9a-fA-F-]{36}")


def resolved(directory: Directory, name: str) -> Tenant:
    """The tenant a URL names; refused as malformed, unknown or ambiguous otherwise."""
    if name.lower() in EVERYBODY:
        raise EntraRefused(
            9001023,
            (
                "The grant type is not supported over the /common or /consumers endpoints. Please"
                " use the /organizations or tenant-specific endpoint."
            ),
        )
    if not GUID.fullmatch(name) and not DOMAIN.fullmatch(name):
        raise EntraRefused(
            900023,
            (
                f"Specified tenant identifier '{name}' is neither a valid DNS name, nor a valid"
                " external domain."
            ),
        )
    tenant = directory.find(name)
    if tenant is None:
        check = (
            "Check to make sure you have the correct tenant ID and are signing into the"
            " correct cloud. Check with your subscription administrator,"
        )
        raise EntraRefused(
            90002,
            (
                f"Tenant '{name}' not found. {check} this may happen if there are no active"
                " subscriptions for the tenant."
            ),
        )
    return tenant


class TokenEndpoint:
    def __init__(
        self,
        directory: Directory,
        outside: Federation,
        issuer: Issuer,
        quotas: Quotas,
        clock: Clock,
    ) -> None:
        self._directory = directory
        self._outside = outside
        self._issuer = issuer
        self._quotas = quotas
        self._clock = clock
        # what an administrator was going to do after so many of these requests
        self.clicks: Callable[[Tenant, str], None] = lambda tenant, client_id: None

    def answer(self, request: Request, name: str, *, v2: bool) -> Reply:
        sent = request.headers.get("client-request-id", "")
        correlation = sent if CLIENT_REQUEST.fullmatch(sent) else str(uuid.uuid4())
        try:
            return self._token(request, name, v2=v2)
        except Refused as refused:
            return refusals.body(refused, self._clock.wall(), correlation)

    def _token(self, request: Request, name: str, *, v2: bool) -> Reply:
        if request.method != "POST":
            raise EntraRefused(
                900561,
                f"The endpoint only accepts POST requests. Received a {request.method} request.",
            )
        tenant = resolved(self._directory, name)
        form = self._form(request)
        client_id = form["client_id"]
        asked = scopes.audience(form, v2=v2)
        if self._quotas.take(
            ("login", client_id, tenant.id),
            (PROVIDER_LIMIT if tenant is self._directory.partner else LOGIN_LIMIT,),
        ):
            return Reply(429, b"", {"Retry-After": "60"})
        if tenant.decisions:
            self.clicks(tenant, client_id)
        app = self._registration(client_id, tenant)
        endpoints = (
            f"{request.base}/{alias}/oauth2{version}/token"
            for alias in (tenant.id, tenant.domain)
            for version in ("", "/v2.0")
        )
        acr = clients.authenticate(form, app, frozenset(endpoints), self._outside)
        resource = resource_of(asked)
        if resource is None or tenant.roster.by_app(resource.app_id) is None:
            raise EntraRefused(
                500011,
                (
                    f"The resource principal named {asked} was not found in the tenant named"
                    f" {tenant.name}. {_NOT_INSTALLED} {_MIGHT}"
                ),
            )
        if tenant.personality.token_refused == "conditional_access":
            raise EntraRefused(
                53003,
                (
                    "Access has been blocked by Conditional Access policies. The access policy does"
                    " not allow token issuance."
                ),
            )
        holder = self._directory.stranger_to(tenant) if tenant.personality.foreign_token else tenant
        issued = self._issuer.issue(holder, app, resource, asked, acr)
        return self._v2(issued) if v2 else self._v1(issued, asked)

    def _form(self, request: Request) -> dict[str, str]:
        kind = request.headers.get("Content-Type", "").split(";")[0].strip().lower()
        form = (
            dict(parse_qsl(request.body.decode("utf-8", "replace")))
            if kind == "application/x-www-form-urlencoded"
            else {}
        )
        for field in ("grant_type", "client_id"):
            if not form.get(field):
                raise EntraRefused(
                    900144, f"The request body must contain the following parameter: '{field}'."
                )
        grant = form["grant_type"]
        if grant in OTHER_GRANTS:
            raise NotInTheLab(f"the grant type {grant}")
        if grant != "client_credentials":
            raise EntraRefused(70003, f"The app requested an unsupported grant type '{grant}'.")
        return form

    def _registration(self, client_id: str, tenant: Tenant) -> Registration:
        """The app, where this tenant has a service principal for it."""
        app = self._directory.registrations.find(client_id)
        principal = tenant.roster.by_app(client_id.lower())
        if app is not None and principal is None and app.home == tenant.id:
            see = "See instructions here: https://go.microsoft.com/fwlink/?linkid=2225119"
            raise EntraRefused(
                7000229,
                (
                    f"The client application {client_id} is missing service principal in the tenant"
                    f" {tenant.id}. {see}"
                ),
            )
        if app is None or principal is None or not principal.counts():
            where = (
                f"Application with identifier '{client_id}' was not found in the directory"
                f" '{tenant.id}'."
            )
            raise EntraRefused(
                700016,
                (
                    f"{where} {_NOT_INSTALLED} You may have sent your authentication request to the"
                    " wrong tenant."
                ),
            )
        if not principal.enabled:
            raise EntraRefused(7000112, f"Application '{client_id}'({app.name}) is disabled.")
        return app

    def _left(self, issued: Issued) -> int:
        return issued.expires - int(self._clock.wall())

    def _v2(self, issued: Issued) -> Reply:
        left = self._left(issued)
        body = {
            "token_type": "Bearer",
            "expires_in": left,
            "ext_expires_in": left,
            "access_token": issued.token,
        }
        return as_json(200, body, refusals.NO_STORE, refusals.KIND)

    def _v1(self, issued: Issued, asked: str) -> Reply:
        left = str(self._left(issued))
        body = {
            "token_type": "Bearer",
            "expires_in": left,
            "ext_expires_in": left,
            "expires_on": str(issued.expires),
            "not_before": str(issued.issued),
            "resource": asked,
            "access_token": issued.token,
        }
        return as_json(200, body, refusals.NO_STORE, refusals.KIND)


_NOT_INSTALLED = (
    "This can happen if the application has not been installed by the administrator"
    " of the tenant or consented to by any user in the tenant."
)
_MIGHT = "You might have sent your authentication request to the wrong tenant."
