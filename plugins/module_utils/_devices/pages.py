# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lists of the Endpoint API, page by page.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._shapes import Json
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import (
    ownership as _ownership,
)

if t.TYPE_CHECKING:
    from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.api import Api

MOST: t.Final = 10_000  # objects of a page
BATCH: t.Final = 50  # values in one filter, because a URL has a limit
Reader = t.Callable[[Json], Json]


def pages(api: Api, path: str, noun: str, normalized: Reader, text: str | None) -> list[Json]:
    """All objects of a filter. No next link is documented; a page that is not full is the last.

    :arg normalized: makes an object of a result out of one of the service.
    :arg text: the `$filter`, or None for all objects.
    """
    rows: list[Json] = []
    while True:
        params = {"$top": str(MOST)}
        if text:
            params["$filter"] = text
        if rows:
            params["$skip"] = str(len(rows))
        page = objects(api, api.get(path, params), noun, normalized)
        rows += page
        if len(page) < MOST:
            return rows


def batches(values: t.Sequence[str]) -> list[t.Sequence[str]]:
    """The values in parts of which each fits into one filter."""
    return [values[start : start + BATCH] for start in range(0, len(values), BATCH)]


def objects(api: Api, answer: Json, noun: str, normalized: Reader) -> list[Json]:
    """The objects of a response that is a list; raises `unavailable` for one without an id."""
    things = _ownership.objects(api.tenant.options, answer, noun)
    return [_with_id(api, noun, normalized(thing)) for thing in things]


def single(api: Api, answer: Json, noun: str, normalized: Reader) -> Json:
    """The object that a response is, with the same checks."""
    thing = _ownership.single(api.tenant.options, answer, noun)
    return _with_id(api, noun, normalized(thing))


def _with_id(api: Api, noun: str, thing: Json) -> Json:
    if not isinstance(thing.get("id"), str):
        raise DefenderError(
            "unavailable",
            f"Tenant {api.tenant.options.label}: the service returned one {noun} without an id.",
        )
    return thing
