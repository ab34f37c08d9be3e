# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The variables of the roles and playbooks: what is documented, checked and set is the same."""

from __future__ import annotations

import re
import typing as t
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[4]
ROLES = sorted(path.parent.name for path in (ROOT / "roles").glob("*/README.md"))
PLAYBOOKS = sorted(path.stem for path in (ROOT / "playbooks").glob("*.yml"))
# These show the type of each variable, their requirements and the permissions that they need.
COMPLETE = (
    "contain",
    "hunt",
    "incidents",
    "lab",
    "offboard",
    "onboard",
    "preflight",
    "report",
    "triage",
)
Row = dict[str, str]


def spec(role: str) -> dict[str, t.Any]:
    text = (ROOT / "roles" / role / "meta/argument_specs.yml").read_text(encoding="utf-8")
    return t.cast("dict[str, t.Any]", yaml.safe_load(text)["argument_specs"]["main"]["options"])


def table(path: Path, first: str) -> dict[str, Row]:
    """The rows of the tables whose first column has this heading, by the name in that column."""
    found: dict[str, Row] = {}
    headings: list[str] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if not cells:
            headings = []
        elif not headings:
            headings = cells
        elif headings[0] == first and set(line) - set("|- "):
            found[cells[0].strip("`")] = dict(zip(headings, cells, strict=True))
    return found


def documented_type(option: dict[str, t.Any]) -> str:
    if option["type"] == "list":
        return f"list of {option['elements']}"
    return str(option["type"])


@pytest.mark.parametrize("role", ROLES)
def test_the_readme_of_a_role_lists_every_variable_and_no_other(role: str) -> None:
    assert set(table(ROOT / "roles" / role / "README.md", "variable")) == set(spec(role))


@pytest.mark.parametrize("role", ROLES)
def test_the_defaults_of_a_role_are_those_of_its_specification(role: str) -> None:
    text = (ROOT / "roles" / role / "defaults/main.yml").read_text(encoding="utf-8")
    documented = {
        name: option["default"] for name, option in spec(role).items() if "default" in option
    }
    # what is computed has no default in the specification
    fixed = {
        name: value
        for name, value in yaml.safe_load(text).items()
        if name in documented or "{{" not in str(value)
    }
    assert fixed == documented


@pytest.mark.parametrize(
    ("role", "name"), [(role, name) for role in ROLES for name in spec(role)], ids=lambda each: each
)
def test_the_readme_of_a_role_shows_the_default_and_type_of_a_variable(
    role: str, name: str
) -> None:
    option, row = spec(role)[name], table(ROOT / "roles" / role / "README.md", "variable")[name]
    default = row["default"]
    if not default:
        assert option.get("default", "") in ("", {}, []), "the README shows no default"
    elif default.startswith("`"):
        assert yaml.safe_load(default.strip("`")) == yaml.safe_load(str(option["default"]))
    else:
        assert "default" not in option, "the README shows in words a default that is not computed"
    if role in COMPLETE or "type" in row:
        assert row["type"] == documented_type(option)


@pytest.mark.parametrize("role", COMPLETE)
def test_the_readme_of_a_role_has_requirements_and_permissions(role: str) -> None:
    text = (ROOT / "roles" / role / "README.md").read_text(encoding="utf-8")
    headings = re.findall(r"^## (.*)$", text, re.MULTILINE)
    assert headings[:3] == ["Requirements", "Permissions", "Variables"]


def test_the_readme_of_the_playbooks_lists_each_of_them() -> None:
    rows = table(ROOT / "playbooks/README.md", "playbook")
    assert sorted(rows) == PLAYBOOKS
    assert all(all(row.values()) for row in rows.values()), "a cell is empty"


@pytest.mark.parametrize("playbook", PLAYBOOKS)
def test_the_readme_names_each_variable_that_a_playbook_reads_itself(playbook: str) -> None:
    """Variables of the roles are in their README files."""
    text = (ROOT / "playbooks" / f"{playbook}.yml").read_text(encoding="utf-8")
    read = set(re.findall(r"\b(\w+) \| default\(", text))
    shared = set(table(ROOT / "playbooks/README.md", "variable"))
    of_roles = {name for role in ROLES for name in spec(role)}
    registered = set(re.findall(r"^ +register: (\w+)$", text, re.MULTILINE))
    assert read - of_roles - shared - registered == set()


@pytest.mark.parametrize("role", ROLES)
def test_a_boolean_of_a_role_may_be_text_as_on_the_command_line(role: str) -> None:
    """`-e preflight_fail=false` is the text `false`, which is true in a condition."""
    booleans = [name for name, option in spec(role).items() if option["type"] == "bool"]
    for path in (ROOT / "roles" / role / "tasks").rglob("*.yml"):
        for line in path.read_text(encoding="utf-8").splitlines():
            for name in booleans:
                # a module converts the value of an option
                rest = re.sub(rf': "{{{{ {name} }}}}"$', "", line)
                uses = re.findall(rf"\b{name}\b(.{{0,7}})", rest)
                assert all(use == " | bool" for use in uses), f"{path.name}: {line}"
