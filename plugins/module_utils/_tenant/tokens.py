# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""App-only tokens of one tenant: from the cache, or by one request for the whole machine.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import dataclasses
import secrets

from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import (
    DefenderError,
    from_memory,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import (
    credential as _credential,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.clock import Clock
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.options import Options
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.token_cache import (
    Entry,
    TokenFile,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.token_request import (
    TokenRequests,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.transport import Http

# A token is renewed 5 to 10 minutes before it expires. The jitter depends on the tenant, so that
# tokens that were requested together are not renewed together.
RENEW_BEFORE, RENEW_JITTER = 300, 300
# How long a refusal, or a token that lacks a role, is cached: a failing tenant is not retried by
# every task.
REMEMBERED = 180
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


@dataclasses.dataclass(frozen=True)
class Token:
    """An access token, and when it was issued and expires (seconds since 1970)."""

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
        self._clock = clock
        self._held: Token | None = None
        self._requests = TokenRequests(
            options, audience, http=http, clock=clock, consent_url=consent_url
        )
        self.file = TokenFile(
            options.token_cache,
            login_url=options.login_url,
            tenant_id=options.tenant_id,
            client_id=options.client_id,
            audience=audience,
            clock=clock,
        )

    def get(self, *, force: bool = False, refused: str | None = None) -> Token:
        """A token that is valid for some more minutes.

        :arg force: request a new token even if one is cached.
        :arg refused: a token that an API refused; it is not returned from the cache.
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
            # another process may have requested a token while this one waited for the lock
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
        """Raise the cached refusal, unless it is too old or the credential has changed."""
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
            f" Cached refusal, {age} s old; checked again after {REMEMBERED} s, or at once by"
            " access_token with force_refresh."
        )
        raise error

    def _fetch(self) -> Token:
        now = int(self._clock.wall())
        try:
            try:
                body = self._requests.send()
            except DefenderError as e:
                # The assertion was outside its validity period: a new one may be accepted (Entra's
                # reference of error codes).
                if e.code != CLOCK_REFUSAL:
                    raise
                body = self._requests.send()
        except DefenderError as e:
            # not cached: the clock or the assertion file can be corrected without a new credential
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
