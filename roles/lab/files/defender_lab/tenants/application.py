# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The MSSP's multi-tenant app as registered in Entra: its secrets, certificates and federated
credential."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from defender_lab.certificates import Pair, authority, client, rsa_key
from defender_lab.tenants import catalogue
from defender_lab.tenants.registrations import (
    Federated,
    Key,
    Password,
    Registration,
    new_record,
    secret_text,
)
from defender_lab.tenants.resources import RESOURCES


@dataclass(frozen=True, slots=True)
class Federation:
    """An outside issuer whose tokens the app accepts. The lab holds the issuer's key instead of
    fetching its metadata."""

    key: rsa.RSAPrivateKey = field(default_factory=rsa_key, repr=False)
    issuer: str = "https://ci.partner.example"
    subject: str = "repo:partner/soc:environment:production"
    audience: str = "api://AzureADTokenExchange"
    kid: str = "lab-ci-1"

    def key_pem(self) -> bytes:
        return self.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )

    def assertion(self, seconds: int = 24 * 3600) -> str:
        """A token of the outside issuer. A day instead of minutes, so that a lab left running still
        takes the file it wrote."""
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "sub": self.subject,
            "aud": self.audience,
            "iat": now,
            "nbf": now - 5,
            "exp": now + seconds,
            "jti": str(uuid.uuid4()),
        }
        return jwt.encode(claims, self.key, algorithm="RS256", headers={"kid": self.kid})


@dataclass(frozen=True, slots=True)
class Application:
    """``renewed`` is not registered by thumbprint: only its chain in ``x5c`` lets it in."""

    client_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    display_name: str = "MSSP automation (lab)"
    redirect_uri: str = "https://onboarding.partner.example/consented"
    secret: str = field(default_factory=secret_text, repr=False)
    expired_secret: str = field(default_factory=secret_text, repr=False)
    ca: Pair = field(default_factory=lambda: authority("Partner CA"), repr=False)
    federation: Federation = field(default_factory=Federation, repr=False)
    current: Pair = field(init=False, repr=False)
    expired: Pair = field(init=False, repr=False)
    renewed: Pair = field(init=False, repr=False)

    def __post_init__(self) -> None:
        for name, expired in (("current", False), ("expired", True), ("renewed", False)):
            object.__setattr__(
                self, name, client(self.ca, "automation.partner.example", expired=expired)
            )

    def registration(self, home: str, domain: str) -> Registration:
        """The app as its home tenant's directory has it, with all of the above as its
        credentials."""
        wanted = [
            {
                "resourceAppId": resource.app_id,
                "resourceAccess": [
                    {"id": role, "type": "Role"}
                    for role in catalogue.role_ids(key, resource.granted)
                ],
            }
            for key, resource in RESOURCES.items()
        ]
        made = Registration(
            home,
            new_record(
                self.display_name,
                domain,
                appId=self.client_id,
                createdDateTime="2024-02-01T08:00:00.0000000Z",
                signInAudience="AzureADMultipleOrgs",
                requiredResourceAccess=wanted,
                web={"redirectUris": [self.redirect_uri]},
            ),
        )
        # half a day beside whole days, so that "days left" stays the same while a lab is young
        now = datetime.now(UTC) + timedelta(hours=12)
        for name, text, start, end in (
            ("automation", self.secret, -30, 335),
            ("old", self.expired_secret, -760, -30),
        ):
            dates = {
                word: (now + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")
                for word, days in (("startDateTime", start), ("endDateTime", end))
            }
            made.passwords.append(Password.made(text, displayName=name, **dates))
        made.keys = [
            Key.made(certificate.certificate, certificate.der)
            for certificate in (self.current, self.expired)
        ]
        federation = self.federation
        made.federated = [
            Federated(
                {
                    "id": str(uuid.uuid4()),
                    "name": "ci",
                    "issuer": federation.issuer,
                    "subject": federation.subject,
                    "description": "the provider's pipeline",
                    "audiences": [federation.audience],
                }
            )
        ]
        made.trusted = (self.ca.certificate, self.current.certificate.subject)
        made.owners.add(self.client_id)
        return made
