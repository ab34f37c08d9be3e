# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Encrypts a secret in a module's result for its action, if the module runs on another machine.

A module returns its result on stdout, which connections display: `ssh` with `-vvv`, and in the log.
The action therefore passes the public key of a key pair that exists only during its task, and the
module encrypts its secrets for that key (ECDH on P-256 with an ephemeral key, HKDF, AES-GCM).
Nothing is stored on disk, and only a public key and ciphertext are displayed.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import base64
import json
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._scrub import SECRET_KEYS

try:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    CRYPTOGRAPHY_ERROR = None
except ImportError as e:
    CRYPTOGRAPHY_ERROR = e

# The public key is passed in the environment of the module's process, not as a module option.
VARIABLE: t.Final = "MSSP_DEFENDER_XDR_RESULT_KEY"
SEALED: t.Final = "sealed"
NONCE: t.Final = bytes(12)  # each message has its own key
Result = dict[str, t.Any]


class Reader:
    """The action's side: a key pair for one task."""

    def __init__(self) -> None:
        _check()
        self._private = ec.generate_private_key(ec.SECP256R1())

    @property
    def public_key(self) -> str:
        return _written(_bytes(self._private.public_key()))

    def opened(self, result: Result) -> Result:
        """The result with its secrets decrypted."""
        return {name: self._opened(name, value) for name, value in result.items()}

    def _opened(self, name: str, value: t.Any) -> t.Any:
        if name not in SECRET_KEYS or not isinstance(value, dict) or SEALED not in value:
            return value
        try:
            sender, message = map(base64.b64decode, value[SEALED].split("."))
            public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), sender)
            plain = _cipher(self._private, public).decrypt(NONCE, message, name.encode())
        except (ValueError, InvalidTag):
            raise DefenderError(
                "outcome_unknown",
                f"{name} was damaged on the way from the machine that ran the module.",
            ) from None
        return json.loads(plain)


class Writer:
    """The module's side.

    Create it before the module runs, so that no secret is created that cannot be returned.
    """

    def __init__(self, public_key: str | None) -> None:
        self._public: t.Any = None
        if public_key:
            _check()
            point = base64.b64decode(public_key)
            self._public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)

    def sealed(self, result: Result) -> Result:
        """The result with its secrets encrypted; unchanged if the action passed no key."""
        if self._public is None:
            return result
        secret = {name for name in SECRET_KEYS if result.get(name)}
        return {
            name: {SEALED: self._sealed(name, value)} if name in secret else value
            for name, value in result.items()
        }

    def _sealed(self, name: str, value: t.Any) -> str:
        private = ec.generate_private_key(ec.SECP256R1())
        plain = json.dumps(value).encode()
        message = _cipher(private, self._public).encrypt(NONCE, plain, name.encode())
        return f"{_written(_bytes(private.public_key()))}.{_written(message)}"


def _check() -> None:
    if CRYPTOGRAPHY_ERROR:
        raise DefenderError(
            "bad_request",
            "The Python package cryptography is not installed where the module runs.",
            advice="Run: pip install cryptography",
        )


def _cipher(private: t.Any, public: t.Any) -> t.Any:
    shared = private.exchange(ec.ECDH(), public)
    return AESGCM(HKDF(hashes.SHA256(), 32, salt=None, info=VARIABLE.encode()).derive(shared))


def _bytes(public: t.Any) -> bytes:
    form = serialization.PublicFormat.CompressedPoint
    return bytes(public.public_bytes(serialization.Encoding.X962, form))


def _written(value: bytes) -> str:
    return base64.b64encode(value).decode()
