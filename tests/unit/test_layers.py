# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who may import whom, and how long a file may grow. A change that breaks the rule breaks this test."""

from __future__ import annotations

import ast
import functools
import io
import tokenize
from pathlib import Path

import pytest
import yaml

PLUGINS = Path(__file__).parents[2] / "plugins"
HERE = "ansible_collections.mssp.defender_xdr.plugins"
FILES = {path.relative_to(PLUGINS).with_suffix("").as_posix().replace("/", "."): path for path in sorted(PLUGINS.rglob("*.py"))}

MAY = {  # folder: what its files may import of Ansible and of ours; {} is the file's own name
    "module_utils": ("module_utils.", "ansible.module_utils."),
    "modules": ("module_utils.",),
    "plugin_utils": ("module_utils.", "plugin_utils.", "ansible."),
    "action": ("modules.{}", "plugin_utils.", "ansible."),
    "connection": ("ansible.",),
    "doc_fragments": (),
}
THIN_DOOR = ("module_utils.", "plugin_utils.", "ansible.")  # filters, lookups, inventories, callbacks
ONLY_IN = {  # what few files have to themselves
    "ansible.module_utils.basic": ("_module",),
    "ansible.module_utils.urls": (),
    "cryptography": ("_certificates", "_sealed"),
    "http.client": (),
    "jwt": ("_claims",),
    "msal": ("_token",),
    "requests": ("_connections", "_http"),
    "socket": ("_connections",),
    "ssl": ("_connections",),
    "urllib.request": (),
    "urllib3": ("_connections", "_http"),
}
# Below the subject matter: a tenant and what it stands on knows nothing of incidents or hunting.
GROUND = {
    f"module_utils.{name}"
    for name in (
        "_tenant",
        "_options",
        "_token",
        "_credential",
        "_cache",
        "_claims",
        "_consent_link",
        "_http",
        "_connections",
        "_proxy",
        "_reasons",
        "_interception",
        "_clouds",
        "_permissions",
        "_app_roles",
        "_times",
        "_scrub",
        "_files",
        "_token_refusals",
        "_token_codes",
        "_api_refusals",
        "_certificates",
        "_certificate_forms",
        "_credential_text",
        "_errors",
    )
}
MOST_LINES = {"modules": 60, "module_utils": 250, "plugin_utils": 250}


@functools.cache
def imports(name: str) -> frozenset[str]:
    """Everything that is imported anywhere in the file; ours by its name below plugins/, however it was written."""
    found = set()
    for node in ast.walk(ast.parse(FILES[name].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = f"{HERE}.{name}".rsplit(".", node.level)[0] if node.level else ""
            found |= {".".join(filter(None, [base, node.module, alias.name])) for alias in node.names}
    short = {full.removeprefix(f"{HERE}.") for full in found}
    return frozenset(next((ours for ours in FILES if f"{each}.".startswith(f"{ours}.")), each) for each in short)


def reached(name: str) -> set[str]:
    """Ours that come along when the file is imported."""
    seen: set[str] = set()
    ahead = [name]
    while ahead:
        fresh = {each for each in imports(ahead.pop()) if each in FILES} - seen
        seen |= fresh
        ahead += fresh
    return seen


def code_lines(path: Path) -> int:
    """Lines that hold code: no comments, blank lines, docstrings or documentation."""
    text = path.read_text(encoding="utf-8")
    said: set[int] = set()
    for node in (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.stmt)):
        prose = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        if prose or isinstance(node, ast.Assign) and {"DOCUMENTATION", "EXAMPLES", "RETURN"} & {getattr(each, "id", "") for each in node.targets}:
            said |= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    layout = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
    tokens = [token for token in tokenize.generate_tokens(io.StringIO(text).readline) if token.type not in layout]
    return len({line for token in tokens for line in range(token.start[0], token.end[0] + 1)} - said)


@pytest.mark.parametrize("name", FILES)
def test_a_file_imports_only_what_its_layer_may(name: str) -> None:
    folder, own = name.split(".")[0], name.split(".")[-1]
    may = tuple(each.format(own) for each in MAY.get(folder, THIN_DOOR))
    for each in imports(name):
        if each.split(".")[0] in {"ansible", "ansible_collections", *(place.name for place in PLUGINS.iterdir())}:
            assert each.startswith(may), f"{name} imports {each}"
        for kept, owners in ONLY_IN.items():
            assert own in owners or not f"{each}.".startswith(f"{kept}."), f"only {owners} may import {kept}, and {name} does"


@pytest.mark.parametrize("name", [name for name in FILES if name.startswith("module_utils.")])
def test_arrows_point_down_only(name: str) -> None:
    assert name not in reached(name), f"{name} imports itself in a circle"
    assert "module_utils._module" not in reached(name), "the module's door is on top"
    assert name not in GROUND or reached(name) <= GROUND, f"{name} is below the subject matter"
    assert name != "module_utils._errors" or not reached(name)


@pytest.mark.parametrize("name", [name for name in FILES if name.split(".")[0] in MOST_LINES])
def test_a_file_fits_its_size(name: str) -> None:
    assert code_lines(FILES[name]) <= MOST_LINES[name.split(".")[0]]


def test_the_action_group_lists_every_module_that_takes_the_tenant_options() -> None:
    groups = yaml.safe_load((PLUGINS.parent / "meta" / "runtime.yml").read_text(encoding="utf-8"))["action_groups"]
    # the sweep hands the group's defaults on to the module it runs, and takes none itself; a report asks no tenant
    assert sorted([*groups["tenant"], "report", "sweep"]) == sorted(path.stem for path in (PLUGINS / "modules").glob("*.py"))
