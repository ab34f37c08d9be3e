# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Credentials as text: read from files, freed of marks and white space at their ends, and checked
for stray characters.

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
    """The error for a credential that cannot be used as it was given; nothing was sent."""
    return DefenderError(category, message, who="caller", advice=advice)


def file_bytes(option: str, path: str) -> bytes:
    """The content of a file that an option names."""
    try:
        with open(path, "rb") as f:
            return f.read()
    except OSError as e:
        message = f"{option} is {path}, which cannot be read: {e.strerror}."
        raise unusable(message, "Correct the path or the file's permissions.") from None
    except ValueError:
        message = f"{option} is {path!r}, which cannot be the path of a file."
        raise unusable(message, f"Correct {option}.") from None


def file_text(option: str, path: str) -> str:
    """The text of a file, without marks and white space at its ends; it may be in UTF-8 or
    UTF-16."""
    where = f"{option} is {path}"
    text = decoded(file_bytes(option, path))
    if text is None:
        raise unusable(
            f"{where}, which is not text in UTF-8.", "Write the file as plain text in UTF-8."
        )
    text = trimmed(text)
    if not text:
        raise unusable(f"{where}, which is empty.", "Write the credential into that file.")
    return text


def decoded(content: bytes) -> str | None:
    """Bytes as text: UTF-8, or UTF-16 with its mark, as PowerShell writes it; None for what is
    neither."""
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
    """A secret without marks and white space at its ends.

    Raises `bad_credentials` for a character that no secret holds, by position and code point, never
    by the secret.
    """
    secret = trimmed(text)
    for position, character in enumerate(secret, start=1):
        if ord(character) not in PRINTABLE:
            name = unicodedata.name(character, "a control character").lower()
            raise unusable(
                (
                    f"{where}: the character at position {position} is U+{ord(character):04X}"
                    f" ({name}); a secret holds printable ASCII characters only."
                ),
                (
                    "Copy the secret again, without quotation marks, line breaks and invisible"
                    " characters."
                ),
            )
    if not secret:
        raise unusable(f"{where} is empty.", "Give the secret.")
    if (secret[0], secret[-1]) in (("{", "}"), ("[", "]")):
        advice = "Give the text itself, such as the member of a look-up's result that holds it."
        raise unusable(f"{where} is a dictionary or a list in place of text.", advice)
    return secret
