# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What stands in for the world in the unit tests: a clock, an HTTP client with a script, tokens,
and tenant options.

Nothing here is computed by the collection: facts are typed in from Microsoft's pages.
"""

from __future__ import annotations

import base64
import dataclasses
import json
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import write_records
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.clock import Clock
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.exchange import Answer
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.write_records import Change

TENANT = "11111111-2222-3333-4444-555555555555"
OTHER_TENANT = "99999999-8888-7777-6666-555555555555"
CLIENT = "aaaaaaaa-0000-4000-8000-00000000000c"
SECRET = "a-client-secret-that-is-long-and-unique-0001"
NOW = 1_795_435_200  # 2026-11-23T12:00:00Z
LOGIN = "https://login.microsoftonline.com"
TOKEN_URL = f"{LOGIN}/{TENANT}/oauth2/v2.0/token"
CONSENT_URL = f"{LOGIN}/{TENANT}/adminconsent?client_id={CLIENT}"
INCIDENT_ROLE = "SecurityIncident.Read.All"
CONTOSO = {"id": TENANT, "name": "contoso", "cloud": "public"}  # the `tenant` of a result


class FakeClock:
    """Time that stands still until somebody sleeps."""

    def __init__(self) -> None:
        self.passed = 0.0
        self.slept: list[float] = []
        self.clock = Clock(
            now=lambda: 1000.0 + self.passed,
            sleep=self._sleep,
            wall=lambda: NOW + self.passed,
            jitter=lambda: 0.5,
        )

    def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.passed += seconds


@dataclasses.dataclass(frozen=True)
class Asked:
    """One request as it would have left."""

    method: str
    url: str
    headers: dict[str, str]
    params: dict[str, str] | None = None
    data: t.Any = None
    payload: t.Any = None
    timeout: float | None = None
    repeatable: bool = True
    repeat: t.Any = None
    oversize: str = "unavailable"
    into: t.Any = None

    @property
    def bearer(self) -> str:
        return self.headers.get("Authorization", "").removeprefix("Bearer ")


class FakeHttp:
    """Answers out of a script, in its order, and remembers what was asked; a request too many fails
    the test."""

    def __init__(self, *script: Answer | DefenderError) -> None:
        self.script = list(script)
        self.asked: list[Asked] = []
        self.sent = 0

    def send(
        self, method: str, url: str, *, headers: t.Any = None, params: t.Any = None, **rest: t.Any
    ) -> Answer:
        self.asked.append(
            Asked(method, url, dict(headers or {}), dict(params) if params else None, **rest)
        )
        assert self.script, f"nobody expected {method} {url}"
        answer = self.script.pop(0)
        self.sent += not (isinstance(answer, DefenderError) and "was not sent" in answer.message)
        if isinstance(answer, DefenderError):
            raise answer
        return answer

    def done(self) -> None:
        """Every answer was fetched: no call is missing."""
        assert not self.script


class Recorder:
    """What a stand-in for an API needs to record its writes, as `Api` does."""

    @property
    def records(self) -> list[dict[str, t.Any]]:
        records: list[dict[str, t.Any]] = self.__dict__.setdefault("_records", [])
        return records

    @property
    def outcomes(self) -> list[str]:
        return [record["outcome"] for record in self.records]

    def record(self, path: str, about: Change | None) -> dict[str, t.Any]:
        """A write is sent; its outcome is not known yet."""
        self.records.append(write_records.sent(path, None, about, at=NOW))
        return self.records[-1]

    def predict(self, change: Change) -> None:
        self.records.append(write_records.predicted(change, at=NOW))

    def settle_write(self, outcome: str) -> None:
        write_records.settle(self.records, outcome)

    def name_action(self, action_id: str) -> None:
        if self.records[-1]["action_id"] is None:
            self.records[-1]["action_id"] = action_id


def answer(status: int, body: t.Any = None, **headers: str) -> Answer:
    """An answer with this JSON, or with these bytes."""
    raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    return Answer(status, {name.replace("_", "-"): value for name, value in headers.items()}, raw)


def encoded(value: t.Any) -> str:
    """JSON in base64url without padding, as RFC 7515 has it."""
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def decoded(part: str) -> t.Any:
    """What is in one part of a JWT."""
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def jwt_of(claims: t.Mapping[str, t.Any], **header: t.Any) -> str:
    """A token nobody signed; its signature is only well-formed."""
    head = encoded({"typ": "JWT", "alg": "RS256", "kid": "KEYID", **header})
    return f"{head}.{encoded(dict(claims))}.bm9ib2R5LXNpZ25lZC10aGlz"


def graph_claims(**changes: t.Any) -> dict[str, t.Any]:
    """The claims of an app-only v1 token for Microsoft Graph; `None` takes a claim out."""
    claims = {
        "aud": "https://graph.microsoft.com",
        "iss": f"https://sts.windows.net/{TENANT}/",
        "iat": NOW - 300,
        "nbf": NOW - 300,
        "exp": NOW + 3600,
        "appid": CLIENT,
        "appidacr": "1",
        "oid": "22222222-3333-4444-5555-666666666666",
        "roles": [INCIDENT_ROLE],
        "sub": "22222222-3333-4444-5555-666666666666",
        "tid": TENANT,
        "ver": "1.0",
    }
    return {name: value for name, value in {**claims, **changes}.items() if value is not None}


def graph_token(**changes: t.Any) -> str:
    """A token for Microsoft Graph with these claims changed."""
    return jwt_of(graph_claims(**changes))


def token_answer(token: str, expires_in: t.Any = 3599) -> Answer:
    """What the v2 token end point says when all is well."""
    return answer(
        200,
        {
            "token_type": "Bearer",
            "expires_in": expires_in,
            "ext_expires_in": expires_in,
            "access_token": token,
        },
    )


def refusal(code: int, error: str, text: str, *, status: int = 400) -> Answer:
    """What the v2 token end point says when it gives none."""
    return answer(
        status,
        {
            "error": error,
            "error_description": f"AADSTS{code}: {text}\r\n"
            "Trace ID: aaaaaaaa-0000-1111-2222-333333333333\r\n"
            "Correlation ID: bbbbbbbb-0000-1111-2222-333333333333\r\n"
            "Timestamp: 2025-01-15 12:00:00Z",
            "error_codes": [code],
            "timestamp": "2025-01-15 12:00:00Z",
            "trace_id": "aaaaaaaa-0000-1111-2222-333333333333",
            "correlation_id": "bbbbbbbb-0000-1111-2222-333333333333",
            "error_uri": f"https://login.microsoftonline.com/error?code={code}",
        },
    )


def not_consented() -> Answer:
    """The refusal of a tenant that never consented."""
    return refusal(
        700016,
        "unauthorized_client",
        f"Application with identifier '{CLIENT}' was not found in the directory '{TENANT}'.",
    )


def parameters(**changes: t.Any) -> dict[str, t.Any]:
    """A module's parameters for the tenant as Ansible hands them over: a secret, no cache on disk,
    the contract's defaults."""
    names = (
        "tenant_id tenant_name client_id client_secret client_secret_file certificate_path"
        " certificate private_key_path certificate_password assertion_file region login_url"
        " graph_url xdr_url endpoint_url graph_audience xdr_audience endpoint_audience ca_path"
        " proxy"
    )
    return {
        **dict.fromkeys(names.split()),
        "tenant_id": TENANT,
        "tenant_name": "contoso",
        "client_id": CLIENT,
        "client_secret": SECRET,
        "certificate_chain": False,
        "cloud": "public",
        "api": "auto",
        "validate_certs": True,
        "request_timeout": None,
        "retries": 4,
        "retry_deadline": 300,
        "max_response_size": "512M",
        "max_changes": 10,
        "protected_tags": [],
        "token_cache": "none",
        **changes,
    }
