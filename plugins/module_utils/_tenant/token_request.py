# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One request for an app-only token, through MSAL.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import functools
import json
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import (
    credential as _credential,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.clock import Clock
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.exchange import Answer
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.options import GUID, Options
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.token_refusals import (
    Caller,
    from_token_answer,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.transport import Http

try:
    import msal
    import msal.oauth2cli

    MSAL_ERROR = None
except ImportError as e:
    MSAL_ERROR = e

SECRETS = ("client_secret", "certificate_password")
WRONG_SECRET = "AADSTS7000215"


class TokenRequests:
    """Requests for tokens of one tenant and one audience."""

    def __init__(
        self, options: Options, audience: str, *, http: Http, clock: Clock, consent_url: str
    ) -> None:
        self._options = options
        self._audience = audience
        self._http = http
        self._clock = clock
        self._consent_url = consent_url

    def send(self) -> dict[str, t.Any]:
        """The JSON object with the token; raises the login service's refusal as an error."""
        if MSAL_ERROR:
            raise DefenderError(
                "bad_request",
                "The Python package msal is not installed where the module runs.",
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
        """The error for a response without a token."""
        plain = {str(value) for name, value in self._options.credential.items() if name in SECRETS}
        secret = credential if isinstance(credential, str) else ""
        caller = Caller(
            secrets=sorted(filter(None, {*plain, secret}), key=len, reverse=True),
            signs=isinstance(credential, _credential.Signer),
            wall=self._clock.wall(),
            service_time=wire.service_time,
        )
        advice = f"An administrator of that tenant must consent: {self._consent_url}"
        error = from_token_answer(
            self._options.label, wire.status, body, advice=advice, caller=caller
        )
        if error.code == WRONG_SECRET and GUID.fullmatch(secret):
            error.message += " The value of the secret option has the form of an id."
        return error

    def _for_msal(self, credential: t.Any, token_url: str) -> t.Any:
        """The credential in the form for MSAL.

        The assertion creator is used because MSAL's certificate option always sends the chain.
        """
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
    """The part of a response that MSAL reads."""

    status_code: int
    text: str
    headers: t.Mapping[str, str]

    def raise_for_status(self) -> None:
        """Do nothing: `_Wire` raises errors, with the tenant's name."""


class _Wire:
    """MSAL's HTTP client: it retries below MSAL's own throttling, and returns the tenant's metadata
    without a request."""

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
        """The OpenID metadata that every Entra login host has; MSAL reads only the endpoints."""
        if not url.startswith(self._authority):
            raise DefenderError(
                "network", f"A request to {url} was not sent: only {self._authority} is expected."
            )
        metadata = {
            "issuer": f"{self._authority}/v2.0",
            "token_endpoint": self.token_url,
            "authorization_endpoint": f"{self._authority}/oauth2/v2.0/authorize",
        }
        return _Reply(200, json.dumps(metadata), {})

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
        self.service_time = answer.date
        body = answer.json()
        is_refusal = answer.status == 429 or answer.status >= 500
        if is_refusal or not isinstance(body, dict):
            raise self.refusal(body if isinstance(body, dict) else {})
        return _Reply(answer.status, answer.body.decode("utf-8", "replace"), answer.headers)

    def refusal(self, body: t.Mapping[str, t.Any]) -> DefenderError:
        """The error for the last response, which had this JSON."""
        return self._refusal(self, body)

    def close(self) -> None:
        """Connections are shared and stay open."""
