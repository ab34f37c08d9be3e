# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The summary of onboarding: the step that each tenant waits for."""

from __future__ import annotations

from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._summary import onboarding
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.plugin_utils._summary.facts import (
    LINK,
    hosts,
    refused,
)


def test_onboarding_names_the_step_that_a_tenant_waits_for() -> None:
    steps = [
        {"name": "registered", "status": "ok"},
        {"name": "roles_complete", "status": "pending"},
    ]
    made = onboarding.summarize(
        hosts(
            "onboard_result",
            done={"status": "done", "steps": []},
            waits={
                "status": "waiting",
                "steps": steps,
                "who": "customer",
                "advice": f"Open {LINK}",
                "category": "",
            },
            failed={"status": "failed", **refused("not_licensed", advice="Buy it.")},
            lost=None,
        ),
        88,
        "onboard_result",
    )
    assert made["coverage"] == {"asked": 4, "answered": 2, "failed": 2}
    assert [line.split()[:3] for line in made["lines"][1:5]] == [
        ["failed", "failed", "not_licensed"],
        ["lost", "failed", "unavailable"],
        ["waits", "waiting", "not"],
        ["done", "done", "–"],
    ]
    assert "not roles complete" in made["lines"][3]
    assert made["lines"][5:] == [
        "",
        "1 done, 1 waiting, 2 failed of 4 tenants",
        "",
        "Links with which customers consent:",
        f"waits: {LINK}",
    ]
