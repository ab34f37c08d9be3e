# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Service levels: which hours count, and which incidents are late."""

from __future__ import annotations

import re

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report import (
    service_levels as _service_levels,
)
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report.work_calendar import (
    checked_calendar,
)
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.plugin_utils._report.reports import (
    SLA,
    Json,
    incident,
    made,
    tenant,
)


def test_service_levels_follow_tier_and_severity_and_only_open_incidents_are_late() -> None:
    report = made(
        tenant("a", incident(), incident(id="8", status="resolved"), tier="gold"),
        tenant(
            "b",
            incident(),
            incident(severity="low"),
            incident(severity="medium", created_date_time="2026-11-20T00:00:00Z"),
            tier="bronze",
        ),
        sla=SLA,
    )
    assert [(one["host"], one["breached"], one["late_hours"]) for one in report["incidents"]] == [
        ("a", True, 1.0),
        ("a", False, None),
        ("b", False, -3.0),
        ("b", False, None),
        ("b", True, 78.0),
    ]
    assert [
        (one["tier"], one["open"], one["breached"], one["within"], one["without"])
        for one in report["incidents_summary"]["by_tier"]
    ] == [
        ("gold", 1, 1, 0, 0),
        ("bronze", 3, 1, 1, 1),
    ]
    assert report["incidents_summary"]["breached"] == 2
    without = made(tenant("a", incident()))
    assert "breached" not in without["incidents_summary"]
    assert "breached" not in without["incidents"][0]


def test_a_service_level_can_count_working_hours_only() -> None:
    calendar = checked_calendar(
        {"time_zone": "Europe/Berlin", "days": ["mon", "tue"], "from": "08:00", "to": "18:00"}
    )
    # Friday evening; NOW is Tuesday 07:00 in Berlin
    late = incident(created_date_time="2026-11-20T20:00:00Z")
    [one] = made(tenant("a", late), sla={"default": {"high": 8}}, calendar=calendar)["incidents"]
    assert (one["due"], one["breached"]) == ("2026-11-23T15:00:00Z", True)
    [one] = made(tenant("a", late), sla={"default": {"high": 12}}, calendar=calendar)["incidents"]
    assert (one["due"], one["breached"]) == ("2026-11-24T09:00:00Z", False)


@pytest.mark.parametrize(
    ("sla", "said"),
    [
        ({"gold": 4}, "sla has 4 for the tier gold"),
        ({"gold": {"severe": 4}}, "severity 'severe'"),
        ({"gold": {"high": 0}}, "sla has 0 hours"),
        ({"gold": {"high": "4h"}}, "sla has '4h' hours"),
        ({"gold": {"high": True}}, "sla has True hours"),
        ({"gold": {"high": float("inf")}}, "sla has inf hours"),
        ({"gold": {"high": float("nan")}}, "sla has nan hours"),
        ({"gold": {"high": 8761}}, "up to 8760"),
    ],
)
def test_an_invalid_service_level_is_refused(sla: Json, said: str) -> None:
    with pytest.raises(DefenderError, match=re.escape(said)):
        _service_levels.check_sla(sla)


def test_a_limit_that_the_calendar_does_not_reach_in_years_is_refused() -> None:
    calendar = checked_calendar({"days": ["mon"], "from": "08:00", "to": "08:01"})
    assert calendar
    _service_levels.check_calendar({"default": {"high": 8.0}}, calendar)
    with pytest.raises(DefenderError, match="sla has 8760 hours, but a week of sla_calendar has"):
        _service_levels.check_calendar({"default": {"high": 8760.0}}, calendar)
