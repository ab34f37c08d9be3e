# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The inventory through Ansible's own manager, in an Ansible of its own, which must load the
plugin: hosts, variables, groups, refusals."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

PLUGIN = "mssp.defender_xdr.tenants"
ONE = "22222222-2222-2222-2222-222222222222"
TWO = "33333333-3333-3333-3333-333333333333"
REGISTRY = [
    {"tenant_id": ONE, "name": "Contoso Ltd", "tier": "gold"},
    {"tenant_id": TWO, "name": "woodgrove", "tier": "test", "cloud": "gcc_high"},
]
READER = """
import json, sys
from ansible.plugins.loader import init_plugin_loader
init_plugin_loader()
from ansible.errors import AnsibleError
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import inventory_loader
from ansible.template import is_trusted_as_template
def trusted(name, value):
    if isinstance(value, dict):
        members = [(key, member) for key, member in value.items() if key != "category"]
        found = {word for key, member in members for word in trusted(key, member)}
        return found | ({name} if "category" in value else set())
    if isinstance(value, list):
        members = [] if name == "defender_xdr_sources" else value
        return {word for member in members for word in trusted(name, member)}
    return {name} if is_trusted_as_template(value) else set()
for line in sys.stdin:
    *others, path = json.loads(line)
    plugin = inventory_loader.get("mssp.defender_xdr.tenants")
    answer = {"ours": plugin.verify_file(path)}
    manager = InventoryManager(loader=DataLoader(), sources=others)
    try:
        plugin.parse(manager._inventory, DataLoader(), path, cache=False)
        manager.reconcile_inventory()
    except AnsibleError as e:
        answer["error"] = str(e)
    groups = manager.get_groups_dict().items()
    own = [each for each in groups if each[0] not in ("all", "ungrouped")]
    answer["groups"] = dict(own)
    answer["group_vars"] = {name: group.vars for name, group in manager.groups.items()}
    answer["vars"], answer["templates"] = {}, {}
    for host in manager.get_hosts():
        mine = [each for each in host.vars.items() if "inventory_" not in each[0]]
        answer["vars"][host.name] = dict(mine)
        answer["templates"][host.name] = sorted(trusted("", host.vars))
    print(json.dumps(answer, default=str), flush=True)
"""
Json = dict[str, t.Any]
SECRET = "a-secret-that-is-wrong-and-unique-0076"
ASKING = {"sources": ["gdap"], "file": [], "tenant_id": ONE, "client_id": TWO}


class Folder:
    """A folder with a registry, and inventories beside it."""

    def __init__(self, path: Path, reader: t.Any) -> None:
        self.path = path
        self._reader = reader
        self.register(REGISTRY)

    def register(self, tenants: t.Any) -> None:
        self.write("registry.yml", {"tenants": tenants})

    def write(self, name: str, content: t.Any) -> Path:
        path = self.path / name
        path.write_text(content if isinstance(content, str) else json.dumps(content, indent=1))
        return path

    def read(self, *paths: Path | str) -> Json:
        """What Ansible knows after these sources; the last one is the plugin's."""
        print(
            json.dumps([str(self.path / path) for path in paths]),
            file=self._reader.stdin,
            flush=True,
        )
        return t.cast("Json", json.loads(self._reader.stdout.readline()))

    def inventory(self, *also: str, **options: t.Any) -> Json:
        found = self.read(
            *also, self.write("tenants.yml", {"plugin": PLUGIN, "file": "registry.yml", **options})
        )
        assert "error" not in found, found
        return found

    def refusal(self, *also: str, **options: t.Any) -> str:
        return str(
            self.read(
                *also,
                self.write("tenants.yml", {"plugin": PLUGIN, "file": "registry.yml", **options}),
            )["error"]
        )


@pytest.fixture(scope="session")
def _reader() -> t.Iterator[t.Any]:
    env = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("DEFENDER_XDR_", "ANSIBLE_CONFIG"))
    }
    root = Path(__file__).parents[4]
    if root.parts[-3:] == ("ansible_collections", "mssp", "defender_xdr"):
        env["ANSIBLE_COLLECTIONS_PATH"] = str(root.parents[2])
    with subprocess.Popen(
        [sys.executable, "-c", READER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=env,
        cwd="/",
    ) as process:
        yield process
        assert process.stdin
        process.stdin.close()


@pytest.fixture
def folder(tmp_path: Path, _reader: t.Any) -> Folder:
    return Folder(tmp_path, _reader)


def test_a_host_is_a_tenant_that_existing_plays_take(folder: Folder) -> None:
    found = folder.inventory()
    assert found["groups"] == {"tenants": ["Contoso_Ltd", "woodgrove"]}
    assert found["group_vars"]["tenants"] == {"ansible_connection": "mssp.defender_xdr.tenant"}
    assert found["vars"]["woodgrove"] == {
        "defender_xdr_tenant_id": TWO,
        "defender_xdr_tenant_name": "woodgrove",
        "defender_xdr_sources": ["file"],
        "defender_xdr_cloud": "gcc_high",
        "tier": "test",
    }
    assert found["vars"]["Contoso_Ltd"]["defender_xdr_tenant_name"] == "Contoso Ltd"


def test_what_a_customer_calls_itself_is_never_a_template_and_the_rest_is_listed_plainly(
    folder: Folder,
) -> None:
    folder.register(
        [{"tenant_id": ONE, "name": "{{ lookup('pipe', 'id') }}", "note": "{{ 1 + 1 }}"}]
    )
    found = folder.inventory()
    (host,) = found["vars"]
    assert host == "lookup_pipe_id"
    assert found["vars"][host]["defender_xdr_tenant_name"] == "{{ lookup('pipe', 'id') }}"
    assert found["templates"][host] == ["defender_xdr_tenant_id", "note"]
    folder.register(REGISTRY)
    assert folder.inventory()["templates"]["woodgrove"] == [
        "defender_xdr_cloud",
        "defender_xdr_tenant_id",
        "tier",
    ]


def test_nothing_of_a_spreadsheet_is_a_template_and_composed_variables_are_none_either(
    folder: Folder,
) -> None:
    folder.write(
        "registry.csv", f"tenant_id,name,note,cloud\n{ONE},lookup('pipe'),lookup('pipe'),gcc\n"
    )
    found = folder.inventory(
        file="registry.csv",
        compose={"label": "note", "deep": "{'note': note, 'name': defender_xdr_tenant_name}"},
    )
    assert found["templates"]["lookup_pipe"] == ["defender_xdr_tenant_id"]
    assert found["vars"]["lookup_pipe"]["deep"] == {
        "note": "lookup('pipe')",
        "name": "lookup('pipe')",
    }


def test_what_a_probe_says_is_no_template_but_for_its_own_words(folder: Folder) -> None:
    folder.register(
        [{"tenant_id": ONE, "name": "contoso", "client_id": "{% raw %}{{ 1 }}{% endraw %}"}]
    )
    found = folder.inventory(probe=True)
    assert "{{ 1 }}" in found["vars"]["contoso"]["defender_xdr_probe"]["text"]
    assert found["templates"]["contoso"] == [
        "checked_at",
        "defender_xdr_client_id",
        "defender_xdr_probe",
        "defender_xdr_tenant_id",
    ]


def test_constructed_features_see_the_registry(folder: Folder) -> None:
    found = folder.inventory(
        group="customers",
        hostnames=["tenant_id"],
        compose={"label": "tier ~ '-' ~ defender_xdr_tenant_name"},
        groups={
            "government": "defender_xdr_cloud | default('') == 'gcc_high'",
            "labelled": "label == 'gold-Contoso Ltd'",
        },
        keyed_groups=[{"key": "tier", "prefix": "tier"}],
    )
    assert found["groups"] == {
        "customers": [ONE, TWO],
        "government": [TWO],
        "labelled": [ONE],
        "tier_gold": [ONE],
        "tier_test": [TWO],
    }


def test_a_customer_with_the_name_of_a_keyed_group_moves_nobody_but_itself(folder: Folder) -> None:
    named = [(ONE, "contoso", "gold"), (TWO, "tier_gold", "test")]
    folder.register([{"tenant_id": one, "name": name, "tier": tier} for one, name, tier in named])
    found = folder.inventory(
        keyed_groups=[{"key": "tier", "prefix": "tier"}],
        groups={"test": "tier == 'test'"},
        probe=True,
        filters=[{"include": True}],
    )["groups"]
    assert (found["tier_gold"], found["test"]) == (["contoso"], ["tier_gold"])
    assert found["bad_request"] == ["contoso", "tier_gold"]


def test_a_group_that_comes_to_bear_the_name_of_a_host_takes_none_of_its_variables(
    folder: Folder,
) -> None:
    found = folder.inventory(
        keyed_groups=[{"key": "'woodgrove'", "separator": ""}], compose={"mine": "tier"}
    )
    assert found["group_vars"]["woodgrove"] == {}
    assert found["vars"]["woodgrove"]["mine"] == "test"


def slices_of_the_guide() -> Json:
    """The inventory that the guide to scale shows, for two slices."""
    guide = Path(__file__).parents[4] / "docs/docsite/rst/scale.rst"
    _before, _mark, rest = guide.read_text(encoding="utf-8").partition(":caption: slices.yml\n\n")
    lines = itertools.takewhile(lambda line: not line or line.startswith(" "), rest.splitlines())
    return t.cast("Json", yaml.safe_load("\n".join(lines)))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    number=st.integers(1, 40),
    static=st.sets(st.from_regex(r"[a-zäß][a-z0-9_.-]{0,20}", fullmatch=True), max_size=30),
    registered=st.sets(st.integers(1, 10**6), max_size=30),
)
def test_the_slices_of_the_guide_are_disjoint_and_complete(
    folder: Folder, number: int, static: set[str], registered: set[int]
) -> None:
    """For any number of slices, in any inventory, by Ansible's own plugin and by ours."""
    options = slices_of_the_guide()
    [rule] = options["keyed_groups"]
    assert rule["key"].count("% 2)") == 1
    rule["key"] = rule["key"].replace("% 2)", f"% {number})")
    reserved = {"all", "ungrouped", "localhost", "tenants"}
    hosts: dict[str, Json] = {host: {} for host in static - reserved}
    folder.write("static.yml", {"all": {"hosts": hosts}})
    folder.write("slices.yml", options)
    folder.register([{"tenant_id": f"{one:08x}-0000-4000-8000-000000000000"} for one in registered])
    found = folder.inventory("static.yml", "slices.yml", keyed_groups=options["keyed_groups"])
    slices = [found["groups"].get(f"slice_{k}", []) for k in range(number)]
    every = [host for one in slices for host in one]
    assert sorted(every) == sorted(found["vars"])
    assert len(every) == len(hosts) + len(registered)


@pytest.mark.parametrize(
    ("filters", "left"),
    [
        ([{"exclude": "tier == 'test'"}], ["Contoso_Ltd"]),
        ([{"include": "tier == 'test'"}, {"exclude": True}], ["woodgrove"]),
        (
            [{"include": "defender_xdr_tenant_id.startswith('2')"}, {"exclude": "tier is defined"}],
            ["Contoso_Ltd"],
        ),
        ([{"exclude": "contact == 'x'"}, {"exclude": "tier == 'gold'"}], ["woodgrove"]),
        ([], ["Contoso_Ltd", "woodgrove"]),
    ],
)
def test_the_first_filter_that_holds_decides(
    folder: Folder, filters: list[t.Any], left: list[str]
) -> None:
    assert folder.inventory(filters=filters)["groups"] == {"tenants": left}


def test_two_inventories_may_know_the_same_host_if_it_is_the_same_tenant(folder: Folder) -> None:
    folder.write(
        "hosts.yml",
        {"all": {"hosts": {"woodgrove": {"defender_xdr_tenant_id": TWO.upper(), "owner": "us"}}}},
    )
    assert folder.inventory("hosts.yml")["vars"]["woodgrove"]["owner"] == "us"
    folder.write("hosts.yml", {"all": {"hosts": {"woodgrove": {"defender_xdr_tenant_id": ONE}}}})
    found = folder.inventory("hosts.yml")
    assert found["vars"]["woodgrove"]["defender_xdr_tenant_id"] == ONE
    assert found["vars"]["woodgrove_33333333"]["defender_xdr_tenant_id"] == TWO
    assert found["groups"]["tenants"] == ["Contoso_Ltd", "woodgrove_33333333"]


@pytest.mark.parametrize(
    ("options", "host"),
    [
        ({"group": "woodgrove"}, "woodgrove_33333333"),
        ({"groups": {"woodgrove": "false"}}, "woodgrove_33333333"),
        ({"groups": {"Contoso Ltd": "false"}}, "woodgrove"),
        ({"probe": True}, "woodgrove"),
    ],
)
def test_the_name_of_a_group_is_made_unique(
    folder: Folder, options: dict[str, t.Any], host: str
) -> None:
    assert host in folder.inventory(**options)["vars"]


def test_a_machine_keeps_its_name_and_a_host_that_was_only_listed_becomes_the_tenant(
    folder: Folder,
) -> None:
    folder.write(
        "hosts.yml",
        {
            "all": {
                "hosts": {"woodgrove": {"ansible_host": "10.0.0.1"}, "Contoso_Ltd": {"owner": "us"}}
            }
        },
    )
    found = folder.inventory("hosts.yml")
    assert found["groups"]["tenants"] == ["Contoso_Ltd", "woodgrove_33333333"]
    assert "defender_xdr_tenant_id" not in found["vars"]["woodgrove"]
    assert found["vars"]["Contoso_Ltd"]["owner"] == "us"


def test_two_tenants_of_one_name_are_two_hosts(folder: Folder) -> None:
    folder.register([{"tenant_id": ONE, "name": "all"}, {"tenant_id": TWO, "name": "all"}])
    assert folder.inventory()["groups"]["tenants"] == ["all_22222222", "all_33333333"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"fiel": "x"}, "fiel is not an option of this inventory; did you mean file?"),
        (
            {"filters": [{"includes": "x"}]},
            (
                "An entry of filters is {'includes': 'x'}, but must be a mapping with one key,"
                " include or exclude."
            ),
        ),
        ({"filters": ["x"]}, "An entry of filters is 'x'"),
        (
            {"filters": [{"exclude": "nothing == 1"}], "strict": True},
            "The filter 'exclude: nothing == 1' fails for the tenant at ",
        ),
        ({"file": "absent.yml"}, "absent.yml does not exist"),
        ({"file": []}, "file names no registry"),
        ({"sources": ["gdap"]}, "file names a registry, but sources does not contain file"),
        ({"sources": ["gdap"], "file": []}, "bad_request: gdap: tenant_id is not set"),
        (
            {"sources": ["gdap", "contracts"], "file": [], "tenant_id": ONE, "client_id": TWO},
            "bad_credentials: gdap and contracts: Exactly one of",
        ),
        (
            {
                "sources": ["gdap"],
                "file": [],
                "tenant_id": ONE,
                "client_id": TWO,
                "client_secret": "x",
                "cloud": "china",
            },
            "unsupported: gdap: cloud is china",
        ),
        (
            {"sources": ["gdap"], "file": [], "tenant_id": ONE, "retries": "many"},
            "Invalid value provided for 'int': 'many'",
        ),
        (
            {"probe": True, "probe_required_for": ["tenant"]},
            "required_for contains tenant, which is not a module",
        ),
        ({"probe": True, "probe_concurrency": 0}, "probe_concurrency is 0"),
        ({"hostnames": ["domain"]}, "hostnames"),
        ({"groups": {"x": "nothing == 1"}, "strict": True}, "Could not add host"),
        (
            {"client_secret": {"secret": SECRET}},
            "client_secret is a dictionary, but must be text",
        ),
        ({"client_id": [SECRET]}, "client_id is a list, but must be one plain value"),
        (
            {"client_secret": "{{ {'secret': '" + SECRET + "'} }}", **ASKING},
            "client_secret is a dictionary, but must be text",
        ),
        ({"client_secret": SECRET, "retries": {SECRET: SECRET}}, "retries is a dictionary"),
        ({"client_secret": SECRET, "probe_concurrency": [SECRET]}, "probe_concurrency"),
        (
            {"certificate": f"{SECRET}\n{SECRET}", "probe_concurrency": [f"{SECRET}\n"]},
            "probe_concurrency",
        ),
    ],
)
def test_a_mistake_is_an_error_in_words(
    folder: Folder, options: dict[str, t.Any], said: str
) -> None:
    message = folder.refusal(**options)
    assert said in message
    assert SECRET not in message


def test_an_error_says_what_ansible_makes_of_it(folder: Folder) -> None:
    assert folder.refusal(file="absent.yml").endswith(
        "Ansible continues without these tenants because any_unparsed_is_failed is not set."
    )


def test_a_tenant_without_usable_options_is_grouped_by_that_and_takes_no_other_with_it(
    folder: Folder,
) -> None:
    (folder.path / "group_vars").mkdir()
    (folder.path / "host_vars").mkdir()
    folder.write("group_vars/tier_gold.yml", {"defender_xdr_client_id": "no GUID"})
    folder.write(
        "host_vars/woodgrove.yml",
        {"defender_xdr_client_id": TWO, "defender_xdr_client_secret": "{{ nowhere }}"},
    )
    found = folder.inventory(probe=True, keyed_groups=[{"key": "tier", "prefix": "tier"}])
    assert (found["groups"]["bad_request"], found["groups"]["healthy"]) == (
        ["Contoso_Ltd", "woodgrove"],
        [],
    )
    for group, alias in (("bad_request", "bad_request"), ("ready", "healthy")):
        assert found["groups"][f"defender_xdr_{group}"] == found["groups"][alias]
    said = {
        host: variables["defender_xdr_probe"]["text"] for host, variables in found["vars"].items()
    }
    assert said["Contoso_Ltd"].startswith("client_id is 'no GUID'")
    assert said["woodgrove"].startswith("The options of host woodgrove are invalid")


@pytest.mark.parametrize("name", ["healthy", "defender_xdr_ready", "defender_xdr_tls"])
def test_a_host_may_not_bear_the_name_of_a_state_of_health(folder: Folder, name: str) -> None:
    folder.register([{"tenant_id": ONE, "name": name}])
    assert folder.inventory()["groups"] == {"tenants": [name]}
    assert folder.inventory(probe=True)["groups"]["tenants"] == [f"{name}_22222222"]


@pytest.mark.parametrize(
    "value",
    [
        {"secret": "a-secret-that-is-unique-0077"},
        "{{ {'secret': 'a-secret-that-is-unique-0077'} }}",
        ["a-secret-that-is-unique-0077\n"],
    ],
)
@pytest.mark.parametrize(
    "option", ["client_secret", "certificate", "certificate_password", "client_id"]
)
def test_a_probe_shows_no_secret_that_is_no_text(folder: Folder, option: str, value: t.Any) -> None:
    folder.register([{"tenant_id": ONE, "name": "contoso", option: value}])
    probe = folder.inventory(probe=True)["vars"]["contoso"]["defender_xdr_probe"]
    assert probe["category"] == "bad_request"
    assert f"defender_xdr_{option} is a" in probe["text"]
    assert "but must be " in probe["text"]
    assert "unique-0077" not in json.dumps(probe)


def test_a_tenant_that_stands_twice_is_told_with_both_lines(folder: Folder) -> None:
    folder.register([*REGISTRY, {"tenant_id": TWO.upper(), "name": "other"}])
    message = folder.refusal()
    assert message.startswith("bad_request: Tenant 33333333")
    assert "registry.yml:8:3 and at " in message
    assert "registry.yml:14:3" in message


@pytest.mark.parametrize(
    ("name", "content", "ours"),
    [
        ("tenants.yml", f"---\nplugin: {PLUGIN}\n", True),
        ("customers.tenants.yaml", f'{{\n"plugin": "{PLUGIN}"}}', True),
        ("hosts.yml", f"{{file: registry.yml, plugin: '{PLUGIN}'}}", True),
        ("tenants.yml", f"plugin: {PLUGIN}x\n", False),
        ("tenants.yml", "$ANSIBLE_VAULT;1.1;AES256\n00", True),
        ("tenants.yml", "all:\n  vars:\n    plugin: x\n", False),
        ("tenants.ini", f"plugin: {PLUGIN}\n", False),
    ],
)
def test_an_ordinary_inventory_is_left_to_others(
    folder: Folder, name: str, content: str, ours: bool
) -> None:
    assert folder.read(folder.write(name, content))["ours"] is ours


def test_the_example_runs(folder: Folder) -> None:
    found = folder.read(Path(__file__).parents[4] / "examples/registry/customers.tenants.yml")
    assert found["groups"] == {
        "tenants": ["contoso", "woodgrove"],
        "tier_gold": ["contoso"],
        "tier_silver": ["woodgrove"],
    }
