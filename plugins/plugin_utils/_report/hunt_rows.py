# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rows of hunts in a report: what a person sees first, which devices and accounts they are
about, and the files that keep them below the report.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import dataclasses
import os
import typing as t
import urllib.parse

from ansible_collections.mssp.defender_xdr.plugins.module_utils import _files
from ansible_collections.mssp.defender_xdr.plugins.module_utils._shapes import Json
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report import entities as _entities
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report import facts as _facts
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report import (
    indicators as _indicators,
)
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report.indicators import Row

FOLDER: t.Final = "hunts"  # below the report
FIRST: t.Final = 3  # rows shown of a tenant
MOST: t.Final = 30  # rows shown of a hunt


@dataclasses.dataclass
class Rows:
    """What the rows of all hunts say.

    :arg shown: by hunt the first rows of each tenant, each with its host and its entities.
    :arg hunts_by_entity: by host and entity, the hunts with rows about it.
    :arg shared: indicators of more than one tenant.
    :arg places: by hunt the file of its rows, relative to the report.
    """

    shown: dict[str, list[tuple[str, Json, set[_entities.Key]]]] = dataclasses.field(
        default_factory=dict
    )
    hunts_by_entity: dict[str, dict[_entities.Key, list[str]]] = dataclasses.field(
        default_factory=dict
    )
    shared: list[Json] = dataclasses.field(default_factory=list)
    places: dict[str, str] = dataclasses.field(default_factory=dict)


def read(hunts: t.Mapping[str, Json], hosts: t.Mapping[str, str], dest: str | None) -> Rows:
    """Read all rows once.

    :arg hosts: by tenant id the host.
    :arg dest: the folder of the report.
    """
    rows = Rows()
    rows.shared = _indicators.shared(_noting(_facts.found(hunts, hosts), rows))
    if dest:
        rows.places = {name: _place(name, hunts[name], dest) for name in rows.shown}
    return rows


def _noting(found: t.Iterable[Row], rows: Rows) -> t.Iterator[Row]:
    """The same rows, each noted on the way."""
    of_tenant: dict[tuple[str, str], int] = {}
    for name, host, row in found:
        keys = _entities.keys_of_row(row)
        for key in keys:
            hunts = rows.hunts_by_entity.setdefault(host, {}).setdefault(key, [])
            if name not in hunts:
                hunts.append(name)
        shown = rows.shown.setdefault(name, [])
        number = of_tenant.get((name, host), 0)
        if number < FIRST and len(shown) < MOST:
            of_tenant[name, host] = number + 1
            shown.append((host, _entities.shown_row(row), keys))
        yield name, host, row


def _place(name: str, hunt: Json, dest: str) -> str:
    """Where the rows are kept: where the hunt wrote them if that is below the report, else in a
    copy."""
    source = os.path.realpath(str(hunt.get("dest") or ""))
    if hunt.get("dest") and source.startswith(os.path.realpath(dest) + os.sep):
        return os.path.relpath(source, os.path.realpath(dest))
    # a name out of a file may hold anything, also a way out of the folder
    return os.path.join(
        FOLDER, f"{urllib.parse.quote(name, safe='', errors='surrogatepass')}.ndjson"
    )


def keep(
    hunts: t.Mapping[str, Json],
    rows: Rows,
    tenants: t.Mapping[str, Json],
    dest: str,
    *,
    check_mode: bool,
) -> bool:
    """Copy the rows that are not below the report yet; whether that changes a file, or would.

    A report on some tenants gets the rows of these tenants only, whatever the hunt found.

    :arg tenants: by host `tenant_id` and `tenant_name`.
    """
    changed = False
    hosts = {str(tenant["tenant_id"]).lower(): host for host, tenant in tenants.items()}
    for name, place in rows.places.items():
        hunt, path = hunts[name], os.path.join(dest, place)
        if hunt.get("dest") and os.path.realpath(path) == os.path.realpath(str(hunt["dest"])):
            continue
        if not check_mode:
            os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
            _files.check(path)
        with _files.draft(path, check_mode=check_mode) as draft:
            for _name, host, row in _facts.found({name: hunt}, hosts):
                draft.file.write(_files.json_line({**row, **tenants[host]}))
            changed |= draft.would_change() if check_mode else draft.keep()
    return changed
