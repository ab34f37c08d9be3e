# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files with credentials for tests, and what becomes of them."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import textwrap
import typing as t
from pathlib import Path

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import (
    credential as _credential,
)
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.papers import Pair
from cryptography.hazmat.primitives import serialization

PASSWORD = "a-password-that-is-long-and-unique"


DER = serialization.Encoding.DER


@dataclasses.dataclass
class Desk:
    """Where the tests lay their files."""

    folder: Path

    def put(self, name: str, content: bytes) -> str:
        path = self.folder / name
        path.write_bytes(content)
        return str(path)


def signer(credential: dict[str, t.Any]) -> _credential.Signer:
    found = _credential.read(credential)
    assert isinstance(found, _credential.Signer)
    return found


def is_of(found: _credential.Signer, pair: Pair) -> bool:
    thumbprint = hashlib.sha256(pair.certificate.public_bytes(DER)).hexdigest()
    return (
        found.thumbprint == thumbprint and found.key.private_numbers() == pair.key.private_numbers()
    )


def refused(credential: dict[str, t.Any]) -> DefenderError:
    with pytest.raises(DefenderError) as caught:
        _credential.read(credential)
    return caught.value


def base64_text(content: bytes, *, width: int = 0) -> str:
    text = base64.b64encode(content).decode()
    return "\n".join(textwrap.wrap(text, width)) if width else text


WRAPPINGS: dict[str, t.Callable[[bytes], bytes]] = {
    "base64": lambda content: base64_text(content).encode(),
    "base64 with line breaks": lambda content: base64_text(content, width=64).encode() + b"\r\n",
    "base64 with marks": lambda content: b"\xef\xbb\xbf" + base64_text(content).encode(),
    "base64 in UTF-16": lambda content: base64_text(content, width=76).encode("utf-16"),
    "base64 with two characters for a line end": lambda content: (
        base64_text(content, width=64).replace("\n", "\\n").encode()
    ),
    "base64 without padding": lambda content: base64_text(content).rstrip("=").encode(),
    "base64 for URLs": base64.urlsafe_b64encode,
}


PEM_WRAPPINGS: dict[str, t.Callable[[bytes], bytes]] = {
    **WRAPPINGS,
    "two characters for a line end": lambda pem: pem.replace(b"\n", b"\\n"),
    "four characters for a line end": lambda pem: pem.replace(b"\n", b"\\r\\n"),
    "no line ends": lambda pem: pem.replace(b"\n", b" "),
    "old line ends": lambda pem: pem.replace(b"\n", b"\r"),
    "Windows line ends and a mark": lambda pem: b"\xef\xbb\xbf" + pem.replace(b"\n", b"\r\n"),
    "UTF-16": lambda pem: pem.decode().encode("utf-16"),
    "indented": lambda pem: textwrap.indent(pem.decode(), "    ").encode(),
    "comments": lambda pem: "Bag Attributes\n  friendlyName: Müller\n".encode("latin-1") + pem,
}


def given_both_ways(desk: Desk, content: bytes, **more: str) -> list[dict[str, t.Any]]:
    """The certificate as a file and, where it is text, as text."""
    ways: list[dict[str, t.Any]] = [{"certificate_path": desk.put("app", content), **more}]
    if content.isascii():
        ways.append({"certificate": content.decode(), **more})
    return ways


def key_der(pair: Pair, password: str | None = None) -> bytes:
    how: t.Any = serialization.NoEncryption()
    if password:
        how = serialization.BestAvailableEncryption(password.encode())
    form = serialization.PrivateFormat.PKCS8
    return t.cast("bytes", pair.key.private_bytes(DER, form, how))
