# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The certificate and private key that sign client assertions.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import base64
import dataclasses
import datetime
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._credential_text import (
    file_bytes,
    unusable,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.certificate_reading import (
    KEY_APART,
    NO_RSA,
    Unreadable,
    as_der,
    described,
    keys_of_file,
    passwords_of,
    read,
    require_cryptography,
    utc_text,
)

try:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import rsa
except ImportError:
    # require_cryptography reports it
    pass

TOGETHER: t.Final = "Use a certificate and the private key that belongs to it."


@dataclasses.dataclass(frozen=True)
class Signer:
    """A certificate's private key, its thumbprint for Entra ID, and the chain to send (x5c), if
    any."""

    key: t.Any = dataclasses.field(repr=False)
    thumbprint: str
    x5c: list[str] | None


def signer(credential: t.Mapping[str, t.Any]) -> Signer:
    """The signer that the certificate options describe; raises `bad_credentials` or
    `credential_expired`."""
    require_cryptography()
    option = "certificate" if "certificate" in credential else "certificate_path"
    if option == "certificate":
        where, data = option, str(credential[option]).encode("utf-8", "surrogateescape")
    else:
        where, data = f"{option} {credential[option]}", file_bytes(option, credential[option])
    passwords = passwords_of(credential.get("certificate_password"))
    try:
        keys, certificates = read(data, passwords)
        if not certificates:
            content = "a private key without a certificate" if keys else described(data)
            raise Unreadable(f"it contains {content}")
        if "private_key_path" in credential:
            keys = keys_of_file(credential["private_key_path"], passwords)
        elif not keys:
            raise Unreadable("it contains a certificate without its private key", KEY_APART)
    except Unreadable as e:
        message = f"{where} cannot be read as a certificate with its private key: {e.reason}."
        raise unusable(message, e.advice) from None
    key, certificate = _pair(where, keys, certificates)
    chain = _chain(certificate, certificates) if credential.get("certificate_chain") else []
    x5c = [base64.b64encode(as_der(link)).decode() for link in chain]
    return Signer(key, certificate.fingerprint(hashes.SHA256()).hex(), x5c or None)


def _pair(
    where: str, keys: t.Sequence[t.Any], certificates: t.Sequence[x509.Certificate]
) -> tuple[t.Any, x509.Certificate]:
    """The key and its certificate; with a renewed certificate next to the old, the newest."""
    publics = {_public(key.public_key()): key for key in keys}
    pairs = [
        (certificate, publics.get(_public(certificate.public_key())))
        for certificate in certificates
    ]
    matching = [(certificate, key) for certificate, key in pairs if key is not None]
    if not matching:
        raise unusable(f"{where}: the private key does not match any certificate.", TOGETHER)
    now = datetime.datetime.now(datetime.UTC)
    matching.sort(
        key=lambda pair: (pair[0].not_valid_before_utc <= now, pair[0].not_valid_after_utc)
    )
    certificate, key = matching[-1]
    if now > certificate.not_valid_after_utc:
        end = utc_text(certificate.not_valid_after_utc)
        message = f"{where}: the certificate expired on {end}."
        raise DefenderError("credential_expired", message)
    if now < certificate.not_valid_before_utc:
        start = utc_text(certificate.not_valid_before_utc)
        message = f"{where}: the certificate is not valid before {start}."
        advice = "Wait until then, or check this machine's clock."
        raise DefenderError("credential_expired", message, advice=advice)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise unusable(f"{where}: {NO_RSA}", "Use a certificate with an RSA key.")
    return key, certificate


def _chain(
    leaf: x509.Certificate, certificates: t.Sequence[x509.Certificate]
) -> list[x509.Certificate]:
    """The certificate, its issuer, the issuer's issuer and so on (RFC 7515, section 4.1.6)."""
    chain, left = [leaf], [certificate for certificate in certificates if certificate != leaf]
    while issuer := next((cert for cert in left if cert.subject == chain[-1].issuer), None):
        chain.append(issuer)
        left.remove(issuer)
    return chain


def _public(key: t.Any) -> bytes:
    form = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return t.cast("bytes", key.public_bytes(*form))
