# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What was asked of the tenants, and when, as the roles remember it.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._shapes import Json
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report.inputs import Tenant


def questions(tenants: t.Sequence[Tenant], hunts: t.Mapping[str, Json]) -> list[Json]:
    """Every question of the roles with its time; equal questions once."""
    said: list[Json] = []
    for one in tenants:
        question = (one.incidents or {}).get("asked")
        if question and not any(
            each["what"] == "incidents" and each["how"] == question for each in said
        ):
            said.append(
                {
                    "what": "incidents",
                    "at": str((one.incidents or {}).get("at") or ""),
                    "how": question,
                }
            )
    for name, hunt in hunts.items():
        how = {key: hunt[key] for key in ("timespan", "limit") if hunt.get(key) not in (None, "")}
        at = str(hunt.get("at") or "")
        same = next(
            (
                each
                for each in said
                if each["what"] == "hunts"
                and each["at"] == at
                and {**each["how"], "queries": []} == {**how, "queries": []}
            ),
            None,
        )
        if same is None:
            said.append(same := {"what": "hunts", "at": at, "how": {**how, "queries": []}})
        same["how"]["queries"].append(name)
    return said
