# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which determinations belong to which classification of an incident or alert.

Source: learn.microsoft.com/defender-xdr/api-update-incidents, in the words of Graph's metadata.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils import _odata
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError

DETERMINATIONS: t.Final[t.Mapping[str, tuple[str, ...]]] = {
    "true_positive": (
        "multi_staged_attack",
        "malicious_user_activity",
        "compromised_account",
        "malware",
        "phishing",
        "unwanted_software",
        "other",
    ),
    "informational_expected_activity": (
        "security_testing",
        "line_of_business_application",
        "confirmed_activity",
        "other",
    ),
    "false_positive": ("not_malicious", "not_enough_data_to_validate", "other"),
}
# Spellings of the reference pages and of the older API.
SAME: t.Final[t.Mapping[str, str]] = {
    "clean": "not_malicious",
    "no_enough_data_to_validate": "not_enough_data_to_validate",
    "insufficient_data": "not_enough_data_to_validate",
    "compromised_user": "compromised_account",
    "confirmed_user_activity": "confirmed_activity",
}
KNOWN: t.Final = frozenset(word for words in DETERMINATIONS.values() for word in words)


def determination(word: str) -> str:
    """The determination in the words of Graph's metadata, from any spelling of Microsoft's pages; a
    word that nobody knows stays the same word."""
    name = _odata.snake(word)
    return SAME.get(name, name)


def check(word: str, classification: str | None) -> None:
    """Raise `bad_request` for a determination that belongs to another classification.

    :arg classification: given by the task, or of the object as it stands. If it is none of the
        three, any determination goes to the service, as does a word that nobody knows.
    """
    fitting = DETERMINATIONS.get(classification or "")
    if fitting is None or word in fitting or word not in KNOWN:
        return
    raise DefenderError(
        "bad_request",
        (
            f"determination is {word}, which does not belong to the classification"
            f" {classification}; use one of {', '.join(fitting)}, or set classification too."
        ),
    )
