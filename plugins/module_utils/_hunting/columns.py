# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The complete columns of a hunting response: every value of a row has a column, whatever the
schema contains.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import collections
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError

Column = dict[str, str]


def member(answer: t.Any, name: str) -> t.Any:
    """The member of a JSON object, ignoring the case of its name; None if missing.

    Microsoft's pages show `schema` and `Schema`, `name` and `Name` in responses of the same API.
    """
    if not isinstance(answer, dict):
        return None
    exact = answer.get(name)
    if exact is not None:
        return exact
    return next((value for key, value in answer.items() if key.lower() == name), None)


def from_schema(schema: t.Any) -> list[Column]:
    """`name` and `type` of each column that has a name; raises `ValueError` for an invalid
    schema."""
    if not isinstance(schema, list) or not all(isinstance(column, dict) for column in schema):
        raise ValueError("no schema")
    columns = [
        {"name": str(member(column, "name") or ""), "type": str(member(column, "type") or "")}
        for column in schema
    ]
    return [column for column in columns if column["name"]]


def complete(columns: list[Column], names: t.Iterable[str]) -> list[Column]:
    """The columns of the schema, followed by those that only rows have, in order of appearance.

    Raises `bad_query` for two columns with one name, because a JSON row can hold only one of them.

    :arg names: every name for which a row has a value. An unknown type is an empty text.
    """
    counts = collections.Counter(column["name"] for column in columns)
    if doubled := next((name for name, count in counts.items() if count > 1), None):
        raise DefenderError(
            "bad_query",
            f"The response has {counts[doubled]} columns named {doubled}, so values would be lost;"
            " rename all but one of them in the query, for example with project-rename.",
        )
    return columns + [{"name": name, "type": ""} for name in names if name not in counts]
