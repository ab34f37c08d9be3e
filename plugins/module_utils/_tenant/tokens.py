# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""App-only tokens of one tenant through MSAL: out of the cache, or one request that the whole
machine shares.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import dataclasses
import email.utils
import functools
import json
import secrets
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import (
    DefenderError,
    from_memory,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import (
    credential as _credential,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.options import GUID, Options
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.token_cache import (
    Entry,
    TokenFile,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.token_refusals import (
    Caller,
    from_token_answer,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.transport import (
    Answer,
    Clock,
    Http,
)

try:
    import msal
    import msal.oauth2cli

    MSAL_ERROR = None
except ImportError as e:
    MSAL_ERROR = e

# A token is renewed 5 to 10 minutes before its end. The jitter is the tenant's own, so that a fleet
# whose tokens were fetched together does not fetch them together again.
RENEW_BEFORE, RENEW_JITTER = 300, 300
# How long a refusal, or a token that lacks a role, is cached: a failing tenant is not asked again
# by every task.
REMEMBERED = 180
SECRETS = ("client_secret", "certificate_password")
REMEMBERED_CATEGORIES = frozenset(
    {
        "not_consented",
        "bad_credentials",
        "bad_request",
        "credential_expired",
        "tenant_not_found",
        "not_licensed",
        "app_disabled",
        "blocked_by_policy",
        "wrong_audience",
    }
)
CLOCK_REFUSAL = "AADSTS700024"
WRONG_SECRET = "AADSTS7000215"


@dataclasses.dataclass(frozen=True)
class Token:
    """An access token and when it was issued and ends (seconds since 1970)."""

    value: str = dataclasses.field(repr=False)
    expires_at: int
    obtained_at: int
    from_cache: bool


class TokenSource:
    """Tokens of one tenant for one audience."""

    def __init__(
        self, options: Options, audience: str, *, http: Http, clock: Clock, consent_url: str
    ) -> None:
        self._options = options
        self._audience = audience
        self._http = http
        self._clock = clock
        self._consent_url = consent_url
        self._held: Token | None = None
        self.file = TokenFile(
            options.token_cache,
            login_url=options.login_url,
            tenant_id=options.tenant_id,
            client_id=options.client_id,
            audience=audience,
            clock=clock,
        )

    def get(self, *, force: bool = False, refused: str | None = None) -> Token:
        """A token with some minutes left.

        :arg force: ask the login service whatever the cache holds.
        :arg refused: a token that an API refused; the cache serves only another one.
        """
        if not force and self._held and self._held.value != refused and self._lasts(self._held):
            return self._held
        self._held = self._get(force=force, refused=refused)
        return self._held

    def _get(self, *, force: bool, refused: str | None) -> Token:
        usable = None if force else self._usable(self.file.read(), refused)
        if usable:
            return usable
        with self.file.locked(seconds=self._options.retry_deadline):
            entry = self.file.read()
            # another process may have asked while this one waited for the lock
            usable = None if force else self._usable(entry, refused)
            if usable:
                return usable
            if not force:
                self._raise_remembered(entry)
            return self._fetch()

    def _usable(self, entry: Entry, refused: str | None) -> Token | None:
        value, end, start = entry.get("token"), entry.get("expires_at"), entry.get("obtained_at")
        if (
            not (isinstance(value, str) and isinstance(end, int) and isinstance(start, int))
            or value == refused
        ):
            return None
        token = Token(value, end, start, from_cache=True)
        return token if self._lasts(token) else None

    def _lasts(self, token: Token) -> bool:
        early = RENEW_BEFORE + int(self._options.tenant_id[-4:], 16) % RENEW_JITTER
        return self._clock.wall() < token.expires_at - min(
            early, (token.expires_at - token.obtained_at) // 2
        )

    def _raise_remembered(self, entry: Entry) -> None:
        """A refusal of the last minutes, unless the credential has changed since."""
        memory, at, salt = entry.get("refusal"), entry.get("refused_at"), entry.get("salt")
        if (
            not (isinstance(memory, dict) and isinstance(at, int) and isinstance(salt, str))
            or not 0 <= self._clock.wall() - at < REMEMBERED
        ):
            return
        if entry.get("credential") != _credential.fingerprint(self._options.credential, salt):
            return
        try:
            error = from_memory(memory)
        except (KeyError, TypeError):
            return
        age = int(self._clock.wall() - at)
        error.message += (
            f" Cached refusal, {age} s old; checked again after {REMEMBERED} s, or at"
            " once by access_token with force_refresh."
        )
        raise error

    def _fetch(self) -> Token:
        now = int(self._clock.wall())
        try:
            try:
                body = self._ask()
            except DefenderError as e:
                # an assertion that was outside its time: read or signed anew, it may pass (Entra's
                # reference of error codes)
                if e.code != CLOCK_REFUSAL:
                    raise
                body = self._ask()
        except DefenderError as e:
            # a clock is set, and a file is renewed, without a change of the credential
            if e.category in REMEMBERED_CATEGORIES and e.status and e.code != CLOCK_REFUSAL:
                salt = secrets.token_hex(8)
                self.file.write(
                    {
                        "refusal": e.as_memory(),
                        "refused_at": now,
                        "salt": salt,
                        "credential": _credential.fingerprint(self._options.credential, salt),
                    }
                )
            raise
        token = Token(
            body["access_token"], now + int(body.get("expires_in") or 0), now, from_cache=False
        )
        self.file.write(
            {"token": token.value, "expires_at": token.expires_at, "obtained_at": token.obtained_at}
        )
        return token

    def _ask(self) -> dict[str, t.Any]:
        if MSAL_ERROR:
            raise DefenderError(
                "bad_request",
                "The Python package msal is not installed where this runs.",
                advice="Run: pip install msal",
            )
        authority = f"{self._options.login_url}/{self._options.tenant_id}"
        credential = _credential.read(self._options.credential)
        wire = _Wire(self._http, authority, functools.partial(self._refusal, credential))
        app = msal.ConfidentialClientApplication(
            self._options.client_id,
            client_credential=self._for_msal(credential, wire.token_url),
            authority=authority,
            http_client=wire,
            instance_discovery=False,
        )
        body: dict[str, t.Any] = app.acquire_token_for_client([f"{self._audience}/.default"])
        if "access_token" not in body:
            raise wire.refusal(body)
        return body

    def _refusal(
        self, credential: t.Any, wire: _Wire, body: t.Mapping[str, t.Any]
    ) -> DefenderError:
        """The error for an answer without a token."""
        plain = {str(value) for name, value in self._options.credential.items() if name in SECRETS}
        secret = credential if isinstance(credential, str) else ""
        caller = Caller(
            secrets=sorted(filter(None, {*plain, secret}), key=len, reverse=True),
            signs=isinstance(credential, _credential.Signer),
            wall=self._clock.wall(),
            service_time=wire.service_time,
        )
        advice = f"An administrator of that tenant has to consent: {self._consent_url}"
        error = from_token_answer(
            self._options.label, wire.status, body, advice=advice, caller=caller
        )
        if error.code == WRONG_SECRET and GUID.fullmatch(secret):
            error.message += " What was given has the form of an id."
        return error

    def _for_msal(self, credential: t.Any, token_url: str) -> t.Any:
        """MSAL's own certificate option always sends the chain; its assertion creator leaves that
        to us."""
        if isinstance(credential, str):
            return credential
        if not isinstance(credential, _credential.Signer):
            return {"client_assertion": credential}
        headers = {"x5c": credential.x5c} if credential.x5c else {}
        creator = msal.oauth2cli.JwtAssertionCreator(
            credential.key,
            algorithm="PS256",
            sha256_thumbprint=credential.thumbprint,
            headers=headers,
        )
        return {
            "client_assertion": lambda: creator.create_normal_assertion(
                audience=token_url, issuer=self._options.client_id
            )
        }


class _Reply(t.NamedTuple):
    """The part of an answer that MSAL reads."""

    status_code: int
    text: str
    headers: t.Mapping[str, str]

    def raise_for_status(self) -> None:
        """Failures are raised by the wire, with the tenant's name."""


class _Wire:
    """MSAL's HTTP client: repeats lie below MSAL's own throttling, and the tenant's metadata is
    known without asking."""

    def __init__(
        self,
        http: Http,
        authority: str,
        refusal: t.Callable[[_Wire, t.Mapping[str, t.Any]], DefenderError],
    ) -> None:
        self._http = http
        self._authority = authority
        self._refusal = refusal
        self.token_url = f"{authority}/oauth2/v2.0/token"
        self.status = 0
        self.service_time: float | None = None

    def get(self, url: str, **kwargs: t.Any) -> _Reply:
        """The OpenID metadata that every Entra login host has; only the end points are read from
        it."""
        if not url.startswith(self._authority):
            raise DefenderError("network", f"A request to {url} was not expected, and not sent.")
        known = {
            "issuer": f"{self._authority}/v2.0",
            "token_endpoint": self.token_url,
            "authorization_endpoint": f"{self._authority}/oauth2/v2.0/authorize",
        }
        return _Reply(200, json.dumps(known), {})

    def post(
        self,
        url: str,
        *,
        data: t.Any = None,
        headers: t.Mapping[str, str] | None = None,
        **kwargs: t.Any,
    ) -> _Reply:
        answer: Answer = self._http.send("POST", url, data=data, headers=headers)
        self.status = answer.status
        self.service_time = _seconds(answer.headers.get("date"))
        body = answer.json()
        is_refusal = answer.status == 429 or answer.status >= 500
        if is_refusal or not isinstance(body, dict):
            raise self.refusal(body if isinstance(body, dict) else {})
        return _Reply(answer.status, answer.body.decode("utf-8", "replace"), answer.headers)

    def refusal(self, body: t.Mapping[str, t.Any]) -> DefenderError:
        """The error for the last answer, which had this JSON."""
        return self._refusal(self, body)

    def close(self) -> None:
        """Connections are shared and stay open."""


def _seconds(date: str | None) -> float | None:
    """An HTTP date in seconds since 1970, or None when there is none that can be read."""
    try:
        return email.utils.parsedate_to_datetime(date).timestamp() if date else None
    except ValueError:
        return None
