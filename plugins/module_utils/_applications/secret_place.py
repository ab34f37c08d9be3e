# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a new client secret is written, and how the present one is known.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import dataclasses

from ansible_collections.mssp.defender_xdr.plugins.module_utils import _files
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError


@dataclasses.dataclass(frozen=True)
class Place:
    """Where a new secret goes, and how the present one is known.

    :arg dest: a file for it.
    :arg returned: whether it is in the result as `secret_text`.
    :arg current: the secret that its users have at present, where `dest` does not tell.
    """

    dest: str | None
    returned: bool
    current: str | None = dataclasses.field(default=None, repr=False)

    @property
    def name(self) -> str:
        """How messages name what holds the present secret."""
        return f"dest is {self.dest}, which" if self.dest is not None else "current_secret"

    def text(self) -> str | None:
        """The present secret, None where it cannot be read."""
        if self.dest is None:
            return self.current
        try:
            with open(self.dest, encoding="utf-8") as file:
                return file.read()
        except (OSError, ValueError):
            return None


def check(place: Place, *, valid_for: int, rotate_before: int) -> None:
    """Refuse to make a secret that nobody could ever read, or one on every run, before anything is
    sent."""
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
                "type is secret, and a new one can be read only once, but nothing takes it here:"
                " register the task's result, or set dest or return_secret."
            ),
            advice=(
                "Add register: to the task, with no_log: true on every task that uses it; or"
                " set dest."
            ),
        )
    if place.dest is not None:
        _files.check(place.dest)
