# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The public part of a certificate: what is registered with the application.

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
    # require_cryptography says so
    pass


@dataclasses.dataclass(frozen=True)
class PublicCertificate:
    """What is registered of a certificate: its bytes, and its time of validity in seconds since
    1970 UTC."""

    der: bytes = dataclasses.field(repr=False)
    start: int
    end: int


def public_certificate(option: str, where: str, data: bytes) -> PublicCertificate:
    """The first certificate of a PEM text, or the one of a DER file, or either in base64.

    Raises `bad_request` for what Entra ID would not take.
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
        message = f"{where}: the certificate expired on {utc_text(end)}."
        raise DefenderError("bad_request", message, advice="Issue a new certificate.")
    start = int(found.not_valid_before_utc.timestamp())
    return PublicCertificate(as_der(found), start, int(end.timestamp()))


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
