# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The workflows people already have: plays, delegation, loops, retries, strategies, ad hoc,
defaults, other modules on a tenant."""

from __future__ import annotations

import json
import sys
import typing as t

import pytest
from ansible_collections.mssp.defender_xdr.tests.behaviour.lab import Customer, Lab
from ansible_collections.mssp.defender_xdr.tests.behaviour.runs import Ansible

Json = dict[str, t.Any]
Customers = t.Callable[[int], list[Customer]]
LIST: t.Final[Json] = {"mssp.defender_xdr.incident_info": {"limit": 1, "fields": ["severity"]}}


def listing(name: str, **more: t.Any) -> Json:
    return {"name": name, **LIST, **more}


def by_hand(connected: Json, **more: t.Any) -> Json:
    """The tenant options as task arguments."""
    return {
        name.removeprefix("defender_xdr_"): value
        for name, value in connected.items()
        if name.startswith("defender_xdr_")
    } | more


@pytest.fixture
def with_secret(connected: Json, fleet: Lab) -> Json:
    return {**connected, "defender_xdr_client_secret": fleet.facts["client_secret"]}


def test_every_way_of_delegation_serves_the_tenant_of_the_line_that_is_shown(
    ansible: Ansible, customers: Customers, with_secret: Json
) -> None:
    mine, other, idle = customers(3)
    ansible.write_inventory({one.host: one.variables() for one in (mine, other, idle)}, with_secret)
    machines = ["localhost", other.host, mine.host]
    tasks = [listing(f"on {machine}", delegate_to=machine) for machine in machines]
    tasks.append(listing("in a loop", delegate_to="{{ item }}", loop=machines))
    tasks.append(
        {
            "name": "by local_action",
            "local_action": {"module": "mssp.defender_xdr.incident_info", "limit": 1},
        }
    )
    run = ansible.playbook([{"hosts": mine.host, "tasks": tasks}]).good()
    served = [mine, other, mine]
    for machine, one in zip(machines, served, strict=True):
        assert run.result(f"on {machine}")["tenant"] == {
            "id": one.tenant_id,
            "name": one.host,
            "cloud": "public",
        }
    assert [result["tenant"]["id"] for result in run.result("in a loop")["results"]] == [
        one.tenant_id for one in served
    ]
    assert run.result("by local_action")["tenant"]["id"] == mine.tenant_id
    assert (len(mine.calls("graph")), len(other.calls("graph"))) == (5, 2)
    assert idle.calls() == []


def test_localhost_serves_the_tenant_that_the_task_names(
    ansible: Ansible, customers: Customers, with_secret: Json
) -> None:
    first, second = customers(2)
    given = by_hand(with_secret)
    tasks: list[Json] = [
        {
            "name": "named",
            "mssp.defender_xdr.incident_info": {**given, "tenant_id": first.tenant_id, "limit": 1},
        },
        {
            "name": "looped",
            "mssp.defender_xdr.incident_info": {**given, "tenant_id": "{{ item }}", "limit": 1},
            "loop": [first.tenant_id, second.tenant_id],
        },
        {"name": "no tenant", "mssp.defender_xdr.incident_info": given, "ignore_errors": True},
    ]
    run = ansible.playbook(
        [{"hosts": "localhost", "tasks": tasks}], env={"DEFENDER_XDR_TENANT_ID": second.tenant_id}
    ).good()
    assert run.result("named")["tenant"] == {
        "id": first.tenant_id,
        "name": first.tenant_id,
        "cloud": "public",
    }
    assert [one["tenant"]["id"] for one in run.result("looped")["results"]] == [
        first.tenant_id,
        second.tenant_id,
    ]
    # a tenant is always named: no environment variable stands for it
    assert "tenant_id is not set" in run.result("no tenant")["msg"]
    assert (len(first.calls("graph")), len(second.calls("graph"))) == (2, 1)


def test_a_tenant_host_is_served_here_whatever_its_connection_says(
    ansible: Ansible, customers: Customers, with_secret: Json
) -> None:
    local, ssh, delegating = customers(3)
    unreachable = {
        "ansible_connection": "ssh",
        "ansible_host": "192.0.2.1",
        "ansible_ssh_common_args": "-o ConnectTimeout=1",
    }
    hosts = {
        local.host: local.variables(ansible_connection="local"),
        ssh.host: ssh.variables(**unreachable),
        delegating.host: delegating.variables(),
        "bastion": unreachable,
    }
    ansible.write_inventory(hosts, with_secret)
    run = ansible.playbook(
        [
            {
                "hosts": "tenants",
                "tasks": [listing("own"), listing("on ssh", delegate_to=ssh.host)],
            },
            # what shows that the address is really one that nobody reaches
            {
                "hosts": local.host,
                "tasks": [listing("on bastion", delegate_to="bastion", ignore_unreachable=True)],
            },
        ]
    )
    hosts_of = {
        "own": {one.host: one.tenant_id for one in (local, ssh, delegating)},
        "on ssh": dict.fromkeys(run.results("own"), ssh.tenant_id),
    }
    for name, served in hosts_of.items():
        assert {host: one["tenant"]["id"] for host, one in run.results(name).items()} == served
    assert run.result("on bastion")["unreachable"]


def test_until_asks_again_until_consent_has_come(
    ansible: Ansible, customer: Customer, with_secret: Json
) -> None:
    customer.consent(consented=False)
    ansible.write_inventory({customer.host: customer.variables()}, with_secret)
    grant = ansible.inputs / "grant.py"
    url, headers = (
        f"{customer.lab.urls['login']}/_lab/consent",
        {"X-Lab-Key": customer.lab.facts["admin_key"]},
    )
    body = json.dumps({"tenant": customer.tenant_id, "consented": True}).encode()
    grant.write_text(
        "import ssl, urllib.request as u\n"
        f"tls = ssl.create_default_context(cafile={customer.lab.facts['ca_path']!r})\n"
        f"u.urlopen(u.Request({url!r}, {body!r}, {headers!r}), context=tls).close()\n"
        "print('granted')\n"
    )
    ask = {
        "name": "ask",
        "mssp.defender_xdr.access_token": {"force_refresh": True},
        "register": "token",
        # the customer's administrator consents after the first refusal
        "until": (
            f"token is succeeded or lookup('ansible.builtin.pipe', '{sys.executable}"
            f" {grant}') != 'granted'"
        ),
        "retries": 3,
        "delay": 0,
    }
    run = ansible.playbook([{"hosts": "tenants", "tasks": [ask, listing("then")]}]).good()
    assert run.times("ask", "retry") == 1
    assert [line["status"] for line in customer.calls("login")] == [400, 200]
    assert run.result("then")["count"] == 1


def test_async_is_refused_in_one_sentence_before_any_request(
    ansible: Ansible, customer: Customer, with_secret: Json
) -> None:
    ansible.write_inventory({customer.host: customer.variables()}, with_secret)
    modules: dict[str, Json] = {
        "incident_info": {},
        "access_token": {},
        "access_token_info": {},
        "hunting_query": {"query": "DeviceInfo"},
    }
    tasks = [
        {
            "name": name,
            f"mssp.defender_xdr.{name}": given,
            "async": 30,
            "poll": 0,
            "ignore_errors": True,
        }
        for name, given in modules.items()
    ]
    tasks.append({**listing("polled"), "async": 30, "poll": 1, "ignore_errors": True})
    run = ansible.playbook([{"hosts": "tenants", "tasks": tasks}]).good()
    for name in [*modules, "polled"]:
        assert "async is 30" in run.result(name)["msg"]
        assert "remove it" in run.result(name)["msg"]
    assert customer.calls() == []


@pytest.mark.parametrize(
    "how", [{"serial": 2}, {"strategy": "free"}, {"strategy": "host_pinned"}], ids=str
)
def test_a_play_runs_for_each_tenant_once_however_it_is_paced(
    how: Json, ansible: Ansible, customers: Customers, with_secret: Json
) -> None:
    mine = customers(5)
    ansible.write_inventory({one.host: one.variables() for one in mine}, with_secret)
    run = ansible.playbook([{"hosts": "tenants", **how, "tasks": [listing("list")]}]).good()
    assert {host: one["tenant"]["id"] for host, one in run.results("list").items()} == {
        one.host: one.tenant_id for one in mine
    }
    assert [len(one.calls("graph")) for one in mine] == [1] * 5


def test_ad_hoc_takes_key_value_arguments(
    ansible: Ansible, customers: Customers, with_secret: Json
) -> None:
    mine = customers(2)
    ansible.write_inventory({one.host: one.variables() for one in mine}, with_secret)
    run = ansible.adhoc(
        "tenants", "incident_info", "status=active,in_progress severity=high limit=0", "--check"
    ).good()
    told = run.results("mssp.defender_xdr.incident_info")
    for one in mine:
        wanted = {
            incident["id"]
            for incident in one.lab.incidents(one.tenant_id)
            if incident["severity"] == "high" and incident["status"] in ("active", "inProgress")
        }
        assert {incident["id"] for incident in told[one.host]["incidents"]} == wanted
    assert f"{mine[0].host} | SUCCESS" in run.output


def test_module_defaults_work_by_group_and_by_module(
    ansible: Ansible, customer: Customer, with_secret: Json
) -> None:
    group = by_hand(with_secret, tenant_id=customer.tenant_id, tenant_name="by group")
    defaults = {
        "group/mssp.defender_xdr.tenant": group,
        "mssp.defender_xdr.incident_info": {"limit": 2, "fields": ["severity"]},
    }
    tasks: list[Json] = [
        {"name": "list", "mssp.defender_xdr.incident_info": None},
        {"name": "one", "mssp.defender_xdr.incident_info": {"limit": 1}},
        {
            "name": "check",
            "mssp.defender_xdr.access_token_info": {
                "required_for": ["incident_info"],
                "tenant_name": "by task",
            },
        },
    ]
    run = ansible.playbook(
        [{"hosts": "localhost", "module_defaults": defaults, "tasks": tasks}]
    ).good()
    assert run.result("list")["tenant"] == {
        "id": customer.tenant_id,
        "name": "by group",
        "cloud": "public",
    }
    assert [sorted(one) for one in run.result("list")["incidents"]] == [["id", "severity"]] * 2
    assert run.result("one")["count"] == 1
    assert run.result("check")["tenant"]["name"] == "by task"


def test_other_modules_on_a_tenant_host_run_on_the_controller(
    ansible: Ansible, customer: Customer, with_secret: Json
) -> None:
    ansible.write_inventory({customer.host: customer.variables(word="from the host")}, with_secret)
    source = ansible.cwd / "source.j2"
    source.write_text("{{ word }}")
    copied, made = ansible.cwd / "copied", ansible.cwd / "made"
    tasks: list[Json] = [
        {
            "name": "copy",
            "ansible.builtin.copy": {"src": str(source), "dest": str(copied), "mode": "0600"},
        },
        {
            "name": "template",
            "ansible.builtin.template": {"src": str(source), "dest": str(made), "mode": "0600"},
        },
        {"name": "command", "ansible.builtin.command": {"argv": ["cat", str(made)]}},
        {"name": "fetch", "ansible.builtin.slurp": {"src": str(copied)}},
        {"name": "facts", "ansible.builtin.setup": {"gather_subset": ["!all", "!min", "python"]}},
    ]
    run = ansible.playbook([{"hosts": "tenants", "tasks": tasks}]).good()
    assert copied.read_text() == "{{ word }}"
    assert made.read_text() == run.result("command")["stdout"] == "from the host"
    assert run.result("facts")["ansible_facts"]["ansible_python"]["executable"] == sys.executable
    assert customer.calls() == []


def test_a_play_in_check_mode_reads_and_gets_through(
    ansible: Ansible, customer: Customer, with_secret: Json
) -> None:
    ansible.write_inventory({customer.host: customer.variables()}, with_secret)
    folder = ansible.cwd / "made"
    make = {
        "name": "make",
        "ansible.builtin.file": {"path": str(folder), "state": "directory", "mode": "0700"},
    }
    hunt = {
        "name": "hunt",
        "mssp.defender_xdr.hunting_query": {
            "query": "DeviceInfo | take 1",
            "dest": f"{folder}/rows.csv",
            "format": "csv",
        },
    }
    use = {"name": "use", "ansible.builtin.debug": {"msg": "{{ rows.rows[0].DeviceName }}"}}
    rows = {
        "name": "rows",
        "mssp.defender_xdr.hunting_query": {"query": "DeviceInfo | take 1"},
        "register": "rows",
    }
    check = {
        "name": "check",
        "mssp.defender_xdr.hunting_query": {"query": "DeviceInfo | take 1", "validate_only": True},
    }
    wrong = {
        "name": "wrong",
        "mssp.defender_xdr.hunting_query": {"query": " "},
        "ignore_errors": True,
    }
    run = ansible.playbook(
        [
            {"hosts": "tenants", "tasks": [make, hunt, rows, use, check, wrong]},
            {"hosts": "tenants", "tasks": [listing("list")]},
        ],
        "--check",
        "--diff",
    ).good()
    assert (run.result("hunt")["changed"], run.result("hunt")["count"]) == (True, 1)
    assert run.result("use")["msg"]
    assert run.result("check")["checked"]
    assert "rows" not in run.result("check")
    assert not folder.exists()
    assert run.result("wrong")["error"]["category"] == "bad_query"
    assert run.result("list")["count"] == 1
    hunting = "/v1.0/security/runHuntingQuery"
    assert [line["path"] for line in customer.calls("graph")] == [
        hunting,
        hunting,
        "/v1.0/security/incidents",
    ]


def test_the_nearest_source_of_an_option_wins(
    ansible: Ansible, customers: Customers, with_secret: Json
) -> None:
    inventory, bare = customers(2)
    ansible.write_inventory(
        {
            inventory.host: inventory.variables(defender_xdr_tenant_name="by variable"),
            bare.host: bare.variables(),
        },
        with_secret,
    )
    (ansible.cwd / "ansible.cfg").write_text("[defender_xdr]\ntenant_name = by ini\nretries = 7\n")
    name = "mssp.defender_xdr.access_token_info"
    plays: list[Json] = [
        {
            "hosts": "tenants",
            "tasks": [
                {"name": "plain", name: {}},
                {
                    "name": "task variable",
                    name: {},
                    "vars": {"defender_xdr_tenant_name": "by task variable"},
                },
            ],
        },
        {
            "hosts": "tenants",
            "module_defaults": {"group/mssp.defender_xdr.tenant": {"tenant_name": "by defaults"}},
            "tasks": [
                {"name": "defaults", name: {}},
                {"name": "task", name: {"tenant_name": "by task"}},
            ],
        },
    ]

    def names(*arguments: str, env: dict[str, str]) -> list[tuple[str, str]]:
        run = ansible.playbook(plays, *arguments, env=env).good()
        return [
            (
                run.results(task)[inventory.host]["tenant"]["name"],
                run.results(task)[bare.host]["tenant"]["name"],
            )
            for task in ("plain", "task variable", "defaults", "task")
        ]

    rest = [
        ("by task variable", "by task variable"),
        ("by defaults", "by defaults"),
        ("by task", "by task"),
    ]
    assert names(env={}) == [("by variable", "by ini"), *rest]
    assert names(env={"DEFENDER_XDR_TENANT_NAME": "by environment"}) == [
        ("by variable", "by environment"),
        *rest,
    ]
    assert names("-e", "defender_xdr_tenant_name='by extra'", env={})[0] == ("by extra", "by extra")


def test_of_several_credentials_the_nearest_source_is_taken_whole(
    ansible: Ansible, customers: Customers, connected: Json, fleet: Lab
) -> None:
    by_variable, by_environment, by_task, twice = customers(4)
    secret, pem = fleet.facts["client_secret"], str(fleet.folder / "client.pem")
    hosts = {
        by_variable.host: by_variable.variables(defender_xdr_client_secret=secret),
        by_environment.host: by_environment.variables(),
        by_task.host: by_task.variables(
            defender_xdr_client_secret="a-secret-that-is-not-the-one-of-this-application",
            given={"certificate_path": pem},
        ),
        twice.host: twice.variables(given={"certificate_path": pem, "client_secret": secret}),
    }
    ansible.write_inventory(hosts, connected)
    # a password belongs to the certificate of the same source, and goes with it
    (ansible.cwd / "ansible.cfg").write_text(
        f"[defender_xdr]\ncertificate_path = {fleet.folder / 'expired.pem'}\n"
        "certificate_password = for-the-other\n"
    )
    ask = {
        "name": "ask",
        "mssp.defender_xdr.access_token_info": "{{ given | default({}) }}",
        "ignore_errors": True,
    }
    run = ansible.playbook(
        [{"hosts": "tenants", "tasks": [ask]}], env={"DEFENDER_XDR_CERTIFICATE_PATH": pem}
    ).good()
    told = run.results("ask")
    assert {
        host: one["claims"]["appidacr"] for host, one in told.items() if host != twice.host
    } == {
        by_variable.host: "1",
        by_environment.host: "2",
        by_task.host: "2",
    }
    assert "client_secret and certificate_path are set" in told[twice.host]["msg"]
    assert twice.calls() == []


def test_one_tenants_undefined_variable_is_its_failure_alone(
    ansible: Ansible, customers: Customers, with_secret: Json
) -> None:
    good, bad = customers(2)
    ansible.write_inventory(
        {
            good.host: good.variables(),
            bad.host: bad.variables(defender_xdr_tenant_name="{{ nobody_set_this }}"),
        },
        with_secret,
    )
    run = ansible.playbook([{"hosts": "tenants", "tasks": [listing("list")]}])
    assert run.results("list")[good.host]["count"] == 1
    assert "nobody_set_this" in run.results("list")[bad.host]["msg"]
    assert bad.calls() == []
