# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who may import whom, and how long a file may grow. A change that breaks the rule breaks this
test."""

from __future__ import annotations

import ast
import functools
import io
import sys
import tokenize
import typing as t
from pathlib import Path

import pytest
import yaml
from ansible_collections.mssp.defender_xdr.tests.unit.forks import FORKED

PLUGINS = Path(__file__).parents[2] / "plugins"
HERE = "ansible_collections.mssp.defender_xdr.plugins"
FILES = {
    path.relative_to(PLUGINS).with_suffix("").as_posix().replace("/", "."): path
    for path in sorted(PLUGINS.rglob("*.py"))
}

# Who stands above whom: a room imports only rooms of lower lines, and rooms of one line never each
# other.
ORDER: t.Final[tuple[tuple[str, ...], ...]] = (
    # what Ansible calls
    ("action", "callback", "connection", "doc_fragments", "filter", "inventory", "lookup", "test"),
    # the controller's side: subjects, then what they share
    (
        "plugin_utils._audit",
        "plugin_utils._report",
        "plugin_utils._sweep",
        "plugin_utils._inventory",
        "plugin_utils._hunts",
        "plugin_utils._fleet",
        "plugin_utils._onboarding",
        "plugin_utils._containment",
        "plugin_utils._triage",
        "plugin_utils._summary",
    ),
    ("plugin_utils._coverage", "plugin_utils._door"),
    ("plugin_utils._batch", "plugin_utils._execution", "plugin_utils._subject"),
    (
        "plugin_utils._core",
        "plugin_utils._phrases",
        "plugin_utils._pool",
        "plugin_utils._processes",
        "plugin_utils._progress",
        "plugin_utils._rounds",
        "plugin_utils._tenant_options",
        "plugin_utils._text_table",
        "plugin_utils._writes",
    ),
    ("plugin_utils._concurrency",),
    # what also runs on another machine: the modules, their door, their subjects, and one tenant
    ("modules",),
    ("module_utils._module",),
    (
        "module_utils._incidents",
        "module_utils._hunting",
        "module_utils._applications",
        "module_utils._consent",
        "module_utils._customers",
        "module_utils._devices",
        "module_utils._library",
    ),
    ("module_utils._acting", "module_utils._directory"),
    ("module_utils._tenant", "module_utils._sealed"),
    (
        "module_utils._files",
        "module_utils._listing",
        "module_utils._odata",
        "module_utils._scrub",
    ),
    ("module_utils._times", "module_utils._credential_text"),
    ("module_utils._errors",),
    ("module_utils._shapes",),
)
LINE: t.Final = {room: number for number, line in enumerate(ORDER) for room in line}
ANSIBLE: t.Final = {  # what a folder may import of Ansible itself
    "module_utils": "ansible.module_utils.",
    "modules": "nothing",
    "doc_fragments": "nothing",
}
ONLY_IN: t.Final = {  # what few files have to themselves
    "ansible.module_utils.basic": {"module_utils._module"},
    "ansible.module_utils.urls": set[str](),
    "cryptography": {
        "module_utils._sealed",
        "module_utils._tenant.certificate_reading",
        "module_utils._tenant.certificate_signer",
        "module_utils._tenant.public_certificate",
    },
    "http.client": set[str](),
    "jwt": {"module_utils._tenant.claims"},
    "msal": {"module_utils._tenant.token_request"},
    "requests": {
        "module_utils._tenant.connections",
        "module_utils._tenant.exchange",
        "module_utils._tenant.failed_exchange",
        "module_utils._tenant.transport",
    },
    "socket": {"module_utils._tenant.connections"},
    "ssl": {"module_utils._tenant.connections"},
    "tempfile": {"module_utils._files", "module_utils._hunting.row_sinks"},
    "urllib.request": set[str](),
    "urllib3": {"module_utils._tenant.connections", "module_utils._tenant.failed_exchange"},
}
MOST_LINES: t.Final = {"modules": 60, "module_utils": 250, "plugin_utils": 250, "callback": 250}


def room(name: str) -> str:
    """The room of a file: a folder below the utils, a file beside them, or the plugin type."""
    parts = name.split(".")
    return ".".join(parts[:2]) if parts[0] in ("module_utils", "plugin_utils") else parts[0]


@functools.cache
def imports(name: str) -> frozenset[str]:
    """Everything that is imported anywhere in the file; ours by its name below plugins/, however it
    was written."""
    found = set()
    for node in ast.walk(ast.parse(FILES[name].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = f"{HERE}.{name}".rsplit(".", node.level)[0] if node.level else ""
            found |= {
                ".".join(filter(None, [base, node.module, alias.name])) for alias in node.names
            }
    short = {full.removeprefix(f"{HERE}.") for full in found}
    return frozenset(
        next((ours for ours in FILES if f"{each}.".startswith(f"{ours}.")), each) for each in short
    )


if FORKED:  # each fork would parse the files again
    for each_file in FILES:
        imports(each_file)


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
        prose = (
            isinstance(node, ast.Expr)
            and isinstance(node.value, ast.Constant)
            and isinstance(node.value.value, str)
        )
        if (
            prose
            or isinstance(node, ast.Assign)
            and {"DOCUMENTATION", "EXAMPLES", "RETURN"}
            & {getattr(each, "id", "") for each in node.targets}
        ):
            said |= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    layout = {
        tokenize.COMMENT,
        tokenize.NL,
        tokenize.NEWLINE,
        tokenize.INDENT,
        tokenize.DEDENT,
        tokenize.ENDMARKER,
    }
    tokens = [
        token
        for token in tokenize.generate_tokens(io.StringIO(text).readline)
        if token.type not in layout
    ]
    return len(
        {line for token in tokens for line in range(token.start[0], token.end[0] + 1)} - said
    )


def test_every_room_has_its_place() -> None:
    assert {room(name) for name in FILES} == set(LINE)


def test_a_room_imports_only_rooms_below_it() -> None:
    upwards = [
        f"{name} imports {imported}"
        for name in FILES
        for imported in imports(name)
        if imported in FILES
        and room(imported) != room(name)
        and LINE[room(name)] >= LINE[room(imported)]
    ]
    assert upwards == []


def test_only_an_actions_own_file_imports_its_module() -> None:
    """It hands the module's specification to the room that does the work."""
    others = [
        f"{name} imports {imported}"
        for name in FILES
        for imported in imports(name)
        if imported in FILES
        and room(imported) == "modules" != room(name)
        and name != imported.replace("modules.", "action.", 1)
    ]
    assert others == []


def test_a_file_imports_only_what_is_meant_for_it() -> None:
    strangers = [
        f"{name} imports {imported}"
        for name in FILES
        for imported in imports(name)
        if imported.split(".")[0] == "ansible"
        and not imported.startswith(ANSIBLE.get(name.split(".")[0], "ansible."))
    ]
    assert strangers == []


@pytest.mark.parametrize("kept", ONLY_IN)
def test_a_package_has_few_owners(kept: str) -> None:
    importers = {
        name
        for name in FILES
        if any(f"{imported}.".startswith(f"{kept}.") for imported in imports(name))
    }
    assert importers <= set(ONLY_IN[kept])


def test_no_file_of_a_room_has_the_name_of_a_module_of_python() -> None:
    """Rooms are no packages, so that tools such as pylint take `_tenant/http.py` for Python's own
    `http`."""
    in_rooms = {name.split(".")[-1] for name in FILES if name.count(".") == 2}
    assert in_rooms & set(sys.stdlib_module_names) == set()


def test_no_file_imports_itself_in_a_circle() -> None:
    assert [name for name in FILES if name in reached(name)] == []


def test_a_file_fits_its_size() -> None:
    lines = {name: code_lines(path) for name, path in FILES.items()}
    most = {name: MOST_LINES.get(name.split(".")[0], sys.maxsize) for name in FILES}
    assert {name: count for name, count in lines.items() if count > most[name]} == {}


def test_a_module_that_acts_says_what_it_changes_so_that_a_sweep_counts_it() -> None:
    modules = [name for name in FILES if name.startswith("modules.") and not name.endswith("_info")]
    acting = {name for name in modules if "module_utils._acting.desired_state" in reached(name)}
    declared = {
        name for name in modules if "\nCHANGES = " in FILES[name].read_text(encoding="utf-8")
    }
    assert acting == declared != set()


def test_the_action_group_lists_every_module_that_takes_the_tenant_options() -> None:
    groups = yaml.safe_load((PLUGINS.parent / "meta" / "runtime.yml").read_text(encoding="utf-8"))[
        "action_groups"
    ]
    # sweeps hand the group's defaults on to the module they run, and take none themselves; a report
    # and the audit trail query no tenant
    others = ["audit_info", "hunt_sweep", "report", "sweep"]
    assert sorted([*groups["tenant"], *others]) == sorted(
        path.stem for path in (PLUGINS / "modules").glob("*.py")
    )
