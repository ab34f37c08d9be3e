# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is done to each device, how many are changed, and in which rounds."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.mssp.defender_xdr.plugins.filter.contain_plan import contain_plan
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._containment import plan, targets
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.containments import (
    DC,
    PC,
    REFUSED,
    WEB,
    device,
    planned,
    swept,
)

CHANGE = {"changed": True, "action": None}
NOTHING = {"changed": False, "action": {"status": "succeeded"}}
UNDER_WAY = {"changed": False, "action": {"status": "pending"}}


def test_devices_that_need_a_change_are_counted_and_a_protected_one_is_refused() -> None:
    found = planned({WEB: CHANGE, DC: REFUSED, PC: CHANGE})[0]
    assert [row["plan"] for row in found["devices"]] == ["isolate", "refused", "isolate"]
    assert found["changes"] == 2
    assert found["act"] == found["wait"] == [{"contoso": WEB, "fabrikam": PC}]
    assert found["tag"] == []
    assert found["devices"][1]["text"] == "It has the tag tier0."


def test_an_action_that_is_under_way_is_waited_for_and_not_counted() -> None:
    found = planned({WEB: UNDER_WAY, DC: NOTHING, PC: NOTHING})[0]
    assert (found["changes"], found["act"], found["wait"]) == (0, [], [{"contoso": WEB}])


@pytest.mark.parametrize(
    ("state", "standing", "tagged"),
    [
        ("isolated", [], [{"contoso": WEB, "fabrikam": PC}]),
        ("isolated", ["x"], []),
        ("released", ["x"], [{"contoso": WEB, "fabrikam": PC}]),
        ("released", [], []),
    ],
)
def test_a_device_that_only_needs_its_tags_is_counted_once(
    state: str, standing: list[str], tagged: list[object]
) -> None:
    answers = {WEB: CHANGE, DC: REFUSED, PC: NOTHING}
    found = planned(answers, standing=standing, state=state, tags=["x"])[0]
    assert found["tag"] == tagged
    assert found["changes"] == (2 if tagged else 1)


def test_a_device_that_failed_in_a_step_is_in_no_further_round() -> None:
    chosen = targets.targets({"contoso": [WEB, DC]}, {}, [])
    found = [
        swept({"contoso": {"id": [WEB, DC]}}, {"contoso": {"devices": [device(WEB), device(DC)]}})
    ]
    look = [swept({"contoso": key}, {"contoso": CHANGE}) for key in (WEB, DC)]
    started = [
        swept({"contoso": WEB}, {}, {"contoso": {"category": "unavailable", "msg": "503"}}),
        swept({"contoso": DC}, {"contoso": CHANGE}),
    ]
    later = plan.plan(chosen, found, look, done=[started], tags=["x"])
    assert later["wait"] == later["tag"] == [{"contoso": DC}]
    assert later["changes"] == 2


def test_a_name_of_two_devices_is_not_guessed() -> None:
    chosen = targets.targets({"contoso": ["web.contoso.example"]}, {}, [])
    twins = [device(WEB), {**device(WEB), "id": DC}]
    found = plan.plan(chosen, [swept(chosen["lookups"][0], {"contoso": {"devices": twins}})])
    (row,) = found["devices"]
    assert (row["plan"], row["category"], found["all"]) == ("failed", "bad_request", [])
    assert "2 devices have the name web.contoso.example" in row["text"]


def test_an_unknown_device_and_an_unread_tenant_are_rows_without_an_id() -> None:
    chosen = targets.targets({"contoso": ["nope.example"], "litware": [WEB]}, {}, [])
    no_token = {"litware": {"category": "not_consented", "msg": "No token."}}
    found = plan.plan(
        chosen,
        [
            swept(chosen["lookups"][0], {}, no_token),
            swept(chosen["lookups"][1], {"contoso": {"devices": []}}),
        ],
    )
    rows = {row["host"]: row for row in found["devices"]}
    assert rows["contoso"]["category"] == "not_found"
    assert (rows["litware"]["category"], rows["litware"]["is_read"]) == ("not_consented", False)
    assert {row["id"] for row in rows.values()} == {None}


def test_a_device_without_an_answer_in_the_dry_run_is_a_failure() -> None:
    chosen = targets.targets({"contoso": [WEB]}, {}, [])
    found = [swept(chosen["lookups"][0], {"contoso": {"devices": [device(WEB)]}})]
    (row,) = plan.plan(chosen, found, [])["devices"]
    assert (row["plan"], row["category"], row["is_read"]) == ("failed", "unavailable", True)


def test_the_filter_adds_the_question_and_the_refusal() -> None:
    chosen = targets.targets({"contoso": [WEB]}, {}, [])
    found = contain_plan(chosen, found=[], max_changes=3, comment="Ticket 1")
    assert found["refusal"] == ""
    assert "Comment: Ticket 1" in found["question"]
    with pytest.raises(AnsibleFilterError, match="must be a result of contain_targets"):
        contain_plan([])
