# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How long the inventory of a registry takes beside Ansible's own YAML inventory, and its probe
beside a sweep of access_token.

Run it as ``.venv/bin/python tests/bench/inventory.py``. Whole processes; one round runs every case
once, and the median of the rounds counts.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import statistics
import sys
import tempfile
import typing as t
from pathlib import Path

from ansible_collections.mssp.defender_xdr.tests.bench import laboratory, measured

ANSIBLE = [sys.executable, "-m", "ansible"]
KEPT = ("PATH", "LANG", "LC_ALL", "VIRTUAL_ENV", "ANSIBLE_COLLECTIONS_PATH")
SLOWER = 1.5  # seconds that a registry may take more than Ansible's own inventory
TIMES = 2.0  # sweeps that a probe may take


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--tenants", type=int, default=3000, help="in the registry (default: %(default)s)"
    )
    parser.add_argument(
        "--probed",
        type=int,
        default=1000,
        help="tenants of the lab that are probed and swept, 0 for none (default: %(default)s)",
    )
    parser.add_argument("--runs", type=int, default=3, help="rounds (default: %(default)s)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        took = _registry(folder, options.tenants, options.runs)
        more = max(took["registry.yml"], took["registry.csv"]) - took["hosts.yml"]
        print(
            f"{options.tenants} tenants: a registry takes {more:+.2f} s beside Ansible's YAML"
            f" inventory (at most {SLOWER:+.2f} s)"
        )
        good = more <= SLOWER
        if options.probed:
            took = _probe(folder, options.probed, options.runs)
            ratio = took["probe"] / took["sweep"]
            print(
                f"{options.probed} tenants: a probe takes {ratio:.2f} times a sweep of"
                f" access_token (at most {TIMES:.2f})"
            )
            good = good and ratio <= TIMES
    return 0 if good else 1


def _rounds(
    folder: Path, cases: t.Mapping[str, t.Callable[[], list[str]]], runs: int, **env: str
) -> dict[str, float]:
    """The median of each case's wall times, in seconds."""
    took: dict[str, list[float]] = {name: [] for name in cases}
    (folder / "ansible.cfg").touch()
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    for turn in range(runs):
        for name, command in cases.items():
            tokens = folder / f"tokens-{name}-{turn}"
            tokens.mkdir(mode=0o700)
            more = {
                "HOME": str(folder),
                "ANSIBLE_CONFIG": str(folder / "ansible.cfg"),
                "DEFENDER_XDR_TOKEN_CACHE": str(tokens),
                **env,
            }
            spent = measured.run(
                command(), env=kept | more, cwd=folder, log=folder / f"{name}.log", limit=600
            )
            took[name].append(spent.wall)
            print(
                f"{name:14} {spent.wall:7.2f} s  {spent.cpu:7.2f} s CPU",
                file=sys.stderr,
                flush=True,
            )
    return {name: statistics.median(walls) for name, walls in took.items()}


def _registry(folder: Path, count: int, runs: int) -> dict[str, float]:
    """The same tenants and variables in Ansible's own form, and in both forms of a registry."""
    rows = [
        {
            "tenant_id": f"00000000-0000-4000-8000-{number:012d}",
            "name": f"customer{number}",
            "tier": "gold",
            "cloud": "public",
            "contact": f"soc@c{number}.example",
        }
        for number in range(count)
    ]
    hosts = "".join(
        f"        {row['name']}:\n          defender_xdr_tenant_id: {row['tenant_id']}\n"
        f"          defender_xdr_tenant_name: {row['name']}\n"
        "          tier: gold\n          defender_xdr_cloud: public\n"
        f"          contact: {row['contact']}\n"
        for row in rows
    )
    (folder / "hosts.yml").write_text(
        "all:\n  children:\n    tenants:\n"
        f"      vars: {{ansible_connection: mssp.defender_xdr.tenant}}\n      hosts:\n{hosts}"
    )
    entries = "".join(
        "  - " + "\n    ".join(f"{name}: {value}" for name, value in row.items()) + "\n"
        for row in rows
    )
    (folder / "registry.yml").write_text(f"tenants:\n{entries}")
    with (folder / "registry.csv").open("w", newline="") as file:
        table = csv.DictWriter(file, rows[0])
        table.writeheader()
        table.writerows(rows)
    cases: dict[str, t.Callable[[], list[str]]] = {
        "hosts.yml": lambda: _listing(folder / "hosts.yml")
    }
    for name in ("registry.yml", "registry.csv"):
        path = _inventory(folder / f"of-{name}.tenants.yml", file=[name])
        cases[name] = lambda path=path: _listing(path)  # type: ignore[misc]
    return _rounds(folder, cases, runs)


def _probe(folder: Path, count: int, runs: int) -> dict[str, float]:
    """Both begin without a token, and neither may meet a tenant that gives none."""
    play = {
        "hosts": "tenants",
        "gather_facts": False,
        "tasks": [
            {
                "mssp.defender_xdr.sweep": {"module": "access_token", "fail_when": "any"},
                "run_once": True,
            }
        ],
    }
    (folder / "sweep.yml").write_text(json.dumps([play]))
    with laboratory.running(folder / "lab", tenants=count, incidents=1) as lab:
        facts = lab.facts
        shared = {f"defender_xdr_{name}_url": url for name, url in facts["urls"].items()}
        shared |= {
            f"defender_xdr_{name}": facts[name] for name in ("client_id", "client_secret")
        } | {"defender_xdr_ca_path": str(lab.bundle)}
        place = folder / "probe"
        (place / "group_vars").mkdir(parents=True)
        (place / "group_vars/tenants.yml").write_text(json.dumps(shared))
        (place / "registry.json").write_text(
            json.dumps(
                {
                    "tenants": [
                        {"tenant_id": one["tenant_id"], "name": one["host"]}
                        for one in facts["tenants"]
                    ]
                }
            )
        )
        path = _inventory(place / "tenants.yml", file=["registry.json"], probe=True)
        cases: dict[str, t.Callable[[], list[str]]] = {
            "sweep": lambda: [
                *ANSIBLE,
                "playbook",
                "-i",
                str(lab.inventory(count)),
                str(folder / "sweep.yml"),
            ],
            "probe": lambda: _listing(path),
        }
        took = _rounds(folder, cases, runs, ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED="true")
        if (asked := lab.requests().get("login token", 0)) != 2 * runs * count:
            raise SystemExit(
                f"The lab gave {asked} tokens, and should have given {2 * runs * count}."
            )
        return took


def _inventory(path: Path, **options: t.Any) -> Path:
    path.write_text(json.dumps({"plugin": "mssp.defender_xdr.tenants", **options}))
    return path


def _listing(path: Path) -> list[str]:
    return [*ANSIBLE, "inventory", "-i", str(path), "--list"]


if __name__ == "__main__":
    sys.exit(main())
