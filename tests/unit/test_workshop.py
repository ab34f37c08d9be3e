# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What CI says last: each test that passed only the second time by its name, though everything
passed, and how much is covered."""

from __future__ import annotations

import json
import subprocess
import sys
import types
import typing as t
from pathlib import Path

import pytest

CI = Path(__file__).parents[2] / ".ci"
if not CI.is_dir():
    pytest.skip("the workshop is part of the checkout only", allow_module_level=True)
sys.path.insert(0, str(CI))

import floor  # noqa: E402
import schedule  # noqa: E402
import second_try  # noqa: E402

PASSES_THE_SECOND_TIME = """
from pathlib import Path

import pytest


@pytest.mark.parametrize("word", ["a b - c", "d"])
def test_once(word):
    seen = Path(__file__).with_name(word)
    if not seen.exists():
        seen.touch()
        raise AssertionError


def test_well():
    pass
"""


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> schedule.Log:
    monkeypatch.setattr(second_try, "WORK", tmp_path / "work")
    return schedule.Log(tmp_path / "work/logs/a gate.log", show=False)


def pytest_in(folder: Path, text: str) -> list[str]:
    (folder / "test_it.py").write_text(text)
    return [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "--rootdir",
        str(folder),
        str(folder / "test_it.py"),
    ]


def test_each_test_that_passed_only_the_second_time_is_kept_by_name(
    tmp_path: Path, log: schedule.Log
) -> None:
    said = second_try.twice(log, *pytest_in(tmp_path, PASSES_THE_SECOND_TIME), env={})
    assert log.flaky == ["test_it.py::test_once[a b - c]", "test_it.py::test_once[d]"]
    assert said == "2 tests passed only the second time"
    # an earlier run's failures are not this one's
    again = schedule.Log(log.path, show=False)
    assert second_try.twice(again, *pytest_in(tmp_path, PASSES_THE_SECOND_TIME), env={}) is None
    assert again.flaky == []


def test_what_fails_twice_fails_the_gate(tmp_path: Path, log: schedule.Log) -> None:
    with pytest.raises(subprocess.CalledProcessError):
        second_try.twice(log, *pytest_in(tmp_path, "def test_ill():\n    assert 0\n"), env={})
    assert log.flaky == []


def test_a_run_that_names_no_failed_test_is_not_repeated(tmp_path: Path, log: schedule.Log) -> None:
    with pytest.raises(subprocess.CalledProcessError):
        second_try.twice(log, *pytest_in(tmp_path, ""), "--no-such-option", env={})
    assert "Once more" not in log.path.read_text()


def test_the_last_lines_name_every_flaky_test_though_every_gate_passed(tmp_path: Path) -> None:
    quiet, loud = (schedule.Log(tmp_path / f"{name}.log", show=False) for name in ("quiet", "loud"))
    loud.flaky = ["tests/a.py::test_a", "tests/b.py::test_b[x]"]
    results = {
        "ruff": schedule.Result("passed", 2, "", quiet),
        "pytest-2.21": schedule.Result("passed", 300, "2 tests passed only the second time", loud),
    }
    assert schedule.closing(results, 302) == [
        "gate                  result    seconds",
        "ruff                  passed          2",
        "pytest-2.21           passed        300  2 tests passed only the second time",
        "2 gates did not fail, 0 failed, 302 s in all",
        "Flaky: 2 tests passed only the second time:",
        "  pytest-2.21: tests/a.py::test_a",
        "  pytest-2.21: tests/b.py::test_b[x]",
    ]
    assert (
        schedule.closing({"ruff": results["ruff"]}, 2)[-1]
        == "Flaky: 0 tests passed only the second time"
    )
    failed = schedule.closing({"ruff": schedule.Result("FAILED", 2, "ruff ended with 1", quiet)}, 2)
    assert failed[2:4] == ["0 gates did not fail, 1 failed, 2 s in all", "  ruff"]


def test_lines_and_branches_are_read_out_of_coverages_report(tmp_path: Path) -> None:
    totals = {
        "covered_lines": 90,
        "num_statements": 120,
        "covered_branches": 3,
        "num_branches": 4,
        "percent_covered": 1.0,
    }
    report = tmp_path / "report.json"
    report.write_text(json.dumps({"totals": totals}))
    assert floor.measured(report) == {"lines": 75.0, "branches": 75.0}


def test_what_is_covered_stays_above_the_floor() -> None:
    demanded = {"lines": 95.0, "branches": 90.0}
    assert (
        floor.compared({"lines": 95.0, "branches": 90.4}, demanded, [])
        == "lines 95.00 %, branches 90.40 %"
    )
    with pytest.raises(
        floor.Below,
        match=r"^coverage fell: branches below 90.0 % \(lines 97.00 %, branches 89.99 %\)",
    ):
        floor.compared({"lines": 97.0, "branches": 89.99}, demanded, [])


def test_a_floor_that_can_rise_is_told_with_what_to_write() -> None:
    told = floor.compared({"lines": 96.0, "branches": 90.0}, {"lines": 95.0, "branches": 90.0}, [])
    assert told.endswith('; coverage_floor.json can rise: {"lines": 95.7, "branches": 90.0}')


def test_the_floor_is_never_lowered() -> None:
    with pytest.raises(
        floor.Below, match=r"only rises, and coverage_floor.json once demanded lines of 95.0 %"
    ):
        floor.compared(
            {"lines": 99.0, "branches": 99.0},
            {"lines": 94.0, "branches": 90.0},
            [{"lines": 95.0, "branches": 90.0}],
        )
    assert all(
        not any(value > json.loads(floor.FLOOR.read_text())[name] for name, value in old.items())
        for old in floor.former(floor.FLOOR)
    )


@pytest.mark.parametrize(("left", "word"), [(101, "passed"), (99, "absent")])
def test_an_optional_gate_is_not_started_where_the_whole_would_take_too_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, left: float, word: str
) -> None:
    now = 0.0
    monkeypatch.setattr(schedule, "STARTED", now)
    monkeypatch.setattr(schedule, "time", types.SimpleNamespace(monotonic=lambda: now))

    def takes(seconds: float) -> t.Callable[[schedule.Log], None]:
        def work(log: schedule.Log) -> None:
            nonlocal now
            now += seconds

        return work

    gates = [
        schedule.Gate("test", "dev", takes(100), alone=True),
        schedule.Gate("ruff", "lint", takes(schedule.WHOLE - 100 - left), alone=True),
        schedule.Gate("pytest-next", "pytest", takes(100), optional=True, like="test"),
    ]
    results = schedule.run_all(gates, tmp_path)
    assert {name: result.word for name, result in results.items()} == {
        "test": "passed",
        "ruff": "passed",
        "pytest-next": word,
    }
    assert not any(result.bad for result in results.values())
