# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each tenant's variables are those of a task of its own, however they were come by."""

from __future__ import annotations

import typing as t
from pathlib import Path

import ansible.vars.manager
import pytest
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.playbook.play import Play
from ansible.template import Templar
from ansible.vars.manager import VariableManager
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils import _arguments, _tenant_options
from hypothesis import given
from hypothesis import strategies as st

INVENTORY = """
all:
  vars: {everywhere: all}
  children:
    tenants:
      vars: {colour: group, shape: group}
      hosts:
        first: {colour: host}
        second: {}
        third: {ansible_host: elsewhere}
"""
PLAY = {"name": "a play", "hosts": "tenants", "gather_facts": False, "vars": {"shape": "play"}, "tasks": [{"debug": {"msg": "x"}, "vars": {"own": "task"}}]}


@pytest.fixture
def core(tmp_path: Path) -> tuple[t.Any, t.Any, t.Any]:
    """A variable manager, a play and its one task; one host has facts, another one a registered variable."""
    (tmp_path / "hosts.yml").write_text(INVENTORY)
    (tmp_path / "host_vars").mkdir()
    (tmp_path / "host_vars" / "second.yml").write_text("beside: the inventory\n")
    loader = DataLoader()
    loader.set_basedir(str(tmp_path))
    inventory = InventoryManager(loader=loader, sources=[str(tmp_path / "hosts.yml")])
    manager = VariableManager(loader=loader, inventory=inventory, version_info=None)
    manager.set_host_facts("first", {"ansible_distribution": "Debian", "ansible_ssh_private_key_file": "never", "ansible_local": {"a": 1}})
    manager.set_nonpersistent_facts("third", {"registered": "before"})
    play: t.Any = Play.load(PLAY, variable_manager=manager, loader=loader)
    return manager, play, play.get_tasks()[0][0]


def test_the_variables_of_each_host_are_those_that_core_gives(core: tuple[t.Any, t.Any, t.Any]) -> None:
    manager, play, task = core
    clean = ansible.vars.manager.clean_facts  # type: ignore[attr-defined]
    remembering = _arguments.remembering(manager)
    for name in ("first", "second", "third", "first"):
        host = manager._inventory.get_host(name)
        wanted = manager.get_vars(play=play, host=host, task=task)
        with _arguments.without_detour():
            found = remembering.get_vars(play=play, host=host, task=task)
        assert found == wanted
        assert (found["inventory_hostname"], found["shape"], found["own"]) == (name, "play", "task")
    assert ansible.vars.manager.clean_facts is clean  # type: ignore[attr-defined]


def test_what_the_hosts_share_is_not_made_for_each(core: tuple[t.Any, t.Any, t.Any], monkeypatch: pytest.MonkeyPatch) -> None:
    manager, play, task = core
    times: list[str] = []
    make = manager._get_magic_variables

    def counted(*args: t.Any, **kwargs: t.Any) -> t.Any:
        times.append("made")
        return make(*args, **kwargs)

    def cleaned(facts: t.Any) -> t.Any:
        times.append("cleaned")
        return facts

    monkeypatch.setattr(manager, "_get_magic_variables", counted)
    monkeypatch.setattr(ansible.vars.manager, "clean_facts", cleaned)
    remembering = _arguments.remembering(manager)
    for name in ("second", "third"):
        with _arguments.without_detour():
            remembering.get_vars(play=play, host=manager._inventory.get_host(name), task=task)
    assert times == ["made"]


VALUES: t.Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(st.sampled_from("ab {}%#:")) | st.just("#jinja2: x:y\na"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab{", max_size=3), inner, max_size=3),
)


@given(value=VALUES)
def test_what_is_taken_as_plain_is_what_templating_would_give_back(value: t.Any) -> None:
    if _arguments.is_plain(value):
        assert Templar(loader=DataLoader(), variables={}).template(value) == value


@pytest.mark.parametrize(
    "value", ["{{ a }}", "x{% if a %}{% endif %}", "{# a #}", "#jinja2: variable_start_string:'[['\n[[ a ]]", ["x", {"y": "{{ z }}"}], object()]
)
def test_a_template_is_never_taken_as_plain(value: t.Any) -> None:
    assert not _arguments.is_plain(value)
    assert not _arguments.is_plain({"member": [value]})


def test_arguments_lose_cores_tags_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "vars.yml").write_text("text: words\nlist: [a, 1, 2.5, true, null]\nmap: {b: {c: d}}\n")
    tagged = DataLoader().load_from_file(str(tmp_path / "vars.yml"))
    found = _tenant_options.native(tagged)
    assert found == {"text": "words", "list": ["a", 1, 2.5, True, None], "map": {"b": {"c": "d"}}}
    assert {type(each) for each in (found["text"], *found, found["list"][0], found["map"]["b"]["c"])} == {str}
    assert (type(found), type(found["list"]), type(found["map"]["b"])) == (dict, list, dict)
