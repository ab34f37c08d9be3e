# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Parameters and the names that a query declares or makes itself: a value replaces, is refused, or
is not taken."""

from __future__ import annotations

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._hunting import kql as _kql
from ansible_collections.mssp.defender_xdr.plugins.module_utils._hunting import (
    kql_names as _kql_names,
)

USE = "DeviceInfo | where n > threshold"


@pytest.mark.parametrize(
    "value",
    [
        "10",
        "-10",
        "1.5",
        "1e-5",
        "0xFF",
        "7d",
        "1.5h",
        '"text; let threshold = 1"',
        "'it''s'",
        '@"C:\\temp"',
        'h"secret"',
        "'a' 'b'",
        "true",
        "dynamic(['a', 'b'])",
        "dynamic([\n  'a', // one\n  'b'\n])",
        'dynamic({"a": datetime(2026-01-01)})',
        "datetime(2026-01-01 10:00)",
        "datetime(2026-01-01T00:00:00+02:00)",
        "timespan(1.00:00:00)",
        "long(5)",
        "pack_array('a', 1, -2.5, true)",
        "real(nan)",
        "guid(74be27de-1e4e-49d9-b579-fe0b331d3642)",
        "ago(7d)",
        "now()",
        "now(-1h)",
    ],
)
def test_the_value_takes_the_place_of_the_querys_own_literal(value: str) -> None:
    for text in (
        f"let other = 1;\nlet threshold = {value}; // tune me\n{USE}",
        f"let threshold={value} // tune me; please\n;\n{USE}",
        f"// let threshold = 5;\nlet // mine\n threshold // it\n = // is\n {value};\n{USE}",
        f"let ['threshold'] = {value};\n{USE}",
        f'let ["threshold"] = {value};\n{USE}',
    ):
        told = _kql.with_parameters(text, {"threshold": 20})
        assert value not in told
        assert told.count("long(20)") == 1
        assert told.count("\n") == text.count("\n")
        assert told.replace("long(20)" + "\n" * value.count("\n"), value) == text
        assert _kql_names.takes(text, "threshold")


@pytest.mark.parametrize(
    ("query", "line"),
    [
        (f"let threshold = 2 * 5;\n{USE}", 1),
        (f"let threshold = pack_array(a);\n{USE}", 1),
        (f"let a = 1;\n\nlet threshold = a;\n{USE}", 3),
        (f"let threshold = toscalar(DeviceInfo | count);\n{USE}", 1),
        ("// x\nlet threshold = DeviceInfo | take 1;\nthreshold | take 2", 2),
        ("let threshold = (x: long) { DeviceInfo | take x };\nthreshold(1)", 1),
        ("let threshold = materialize(DeviceInfo);\nthreshold", 1),
        ("let threshold = view () { DeviceInfo };\nthreshold", 1),
        ("let\n['threshold']\n= 1 + 1;\nDeviceInfo", 2),
        (f"declare query_parameters(other: string, threshold: long = 10);\n{USE}", 1),
        ("let f = () {\n  let threshold = 2 * 5;\n  DeviceInfo | where n > threshold\n};\nf()", 2),
        ('let a = "let threshold = 1;";\nlet threshold = strcat(a, "b");\nprint threshold', 2),
    ],
)
def test_a_name_that_is_declared_otherwise_is_refused_with_its_line(query: str, line: int) -> None:
    with pytest.raises(DefenderError) as refused:
        _kql.with_parameters(query, {"threshold": 20})
    assert refused.value.category == "bad_request"
    assert (
        f"parameters has threshold, which the query declares in line {line},"
        in refused.value.message
    )
    assert not _kql_names.takes(query, "threshold")


@pytest.mark.parametrize(
    "query",
    [
        USE,
        f"// let threshold = 5;\n{USE}",
        f'let text = "; let threshold = 5;";\n{USE}',
        f"let threshold_ = 5; let Threshold = 6; let my_threshold = 7;\n{USE}",
        "let f = (threshold: long) { DeviceInfo | where n > threshold };\nf(threshold)",
        "DeviceInfo | where n > ['threshold']",
        "DeviceInfo | where n in (threshold) | summarize threshold = count()",
        "DeviceInfo | extend threshold = toint(threshold) | where threshold > 1",
        (
            "DeviceInfo | where A in ((DeviceInfo | summarize threshold = count() | project"
            " threshold)) and B == threshold"
        ),
        "DeviceInfo | where x == d.threshold and y == threshold",
        "let t = DeviceInfo | summarize threshold = count(); DeviceInfo | where n > threshold",
        "DeviceInfo | where Timestamp between (threshold - 1h .. threshold)",
        "DeviceInfo | where Timestamp > now() -threshold",
    ],
)
def test_a_name_that_the_query_expects_is_declared_before_it(query: str) -> None:
    assert _kql.with_parameters(query, {"threshold": 20}) == f"let threshold = long(20);\n{query}"
    assert _kql_names.takes(query, "threshold")


@pytest.mark.parametrize(
    "query",
    [
        "DeviceInfo",
        "DeviceInfo // threshold",
        'DeviceInfo | where A == "threshold"',
        "DeviceInfo | summarize threshold = count() by A",
        (
            "DeviceInfo | summarize threshold = count() by A | where threshold > 5 | order by"
            " threshold"
        ),
        "DeviceInfo | summarize threshold=count() by A\n| extend B = threshold * 2",
        "DeviceInfo | extend ['threshold'] = 1 | where threshold > 5",
        "DeviceInfo | project A, threshold = B | take 5",
        "DeviceInfo | extend (A, threshold) = series_fit_line(B) | where threshold > 5",
        "DeviceInfo | parse A with * 'x' threshold 'y' * | where threshold > 1",
        "DeviceInfo | parse A with * 'x' threshold: long 'y' * | where threshold > 1",
        "DeviceInfo | where d.threshold > 5 and e['threshold'] > 6",
        (
            "DeviceInfo | join kind=inner (DeviceEvents | summarize threshold = count() by A) on A"
            " | where threshold > 5"
        ),
        "DeviceInfo | join (T | project threshold = A) on $left.A == $right.threshold",
        "let t = DeviceInfo | summarize threshold = count() by A; t | where threshold > 5",
        (
            "let t = DeviceInfo | summarize threshold = count() by A;\n"
            "let u = t | where threshold > 5;\nu | project threshold"
        ),
        "let f = (threshold: long) { DeviceInfo | where n > threshold };\nf(5)",
        (
            "let f = (T: (threshold: long), x: string) { T | where threshold > 1 };\n"
            "f(DeviceInfo, 'x')"
        ),
        "range threshold from 1 to 5 step 1 | where threshold > 2",
        "datatable(threshold: long)[1, 2] | where threshold > 1",
        "DeviceInfo | as threshold",
        "DeviceInfo | where my_threshold > threshold2",
    ],
)
def test_a_name_that_is_only_a_column_is_no_use_of_a_parameter(query: str) -> None:
    assert not _kql_names.takes(query, "threshold")


def test_several_values_are_replaced_and_added_in_one_query() -> None:
    query = (
        "let a = 1; let b = 'x';\nlet f = () { let a = 3; DeviceInfo | take a };\n"
        "f() | where B == b and C == c"
    )
    told = _kql.with_parameters(query, {"b": "y;", "c": 1, "a": 7})
    assert told == (
        'let c = long(1);\nlet a = long(7); let b = "y;";\n'
        "let f = () { let a = long(7); DeviceInfo | take a };\nf() | where B == b and C == c"
    )


def test_a_literal_of_a_function_alone_is_replaced_there() -> None:
    told = _kql.with_parameters("let f = () { let n = 3; DeviceInfo | take n };\nf()", {"n": 7})
    assert told == "let n = long(7);\nlet f = () { let n = long(7); DeviceInfo | take n };\nf()"


@pytest.mark.parametrize(
    "query",
    [
        "let",
        "let ",
        "let x",
        "let x =",
        "let x = ;",
        "((((",
        "}{",
        "'",
        "let x = (;",
        "declare query_parameters(",
    ],
)
def test_what_is_no_query_crashes_nothing(query: str) -> None:
    declared = _kql_names.declarations(query)
    assert all(query[slice(*one.span)] is not None for one in declared)
    assert isinstance(_kql_names.takes(query, "x"), bool)
