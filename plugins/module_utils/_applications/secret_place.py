# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a new client secret is written, and where the current one is read.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import dataclasses

from ansible_collections.mssp.defender_xdr.plugins.module_utils import _files
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError


@dataclasses.dataclass(frozen=True)
class Place:
    """Where a new secret is written, and where the current one is read.

    :arg dest: a file for it.
    :arg returned: whether the result contains it as `secret_text`.
    :arg current: the secret in use at present, if there is no `dest`.
    """

    dest: str | None
    returned: bool
    current: str | None = dataclasses.field(default=None, repr=False)

    @property
    def name(self) -> str:
        """The option with the current secret, for messages."""
        return f"dest is {self.dest}, which" if self.dest is not None else "current_secret"

    def text(self) -> str | None:
        """The current secret; None if it cannot be read."""
        if self.dest is None:
            return self.current
        try:
            with open(self.dest, encoding="utf-8") as file:
                return file.read()
        except (OSError, ValueError):
            return None


def check(place: Place, *, valid_for: int, rotate_before: int) -> None:
    """Refuse options that create an unreadable secret, or a new secret on every run."""
    if not 0 <= rotate_before < valid_for:
        raise DefenderError(
            "bad_request",
            (
                f"rotate_before is {rotate_before}, but must be from 0 to less than valid_for"
                f" ({valid_for}), both in days."
            ),
        )
    if place.dest is None and not place.returned:
        raise DefenderError(
            "bad_request",
            (
                "type is secret, but a new secret can be read only once and the task does not"
                " keep it; register the task's result, or set dest or return_secret."
            ),
            advice=(
                "Add register: to the task and no_log: true to every task that uses the result,"
                " or set dest."
            ),
        )
    if place.dest is not None:
        _files.check(place.dest)
