# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What CI says of tests that passed only the second time: each by its name, in the last lines, even when everything passed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

CI = Path(__file__).parents[2] / ".ci"
if not CI.is_dir():
    pytest.skip("the workshop is part of the checkout only", allow_module_level=True)
sys.path.insert(0, str(CI))

import gates  # noqa: E402

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
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> gates.Log:
    monkeypatch.setattr(gates, "WORK", tmp_path / "work")
    return gates.Log(tmp_path / "work/logs/a gate.log", show=False)


def pytest_in(folder: Path, text: str) -> list[str]:
    (folder / "test_it.py").write_text(text)
    return [sys.executable, "-m", "pytest", "-q", "--rootdir", str(folder), str(folder / "test_it.py")]


def test_each_test_that_passed_only_the_second_time_is_kept_by_name(tmp_path: Path, log: gates.Log) -> None:
    said = gates.twice(log, *pytest_in(tmp_path, PASSES_THE_SECOND_TIME), env={})
    assert log.flaky == ["test_it.py::test_once[a b - c]", "test_it.py::test_once[d]"]
    assert said == "2 tests passed only the second time"
    # an earlier run's failures are not this one's
    again = gates.Log(log.path, show=False)
    assert gates.twice(again, *pytest_in(tmp_path, PASSES_THE_SECOND_TIME), env={}) is None
    assert again.flaky == []


def test_what_fails_twice_fails_the_gate(tmp_path: Path, log: gates.Log) -> None:
    with pytest.raises(gates.subprocess.CalledProcessError):
        gates.twice(log, *pytest_in(tmp_path, "def test_ill():\n    assert 0\n"), env={})
    assert log.flaky == []


def test_a_run_that_names_no_failed_test_is_not_repeated(tmp_path: Path, log: gates.Log) -> None:
    with pytest.raises(gates.subprocess.CalledProcessError):
        gates.twice(log, *pytest_in(tmp_path, ""), "--no-such-option", env={})
    assert "Once more" not in log.path.read_text()


def test_the_last_lines_name_every_flaky_test_though_every_gate_passed(tmp_path: Path) -> None:
    quiet, loud = (gates.Log(tmp_path / f"{name}.log", show=False) for name in ("quiet", "loud"))
    loud.flaky = ["tests/a.py::test_a", "tests/b.py::test_b[x]"]
    results = {
        "ruff": gates.Result("passed", 2, "", quiet),
        "pytest-2.21": gates.Result("passed", 300, "2 tests passed only the second time", loud),
    }
    assert gates.closing(results, 302) == [
        "gate                  result    seconds",
        "ruff                  passed          2",
        "pytest-2.21           passed        300  2 tests passed only the second time",
        "2 gates did not fail, 0 failed, 302 s in all",
        "Flaky: 2 tests passed only the second time:",
        "  pytest-2.21: tests/a.py::test_a",
        "  pytest-2.21: tests/b.py::test_b[x]",
    ]
    assert gates.closing({"ruff": results["ruff"]}, 2)[-1] == "Flaky: 0 tests passed only the second time"
    failed = gates.closing({"ruff": gates.Result("FAILED", 2, "ruff ended with 1", quiet)}, 2)
    assert failed[2:4] == ["0 gates did not fail, 1 failed, 2 s in all", "  ruff"]
