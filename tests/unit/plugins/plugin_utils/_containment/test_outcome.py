# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What became of each device, and which tenants are complete."""

from __future__ import annotations

import typing as t

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.mssp.defender_xdr.plugins.filter.contain_result import contain_result
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._containment import outcome
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.containments import (
    DC,
    PC,
    REFUSED,
    WEB,
    planned,
    swept,
)

Json = dict[str, t.Any]
CHANGE: t.Final = {"changed": True, "action": {"id": "1", "type": "isolate", "status": "pending"}}
ENDED: t.Final = {"changed": False, "action": {"id": "1", "type": "isolate", "status": "succeeded"}}
LATE: t.Final = {"category": "timeout", "msg": "It stays open.", "who": "customer"}


def test_without_a_wait_it_says_what_would_be_done() -> None:
    plan = planned({WEB: CHANGE, DC: REFUSED, PC: ENDED}, tags=["x"])[0]
    found = outcome.result(plan)
    assert [row["outcome"] for row in found["devices"]] == ["would_isolate", "refused", "would_tag"]
    assert (found["sent"], found["changed"]) == (False, 0)
    assert found["tenants"] == {"contoso": "partial", "fabrikam": "complete"}
    assert found["coverage"] == {
        "asked": 2,
        "answered": 1,
        "failed": 1,
        "complete": 1,
        "partial": 1,
        "unread": 0,
    }


def test_each_device_has_the_result_of_its_last_step() -> None:
    plan = planned({WEB: CHANGE, DC: CHANGE, PC: ENDED}, tags=["x"])[0]
    started = [
        swept({"contoso": WEB}, {"contoso": CHANGE}),
        swept({"contoso": DC}, {"contoso": CHANGE}),
    ]
    waited = [
        swept({"contoso": WEB}, {"contoso": ENDED}),
        swept({"contoso": DC}, {}, {"contoso": LATE}),
    ]
    tagged = [
        swept(
            {"contoso": WEB, "fabrikam": PC},
            {"contoso": {"changed": True}},
            {"fabrikam": {"category": "role_missing", "msg": "No role."}},
        )
    ]
    found = outcome.result(plan, started=started, waited=waited, tagged=tagged)
    web, dc, pc = found["devices"]
    assert (web["outcome"], web["changed"], web["tags"]) == ("isolated", True, "changed")
    assert web["action"] == {"id": "1", "type": "isolate", "status": "succeeded"}
    # the action was started and stays open
    assert (dc["outcome"], dc["changed"], dc["category"]) == ("timeout", True, "timeout")
    assert dc["action"]["status"] == "pending"
    assert (pc["outcome"], pc["changed"], pc["tags"]) == ("isolated", False, "failed")
    assert (pc["category"], found["changed"]) == ("role_missing", 2)
    assert found["tenants"] == {"contoso": "partial", "fabrikam": "partial"}


def test_a_refused_plan_has_no_complete_tenant() -> None:
    plan = planned({WEB: CHANGE, DC: CHANGE, PC: CHANGE})[0]
    found = contain_result(plan, refusal={"category": "refused", "text": "Too many."})
    assert (found["category"], found["text"]) == ("refused", "Too many.")
    assert set(found["tenants"].values()) == {"partial"}
    with pytest.raises(AnsibleFilterError, match="must be a result of contain_plan"):
        contain_result({})
