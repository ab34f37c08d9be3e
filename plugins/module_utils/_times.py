# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Times and durations in ticks of 100 ns, as Microsoft counts them.

Python's datetime would drop the seventh digit.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import datetime
import re
import time

from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError

SECOND = 10_000_000
UNITS = {
    "s": SECOND,
    "m": 60 * SECOND,
    "h": 3600 * SECOND,
    "d": 86400 * SECOND,
    "w": 7 * 86400 * SECOND,
}
AGE = re.compile(r"(\d{1,6})([smhdw])")
RFC3339 = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?([Zz]|[+-]\d\d:[0-5]\d)?"
)
DURATION = re.compile(r"P(?:(\d+)W)?(?:(\d+)D)?(?:T(?=\d)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
# The first and the last moment of Kusto's datetime: from the year 1 to the last tick of the year
# 9999.
FIRST = -62_135_596_800 * SECOND
LAST = 253_402_300_800 * SECOND - 1


def now() -> int:
    """The current time in ticks since 1970 UTC."""
    return time.time_ns() // 100


def this_second() -> str:
    """This moment to the second, as results show times."""
    return format_time(now() // SECOND * SECOND)


def parse_time(option: str, text: str, *, at: int) -> int:
    """Ticks for an RFC 3339 time with an offset, or for an age such as `24h` counted back from
    `at`.

    A time without an offset is ambiguous and therefore refused. Digits after the seventh are
    dropped.
    """
    text = str(text).strip()
    if age := AGE.fullmatch(text):
        if (ticks := at - int(age[1]) * UNITS[age[2]]) < 0:
            raise DefenderError("bad_request", f"{option} is {text!r}, which is before 1970.")
        return ticks
    parts = RFC3339.fullmatch(text)
    if parts is None:
        raise DefenderError(
            "bad_request",
            (
                f"{option} is {text!r}, which is neither an RFC 3339 time such as"
                " 2026-11-01T08:00:00Z nor an age such as 90m, 24h or 7d."
            ),
        )
    day, clock, fraction, offset = parts.groups()
    if offset is None:
        raise DefenderError(
            "bad_request",
            (
                f"{option} is {text!r}, which has no offset; write {day}T{clock}Z for UTC, or add"
                " an offset such as +02:00."
            ),
        )
    try:
        moment = datetime.datetime.fromisoformat(
            f"{day}T{clock}{'+00:00' if offset in 'Zz' else offset}"
        )
        since = moment.astimezone(datetime.UTC) - EPOCH
    except (ValueError, OverflowError) as e:
        raise DefenderError(
            "bad_request", f"{option} is {text!r}, which is not a valid time: {e}."
        ) from None
    return (since.days * 86400 + since.seconds) * SECOND + int((fraction or "0").ljust(7, "0")[:7])


def format_time(ticks: int) -> str:
    """RFC 3339 UTC with at most seven fractional digits, without trailing zeros."""
    seconds, rest = divmod(ticks, SECOND)
    # isoformat, because strftime drops the zeros of years before 1000
    text = (EPOCH + datetime.timedelta(seconds=seconds)).replace(tzinfo=None).isoformat()
    fraction = f".{rest:07d}".rstrip("0") if rest else ""
    return f"{text}{fraction}Z"


def read_time(text: str) -> int:
    """Ticks of a time that a service wrote (always UTC, up to seven digits, sometimes without the
    Z)."""
    return parse_time(
        "a time of the service",
        text if text[-1:] in "Zz" or text[-6:-5] in ("+", "-") else f"{text}Z",
        at=0,
    )


def parse_span(option: str, text: str) -> int:
    """Ticks of a duration: ISO 8601 with weeks, days, hours, minutes and seconds, or an age."""
    if age := AGE.fullmatch(text):
        ticks = int(age[1]) * UNITS[age[2]]
    elif (parts := DURATION.fullmatch(text)) and any(parts.groups()):
        ticks = sum(
            int(number or 0) * unit
            for number, unit in zip(
                parts.groups(),
                (UNITS["w"], UNITS["d"], UNITS["h"], UNITS["m"], SECOND),
                strict=True,
            )
        )
    else:
        raise DefenderError(
            "bad_request",
            (
                f"{option} is {text!r}, which is neither an ISO 8601 duration such as P7D or PT12H"
                " nor an age such as 12h or 7d."
            ),
        )
    if not ticks:
        raise DefenderError(
            "bad_request",
            f"{option} is {text!r}, which is zero; use at least one second.",
        )
    return ticks


def check_order(first: str, earlier: int | None, second: str, later: int | None) -> None:
    """Refuse a time range that ends before it starts."""
    if earlier is not None and later is not None and earlier >= later:
        raise DefenderError(
            "bad_request",
            (f"{first} ({format_time(earlier)}) must be before {second} ({format_time(later)})."),
        )
