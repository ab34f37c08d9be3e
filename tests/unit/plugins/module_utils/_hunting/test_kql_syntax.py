# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The check before sending: only what Microsoft's parser refuses is refused, and what is unsure
says so."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import types
from pathlib import Path

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._hunting import kql as _kql
from ansible_collections.mssp.defender_xdr.plugins.module_utils._hunting import (
    kql_syntax as _kql_syntax,
)
from hypothesis import given
from hypothesis import strategies as st

CHECK = Path(__file__).parents[5] / "tests" / "kusto" / "check.mjs"
VALID = [
    "DeviceInfo | extend t = ago(1d) | where Timestamp between (t - 1h .. t + 1h)",
    "let w = 1h; DeviceInfo | extend t = ago(1d) | where Timestamp between (t .. t + w)",
    "DeviceInfo | where Timestamp !between (ago(2d) .. ago(1d) + 1h)",
    "DeviceInfo | where Timestamp between(ago(2d)-1h..now()-1h)",
    "DeviceInfo | where Timestamp between (datetime(2026-01-01) - 1d * 2 .. 3d)",
    (
        "DeviceInfo | where Timestamp between (datetime_add('day', -1, startofday(now() - 1d)) .."
        " now() + 1tick)"
    ),
    (
        "DeviceInfo | where Timestamp between (iff(1 between (0 + 1 .. 2), ago(3d), now()) - 1h .."
        " now())"
    ),
    "DeviceInfo | where Timestamp between (\n  // from - to\n  ago(1d) - 1h\n  ..\n  now() + 1h\n)",
    (
        "DeviceNetworkEvents | where RemotePort between (1 .. 2 + 3) and LocalPort !between"
        " (toint('1') - 1 .. iff(true, 3, 4) * 2)"
    ),
    "DeviceNetworkEvents | where RemotePort in (1 + 2, 3 - 1) or RemotePort !in (4 * 2, 9 / 3)",
    "DeviceNetworkEvents | where RemotePort between (-1 .. 1) and RemotePort between (1 .. -(-5))",
    (
        "DeviceNetworkEvents | where DeviceId in ((DeviceInfo | where ClientVersion != '' |"
        " project-away DeviceName | project DeviceId))"
    ),
    "DeviceNetworkEvents | serialize | extend x = row_number()",
    "DeviceInfo | where DeviceName != 'a (' and DeviceName != '] between (' // (",
    'DeviceInfo | where DeviceName matches regex @"\\(a|b" and ClientVersion == "\\"("',
    "DeviceInfo | where DeviceName == ```a \" ' (\n``` | take 1",
    "DeviceInfo | summarize count() by bin(Timestamp, 1h) | order by Timestamp desc",
    "DeviceInfo | summarize arg_max(Timestamp, *) by DeviceId | project-away *Version",
    "let f = (x: long) { let n = 1; DeviceInfo | take x }; let n = 2; f(n)",
    "let x = 10; DeviceInfo | extend threshold = 5 | where threshold > x",
    "let f = (name: string) { table(name) | take 1 };\nf('DeviceInfo')",
    "print x = dynamic({'a': [1, 2]}), y = -1, z = 1 - -1",
]
WRONG = [
    ("DeviceInfo | where (DeviceName == ''", 1, 20, "( is not closed"),
    ("DeviceInfo | where DeviceName == '')", 1, 36, ") has no opening bracket"),
    ("DeviceInfo\n| where DeviceName in ('a']", 2, 27, "] has no opening bracket"),
    ("DeviceInfo\n| where DeviceName == 'a", 2, 23, "a string begins here"),
    ("DeviceInfo | whre DeviceName == ''", 1, 14, "the closest operator is where"),
    ("DeviceInfo | sumarize count()", 1, 14, "the closest operator is summarize"),
    ("DeviceInfo |", 1, 12, "no operator after the pipe"),
    ("DeviceInfo\n| | take 1", 2, 1, "no operator after the pipe"),
    ("| take 1", 1, 1, "no expression before the pipe"),
    ("DeviceInfo | where DeviceName ==", 1, 31, "no value after =="),
    ("DeviceInfo | where DeviceName == | take 1", 1, 31, "no value after =="),
    ("DeviceInfo | where Timestamp between (ago(1d) ..)", 1, 47, "no value after .."),
    ("DeviceInfo | where DeviceName == 'a' and", 1, 38, "no value after and"),
    ("let a = ;\nDeviceInfo", 1, 7, "no value after ="),
    ("let a = 1;\nlet a = 2;\nDeviceInfo | take a", 2, 9, "a has already been declared in line 1"),
]


@pytest.mark.parametrize("query", VALID)
def test_what_microsofts_parser_takes_is_never_refused(query: str) -> None:
    assert _kql_syntax.mistake(query) is None
    pytest.importorskip("duckdb_kql")
    assert _kql.check(query) is ("table(name)" not in query)


@pytest.mark.parametrize(("query", "line", "column", "reason"), WRONG)
def test_what_is_certainly_wrong_is_refused_with_its_place(
    query: str, line: int, column: int, reason: str
) -> None:
    with pytest.raises(DefenderError) as refused:
        _kql.check(query)
    assert refused.value.category == "bad_query"
    assert f"in line {line}, column {column}: " in refused.value.message
    assert reason in refused.value.message


@pytest.mark.parametrize(
    "query", ["DeviceInfo DeviceName", "DeviceInfo | frobnicate 1", "DeviceInfo | where a b c"]
)
def test_a_check_that_is_not_sure_says_so(query: str) -> None:
    assert _kql.check(query) is False


def test_without_the_package_what_is_certain_is_refused_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(_kql, "duckdb_kql", lambda: None)
    # queries that no other test has checked before, with the package
    assert _kql.check(f"{VALID[0]} | take 78") is False
    with pytest.raises(DefenderError):
        _kql.check(f" {WRONG[0][0]}")


def test_a_query_is_parsed_once_for_all_tenants(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[str] = []
    checker = types.SimpleNamespace(validate=parsed.append)
    monkeypatch.setattr(_kql, "duckdb_kql", lambda: checker)
    answers = {_kql.check("DeviceInfo | take 79") for _unused in range(3)}
    assert (answers, len(parsed)) == ({True}, 1)


@pytest.mark.parametrize(
    "query", ["(" * 5000, "a" + " | where (x" * 300 + ")" * 300, "print " + "1 + " * 3000 + "1"]
)
def test_a_query_nested_deeply_crashes_nothing(query: str) -> None:
    with contextlib.suppress(DefenderError):
        assert isinstance(_kql.check(query), bool)


@given(query=st.text(alphabet="ab1 |()[]{}\"'=<>.-+;,\n/let") | st.text())
def test_no_text_crashes_the_check(query: str) -> None:
    found = _kql_syntax.mistake(query)
    assert found is None or (found.line >= 1 and found.column >= 1)
    assert len(_kql_syntax.readable(query)) >= len(query)


def test_microsofts_parser_agrees(tmp_path: Path) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("Microsoft's KQL parser needs node, which is not on PATH")
    for number, query in enumerate([*VALID, *(wrong for wrong, *_unused in WRONG)]):
        (tmp_path / f"{number:03d}.kql").write_text(query, encoding="utf-8")
    done = subprocess.run(
        [node, str(CHECK), str(tmp_path)], capture_output=True, text=True, check=False, timeout=300
    )
    if done.returncode == 3:
        pytest.skip(done.stderr.strip())
    refused = {
        int(line.split(".kql:")[0][-3:]) for line in done.stdout.splitlines() if ": Error " in line
    }
    assert refused == set(range(len(VALID), len(VALID) + len(WRONG))), done.stdout
