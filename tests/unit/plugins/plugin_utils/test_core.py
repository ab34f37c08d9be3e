# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each tenant's variables and defaults are those of a task of its own, also where core renamed what
makes them cheap."""

from __future__ import annotations

import types
import typing as t
from pathlib import Path

import ansible.vars.manager
import jinja2
import pytest
from ansible.executor import module_common
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.playbook.play import Play
from ansible.playbook.task import Task
from ansible.plugins.loader import Jinja2Loader
from ansible.template import Templar, trust_as_template
from ansible.vars.hostvars import HostVars
from ansible.vars.manager import VariableManager
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils import _core
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
PLAY = {
    "name": "a play",
    "hosts": "tenants",
    "gather_facts": False,
    "vars": {"shape": "play"},
    "tasks": [{"debug": {"msg": "x"}, "vars": {"own": "task"}}],
}


@pytest.fixture
def core(tmp_path: Path) -> tuple[t.Any, t.Any, t.Any]:
    """A variable manager, a play and its one task; one host has facts, another one a registered
    variable."""
    (tmp_path / "hosts.yml").write_text(INVENTORY)
    (tmp_path / "host_vars").mkdir()
    (tmp_path / "host_vars" / "second.yml").write_text("beside: the inventory\n")
    loader = DataLoader()
    loader.set_basedir(str(tmp_path))
    inventory = InventoryManager(loader=loader, sources=[str(tmp_path / "hosts.yml")])
    manager = VariableManager(loader=loader, inventory=inventory, version_info=None)
    manager.set_host_facts(
        "first",
        {
            "ansible_distribution": "Debian",
            "ansible_ssh_private_key_file": "never",
            "ansible_local": {"a": 1},
        },
    )
    manager.set_nonpersistent_facts("third", {"registered": "before"})
    play: t.Any = Play.load(PLAY, variable_manager=manager, loader=loader)
    return manager, play, play.get_tasks()[0][0]


@pytest.fixture
def context(core: tuple[t.Any, t.Any, t.Any]) -> tuple[t.Any, dict[str, t.Any], t.Any]:
    """The task, the variables of its own host, and the loader."""
    manager, play, task = core
    hostvars = HostVars(
        inventory=manager._inventory, variable_manager=manager, loader=manager._loader
    )
    variables = {
        **manager.get_vars(play=play, host=manager._inventory.get_host("first"), task=task),
        "hostvars": hostvars,
    }
    return task, variables, manager._loader


def names_of(variables: dict[str, t.Any]) -> tuple[t.Any, ...]:
    return tuple(
        variables.get(name)
        for name in ("inventory_hostname", "colour", "shape", "own", "beside", "registered")
    )


WANTED: t.Final = {
    "first": ("first", "host", "play", "task", None, None),
    "second": ("second", "group", "play", "task", "the inventory", None),
    "third": ("third", "group", "play", "task", None, "before"),
}


def test_the_variables_of_each_host_are_those_that_core_gives(
    core: tuple[t.Any, t.Any, t.Any], context: t.Any
) -> None:
    manager, play, task = core
    clean = ansible.vars.manager.clean_facts  # type: ignore[attr-defined]
    found = _core.HostVariables(context[0], context[1], loader=context[2])
    for name in ("first", "second", "third", "first"):
        wanted = manager.get_vars(play=play, host=manager._inventory.get_host(name), task=task)
        assert found.of(name) == wanted
        assert names_of(wanted) == WANTED[name]
    assert ansible.vars.manager.clean_facts is clean  # type: ignore[attr-defined]


def test_what_the_hosts_share_is_made_until_two_hosts_got_the_same(
    core: tuple[t.Any, t.Any, t.Any], context: t.Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    manager = core[0]
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
    found = _core.HostVariables(context[0], context[1], loader=context[2])
    for name in ("second", "third", "second", "third", "second"):
        found.of(name)
    assert times == ["made", "made"]


def test_what_depends_on_the_host_is_never_shared(
    core: tuple[t.Any, t.Any, t.Any], context: t.Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    manager = core[0]
    make = manager._get_magic_variables
    monkeypatch.setattr(
        manager,
        "_get_magic_variables",
        lambda **given: {**make(**given), "mine": given["host"].name},
    )
    found = _core.HostVariables(context[0], context[1], loader=context[2])
    assert [found.of(name)["mine"] for name in ("first", "second", "third", "first")] == [
        "first",
        "second",
        "third",
        "first",
    ]


class Hidden:
    """Another object without one of its attributes."""

    def __init__(self, other: t.Any, *names: str) -> None:
        self._other = other
        self._hidden = names

    def __getattr__(self, name: str) -> t.Any:
        if name.startswith("__") or name in self._hidden:
            raise AttributeError(name)
        return getattr(self._other, name)


class HiddenVars(Hidden):
    def __contains__(self, name: str) -> bool:
        return name in self._other

    def __getitem__(self, name: str) -> t.Any:
        return self._other[name]


def found_without(context: t.Any, *names: str) -> dict[str, tuple[t.Any, ...]]:
    """The variables of every host where core has none of these attributes."""
    task, variables, loader = context
    manager = Hidden(task.get_variable_manager(), *names)
    bare = Hidden(task, *names)
    if "get_variable_manager" not in names:
        vars(bare)["get_variable_manager"] = lambda: manager
    found = _core.HostVariables(
        bare, {**variables, "hostvars": HiddenVars(variables["hostvars"], *names)}, loader=loader
    )
    assert found.knows("second")
    assert not found.knows("nobody")
    return {name: names_of(found.of(name)) for name in WANTED}


@pytest.mark.parametrize(
    "names",
    [
        ["get_play"],
        ["get_variable_manager"],
        ["_variable_manager"],
        ["get_variable_manager", "_variable_manager"],
        ["_inventory"],
        ["_get_magic_variables"],
        ["_inventory", "_variable_manager", "get_variable_manager", "_get_magic_variables"],
    ],
)
def test_a_renamed_attribute_of_core_changes_no_variable(names: list[str], context: t.Any) -> None:
    assert found_without(context, *names) == WANTED


def test_a_manager_that_takes_no_lists_of_hosts_is_asked_without(
    core: tuple[t.Any, t.Any, t.Any], context: t.Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    get_vars = VariableManager.get_vars
    monkeypatch.setattr(
        VariableManager,
        "get_vars",
        lambda self, play=None, host=None, task=None: get_vars(
            self, play=play, host=host, task=task
        ),
    )
    assert found_without(context) == WANTED


def test_magic_variables_with_other_arguments_are_still_those_of_core(
    core: tuple[t.Any, t.Any, t.Any], context: t.Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    make = VariableManager._get_magic_variables

    def with_another(self: t.Any, *args: t.Any, later: t.Any = None, **more: t.Any) -> t.Any:
        return make(self, *args, **more)

    monkeypatch.setattr(VariableManager, "_get_magic_variables", with_another)
    assert found_without(context) == WANTED


@pytest.mark.parametrize("gone", [True, False])
def test_without_core_cleaning_facts_under_that_name_the_facts_are_the_same(
    gone: bool, core: tuple[t.Any, t.Any, t.Any], context: t.Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    clean = ansible.vars.manager.clean_facts  # type: ignore[attr-defined]
    wanted = core[0].get_vars(play=core[1], host=core[0]._inventory.get_host("first"), task=core[2])
    if gone:
        monkeypatch.setattr(_core, "MANAGER_MODULE", types.SimpleNamespace())
    else:  # with another signature
        monkeypatch.setattr(
            ansible.vars.manager, "clean_facts", lambda facts, later=None: clean(facts)
        )
    assert _core.HostVariables(context[0], context[1], loader=context[2]).of("first") == wanted


@pytest.mark.parametrize("serial", [[], [2]])
def test_the_batch_is_the_plays_hosts_also_where_the_inventory_is_not_found(
    serial: list[int], context: t.Any
) -> None:
    task, variables, _unused = context
    task.get_play().serial = serial
    hidden = {
        **variables,
        "hostvars": HiddenVars(variables["hostvars"], "_inventory"),
        "ansible_current_hosts": ["first", "second"],
        "ansible_failed_hosts": ["third"],
    }
    bare = Hidden(task, "_inventory")
    vars(bare)["get_variable_manager"] = lambda: Hidden(task.get_variable_manager(), "_inventory")
    assert (
        _core.batch_names(task, variables)
        == _core.batch_names(bare, hidden)
        == ["first", "second", "third"]
    )


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The template texts that Jinja compiled."""
    texts: list[str] = []
    make = jinja2.Environment.compile

    def counted(self: t.Any, source: t.Any, *args: t.Any, **more: t.Any) -> t.Any:
        texts.append(str(source))
        return make(self, source, *args, **more)

    monkeypatch.setattr(jinja2.Environment, "compile", counted)
    return texts


def templated(
    templars: _core.Templars, text: str, variables: t.Sequence[dict[str, t.Any]], **options: t.Any
) -> list[t.Any]:
    return [
        templars.of(of_host).template(trust_as_template(text), **options) for of_host in variables
    ]


NUMBERS: t.Final = [{"number": number} for number in (1, 2, 3)]


def test_the_same_text_is_compiled_once_for_all_hosts(compiled: list[str]) -> None:
    hosts = [{"inner": trust_as_template("<{{ number }}>"), **numbers} for numbers in NUMBERS]
    found = templated(_core.Templars(DataLoader()), "{{ inner }}!", hosts)
    assert found == ["<1>!", "<2>!", "<3>!"]
    assert sorted(compiled) == ["<{{ number }}>", "{{ inner }}!"]


def test_a_filter_and_a_test_are_looked_up_once_for_all_hosts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names: list[str] = []
    get = Jinja2Loader.get_with_context

    def counted(self: t.Any, name: str, *args: t.Any, **more: t.Any) -> t.Any:
        names.append(name)
        return get(self, name, *args, **more)

    monkeypatch.setattr(Jinja2Loader, "get_with_context", counted)
    text = "{{ number is odd and number | string }}"
    found = templated(_core.Templars(DataLoader()), text, NUMBERS)
    assert found == ["1", False, "3"]
    assert sorted(set(names)) == ["odd", "string"]
    assert len(names) == 2


@pytest.mark.parametrize("how", ["renamed", "no engine"])
def test_a_renamed_part_of_the_template_engine_changes_no_result(
    how: str, compiled: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class OtherTemplar(Hidden):
        def __init__(self, **more: t.Any) -> None:
            templar = Templar(**more)
            super().__init__(templar, "_engine")
            if how == "renamed":
                vars(self)["_engine"] = Hidden(templar._engine, "_compile_template")

    monkeypatch.setattr(_core, "Templar", OtherTemplar)
    assert templated(_core.Templars(DataLoader()), "<{{ number }}>", NUMBERS) == [
        "<1>",
        "<2>",
        "<3>",
    ]
    assert len(compiled) == 3


CASES: t.Final[tuple[tuple[str, dict[str, t.Any]], ...]] = (
    ("{{ text }}", {}),
    ("{{ 'a\\\\b' }}", {}),
    ("{{ 'a\\\\b' }}", {"escape_backslashes": False}),
    ("{{ text }}\n", {"preserve_trailing_newlines": False}),
    ("#jinja2: variable_start_string:'[['\n[[ text }} {{ text }}", {}),
    ("{{ text }} [[ text ]]", {}),
    (
        "{{ text }} [[ text ]]",
        {"overrides": {"variable_start_string": "[[", "variable_end_string": "]]"}},
    ),
    ("{{ [text, omit] }}", {}),
    ("{{ omit }}", {}),
    ("{{ missing }}", {}),
    ("{{ missing }}", {"fail_on_undefined": False}),
    ("{{ text | no_such_filter }}", {}),
    ("{{ text ", {}),
    ("{% if %}", {}),
    ("{{ lookup('vars', 'text') }}", {}),
    ("{{ lookup('ansible.builtin.vars', 'missing') }}", {}),
    ("{{ 1 / zero }}", {}),
)


def outcome(templar: t.Any, text: str, options: dict[str, t.Any]) -> tuple[t.Any, ...]:
    """The result of a template with its tags, or the error."""
    try:
        value = templar.template(trust_as_template(text), **options)
    except Exception as e:
        return type(e), str(e), type(e.__cause__)
    return type(value), value, getattr(value, "_ansible_tags_mapping", None)


@given(order=st.permutations(CASES))
def test_every_template_has_the_result_that_core_gives(order: t.Sequence[t.Any]) -> None:
    templars = _core.Templars(DataLoader())
    for number in range(2):
        variables = {"text": f"words{number}", "zero": 0}
        for text, options in order:
            wanted = outcome(Templar(loader=DataLoader(), variables=variables), text, options)
            assert outcome(templars.of(variables), text, options) == wanted


def test_text_that_is_not_trusted_is_not_templated_even_if_the_same_text_was() -> None:
    templars = _core.Templars(DataLoader())
    assert templated(templars, "{{ number }}", NUMBERS) == [1, 2, 3]
    assert templars.of({"number": 4}).template("{{ number }}") == "{{ number }}"


def test_the_number_of_cached_templates_is_limited(
    compiled: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_core, "CACHED_TEMPLATES", 1)
    templars = _core.Templars(DataLoader())
    for text in ("{{ number }}", "a{{ number }}"):
        templated(templars, text, NUMBERS)
    assert compiled == ["{{ number }}", *["a{{ number }}"] * 3]


DEFAULTS = [
    {
        "mssp.defender_xdr.incident_info": {
            "limit": 1,
            "never": trust_as_template("{{ not_there }}"),
        },
        "group/mssp.defender_xdr.tenant": {
            "api": trust_as_template("{{ api }}"),
            "limit": 9,
            "region": "eu",
        },
    },
    {
        "mssp.defender_xdr.incident_info": {
            "limit": trust_as_template("{{ most }}"),
            "fields": trust_as_template("{{ not_there }}"),
        }
    },
]


@pytest.mark.parametrize("how", ["as it is", "renamed", "other arguments", "other way"])
def test_module_defaults_count_as_for_a_task_of_its_own(
    how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    play: t.Any = types.SimpleNamespace(
        _action_groups={"mssp.defender_xdr.incident_info": ["mssp.defender_xdr.tenant"]}
    )
    task: t.Any = types.SimpleNamespace(
        module_defaults=DEFAULTS, _parent=types.SimpleNamespace(_play=play)
    )
    if how == "renamed":
        monkeypatch.delattr(module_common, "_apply_action_arg_defaults")
    elif how == "other arguments":
        monkeypatch.setattr(module_common, "_apply_action_arg_defaults", lambda task, *, later: {})
    elif how == "other way":
        del task._parent
    templar = Templar(loader=DataLoader(), variables={"most": 3, "api": "xdr"})
    found = _core.with_defaults(
        "mssp.defender_xdr.incident_info", task, {"fields": ["id"], "region": "us"}, templar
    )
    assert found == {"limit": 3, "api": "xdr", "fields": ["id"], "region": "us"}


def test_a_task_without_defaults_asks_core_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(module_common, "_apply_action_arg_defaults")
    assert _core.with_defaults("mssp.defender_xdr.incident_info", Task(), {"a": 1}, None) == {
        "a": 1
    }
