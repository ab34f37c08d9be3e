# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who may import whom in the lab, and how long a file may grow. A change that breaks the rule
breaks this test."""

from __future__ import annotations

import ast
import functools
import sys
import typing as t
from pathlib import Path

import pytest
from ansible_collections.mssp.defender_xdr.tests.unit.test_layers import code_lines

LAB = Path(__file__).parents[3] / "roles" / "lab" / "files" / "defender_lab"
PACKAGES = {path.parent.name for path in LAB.glob("*/__init__.py")}
FILES = {
    path.relative_to(LAB).with_suffix("").as_posix().replace("/", "."): path
    for path in sorted(LAB.rglob("*.py"))
    if path.name != "__init__.py"
}

# Who stands above whom: a room, or a file beside the rooms, imports only what is on lower lines,
# and those of one line never each other.
ORDER: t.Final[tuple[tuple[str, ...], ...]] = (
    # the program
    ("__main__",),
    ("cli",),
    ("assembly", "process"),
    ("lab",),
    # what the four origins answer
    ("control", "endpoint", "graph", "xdr"),
    ("directory",),
    ("api", "hunting"),
    ("entra",),
    # what there is to answer with
    ("odata", "store", "tenants", "world"),
    ("estate",),
    ("certificates", "service"),
)
LINE: t.Final = {room: number for number, line in enumerate(ORDER) for room in line}
MOST_LINES: t.Final = 250
# DuckDB is loaded with the first hunt
LATE: t.Final = {("hunting.service", "hunting.engine")}


def room(name: str) -> str:
    return name.split(".")[0]


def imports_in(tree: ast.AST) -> set[str]:
    """Full names of everything that is imported anywhere below the node."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "the lab names its files in full"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def ours(full: str) -> str | None:
    """The lab's file that an import names, or an import of something in it does."""
    short = full.removeprefix("defender_lab.")
    if short == full:
        return None
    return next(name for name in FILES if f"{short}.".startswith(f"{name}."))


@functools.cache
def tree(name: str) -> ast.Module:
    return ast.parse(FILES[name].read_text(encoding="utf-8"))


@functools.cache
def imports(name: str) -> frozenset[str]:
    return frozenset(found for full in imports_in(tree(name)) if (found := ours(full)))


def reached(name: str) -> set[str]:
    """Files that come along when the file is imported."""
    seen: set[str] = set()
    ahead = [name]
    while ahead:
        fresh = imports(ahead.pop()) - seen
        seen |= fresh
        ahead += fresh
    return seen


def test_every_room_has_its_place() -> None:
    assert {room(name) for name in FILES} == set(LINE)


def test_a_room_imports_only_rooms_below_it() -> None:
    upwards = [
        f"{name} imports {imported}"
        for name in FILES
        for imported in imports(name)
        if room(imported) != room(name) and LINE[room(name)] >= LINE[room(imported)]
    ]
    assert upwards == []


def test_no_file_imports_itself_in_a_circle() -> None:
    assert [name for name in FILES if name in reached(name)] == []


def test_a_file_imports_at_its_top() -> None:
    late = {
        (name, ours(full))
        for name in FILES
        for node in ast.walk(tree(name))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for full in imports_in(node)
    }
    assert late <= LATE


def test_the_lab_does_not_know_the_collection() -> None:
    known = {
        (name, full)
        for name in FILES
        for full in imports_in(tree(name))
        if full.split(".")[0].startswith("ansible")
    }
    assert known == set()


@pytest.mark.parametrize("package", sorted(PACKAGES))
def test_a_room_says_what_it_is_and_holds_nothing_else(package: str) -> None:
    body = ast.parse((LAB / package / "__init__.py").read_text(encoding="utf-8")).body
    assert [type(node) for node in body] == [ast.Expr]


def test_no_file_of_a_room_has_the_name_of_a_module_of_python() -> None:
    in_rooms = {name.split(".")[-1] for name in FILES if "." in name}
    assert in_rooms & set(sys.stdlib_module_names) == set()


def test_a_file_fits_its_size() -> None:
    lines = {name: code_lines(path) for name, path in FILES.items()}
    assert {name: count for name, count in lines.items() if count > MOST_LINES} == {}
