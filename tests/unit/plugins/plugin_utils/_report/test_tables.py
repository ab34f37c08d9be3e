# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A report as a message."""

from __future__ import annotations

from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report import (
    tables as _report_tables,
)
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.plugin_utils._report.reports import (
    hunt,
    made,
    tenant,
)


def test_a_message_names_ten_security_events_and_counts_the_others() -> None:
    failure = {"category": "wrong_tenant", "text": "The token is for another tenant."}
    report = made(*(tenant(f"t{number}", read=False, **failure) for number in range(12)))
    lines = _report_tables.markdown(report).splitlines()
    assert sum("SECURITY EVENT" in line for line in lines) == 10
    assert "- 2 more security events are in the report" in lines


def test_the_number_of_hunts_with_hits_says_how_many_tenants_answered() -> None:
    failure = {"category": "not_licensed", "msg": "No licence."}
    hunts = {
        "p": hunt(hits={"a": 5, "b": 1}),
        "q": hunt(hits={"a": 0}, failures={"b": failure}, severity="severe"),
    }
    report = made(tenant("a"), tenant("b"), hunts=hunts)
    text = _report_tables.markdown(report)
    assert "- Hunts with hits: 1 of 2 in 1 to 2 of 2 tenants" in text.splitlines()
    assert report["hunts"][1]["severity"] == "unknown"
