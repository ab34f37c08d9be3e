# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The services' times with seven decimals, as numbers that compare exactly."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

FORM = re.compile(
    r"(\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?)(?:\.(\d{1,12}))?(Z|[+-]\d\d:\d\d)", re.IGNORECASE
)
TICKS = 10_000_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def ticks(text: str) -> int:
    """Ticks of 100 ns since 1970; ValueError for a text that is no time with an offset.
    ``datetime`` alone would drop the seventh decimal."""
    match = FORM.fullmatch(text)
    if not match:
        raise ValueError(f"{text} is not an RFC 3339 time with an offset")
    whole, fraction, zone = match.groups()
    offset = (
        timedelta()
        if zone in "Zz"
        else timedelta(hours=int(zone[1:3]), minutes=int(zone[4:6])) * (-1 if zone[0] == "-" else 1)
    )
    seconds = (datetime.fromisoformat(whole).replace(tzinfo=timezone(offset)) - EPOCH) // timedelta(
        seconds=1
    )
    return seconds * TICKS + int((fraction or "0").ljust(7, "0")[:7])


def text(ticks_: int) -> str:
    seconds, rest = divmod(ticks_, TICKS)
    return f"{(EPOCH + timedelta(seconds=seconds)):%Y-%m-%dT%H:%M:%S}.{rest:07d}Z"


def now() -> str:
    return text(int(datetime.now(UTC).timestamp() * TICKS))
