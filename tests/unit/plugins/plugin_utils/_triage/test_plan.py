# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which incidents a triage takes, and what it asks about them."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.mssp.defender_xdr.plugins.filter.triage_plan import triage_plan
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._triage import plan
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.triages import (
    EVIDENCE,
    GONE,
    TAKEN,
    incident,
    listed,
    swept,
)


def test_the_worst_and_oldest_come_first_up_to_the_limit() -> None:
    several = [incident("3"), incident("2"), incident("1", severity="low")]
    found = plan.plan(listed(contoso=several, fabrikam=[incident("5")]), limit=2)
    assert [(row["host"], row["id"]) for row in found["incidents"]] == [
        ("contoso", "2"),
        ("contoso", "3"),
        ("fabrikam", "5"),
    ]
    assert found["left_over"] == {"contoso": 1}
    assert found["rounds"] == [{"contoso": "2", "fabrikam": "5"}, {"contoso": "3"}]


def test_an_incident_with_all_tags_was_triaged_before() -> None:
    several = [incident("1", custom_tags=["Triaged", "x"]), incident("2", custom_tags=["x"])]
    assert plan.plan(listed(a=several), tags=["triaged", "x"])["rounds"] == [{"a": "2"}]
    assert len(plan.plan(listed(a=several))["rounds"]) == 2


def test_what_somebody_else_took_is_in_no_further_round_and_asked_about_by_nobody() -> None:
    several = [incident(number, evidence=EVIDENCE) for number in ("1", "2", "3")]
    claims = [
        swept({"a": "1"}, {"a": {"changed": True}}),
        swept({"a": "2"}, {}, {"a": TAKEN}),
        swept({"a": "3"}, {}, {"a": {"category": "role_missing", "msg": "No role."}}),
    ]
    found = plan.plan(listed(a=several, b=[incident("4", evidence=EVIDENCE)]), claims)
    states = {row["id"]: row["state"] for row in found["incidents"]}
    # there is no answer for the last one
    assert states == {"1": "claimed", "2": "taken", "3": "failed", "4": "failed"}
    assert found["claimed"] == [{"a": "1"}]
    assert found["questions"]["logons_of_users"] == {"a": {"accounts": ["ana.lima"]}}


def test_each_tenant_is_asked_only_about_its_own_incidents() -> None:
    other = [{**EVIDENCE[1], "ip_address": "198.51.100.1"}]
    several = listed(a=[incident("1", evidence=EVIDENCE)], b=[incident("2", evidence=other)])
    assert plan.plan(several)["questions"] == {
        "logons_of_users": {"a": {"accounts": ["ana.lima"]}},
        "connections_to_addresses": {
            "a": {"addresses": ["192.0.2.7"]},
            "b": {"addresses": ["198.51.100.1"]},
        },
        "files_by_hash": {"a": {"hashes": ["ab" * 32]}},
    }


def test_unread_tenants_stay_failures() -> None:
    found = plan.plan(listed({"litware": GONE}, a=[]))
    assert (found["hosts"], found["failures"]) == (["a", "litware"], {"litware": GONE})


def test_too_many_incidents_are_refused_with_the_number_that_would_do() -> None:
    several = listed(a=[incident("1"), incident("2")], b=[incident("3")])
    assert triage_plan(several, max_changes=3)["refusal"] == ""
    assert triage_plan(several, max_changes=2)["refusal"] == (
        "Refused: 3 incidents in 2 tenants would be changed, but triage_max_changes is 2, so"
        " nothing was sent; set triage_max_changes to 3 to allow that."
    )
    with pytest.raises(AnsibleFilterError, match="must be a registered result of sweep"):
        triage_plan({})
