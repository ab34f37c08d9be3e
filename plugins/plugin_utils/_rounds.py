# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Several objects of each tenant in rounds: a sweep runs its module once for each host, so the
first round has the first object of every host, the second one the second object, and so on.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import itertools
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._shapes import Json

MISSING: t.Final = object()
LOST: t.Final[Json] = {
    "category": "unavailable",
    "msg": "The task ended without a result for this tenant.",
    "who": "caller",
    "advice": "See the output of the task.",
}


def rounds(by_host: t.Mapping[str, t.Any]) -> list[Json]:
    """One dictionary by host for each round; only hosts that have an object left are in it.

    :arg by_host: a list for each host; a single value is a list of one.
    """
    lists = {
        host: things if isinstance(things, (list, tuple)) else [things]
        for host, things in by_host.items()
    }
    columns = itertools.zip_longest(*lists.values(), fillvalue=MISSING)
    return [
        {host: thing for host, thing in zip(lists, column, strict=True) if thing is not MISSING}
        for column in columns
    ]


def of_rows(rows: t.Iterable[Json]) -> list[Json]:
    """The rounds of rows with `host` and `id`: the ids by host."""
    by_host: dict[str, list[str]] = {}
    for row in rows:
        by_host.setdefault(row["host"], []).append(row["id"])
    return rounds(by_host)


class Answer(t.NamedTuple):
    """What a sweep of one round returned for one host: a result, or an error."""

    host: str
    item: t.Any
    result: Json | None
    error: Json | None


def answers(looped: t.Any) -> list[Answer]:
    """The answers to every round, from the registered results of a sweep in a loop.

    :arg looped: the list `results` of the registered variable; each member has the round as its
        loop item. Rounds that were skipped have no answers.
    """
    return [answer for swept in looped or () for answer in _of_round(swept)]


def _of_round(swept: Json) -> t.Iterator[Answer]:
    if swept.get("skipped"):
        return
    item = swept.get(str(swept.get("ansible_loop_var", "item")))
    if not isinstance(item, t.Mapping):
        raise DefenderError("bad_request", "The items of the loop must be rounds, by host.")
    for host, thing in item.items():
        yield Answer(host, thing, *outcome(swept, host))


def outcome(swept: Json, host: str) -> tuple[Json | None, Json | None]:
    """The result of a host in a sweep, or its error with `category` and `msg`."""
    result = (swept.get("results") or {}).get(host)
    if result is not None:
        return result, None
    return None, (swept.get("failures") or {}).get(host) or LOST
