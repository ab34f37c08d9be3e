# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of a list of machine actions.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils import _odata, _times
from ansible_collections.mssp.defender_xdr.plugins.module_utils._devices import actions as _actions
from ansible_collections.mssp.defender_xdr.plugins.module_utils._devices import pages as _pages
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError

# The options that choose actions, as a module's argument_spec has them.
FILTERS: t.Final[t.Mapping[str, t.Any]] = {
    "id": {"type": "list", "elements": "str"},
    "device": {"type": "str"},
    "type": {"type": "list", "elements": "str", "choices": list(_actions.TYPES)},
    "status": {"type": "list", "elements": "str", "choices": list(_actions.STATUSES)},
    "since": {"type": "str"},
}


def filter_texts(
    params: t.Mapping[str, t.Any], machine_id: str | None, *, at: int
) -> list[str | None]:
    """The `$filter` of each request for the options; None for all actions. Raises `bad_request`.

    :arg at: the time from which an age in `since` counts back, in ticks.
    """
    ids = [_odata.quote(identity(key)) for key in params["id"] or ()]
    since = _times.parse_time("since", params["since"], at=at) if params["since"] else None
    types = [_odata.quote(_actions.TYPES[name]) for name in params["type"] or ()]
    statuses = [_odata.quote(_actions.STATUSES[name]) for name in params["status"] or ()]
    rest = (
        f"machineId eq {_odata.quote(machine_id)}" if machine_id else None,
        _odata.any_of("type", types),
        _odata.any_of("status", statuses),
        _odata.between("creationDateTimeUtc", since, None),
    )
    return [
        _odata.all_of([_odata.any_of("id", batch), *rest]) for batch in _pages.batches(ids) or [()]
    ]


def identity(key: str) -> str:
    """The id of an action in lower case; raises `bad_request` for what is not a GUID."""
    if not _actions.ID.fullmatch(key.strip()):
        raise DefenderError(
            "bad_request",
            f"id is {key!r}, but the id of an action is a GUID.",
        )
    return key.strip().lower()
