# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Client authentication: a secret, a signed assertion or a federated token, each fully verified."""

from __future__ import annotations

import base64
import hashlib
import time
import typing as t
from collections.abc import Mapping
from datetime import UTC, datetime

import jwt
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from defender_lab.entra.refusals import EntraRefused
from defender_lab.service.exchange import NotInTheLab
from defender_lab.tenants.application import Federation
from defender_lab.tenants.registrations import Key, Registration

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
HELP = "https://learn.microsoft.com/entra/identity-platform/certificate-credentials"


def authenticate(
    form: Mapping[str, str], app: Registration, audiences: frozenset[str], outside: Federation
) -> str:
    """``appidacr`` of the token to come: 1 for a secret, 2 for an assertion. ``audiences`` are the
    token URLs an assertion may name, ``outside`` is the one issuer whose key the lab holds."""
    secret, assertion = form.get("client_secret"), form.get("client_assertion")
    if secret and assertion:
        raise NotInTheLab("a token request with both client_secret and client_assertion")
    if assertion:
        if form.get("client_assertion_type") != ASSERTION_TYPE:
            raise EntraRefused(
                900144,
                "The request body must contain the following parameter: 'client_assertion_type'.",
            )
        _assertion(assertion, app, audiences, outside)
        return "2"
    if not secret:
        raise EntraRefused(
            7000218,
            (
                "The request body must contain the following parameter: 'client_assertion' or"
                " 'client_secret'."
            ),
        )
    passwords = [
        password for password in app.passwords if password.is_for(secret) and password.counts()
    ]
    if not passwords:
        hint = (
            "Ensure the secret being sent in the request is the client secret value, not the"
            " client secret ID, for a secret added to app"
        )
        raise EntraRefused(7000215, f"Invalid client secret provided. {hint} '{app.app_id}'.")
    if all(password.expired for password in passwords):
        remedy = (
            "Visit the Azure portal to create new keys for your app:"
            " https://aka.ms/NewClientSecret, or consider using certificate credentials"
        )
        raise EntraRefused(
            7000222,
            (
                f"The provided client secret keys for app '{app.app_id}' are expired. {remedy} for"
                " added security: https://aka.ms/certCreds."
            ),
        )
    return "1"


def _assertion(
    assertion: str, app: Registration, audiences: frozenset[str], outside: Federation
) -> None:
    try:
        header = jwt.get_unverified_header(assertion)
        claims = jwt.decode(assertion, options={"verify_signature": False})
    except jwt.PyJWTError:
        raise EntraRefused(50027, "JWT token is invalid or malformed.") from None
    if claims.get("iss") == app.app_id:
        _certificate_assertion(assertion, header, claims, app, audiences)
    else:
        _federated(assertion, header, claims, app, outside)


def _certificate_assertion(
    assertion: str,
    header: Mapping[str, t.Any],
    claims: Mapping[str, t.Any],
    app: Registration,
    audiences: frozenset[str],
) -> None:
    if claims.get("sub") != app.app_id:
        raise EntraRefused(
            700021, "Client assertion application identifier doesn't match 'client_id' parameter."
        )
    certificate, key = _certificate(header, app)
    if header.get("alg") not in ("PS256", "RS256") or not _verifies(
        assertion, certificate.public_key(), [str(header["alg"])]
    ):
        raise _bad_key(
            header, app, "The provided signature value did not match the expected signature value."
        )
    if certificate.not_valid_after_utc < datetime.now(UTC) or (key and key.expired):
        raise _bad_key(header, app, "The key used is expired.", key)
    if claims.get("aud") not in audiences:
        raise EntraRefused(
            700023,
            (
                "Client assertion audience claim does not match Realm issuer. Review the"
                f" documentation at {HELP} ."
            ),
        )
    _in_time(claims)


def _certificate(
    header: Mapping[str, t.Any], app: Registration
) -> tuple[x509.Certificate, Key | None]:
    """The registered certificate the header points at, or the leaf of ``x5c`` where subject and
    issuer are trusted."""
    sha256, sha1 = (
        str(header.get(name, "")).rstrip("=") for name in ("x5t#S256", "x5t")
    )  # MSAL pads the older of the two
    for key in app.keys:
        der = key.certificate.public_bytes(Encoding.DER)
        if sha256 == _digest(der, "sha256") or sha1 == _digest(der, "sha1"):
            return key.certificate, key
    if not header.get("x5c") or app.trusted is None:
        raise _bad_key(header, app, "The key was not found.")
    try:
        leaf = x509.load_der_x509_certificate(base64.b64decode(header["x5c"][0]))
        leaf.verify_directly_issued_by(app.trusted[0])
    except (ValueError, TypeError, InvalidSignature):
        raise EntraRefused(
            700030, "Invalid certificate - issuer of the certificate is not authorized."
        ) from None
    if leaf.subject != app.trusted[1]:
        names = ", ".join(str(part.value) for part in leaf.subject)
        raise EntraRefused(
            700030,
            (
                "Invalid certificate - subject name in certificate is not authorized. SubjectNames"
                f" in token certificate are: {names}."
            ),
        )
    return leaf, None


def _bad_key(
    header: Mapping[str, t.Any], app: Registration, reason: str, key: Key | None = None
) -> EntraRefused:
    text = (
        "The certificate with identifier used to sign the client assertion is not registered on"
        " application."
    )
    if "signature" in reason:
        text = "Client assertion contains an invalid signature."
    elif key:
        text = (
            "The certificate with identifier used to sign the client assertion is expired on"
            " application."
        )
    thumb = header.get("x5t") or header.get("x5t#S256") or ""
    dates, where = "", f"Configured keys: app '{app.app_id}'"
    if key:
        start, end = key.certificate.not_valid_before_utc, key.certificate.not_valid_after_utc
        dates = f" Found key 'Start={start:%m/%d/%Y %H:%M:%S}, End={end:%m/%d/%Y %H:%M:%S}',"
    return EntraRefused(
        700027,
        (
            f"{text} [Reason - {reason}, Thumbprint of key used by client:"
            f" '{_hex(str(thumb))}',{dates} {where}.]"
        ),
    )


def _federated(
    assertion: str,
    header: Mapping[str, t.Any],
    claims: Mapping[str, t.Any],
    app: Registration,
    outside: Federation,
) -> None:
    """Issuer, audience and subject have to be those of one federated credential of the app,
    compared as they are written."""
    check = (
        "Check your federated identity credential Subject, Audience and Issuer against the"
        " presented assertion."
    )
    left = [credential.record for credential in app.federated]
    for number, claim, name in (
        (700211, "iss", "issuer"),
        (700212, "aud", "audience"),
        (700213, "sub", "subject"),
    ):
        value = claims.get(claim)
        left = [
            record
            for record in left
            if (value in record["audiences"] if claim == "aud" else record[name] == value)
        ]
        if not left:
            raise EntraRefused(
                number,
                (
                    f"No matching federated identity record found for presented assertion {name}"
                    f" '{value}'. {check}"
                ),
            )
    if claims.get("iss") != outside.issuer:
        raise NotInTheLab(f"the issuer {claims.get('iss')}, whose keys would have to be fetched,")
    if header.get("kid") != outside.kid or not _verifies(
        assertion, outside.key.public_key(), ["RS256"]
    ):
        raise EntraRefused(
            700027,
            "Client assertion contains an invalid signature. [Reason - The key was not found.]",
        )
    _in_time(claims)


def _verifies(assertion: str, key: t.Any, algorithms: list[str]) -> bool:
    if not isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey):
        return False
    options: t.Any = {
        "verify_exp": False,
        "verify_nbf": False,
        "verify_aud": False,
        "verify_iat": False,
    }
    try:
        jwt.decode(assertion, key, algorithms=algorithms, options=options)
    except jwt.PyJWTError:
        return False
    return True


def _in_time(claims: Mapping[str, t.Any]) -> None:
    now = time.time()
    start, end = claims.get("nbf", 0), claims.get("exp", 0)
    if (
        not isinstance(start, int | float)
        or not isinstance(end, int | float)
        or not start <= now <= end
    ):
        times = (
            f"Current time: {_iso(now)}, assertion valid from {_iso(start)}, expiry time of"
            f" assertion {_iso(end)}."
        )
        raise EntraRefused(
            700024,
            (
                f"Client assertion is not within its valid time range. {times} Review the"
                f" documentation at {HELP} ."
            ),
        )


def _iso(seconds: t.Any) -> str:
    when = seconds if isinstance(seconds, int | float) and 0 <= seconds < 4e9 else 0
    return datetime.fromtimestamp(when, UTC).strftime("%Y-%m-%dT%H:%M:%S.0000000Z")


def _digest(der: bytes, name: str) -> str:
    return (
        base64.urlsafe_b64encode(hashlib.new(name, der, usedforsecurity=False).digest())
        .rstrip(b"=")
        .decode()
    )


def _hex(thumb: str) -> str:
    try:
        return base64.urlsafe_b64decode(thumb + "=" * (-len(thumb) % 4)).hex().upper()
    except ValueError:
        return ""
