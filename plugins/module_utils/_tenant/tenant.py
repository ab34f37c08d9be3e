# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A customer tenant: its tokens behind the guard, and calls to its APIs.

No request leaves with a token whose tenant, audience or roles do not fit the call.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import email.utils
import re
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import claims as _claims
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.api_refusals import (
    from_api_answer,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.clouds import Service
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.consent_link import (
    consent_link,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.options import Options
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.permissions import (
    PERMISSIONS,
    missing,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.token_cache import forget
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.tokens import (
    REMEMBERED,
    Token,
    TokenSource,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.transport import (
    Answer,
    Clock,
    Http,
    origin,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._times import SECOND

# A 401 that speaks of the token is worth one new token; one that speaks of the account is not.
STALE_TOKEN = re.compile(
    r"InvalidAuthenticationToken|expired|Lifetime validation failed|invalid_token", re.I
)

# A query that was too heavy (500 with an empty message, 504) is as heavy the second time, and costs
# the tenant's quota again. But a 500 that came within seconds was no heavy query, and is worth one
# repeat.
REPEAT_HUNT = frozenset({429, 502, 503})
QUICK = 30.0
# After these a write may have run: the service gave up waiting, or failed on the way. A 501 says
# that there is no such operation.
MAY_HAVE_RUN = frozenset({408, *range(500, 600)}) - {501}
NO_APPLICATION = "00000000-0000-0000-0000-000000000000"  # as Microsoft's page writes it in its link
RETIREMENT = (
    "Tenant {label} was asked through the older Defender XDR API, which Microsoft is retiring"
    " (message MC1220762: from 2027-02-01 it no longer functions). Grant the Microsoft Graph roles"
    " instead."
)


class Tenant:
    """One customer. Everything a module's C(run) gets to know about where it is."""

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
        self._claims: dict[
            str, _claims.Claims | None
        ] = {}  # by token: decoding one costs as much as sending a request

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

    def as_result(self) -> dict[str, t.Any]:
        """The C(tenant) key of every result."""
        return {
            "id": self.options.tenant_id,
            "name": self.options.tenant_name,
            "cloud": self.options.cloud,
        }

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
        newer tokens; but not when it is so young that nothing can have changed, nor when C(patient)
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
        """Drop everything that is cached of this tenant; how many tokens that is. C(pretend) only
        counts them."""
        if not pretend:
            self._sources.clear()
        return forget(self.options.token_cache, self.options.tenant_id, pretend=pretend)

    def is_old(self, token: Token) -> bool:
        """Whether the customer may have changed something since this token was issued."""
        return self.clock.wall() - token.obtained_at > REMEMBERED

    def keys(self) -> dict[str, t.Any]:
        """The JWKS of the tenant's login service, C({"keys": [...]}); fetched without any
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

    def api(self, resource: str, module: str) -> Api:
        """The calls that this module may make to the resource; the guard runs before this
        returns."""
        return Api(self, resource, PERMISSIONS[module][resource])

    def chosen_api(self, module: str) -> Api:
        """The API that the option C(api) names for a subject that both generations know.

        C(auto) takes Graph where the tenant's roles allow it, otherwise the older API while it
        lives. Which one it was is remembered in the cached tokens themselves: their roles tell it
        without a request.
        """
        choice = self.options.api
        if choice != "auto":
            return self._warned(self.api(choice, module))
        try:
            self.token("graph", roles=PERMISSIONS[module]["graph"], patient=True)
            return self.api("graph", module)
        except DefenderError as e:
            if e.category not in ("role_missing", "not_licensed", "unsupported"):
                raise
        try:
            return self._warned(self.api("xdr", module))
        except DefenderError:
            # neither is allowed; what Graph lacks is the thing to mend, and it may have been
            # granted by now
            return self.api("graph", module)

    def _warned(self, api: Api) -> Api:
        if api.name == "xdr":
            self.warnings.append(RETIREMENT.format(label=self.options.label))
        return api


class Api:
    """One API of one tenant, for what one module needs of it."""

    def __init__(self, tenant: Tenant, resource: str, roles: tuple[str, ...]) -> None:
        self.tenant = tenant
        self.name = resource
        self.clock: int | None = None  # the service's time at its last answer, in ticks
        self._base = tenant.options.service(resource).url
        self._roles = roles
        try:
            tenant.token(resource, roles=roles)
        except DefenderError as e:
            if e.category == "not_consented":
                e.facts.setdefault("missing_roles", list(roles))
            raise

    def get(self, path: str, params: t.Mapping[str, str] | None = None) -> dict[str, t.Any]:
        """The JSON object that a read answers."""
        return self._call("GET", path, params=params)

    def query(
        self,
        path: str,
        payload: t.Any,
        *,
        timeout: float | None = None,
        into: t.BinaryIO | None = None,
    ) -> dict[str, t.Any]:
        """The JSON object that a hunting query answers: a POST that changes nothing and may be
        repeated.

        :arg into: a file that takes the object as it comes; what is returned is then empty.
        """
        began = self.tenant.clock.now()
        sending = {
            "payload": payload,
            "timeout": timeout,
            "into": into,
            "repeat": REPEAT_HUNT,
            "oversize": "bad_request",
        }
        try:
            return self._call("POST", path, hunting=True, **sending)
        except DefenderError as e:
            if e.status != 500 or self.tenant.clock.now() - began > QUICK:
                raise
        return self._call("POST", path, hunting=True, **sending)

    def write(
        self, method: str, path: str, payload: t.Any = None, *, repeatable: bool = False
    ) -> dict[str, t.Any]:
        """What a change answers; empty where it answers nothing (204).

        :arg repeatable: doing it twice is doing it once, so that a lost answer is a reason to send
            it again. Otherwise a lost answer, a 408 or a 5xx raises `outcome_unknown`, and the
            caller looks before it repeats anything.
        """
        return self._call(method, path, payload=payload, repeatable=repeatable)

    def _call(
        self, method: str, path: str, *, hunting: bool = False, **kwargs: t.Any
    ) -> dict[str, t.Any]:
        url = path if path.startswith("https://") else f"{self._base}{path}"
        if origin(url) != origin(self._base):
            raise DefenderError(
                "network",
                (
                    f"Tenant {self.tenant.options.label}: a next link leads to"
                    f" {'://'.join(origin(url)[:2])}; a token stays with {self._base}."
                ),
                who="microsoft",
            )
        token, unused = self.tenant.token(self.name, roles=self._roles)
        answer = self._send(method, url, token, kwargs)
        if answer.status == 401 and STALE_TOKEN.search(
            answer.body[:4000].decode("utf-8", "replace")
            + answer.headers.get("www-authenticate", "")
        ):
            token, unused = self.tenant.token(self.name, roles=self._roles, refused=token.value)
            answer = self._send(method, url, token, kwargs)
        self.clock = _ticks(answer.headers.get("date"))
        body = (
            {}
            if answer.status == 204 or (kwargs.get("into") and answer.status == 200)
            else answer.json()
        )
        what = f"{method} {url.removeprefix(self._base).split('?')[0]}"
        once = not kwargs.get("repeatable", True)  # a write that must not be sent a second time
        if answer.status >= 400:
            error = self._refused(what, answer, body, hunting=hunting)
            raise _unknown_outcome(error) if once and answer.status in MAY_HAVE_RUN else error
        if once and not answer.body:
            return {}
        if not isinstance(body, dict):
            error = DefenderError(
                "unavailable",
                (
                    f"Tenant {self.tenant.options.label}: {what} was answered {answer.status} with"
                    " a body that is no JSON object."
                ),
                status=answer.status,
                request_id=answer.request_id,
            )
            raise _unknown_outcome(error) if once else error
        return body

    def _send(self, method: str, url: str, token: Token, kwargs: dict[str, t.Any]) -> Answer:
        headers = {
            "Authorization": f"Bearer {token.value}",
            "Prefer": "include-unknown-enum-members",
        }
        return self.tenant.http.send(method, url, headers=headers, **kwargs)

    def _refused(self, what: str, answer: Answer, body: t.Any, *, hunting: bool) -> DefenderError:
        error = from_api_answer(
            self.tenant.options.label,
            what,
            answer.status,
            body,
            request_id=answer.request_id,
            hunting=hunting,
        )
        if error.category == "role_missing":
            error.facts.setdefault("missing_roles", list(self._roles))
            error.advice = f"{error.advice} {self.tenant.consent_url}"
        return error


def _unknown_outcome(error: DefenderError) -> DefenderError:
    """The same failure, for a write that may have run all the same: it must be looked at, never
    just repeated."""
    return DefenderError(
        "outcome_unknown",
        f"{error.message} Whether it took effect is unknown.",
        status=error.status,
        code=error.code,
        request_id=error.request_id,
        facts=error.facts,
    )


def _ticks(date: str | None) -> int | None:
    """An HTTP date in ticks, or None when there is none that can be read."""
    try:
        return int(email.utils.parsedate_to_datetime(date).timestamp()) * SECOND if date else None
    except ValueError:
        return None
