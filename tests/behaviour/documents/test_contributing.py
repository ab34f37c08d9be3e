# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The eight steps in CONTRIBUTING.md, followed exactly as written in a copy of the collection: the
tests that they name pass, and so do those that know all modules."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest

ROOT: t.Final = Path(__file__).parents[3]
LEFT_OUT: t.Final = shutil.ignore_patterns(
    ".git", ".venv", ".ansible", ".*cache", "__pycache__", "output", ".hypothesis"
)
STEPS: t.Final = re.compile(
    r"(?:Create `(?P<made>[^`]+)`"
    r"|In `(?P<changed>[^`]+)`, below\s(?P<fence>`+) ?(?P<line>.+?) ?(?P=fence))"
    r"[^\n]*:\n\n```\w*\n(?P<text>.*?)```\n",
    re.DOTALL,
)
COMMAND: t.Final = re.compile(r"^\./dev (test .*organization_info.*)$", re.MULTILINE)


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the collection, after all steps."""
    copy = tmp_path_factory.mktemp("copy") / "ansible_collections/mssp/defender_xdr"
    shutil.copytree(ROOT, copy, ignore=LEFT_OUT)
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    steps = list(STEPS.finditer(text.partition("## Add a module in eight steps")[2]))
    assert len(steps) >= 10
    for step in steps:
        path = copy / (step["made"] or step["changed"])
        if step["made"]:
            assert not path.exists()
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(step["text"], encoding="utf-8")
        else:
            _insert(path, step["line"], step["text"])
    return copy


def _insert(path: Path, line: str, text: str) -> None:
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    places = [number for number, other in enumerate(lines) if other.strip() == line]
    assert len(places) == 1, f"{path.name} has this line {len(places)} times: {line}"
    lines.insert(places[0] + 1, text)
    path.write_text("".join(lines), encoding="utf-8")


def test_a_stranger_can_follow_the_steps(followed: Path) -> None:
    text = (followed / "CONTRIBUTING.md").read_text(encoding="utf-8")
    [command] = COMMAND.findall(text)
    arguments = re.findall(r'"[^"]+"|\S+', command)[1:]
    place = str(followed.parents[2])
    # a gate's own options are for this test, not for those inside
    environment = {name: value for name, value in os.environ.items() if name[:7] != "PYTEST_"}
    run = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q"),
            *(argument.strip('"') for argument in arguments),
            "tests/unit/plugins/plugin_utils/test_documentation.py",
        ],
        cwd=followed,
        env=environment | {"PYTHONPATH": place, "ANSIBLE_COLLECTIONS_PATH": place},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr
    assert re.search(r"\d{2,} passed", run.stdout), run.stdout
