# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""OData filters and names: safe quoting of values, and conversion of camelCase and snake_case.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import functools
import re
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._times import format_time

# compiled at import, so that forked workers inherit it
WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def quote(value: str) -> str:
    """An OData string literal in single quotes, with inner quotes doubled (OData 4.01 ABNF,
    SQUOTE-in-string)."""
    return "'" + value.replace("'", "''") + "'"


def any_of(name: str, literals: t.Iterable[str]) -> str | None:
    """`(name eq a or name eq b)`, or None without literals."""
    tests = [f"{name} eq {literal}" for literal in literals]
    return f"({' or '.join(tests)})" if len(tests) > 1 else tests[0] if tests else None


def all_of(tests: t.Iterable[str | None]) -> str | None:
    """The tests joined by `and`, without empty ones; None if all are empty."""
    return " and ".join(test for test in tests if test) or None


def between(name: str, since: int | None, before: int | None) -> str | None:
    """`name ge since and name lt before` for ticks, without bounds that are None."""
    bounds = (("ge", since), ("lt", before))
    return all_of(
        f"{name} {operator} {format_time(ticks)}" for operator, ticks in bounds if ticks is not None
    )


@functools.lru_cache(maxsize=4096)
def snake(name: str) -> str:
    """`lastUpdateDateTime` and `LastUpdateDateTime` become `last_update_date_time`, and
    `@odata.type` becomes `odata_type`."""
    name = name.lstrip("@#").replace(".", "_")
    return WORDS.sub("_", name).lower()


def snake_names(value: t.Any) -> t.Any:
    """The value with the names of all objects in it in snake_case; other text stays as it is."""
    if isinstance(value, list):
        return [snake_names(member) for member in value]
    if isinstance(value, dict):
        return {snake(name): snake_names(member) for name, member in value.items()}
    return value


def camel(name: str) -> str:
    """`in_progress` becomes `inProgress`, as Graph spells enum values."""
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)


def pascal(name: str) -> str:
    """`in_progress` becomes `InProgress`, as the older API spells enum values."""
    return "".join(word.capitalize() for word in name.split("_"))
