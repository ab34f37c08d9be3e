# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""KQL parameters: an independent reader of KQL's literals gives every value back, and no value gets
out of them."""

from __future__ import annotations

import json
import re
import time
import types
import typing as t
from pathlib import Path

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._hunting import kql as _kql
from hypothesis import example, given
from hypothesis import strategies as st

SIMPLE_ESCAPES = {
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "b": "\b",
    "f": "\f",
    "v": "\v",
    "a": "\a",
    "0": "\0",
    "\\": "\\",
    '"': '"',
    "'": "'",
}
ANY_TEXT = st.text(st.characters(exclude_categories=()))
NASTY = [
    '"',
    "\\",
    '\\"',
    "'",
    '"; drop',
    "| take 1",
    "a\nb",
    "a\r\nb",
    "// comment",
    "/* */",
    "\u2028",
    "\u2029",
    "\x85",
    "\x00",
    "\x7f",
    "😀",
    "ä",
    "\ud800",
    "\udc00\ud800",
    "```",
    "{{ x }}",
]


def read_string(text: str) -> str:
    """What a KQL string literal says: learn.microsoft.com/kusto/query/scalar-data-types/string,
    written anew for this test."""
    assert text[0] == text[-1] == '"'
    units: list[int] = []
    at = 1
    while at < len(text) - 1:
        letter = text[at]
        assert letter != '"', "the string ends early"
        assert letter not in "\r\n\x85\u2028\u2029", (
            "a string literal does not go on over a line's end"
        )
        if letter != "\\":
            units += [ord(letter)]
            at += 1
        elif text[at + 1] in "uUx":
            width = {"u": 4, "U": 8, "x": 2}[text[at + 1]]
            digits = text[at + 2 : at + 2 + width]
            assert re.fullmatch(rf"[0-9a-fA-F]{{{width}}}", digits)
            units += [int(digits, 16)]
            at += 2 + width
        else:
            units += [ord(SIMPLE_ESCAPES[text[at + 1]])]
            at += 2
    return b"".join(unit.to_bytes(2, "big") for unit in units).decode("utf-16-be", "surrogatepass")


def refused(call: t.Callable[[], t.Any], category: str = "bad_request") -> str:
    with pytest.raises(DefenderError) as caught:
        call()
    assert caught.value.category == category
    return caught.value.message


@given(value=st.lists(ANY_TEXT | st.sampled_from(NASTY)).map("".join))
@example(value="".join(NASTY))
def test_text_is_the_same_text_to_an_independent_reader(value: str) -> None:
    # lone surrogates that meet become one character, as they do in any UTF-16
    assert read_string(_kql.literal("x", value)) == value.encode(
        "utf-16-be", "surrogatepass"
    ).decode("utf-16-be", "surrogatepass")


@given(value=ANY_TEXT)
def test_a_literal_is_one_line_of_plain_ascii_and_its_quotes_are_the_outer_two(value: str) -> None:
    told = _kql.string(value)
    assert all(32 <= ord(letter) < 127 for letter in told)
    assert re.fullmatch(r'"(?:[^"\\]|\\u[0-9a-f]{4})*"', told)


@given(
    value=st.lists(
        ANY_TEXT
        | st.integers(-(2**63), 2**63 - 1)
        | st.booleans()
        | st.floats(allow_nan=False, allow_infinity=False),
        max_size=5,
    )
)
def test_a_list_is_json_that_nothing_ends_early(value: list[t.Any]) -> None:
    told = _kql.literal("x", value)
    inner = told.removeprefix("dynamic(").removesuffix(")")
    assert len(inner) == len(told) - 9
    assert all(32 <= ord(letter) < 127 for letter in told)
    again = json.loads(inner)
    assert [type(each) for each in again] == [type(each) for each in value]
    assert json.dumps(again) == json.dumps(value)


@given(value=st.integers(-(2**63), 2**63 - 1))
def test_an_integer_is_a_long(value: int) -> None:
    told = re.fullmatch(r"long\((-?\d+)\)", _kql.literal("x", value))
    assert told
    assert int(told[1]) == value


@pytest.mark.parametrize("value", [2**63, -(2**63) - 1, 10**30])
def test_an_integer_that_is_no_long_is_refused(value: int) -> None:
    assert (
        refused(lambda: _kql.literal("count", value))
        == f"parameters.count is {value}, which is out of range for the KQL type long."
    )


def test_an_integer_that_is_no_long_is_refused_in_a_list_too() -> None:
    refused(lambda: _kql.literal("counts", [2**63]))


@given(value=st.floats(allow_nan=False, allow_infinity=False))
@example(value=-0.0)
@example(value=5e-324)
@example(value=1.7976931348623157e308)
def test_a_number_is_a_real_to_its_last_digit(value: float) -> None:
    told = re.fullmatch(r"real\((-?\d+(?:\.\d+)?(?:e[+-]\d+)?)\)", _kql.literal("x", value))
    assert told
    assert float(told[1]).hex() == value.hex()


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_what_is_no_finite_number_is_refused(value: float) -> None:
    assert "which is not a finite number" in refused(lambda: _kql.literal("x", value))
    assert "finite numbers" in refused(lambda: _kql.literal("x", [1, value]))


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (True, "true"),
        (False, "false"),
        ([], "dynamic([])"),
        (["a", 1, True], 'dynamic(["a", 1, true])'),
    ],
)
def test_booleans_and_lists_are_themselves(value: t.Any, told: str) -> None:
    assert _kql.literal("x", value) == told


def test_a_time_is_a_datetime_and_a_length_a_timespan(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time_ns", lambda: 1_795_435_200 * 10**9)
    assert (
        _kql.literal("since", {"datetime": "2026-11-01T02:00:00.1234567+02:00"})
        == "datetime(2026-11-01T00:00:00.1234567Z)"
    )
    assert _kql.literal("since", {"datetime": "1d"}) == "datetime(2026-11-22T12:00:00Z)"
    assert _kql.literal("width", {"timespan": "1h"}) == "36000000000tick"
    assert _kql.literal("width", {"timespan": "P1D"}) == "864000000000tick"


@pytest.mark.parametrize(
    "value",
    [
        '{"datetime": "2026-11-01T00:00:00Z"}',
        "2026-11-01T00:00:00Z",
        "7d",
        "datetime(2026-11-01)",
        "now()",
    ],
)
def test_text_that_looks_like_something_else_stays_text(value: str) -> None:
    assert read_string(_kql.literal("x", value)) == value


@pytest.mark.parametrize(
    "value",
    [
        None,
        {},
        {"datetime": 5},
        {"datetime": "7d", "timespan": "7d"},
        {"date": "7d"},
        {"timespan": None},
        [[1]],
        [{"a": 1}],
        [None],
        (1, 2),
        b"bytes",
        {1, 2},
    ],
)
def test_a_value_of_another_kind_is_refused_by_name(value: t.Any) -> None:
    assert refused(lambda: _kql.literal("wanted", value)).startswith("parameters.wanted ")


@pytest.mark.parametrize(
    "value",
    [
        {"datetime": "2026-11-01T00:00:00"},
        {"datetime": "yesterday"},
        {"datetime": ") | take 1"},
        {"timespan": "long"},
        {"timespan": "1h) | take 1"},
    ],
)
def test_a_time_that_is_none_is_refused_by_name(value: dict[str, str]) -> None:
    assert refused(lambda: _kql.literal("since", value)).startswith("parameters.since is ")


def test_each_parameter_is_a_line_before_the_query() -> None:
    told = _kql.with_parameters(
        "DeviceInfo | where DeviceName == name and OSBuild > build", {"name": 'pc"1', "build": 5}
    )
    assert told == (
        'let name = "pc\\u00221";\nlet build = long(5);\n'
        "DeviceInfo | where DeviceName == name and OSBuild > build"
    )


@pytest.mark.parametrize("parameters", [None, {}])
def test_a_query_without_parameters_is_untouched(parameters: t.Any) -> None:
    assert _kql.with_parameters("  DeviceInfo // x\n", parameters) == "  DeviceInfo // x\n"


@given(
    name=st.text()
    | st.sampled_from(["", "1a", "a b", "a;b", "a=1", "ä", "a\n", "a-b", "a.b", "٣", "since", "_1"])
)
def test_a_name_that_is_none_is_refused(name: str) -> None:
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name, re.A) or name.endswith("\n"):
        assert "parameters has the name" in refused(lambda: _kql.with_parameters("x", {name: 1}))
    else:
        assert _kql.with_parameters("x", {name: 1}) == f"let {name} = long(1);\nx"


@pytest.mark.parametrize("name", [1, None, True])
def test_a_name_that_is_no_text_is_refused(name: t.Any) -> None:
    assert "parameters has the name" in refused(lambda: _kql.with_parameters("x", {name: 1}))


def test_a_query_comes_out_of_a_file_without_its_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "hunt.kql"
    path.write_bytes("\ufeffDeviceInfo | where DeviceName == 'ä'\n".encode())
    assert _kql.text(None, str(path)) == "DeviceInfo | where DeviceName == 'ä'\n"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b"\xef\xbb\xbf", "is empty"),
        (b"\x89PNG\r\n\x1a\n\xff", "which is not UTF-8 text"),
        ("DeviceInfo".encode("utf-16"), "which is not UTF-8 text"),
    ],
)
def test_a_file_without_a_query_is_told(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "hunt.kql"
    path.write_bytes(content)
    told = refused(lambda: _kql.text(None, str(path)), "bad_query")
    assert told.startswith(f"query_file is {path}, which ")
    assert said in told


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    assert "cannot be read: No such file or directory" in refused(
        lambda: _kql.text(None, str(tmp_path / "none.kql")), "bad_query"
    )
    assert "cannot be read: Is a directory" in refused(
        lambda: _kql.text(None, str(tmp_path)), "bad_query"
    )


@pytest.mark.parametrize("query", [None, "", " \n\t"])
def test_an_empty_query_is_refused(query: str | None) -> None:
    assert (
        refused(lambda: _kql.text(query, None), "bad_query")
        == "query is empty; set it to a KQL query."
    )


def test_a_limit_is_a_number_of_rows() -> None:
    assert (_kql.checked_limit(0), _kql.checked_limit(7)) == (0, 7)
    assert (
        refused(lambda: _kql.checked_limit(-1))
        == "limit is -1, but must be a number of rows, or 0 for all of them."
    )


def test_a_length_that_is_no_timespan_is_refused_by_name() -> None:
    longest = (2**63 - 1) // 864_000_000_000
    assert _kql.literal("width", {"timespan": f"P{longest}D"}).endswith("tick")
    told = refused(lambda: _kql.literal("width", {"timespan": f"P{longest + 1}D"}))
    assert told.startswith("parameters.width ")
    assert f"P{longest + 1}D" in told


def test_a_parameter_with_a_wrong_value_is_named() -> None:
    told = refused(lambda: _kql.with_parameters("DeviceInfo", {"name": "pc", "wanted": None}))
    assert told.startswith("parameters.wanted ")


def test_plain_text_is_not_escaped() -> None:
    plain = "".join(chr(code) for code in range(32, 127) if chr(code) not in '"\\')
    assert _kql.string(plain) == f'"{plain}"'


def test_a_query_that_is_nested_too_deeply_for_the_checker_was_not_checked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def too_deep(query: str) -> list[str]:
        raise RecursionError

    monkeypatch.setattr(_kql, "duckdb_kql", lambda: types.SimpleNamespace(validate=too_deep))
    assert _kql.check("DeviceInfo | take 77") is False
