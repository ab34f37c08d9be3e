# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options `limit` and `fields` of the modules that list.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._shapes import Json


def check(params: t.Mapping[str, t.Any], noun: str, fields: t.Collection[str]) -> None:
    """Raise `bad_request` for a negative limit, or a field that the objects do not have.

    :arg noun: with its article, such as `an incident`.
    """
    if params["limit"] < 0:
        raise DefenderError(
            "bad_request",
            f"limit is {params['limit']}, but must be a number of {noun.split()[-1]}s, or 0 for all"
            " of them.",
        )
    if strange := [name for name in params.get("fields") or [] if name not in fields]:
        raise DefenderError(
            "bad_request",
            (
                f"fields names {', '.join(strange)}, but must list only fields of {noun}:"
                f" {', '.join(fields)}."
            ),
        )


def chosen(thing: Json, fields: t.Collection[str] | None) -> Json:
    """The object with only these fields and its id; whole without fields."""
    if not fields:
        return thing
    return {name: value for name, value in thing.items() if name == "id" or name in fields}
