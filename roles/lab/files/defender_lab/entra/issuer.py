# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tokens: signed once per tenant, audience and grant, reused until half their lifetime has passed,
and verified for the APIs."""

from __future__ import annotations

import base64
import hashlib
import json
import random
import secrets
import typing as t
from dataclasses import dataclass

import jwt
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from defender_lab.certificates import signing
from defender_lab.service.clock import Clock
from defender_lab.tenants.registrations import Registration
from defender_lab.tenants.resources import GRAPH, Resource
from defender_lab.tenants.tenant import Tenant

Claims = dict[str, t.Any]
REMEMBERED = 20_000


@dataclass(frozen=True, slots=True)
class Issued:
    token: str
    issued: int
    expires: int


class Unreadable(Exception):
    """Not a token this Entra signed; ``reason`` is ``form`` or ``signature``."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _signed_header(header: Claims) -> str:
    """The header as it is signed. A Graph token's is signed over a hash of its nonce, so that
    nobody but Graph can check it."""
    if "nonce" in header:
        header = {**header, "nonce": _b64(hashlib.sha256(str(header["nonce"]).encode()).digest())}
    return _b64(json.dumps(header, separators=(",", ":")).encode())


class Issuer:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._pair = signing()
        self._issued: dict[tuple[t.Any, ...], Issued] = {}
        self._read: dict[str, Claims] = {}
        self._random = random.SystemRandom()
        self.kid = _b64(hashlib.sha1(self._pair.der, usedforsecurity=False).digest())

    @property
    def _key(self) -> rsa.RSAPrivateKey:
        return t.cast(rsa.RSAPrivateKey, self._pair.key)

    def jwk(self) -> Claims:
        numbers = self._key.public_key().public_numbers()
        return {
            "kty": "RSA",
            "use": "sig",
            "kid": self.kid,
            "x5t": self.kid,
            "n": _b64(numbers.n.to_bytes(256, "big")),
            "e": _b64(numbers.e.to_bytes(3, "big")),
            "x5c": [base64.b64encode(self._pair.der).decode()],
        }

    def issue(
        self, tenant: Tenant, app: Registration, resource: Resource, audience: str, acr: str
    ) -> Issued:
        """A token for ``audience`` in ``tenant``; ``acr`` is 1 after a secret and 2 after an
        assertion."""
        now = int(self._clock.wall())
        roles = tuple(tenant.roster.token_roles(app.app_id, resource.key))
        key = (
            tenant.id,
            app.app_id,
            audience,
            acr,
            tenant.consent_version,
            tenant.roster.version,
            app.name,
            roles,
        )
        token = self._issued.get(key)
        if token and now - token.issued < (token.expires - token.issued) / 2:
            return token
        lifetime = self._random.randint(3600, 5400)
        issued = Issued(
            self.sign(self._claims(tenant, app, roles, audience, acr, now, lifetime), resource),
            now,
            now + lifetime,
        )
        self._issued[key] = issued
        return issued

    def _claims(
        self,
        tenant: Tenant,
        app: Registration,
        roles: tuple[str, ...],
        audience: str,
        acr: str,
        now: int,
        lifetime: int,
    ) -> Claims:
        issuer = f"https://sts.windows.net/{tenant.id}/"
        service_principal = tenant.roster.by_app(app.app_id)
        principal = (
            service_principal.id if service_principal else tenant.principal(app.app_id, "app")
        )
        claims: Claims = {
            "aud": audience,
            "iss": issuer,
            "iat": now,
            "nbf": now,
            "exp": now + lifetime,
            "aio": secrets.token_urlsafe(24),
            "app_displayname": app.name,
            "appid": app.app_id,
            "appidacr": acr,
            "idp": issuer,
            "idtyp": "app",
            "oid": principal,
            "rh": f"0.{secrets.token_urlsafe(24)}",
            "roles": list(roles),
            "sub": principal,
            "tenant_region_scope": "NA",
            "tid": tenant.id,
            "uti": secrets.token_urlsafe(16),
            "ver": "1.0",
        }
        if not claims["roles"]:
            del claims["roles"]
        return claims

    def sign(self, claims: Claims, resource: Resource | None = None) -> str:
        header: Claims = {"typ": "JWT", "alg": "RS256", "x5t": self.kid, "kid": self.kid}
        if resource is GRAPH:
            header = {"typ": "JWT", "nonce": secrets.token_urlsafe(32), **header}
        payload = _b64(json.dumps(claims, separators=(",", ":")).encode())
        signature = self._key.sign(
            f"{_signed_header(header)}.{payload}".encode(), padding.PKCS1v15(), hashes.SHA256()
        )
        head = _b64(json.dumps(header, separators=(",", ":")).encode())
        return f"{head}.{payload}.{_b64(signature)}"

    def read(self, token: str) -> Claims:
        """The claims of a token signed here; Unreadable otherwise. Times and audience are the
        caller's to check."""
        claims = self._read.get(token)
        if claims is not None:
            return claims
        claims = self._checked(token)
        if len(self._read) >= REMEMBERED:
            self._read.clear()
        self._read[token] = claims
        return claims

    def _checked(self, token: str) -> Claims:
        try:
            header = jwt.get_unverified_header(token)
            unused, payload, signature = token.split(".")
            claims: Claims = json.loads(_unb64(payload))
            proof = _unb64(signature)
        except (ValueError, jwt.PyJWTError):
            raise Unreadable("form") from None
        if header.get("alg") != "RS256" or header.get("kid") != self.kid:
            raise Unreadable("signature")
        try:
            self._key.public_key().verify(
                proof,
                f"{_signed_header(header)}.{payload}".encode(),
                padding.PKCS1v15(),
                hashes.SHA256(),
            )
        except InvalidSignature:
            raise Unreadable("signature") from None
        return claims
