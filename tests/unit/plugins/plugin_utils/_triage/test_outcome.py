# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What became of each incident, and which tenants count as failed."""

from __future__ import annotations

import typing as t

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.mssp.defender_xdr.plugins.filter.triage_result import triage_result
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._triage import outcome, plan
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.triages import (
    EVIDENCE,
    GONE,
    TAKEN,
    hunted,
    incident,
    listed,
    swept,
)

Json = dict[str, t.Any]
BROKEN: t.Final = {"category": "unavailable", "msg": "503"}


def planned() -> Json:
    several = {"a": [incident("1", evidence=EVIDENCE), incident("2")], "b": [incident("3")]}
    claims = [
        swept({"a": "1", "b": "3"}, {"a": {"changed": True}, "b": {"changed": True}}),
        swept({"a": "2"}, {}, {"a": TAKEN}),
    ]
    return plan.plan(listed({"litware": GONE}, **several), claims)


def test_a_dry_run_says_what_would_be_claimed() -> None:
    found = outcome.result(planned(), sent=False)
    assert [row["state"] for row in found["incidents"]] == ["would_claim", "taken", "would_claim"]
    assert (found["changes"], found["comments"], found["sent"]) == (0, {}, False)


def test_what_could_not_be_written_is_only_claimed_and_a_failure_of_its_tenant() -> None:
    written = [swept({"a": "1", "b": "3"}, {"a": {"changed": True}}, {"b": BROKEN})]
    found = outcome.result(planned(), written=written, asked_at="2026-11-26T06:00:00Z")
    assert [(row["id"], row["state"]) for row in found["incidents"]] == [
        ("1", "triaged"),
        ("2", "taken"),
        ("3", "claimed"),
    ]
    assert found["tenants"] == {"a": "complete", "b": "partial", "litware": "unread"}
    assert found["coverage"] == {
        "asked": 3,
        "answered": 1,
        "failed": 2,
        "complete": 1,
        "partial": 1,
        "unread": 1,
    }
    assert found["changes"] == 2
    assert set(found["comments"]) == {"a", "b"}


def test_a_hunt_without_an_answer_makes_a_tenant_partial_and_no_failure() -> None:
    missing = {"a": {"category": "not_licensed", "msg": "No such table."}}
    written = [swept({"a": "1", "b": "3"}, {"a": {}, "b": {}})]
    hunts = [hunted("files_by_hash", None, missing)]
    found = outcome.result(planned(), hunts=hunts, written=written)
    assert (found["tenants"]["a"], found["coverage"]["failed"]) == ("partial", 1)


def test_a_refusal_is_in_the_result() -> None:
    refused = plan.plan(listed(a=[incident("1"), incident("2")]), max_changes=1)
    found = triage_result(refused, sent=False)
    assert (found["category"], found["text"]) == ("refused", refused["refusal"])
    assert "triage_max_changes is 1" in found["text"]
    with pytest.raises(AnsibleFilterError, match="must be a result of triage_plan"):
        triage_result({})
