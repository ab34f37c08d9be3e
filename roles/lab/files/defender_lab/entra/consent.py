# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Interactive consent: the links sent to an administrator, the page behind each, and the simulated
click."""

from __future__ import annotations

import html
import re
import secrets
import typing as t
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit

from defender_lab.entra import scopes
from defender_lab.entra.refusals import EntraRefused
from defender_lab.entra.token_endpoint import EVERYBODY, resolved
from defender_lab.service.exchange import NotInTheLab, Reply
from defender_lab.tenants import catalogue
from defender_lab.tenants.registrations import Registration
from defender_lab.tenants.resources import resource_of
from defender_lab.tenants.roster import Principal
from defender_lab.tenants.tenant import Directory, Tenant

V1_LINK = re.compile(r"/([^/]+)/adminconsent")
V2_LINK = re.compile(r"/([^/]+)/v2\.0/adminconsent")
PROMPT_LINK = re.compile(r"/([^/]+)/oauth2(?:/v2\.0)?/authorize")


@dataclass(frozen=True, slots=True)
class ConsentRequest:
    """What a link asks for. ``tenant`` is None where the link leaves it to who signs in; ``form``
    is ``v1``, ``v2`` or ``prompt``."""

    tenant: Tenant | None
    app: Registration
    redirect: str
    state: str | None
    form: str
    scope: str = ""


@dataclass(slots=True)
class Decision:
    """A click to come after so many token requests."""

    request: ConsentRequest
    accept: bool
    left: int


class Consents:
    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    def page(self, path: str, query: str) -> Reply | None:
        """The sign-in page of a consent link; None where the path is none. Refusals are pages too,
        with the code in the text."""
        try:
            request = self.read_request(path, query)
        except EntraRefused as refused:
            return _page(
                400,
                "Sign in",
                (
                    "<p>Sorry, but we're having trouble signing you"
                    f" in.</p><p>{html.escape(refused.message)}</p>"
                ),
            )
        if request is None:
            return None
        rows = "".join(
            f"<li>{html.escape(f'{name}: {role}')}</li>" for name, role in self._lines(request)
        )
        asked = (
            f"<p>{html.escape(request.app.name)} ({request.app.app_id}) asks for consent on behalf"
            f" of your organization:</p><ul>{rows}</ul>"
        )
        return _page(
            200,
            "Permissions requested",
            f"{asked}<p>Accept or cancel by POST /_lab/administrator.</p>",
        )

    def _lines(self, request: ConsentRequest) -> list[tuple[str, str]]:
        published = catalogue.BY_APP_ID
        return [
            (published[app_id].name, catalogue.VALUES[published[app_id].key].get(role, role))
            if app_id in published
            else (app_id, role)
            for app_id, role in request.app.wanted()
        ]

    def read_request(self, path: str, query: str) -> ConsentRequest | None:
        """A link read as Entra reads it. EntraRefused holds what is wrong with it."""
        parameters = dict(parse_qsl(query, keep_blank_values=True))
        if match := V1_LINK.fullmatch(path):
            return self._read(match[1], parameters, "v1")
        if match := V2_LINK.fullmatch(path):
            for name in ("scope", "redirect_uri"):
                if not parameters.get(name):
                    raise _missing(name)
            if resource_of(scopes.audience({"scope": parameters["scope"]}, v2=True)) is None:
                raise EntraRefused(
                    500011,
                    (
                        "The resource principal named"
                        f" {parameters['scope'].removesuffix(scopes.DEFAULT)} was not found in the"
                        " tenant."
                    ),
                )
            return self._read(match[1], parameters, "v2")
        if match := PROMPT_LINK.fullmatch(path):
            if parameters.get("response_type") is None:
                raise _missing("response_type")
            if parameters.get("prompt") not in ("consent", "admin_consent"):
                raise NotInTheLab("a sign-in that is not for consent")
            return self._read(match[1], parameters, "prompt")
        return None

    def _read(self, name: str, parameters: Mapping[str, str], form: str) -> ConsentRequest:
        tenant = None if name.lower() in EVERYBODY else resolved(self._directory, name)
        client_id = parameters.get("client_id", "")
        if not client_id:
            raise _missing("client_id")
        app = self._directory.registrations.find(client_id)
        if app is None or (tenant and app.home != tenant.id and not app.several_tenants):
            raise _unknown(client_id, tenant.id if tenant else name)
        addresses = [
            str(uri)
            for kind in ("web", "spa", "publicClient")
            for uri in app.record[kind]["redirectUris"]
        ]
        asked = parameters.get("redirect_uri") or (addresses[0] if addresses else "")
        if not asked:
            raise EntraRefused(500113, "No reply address is registered for the application.")
        if asked not in addresses:
            more = (
                "Make sure the redirect URI sent in the request matches one added to your"
                " application in the Azure portal."
            )
            where = (
                "Navigate to https://aka.ms/redirectUriMismatchError to learn more about how"
                " to fix this."
            )
            text = (
                f"The redirect URI '{asked}' specified in the request does not match the"
                f" redirect URIs configured for the application '{client_id}'."
            )
            raise EntraRefused(50011, f"{text} {more} {where}")
        return ConsentRequest(
            tenant, app, asked, parameters.get("state"), form, parameters.get("scope", "")
        )

    def plain(self, tenant: Tenant, client_id: str) -> ConsentRequest:
        """The request of the shortest link there is."""
        return self._read(tenant.id, {"client_id": client_id}, "v1")

    def decide(self, tenant: Tenant, request: ConsentRequest, *, accept: bool) -> str:
        """The click. The answer is where the browser is sent; with an ``error`` in it nothing was
        granted."""
        tenant.clicks.append(self._decided(tenant, request, accept=accept))
        return tenant.clicks[-1]

    def _decided(self, tenant: Tenant, request: ConsentRequest, *, accept: bool) -> str:
        if request.tenant and request.tenant is not tenant:
            text = (
                f"Selected user account does not exist in tenant '{request.tenant.name}' and"
                f" cannot access the application '{request.app.app_id}' in that tenant."
            )
            return _back(request, error="access_denied", error_description=f"AADSTS50020: {text}")
        if not accept:
            error = {
                "v1": "permission_denied",
                "v2": "consent_required",
                "prompt": "access_denied",
            }[request.form]
            return _back(
                request,
                error=error,
                error_description="AADSTS65004: User declined to consent to access the app.",
            )
        try:
            self._grant(tenant, request)
        except EntraRefused as refused:
            return _back(request, error=refused.code, error_description=refused.message)
        if request.form == "prompt":
            # a code nobody can redeem here: the app has no use for the administrator's own token
            return _back(request, code=secrets.token_urlsafe(24), session_state=str(uuid.uuid4()))
        return _back(
            request, tenant=tenant.id, **({"scope": request.scope} if request.form == "v2" else {})
        )

    def _grant(self, tenant: Tenant, request: ConsentRequest) -> None:
        """The app's service principal and every role of every API it lists at this moment, whatever
        the link's scope names: a scope that ends in /.default asks for the whole list. All of it or
        nothing; what was given before stays."""
        app, roster = request.app, tenant.roster
        if self._directory.registrations.find(app.app_id) is not app or not (
            app.home == tenant.id or app.several_tenants
        ):
            raise _unknown(app.app_id, tenant.id)
        wanted = app.wanted()
        for app_id, role in wanted:
            resource = catalogue.BY_APP_ID.get(app_id)
            if resource is None or (
                resource.key != "graph" and not tenant.provisioned and roster.by_app(app_id) is None
            ):
                named = resource.audiences[0] if resource else app_id
                owner = (
                    f'The app needs access to a service ("{named}") that your organization'
                    f' "{tenant.domain}" has not subscribed to or enabled.'
                )
                raise EntraRefused(
                    650052,
                    (
                        f"{owner} Contact your IT Admin to review the configuration of your service"
                        " subscriptions."
                    ),
                )
            if role not in catalogue.VALUES[resource.key]:
                text = (
                    f"The app '{app.app_id}' asked for permission '{role}' that doesn't exist"
                    f" on the resource '{app_id}'. Contact the app vendor."
                )
                raise EntraRefused(650053, text)
        principal = roster.by_app(app.app_id) or roster.add(
            Principal(app.app_id, tags=("WindowsAzureActiveDirectoryIntegratedApp",))
        )
        for app_id, role in wanted:
            roster.give(principal, roster.by_app(app_id) or roster.add(Principal(app_id)), role)

    def passed(self, tenant: Tenant, client_id: str) -> None:
        """One token request of that app; clicks that were waiting for it are made."""
        for decision in list(tenant.decisions):
            if decision.request.app.app_id != client_id.lower():
                continue
            if decision.left:
                decision.left -= 1
                continue
            tenant.decisions.remove(decision)
            self.decide(tenant, decision.request, accept=decision.accept)

    def by_link(self, link: str) -> ConsentRequest:
        parts = urlsplit(link)
        request = self.read_request(parts.path, parts.query)
        if request is None:
            raise ValueError(f"{link} is not a consent link")
        return request


def _missing(name: str) -> EntraRefused:
    return EntraRefused(900144, f"The request body must contain the following parameter: '{name}'.")


def _unknown(client_id: str, where: str) -> EntraRefused:
    text = (
        "This can happen if the application has not been installed by the administrator of the"
        " tenant or consented to by any user in the tenant."
    )
    hint = "You may have sent your authentication request to the wrong tenant."
    return EntraRefused(
        700016,
        (
            f"Application with identifier '{client_id}' was not found in the directory '{where}'."
            f" {text} {hint}"
        ),
    )


def _back(request: ConsentRequest, **parameters: str) -> str:
    first = {} if request.form == "prompt" else {"admin_consent": "True"}
    query = urlencode(
        {**first, **parameters, **({"state": request.state} if request.state is not None else {})}
    )
    return f"{request.redirect}{'&' if '?' in request.redirect else '?'}{query}"


def _page(status: int, title: str, body: str) -> Reply:
    text = (
        "<!DOCTYPE"
        f" html><html><head><title>{title}</title></head><body><h1>{title}</h1>{body}</body></html>"
    )
    headers: t.Mapping[str, str] = {
        "Content-Type": "text/html; charset=utf-8",
        "Cache-Control": "no-store, no-cache",
    }
    return Reply(status, text.encode(), headers)
