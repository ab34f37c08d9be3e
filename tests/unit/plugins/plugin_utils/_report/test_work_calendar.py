# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Time zones and working hours: a service level counts only what was worked."""

from __future__ import annotations

import datetime
import typing as t
import zoneinfo

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils import _times
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report.work_calendar import (
    DAYS,
    HOUR,
    WorkCalendar,
    checked_calendar,
    local,
    zone_named,
)
from hypothesis import given
from hypothesis import strategies as st

ZONES: t.Final = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu")


def ticks(text: str) -> int:
    return _times.parse_time("at", text, at=0)


calendars = st.builds(
    lambda zone, days, start, length: WorkCalendar(
        zone_named("zone", zone), frozenset(days), start, min(start + length, 24 * 60)
    ),
    st.sampled_from(ZONES),
    st.sets(st.integers(0, 6), min_size=1),
    st.integers(0, 23 * 60),
    st.integers(30, 12 * 60),
)
moments = st.integers(ticks("2020-01-01T00:00:00Z"), ticks("2030-01-01T00:00:00Z"))


@given(calendars, moments, st.floats(0.1, 60))
def test_what_is_due_is_due_at_work_and_never_before_its_hours_have_passed(
    calendar: WorkCalendar, created: int, hours: float
) -> None:
    due = calendar.due(created, hours)
    assert due >= created + int(hours * HOUR)
    moment = _times.EPOCH + datetime.timedelta(microseconds=(due - 1) // 10)
    moment = moment.astimezone(calendar.zone)
    assert moment.weekday() in calendar.days
    minutes = moment.hour * 60 + moment.minute
    assert calendar.start <= minutes <= calendar.end


@given(calendars, moments, st.floats(0.1, 20), st.floats(0.1, 20))
def test_hours_add_up(calendar: WorkCalendar, created: int, one: float, other: float) -> None:
    whole = calendar.due(created, one + other)
    parts = calendar.due(calendar.due(created, one), other)
    assert abs(whole - parts) <= 2 or _is_at_the_edge(calendar, parts, whole)


def _is_at_the_edge(calendar: WorkCalendar, early: int, late: int) -> bool:
    """Rounding may move the end of one day to the beginning of the next."""
    return calendar.due(min(early, late), 2 / HOUR) >= max(early, late) - 2


@given(moments, st.floats(0.1, 100))
def test_around_the_clock_every_hour_counts(created: int, hours: float) -> None:
    calendar = WorkCalendar(datetime.UTC, frozenset(range(7)), 0, 24 * 60)
    assert calendar.due(created, hours) == created + int(hours * HOUR)


def test_a_weekend_and_a_change_of_the_clock_do_not_count() -> None:
    calendar = checked_calendar(
        {"time_zone": "Europe/Berlin", "days": list(DAYS[:5]), "from": "08:00", "to": "18:00"}
    )
    assert calendar
    # the clock goes back on Sunday, 25 October 2026
    friday = ticks("2026-10-23T14:00:00Z")  # 16:00 in Berlin
    assert calendar.due(friday, 2) == ticks("2026-10-23T16:00:00Z")
    assert calendar.due(friday, 3) == ticks("2026-10-26T08:00:00Z")  # 09:00 in Berlin


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"zone": "UTC"}, "sla_calendar has zone; it has the keys time_zone, days, from, to."),
        ({"days": []}, "sla_calendar has the days []"),
        ({"days": "mon"}, "sla_calendar has the days 'mon'"),
        ({"days": ["monday"]}, "sla_calendar has the days ['monday']"),
        ({"from": 800}, "sla_calendar has 800 for from"),
        ({"from": "24:00"}, "sla_calendar has '24:00' for from"),
        ({"to": "8"}, "sla_calendar has '8' for to"),
        ({"from": "18:00", "to": "08:00"}, "sla_calendar is from 18:00 to 08:00"),
        ({"time_zone": "Mars/Olympus"}, "sla_calendar.time_zone is 'Mars/Olympus'"),
        ({"time_zone": "../etc/passwd"}, "sla_calendar.time_zone is '../etc/passwd'"),
    ],
)
def test_a_calendar_that_is_wrong_is_refused(options: dict[str, t.Any], text: str) -> None:
    with pytest.raises(DefenderError) as error:
        checked_calendar(options)
    assert error.value.message.startswith(text)


def test_without_a_calendar_hours_count_around_the_clock() -> None:
    assert checked_calendar({}) is None
    default = checked_calendar({"time_zone": "UTC"})
    assert default == WorkCalendar(datetime.UTC, frozenset(range(5)), 0, 24 * 60)


def test_a_time_is_shown_by_the_clock_of_its_zone() -> None:
    assert local(ticks("2026-07-01T22:30:59Z"), zoneinfo.ZoneInfo("Europe/Berlin")) == (
        "2026-07-02 00:30"
    )
