# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reproducible randomness: a separate generator per question, so that a change in one part of the
world does not affect another."""

from __future__ import annotations

import hashlib
from datetime import datetime
from random import Random


def chance(*question: object) -> Random:
    return Random("/".join(str(part) for part in question))


def guid(rng: Random) -> str:
    text = f"{rng.getrandbits(128):032x}"
    variant = "89ab"[int(text[16], 16) & 3]
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-{variant}{text[17:20]}-{text[20:]}"


def digits(rng: Random, length: int) -> str:
    """*length* hexadecimal digits, as in a hash or a device id."""
    return f"{rng.getrandbits(4 * length):0{length}x}"


def sha1(text: str) -> str:
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def stamp(moment: datetime, tick: int = 0) -> str:
    """Graph's time: UTC, seven decimals. Rows keep ``tick`` 0, because DuckDB has no place for a
    tenth of a microsecond."""
    return f"{moment.replace(tzinfo=None).isoformat(timespec='microseconds')}{tick}Z"
