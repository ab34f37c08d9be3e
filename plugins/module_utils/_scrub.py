# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Removes the secrets of a call from its result, and leaves everything else unchanged.

In messages, warnings and tracebacks, secrets and everything that looks like a token are masked. In
the data of a successful result, only the secrets of this call are masked, with a warning.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import contextlib
import json
import re
import traceback
import typing as t
from urllib.parse import quote_plus

from ansible_collections.mssp.defender_xdr.plugins.module_utils._credential_text import (
    decoded,
    trimmed,
)

FACTS: t.Final = "_defender_xdr_facts"  # the attribute of an exception
HIDDEN: t.Final = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"
TOKEN = re.compile(r"eyJ[\w-]{8,}\.[\w-]+\.[\w-]*|(?i:bearer\s+)[\w.~+/=-]{16,}")
# Top-level keys of a result whose values are secrets that the caller requested.
SECRET_KEYS: t.Final = ("access_token", "secret_text")
# A shorter secret may be part of other values: a certificate_password of 1234 is in many ids.
LEAST: t.Final = 16
# A shorter secret is masked in text only as a whole word: a gap in a GUID would reveal it.
LEAST_INSIDE: t.Final = 8
PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----(.+?)-----END", re.DOTALL)
LOGIN = re.compile(r"(?<=://)[^/?#]*@")
# Options that name a file with a secret.
FILES: t.Final = ("client_secret_file", "assertion_file", "certificate_path", "private_key_path")


def secrets_of(
    spec: t.Mapping[str, t.Mapping[str, t.Any]], params: t.Mapping[str, t.Any]
) -> list[str]:
    """The values of this call's `no_log` options in every form that may be shown."""
    return forms(
        str(params[name]) for name in spec if spec[name].get("no_log") and params.get(name)
    )


def secrets_in_files(params: t.Mapping[str, t.Any]) -> list[str]:
    """The contents of a credential's files: a secret, an assertion, a private key as PEM."""
    contents = []
    for option in FILES:
        with contextlib.suppress(OSError, ValueError):
            with open(params.get(option) or "", "rb") as f:
                content = decoded(f.read()) or ""
            if not option.startswith("certificate") or PRIVATE_KEY.search(content):
                contents.append(content)
    return forms(contents)


def forms(values: t.Iterable[str]) -> list[str]:
    """Each secret in plain text, URL-encoded, as JSON, and line by line; the longest first.

    Of a PEM text, only the lines of its private key are secret.
    """
    variants = set()
    for value in values:
        secret = PRIVATE_KEY.findall(value) if "-----BEGIN" in value else [value]
        lines = (line.strip() for part in secret for line in part.splitlines())
        for form in (value, trimmed(value)):
            variants |= {form, quote_plus(form), json.dumps(form)[1:-1]}
        variants |= {line for line in lines if len(line) >= LEAST}
    return sorted(variants - {""}, key=lambda form: (-len(form), form))


def text(value: str, secrets: t.Iterable[str]) -> str:
    """A message or other text with its secrets and tokens masked."""
    for secret in sorted(secrets, key=len, reverse=True):
        pattern = re.escape(secret)
        if len(secret) < LEAST_INSIDE:
            pattern = rf"(?<![\w-]){pattern}(?![\w-])"
        value = re.sub(pattern, HIDDEN, value)
    return TOKEN.sub(HIDDEN, value)


def result(unmasked: dict[str, t.Any], secrets: t.Sequence[str]) -> dict[str, t.Any]:
    """A result of plain JSON values with its secrets masked.

    In a failure, tokens are masked too. The data of a success belongs to the customer: only secrets
    of this call are masked, and a warning contains the number of masked values.
    """
    long = [secret for secret in secrets if len(secret) >= LEAST]

    def as_text(value: str) -> str:
        return text(value, long)

    if unmasked.get("failed"):
        return t.cast("dict[str, t.Any]", _with_strings(unmasked, as_text))
    mask = _Mask(long)
    data = {
        name: member if name in SECRET_KEYS else _with_strings(member, mask)
        for name, member in unmasked.items()
        if name != "warnings"
    }
    warnings = [*_with_strings(unmasked.get("warnings", []), as_text), *mask.warnings(data)]
    return {**data, **({"warnings": warnings} if warnings else {})}


def arguments(
    spec: t.Mapping[str, t.Mapping[str, t.Any]],
    params: t.Mapping[str, t.Any],
    secrets: t.Sequence[str],
) -> dict[str, t.Any]:
    """A module's parameters with their secrets masked."""

    def as_text(value: str) -> str:
        return LOGIN.sub("***@", text(value, secrets))

    hidden = {name for name in params if spec.get(name, {}).get("no_log") and params[name]}
    return {
        name: HIDDEN if name in hidden else _with_strings(value, as_text)
        for name, value in params.items()
    }


def crash(error: BaseException, secrets: t.Sequence[str]) -> dict[str, t.Any]:
    """A failed result for an unexpected exception, with its traceback, and with what `keep` added
    to it."""
    reason = text(f"{type(error).__name__}: {error}", secrets)
    kept = _with_strings(facts_of(error), lambda value: text(value, secrets))
    return {
        "failed": True,
        "changed": False,
        "msg": f"The module failed with an unexpected error: {reason}",
        "exception": text("".join(traceback.format_exception(error)), secrets),
        **kept,
    }


def keep(error: BaseException, facts: t.Mapping[str, t.Any]) -> None:
    """Add keys for the failed result to an unexpected exception."""
    error.__dict__[FACTS] = dict(facts)


def facts_of(error: BaseException) -> dict[str, t.Any]:
    """The keys that `keep` added."""
    return dict(error.__dict__.get(FACTS, {}))


class _Mask:
    """Masks the secrets of a call in data, and counts the masked values."""

    def __init__(self, secrets: t.Collection[str]) -> None:
        # no regular expression: to compile one of the size of a token takes longer than the request
        self._secrets = sorted(secrets, key=len, reverse=True)
        self._least = min(map(len, secrets), default=0)
        self._count = 0

    def __call__(self, value: str) -> str:
        if len(value) < self._least:
            return value
        masked = value
        for secret in self._secrets:
            if secret in masked:
                masked = masked.replace(secret, HIDDEN)
        self._count += masked != value
        return masked

    def warnings(self, data: t.Mapping[str, t.Any]) -> list[str]:
        if not self._count:
            return []
        tenant = (data.get("tenant") or {}).get("name")
        of_tenant = f" of tenant {tenant}" if tenant else ""
        values = "1 value" if self._count == 1 else f"{self._count} values"
        return [
            f"{values} in the result{of_tenant} contained a secret of this call (its credential or "
            f"its token), which was replaced with {HIDDEN}; all other data is unchanged."
        ]


def _with_strings(value: t.Any, change: t.Callable[[str], str]) -> t.Any:
    """The JSON value with every string changed; keys that become equal stay distinct."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        changed: dict[str, t.Any] = {}
        for name, member in value.items():
            key = change(str(name))
            while key in changed:
                key += "_"
            changed[key] = _with_strings(member, change)
        return changed
    if isinstance(value, (list, tuple)):
        return [_with_strings(member, change) for member in value]
    return value
