# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Times with seven decimals."""

from __future__ import annotations

import pytest
from defender_lab.service.instants import text, ticks


def test_the_seventh_decimal_counts() -> None:
    assert ticks("2026-01-01T00:00:00.0000002Z") - ticks("2026-01-01T00:00:00.0000001Z") == 1


def test_offsets_are_the_same_instant() -> None:
    assert (
        ticks("2026-01-01T02:00:00+02:00")
        == ticks("2026-01-01T00:00:00Z")
        == ticks("2025-12-31T19:30:00-04:30")
    )


@pytest.mark.parametrize(
    "bad", ["2026-01-01T00:00:00", "2026-01-01", "yesterday", "2026-13-01T00:00:00Z"]
)
def test_a_time_without_offset_is_none(bad: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        ticks(bad)


def test_text_is_the_way_back() -> None:
    assert text(ticks("2026-02-03T04:05:06.7890123Z")) == "2026-02-03T04:05:06.7890123Z"
