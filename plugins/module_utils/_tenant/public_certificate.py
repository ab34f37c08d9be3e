# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The public part of a certificate, which is registered with the application.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import dataclasses
import datetime

from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import (
    certificate_forms as _certificate_forms,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.certificate_reading import (
    NO_RSA,
    Unreadable,
    as_der,
    certificates_in,
    require_cryptography,
    utc_text,
)

try:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import rsa
except ImportError:
    # require_cryptography reports it
    pass


@dataclasses.dataclass(frozen=True)
class PublicCertificate:
    """A certificate to register: its bytes, and its validity period in seconds since 1970 UTC."""

    der: bytes = dataclasses.field(repr=False)
    start: int
    end: int


def public_certificate(option: str, where: str, data: bytes) -> PublicCertificate:
    """The first certificate of a PEM text, or the one of a DER file, or either in base64.

    Raises `bad_request` for a certificate that Entra ID would refuse.
    """
    require_cryptography()
    try:
        certificates = certificates_in(_certificate_forms.plain(data))
    except Unreadable:
        certificates = []
    if not certificates:
        raise DefenderError(
            "bad_request",
            (
                f"{where} cannot be read as a certificate; {option} must be PEM or DER, without a"
                " private key."
            ),
            advice=f"Correct {option}.",
        )
    certificate = certificates[0]
    if not isinstance(certificate.public_key(), rsa.RSAPublicKey):
        raise DefenderError("bad_request", f"{where}: {NO_RSA}")
    end = certificate.not_valid_after_utc
    if end <= datetime.datetime.now(datetime.UTC):
        message = f"{where}: the certificate expired on {utc_text(end)}."
        raise DefenderError("bad_request", message, advice="Issue a new certificate.")
    start = int(certificate.not_valid_before_utc.timestamp())
    return PublicCertificate(as_der(certificate), start, int(end.timestamp()))


def issued_at(der: bytes) -> int | None:
    """The start of a certificate's validity in seconds since 1970; None if it cannot be read."""
    try:
        return int(x509.load_der_x509_certificate(der).not_valid_before_utc.timestamp())
    except (
        NameError,
        AttributeError,
        ValueError,
    ):  # no cryptography, an old version of it, or not a certificate
        return None
