# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Time zones, and working hours in which a service level counts.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import dataclasses
import datetime
import re
import typing as t
import zoneinfo

from ansible_collections.mssp.defender_xdr.plugins.module_utils import _times
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError

DAYS: t.Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
KEYS: t.Final = ("time_zone", "days", "from", "to")
TIME: t.Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")
MIDNIGHT: t.Final = "24:00"
HOUR: t.Final = 3600 * _times.SECOND
DAY: t.Final = datetime.timedelta(days=1)


def zone_named(option: str, name: str) -> datetime.tzinfo:
    """The time zone; raises `bad_request` for one that this machine does not know."""
    if name == "UTC":  # needs no data
        return datetime.UTC
    try:
        return zoneinfo.ZoneInfo(name)
    except (KeyError, OSError, ValueError):
        raise DefenderError(
            "bad_request",
            f"{option} is {name!r}, which is not a time zone that this machine knows; use a name"
            " such as Europe/Berlin, and install the system's tzdata if it has none.",
        ) from None


@dataclasses.dataclass(frozen=True)
class WorkCalendar:
    """Working days and hours in a time zone.

    :arg days: weekdays, 0 for Monday.
    :arg start, end: minutes after midnight by the zone's clock.
    """

    zone: datetime.tzinfo
    days: frozenset[int]
    start: int
    end: int

    @property
    def weekly_hours(self) -> float:
        """The working hours of a week without a holiday."""
        return len(self.days) * (self.end - self.start) / 60

    def due(self, created: int, hours: float) -> int:
        """The time at which so many working hours have passed, in ticks."""
        left = int(hours * HOUR)
        day = _datetime(created, self.zone).date()
        while True:
            begin, end = self._span(day)
            begin = max(begin, created)
            if begin < end:
                if left <= end - begin:
                    return begin + left
                left -= end - begin
            day += DAY

    def _span(self, day: datetime.date) -> tuple[int, int]:
        """When work begins and ends on this day, in ticks; both the same on a day without work."""
        if day.weekday() not in self.days:
            return (0, 0)
        return self._ticks(day, self.start), self._ticks(day, self.end)

    def _ticks(self, day: datetime.date, minutes: int) -> int:
        if minutes == 24 * 60:
            day, minutes = day + DAY, 0
        clock = datetime.time(minutes // 60, minutes % 60)
        moment = datetime.datetime.combine(day, clock, tzinfo=self.zone)
        return int(moment.timestamp()) * _times.SECOND


def checked_calendar(options: t.Mapping[str, t.Any]) -> WorkCalendar | None:
    """The calendar of the option `sla_calendar`, None for round the clock; raises `bad_request`."""
    if not options:
        return None
    if unknown := sorted(map(str, options.keys() - set(KEYS))):
        raise _wrong(f"has {', '.join(unknown)}", f"it has the keys {', '.join(KEYS)}")
    days = options.get("days", DAYS[:5])
    if not isinstance(days, list | tuple) or not days or set(days) - set(DAYS):
        raise _wrong(f"has the days {days!r}", f"give a list of {', '.join(DAYS)}")
    start = _minutes("from", options.get("from", "00:00"))
    end = _minutes("to", options.get("to", MIDNIGHT))
    if start >= end:
        raise _wrong(
            f"is from {options.get('from')} to {options.get('to')}", "let it end after it begins"
        )
    zone = zone_named("sla_calendar.time_zone", str(options.get("time_zone", "UTC")))
    return WorkCalendar(zone, frozenset(DAYS.index(day) for day in days), start, end)


def _minutes(key: str, text: t.Any) -> int:
    if text == MIDNIGHT and key == "to":
        return 24 * 60
    parts = TIME.fullmatch(text) if isinstance(text, str) else None
    if parts is None:
        raise _wrong(f"has {text!r} for {key}", 'give hours and minutes in quotes, such as "08:00"')
    return int(parts[1]) * 60 + int(parts[2])


def _wrong(fact: str, remedy: str) -> DefenderError:
    return DefenderError("bad_request", f"sla_calendar {fact}; {remedy}.")


def local(ticks: int, zone: datetime.tzinfo) -> str:
    """The time in this zone for a person, such as 2026-11-26 07:30."""
    return _datetime(ticks, zone).strftime("%Y-%m-%d %H:%M")


def _datetime(ticks: int, zone: datetime.tzinfo) -> datetime.datetime:
    utc = _times.EPOCH + datetime.timedelta(seconds=ticks // _times.SECOND)
    return utc.astimezone(zone)
