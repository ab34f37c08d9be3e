# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The summary of preflight: every tenant, and who must act."""

from __future__ import annotations

from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._summary import preflight
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.plugin_utils._summary.facts import (
    LINK,
    hosts,
    refused,
)


def test_preflight_lists_every_tenant_and_the_ready_ones_last() -> None:
    made = preflight.summarize(
        hosts(
            "preflight_result",
            ready={"ready": True},
            lost=None,
            consent=refused("not_consented", advice=f"An administrator has to consent: {LINK}."),
            crossed=refused("wrong_tenant", who="partner", advice="A security event."),
        ),
        88,
    )
    assert made["coverage"] == {"asked": 4, "answered": 1, "failed": 3}
    assert made["lines"] == [
        "tenant   result         must act  what to do",
        "crossed  wrong_tenant   partner   A security event.",
        "consent  not_consented  customer  An administrator has to consent",
        "lost     unavailable    caller    See the task of this host that failed before.",
        "ready    ready          –         –",
        "",
        "1 of 4 tenants are ready (asked 4, answered 1, failed 3)",
        "",
        "Links with which customers consent:",
        f"consent: {LINK}",
    ]
