# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Workers never use their parent's connections: each host gets its own tenant's answer, after the
inventory has talked to every tenant."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.mssp.defender_xdr.tests.behaviour.lab import Customer, Json, Lab, running
from ansible_collections.mssp.defender_xdr.tests.behaviour.runs import Ansible

TENANTS: t.Final = 12


@pytest.fixture(scope="module")
def threaded(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Lab]:
    """A lab whose connections are served as most real services serve theirs: by a thread each, one
    request after the other."""
    folder = tmp_path_factory.mktemp("threaded") / "lab"
    with running(
        folder, "--tenants", str(TENANTS), "--sick", "none", "--prospects", "0", "--threads"
    ) as lab:
        yield lab


def test_twelve_workers_after_an_inventory_that_has_talked(threaded: Lab, ansible: Ansible) -> None:
    shared = {f"defender_xdr_{name}_url": url for name, url in threaded.urls.items()}
    shared |= {
        f"defender_xdr_{name}": threaded.facts[name]
        for name in ("client_id", "client_secret", "ca_path")
    }
    # every worker asks the login service, with which the inventory's probe has just spoken
    shared["defender_xdr_token_cache"] = "none"
    (ansible.inputs / "group_vars").mkdir()
    (ansible.inputs / "group_vars/tenants.yml").write_text(json.dumps(shared))
    hosts = {tenant["host"]: tenant["tenant_id"] for tenant in threaded.facts["tenants"]}
    registry = [{"tenant_id": tenant_id, "name": host} for host, tenant_id in hosts.items()]
    (ansible.inputs / "registry.yml").write_text(json.dumps({"tenants": registry}))
    inventory = ansible.inputs / "tenants.yml"
    inventory.write_text(
        json.dumps({"plugin": "mssp.defender_xdr.tenants", "file": ["registry.yml"], "probe": True})
    )
    ansible.inventory = str(inventory)
    # a repeat would hide that a worker's first answer was lost on a connection that was not its own
    listing = {
        "name": "list",
        "mssp.defender_xdr.incident_info": {
            "expand_alerts": True,
            "limit": 3,
            "retries": 0,
            "api": "graph",
        },
    }
    sweep = {
        "name": "sweep",
        "mssp.defender_xdr.sweep": {
            "module": "incident_info",
            "module_args": {"limit": 3, "retries": 0},
            "fail_when": "any",
        },
        "run_once": True,
    }
    play = {
        "hosts": "tenants",
        "gather_facts": False,
        "tasks": [listing, sweep, {**listing, "name": "list again"}],
    }
    run = ansible.playbook([play], env={"ANSIBLE_FORKS": str(TENANTS)}).good()
    for task in ("list", "list again"):
        results = run.results(task)
        assert {host: result["tenant"]["id"] for host, result in results.items()} == hosts
        for host, result in results.items():
            titles = [incident["id"] for incident in result["incidents"]]
            assert titles
            assert set(titles) <= {incident["id"] for incident in threaded.incidents(hosts[host])}
            assert {incident["tenant_id"] for incident in result["incidents"]} == {hosts[host]}
    assert run.result("sweep")["coverage"] == {"asked": TENANTS, "answered": TENANTS, "failed": 0}


def test_the_parent_reads_the_documentation_of_the_connection_for_all_workers(
    ansible: Ansible, customers: t.Callable[[int], list[Customer]], connected: Json
) -> None:
    hosts = {one.host: {**connected, **one.variables()} for one in customers(2)}
    ansible.write_inventory(hosts, {"defender_xdr_client_secret": "wrong"})
    run = ansible.adhoc("tenants", "access_token_info", env={"ANSIBLE_DEBUG": "1"})
    lines = [line.split(maxsplit=2) for line in run.output.splitlines() if "Loaded config" in line]
    # the process, the time, and what it says
    readers = [pid for pid, _time, text in lines if "plugins.connection.tenant" in text]
    parent = run.output.split(maxsplit=1)[0]
    assert readers == [parent]
