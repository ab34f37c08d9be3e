# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A registry that tasks write to: no entry is lost, nothing else changes, and no customer's text
runs."""

from __future__ import annotations

import json
import sys
import typing as t
from pathlib import Path

import pytest
from ansible_collections.mssp.defender_xdr.tests.behaviour.runs import Ansible

OLD = "99999999-0000-4000-8000-999999999999"


def tenant(number: int) -> str:
    return f"{number:08}-0000-4000-8000-000000000000"


def copying(content: str, **keywords: t.Any) -> list[t.Any]:
    copy = {"content": content, "dest": "{{ registry }}", "mode": "0644"}
    return [
        {"hosts": "all", "tasks": [{"name": "Write", "ansible.builtin.copy": copy, **keywords}]}
    ]


def adding(arguments: str, **keywords: t.Any) -> list[t.Any]:
    return copying(f"{{{{ registry | mssp.defender_xdr.registry_with({arguments}) }}}}", **keywords)


@pytest.fixture
def runs(tmp_path: Path) -> Ansible:
    """Ansible with six hosts that are this machine."""
    hosts = {f"c{number}": {"id": tenant(number)} for number in range(6)}
    started = Ansible(tmp_path, "")
    variables = {
        "ansible_connection": "local",
        "ansible_python_interpreter": sys.executable,
        "registry": str(started.cwd / "registry.yml"),
    }
    started.write_inventory(hosts, variables)
    return started


def test_two_runs_with_many_workers_lose_no_entry(runs: Ansible) -> None:
    registry = runs.cwd / "registry.yml"
    registry.write_text(f"tenants:\r\n# old\r\n-\r\n  tenant_id: {OLD}\r\n")
    playbook = runs.written(adding("id, inventory_hostname"))
    both = [
        runs.start("playbook", playbook, "--limit", limit) for limit in ("c0,c2,c4", "c1,c3,c5")
    ]
    for started in both:
        started.done().good()
    text = registry.read_bytes().decode()
    assert text.startswith(f"tenants:\r\n# old\r\n-\r\n  tenant_id: {OLD}\r\n- tenant_id: ")
    assert text.count("\n") == text.count("\r\n")
    assert sorted(line for line in text.splitlines() if "tenant_id" in line) == sorted(
        [f"  tenant_id: {OLD}", *(f"- tenant_id: {tenant(number)}" for number in range(6))]
    )
    runs.playbook(copying("{{ registry | mssp.defender_xdr.registry_without(id) }}")).good()
    assert registry.read_bytes().decode() == f"tenants:\r\n# old\r\n-\r\n  tenant_id: {OLD}\r\n"


def test_what_a_customer_wrote_never_runs(runs: Ansible) -> None:
    trap = runs.cwd / "trap"
    text = f"{{{{ lookup('pipe', 'touch {trap}') }}}}"
    (runs.cwd / "text").write_text(text)
    variables = {"text": "{{ lookup('ansible.builtin.file', 'text') }}", "mine": {"tier": "gold"}}
    runs.playbook(
        [{**adding("id, text, mine | combine({'note': text})")[0], "vars": variables}],
        "--limit",
        "c1",
    ).good()
    runs.inventory = str(runs.cwd / "t.tenants.yml")
    Path(runs.inventory).write_text(
        json.dumps(
            {
                "plugin": "mssp.defender_xdr.tenants",
                "file": ["registry.yml"],
                "keyed_groups": [{"key": "tier"}],
            }
        )
    )
    tasks = [
        {
            "name": "Show",
            "ansible.builtin.debug": {"msg": "{{ [note, defender_xdr_tenant_name, tier] }}"},
        }
    ]
    shown = runs.playbook([{"hosts": "_gold", "tasks": tasks}]).good()
    assert shown.result("Show")["msg"] == [text, text, "gold"]
    assert not trap.exists()
