# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A value that goes into a query as a parameter comes back out of the lab's engine, and out of KQL
on the controller, as it was."""

from __future__ import annotations

import typing as t
from datetime import UTC, datetime, timedelta

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._hunting import kql as _kql
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._hunts import (
    local_kql as _local_kql,
)
from ansible_collections.mssp.defender_xdr.tests.unit.hunts.conftest import NOW
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

Answers = t.Callable[[t.Any], t.Any]
# what breaks out of a text where anything does, and what only looks like it
NASTY: t.Final = [
    '"',
    "\\",
    '\\"',
    "'",
    "|",
    ";",
    "//",
    "\n",
    "\r",
    "\t",
    "\0",
    "\x85",
    "\u2028",
    "/*",
    "```",
    '@"',
    "\\u0022",
    "\\x22",
    "ü",
    "😀",
    "\x7f",
    "\ufeff",
]
# half of a surrogate pair is no text that DuckDB could hold; a test of its own says so
TEXT: t.Final = st.lists(st.sampled_from(NASTY) | st.text(max_size=3), max_size=6).map("".join)
NUMBER: t.Final = st.integers(-(2**63), 2**63 - 1) | st.floats(
    allow_nan=False, allow_infinity=False
)
# each example is a query or two of some milliseconds
some = settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


@pytest.fixture(scope="module", params=["lab", "controller"])
def answer(request: pytest.FixtureRequest) -> Answers:
    """What a query answers that does nothing but give its parameter back."""
    if request.param == "controller":
        pytest.importorskip("duckdb_kql")
        return lambda value: _local_kql.run({}, "print back = given", {"given": value})[0]["back"]
    ground = request.getfixturevalue("ground")

    def ask(value: t.Any) -> t.Any:
        query = _kql.with_parameters("print back = given", {"given": value})
        return ground.engine.run(ground.clean[0], query, None, now=NOW).results[0]["back"]

    return ask


@some
@example('"; DeviceInfo | take 1 //')
@example("\\")
@example("a\n| take 1")
@given(TEXT)
def test_text(answer: Answers, value: str) -> None:
    assert answer(value) == value


@some
@example(-(2**63))
@example(2**63 - 1)
@given(NUMBER)
def test_numbers_and_their_types(answer: Answers, value: float) -> None:
    assert (answer(value), type(answer(value))) == (value, type(value))


@pytest.mark.parametrize("value", [True, False])
def test_booleans(answer: Answers, value: bool) -> None:
    assert answer(value) is value


@some
@given(st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31)))
def test_points_in_time_to_the_microsecond(answer: Answers, value: datetime) -> None:
    text = f"{value.isoformat()}Z"
    assert datetime.fromisoformat(answer({"datetime": text})) == value.replace(tzinfo=UTC)


@some
@given(st.integers(1, 10**11))
def test_lengths_of_time(answer: Answers, seconds: int) -> None:
    days, unused, clock = answer({"timespan": f"PT{seconds}S"}).rpartition(".")
    hours, minutes, rest = map(int, clock.split(":"))
    assert timedelta(days=int(days or 0), hours=hours, minutes=minutes, seconds=rest) == timedelta(
        seconds=seconds
    )


@some
@example([2**63 - 1, 1e300, "x"])
@given(st.lists(TEXT | NUMBER | st.booleans(), max_size=5))
def test_lists(answer: Answers, value: list[t.Any]) -> None:
    assert [(type(each), each) for each in answer(value)] == [(type(each), each) for each in value]


def test_half_a_surrogate_pair_is_refused_and_not_misread(answer: Answers) -> None:
    for value in ("a\ud800b", ["\udc00"]):
        with pytest.raises(Exception, match="surrogate") as caught:
            answer(value)
        assert (
            isinstance(caught.value, DefenderError) or getattr(caught.value, "status", None) == 501
        )


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (r'"\u00fc\x41\t\\"', "üA\t\\"),
        (r"'\'\"'", "'\""),
        (r'@"\u00fc"', r"\u00fc"),
        (r'"\ud83d\ude00"', "😀"),
    ],
)
def test_escapes_are_read_as_microsofts_parser_reads_them(
    ground: t.Any, written: str, meant: str
) -> None:
    query = f"print back = {written}"
    assert ground.engine.run(ground.clean[0], query, None, now=NOW).results == [{"back": meant}]
    assert _local_kql.run({}, query, {}) == [{"back": meant}]
