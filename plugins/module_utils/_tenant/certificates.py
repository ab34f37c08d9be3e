# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The application's certificate with its private key, out of any form, checked before anything is
sent.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import base64
import dataclasses
import datetime
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._credential_text import (
    BOM,
    file_bytes,
    unusable,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import (
    certificate_forms as _certificate_forms,
)

try:
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.serialization import pkcs12

    # times with their zone came with cryptography 42
    NEW_ENOUGH = hasattr(x509.Certificate, "not_valid_after_utc")
except ImportError:
    NEW_ENOUGH = False

Passwords = tuple[bytes, ...]
FORMS: t.Final = (
    "Give a PEM file with certificate and key, or private_key_path beside it, or a"
    " PFX; and certificate_password for an encrypted key."
)
KEY_APART: t.Final = (
    "Give the private key too: in the same PEM, in private_key_path, or together with it as PFX."
)
PASSWORD: t.Final = "Give certificate_password."
WRONG_PASSWORD: t.Final = "Correct certificate_password."
NO_RSA: t.Final = "the key is no RSA key, and Entra ID takes no other."
TOGETHER: t.Final = "Put the certificate and its own key together."


@dataclasses.dataclass(frozen=True)
class Signer:
    """A certificate's private key, the thumbprint Entra knows it by, and the chain where one is to
    be sent (x5c)."""

    key: t.Any = dataclasses.field(repr=False)
    thumbprint: str
    x5c: list[str] | None


@dataclasses.dataclass(frozen=True)
class PublicCertificate:
    """What is registered of a certificate: its bytes, and its time of validity in seconds since
    1970 UTC."""

    der: bytes = dataclasses.field(repr=False)
    start: int
    end: int


class _Unreadable(Exception):
    """Why something is no certificate or no key, as a clause, and what to do."""

    def __init__(self, reason: str, advice: str = FORMS) -> None:
        super().__init__(reason)
        self.reason = reason
        self.advice = advice


def signer(credential: t.Mapping[str, t.Any]) -> Signer:
    """The signer out of the certificate options; raises `bad_credentials` or
    `credential_expired`."""
    _require_cryptography()
    option = "certificate" if "certificate" in credential else "certificate_path"
    if option == "certificate":
        where, data = option, str(credential[option]).encode("utf-8", "surrogateescape")
    else:
        where, data = f"{option} {credential[option]}", file_bytes(option, credential[option])
    passwords = _passwords(credential.get("certificate_password"))
    try:
        keys, certificates = _read(_certificate_forms.plain(data), passwords)
        if not certificates:
            found = "a private key without a certificate" if keys else _described(data)
            raise _Unreadable(f"it holds {found}", FORMS)
        if "private_key_path" in credential:
            keys = _keys_of_file(credential["private_key_path"], passwords)
        elif not keys:
            raise _Unreadable("it holds a certificate without its private key", KEY_APART)
    except _Unreadable as e:
        message = f"{where} cannot be read as a certificate with its private key: {e.reason}."
        raise unusable(message, e.advice) from None
    key, own = _pair(where, keys, certificates)
    chain = _chain(own, certificates) if credential.get("certificate_chain") else []
    x5c = [base64.b64encode(_der(certificate)).decode() for certificate in chain]
    return Signer(key, own.fingerprint(hashes.SHA256()).hex(), x5c or None)


def public_certificate(option: str, where: str, data: bytes) -> PublicCertificate:
    """The first certificate of a PEM text, or the one of a DER file, or either in base64.

    Raises `bad_request` for what Entra ID would not take.
    """
    _require_cryptography()
    try:
        certificates = _certificates(_certificate_forms.plain(data))
    except _Unreadable:
        certificates = []
    if not certificates:
        raise DefenderError(
            "bad_request",
            (
                f"{where} cannot be read as a certificate; {option} takes PEM or DER, and needs no"
                " private key."
            ),
            advice=f"Correct {option}.",
        )
    found = certificates[0]
    if not isinstance(found.public_key(), rsa.RSAPublicKey):
        raise DefenderError("bad_request", f"{where}: {NO_RSA}")
    end = found.not_valid_after_utc
    if end <= datetime.datetime.now(datetime.UTC):
        message = f"{where}: the certificate expired on {_stamp(end)}."
        raise DefenderError("bad_request", message, advice="Issue a new certificate.")
    start = int(found.not_valid_before_utc.timestamp())
    return PublicCertificate(_der(found), start, int(end.timestamp()))


def issued_at(der: bytes) -> int | None:
    """Seconds since 1970 of the start that a certificate itself names; None where it cannot be
    read."""
    try:
        return int(x509.load_der_x509_certificate(der).not_valid_before_utc.timestamp())
    except (
        NameError,
        AttributeError,
        ValueError,
    ):  # no cryptography, an old one, or no certificate
        return None


def _require_cryptography() -> None:
    if not NEW_ENOUGH:
        message = (
            "Certificates need the Python package cryptography, version 42 or newer, where"
            " this runs."
        )
        advice = "Run: pip install 'cryptography>=42'"
        raise DefenderError("bad_request", message, advice=advice)


def _passwords(value: str | None) -> Passwords:
    """The password as it was given, and without a line end or mark that came with it."""
    if not value:
        return ()
    return tuple(dict.fromkeys([value.encode(), value.strip(BOM).rstrip("\r\n").encode()]))


def _read(data: bytes, passwords: Passwords) -> tuple[list[t.Any], list[x509.Certificate]]:
    """Keys and certificates of a PEM, PFX or DER file."""
    if not data.strip():
        raise _Unreadable("it is empty")
    if b"-----BEGIN" in data:
        keys = [
            _key(block, passwords, serialization.load_pem_private_key)
            for label, block in _certificate_forms.blocks(data)
            if label.endswith("PRIVATE KEY")
        ]
        return keys, _certificates(data)
    try:
        return [], _certificates(data)
    except _Unreadable:
        return _read_pfx(data, passwords)


def _certificates(data: bytes) -> list[x509.Certificate]:
    """The certificates of a PEM text, which may be none, or the one of a DER file."""
    try:
        if b"-----BEGIN" not in data:
            return [x509.load_der_x509_certificate(data)]
        labels = [label for label, _block in _certificate_forms.blocks(data)]
        if not labels:
            raise _Unreadable("its PEM block has no end")
        has_certificate = any(label.endswith("CERTIFICATE") for label in labels)
        return list(x509.load_pem_x509_certificates(data)) if has_certificate else []
    except ValueError:
        raise _Unreadable("its certificate is damaged") from None


def _read_pfx(data: bytes, passwords: Passwords) -> tuple[list[t.Any], list[x509.Certificate]]:
    problem = ""
    # without a password, and with an empty one: exporters disagree on which of them is none
    for password in (None, b"", *passwords):
        try:
            found = pkcs12.load_pkcs12(data, password)
        except UnsupportedAlgorithm:
            reason = "its encryption is not supported here"
            raise _Unreadable(reason, "Export the PFX again, with AES256.") from None
        except (ValueError, TypeError) as e:
            problem = str(e).lower()
            continue
        entries = [found.cert, *found.additional_certs]
        certificates = [entry.certificate for entry in entries if entry is not None]
        if found.key is None:
            raise _Unreadable("it is a PFX without a private key", KEY_APART)
        return [found.key], certificates
    if "password" not in problem:
        return _read_der_key(data, passwords)
    if passwords:
        raise _Unreadable("certificate_password does not fit the PFX", WRONG_PASSWORD)
    raise _Unreadable("the PFX is protected, so certificate_password is needed", PASSWORD)


def _read_der_key(data: bytes, passwords: Passwords) -> tuple[list[t.Any], list[x509.Certificate]]:
    """A key on its own in DER, or the end of all attempts."""
    try:
        return [_key(data, passwords, serialization.load_der_private_key)], []
    except _Unreadable:
        raise _Unreadable(f"it is {_described(data)}") from None


def _keys_of_file(path: str, passwords: Passwords) -> list[t.Any]:
    option = "private_key_path"
    data = _certificate_forms.plain(file_bytes(option, path))
    try:
        keys, _unused = _read(data, passwords)
        if not keys:
            raise _Unreadable("it holds no private key")
    except _Unreadable as e:
        raise unusable(
            f"{option} {path} cannot be read as a private key: {e.reason}.", e.advice
        ) from None
    return keys


def _key(data: bytes, passwords: Passwords, load: t.Callable[..., t.Any]) -> t.Any:
    """A private key. A password that is not needed does no harm."""
    encrypted = False
    for password in (None, *passwords):
        try:
            return load(data, password)
        except UnsupportedAlgorithm:
            raise _Unreadable(
                "the encryption or kind of its private key is not supported here"
            ) from None
        except TypeError:
            # cryptography's way to say that a password is missing
            encrypted = True
        except ValueError:
            if not encrypted:
                raise _Unreadable("its private key is damaged") from None
    if passwords:
        raise _Unreadable("certificate_password does not fit the private key", WRONG_PASSWORD)
    raise _Unreadable("the private key is encrypted, so certificate_password is needed", PASSWORD)


def _described(data: bytes) -> str:
    """What was found in place of a certificate, without any of it."""
    labels = [label for label, _block in _certificate_forms.blocks(data)]
    if labels:
        return f"PEM of the kind {' and '.join(dict.fromkeys(labels))}"
    if data[:1] in (b"/", b"~") and b"\n" not in data.strip() and len(data) < 300:
        return "what looks like a path, which belongs into certificate_path"
    return "neither PEM, DER, PFX nor base64 of one of them"


def _pair(
    where: str, keys: list[t.Any], certificates: list[x509.Certificate]
) -> tuple[t.Any, x509.Certificate]:
    """The key and its own certificate: the newest where a renewed one stands beside the old."""
    publics = {_public(key.public_key()): key for key in keys}
    pairs = [
        (certificate, publics.get(_public(certificate.public_key())))
        for certificate in certificates
    ]
    fitting = [(certificate, key) for certificate, key in pairs if key is not None]
    if not fitting:
        raise unusable(f"{where}: the private key belongs to no certificate in it.", TOGETHER)
    now = datetime.datetime.now(datetime.UTC)
    fitting.sort(
        key=lambda pair: (pair[0].not_valid_before_utc <= now, pair[0].not_valid_after_utc)
    )
    own, key = fitting[-1]
    if now > own.not_valid_after_utc:
        message = f"{where}: the certificate expired on {_stamp(own.not_valid_after_utc)}."
        raise DefenderError("credential_expired", message)
    if now < own.not_valid_before_utc:
        start = _stamp(own.not_valid_before_utc)
        message = f"{where}: the certificate is not valid before {start}."
        advice = "Wait until then, or check the clock of this machine."
        raise DefenderError("credential_expired", message, advice=advice)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise unusable(f"{where}: {NO_RSA}", "Register a certificate with an RSA key.")
    return key, own


def _chain(own: x509.Certificate, certificates: list[x509.Certificate]) -> list[x509.Certificate]:
    """The certificate and then each one's issuer, in whatever order they came (RFC 7515, section
    4.1.6)."""
    chain, left = [own], [certificate for certificate in certificates if certificate != own]
    while issuer := next((cert for cert in left if cert.subject == chain[-1].issuer), None):
        chain.append(issuer)
        left.remove(issuer)
    return chain


def _public(key: t.Any) -> bytes:
    form = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return t.cast("bytes", key.public_bytes(*form))


def _der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.DER)


def _stamp(when: datetime.datetime) -> str:
    return f"{when:%Y-%m-%dT%H:%M:%SZ}"
