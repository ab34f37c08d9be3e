# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keys and certificates from PEM, DER and PFX, or the reason why they cannot be read.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

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
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.certificate_cache import (
    CACHE,
    Contents,
    Passwords,
)

try:
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.serialization import pkcs12

    # cryptography 42 added times with a time zone
    NEW_ENOUGH = hasattr(x509.Certificate, "not_valid_after_utc")
except ImportError:
    NEW_ENOUGH = False

FORMS: t.Final = (
    "Use a PEM file with certificate and key, or a certificate and private_key_path, or a PFX; set"
    " certificate_password if the key is encrypted."
)
KEY_APART: t.Final = (
    "Add the private key to the same PEM file, set private_key_path, or use a PFX with both."
)
PASSWORD: t.Final = "Set certificate_password."
NO_RSA: t.Final = "the key is not an RSA key, but Entra ID accepts only RSA keys."
WRONG_PASSWORD: t.Final = "Correct certificate_password."


class Unreadable(Exception):
    """Why a certificate or key cannot be read, as a clause, and the advice."""

    def __init__(self, reason: str, advice: str = FORMS) -> None:
        super().__init__(reason)
        self.reason = reason
        self.advice = advice


def require_cryptography() -> None:
    if not NEW_ENOUGH:
        message = (
            "Certificates require the Python package cryptography, version 42 or newer, where the"
            " module runs."
        )
        advice = "Run: pip install 'cryptography>=42'"
        raise DefenderError("bad_request", message, advice=advice)


def passwords_of(value: str | None) -> Passwords:
    """The password as it is, and without a line end or byte order mark."""
    if not value:
        return ()
    return tuple(dict.fromkeys([value.encode(), value.strip(BOM).rstrip("\r\n").encode()]))


def read(data: bytes, passwords: Passwords) -> Contents:
    """Keys and certificates of a PEM, PFX or DER file in any of its forms, parsed once in a
    process; raises Unreadable. A wrong password is tried once too, because each try takes long."""
    outcome = CACHE.get(data, passwords, _outcome)
    if isinstance(outcome, Unreadable):
        raise Unreadable(outcome.reason, outcome.advice)
    return outcome


def _outcome(data: bytes, passwords: Passwords) -> Contents | Unreadable:
    try:
        return _parse(data, passwords)
    except Unreadable as e:
        return e


def _parse(data: bytes, passwords: Passwords) -> Contents:
    data = _certificate_forms.plain(data)
    if not data.strip():
        raise Unreadable("it is empty")
    if b"-----BEGIN" in data:
        keys = [
            _key(block, passwords, serialization.load_pem_private_key)
            for label, block in _certificate_forms.blocks(data)
            if label.endswith("PRIVATE KEY")
        ]
        return tuple(keys), tuple(certificates_in(data))
    try:
        return (), tuple(certificates_in(data))
    except Unreadable:
        return _read_pfx(data, passwords)


def certificates_in(data: bytes) -> list[x509.Certificate]:
    """The certificates of a PEM text (possibly none), or the one of a DER file."""
    try:
        if b"-----BEGIN" not in data:
            return [x509.load_der_x509_certificate(data)]
        labels = [label for label, _block in _certificate_forms.blocks(data)]
        if not labels:
            raise Unreadable("its PEM block has no end")
        has_certificate = any(label.endswith("CERTIFICATE") for label in labels)
        return list(x509.load_pem_x509_certificates(data)) if has_certificate else []
    except ValueError:
        raise Unreadable("its certificate is damaged") from None


def keys_of_file(path: str, passwords: Passwords) -> tuple[t.Any, ...]:
    option = "private_key_path"
    try:
        keys, _unused = read(file_bytes(option, path), passwords)
        if not keys:
            raise Unreadable("it contains no private key")
    except Unreadable as e:
        raise unusable(
            f"{option} {path} cannot be read as a private key: {e.reason}.", e.advice
        ) from None
    return keys


def _read_pfx(data: bytes, passwords: Passwords) -> Contents:
    problem = ""
    # exporters write a PFX without a password in two ways: none, or an empty one
    for password in (None, b"", *passwords):
        try:
            pfx = pkcs12.load_pkcs12(data, password)
        except UnsupportedAlgorithm:
            reason = "its encryption is not supported"
            raise Unreadable(reason, "Export the PFX again with AES256.") from None
        except (ValueError, TypeError) as e:
            problem = str(e).lower()
            continue
        entries = [pfx.cert, *pfx.additional_certs]
        certificates = tuple(entry.certificate for entry in entries if entry is not None)
        if pfx.key is None:
            raise Unreadable("it is a PFX without a private key", KEY_APART)
        return (pfx.key,), certificates
    if "password" not in problem:
        return _read_der_key(data, passwords)
    if passwords:
        raise Unreadable("certificate_password is wrong for the PFX", WRONG_PASSWORD)
    raise Unreadable("the PFX is encrypted, so certificate_password is required", PASSWORD)


def _read_der_key(data: bytes, passwords: Passwords) -> Contents:
    """A private key in DER; the last form that is tried."""
    try:
        return (_key(data, passwords, serialization.load_der_private_key),), ()
    except Unreadable:
        raise Unreadable(f"it is {described(data)}") from None


def _key(data: bytes, passwords: Passwords, load: t.Callable[..., t.Any]) -> t.Any:
    """A private key. A password is ignored if the key is not encrypted."""
    encrypted = False
    for password in (None, *passwords):
        try:
            return load(data, password)
        except UnsupportedAlgorithm:
            raise Unreadable("the encryption or type of its private key is not supported") from None
        except TypeError:
            # cryptography raises this if a password is missing
            encrypted = True
        except ValueError:
            if not encrypted:
                raise Unreadable("its private key is damaged") from None
    if passwords:
        raise Unreadable("certificate_password is wrong for the private key", WRONG_PASSWORD)
    raise Unreadable("the private key is encrypted, so certificate_password is required", PASSWORD)


def described(data: bytes) -> str:
    """What the data is instead of a certificate, without quoting it."""
    labels = [label for label, _block in _certificate_forms.blocks(data)]
    if labels:
        return f"PEM of the type {' and '.join(dict.fromkeys(labels))}"
    if data[:1] in (b"/", b"~") and b"\n" not in data.strip() and len(data) < 300:
        return "text that looks like a path, which belongs in certificate_path"
    return "neither PEM, DER, PFX nor base64 of one of them"


def as_der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.DER)


def utc_text(when: datetime.datetime) -> str:
    return f"{when:%Y-%m-%dT%H:%M:%SZ}"
