# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One request for an app-only token, through MSAL.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import functools
import json
import sys
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
        token_url = f"{self._options.login_url}/{self._options.tenant_id}/oauth2/v2.0/token"
        credential = _credential.read(self._options.credential)
        wire = _Wire(self._http, functools.partial(self._refusal, credential))
        # MSAL's application object would search for extensions, request metadata and keep a cache
        client = msal.oauth2cli.Client(
            {"token_endpoint": token_url},
            self._options.client_id,
            http_client=wire,
            default_headers=_headers(),
            **self._authentication(credential, token_url),
        )
        body: dict[str, t.Any] = client.obtain_token_for_client(f"{self._audience}/.default")
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

    def _authentication(self, credential: t.Any, token_url: str) -> dict[str, t.Any]:
        """The arguments with which MSAL's client authenticates the application.

        The secret belongs in the body; MSAL would send its argument client_secret in a header.
        """
        if isinstance(credential, str):
            return {"default_body": {"client_secret": credential}}
        signs = isinstance(credential, _credential.Signer)
        return {
            "client_assertion": self._signed(credential, token_url) if signs else credential(),
            "client_assertion_type": msal.oauth2cli.Client.CLIENT_ASSERTION_TYPE_JWT,
        }

    def _signed(self, signer: _credential.Signer, token_url: str) -> bytes:
        """An assertion for this tenant, with the chain only if the options say so."""
        creator = msal.oauth2cli.JwtAssertionCreator(
            signer.key,
            algorithm="PS256",
            sha256_thumbprint=signer.thumbprint,
            headers={"x5c": signer.x5c} if signer.x5c else {},
        )
        assertion: bytes = creator.create_normal_assertion(
            audience=token_url, issuer=self._options.client_id
        )
        return assertion


def _headers() -> dict[str, str]:
    """The headers of MSAL's application object: the sign-in log shows the library, and the login
    service throttles with 429 and `Retry-After`."""
    return {
        "x-client-sku": "MSAL.Python",
        "x-client-ver": msal.__version__,
        "x-client-os": sys.platform,
        "x-ms-lib-capability": "retry-after, h429",
    }


class _Reply(t.NamedTuple):
    """The part of a response that MSAL reads."""

    status_code: int
    text: str


class _Wire:
    """MSAL's HTTP client: our transport with its retries, and errors with the tenant's name."""

    def __init__(
        self,
        http: Http,
        refusal: t.Callable[[_Wire, t.Mapping[str, t.Any]], DefenderError],
    ) -> None:
        self._http = http
        self._refusal = refusal
        self.status = 0
        self.service_time: float | None = None

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
        # as text that MSAL can read: it logs what it cannot read, and there may be a token in it
        return _Reply(answer.status, json.dumps(body))

    def refusal(self, body: t.Mapping[str, t.Any]) -> DefenderError:
        """The error for the last response, which had this JSON."""
        return self._refusal(self, body)
