# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fixtures: one lab with the default mix of tenants, one with healthy tenants to take from, and an
Ansible for each test."""

from __future__ import annotations

import importlib.util
import itertools
import typing as t
from pathlib import Path

import pytest
from ansible_collections.mssp.defender_xdr.tests.behaviour.lab import Customer, Lab, running
from ansible_collections.mssp.defender_xdr.tests.behaviour.runs import Ansible, Bastion

# enough for all tests, of which one process of pytest may come to run nearly every one
FLEET: t.Final = 800


def _lab(factory: pytest.TempPathFactory, name: str, *options: str) -> t.Iterator[Lab]:
    absent = [
        package for package in ("aiohttp", "duckdb") if importlib.util.find_spec(package) is None
    ]
    if absent:
        pytest.skip(
            f"The lab cannot run without {' and '.join(absent)}: pip install -r"
            " tests/requirements.txt"
        )
    with running(factory.mktemp(name) / "lab", *options) as lab:
        yield lab


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Lab]:
    """25 tenants in the default mix. Tests leave its tenants as they are."""
    yield from _lab(tmp_path_factory, "lab")


@pytest.fixture(scope="session")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Lab]:
    """Healthy tenants only; each is given to one test, which may do with it what it likes."""
    yield from _lab(tmp_path_factory, "fleet", "--tenants", str(FLEET), "--sick", "none")


@pytest.fixture(scope="session")
def _unused(fleet: Lab) -> t.Iterator[dict[str, t.Any]]:
    return iter(fleet.facts["tenants"])


@pytest.fixture
def _inventory(tmp_path: Path) -> Path:
    """Beside the test's folder, which some tests search for secrets."""
    return tmp_path.with_suffix(".yml")


@pytest.fixture
def customers(
    fleet: Lab, _unused: t.Iterator[dict[str, t.Any]], _inventory: Path
) -> t.Callable[[int], list[Customer]]:
    """So many tenants that no other test uses."""
    mine: set[str] = set()

    def take(count: int) -> list[Customer]:
        since = fleet.now()
        taken = list(itertools.islice(_unused, count))
        assert len(taken) == count, f"the fleet of {FLEET} tenants is used up"
        mine.update(one["host"] for one in taken)
        _inventory.write_text(fleet.inventory_of(mine))
        return [Customer(fleet, one["host"], one["tenant_id"], since) for one in taken]

    return take


@pytest.fixture
def customer(customers: t.Callable[[int], list[Customer]]) -> Customer:
    """A tenant that no other test uses."""
    return customers(1)[0]


@pytest.fixture
def home(fleet: Lab) -> t.Iterator[Customer]:
    """The provider's own tenant. All tests of a worker share it, one after the other, so what a
    test has set there ends with the test."""
    one = fleet.facts["partner"]
    yield Customer(fleet, one["host"], one["tenant_id"], fleet.now())
    fleet.relent()
    fleet.control("POST", "consistency", tenant=one["tenant_id"], reads=0, tokens=0)


@pytest.fixture
def ansible(tmp_path: Path, fleet: Lab, _inventory: Path) -> Ansible:
    """Ansible with the fleet's inventory, in which only the tenants of this test stand: every run
    reads the whole of it."""
    if not _inventory.exists():
        _inventory.write_text(fleet.inventory_of(()))
    return Ansible(tmp_path, str(_inventory))


@pytest.fixture
def connected(fleet: Lab) -> dict[str, t.Any]:
    """The variables that lead any tenant host to the fleet's lab, without a credential."""
    urls = {f"defender_xdr_{name}_url": url for name, url in fleet.urls.items()}
    return {
        "ansible_connection": "mssp.defender_xdr.tenant",
        "defender_xdr_client_id": fleet.facts["client_id"],
        "defender_xdr_ca_path": fleet.facts["ca_path"],
        **urls,
    }


@pytest.fixture
def bastion(tmp_path: Path) -> Bastion:
    """A machine of another transport, whose Python says for which task it was started."""
    return Bastion(tmp_path)
