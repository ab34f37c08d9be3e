# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What it costs to change one incident in every tenant by a sweep, compared with reading them.

Run it as ``.venv/bin/python tests/bench/acting.py [--tenants 1000] [--turns 3]``. Each turn reads
one incident of every tenant by its id, plans a change of it, and changes it, against one lab; with
``--audit``, it changes them once more with the audit trail. Tokens are known in all of them.
"""

from __future__ import annotations

import argparse
import collections
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import typing as t
from pathlib import Path

from ansible_collections.mssp.defender_xdr.tests.bench import laboratory

SWEEP: t.Final = "mssp.defender_xdr.sweep"
NUMBER: t.Final = "{{ numbers[defender_xdr_tenant_id] }}"
CHANGE: t.Final = {
    "module": "incident",
    "module_args": {"id": NUMBER, "status": "{{ status }}"},
    "max_changes": 0,
    "fail_when": "any",
}
TASKS: t.Final[dict[str, dict[str, t.Any]]] = {
    "list": {"module": "incident_info", "module_args": {"limit": 1}, "fail_when": "any"},
    "read": {"module": "incident_info", "module_args": {"id": NUMBER}, "fail_when": "any"},
    "plan": {**CHANGE, "plan": "{{ playbook_dir }}/plan"},
    "change": CHANGE,
    "audited": CHANGE,
}
STATUSES: t.Final = ("in_progress", "active")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tenants", type=int, default=1000)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--audit", action="store_true")
    options = parser.parse_args()
    cases = ["read", "plan", "change", *(["audited"] if options.audit else [])]
    seconds: dict[str, list[float]] = collections.defaultdict(list)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        with laboratory.running(root / "lab", tenants=options.tenants, incidents=1) as lab:
            status = 0
            numbers = _numbers(lab, options.tenants, root)
            for turn in range(options.turns + 1):
                for name in cases:
                    if name in ("change", "audited"):
                        status = 1 - status
                    spent = _run(lab, options.tenants, root, name, numbers, STATUSES[status])
                    writes = sum(line["method"] == "PATCH" for line in lab.journal())
                    wanted = options.tenants if name in ("change", "audited") else 0
                    if turn and writes != wanted:
                        raise SystemExit(f"{name}: {writes} writes, expected {wanted}")
                    if turn:  # in the first one, the lab makes its incidents
                        seconds[name].append(spent)
    middle = {name: statistics.median(values) for name, values in seconds.items()}
    for name, value in middle.items():
        spread = max(seconds[name]) - min(seconds[name])
        ratio = value / middle["read"]
        print(f"{name}: {value:.2f} s (spread {spread:.2f} s), {ratio:.2f} x reading them")
    if "audited" in middle:
        print(f"audited / change: {middle['audited'] / middle['change']:.3f}")


def _numbers(lab: laboratory.Lab, tenants: int, root: Path) -> Path:
    """The file with the number of one incident of each tenant, by tenant id."""
    rows = root / "rows"
    TASKS["list"]["dest"] = str(rows)
    _run(lab, tenants, root, "list", None, "")
    numbers = root / "numbers.json"
    listed = [json.loads(line) for line in rows.read_text().splitlines()]
    by_tenant = {row["tenant_id"]: str(row["id"]) for row in listed}
    numbers.write_text(json.dumps({"numbers": by_tenant}))
    lab.journal()
    return numbers


def _run(
    lab: laboratory.Lab, tenants: int, root: Path, name: str, numbers: Path | None, status: str
) -> float:
    """Seconds of one process."""
    task = {SWEEP: TASKS[name], "run_once": True}
    (root / "ansible.cfg").touch()
    (root / "play.yml").write_text(
        json.dumps([{"hosts": "tenants", "gather_facts": False, "tasks": [task]}])
    )
    env = {
        **os.environ,
        "HOME": str(root),
        "ANSIBLE_HOME": str(root / ".ansible"),
        "ANSIBLE_CONFIG": str(root / "ansible.cfg"),
        "DEFENDER_XDR_CA_PATH": str(lab.bundle),
    }
    if name == "audited":
        env["ANSIBLE_CALLBACKS_ENABLED"] = "mssp.defender_xdr.audit"
        env["DEFENDER_XDR_AUDIT_DIR"] = str(root / "audit")
    begun = time.monotonic()
    subprocess.run(
        [
            *(sys.executable, "-m", "ansible", "playbook", str(root / "play.yml")),
            *("-i", str(lab.inventory(tenants)), "-e", f"status={status}"),
            *(("-e", f"@{numbers}") if numbers else ()),
        ],
        cwd=root,
        env=env,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return time.monotonic() - begun


if __name__ == "__main__":
    main()
