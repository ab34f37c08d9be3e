# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Credentials as text: read from files, trimmed, and checked for invalid characters.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import codecs
import typing as t
import unicodedata

from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError

BOM: t.Final = "\ufeff"
UTF_16: t.Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
PRINTABLE: t.Final = range(0x20, 0x7F)  # VSCHAR of RFC 6749, appendix A


def unusable(message: str, advice: str, *, category: str = "bad_credentials") -> DefenderError:
    """The error for a credential that cannot be used; nothing was sent."""
    return DefenderError(category, message, who="caller", advice=advice)


def file_bytes(option: str, path: str) -> bytes:
    """The content of the file that an option names."""
    try:
        with open(path, "rb") as f:
            return f.read()
    except OSError as e:
        message = f"{option} is {path}, which cannot be read: {e.strerror}."
        raise unusable(message, "Correct the path or the file's permissions.") from None
    except ValueError:
        message = f"{option} is {path!r}, which is not a valid path."
        raise unusable(message, f"Correct {option}.") from None


def file_text(option: str, path: str) -> str:
    """The text of a file in UTF-8 or UTF-16, without byte order marks and white space at its
    ends."""
    where = f"{option} is {path}"
    text = decoded(file_bytes(option, path))
    if text is None:
        raise unusable(
            f"{where}, which is not UTF-8 text.", "Save the file as plain text in UTF-8."
        )
    text = trimmed(text)
    if not text:
        raise unusable(f"{where}, which is empty.", "Write the credential into that file.")
    return text


def decoded(content: bytes) -> str | None:
    """Bytes as text: UTF-8, or UTF-16 with a byte order mark, as PowerShell writes it; otherwise
    None."""
    name = "utf-16" if content.startswith(UTF_16) else "utf-8-sig"
    try:
        text = content.decode(name)
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text


def trimmed(text: str) -> str:
    """The text without white space, line ends and byte order marks at its ends."""
    before = None
    while text != before:
        before, text = text, text.strip().strip(BOM)
    return text


def checked(where: str, text: str) -> str:
    """A secret without byte order marks and white space at its ends.

    Raises `bad_credentials` for an invalid character, with its position and code point, but never
    with the secret.
    """
    secret = trimmed(text)
    for position, character in enumerate(secret, start=1):
        if ord(character) not in PRINTABLE:
            name = unicodedata.name(character, "a control character").lower()
            raise unusable(
                (
                    f"{where}: the character at position {position} is U+{ord(character):04X}"
                    f" ({name}); a secret may contain only printable ASCII characters."
                ),
                (
                    "Copy the secret again, without quotation marks, line breaks or invisible"
                    " characters."
                ),
            )
    if not secret:
        raise unusable(f"{where} is empty.", "Provide the secret.")
    if (secret[0], secret[-1]) in (("{", "}"), ("[", "]")):
        advice = (
            "Use the secret itself, for example the field of the lookup's result that contains it."
        )
        raise unusable(f"{where} is a dictionary or a list, but must be a string.", advice)
    return secret
