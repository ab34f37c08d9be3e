# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tests of the sweep share: tenants in an inventory of their own, and the tasks."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest
from ansible_collections.mssp.defender_xdr.tests.behaviour.lab import Customer, Json, Lab
from ansible_collections.mssp.defender_xdr.tests.behaviour.runs import Ansible, Run


def sweep(name: str = "sweep", **options: t.Any) -> Json:
    """The task that most tests need; `task` has keywords of the task itself."""
    keywords = options.pop("task", {})
    given = {
        "module": "incident_info",
        "module_args": {"limit": 2, "fields": ["severity"]},
        **options,
    }
    return {"name": name, "mssp.defender_xdr.sweep": given, "run_once": True, **keywords}


@dataclasses.dataclass
class Fleet:
    """Healthy tenants that belong to one test, named as hosts of its inventory."""

    ansible: Ansible
    customers: dict[str, Customer]
    variables: Json

    @property
    def hosts(self) -> list[str]:
        return list(self.customers)

    def inventory(self, own: t.Mapping[str, Json] | None = None, **group: t.Any) -> None:
        """The tenants with these variables of their own, and of their group."""
        hosts = {
            host: one.variables(**(own or {}).get(host, {})) for host, one in self.customers.items()
        }
        self.ansible.write_inventory(hosts, {**self.variables, **group})

    def play(
        self,
        *tasks: Json,
        arguments: t.Sequence[str] = (),
        env: t.Mapping[str, str] | None = None,
        **keywords: t.Any,
    ) -> Run:
        return self.ansible.playbook(
            [{"hosts": "tenants", **keywords, "tasks": list(tasks)}], *arguments, env=env
        )

    def calls(self, origin: str = "") -> int:
        """How many requests of this fleet reached the lab."""
        return sum(len(one.calls(origin)) for one in self.customers.values())


@pytest.fixture
def tenants(
    ansible: Ansible, customers: t.Callable[[int], list[Customer]], connected: Json, fleet: Lab
) -> t.Callable[[int], Fleet]:
    """So many tenants that no other test uses, in the order of the inventory."""

    def take(count: int) -> Fleet:
        found = Fleet(
            ansible,
            {one.host: one for one in customers(count)},
            {**connected, "defender_xdr_client_secret": fleet.facts["client_secret"]},
        )
        found.inventory()
        return found

    return take
