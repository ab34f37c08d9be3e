# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How much a throttled tenant delays the others in a hunt sweep.

Run it as ``.venv/bin/python tests/bench/hunt_sweep.py [--tenants 25] [--turns 3]``. Each turn runs
every hunt of the role that needs no parameter twice against one lab: with all tenants healthy, and
with one that is answered 429 with Retry-After several times. What counts is when the last answer of
the other tenants is on disk, from the start of the process; the best of the turns of each.
"""

from __future__ import annotations

import argparse
import json
import os
import ssl
import subprocess
import sys
import tempfile
import time
import typing as t
import urllib.request
from pathlib import Path

from ansible_collections.mssp.defender_xdr.tests.bench import laboratory

HUNT: t.Final = "/v1.0/security/runHuntingQuery"
REFUSALS, RETRY_AFTER = 6, "10"
PLAY: t.Final = [
    {
        "hosts": "tenants",
        "gather_facts": False,
        "tasks": [
            {
                "mssp.defender_xdr.hunt_sweep": {
                    "hunts": "{{ query('mssp.defender_xdr.hunts', *packs) }}",
                    "timespan": "7d",
                    "dest": "{{ dest }}",
                    "fail_when": "never",
                },
                "run_once": True,
            }
        ],
    }
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tenants", type=int, default=25)
    parser.add_argument("--turns", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        with laboratory.running(root / "lab", tenants=options.tenants, incidents=1) as lab:
            best: dict[str, tuple[float, float]] = {}
            for turn in range(options.turns):
                for name in ("healthy", "throttled"):
                    if name == "throttled":
                        _throttle(lab)
                    spent = _run(lab, options.tenants, root / f"{name}-{turn}")
                    best[name] = min(spent, best.get(name, spent))
    for name, (others, whole) in best.items():
        print(f"{name}: the others after {others:.2f} s, the whole run after {whole:.2f} s")
    print(f"ratio for the others: {best['throttled'][0] / best['healthy'][0]:.2f}")


def _throttle(lab: laboratory.Lab) -> None:
    """Answer the first tenant of the inventory with 429 for a while."""
    fault = {
        "tenant": _first_tenant(lab)[1],
        "path": HUNT,
        "status": 429,
        "headers": {"Retry-After": RETRY_AFTER},
        "times": REFUSALS,
    }
    request = urllib.request.Request(
        f"{lab.facts['urls']['login']}/_lab/faults",
        data=json.dumps(fault).encode(),
        headers={"X-Lab-Key": lab.facts["admin_key"], "Content-Type": "application/json"},
    )
    context = ssl.create_default_context(cafile=str(lab.folder / "ca.pem"))
    urllib.request.urlopen(request, context=context, timeout=60).close()


def _first_tenant(lab: laboratory.Lab) -> tuple[str, str]:
    listed = subprocess.run(
        [sys.executable, "-m", "ansible", "inventory", "-i", lab.inventory(1), "--list"],
        capture_output=True,
        check=True,
    )
    [(host, variables)] = json.loads(listed.stdout)["_meta"]["hostvars"].items()
    return host, variables["defender_xdr_tenant_id"]


def _run(lab: laboratory.Lab, tenants: int, folder: Path) -> tuple[float, float]:
    """Seconds until the last answer of all but the first tenant, and of the whole process."""
    folder.mkdir()
    (folder / "ansible.cfg").touch()
    (folder / "play.yml").write_text(json.dumps(PLAY))
    packs = sorted(map(str, (Path(__file__).parents[2] / "roles/hunt/files/packs").iterdir()))
    variables = {"packs": packs, "dest": str(folder / "hits")}
    begun = time.time()
    subprocess.run(
        [
            *(sys.executable, "-m", "ansible", "playbook", "play.yml"),
            *("-i", str(lab.inventory(tenants)), "-e", json.dumps(variables)),
        ],
        cwd=folder,
        env={
            **os.environ,
            "HOME": str(folder),
            "ANSIBLE_HOME": str(folder / ".ansible"),
            "ANSIBLE_CONFIG": str(folder / "ansible.cfg"),
            "DEFENDER_XDR_CA_PATH": str(lab.bundle),
        },
        check=True,
        stdout=subprocess.DEVNULL,
    )
    whole = time.time() - begun
    host, _unused = _first_tenant(lab)
    answers = [
        path.stat().st_mtime
        for path in (folder / "hits").glob(".answers/*/*/*.ndjson")
        if not path.name.startswith(f"{host}%20")
    ]
    print(f"{folder.name}: {len(answers)} answers of the others", flush=True)
    return max(answers) - begun, whole


if __name__ == "__main__":
    main()
