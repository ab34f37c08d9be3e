# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an access token says about itself: v1 and v2 claims, what is wrong with them, and its
signature.

Microsoft asks clients to treat tokens for its own APIs as opaque. So one that cannot be decoded is
no error here, and the claims serve to refuse a mistake before it is sent; whether a call is
allowed, the API decides.

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
    """A decoded token. `raw` holds every claim as it came; the token itself is not kept."""

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
    """What a token must be before it may be used: whose, for which API, by which application,
    allowing what."""

    tenant_id: str
    client_id: str | None
    cloud: str
    resource: str
    service: Service
    roles: tuple[str, ...] = ()
    login_url: str = ""


class Problem(t.NamedTuple):
    """One thing that is wrong; `category` is the contract's, `code` is finer.

    `who` and `advice` are given where those of the category would blame the application's
    credential.
    """

    code: str
    category: str
    text: str
    who: str | None = None
    advice: str | None = None


def unusable(code: str, text: str, advice: str) -> Problem:
    """A token that is to blame itself, or what handed it over; the application's credential is
    not."""
    return Problem(code, "bad_credentials", text, "caller", advice)


GIVE_ANOTHER: t.Final = (
    "Give an app-only token of this application for this tenant, or give none: it is fetched then."
)
CLOCK: t.Final = "Get a newer token; if it is new, check the clock of this machine."


def read(token: str) -> Claims | None:
    """The claims, or None when the token is opaque. Nothing is verified; see `verify`."""
    if JWT_ERROR:
        raise DefenderError(
            "bad_request",
            "The Python package pyjwt is not installed where this runs.",
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
    """Everything that is wrong with these claims, the gravest first; empty when the token may be
    used."""
    found: list[Problem] = []
    if claims.tenant_id != expected.tenant_id:
        found.append(
            Problem(
                "wrong_tenant",
                "wrong_tenant",
                (
                    f"The token is for tenant {claims.tenant_id or 'nobody'}, not for"
                    f" {expected.tenant_id}."
                ),
            )
        )
    if not expected.service.accepts(claims.audience):
        owner = owner_of(claims.audience)
        belongs = f", which belongs to the resource {owner}" if owner else ""
        found.append(
            Problem(
                "wrong_audience",
                "wrong_audience",
                (
                    f"The token's audience is {claims.audience or 'missing'}{belongs};"
                    f" {expected.resource} needs {expected.service.audience}."
                ),
            )
        )
    if not _issued_by_entra(claims, expected):
        found.append(
            Problem(
                "wrong_issuer",
                "wrong_tenant",
                (
                    f"The token's issuer is {claims.issuer or 'missing'}, which is no issuer of"
                    f" tenant {expected.tenant_id} in the cloud {expected.cloud}."
                ),
            )
        )
    if expected.client_id and claims.app_id and claims.app_id != expected.client_id:
        text = f"The token was issued to application {claims.app_id}, not to {expected.client_id}."
        found.append(unusable("wrong_application", text, GIVE_ANOTHER))
    if claims.expires_at <= now:
        text = (
            f"The token expired {int(now - claims.expires_at)} seconds ago by the clock of this"
            " machine."
        )
        found.append(unusable("expired", text, CLOCK))
    if claims.not_before > now + LEEWAY:
        seconds = int(claims.not_before - now)
        text = f"The token becomes valid only in {seconds} seconds by the clock of this machine."
        found.append(unusable("not_yet_valid", text, "Check the clock of this machine."))
    if not claims.app_only:
        text = "The token speaks for a user (it has scp); app-only access needs one without."
        found.append(unusable("delegated", text, GIVE_ANOTHER))
    if lacking := _permissions.missing(claims.roles, expected.roles):
        has = ", ".join(claims.roles) or "no role at all"
        found.append(
            Problem(
                "role_missing",
                "role_missing",
                f"The token has {has}; {', '.join(lacking)} is missing.",
            )
        )
    return found


def _issued_by_entra(claims: Claims, expected: Expected) -> bool:
    """v1 and v2 issuers of the cloud, and that of a login_url of one's own."""
    hosts = [f"https://{host}" for host in CLOUDS[expected.cloud].issuer_hosts] + [
        expected.login_url
    ]
    return claims.issuer in [
        f"{host}/{claims.tenant_id}{end}" for host in hosts for end in ("/", "/v2.0")
    ]


def verify(token: str, claims: Claims, keys: t.Mapping[str, t.Any]) -> Problem | None:
    """Check the signature against a JWKS, `{"keys": [{kid, kty, n, e}]}`; None when it holds.

    Graph's tokens carry a `nonce` in their header and are signed over a hash of it, so that nobody
    but Graph can check them: learn.microsoft.com/entra/identity-platform/access-tokens.
    """
    if "nonce" in claims.header:
        text = "Tokens of Microsoft Graph are signed so that only Graph can check them."
        advice = "Leave verify_signature out for resource graph."
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
        return unusable("bad_signature", f"The token's signature does not hold: {e}.", GIVE_ANOTHER)
    return None
