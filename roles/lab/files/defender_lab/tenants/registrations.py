# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Application objects: each belongs to its home tenant and is known everywhere by its app id. Of a
secret, only a digest is stored."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import string
import typing as t
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from defender_lab.service import instants

Record = dict[str, t.Any]
ALPHABET = string.ascii_letters + string.digits


class Fresh:
    """An object that a replica of the directory does not know yet: for its next ``unseen`` readers
    on Graph, for ``late`` token requests."""

    unseen: int = 0
    late: int = 0

    def shows(self) -> bool:
        """One look at the object on Graph: False while it has not arrived there."""
        if self.unseen:
            self.unseen -= 1
            return False
        return True

    def counts(self) -> bool:
        """One token request that would go by the object: False while it has not arrived there."""
        if self.late:
            self.late -= 1
            return False
        return True


@dataclass(frozen=True, slots=True)
class Lag:
    """How late the objects are that a tenant's directory makes from now on."""

    reads: int = 0
    tokens: int = 0

    def on(self, made: Fresh) -> None:
        made.unseen, made.late = self.reads, self.tokens


def secret_text() -> str:
    """Shaped like Entra's: 40 characters with ``8Q~`` after the third."""
    # Graph shows the first three, so that they come from as many characters as Entra's
    hint = "".join(secrets.choice(ALPHABET) for _unused in range(3))
    return f"{hint}8Q~{secrets.token_urlsafe(40)[:34]}"


def moment(record: Record, name: str) -> datetime:
    return datetime.fromtimestamp(instants.ticks(record[name]) / instants.TICKS, UTC)


@dataclass
class Password(Fresh):
    """``record`` is a passwordCredential as Graph lists it, without its text."""

    record: Record
    digest: bytes = field(repr=False)

    @classmethod
    def made(cls, text: str, **record: t.Any) -> Password:
        full = {
            "customKeyIdentifier": None,
            "hint": text[:3],
            "keyId": str(uuid.uuid4()),
            "secretText": None,
            **record,
        }
        return cls(full, hashlib.sha256(text.encode()).digest())

    def is_for(self, text: str) -> bool:
        return hmac.compare_digest(self.digest, hashlib.sha256(text.encode()).digest())

    @property
    def expired(self) -> bool:
        return moment(self.record, "endDateTime") <= datetime.now(UTC)


@dataclass(slots=True)
class Key:
    """``record`` is a keyCredential as Graph lists it, without its key."""

    record: Record
    certificate: x509.Certificate

    @classmethod
    def made(cls, certificate: x509.Certificate, der: bytes, **record: t.Any) -> Key:
        full = {
            "customKeyIdentifier": hashlib.sha1(der, usedforsecurity=False).hexdigest().upper(),
            "displayName": certificate.subject.rfc4514_string(),
            "endDateTime": _stamp(certificate.not_valid_after_utc),
            "key": None,
            "keyId": str(uuid.uuid4()),
            "startDateTime": _stamp(certificate.not_valid_before_utc),
            "type": "AsymmetricX509Cert",
            "usage": "Verify",
        }
        return cls(
            {**full, **{name: value for name, value in record.items() if value is not None}},
            certificate,
        )

    @property
    def expired(self) -> bool:
        return moment(self.record, "endDateTime") <= datetime.now(UTC)


def _stamp(when: datetime) -> str:
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


class Federated(Fresh):
    """A federatedIdentityCredential."""

    def __init__(self, record: Record) -> None:
        self.record = record


class Registration(Fresh):
    """An application object. ``record`` holds what Graph shows of it but for credentials;
    ``owners`` are app ids of its creators. ``trusted`` is an authority and a subject whose
    certificates are let in by chain."""

    def __init__(self, home: str, record: Record) -> None:
        self.home = home
        self.record = record
        self.passwords: list[Password] = []
        self.keys: list[Key] = []
        self.federated: list[Federated] = []
        self.owners: set[str] = set()
        self.trusted: tuple[x509.Certificate, x509.Name] | None = None

    @property
    def id(self) -> str:
        return str(self.record["id"])

    @property
    def app_id(self) -> str:
        return str(self.record["appId"])

    @property
    def name(self) -> str:
        return str(self.record["displayName"])

    @property
    def several_tenants(self) -> bool:
        return str(self.record["signInAudience"]) in (
            "AzureADMultipleOrgs",
            "AzureADandPersonalMicrosoftAccount",
        )

    def shown(self, *, keys: bool = False) -> Record:
        """The object as Graph answers it; the keys themselves come only when one object's
        ``keyCredentials`` are selected."""
        listed = [
            {
                **key.record,
                "key": base64.b64encode(key.certificate.public_bytes(Encoding.DER)).decode(),
            }
            if keys
            else key.record
            for key in self.keys
        ]
        return {
            **self.record,
            "keyCredentials": listed,
            "passwordCredentials": [password.record for password in self.passwords],
        }

    def wanted(self) -> list[tuple[str, str]]:
        """Resource app id and role id of every application permission the app lists."""
        return [
            (str(resource["resourceAppId"]).lower(), str(access["id"]).lower())
            for resource in self.record["requiredResourceAccess"]
            for access in resource["resourceAccess"]
            if access["type"] == "Role"
        ]


class Registrations:
    """Every application object of every tenant."""

    def __init__(self) -> None:
        self._by_app_id: dict[str, Registration] = {}

    def add(self, registration: Registration) -> None:
        self._by_app_id[registration.app_id] = registration

    def remove(self, registration: Registration) -> None:
        self._by_app_id.pop(registration.app_id, None)

    def find(self, app_id: str) -> Registration | None:
        return self._by_app_id.get(app_id.lower())

    def of(self, home: str) -> list[Registration]:
        return [app for app in self._by_app_id.values() if app.home == home]


def new_record(name: str, domain: str, **properties: t.Any) -> Record:
    """An application object with what Graph fills in by itself."""
    info = dict.fromkeys(
        ("termsOfServiceUrl", "supportUrl", "privacyStatementUrl", "marketingUrl", "logoUrl")
    )
    web = {
        "redirectUris": [],
        "homePageUrl": None,
        "logoutUrl": None,
        "implicitGrantSettings": {
            "enableIdTokenIssuance": False,
            "enableAccessTokenIssuance": False,
        },
        **properties.pop("web", {}),
    }
    return {
        "id": str(uuid.uuid4()),
        "deletedDateTime": None,
        "appId": str(uuid.uuid4()),
        "applicationTemplateId": None,
        "createdDateTime": instants.now(),
        "displayName": name,
        "description": None,
        "disabledByMicrosoftStatus": None,
        "groupMembershipClaims": None,
        "identifierUris": [],
        "isDeviceOnlyAuthSupported": None,
        "isFallbackPublicClient": None,
        "notes": None,
        "optionalClaims": None,
        "publisherDomain": domain,
        "samlMetadataUrl": None,
        "serviceManagementReference": None,
        "signInAudience": "AzureADandPersonalMicrosoftAccount",
        "tags": [],
        "tokenEncryptionKeyId": None,
        "uniqueName": None,
        "addIns": [],
        "api": {
            "requestedAccessTokenVersion": 2,
            "acceptMappedClaims": None,
            "knownClientApplications": [],
            "oauth2PermissionScopes": [],
            "preAuthorizedApplications": [],
        },
        "appRoles": [],
        "info": info,
        "parentalControlSettings": {"countriesBlockedForMinors": [], "legalAgeGroupRule": "Allow"},
        "publicClient": {"redirectUris": []},
        "requiredResourceAccess": [],
        "spa": {"redirectUris": []},
        "web": web,
        **properties,
    }
