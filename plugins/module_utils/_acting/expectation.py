# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a plan or dry run saw of an object, and would make of it: one that differs is not changed.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._shapes import Json


class HasExpectation(t.Protocol):
    """A tenant whose `expected` are the states of the object before and after the change."""

    expected: tuple[Json, Json] | None


def check(tenant: HasExpectation, name: str, before: Json, after: Json) -> None:
    """Raise `conflict` unless the object is as it was seen, or as it would be made.

    Only the first call checks: later looks see what this task itself has changed.

    :arg name: the object in the message.
    :arg before: its state now.
    :arg after: its state as it would be made now.
    """
    expected, tenant.expected = tenant.expected, None
    if expected is None or (after == expected[1] and before in expected):
        return
    then = expected[0]
    parts = [part for part in {**then, **before} if then.get(part) != before.get(part)]
    values = ", ".join(f"{part} is {before.get(part)!r}, not {then.get(part)!r}" for part in parts)
    raise DefenderError(
        "conflict",
        f"{name[:1].upper()}{name[1:]} is no longer as it was in the plan or dry run"
        f" ({values or 'the change would be another one'}), so it was not changed; start again from"
        " there.",
    )
