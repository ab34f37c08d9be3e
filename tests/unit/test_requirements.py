# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the collection imports is what `requirements.txt` promises, with an oldest version that is
tested."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PLUGINS = ROOT / "plugins"
PACKAGES = {"jwt": "pyjwt", "duckdb_kql": "duckdb-kql"}  # where the import has another name
CORE = {
    "ansible",
    "ansible_collections",
    "jinja2",
    "markupsafe",
    "packaging",
    "yaml",
}  # come with ansible-core
LINES = [
    line
    for line in (ROOT / "requirements.txt").read_text().splitlines()
    if line and not line.startswith("#")
]


def imported(folder: Path) -> set[str]:
    """The packages of other people that files in this folder import."""
    found = set()
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                found.add(str(node.module).split(".", maxsplit=1)[0])
    names = found - set(sys.stdlib_module_names) - CORE - {"__future__"}
    return {PACKAGES.get(name, name) for name in names}


def test_every_import_is_required_or_named_as_optional() -> None:
    required = {re.split(r"[\[>=]", line)[0] for line in LINES}
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    table = readme.partition("## Dependencies and versions")[2].partition("\n## ")[0]
    for name in imported(PLUGINS) - required:
        (row,) = [row for row in table.splitlines() if f"`{name}`" in row and row.startswith("| ")]
        assert "only for" in row, f"{name} is neither required nor optional"
    assert all(f"`{line.split('>=')[0]}`" in table for line in LINES)


@pytest.mark.parametrize("line", LINES)
def test_every_requirement_has_an_oldest_version(line: str) -> None:
    # the gates install exactly that version for the oldest ansible-core
    assert re.fullmatch(r"[a-z0-9]+(\[crypto\])?>=\d+(\.\d+)+", line)
