# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The application's credential out of its files: read and checked, without any request.

Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
"""

from __future__ import annotations

import base64
import dataclasses
import datetime
import hashlib
import hmac
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError

try:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.serialization import pkcs12
except ImportError:  # _token names the package to install
    pass


@dataclasses.dataclass(frozen=True)
class Signer:
    """A certificate's private key, the thumbprint Entra knows it by, and the chain where one is to be sent (x5c)."""

    key: t.Any = dataclasses.field(repr=False)
    thumbprint: str
    x5c: list[str] | None


def read(credential: t.Mapping[str, t.Any]) -> str | Signer | t.Callable[[], str]:
    """The secret, the signer of assertions, or what reads the federated assertion anew for each request."""
    if "client_secret" in credential:
        return str(credential["client_secret"])
    if "client_secret_file" in credential:
        return _text("client_secret_file", credential["client_secret_file"])
    if "assertion_file" in credential:
        return lambda: _text("assertion_file", credential["assertion_file"])
    return _certificate(credential)


def fingerprint(credential: t.Mapping[str, t.Any], salt: str) -> str:
    """Tells two credentials apart in a file that must not hold them; 64 bits of an HMAC under that file's own salt."""
    told = "\n".join(f"{name}={value}" for name, value in sorted(credential.items()))
    for name in ("client_secret_file", "assertion_file", "certificate_path", "private_key_path"):
        if name in credential:
            told += f"\n{hashlib.sha256(_bytes(name, credential[name])).hexdigest()}"
    return hmac.new(salt.encode(), told.encode(), hashlib.sha256).hexdigest()[:16]


def _bytes(option: str, path: str) -> bytes:
    try:
        with open(path, "rb") as f:
            return f.read()
    except OSError as e:
        raise DefenderError(
            "bad_credentials", f"{option} is {path}, which cannot be read: {e.strerror}.", who="caller", advice="Correct the path or the file's permissions."
        ) from None


def _text(option: str, path: str) -> str:
    text = _bytes(option, path).decode("utf-8", "replace").strip()
    if not text:
        raise DefenderError("bad_credentials", f"{option} is {path}, which is empty.", who="caller", advice="Write the credential into that file.")
    return text


def _certificate(credential: t.Mapping[str, t.Any]) -> Signer:
    """PEM (key beside it or in a file of its own) or PFX, checked for time and for key and certificate being a pair."""
    option = "certificate" if "certificate" in credential else "certificate_path"
    where = option if option == "certificate" else f"{option} {credential[option]}"
    data = credential["certificate"].encode() if option == "certificate" else _bytes(option, credential[option])
    password = credential["certificate_password"].encode() if credential.get("certificate_password") else None
    try:
        if b"-----BEGIN" in data:
            key_data = _bytes("private_key_path", credential["private_key_path"]) if "private_key_path" in credential else data
            chain = x509.load_pem_x509_certificates(data)
            key: t.Any = serialization.load_pem_private_key(key_data, password if b"ENCRYPTED" in key_data else None)
        else:
            found = pkcs12.load_pkcs12(data, password)
            if found.key is None or found.cert is None:
                raise ValueError("it holds no certificate with a private key")
            key, chain = found.key, [found.cert.certificate, *(more.certificate for more in found.additional_certs)]
    except (ValueError, TypeError) as e:
        # TypeError is cryptography's way to say that a password is missing
        why = "certificate_password is needed" if password is None and isinstance(e, TypeError) else str(e).split("(", maxsplit=1)[0].strip()
        raise DefenderError(
            "bad_credentials",
            f"{where} cannot be read as a certificate with its private key: {why}.",
            who="caller",
            advice="Give a PEM file with certificate and key, or private_key_path beside it, or a PFX file; and certificate_password for an encrypted key.",
        ) from None
    return _checked(where, key, chain, sends_chain=bool(credential.get("certificate_chain")))


@dataclasses.dataclass(frozen=True)
class PublicCertificate:
    """What is registered of a certificate: its bytes, and its time of validity in seconds since 1970 UTC."""

    der: bytes = dataclasses.field(repr=False)
    start: int
    end: int


def public_certificate(option: str, where: str, data: bytes) -> PublicCertificate:
    """The first certificate of a PEM text, or the one of a DER file; raises C(bad_request) for what Entra ID would not take."""
    try:
        found = x509.load_pem_x509_certificates(data)[0] if b"-----BEGIN" in data else x509.load_der_x509_certificate(data)
    except ValueError:
        raise DefenderError(
            "bad_request", f"{where} cannot be read as a certificate; {option} takes PEM or DER, and needs no private key.", advice=f"Correct {option}."
        ) from None
    if not isinstance(found.public_key(), rsa.RSAPublicKey):
        raise DefenderError("bad_request", f"{where}: the key is no RSA key, and Entra ID takes no other.")
    end = found.not_valid_after_utc
    if end <= datetime.datetime.now(datetime.UTC):
        raise DefenderError("bad_request", f"{where}: the certificate expired on {end:%Y-%m-%dT%H:%M:%SZ}.", advice="Issue a new certificate.")
    return PublicCertificate(found.public_bytes(serialization.Encoding.DER), int(found.not_valid_before_utc.timestamp()), int(end.timestamp()))


def read_public(option: str, path: str) -> bytes:
    """The file of a public certificate."""
    return _bytes(option, path)


def _checked(where: str, key: t.Any, chain: list[x509.Certificate], *, sends_chain: bool) -> Signer:
    public = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    own = next((cert for cert in chain if cert.public_key().public_bytes(*public) == key.public_key().public_bytes(*public)), None)
    if own is None:
        raise DefenderError(
            "bad_credentials",
            f"{where}: the private key belongs to no certificate in it.",
            who="caller",
            advice="Put the certificate and its own key together.",
        )
    now = datetime.datetime.now(datetime.UTC)
    if not own.not_valid_before_utc <= now <= own.not_valid_after_utc:
        word, when = ("expired", own.not_valid_after_utc) if now > own.not_valid_after_utc else ("is not valid before", own.not_valid_before_utc)
        raise DefenderError("credential_expired", f"{where}: the certificate {word} {'on ' if word == 'expired' else ''}{when:%Y-%m-%dT%H:%M:%SZ}.")
    if not isinstance(key, rsa.RSAPrivateKey):
        raise DefenderError(
            "bad_credentials", f"{where}: the key is no RSA key, and Entra ID takes no other.", who="caller", advice="Register a certificate with an RSA key."
        )
    ordered = [own, *(cert for cert in chain if cert is not own)] if sends_chain else []
    x5c = [base64.b64encode(cert.public_bytes(serialization.Encoding.DER)).decode() for cert in ordered]
    return Signer(key, own.fingerprint(hashes.SHA256()).hex(), x5c or None)
