# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The application's credential from its options and files: read and checked, without any request.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import hashlib
import hmac
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._credential_text import (
    checked,
    file_bytes,
    file_text,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.certificate_signer import (
    Signer,
    signer,
)

__all__ = ["Signer", "fingerprint", "read"]
FILES: t.Final = ("client_secret_file", "assertion_file", "certificate_path", "private_key_path")


def read(credential: t.Mapping[str, t.Any]) -> str | Signer | t.Callable[[], str]:
    """The secret, the signer of assertions, or a function that reads the federated assertion."""
    if "client_secret" in credential:
        return checked("client_secret", str(credential["client_secret"]))
    if "client_secret_file" in credential:
        return _secret_of_file("client_secret_file", credential)
    if "assertion_file" in credential:
        return lambda: _secret_of_file("assertion_file", credential)
    return signer(credential)


def fingerprint(credential: t.Mapping[str, t.Any], salt: str) -> str:
    """Distinguishes credentials in a file that must not contain them: 64 bits of an HMAC with the
    salt of that file."""
    text = "\n".join(f"{name}={value}" for name, value in sorted(credential.items()))
    for name in FILES:
        if name in credential:
            text += f"\n{hashlib.sha256(file_bytes(name, credential[name])).hexdigest()}"
    content = text.encode("utf-8", "surrogateescape")
    return hmac.new(salt.encode(), content, hashlib.sha256).hexdigest()[:16]


def _secret_of_file(option: str, credential: t.Mapping[str, t.Any]) -> str:
    path = credential[option]
    return checked(f"{option} {path}", file_text(option, path))
