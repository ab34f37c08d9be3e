# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The hours that a tier and a severity allow for an incident: due when, and how late.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils import _times
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._shapes import Json
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report.counts import SEVERITIES
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report.inputs import Setting
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report.work_calendar import (
    WorkCalendar,
)

HOUR: t.Final = 3600 * _times.SECOND
MOST_WEEKS: t.Final = 520  # of a calendar: a limit beyond is a mistake in one of the two
UNTIERED: t.Final = "default"
MOST: t.Final = 8760  # hours; longer would be years of working hours


def check_sla(option: t.Mapping[str, t.Any]) -> dict[str, dict[str, float]]:
    """Hours by tier and severity; raises `bad_request`. A severity without hours has no limit."""
    for tier, limits in option.items():
        if not isinstance(limits, dict):
            raise DefenderError(
                "bad_request",
                f"sla has {limits!r} for the tier {tier}; give hours by severity, such as"
                " {high: 4}.",
            )
        for severity, hours in limits.items():
            if severity not in SEVERITIES:
                raise DefenderError(
                    "bad_request",
                    f"sla names the severity {severity!r} for the tier {tier}; it must be one of"
                    f" {', '.join(SEVERITIES)}.",
                )
            is_number = isinstance(hours, (int, float)) and not isinstance(hours, bool)
            if not is_number or not 0 < hours <= MOST:
                raise DefenderError(
                    "bad_request",
                    f"sla has {hours!r} hours for {severity} of the tier {tier}; give a number"
                    f" above 0 and up to {MOST}, or leave it out.",
                )
    return {
        str(tier): {str(severity): float(hours) for severity, hours in limits.items()}
        for tier, limits in option.items()
    }


def check_calendar(sla: t.Mapping[str, t.Mapping[str, float]], calendar: WorkCalendar) -> None:
    """Raise `bad_request` for a limit that so few working hours would not reach in ten years."""
    longest = max((hours for limits in sla.values() for hours in limits.values()), default=0.0)
    if longest > MOST_WEEKS * calendar.weekly_hours:
        raise DefenderError(
            "bad_request",
            f"sla has {longest:g} hours, but a week of sla_calendar has"
            f" {calendar.weekly_hours:.1f}; give fewer hours, or more working hours.",
        )


def verdict(entry: Json, created: int | None, setting: Setting) -> Json:
    """`due`, `late_hours` (negative for hours left) and `breached` of an incident; nothing without
    service levels. Only open incidents can be late."""
    if not setting.sla:
        return {}
    limits = setting.sla.get(entry["tier"]) or setting.sla.get(UNTIERED) or {}
    hours = limits.get(entry["severity"])
    if created is None or hours is None or not entry["open"]:
        return {"due": "", "late_hours": None, "breached": False}
    due = created + int(hours * HOUR)
    if setting.calendar:
        due = setting.calendar.due(created, hours)
    return {
        "due": _times.format_time(due),
        "late_hours": round((setting.at - due) / HOUR, 1),
        "breached": setting.at > due,
    }
