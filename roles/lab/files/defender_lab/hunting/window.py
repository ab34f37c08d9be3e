# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The time range of a hunt: the request's ``Timespan``, limited to the 30 days that are kept."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NoReturn

from defender_lab.hunting.refusals import HuntingRefused

RETENTION = timedelta(days=30)

_DURATION = re.compile(
    r"P(?=.)(?:(?P<years>\d+)Y)?(?:(?P<months>\d+)M)?(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?:T(?=.)(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+(?:\.\d+)?)S)?)?"
)


@dataclass(frozen=True)
class Window:
    """UTC bounds without zone, as DuckDB compares them; ``until`` is None for an open end."""

    since: datetime
    until: datetime | None


def window(timespan: str | None, now: datetime) -> Window:
    """The window of ``P7D``, ``start``, ``start/end``, ``start/duration`` or ``duration/end``;
    raises HuntingRefused(400)."""
    now = _naive(now)
    oldest = now - RETENTION
    if timespan is None:
        return Window(oldest, None)
    first, slash, last = timespan.strip().partition("/")
    if not slash:
        since = (
            now - _duration(first, timespan) if first.startswith("P") else _moment(first, timespan)
        )
        return Window(max(oldest, since), None)
    if first.startswith("P"):
        until = _moment(last, timespan)
        since = until - _duration(first, timespan)
    else:
        since = _moment(first, timespan)
        until = (
            since + _duration(last, timespan) if last.startswith("P") else _moment(last, timespan)
        )
    if until < since:
        _refuse(timespan)
    return Window(max(oldest, since), until)


def _duration(text: str, whole: str) -> timedelta:
    match = _DURATION.fullmatch(text)
    if match is None:
        _refuse(whole)
    part = {name: float(value) if value else 0.0 for name, value in match.groupdict().items()}
    # .NET reads a month as 30 days and a year as 365
    days = part["years"] * 365 + part["months"] * 30 + part["weeks"] * 7 + part["days"]
    try:
        return min(
            timedelta(
                days=days, hours=part["hours"], minutes=part["minutes"], seconds=part["seconds"]
            ),
            timedelta(days=3650),
        )
    except OverflowError:
        return timedelta(days=3650)


def _moment(text: str, whole: str) -> datetime:
    try:
        return _naive(datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text)))
    except ValueError:
        _refuse(whole)


def _naive(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


def _refuse(timespan: str) -> NoReturn:
    raise HuntingRefused(
        400, "BadRequest", f"The timespan '{timespan}' is not an ISO 8601 duration or interval."
    )
