# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The forms of a certificate: PEM, DER or PFX, as bytes or base64, also with damaged line ends.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import base64
import binascii
import re
import textwrap
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._credential_text import (
    decoded,
    trimmed,
)

BLOCK = re.compile(rb"-----BEGIN ([A-Z0-9 #]+)-----(.*?)-----END \1-----", re.S)
BASE64 = re.compile(r"[A-Za-z0-9+/_-]+={0,2}")
SEQUENCE: t.Final = 0x30  # the first byte of DER and of PFX


def plain(content: bytes) -> bytes:
    """PEM with proper line ends, or DER, unwrapped; bytes of an unknown form are returned
    unchanged."""
    for _depth in range(3):
        if b"-----BEGIN" in content:
            return _with_line_ends(content)
        text = decoded(content)
        if text is None:
            return content
        content = trimmed(text).encode()
        if b"-----BEGIN" not in content:
            inner = _from_base64(content.decode())
            if inner is None:
                return content
            content = inner
    return content


def blocks(pem: bytes) -> list[tuple[str, bytes]]:
    """The blocks of a PEM text, each with its label."""
    return [(match[1].decode(), match[0] + b"\n") for match in BLOCK.finditer(pem)]


def _with_line_ends(pem: bytes) -> bytes:
    """PEM with its line ends restored if they are missing, indented, or the two characters \\n."""
    pem = pem.replace(rb"\r\n", b"\n").replace(rb"\n", b"\n").replace(rb"\r", b"\n")
    rebuilt = [_rebuilt(match) for match in BLOCK.finditer(pem)]
    return b"".join(rebuilt) if rebuilt else pem


def _rebuilt(match: re.Match[bytes]) -> bytes:
    label, body = match[1].decode(), match[2].decode("ascii", "replace")
    lines = textwrap.wrap("".join(body.split()), 64)
    if ":" in body:
        # an older form of encrypted key, whose headers are on separate lines
        lines = [line.strip() for line in body.strip().splitlines()]
    return "\n".join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""]).encode()


def _from_base64(text: str) -> bytes | None:
    squeezed = "".join(re.sub(r"\\[rn]", "", text).split())
    if not BASE64.fullmatch(squeezed):
        return None
    padded = squeezed.rstrip("=") + "=" * (-len(squeezed.rstrip("=")) % 4)
    try:
        inner = base64.b64decode(padded.translate(str.maketrans("-_", "+/")), validate=True)
    except (binascii.Error, ValueError):
        return None
    # many words are valid base64; the content must look like a certificate
    return inner if inner[:1] == bytes([SEQUENCE]) or b"-----BEGIN" in inner else None
