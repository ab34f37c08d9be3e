# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tenants out of a registry, GDAP and contracts: existing playbooks run on them, their health is
known, and a source that fails is told."""

from __future__ import annotations

import json
import stat
import typing as t

import pytest
from ansible_collections.mssp.defender_xdr.tests.behaviour.lab import ROOT, Customer, Lab
from ansible_collections.mssp.defender_xdr.tests.behaviour.runs import Ansible, Run

Json = dict[str, t.Any]
STANDING = {"active", "expiring", "termination_requested", "terminating", "activating"}
STRICT = {"ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true"}


class Inventory:
    """An inventory of the plugin beside a registry and group variables, and what Ansible makes of
    it."""

    def __init__(self, lab: Lab, ansible: Ansible) -> None:
        self.lab = lab
        self.ansible = ansible
        shared = {f"defender_xdr_{name}_url": url for name, url in lab.urls.items()}
        shared |= {
            f"defender_xdr_{name}": lab.facts[name]
            for name in ("client_id", "client_secret", "ca_path")
        }
        self.write("group_vars/tenants.yml", shared)

    def write(self, name: str, content: t.Any) -> str:
        path = self.ansible.inputs / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return str(path)

    def use(self, registry: list[Json] | None = None, **options: t.Any) -> None:
        if registry is not None:
            options["file"] = [self.write("registry.yml", {"tenants": registry})]
        self.ansible.inventory = self.write(
            "tenants.yml", {"plugin": "mssp.defender_xdr.tenants", **options}
        )

    def provider(self, **changes: t.Any) -> Json:
        """The options of the provider's own tenant."""
        urls = {f"{name}_url": url for name, url in self.lab.urls.items()}
        named = {name: self.lab.facts[name] for name in ("client_id", "client_secret", "ca_path")}
        return {"tenant_id": self.lab.facts["partner"]["tenant_id"], **named, **urls, **changes}

    def listed(self, *arguments: str, env: t.Mapping[str, str] | None = None) -> tuple[Run, Json]:
        """`ansible-inventory --list` of it."""
        output = self.ansible.folder / "listed.json"
        run = self.ansible.start(
            "inventory", "--list", "--output", str(output), *arguments, env=env
        ).done()
        return run, json.loads(output.read_text()) if run.code == 0 else {}


@pytest.fixture
def books(lab: Lab, ansible: Ansible) -> Inventory:
    """With the 25 tenants of the default mix."""
    return Inventory(lab, ansible)


@pytest.fixture
def sound(fleet: Lab, ansible: Ansible) -> Inventory:
    """With healthy tenants."""
    return Inventory(fleet, ansible)


def test_existing_playbooks_run_on_a_registry_as_they_stand(
    sound: Inventory, customers: t.Callable[[int], list[Customer]]
) -> None:
    three = customers(3)
    rows = "".join(
        f"{one.tenant_id},{one.host},{tier}\n"
        for one, tier in zip(three, ("gold", "silver", "silver"), strict=True)
    )
    sound.use(
        file=[sound.write("registry.csv", f"tenant_id,name,tier\n{rows}")],
        keyed_groups=[{"key": "tier", "prefix": "tier"}],
    )
    run = sound.ansible.playbook("mssp.defender_xdr.preflight", "--limit", "tier_silver").good()
    lines = run.result("Show which tenants are ready")["msg"]
    assert [line.split()[:2] for line in lines[1:3]] == [[one.host, "ready"] for one in three[1:]]
    assert lines[4] == "2 of 2 tenants are ready (asked 2, answered 2, failed 0)"
    task = {
        "mssp.defender_xdr.sweep": {"module": "incident_info", "module_args": {"limit": 1}},
        "name": "Sweep",
        "run_once": True,
        "register": "x",
    }
    swept = sound.ansible.playbook([{"hosts": "tenants", "serial": 2, "tasks": [task]}]).good()
    assert [event["result"]["coverage"] for event in swept.events if event["task"] == "Sweep"] == [
        {"asked": 2, "answered": 2, "failed": 0},
        {"asked": 1, "answered": 1, "failed": 0},
    ]


@pytest.fixture
def example(books: Inventory) -> tuple[Inventory, str, dict[str, str]]:
    """The folder of examples with the lab's ids in the place of its own, a ready host, and the
    environment that it wants."""
    facts, truth = books.lab.facts, books.lab.truth
    ready = [host for host, each in truth.items() if each["personality"] == "healthy"]
    for path in (ROOT / "examples/registry").rglob("*.*"):
        text = path.read_text().replace("11111111-1111-1111-1111-111111111111", facts["client_id"])
        for digit, host in zip("234", ready, strict=False):
            text = text.replace(
                "-".join(digit * length for length in (8, 4, 4, 4, 12)), truth[host]["tenant_id"]
            )
        books.write(str(path.relative_to(ROOT / "examples/registry")), text)
    env = {f"DEFENDER_XDR_{name.upper()}_URL": url for name, url in books.lab.urls.items()} | {
        "DEFENDER_XDR_CA_PATH": facts["ca_path"]
    }
    env |= {"APP_SECRET": facts["client_secret"], "PROVIDER_SECRET": facts["client_secret"]}
    env |= {
        "PROVIDER_TENANT_ID": facts["partner"]["tenant_id"],
        "PROVIDER_CLIENT_ID": facts["client_id"],
    }
    return books, ready[0], env | {"ANSIBLE_CONFIG": str(books.ansible.inputs / "ansible.cfg")}


def test_the_examples_run(example: tuple[Inventory, str, dict[str, str]]) -> None:
    books, ready, env = example
    books.ansible.inventory = str(books.ansible.inputs / "customers.tenants.yml")
    run = books.ansible.playbook(
        "mssp.defender_xdr.preflight", "--limit", "tier_gold", env=env
    ).good()
    assert "1 of 1 tenants are ready" in run.result("Show which tenants are ready")["msg"][-1]
    books.ansible.inventory = str(books.ansible.inputs / "provider.tenants.yml")
    run, listed = books.listed(env=env)
    assert run.code == 0, run.output
    domain = next(each["domain"] for each in books.lab.facts["tenants"] if each["host"] == ready)
    assert domain in listed["healthy"]["hosts"]
    assert listed["_meta"]["hostvars"][domain]["tier"] == "gold"
    assert listed["gdap_active"]["hosts"]
    wrong, unused = books.listed(
        env=env
        | {
            "PROVIDER_SECRET": "another-secret-that-is-wrong-0043",
            "DEFENDER_XDR_TOKEN_CACHE": "none",
        }
    )
    assert wrong.code != 0
    assert "bad_credentials: gdap and contracts" in wrong.output


def test_the_probe_says_of_each_tenant_what_the_lab_knows_to_be_wrong_with_it(
    books: Inventory,
) -> None:
    truth = books.lab.truth
    registry: list[Json] = [
        {"tenant_id": each["tenant_id"], "name": host} for host, each in truth.items()
    ]
    sick = next(each for each in registry if each["name"] == books.lab.of("secret_expired"))
    sick["client_secret"] = books.lab.facts["expired_client_secret"]
    books.use(registry, probe=True)
    run, listed = books.listed()
    assert run.code == 0, run.output
    told = {
        host: variables["defender_xdr_probe"]["category"]
        for host, variables in listed["_meta"]["hostvars"].items()
    }
    # no request to an API is made, so that what only an API knows is not told
    lacking = {
        host
        for host, each in truth.items()
        if each["operations"]["incident_info"] == "role_missing"
    }
    expected = {
        host: "role_missing"
        if host in lacking
        else each["operations"]["access_token:graph"] or "healthy"
        for host, each in truth.items()
    }
    assert told == expected
    for word in {"healthy", *expected.values()}:
        hosts = sorted(host for host, found in expected.items() if found == word)
        assert sorted(listed[word]["hosts"]) == hosts
        group = f"defender_xdr_{'ready' if word == 'healthy' else word}"
        assert sorted(listed[group]["hosts"]) == hosts
    healthy = listed["_meta"]["hostvars"][
        next(host for host, word in expected.items() if word == "healthy")
    ]["defender_xdr_probe"]
    assert (
        "SecurityIncident.ReadWrite.All" in healthy["roles"]
        or "SecurityIncident.Read.All" in healthy["roles"]
    )
    assert healthy["checked_at"].endswith("Z")


def test_the_provider_s_books_and_the_registry_make_one_inventory(books: Inventory) -> None:
    facts = books.lab.facts
    own = [
        {"tenant_id": each["tenant_id"], "name": each["host"], "tier": "gold"}
        for each in facts["tenants"][:3]
    ]
    books.use(
        own, sources=["file", "gdap", "contracts"], hostnames=["default_domain"], **books.provider()
    )
    run, listed = books.listed()
    assert run.code == 0, run.output
    hosts = listed["_meta"]["hostvars"]
    absent = books.lab.of("tenant_does_not_exist")
    customers = [
        each
        for each in (*facts["tenants"], *facts["prospects"], *facts["outsiders"])
        if each["host"] != absent
    ]
    assert {each["defender_xdr_tenant_id"] for each in hosts.values()} == {
        each["tenant_id"] for each in customers
    }
    for each in customers:
        host = hosts[each["domain"]]
        assert host["ansible_connection"] == "mssp.defender_xdr.tenant"
        assert host["defender_xdr_contract"]["types"]
        assert host.get("tier") == (
            "gold" if each["tenant_id"] in {one["tenant_id"] for one in own} else None
        )
    assert {
        host["defender_xdr_gdap"]["status"]
        for host in hosts.values()
        if "defender_xdr_gdap" in host
    } & STANDING


def test_a_customer_whose_relationships_are_over_is_left_out_and_told(books: Inventory) -> None:
    options = {"sources": ["gdap"], "hostnames": ["tenant_id"], **books.provider()}
    books.use(**options)
    run, listed = books.listed()
    standing = listed["_meta"]["hostvars"]
    assert {host["defender_xdr_gdap"]["status"] for host in standing.values()} <= STANDING
    books.use(
        **options,
        gdap_statuses=[
            *STANDING,
            "approved",
            "approval_pending",
            "created",
            "expired",
            "terminated",
        ],
    )
    everyone = books.listed()[1]["_meta"]["hostvars"]
    assert set(standing) < set(everyone)
    assert f"{len(everyone) - len(standing)} of {len(everyone)} tenants are left out" in " ".join(
        run.output.split()
    )


def test_two_customers_of_one_name_are_two_hosts_and_a_warning_says_which(books: Inventory) -> None:
    books.use(sources=["contracts"], **books.provider())
    run, listed = books.listed(env=STRICT)
    assert run.code == 0, run.output
    hosts = listed["_meta"]["hostvars"]
    ids = {host: variables["defender_xdr_tenant_id"] for host, variables in hosts.items()}
    assert len(set(ids.values())) == len(ids)
    renamed = [host for host, tenant_id in ids.items() if host.endswith(f"_{tenant_id[:8]}")]
    assert len(renamed) > 1
    told = " ".join(run.output.split())
    for host in renamed:
        assert f"tenant {ids[host]} at the contract" in told
        assert f"is the host {host}" in told


def test_nothing_of_microsoft_s_is_a_template_even_as_a_condition(books: Inventory) -> None:
    books.use(sources=["gdap", "contracts"], hostnames=["tenant_id"], **books.provider())
    names = [
        "defender_xdr_tenant_name",
        "defender_xdr_default_domain",
        "defender_xdr_contract.id",
        "defender_xdr_gdap.display_name | default('')",
    ]
    check = {
        "name": "Check",
        "ansible.builtin.assert": {"that": "{{ item }}", "quiet": True},
        "loop": [f"{{{{ {name} }}}}" for name in names],
    }
    run = books.ansible.playbook([{"hosts": "tenants[0]", "connection": "local", "tasks": [check]}])
    (result,) = run.results("Check").values()
    for item in result["results"]:
        assert "untrusted" in item["msg"], item


@pytest.mark.parametrize(
    ("changes", "category"),
    [
        ({"client_secret": "a-secret-that-is-wrong-and-unique-0042"}, "bad_credentials"),
        ({"graph_url": "https://127.0.0.1:9", "retries": "0"}, "network"),
    ],
)
def test_a_source_that_fails_is_no_empty_inventory_and_shows_no_secret(
    books: Inventory, changes: dict[str, str], category: str
) -> None:
    books.use([], sources=["file", "gdap"], **books.provider(**changes))
    run, unused = books.listed("-vvvv", env=STRICT)
    assert run.code != 0
    assert f"{category}: gdap: " in run.output
    for secret in (books.provider(**changes)["client_secret"], "eyJ"):
        assert secret not in run.output
    allowed = books.listed()[0]
    assert allowed.code == 0, "what core makes of it unless told otherwise"
    assert "because any_unparsed_is_failed is not set" in " ".join(allowed.output.split())


def test_a_kept_finding_is_not_asked_for_again_but_a_new_tenant_and_a_passing_trouble_are(
    sound: Inventory, customers: t.Callable[[int], list[Customer]]
) -> None:
    cached = {
        "cache": True,
        "cache_plugin": "jsonfile",
        "cache_connection": str(sound.ansible.folder / "cache"),
        "probe": True,
    }
    one, two, new = customers(3)
    registry = [
        {"tenant_id": each.tenant_id, "name": each.host, "token_cache": "none", "retries": 0}
        for each in (one, two, new)
    ]
    two.fault(origin="login", status=503, body={"error": "temporarily_unavailable"}, times=1)

    def told(registry: list[Json]) -> tuple[dict[str, str], set[str]]:
        since = sound.lab.now()
        sound.use(registry, **cached)
        run, listed = sound.listed()
        assert run.code == 0, run.output
        asked = {
            each.host
            for each in (one, two, new)
            for line in sound.lab.journal(since)
            if line["path"].split("/")[1] == each.tenant_id
        }
        return {
            host: variables["defender_xdr_probe"]["category"]
            for host, variables in listed["_meta"]["hostvars"].items()
        }, asked

    assert told(registry[:2]) == (
        {one.host: "healthy", two.host: "unavailable"},
        {one.host, two.host},
    )
    found, asked = told(registry)
    assert found == {one.host: "healthy", two.host: "healthy", new.host: "healthy"}
    assert asked == {two.host, new.host}
    assert told(registry)[1] == set()
    registry[0]["client_secret"] = "another-secret-that-is-wrong-0044"
    found, asked = told(registry)
    assert (found[one.host], asked) == ("bad_credentials", {one.host})


def test_the_cache_keeps_answers_but_no_token_and_is_asked_anew_for_another_question(
    sound: Inventory, customer: Customer
) -> None:
    folder = sound.ansible.folder / "cache"
    folder.mkdir(mode=0o700)
    sound.write("group_vars/all.yml", {})
    cached = {
        "cache": True,
        "cache_plugin": "jsonfile",
        "cache_connection": str(folder),
        "hostnames": ["tenant_id"],
        "sources": ["file", "gdap"],
    }
    registry = [{"tenant_id": customer.tenant_id, "name": customer.host}]
    only = {
        "filters": [
            {"include": f"defender_xdr_tenant_id == '{customer.tenant_id}'"},
            {"exclude": True},
        ],
        "probe": True,
    }
    sound.use(registry, **cached, **only, **sound.provider(token_cache="none"))

    def asked(*arguments: str) -> bool:
        since = sound.lab.now()
        run, listed = sound.listed(*arguments)
        assert run.code == 0, run.output
        assert listed["healthy"]["hosts"] == [customer.tenant_id]
        return any(
            line["path"].startswith("/v1.0/tenantRelationships")
            for line in sound.lab.journal(since)
        )

    assert asked()
    assert not asked()
    assert asked("--flush-cache")
    sound.use(
        registry, **cached, **only, **sound.provider(token_cache="none"), gdap_statuses=["active"]
    )
    assert asked()
    for path in folder.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        text = path.read_text()
        assert "eyJ" not in text
        assert sound.lab.facts["client_secret"] not in text


def test_a_cache_serves_only_the_provider_and_the_application_that_filled_it(
    books: Inventory, ansible: Ansible
) -> None:
    """Nothing in the inventory's file changes: it names the environment, or leaves options to
    it."""
    folder = ansible.folder / "cache"
    provider = books.provider()
    secret, client_id, login_url = (
        provider.pop(name) for name in ("client_secret", "client_id", "login_url")
    )
    provider["tenant_id"] = "{{ lookup('ansible.builtin.env', 'PROVIDER') }}"
    secret_file = ansible.folder / "secret"
    books.use(
        sources=["gdap"],
        hostnames=["tenant_id"],
        cache=True,
        cache_plugin="jsonfile",
        cache_connection=str(folder),
        client_secret_file=str(secret_file),
        token_cache="none",
        retries=0,
        **provider,
    )
    first = {
        "PROVIDER": books.lab.facts["partner"]["tenant_id"],
        "DEFENDER_XDR_CLIENT_ID": client_id,
        "DEFENDER_XDR_LOGIN_URL": login_url,
        **STRICT,
    }

    def listed(**changes: str) -> int:
        """How many hosts; none where the inventory is an error."""
        run, found = books.listed(env={**first, **changes})
        return len(found["_meta"]["hostvars"]) if run.code == 0 else 0

    secret_file.write_text(secret)
    count = listed()
    assert count > 1
    since = books.lab.now()
    assert listed() == count
    assert books.lab.journal(since) == []
    other = "99999999-9999-4999-8999-999999999999"
    assert (
        listed(PROVIDER=other)
        == listed(DEFENDER_XDR_CLIENT_ID=other)
        == listed(DEFENDER_XDR_LOGIN_URL="https://127.0.0.1:9")
        == 0
    )
    secret_file.write_text("another-secret-that-is-wrong-0047")
    assert listed() == 0
    secret_file.write_text(secret)
    since = books.lab.now()
    assert listed() == count
    assert books.lab.journal(since) == []


def test_a_secret_that_is_no_text_is_shown_nowhere(sound: Inventory, customer: Customer) -> None:
    secret = "a-secret-that-is-no-text-0051"
    sound.write("group_vars/tenants.yml", {"defender_xdr_client_id": customer.tenant_id})
    registry = [
        {
            "tenant_id": customer.tenant_id,
            "name": customer.host,
            "client_secret": {"secret": secret},
        }
    ]
    # in a variable of the host that ansible-inventory itself lists, so that only what we say of it
    # counts
    sound.use(registry, probe=True)
    run, listed = sound.listed("-vvvv", env=STRICT)
    assert run.code == 0, run.output
    probe = json.dumps(listed["_meta"]["hostvars"][customer.host]["defender_xdr_probe"])
    assert "defender_xdr_client_secret is a dictionary, but must be text" in probe
    assert secret not in probe
    assert secret not in run.output
    for value in ({"secret": secret}, f"{{{{ {{'secret': '{secret}'}} }}}}"):
        sound.use(sources=["gdap"], **sound.provider(client_secret=value))
        run, unused = sound.listed("-vvvv", env=STRICT)
        assert run.code != 0
        assert "client_secret is a dictionary, but must be text" in " ".join(run.output.split())
        assert secret not in run.output
