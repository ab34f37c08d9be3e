# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The text of a registry with one tenant more or less: nothing else changes, and the inventory reads what is written."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
import yaml
from ansible.errors import AnsibleFilterError
from ansible_collections.mssp.defender_xdr.plugins.filter.registry_with import FilterModule as With
from ansible_collections.mssp.defender_xdr.plugins.filter.registry_without import FilterModule as Without
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils import _registry_text
from hypothesis import given
from hypothesis import strategies as st

ONE, TWO, THREE = (f"{digit * 8}-0000-4000-8000-{digit * 12}" for digit in "123")
OURS = f"""# our customers
tenants:
- tenant_id: {ONE}  # the first
  name: contoso
  note: |
    two
    lines

# the second has moved
- {{name: woodgrove, tenant_id: {TWO.upper()}}}

# the end
"""


def added(text: str, tenant_id: str, name: str = "fabrikam", **variables: t.Any) -> str:
    return _registry_text.with_tenant(text, "r.yml", tenant_id, name, variables)


def removed(text: str, tenant_id: str) -> str:
    return _registry_text.without_tenant(text, "r.yml", tenant_id)


def test_an_entry_comes_to_the_end_and_all_the_rest_stays() -> None:
    found = added(OURS, THREE, tier="gold")
    assert found == OURS.replace("\n# the end", f"- tenant_id: {THREE}\n  name: fabrikam\n  tier: gold\n\n# the end")


def test_an_entry_that_is_there_stays_as_its_owner_wrote_it() -> None:
    assert added(OURS, TWO, "another name", tier="gold") == OURS


def test_an_entry_goes_with_its_lines_and_no_other() -> None:
    assert removed(OURS, ONE) == OURS.replace(f"- tenant_id: {ONE}  # the first\n  name: contoso\n  note: |\n    two\n    lines\n", "")
    assert removed(OURS, TWO) == OURS.replace(f"- {{name: woodgrove, tenant_id: {TWO.upper()}}}\n", "")
    assert removed(OURS, THREE) == OURS


@pytest.mark.parametrize("text", ["", "---\n", "---\ntenants:\n", "tenants: []\n", "tenants: []  # none yet\n", "---\n# ours\ntenants:"])
def test_a_registry_without_entries_takes_one_and_gives_it_back(text: str) -> None:
    found = added(text, ONE)
    assert yaml.safe_load(found) == {"tenants": [{"tenant_id": ONE, "name": "fabrikam"}]}
    assert not yaml.safe_load(removed(found, ONE))["tenants"]
    assert ("#" in text) == ("#" in found)


@given(
    steps=st.lists(
        st.tuples(st.booleans(), st.sampled_from([ONE, TWO, THREE]), st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1)), max_size=8
    )
)
def test_whatever_comes_and_goes_the_registry_says_who_is_in_it(steps: list[tuple[bool, str, str]]) -> None:
    text, model = OURS, [ONE, TWO]
    for comes, tenant_id, name in steps:
        text = added(text, tenant_id, name) if comes else removed(text, tenant_id)
        if comes and tenant_id not in model:
            model.append(tenant_id)
            assert yaml.safe_load(text)["tenants"][-1]["name"] == name
        elif not comes and tenant_id in model:
            model.remove(tenant_id)
    assert [entry["tenant_id"].lower() for entry in yaml.safe_load(text)["tenants"] or []] == model


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("tenants: [{tenant_id: x}]\n", "brackets"),
        ("tenants: [\n", "no YAML"),
        ("customers: []\n", "the one key tenants"),
        ("tenants: {}\n", "a list"),
        ("tenants: [a]\n", "a list"),
    ],
)
def test_a_registry_that_cannot_be_written_is_told_in_a_sentence(text: str, word: str) -> None:
    with pytest.raises(DefenderError, match=word):
        added(text, ONE)


def test_the_filters_read_the_file_and_refuse_what_they_could_not_give_back(tmp_path: Path) -> None:
    registry_with, registry_without = With().filters()["registry_with"], Without().filters()["registry_without"]
    path = tmp_path / "registry.yml"
    path.write_text(registry_with(str(path), ONE, "contoso"))
    assert yaml.safe_load(path.read_text()) == {"tenants": [{"tenant_id": ONE, "name": "contoso"}]}
    assert not yaml.safe_load(registry_without(str(path), ONE))["tenants"]
    path.write_text("$ANSIBLE_VAULT;1.1;AES256\n")
    for call in (lambda: registry_with(str(path), ONE, "x"), lambda: registry_with("r.csv", ONE, "x"), lambda: registry_without(str(path), ONE)):
        with pytest.raises(AnsibleFilterError, match=r"vault|\.yaml"):
            call()
    with pytest.raises(AnsibleFilterError, match="no GUID"):
        registry_with(str(tmp_path / "none.yml"), "contoso", "x")
    with pytest.raises(AnsibleFilterError, match="no name"):
        registry_with(str(tmp_path / "none.yml"), ONE, "")
