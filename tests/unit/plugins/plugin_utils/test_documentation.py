# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The documentation against the code: one spec, one table of permissions, one list of variables."""

from __future__ import annotations

import ast
import re
import typing as t
from pathlib import Path

import pytest
import yaml
from ansible import constants as C
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.options import TENANT_SPEC
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.permissions import (
    MODULES,
    PERMISSIONS,
)
from ansible_collections.mssp.defender_xdr.plugins.modules import sweep
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils import _tenant_options

PLUGINS = Path(__file__).parents[4] / "plugins"
API_NAMES = {
    "Microsoft Graph": "graph",
    "the older Defender XDR API": "xdr",
    "the Defender XDR API": "xdr",
    "the Defender for Endpoint API": "endpoint",
}


def documentation(path: str) -> dict[str, t.Any]:
    """The DOCUMENTATION of a file, wherever in it."""
    tree = ast.parse((PLUGINS / path).read_text(encoding="utf-8"))
    (text,) = (
        node.value.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        and getattr(node.targets[0], "id", "") == "DOCUMENTATION"
        and isinstance(node.value, ast.Constant)
    )
    return t.cast("dict[str, t.Any]", yaml.safe_load(str(text)))


FRAGMENT = documentation("doc_fragments/_tenant.py")["options"]
CONNECTION = documentation("connection/tenant.py")["options"]


def test_the_fragment_describes_exactly_the_options_of_the_spec_in_its_order() -> None:
    assert list(FRAGMENT) == list(TENANT_SPEC)


@pytest.mark.parametrize("option", TENANT_SPEC)
def test_an_option_is_documented_as_it_is_checked(option: str) -> None:
    spec, told = TENANT_SPEC[option], FRAGMENT[option]
    for key in ("type", "default", "choices", "elements", "required"):
        assert told.get(key) == spec.get(key), key
    assert told["description"]


@pytest.mark.parametrize(
    ("option", "hidden"),
    [
        (option, option in ("client_secret", "certificate", "certificate_password"))
        for option in TENANT_SPEC
    ],
)
def test_the_secrets_and_only_they_are_kept_out_of_the_log(option: str, hidden: bool) -> None:
    assert bool(TENANT_SPEC[option].get("no_log")) is hidden


@pytest.mark.parametrize("option", TENANT_SPEC)
def test_an_option_is_read_where_the_contract_says(option: str) -> None:
    told = C.config.get_configuration_definitions("connection", _tenant_options._defined())[option]
    assert f"defender_xdr_{option}" in _tenant_options.VARIABLES
    assert told["vars"] == [{"name": f"defender_xdr_{option}"}]
    if option == "tenant_id":
        assert "env" not in told
        assert "ini" not in told
    else:
        assert told["env"] == [{"name": f"DEFENDER_XDR_{option.upper()}"}]
        assert told["ini"] == [{"section": "defender_xdr", "key": option}]
    for key in ("type", "default", "choices"):
        assert told.get(key) == TENANT_SPEC[option].get(key), key


def test_the_connection_has_no_option_of_the_tenant() -> None:
    assert not CONNECTION.keys() & TENANT_SPEC.keys()


@pytest.mark.parametrize("path", sorted(path.stem for path in (PLUGINS / "modules").glob("*.py")))
def test_the_documentation_of_a_module_is_yaml_and_its_own(path: str) -> None:
    assert documentation(f"modules/{path}.py")["module"] == path


@pytest.mark.parametrize("module", MODULES)
def test_a_module_says_which_permission_it_needs_from_the_table_that_the_code_checks(
    module: str,
) -> None:
    (sentence,) = (
        line
        for line in documentation(f"modules/{module}.py")["description"]
        if line.startswith("Needs ")
    )
    needed = {resource: set(roles) for resource, roles in PERMISSIONS[module].items() if roles}
    if not needed:
        assert sentence.startswith("Needs no application permission")
        return
    told: dict[str, set[str]] = {}
    for roles, api in re.findall(
        r"(C\([\w.]+\)(?: and C\([\w.]+\))*) of ((?:Microsoft|the) [A-Z]?[\w ]*?(?=[.,]|$))",
        sentence,
    ):
        told.setdefault(API_NAMES[api], set()).update(re.findall(r"C\(([\w.]+)\)", roles))
    assert told == needed


def test_a_sweep_can_run_every_module_of_the_table() -> None:
    spec: t.Any = sweep.SPEC["argument_spec"]
    names = [*MODULES, *(f"mssp.defender_xdr.{name}" for name in MODULES)]
    assert (
        documentation("modules/sweep.py")["options"]["module"]["choices"]
        == names
        == spec["module"]["choices"]
    )


def test_the_inventory_says_which_permission_each_of_its_sources_needs() -> None:
    (sentence,) = (
        line
        for line in documentation("inventory/tenants.py")["description"]
        if line.startswith("Needs ")
    )
    told = {
        f"tenants:{source}": {"graph": (role,)}
        for role, source in re.findall(
            r"C\(([\w.]+)\) of Microsoft Graph for the source V\((\w+)\)",
            " ".join(sentence.split()),
        )
    }
    assert told == {name: row for name, row in PERMISSIONS.items() if ":" in name}


def test_every_module_of_a_tenant_is_in_the_table() -> None:
    assert {path.stem for path in (PLUGINS / "modules").glob("*.py")} - set(PERMISSIONS) <= {
        "audit_info",
        "hunt_sweep",
        "report",
        "sweep",
    }
