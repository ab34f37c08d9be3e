# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which tenants are ready, out of the facts of the role preflight.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._shapes import Json
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils import _text_table
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._summary import summary
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._summary.hosts import Hosts

FACTS: t.Final = ("preflight_result",)


def summarize(hosts: Hosts, width: int) -> Json:
    """`coverage` and `lines`: every tenant, the ready ones last."""
    facts = {host: hosts.fact(host, FACTS[0]) for host in hosts.asked}
    ready = [host for host, fact in facts.items() if fact and fact.get("ready")]
    rows = [
        {"tenant": host, "result": "ready"}
        if host in ready
        else summary.failure_row(host, facts[host])
        for host in hosts.asked
    ]
    coverage = summary.coverage(len(facts), len(ready))
    return {
        "coverage": coverage,
        "lines": [
            *_text_table.lines(summary.worst_first(rows), summary.FAILURE_COLUMNS, width),
            "",
            f"{len(ready)} of {len(facts)} tenants are ready ({summary.counts(coverage)})",
            *summary.consent_links(facts.items()),
        ],
    }
