# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The columns of a hunting answer, complete: no value of a row is without a column, whatever the
schema looks like.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import collections
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError

Column = dict[str, str]


def member(answer: t.Any, name: str) -> t.Any:
    """The member of a JSON object, however its name is capitalised; None where there is none.

    Microsoft's pages show `schema` and `Schema`, `name` and `Name` in the answers of one API.
    """
    if not isinstance(answer, dict):
        return None
    exact = answer.get(name)
    if exact is not None:
        return exact
    return next((value for key, value in answer.items() if key.lower() == name), None)


def from_schema(schema: t.Any) -> list[Column]:
    """`name` and `type` of each column that has a name; raises `ValueError` for what is no
    schema."""
    if not isinstance(schema, list) or not all(isinstance(column, dict) for column in schema):
        raise ValueError("no schema")
    columns = [
        {"name": str(member(column, "name") or ""), "type": str(member(column, "type") or "")}
        for column in schema
    ]
    return [column for column in columns if column["name"]]


def complete(columns: list[Column], names: t.Iterable[str]) -> list[Column]:
    """The columns of the schema, then those that only rows have, in the order of their appearance.

    Raises `bad_query` for two columns of one name, of which a row in JSON can hold only one.

    :arg names: every name that a row has a value for. Its type is unknown, which is an empty text.
    """
    counts = collections.Counter(column["name"] for column in columns)
    if doubled := next((name for name, count in counts.items() if count > 1), None):
        raise DefenderError(
            "bad_query",
            f"The answer has {counts[doubled]} columns with the name {doubled}, so values would be"
            " lost; rename all but one of them in the query, as with project-rename.",
        )
    return columns + [{"name": name, "type": ""} for name in names if name not in counts]
