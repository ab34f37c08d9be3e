# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A condition is put in right behind the table, and a query whose rows depend on each other is
refused."""

from __future__ import annotations

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._hunting.row_wise_queries import (
    row_wise,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._hunting.time_slices import Slice
from ansible_collections.mssp.defender_xdr.plugins.module_utils._times import UNITS

DAY = UNITS["d"]


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("DeviceEvents | summarize count() by DeviceName", "it uses summarize"),
        ("DeviceEvents | top 5 by Timestamp", "it uses top"),
        ("DeviceEvents | take 5", "it uses take"),
        ("DeviceEvents | distinct DeviceName", "it uses distinct"),
        ("DeviceEvents | join kind=inner DeviceInfo on DeviceId", "it uses join"),
        ("DeviceEvents | make-series count() on Timestamp step 1h", "it uses make-series"),
        ("DeviceEvents | serialize", "it uses serialize"),
        ("DeviceEvents // | where true\n| limit 3", "it uses limit"),
        ('DeviceEvents | extend a = "|" | count', "it uses count"),
        ("union DeviceEvents, DeviceInfo", "it does not begin with one table and a pipe"),
        ("NoSuchTable | where true", "it does not begin with one table and a pipe"),
        (
            "ExposureGraphNodes | where true",
            "ExposureGraphNodes has no column with the time of an event",
        ),
        ("DeviceEvents | where true; let x = 1;", "it ends with a statement that returns no rows"),
    ],
)
def test_a_query_whose_rows_depend_on_each_other_is_refused_with_the_reason(
    query: str, reason: str
) -> None:
    with pytest.raises(DefenderError) as refused:
        row_wise(query)
    assert refused.value.category == "bad_query"
    assert reason in refused.value.message


@pytest.mark.parametrize(
    ("query", "head", "tail"),
    [
        ("DeviceEvents", "DeviceEvents", ""),
        ("DeviceEvents;", "DeviceEvents", ";"),
        (
            "let a = 'x;|y';\nDeviceEvents\n| where A == a",
            "let a = 'x;|y';\nDeviceEvents",
            "| where A == a",
        ),
        (
            'DeviceEvents | where A has "; | summarize" | project A',
            "DeviceEvents",
            '| where A has "; | summarize" | project A',
        ),
        (
            "DeviceEvents | where A in ((DeviceInfo | summarize by A)) | extend B = 1",
            "DeviceEvents",
            "| where A in ((DeviceInfo | summarize by A)) | extend B = 1",
        ),
    ],
)
def test_the_window_is_put_right_behind_the_table(query: str, head: str, tail: str) -> None:
    cut = row_wise(query)
    assert (cut.head, cut.tail, cut.column) == (head, tail, "Timestamp")
    assert cut.others == (("DeviceInfo",) if "DeviceInfo" in query else ())
    where = (
        "| where Timestamp >= datetime(1970-01-01T00:00:00Z) and Timestamp <"
        " datetime(1970-01-02T00:00:00Z)"
    )
    assert cut.where(None, Slice(0, DAY).condition(cut.column)) == f"{head}\n{where}\n{tail}"
