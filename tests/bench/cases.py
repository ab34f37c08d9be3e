# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is measured: each case by its command, what it needs before, and which requests it has to
send."""

from __future__ import annotations

import collections
import dataclasses
import sys
import typing as t
from pathlib import Path

from ansible_collections.mssp.defender_xdr.tests.bench.laboratory import Lab, kind

HERE: t.Final = Path(__file__).parent
LIMIT: t.Final = 10  # incidents a tenant, as in the playbooks
SMALL: t.Final = 50  # what starts a Python for every host takes minutes beyond this
LATENCIES: t.Final = (0, 50, 150)  # milliseconds that every answer of the lab takes


@dataclasses.dataclass(frozen=True)
class Case:
    """One way to do the work.

    :arg playbook: empty for the asyncio client.
    :arg after: the case whose tokens this one uses, and which has to run directly before it. Other
        cases begin without a token.
    :arg most: tenants.
    :arg login, pages: requests a tenant.
    :arg connections: of the asyncio client.
    :arg ca_in_inventory: the CA is an inventory variable, not in the environment.
    :arg network: measured at every latency.
    """

    name: str
    title: str
    playbook: str = ""
    after: str = ""
    most: int = 1_000_000
    login: int = 0
    pages: int = 0
    connections: int = 0
    ca_in_inventory: bool = False
    network: bool = False


def _cold(name: str, title: str, **more: t.Any) -> Case:
    return Case(name, title, login=1, pages=1, **more)


def _warm(name: str, title: str, after: str, **more: t.Any) -> Case:
    return Case(name, title, after=after, pages=1, **more)


CASES: t.Final = (
    Case("once", "Ansible itself: debug with run_once", "once"),
    _cold("client", "asyncio client, 32 connections", connections=32),
    _cold("client256", "asyncio client, 256 connections", connections=256, network=True),
    _warm(
        "client256_api",
        "asyncio client, 256 connections, tokens known",
        "client256",
        connections=256,
        network=True,
    ),
    _cold("sweep_cold", "sweep, cold", playbook="sweep", network=True),
    _warm("sweep_warm", "sweep, warm", "sweep_cold", playbook="sweep", network=True),
    Case("floor", "Ansible's floor: debug on every host, connection local", "floor"),
    Case("floor_tenants", "debug on every tenant", "floor_tenants", most=1000),
    _cold("tenants_cold", "a task for each tenant, cold", playbook="tenants"),
    _warm("tenants_warm", "a task for each tenant, warm", "tenants_cold", playbook="tenants"),
    _cold(
        "tenants_cold_ca",
        "a task for each tenant, CA in the inventory, cold",
        playbook="tenants",
        most=200,
        ca_in_inventory=True,
    ),
    _warm(
        "tenants_warm_ca",
        "a task for each tenant, CA in the inventory, warm",
        "tenants_cold_ca",
        playbook="tenants",
        most=200,
        ca_in_inventory=True,
    ),
    _cold("module", "an ordinary module (AnsiballZ)", playbook="module", most=SMALL),
    _cold("uri", "two ansible.builtin.uri tasks", playbook="uri", most=SMALL),
)
BY_NAME: t.Final = {case.name: case for case in CASES}


def large(sizes: t.Sequence[int]) -> int:
    """The number of tenants at which latency is measured and promises are made."""
    return 1000 if 1000 in sizes else max(sizes)


def plan(
    cases: t.Sequence[Case], sizes: t.Sequence[int], latencies: t.Sequence[int]
) -> list[tuple[Case, int, int]]:
    """The processes of one round: case, tenants, latency. Without latency every size is measured,
    with latency one size. Cases that do not use the network are measured once."""
    steps = []
    for latency in latencies:
        for tenants in [large(sizes)] if latency else sizes:
            for case in cases:
                if tenants <= case.most and (case.network or not latency):
                    steps.append((case, tenants, latency))
    return steps


def command(case: Case, lab: Lab, tenants: int, tokens: Path) -> list[str]:
    if case.connections:
        return [
            sys.executable,
            str(HERE / "asyncio_client.py"),
            str(lab.folder / "lab.json"),
            str(lab.bundle),
            str(tenants),
            str(case.connections),
            str(LIMIT),
            str(tokens / "asyncio.json"),
        ]
    inventory = (
        lab.strangers(tenants)
        if case.name == "module"
        else lab.inventory(tenants, with_ca=case.ca_in_inventory)
    )
    return [
        sys.executable,
        "-m",
        "ansible",
        "playbook",
        "-i",
        str(inventory),
        str(HERE / "playbooks" / f"{case.playbook}.yml"),
    ]


def environment(
    case: Case, base: t.Mapping[str, str], bundle: Path, folder: Path, tokens: Path, forks: int
) -> dict[str, str]:
    """Nobody's private settings, everything that is written below one folder, and certifi's whole
    bundle with the lab's CA in it."""
    env = {
        **base,
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "ANSIBLE_CONFIG": str(folder / "ansible.cfg"),
        "ANSIBLE_HOME": str(folder / "ansible"),
        "ANSIBLE_REMOTE_TMP": str(folder / "ansible" / "tmp"),
        "ANSIBLE_CONNECTION_PLUGINS": str(HERE / "connection_plugins"),
        "ANSIBLE_FORKS": str(forks),
        "ANSIBLE_NOCOLOR": "1",
        "DEFENDER_XDR_TOKEN_CACHE": str(tokens),
    }
    return env if case.ca_in_inventory else {**env, "DEFENDER_XDR_CA_PATH": str(bundle)}


def shortfall(
    case: Case, tenant_ids: t.Sequence[str], journal: t.Sequence[t.Mapping[str, t.Any]]
) -> str:
    """What is wrong with the requests in the lab's journal, empty when nothing is: a case that did
    not do the work for every tenant must not look fast."""
    requests = {"login token": case.login, "graph page": case.pages}
    wanted = collections.Counter(
        {
            (name, tenant): count
            for name, count in requests.items()
            if count
            for tenant in tenant_ids
        }
    )
    received = collections.Counter((kind(line), line["tenant"]) for line in journal)
    if received == wanted:
        return ""
    text = f"the lab received {_by_kind(received)}, expected {_by_kind(wanted)}"
    if missing := {tenant for _unused, tenant in wanted - received}:
        text += f"; requests are missing in {len(missing)} of {len(tenant_ids)} tenants"
    return text


def _by_kind(counts: collections.Counter[tuple[str, str]]) -> str:
    total: collections.Counter[str] = collections.Counter()
    for (name, _unused), count in counts.items():
        total[name] += count
    return ", ".join(f"{count} × {name}" for name, count in sorted(total.items())) or "no request"
