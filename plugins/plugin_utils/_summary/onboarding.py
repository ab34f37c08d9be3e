# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How far each tenant's onboarding or offboarding got, out of the facts of these roles.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._shapes import Json
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils import _text_table
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._summary import summary
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._summary.hosts import Hosts

COLUMNS: t.Final = ("tenant", "status", "reason", "must_act", "what_to_do")
STATUSES: t.Final = ("failed", "waiting", "done")  # worst first
REACHED: t.Final = ("ok", "skipped")


def summarize(hosts: Hosts, width: int, name: str) -> Json:
    """`coverage` and `lines`: every tenant with its status and the step that it waits for.

    :arg name: the fact, `onboard_result` or `offboard_result`.
    """
    facts = {host: hosts.fact(host, name) for host in hosts.asked}
    rows = [_row(host, fact) for host, fact in facts.items()]
    rows.sort(key=lambda row: STATUSES.index(row["status"]))
    number = {status: sum(row["status"] == status for row in rows) for status in STATUSES}
    coverage = summary.coverage(len(facts), len(facts) - number["failed"])
    parts = ", ".join(f"{number[status]} {status}" for status in reversed(STATUSES))
    return {
        "coverage": coverage,
        "lines": [
            *_text_table.lines(rows, COLUMNS, width),
            "",
            f"{parts} of {len(facts)} tenants",
            *summary.consent_links(facts.items()),
        ],
    }


def _row(host: str, fact: Json | None) -> Json:
    row = summary.failure_row(host, fact)
    status = str((fact or {}).get("status") or "failed")
    if status == "done":
        return {"tenant": host, "status": status}
    steps = (fact or {}).get("steps") or ()
    pending = (step["name"] for step in steps if step["status"] not in REACHED)
    waits_for = str(next(pending, "")).replace("_", " ")
    return {
        **row,
        "status": status if status in STATUSES else "failed",
        "reason": row["result"] if status == "failed" else f"not {waits_for}",
    }
