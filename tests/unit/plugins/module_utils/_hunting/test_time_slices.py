# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two halves share no tick and leave none out, and halving comes to an end."""

from __future__ import annotations

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils._hunting.time_slices import Slice
from ansible_collections.mssp.defender_xdr.plugins.module_utils._times import FIRST, LAST, UNITS
from hypothesis import given
from hypothesis import strategies as st

DAY = UNITS["d"]
NOW = 17_900_000_000_000_000
WINDOW = Slice(NOW - 30 * DAY, NOW)


@given(tick=st.integers(FIRST, LAST))
def test_halving_closes_in_on_any_tick(tick: int) -> None:
    piece, steps = Slice(), 0
    while halves := piece.halves(WINDOW):
        older, newer = halves
        assert (older.since, newer.before) == (piece.since, piece.before)
        assert older.before == newer.since
        assert older.before is not None
        piece = older if tick < older.before else newer
        steps += 1
    assert (FIRST if piece.since is None else piece.since) <= tick
    assert tick <= (LAST if piece.before is None else piece.before)
    assert steps < 150


@pytest.mark.parametrize(
    ("piece", "condition"),
    [
        (Slice(), None),
        (Slice(0, None), "T >= datetime(1970-01-01T00:00:00Z)"),
        (Slice(None, 0), "isnull(T) or T < datetime(1970-01-01T00:00:00Z)"),
        (
            Slice(0, DAY),
            "T >= datetime(1970-01-01T00:00:00Z) and T < datetime(1970-01-02T00:00:00Z)",
        ),
    ],
)
def test_a_slice_open_to_the_past_has_the_rows_without_a_time(
    piece: Slice, condition: str | None
) -> None:
    assert piece.condition("T") == condition
