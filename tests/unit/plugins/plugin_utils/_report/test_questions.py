# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The questions of a report: when and with which filters each was asked, and who answered."""

from __future__ import annotations

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report.inputs import Tenant
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.plugin_utils._report.reports import (
    hunt,
    made,
    tenant,
)


def test_a_lost_host_belongs_to_the_question_of_the_others() -> None:
    lost = Tenant(host="b", name="b", tenant_id="", tier="default")
    [question] = made(tenant("a", asked={"limit": 10}), lost)["questions"]
    assert (question["limit"], question["asked"], question["answered"]) == (10, 2, 1)


def test_hunts_that_were_only_checked_are_no_question() -> None:
    alone = Tenant(host="a", name="a", tenant_id="", tier="default")
    with pytest.raises(DefenderError, match="There is nothing to report"):
        made(alone, hunts={"script": hunt(checked=True, hits={"a": 0})})


def test_each_question_has_the_time_and_the_filters_of_when_it_was_asked() -> None:
    asked = {"status": ["active"], "severity": [], "updated_since": "", "limit": 5}
    first = tenant("a", asked=asked, asked_at="2026-11-24T05:30:00Z")
    later = tenant("b", asked=asked, asked_at="2026-11-24T05:31:00Z")
    other = tenant("c", asked={**asked, "limit": 7}, asked_at="2026-11-24T05:32:00Z")
    hunts = {"script": hunt(hits={"a": 0})}
    assert made(first, later, other, hunts=hunts)["questions"] == [
        {
            "what": "incidents",
            "name": "incidents",
            "asked_at": "2026-11-24T05:30:00Z",
            "timespan": None,
            "limit": 5,
            "filters": {"status": ["active"]},
            "asked": 2,
            "answered": 2,
            "failed": 0,
        },
        {
            "what": "incidents",
            "name": "incidents",
            "asked_at": "2026-11-24T05:32:00Z",
            "timespan": None,
            "limit": 7,
            "filters": {"status": ["active"]},
            "asked": 1,
            "answered": 1,
            "failed": 0,
        },
        {
            "what": "hunt",
            "name": "script",
            "asked_at": "2026-11-24T05:00:00Z",
            "timespan": "7d",
            "limit": 10,
            "filters": {},
            "asked": 1,
            "answered": 1,
            "failed": 0,
        },
    ]
