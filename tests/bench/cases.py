# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is measured: each case by its command, what it needs before, and which requests it has to
send."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

from laboratory import Lab

HERE = Path(__file__).parent
LIMIT = 10  # incidents a tenant, as in the playbooks
SMALL = 50  # what starts a Python for every host takes minutes beyond this


@dataclasses.dataclass(frozen=True)
class Case:
    """One way to do the work.

    :arg cache: `cold` begins with an empty token cache, `warm` with the one that the case before
        filled.
    :arg login, pages: requests a tenant.
    """

    name: str
    title: str
    playbook: str = ""
    cache: str = ""
    most: int = 1_000_000
    login: int = 0
    pages: int = 0


CASES = (
    Case("once", "Ansible itself: debug with run_once", "once"),
    Case("client", "bare asyncio client", login=1, pages=1),
    Case("sweep_cold", "sweep, cold", "sweep", "cold", login=1, pages=1),
    Case("sweep_warm", "sweep, warm", "sweep", "warm", pages=1),
    Case("floor", "Ansible's floor: debug on every host, connection local", "floor"),
    Case("floor_tenants", "debug on every tenant", "floor_tenants", most=1000),
    Case("tenants_cold", "a task for each tenant, cold", "tenants", "cold", login=1, pages=1),
    Case("tenants_warm", "a task for each tenant, warm", "tenants", "warm", pages=1),
    Case(
        "module", "an ordinary module (AnsiballZ)", "module", "cold", most=SMALL, login=1, pages=1
    ),
    Case("uri", "two ansible.builtin.uri tasks", "uri", most=SMALL, login=1, pages=1),
)
NAMES = tuple(case.name for case in CASES)


def command(case: Case, lab: Lab, tenants: int) -> list[str]:
    if not case.playbook:
        return [
            sys.executable,
            str(HERE / "asyncio_client.py"),
            str(lab.folder / "lab.json"),
            str(lab.bundle),
            str(tenants),
            "32",
            str(LIMIT),
        ]
    inventory = lab.strangers(tenants) if case.name == "module" else lab.inventory(tenants)
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
    case: Case, base: dict[str, str], lab: Lab, folder: Path, forks: int
) -> dict[str, str]:
    """Nobody's private settings, everything that is written below one folder, and certifi's whole
    bundle with the lab's CA in it.

    A cold case gets a new folder for its tokens. Emptying the old one would make the disk work for
    it.
    """
    tokens = sorted(folder.glob("tokens-*"))
    if case.cache == "cold" or not tokens:
        tokens.append(folder / f"tokens-{len(tokens):04}")
        tokens[-1].mkdir(mode=0o700)
    return base | {
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "ANSIBLE_CONFIG": str(folder / "ansible.cfg"),
        "ANSIBLE_HOME": str(folder / "ansible"),
        "ANSIBLE_REMOTE_TMP": str(folder / "ansible" / "tmp"),
        "ANSIBLE_CONNECTION_PLUGINS": str(HERE / "connection_plugins"),
        "ANSIBLE_FORKS": str(forks),
        "ANSIBLE_NOCOLOR": "1",
        "DEFENDER_XDR_CA_PATH": str(lab.bundle),
        "DEFENDER_XDR_TOKEN_CACHE": str(tokens[-1]),
    }


def shortfall(case: Case, tenants: int, requests: dict[str, int]) -> str:
    """What is wrong with the requests that came, empty when nothing is: a case that did not do the
    work must not look fast."""
    wanted = {"login token": case.login * tenants, "graph page": case.pages * tenants}
    wanted = {kind: count for kind, count in wanted.items() if count}
    return (
        ""
        if requests == wanted
        else f"the lab saw {requests or 'no request'}, and should have seen {wanted or 'none'}"
    )
