# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every query of the packs through Microsoft's own KQL parser: as it stands in its file, and as it
is sent."""

from __future__ import annotations

import shutil
import subprocess
import typing as t
from pathlib import Path

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils._hunting import kql as _kql
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._hunts import packs as _packs

CHECK: t.Final = Path(__file__).parents[2] / "kusto" / "check.mjs"
ABSENT: t.Final = 3
VALUES: t.Final = {
    "hashes": ["0" * 64],
    "domains": ["a.example"],
    "addresses": ["192.0.2.1"],
    "senders": ["a@b.example"],
}


def parsed(*paths: Path | str) -> subprocess.CompletedProcess[str]:
    node = shutil.which("node")
    if node is None:
        pytest.skip("Microsoft's KQL parser needs node, which is not on PATH")
    done = subprocess.run(
        [node, str(CHECK), *map(str, paths)],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    if done.returncode == ABSENT:
        pytest.skip(done.stderr.strip())
    return done


def test_microsofts_parser_takes_every_query_as_it_stands_and_as_it_is_sent(
    packs: list[str], tmp_path: Path
) -> None:
    hunts = _packs.wanted(_packs.find(packs), [], VALUES)
    for hunt in hunts:
        assert hunt["missing"] == []
        (tmp_path / f"{hunt['name']}.kql").write_text(
            _kql.with_parameters(hunt["query"], hunt["parameters"]), encoding="utf-8"
        )
    done = parsed(*packs, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines() == [f"{2 * len(hunts)} files, 0 mistakes"]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("DeviceInfo | where Nope == 1", "1:20: Error KS142"),
        ("DeviceInf | take 1", "1:1: Error KS204"),
        (
            (
                "// ---\n// title: x\n// parameters: {least: {type: string}}\n// ---\n"
                "DeviceInfo | where OSBuild >= least and now() has 1"
            ),
            "5:",
        ),
        ("DeviceInfo | wher true", "Error"),
    ],
)
def test_the_parser_finds_a_mistake_and_where_it_is(query: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "wrong.kql").write_text(query)
    done = parsed(tmp_path)
    assert done.returncode == 1, done.stderr
    assert said in done.stdout


def test_a_folder_without_queries_is_no_success(tmp_path: Path) -> None:
    assert parsed(tmp_path).returncode == 1
