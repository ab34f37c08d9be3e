# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Token, roles, incidents and hits of each tenant, out of the facts of the playbook demo.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._shapes import Json
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils import _text_table
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._summary import summary
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._summary.hosts import LOST, Hosts

FACTS: t.Final = ("preflight_result", "incidents_result", "demo_hunt")
COLUMNS: t.Final = ("tenant", "token", "roles", "open", "high", "hits", "remark")


def summarize(hosts: Hosts, width: int) -> Json:
    """`coverage` and `lines`: every tenant, those with a problem first."""
    checks, lists, hunts = (
        {host: hosts.fact(host, name) for host in hosts.asked} for name in FACTS
    )
    rows = [_row(host, checks[host], lists[host], hunts[host]) for host in hosts.asked]
    read = [host for host, fact in lists.items() if fact and fact.get("read")]
    coverage = summary.coverage(len(checks), len(read))
    rows.sort(key=lambda row: (-row.pop("severe"), -row.pop("listed")))
    rows = summary.worst_first(rows, "remark")
    return {
        "coverage": coverage,
        "lines": [
            *_text_table.lines(rows, COLUMNS, width),
            "",
            summary.counts(coverage),
            *(
                _sentence(row["tenant"], checks[row["tenant"]])
                for row in rows
                if not (checks[row["tenant"]] or {}).get("ready")
            ),
        ],
    }


def _sentence(host: str, check: Json | None) -> str:
    text = check.get("text") if check else f"{host}: {LOST['text']}"
    return _text_table.safe_text(str(text))


def _row(host: str, check: Json | None, listed: Json | None, hunt: Json | None) -> Json:
    check, listed, hunt = check or dict(LOST), listed or {}, hunt or {}
    # a token of another tenant is none of this one
    has_token = bool(check.get("expires_at")) and check.get("category") != "wrong_tenant"
    row: Json = {"tenant": host, "token": has_token, "severe": 0, "listed": 0}
    if row["token"]:
        row["roles"] = "ok" if check.get("token") else "missing"
    if listed.get("read"):
        incidents = listed["incidents"]
        row["listed"] = listed["count"]
        row["severe"] = sum(each.get("severity") == "high" for each in incidents)
        row["open"] = _at_least(row["listed"], listed)
        row["high"] = _at_least(row["severe"], listed)
    if "count" in hunt:
        row["hits"] = _at_least(hunt["count"], hunt)
    hunt_error = (hunt.get("error") or {}).get("category")
    row["remark"] = check.get("category") or listed.get("category") or hunt_error or None
    return row


def _at_least(number: int, listed: Json) -> int | str:
    """The number, with a plus sign if there are more than were listed."""
    return f"{number}+" if listed.get("truncated") else number
