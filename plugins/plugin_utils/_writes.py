# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The records of writes on their way from a worker to the callback `audit`.

They are in the result as `writes`. Core hands callbacks no result that `no_log` hides, and none of
a task that exceeded its `timeout`. For these, the worker adds the records to the task's variables,
which core returns with every result.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import contextlib
import typing as t

from ansible import constants
from ansible_collections.mssp.defender_xdr.plugins.module_utils import _scrub
from ansible_collections.mssp.defender_xdr.plugins.module_utils._shapes import Json

CALLBACK: t.Final = "mssp.defender_xdr.audit"
VARIABLE: t.Final = "_defender_xdr_writes"
C: t.Any = constants  # its names come out of core's configuration


def by_tenant(result: t.Mapping[str, t.Any]) -> list[Json]:
    """The records in a module's or a sweep's result, as `[{tenant, module, writes}]`.

    `module` is None unless the result says which one it was, as when a sweep applies a plan.
    """
    places = [result]
    for key in ("results", "failures"):
        if isinstance(result.get(key), dict):
            places += [inner for inner in result[key].values() if isinstance(inner, dict)]
    return [
        {
            "tenant": place.get("tenant") or {},
            "module": result.get("module"),
            "writes": place["writes"],
        }
        for place in places
        if isinstance(place.get("writes"), list) and place["writes"]
    ]


@contextlib.contextmanager
def handing_over(task: t.Any) -> t.Iterator[Json]:
    """Receives the result of the task, and adds its records to the task's variables if the callback
    is enabled and core will not hand it the result."""
    result: Json = {}
    if VARIABLE in task.vars:  # of an earlier attempt
        task.vars = {name: value for name, value in task.vars.items() if name != VARIABLE}
    try:
        yield result
    except BaseException as e:
        _add(task, by_tenant(_scrub.facts_of(e)))
        raise
    if task.no_log or result.get("_ansible_no_log"):
        _add(task, by_tenant(result))


def handed_over(task_fields: t.Mapping[str, t.Any]) -> list[Json] | None:
    """The records that `handing_over` added; None if it added none."""
    return (task_fields.get("vars") or {}).get(VARIABLE)


def _add(task: t.Any, records: list[Json]) -> None:
    if records and CALLBACK in (C.CALLBACKS_ENABLED or ()):
        task.vars = {**task.vars, VARIABLE: records}
