# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which time spans are refused, and what an empty one means."""

from __future__ import annotations

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._hunting import (
    timespans as _timespans,
)


@pytest.mark.parametrize(
    "timespan",
    [
        "yesterday",
        "P30D/yesterday",
        "P30D/P7D",
        "P1M",
        "P7D/2026-11-15",
        "2026-11-15T08:00:00Z/",
        "/2026-11-15T08:00:00Z",
        "2026-11-15T08:00:00",
        "2026-11-15T08:00:00/P7D",
        "2026-11-15T08:00:00Z/P0D",
        "2026-11-15T08:00:00Z/2026-11-14T08:00:00Z",
        "2026-11-15T08:00:00Z/P7D/P7D",
        "P999999999D",
        "P999999D/2026-11-15T08:00:00Z",
        "9999-11-15T08:00:00Z/P99D",
        "2026-11-01",
        "P",
        "-P7D",
    ],
)
def test_a_time_span_that_is_refused_is_named_as_a_whole(timespan: str) -> None:
    with pytest.raises(DefenderError) as refused:
        _timespans.parse(timespan)
    assert refused.value.category == "bad_request"
    assert refused.value.message.startswith(f"timespan is {timespan!r}")


def test_an_empty_time_span_is_the_services_own() -> None:
    assert _timespans.parse(None) == _timespans.parse("") == _timespans.Timespan()
    assert _timespans.Timespan().condition("Timestamp") is None
