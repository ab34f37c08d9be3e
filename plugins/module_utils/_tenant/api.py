# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Calls to one API of one tenant.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._shapes import Json
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import (
    write_records as _records,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.api_refusals import (
    from_api_answer,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.clock import Clock
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.exchange import (
    Answer,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.guard import Guard
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.options import Options
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.origin import origin
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.tokens import Token
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.transport import Http
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.write_records import (
    MAY_HAVE_RUN,
    Change,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._times import SECOND

# A 401 about the token is retried once with a new token; a 401 about the account is not.
STALE_TOKEN = re.compile(
    r"InvalidAuthenticationToken|expired|Lifetime validation failed|invalid_token", re.I
)

# A query that is too expensive (500 with an empty message, 504) would fail again and use the
# tenant's quota again. A 500 within seconds has another cause, and is repeated once.
REPEAT_HUNT = frozenset({429, 502, 503})
QUICK = 30.0


class ApiTenant(t.Protocol):
    """The parts of a tenant that its APIs use."""

    options: Options
    clock: Clock
    http: Http
    guard: Guard
    warnings: list[str]
    notify: t.Callable[[str], None]
    expected: tuple[dict[str, t.Any], dict[str, t.Any]] | None
    writes: list[Json]


class Api:
    """One API of one tenant, with the roles that one module needs."""

    def __init__(self, tenant: ApiTenant, resource: str, roles: tuple[str, ...]) -> None:
        self.tenant = tenant
        self.name = resource
        # the service's time in its last response, in ticks
        self.server_time: int | None = None
        # whether the latest request left, and the id of the latest response
        self._was_sent = False
        self._request_id: str | None = None
        self._base = tenant.options.service(resource).url
        self._roles = roles
        try:
            tenant.guard.token(resource, roles=roles)
        except DefenderError as e:
            if e.category == "not_consented":
                e.facts.setdefault("missing_roles", list(roles))
            raise

    def get(self, path: str, params: t.Mapping[str, str] | None = None) -> dict[str, t.Any]:
        """The JSON object that a GET returns."""
        return self._call("GET", path, params=params)

    def query(
        self,
        path: str,
        payload: t.Any,
        *,
        timeout: float | None = None,
        into: t.BinaryIO | None = None,
    ) -> dict[str, t.Any]:
        """The JSON object that a hunting query returns: a POST that changes nothing and may be
        repeated.

        :arg into: a file that receives the body of the response; an empty object is then returned.
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
        self,
        method: str,
        path: str,
        payload: t.Any = None,
        *,
        repeatable: bool = False,
        about: Change | None = None,
    ) -> dict[str, t.Any]:
        """The JSON object that a write returns; empty if the response has no body (204).

        A request that left gets a record in the tenant's `writes`, whatever becomes of it.

        :arg payload: what is sent as JSON, or a `Form`.
        :arg repeatable: the write is idempotent, and is sent again if its response is lost.
            Otherwise a lost response, a 408 or a 5xx raises `outcome_unknown`, and the caller has
            to check the object before it repeats the write.
        :arg about: what it changes, for the record.
        """
        record = _records.sent(path, payload, about, at=self.tenant.clock.wall())
        self._was_sent, self._request_id = False, None
        try:
            response = self._call(method, path, payload=payload, repeatable=repeatable)
            record["outcome"] = _records.SUCCEEDED
        except DefenderError as e:
            record["outcome"] = _records.outcome_of(e)
            self._request_id = self._request_id or e.request_id
            raise
        finally:
            if self._was_sent:
                self.tenant.writes.append({**record, "request_id": self._request_id})
        if about and about.starts_action and "id" in response:
            self.tenant.writes[-1]["action_id"] = str(response["id"])
        return response

    def predict(self, change: Change) -> None:
        """Record a write that check mode does not send."""
        self.tenant.writes.append(_records.predicted(change, at=self.tenant.clock.wall()))

    def settle_write(self, outcome: str) -> None:
        """Record what a look at the object shows of the last write, if its response was lost."""
        _records.settle(self.tenant.writes, outcome)

    def name_action(self, action_id: str) -> None:
        """Record which machine action the last write started, if its response did not say."""
        if self.tenant.writes and self.tenant.writes[-1]["action_id"] is None:
            self.tenant.writes[-1]["action_id"] = action_id

    def _call(
        self, method: str, path: str, *, hunting: bool = False, **kwargs: t.Any
    ) -> dict[str, t.Any]:
        url = path if path.startswith("https://") else f"{self._base}{path}"
        if origin(url) != origin(self._base):
            raise DefenderError(
                "network",
                (
                    f"Tenant {self.tenant.options.label}: a next link leads to"
                    f" {'://'.join(origin(url)[:2])}, but tokens are sent only to {self._base}."
                ),
                who="microsoft",
            )
        token, unused = self.tenant.guard.token(self.name, roles=self._roles)
        answer = self._send(method, url, token, kwargs)
        if answer.status == 401 and STALE_TOKEN.search(
            answer.body[:4000].decode("utf-8", "replace")
            + answer.headers.get("www-authenticate", "")
        ):
            token, unused = self.tenant.guard.token(
                self.name, roles=self._roles, refused=token.value
            )
            answer = self._send(method, url, token, kwargs)
        self._request_id = answer.request_id
        self.server_time = None if answer.date is None else int(answer.date) * SECOND
        elsewhere = kwargs.get("into") and answer.status == 200
        body = {} if answer.status == 204 or elsewhere else answer.json()
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
                    f"Tenant {self.tenant.options.label}: {what} returned {answer.status} with a"
                    " body that is not a JSON object."
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
        http = self.tenant.http
        sent_before = http.sent
        try:
            return http.send(method, url, headers=headers, **kwargs)
        finally:
            self._was_sent = self._was_sent or http.sent > sent_before

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
            error.advice = f"{error.advice} {self.tenant.guard.consent_url}"
        return error


def _unknown_outcome(error: DefenderError) -> DefenderError:
    """The same failure for a write that may still have taken effect, and must not be repeated
    blindly."""
    return DefenderError(
        "outcome_unknown",
        f"{error.message} Whether it took effect is unknown.",
        status=error.status,
        code=error.code,
        request_id=error.request_id,
        facts=error.facts,
    )
