# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The claims of an access token (v1 and v2), the problems with them, and its signature.

Microsoft asks clients to treat tokens for its own APIs as opaque. A token that cannot be decoded is
therefore not an error here. The claims serve to catch a mistake before anything is sent; whether a
call is allowed is decided by the API.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import dataclasses
import math
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import (
    permissions as _permissions,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.clouds import (
    CLOUDS,
    Service,
    owner_of,
)

try:
    import jwt

    JWT_ERROR = None
except ImportError as e:
    JWT_ERROR = e

LEEWAY = 300


@dataclasses.dataclass(frozen=True)
class Claims:
    """A decoded token. `raw` holds all claims unchanged; the token itself is not kept."""

    tenant_id: str
    audience: str
    issuer: str
    app_id: str
    roles: tuple[str, ...]
    expires_at: int
    not_before: int
    app_only: bool
    raw: dict[str, t.Any]
    header: dict[str, t.Any]


@dataclasses.dataclass(frozen=True)
class Expected:
    """What a token must have before it may be used: tenant, application, API and roles."""

    tenant_id: str
    client_id: str | None
    cloud: str
    resource: str
    service: Service
    roles: tuple[str, ...] = ()
    login_url: str = ""


class Problem(t.NamedTuple):
    """One problem of a token; `category` is the contract's, `code` is more specific.

    `who` and `advice` are set where those of the category would blame the application's credential.
    """

    code: str
    category: str
    text: str
    who: str | None = None
    advice: str | None = None


def unusable(code: str, text: str, advice: str) -> Problem:
    """A problem of the token or its source, not of the application's credential."""
    return Problem(code, "bad_credentials", text, "caller", advice)


GIVE_ANOTHER: t.Final = (
    "Provide an app-only token of this application for this tenant, or none: one is then requested."
)
CLOCK: t.Final = "Get a newer token; if it is new, check this machine's clock."


def read(token: str) -> Claims | None:
    """The claims, or None when the token is opaque. Nothing is verified; see `verify`."""
    if JWT_ERROR:
        raise DefenderError(
            "bad_request",
            "The Python package pyjwt is not installed where the module runs.",
            advice="Run: pip install 'pyjwt[crypto]'",
        )
    try:
        whole = jwt.decode_complete(token, options={"verify_signature": False})
    except jwt.PyJWTError:
        return None
    raw, roles = whole["payload"], whole["payload"].get("roles")
    audience = raw.get("aud") or ""
    return Claims(
        tenant_id=str(raw.get("tid") or "").lower(),
        audience=str(audience[0] if isinstance(audience, list) and audience else audience),
        issuer=str(raw.get("iss") or ""),
        app_id=str(raw.get("appid") or raw.get("azp") or "").lower(),
        roles=tuple(str(role) for role in roles) if isinstance(roles, list) else (),
        expires_at=_number(raw.get("exp")),
        not_before=_number(raw.get("nbf")),
        app_only="scp" not in raw,
        raw=raw,
        header=whole["header"],
    )


def _number(value: t.Any) -> int:
    return int(value) if isinstance(value, (int, float)) and math.isfinite(value) else 0


def problems(claims: Claims, expected: Expected, *, now: float) -> list[Problem]:
    """All problems of these claims, the most serious first; empty if the token may be used."""
    in_order = (
        _wrong_tenant(claims, expected),
        _wrong_audience(claims, expected),
        _wrong_issuer(claims, expected),
        _wrong_application(claims, expected),
        _expired(claims, now),
        _not_yet_valid(claims, now),
        _delegated(claims),
        _role_missing(claims, expected),
    )
    return [problem for problem in in_order if problem]


def _wrong_tenant(claims: Claims, expected: Expected) -> Problem | None:
    if claims.tenant_id == expected.tenant_id:
        return None
    tenant = f"tenant {claims.tenant_id}" if claims.tenant_id else "no tenant"
    text = f"The token is for {tenant}, not for {expected.tenant_id}."
    return Problem("wrong_tenant", "wrong_tenant", text)


def _wrong_audience(claims: Claims, expected: Expected) -> Problem | None:
    if expected.service.accepts(claims.audience):
        return None
    owner = owner_of(claims.audience)
    belongs = f", which belongs to the resource {owner}" if owner else ""
    text = (
        f"The token's audience is {claims.audience or 'missing'}{belongs};"
        f" {expected.resource} requires {expected.service.audience}."
    )
    return Problem("wrong_audience", "wrong_audience", text)


def _wrong_issuer(claims: Claims, expected: Expected) -> Problem | None:
    if _issued_by_entra(claims, expected):
        return None
    text = (
        f"The token's issuer is {claims.issuer or 'missing'}, which is not an issuer of tenant"
        f" {expected.tenant_id} in the cloud {expected.cloud}."
    )
    return Problem("wrong_issuer", "wrong_tenant", text)


def _wrong_application(claims: Claims, expected: Expected) -> Problem | None:
    if not expected.client_id or not claims.app_id or claims.app_id == expected.client_id:
        return None
    text = f"The token was issued to application {claims.app_id}, not to {expected.client_id}."
    return unusable("wrong_application", text, GIVE_ANOTHER)


def _expired(claims: Claims, now: float) -> Problem | None:
    if claims.expires_at > now:
        return None
    seconds = int(now - claims.expires_at)
    text = f"The token expired {seconds} seconds ago according to this machine's clock."
    return unusable("expired", text, CLOCK)


def _not_yet_valid(claims: Claims, now: float) -> Problem | None:
    if claims.not_before <= now + LEEWAY:
        return None
    seconds = int(claims.not_before - now)
    text = f"The token becomes valid in {seconds} seconds according to this machine's clock."
    return unusable("not_yet_valid", text, "Check this machine's clock.")


def _delegated(claims: Claims) -> Problem | None:
    if claims.app_only:
        return None
    text = "The token acts for a user (it has the claim scp), but app-only access is required."
    return unusable("delegated", text, GIVE_ANOTHER)


def _role_missing(claims: Claims, expected: Expected) -> Problem | None:
    lacking = _permissions.missing(claims.roles, expected.roles)
    if not lacking:
        return None
    roles = f"only {', '.join(claims.roles)}" if claims.roles else "no roles"
    text = f"The token lacks {', '.join(lacking)}; it has {roles}."
    return Problem("role_missing", "role_missing", text)


def _issued_by_entra(claims: Claims, expected: Expected) -> bool:
    """Whether the issuer is a v1 or v2 issuer of the cloud, or one below a custom login_url."""
    hosts = [f"https://{host}" for host in CLOUDS[expected.cloud].issuer_hosts] + [
        expected.login_url
    ]
    return claims.issuer in [
        f"{host}/{claims.tenant_id}{end}" for host in hosts for end in ("/", "/v2.0")
    ]


def verify(token: str, claims: Claims, keys: t.Mapping[str, t.Any]) -> Problem | None:
    """Check the signature against a JWKS, `{"keys": [{kid, kty, n, e}]}`; None if it is valid.

    Graph's tokens carry a `nonce` in their header and are signed over a hash of it, so that only
    Graph can verify them: learn.microsoft.com/entra/identity-platform/access-tokens.
    """
    if "nonce" in claims.header:
        text = "Microsoft Graph signs its tokens in a way that only Graph can verify."
        advice = "Do not set verify_signature for the resource graph."
        return unusable("signature_not_verifiable", text, advice)
    key = next(
        (key for key in keys.get("keys", []) if key.get("kid") == claims.header.get("kid")), None
    )
    if key is None:
        key_id = claims.header.get("kid")
        text = (
            f"The token was signed with key {key_id}, which the tenant's login service does not"
            " publish."
        )
        return unusable("unknown_key", text, GIVE_ANOTHER)
    try:
        jwt.decode(
            token,
            key=jwt.PyJWK(key, algorithm="RS256"),
            algorithms=["RS256"],
            options={
                "verify_aud": False,
                "verify_exp": False,
                "verify_nbf": False,
                "verify_iat": False,
            },
        )
    except jwt.PyJWTError as e:
        return unusable("bad_signature", f"The token's signature is not valid: {e}.", GIVE_ANOTHER)
    return None
