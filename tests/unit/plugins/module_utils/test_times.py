# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Times to the tick of 100 ns, in and out, and everything that is no time."""

from __future__ import annotations

import contextlib
import datetime
import time
import typing as t

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils import _times
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._times import (
    check_order,
    format_time,
    parse_span,
    parse_time,
    read_time,
)
from hypothesis import assume, given
from hypothesis import strategies as st

AT = 1_795_435_200 * 10_000_000  # 2026-11-23T12:00:00Z in ticks
# 0001-01-01 to 9999-12-31T23:59:59.9999999, in ticks since 1970
FIRST, LAST = -62_135_596_800 * 10_000_000, 253_402_300_800 * 10_000_000 - 1


def refused(call: t.Callable[[], t.Any]) -> str:
    with pytest.raises(DefenderError) as caught:
        call()
    assert caught.value.category == "bad_request"
    return caught.value.message


@pytest.mark.parametrize(
    ("text", "ticks"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("2021-08-13T08:43:35.5533333Z", 16_288_442_155_533_333),
        ("2024-03-26T09:39:50.7688641Z", 17_114_459_907_688_641),
        ("2026-11-23T12:00:00Z", AT),
        ("2026-11-23t12:00:00z", AT),
        ("2026-11-23 12:00:00Z", AT),
        ("  2026-11-23T12:00:00Z\n", AT),
        ("2026-11-23T14:00:00+02:00", AT),
        ("2026-11-23T06:30:00-05:30", AT),
        ("2026-11-24T02:00:00+14:00", AT),
        ("2026-11-23T12:00:00.0000001Z", AT + 1),
        ("2026-11-23T12:00:00.1Z", AT + 1_000_000),
        ("2026-11-23T12:00:00.123456789Z", AT + 1_234_567),
        ("2024-02-29T00:00:00Z", 17_091_648_000_000_000),
        ("90m", AT - 90 * 600_000_000),
        ("24h", AT - 24 * 36_000_000_000),
        ("7d", AT - 7 * 864_000_000_000),
        ("2w", AT - 14 * 864_000_000_000),
        ("30s", AT - 300_000_000),
        ("0s", AT),
    ],
)
def test_a_time_or_an_age_is_a_number_of_ticks(text: str, ticks: int) -> None:
    assert parse_time("updated_since", text, at=AT) == ticks


@given(ticks=st.integers(FIRST, LAST))
def test_a_time_survives_being_written_and_read_to_the_last_tick(ticks: int) -> None:
    assert parse_time("x", format_time(ticks), at=AT) == ticks
    assert read_time(format_time(ticks).rstrip("Z")) == ticks


def test_the_empty_time_of_dotnet_survives() -> None:
    assert format_time(read_time("0001-01-01T00:00:00Z")) == "0001-01-01T00:00:00Z"


@given(
    moment=st.datetimes(min_value=datetime.datetime(1970, 1, 2), timezones=st.just(datetime.UTC)),
    minutes=st.integers(-14 * 60, 14 * 60),
)
def test_an_offset_changes_the_text_and_not_the_moment(
    moment: datetime.datetime, minutes: int
) -> None:
    assume(moment.year < 9999)
    there = moment.astimezone(datetime.timezone(datetime.timedelta(minutes=minutes)))
    assert parse_time("x", there.isoformat(), at=AT) == parse_time(
        "x", moment.isoformat().replace("+00:00", "Z"), at=AT
    )


@given(first=st.integers(FIRST, LAST), second=st.integers(FIRST, LAST))
def test_times_as_text_of_seven_digits_sort_as_they_are(first: int, second: int) -> None:
    def padded(ticks: int) -> str:
        whole, _unused, fraction = format_time(ticks).rstrip("Z").partition(".")
        return f"{whole}.{fraction:0<7}"

    assert (first < second) == (padded(first) < padded(second))


@given(count=st.integers(0, 999_999), unit=st.sampled_from("smhdw"))
def test_an_age_is_counted_back_and_never_before_1970(count: int, unit: str) -> None:
    length = datetime.timedelta(
        **{{"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}[unit]: count}
    )
    wanted = AT - int(length.total_seconds()) * 10_000_000
    if wanted < 0:
        assert "is before 1970" in refused(
            lambda: parse_time("created_since", f"{count}{unit}", at=AT)
        )
    else:
        assert parse_time("created_since", f"{count}{unit}", at=AT) == wanted


@pytest.mark.parametrize("text", ["2026-11-23T12:00:00", "2026-11-23 12:00:00.5"])
def test_a_naive_time_is_refused_with_what_to_write(text: str) -> None:
    said = refused(lambda: parse_time("created_since", text, at=AT))
    assert said.startswith(
        f"created_since is {text!r}, which has no offset; write 2026-11-23T12:00:00Z for UTC"
    )


@pytest.mark.parametrize(
    "text",
    [
        "2026-02-30T00:00:00Z",
        "2025-02-29T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z",
        "2026-11-31T00:00:00Z",
        "2026-11-23T25:00:00Z",
        "2026-11-23T24:00:01Z",
        "2026-11-23T12:60:00Z",
        "2026-11-23T12:00:61Z",
        "0000-01-01T00:00:00Z",
        "2026-11-23T12:00:00+25:00",
    ],
)
def test_an_impossible_time_is_refused(text: str) -> None:
    assert f"created_since is {text!r}, which is not a valid time" in refused(
        lambda: parse_time("created_since", text, at=AT)
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "yesterday",
        "2026-11-23",
        "20261123T120000Z",
        "12:00:00Z",
        "7",
        "d",
        "7 d",
        "-7d",
        "7D",
        "1.5h",
        "7days",
        "1234567s",
        "2026-11-23T12:00Z",
        "P7D",
    ],
)
def test_what_is_neither_time_nor_age_is_refused_with_examples(text: str) -> None:
    said = refused(lambda: parse_time("updated_before", text, at=AT))
    assert said.startswith(f"updated_before is {text.strip()!r}, which is neither an RFC 3339 time")
    assert "2026-11-01T08:00:00Z" in said
    assert "24h" in said


@given(text=st.text())
def test_no_text_does_more_than_be_refused(text: str) -> None:
    with contextlib.suppress(DefenderError):
        assert isinstance(parse_time("x", text, at=AT), int)


def test_an_impossible_offset_is_refused() -> None:
    refused(lambda: parse_time("created_since", "2026-11-23T12:00:00+05:99", at=AT))


def test_a_time_that_is_read_can_be_written() -> None:
    try:
        ticks = parse_time("created_before", "9999-12-31T23:59:59-05:00", at=AT)
    except DefenderError:
        return
    assert format_time(ticks)


@pytest.mark.parametrize(
    "text",
    [
        "2021-08-13T08:43:35.5533333Z",
        "2021-08-13T08:43:35.5533333",
        "2021-08-13T10:43:35.5533333+02:00",
        "2021-08-13T06:43:35.5533333-02:00",
    ],
)
def test_a_service_may_leave_the_z_out(text: str) -> None:
    assert read_time(text) == 16_288_442_155_533_333


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("P7D", 604_800),
        ("PT12H", 43_200),
        ("P1W", 604_800),
        ("P1DT2H3M4S", 93_784),
        ("PT90M", 5_400),
        ("PT1S", 1),
        ("7d", 604_800),
        ("12h", 43_200),
        ("1w", 604_800),
    ],
)
def test_a_span_is_a_duration_or_an_age(text: str, seconds: int) -> None:
    assert parse_span("timespan", text) == seconds * 10_000_000


@pytest.mark.parametrize(
    "text",
    ["", "P", "PT", "P1Y", "P1M", "PT1.5H", "-P7D", "p7d", "7 days", "P7D ", "1h30m", "forever"],
)
def test_what_is_no_span_is_refused_with_examples(text: str) -> None:
    said = refused(lambda: parse_span("timespan", text))
    assert said.startswith(
        f"timespan is {text!r}, which is neither an ISO 8601 duration such as P7D"
    )


@pytest.mark.parametrize("text", ["PT0S", "P0D", "0d"])
def test_a_span_of_nothing_is_refused(text: str) -> None:
    assert "which is zero; use at least one second" in refused(lambda: parse_span("timespan", text))


def test_a_duration_with_an_empty_part_is_refused() -> None:
    refused(lambda: parse_span("timespan", "P1DT"))


@pytest.mark.parametrize(("earlier", "later"), [(AT, AT), (AT + 1, AT)])
def test_a_window_that_ends_before_it_begins_is_refused(earlier: int, later: int) -> None:
    said = refused(lambda: check_order("created_since", earlier, "created_before", later))
    assert said == (
        f"created_since ({format_time(earlier)}) must be before created_before"
        f" ({format_time(later)})."
    )


@pytest.mark.parametrize(("earlier", "later"), [(None, None), (AT, None), (None, AT), (AT, AT + 1)])
def test_an_open_or_a_right_window_is_none_to_refuse(
    earlier: int | None, later: int | None
) -> None:
    check_order("created_since", earlier, "created_before", later)


def test_now_is_in_ticks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time_ns", lambda: 1_795_435_200_123_456_789)
    assert _times.now() == 17_954_352_001_234_567
