# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One report of many tenants in slices, through the stream that AWX's mesh carries, compared with
one run.

Run it as ``.venv/bin/python tests/bench/slices.py [--tenants 1000] [--slices 4] [--turns 3]``,
after ``pip install -r tests/bench/requirements.txt``. Each slice goes through ``ansible-runner
transmit | worker | process`` side by side with the others. The slices must be disjoint and
complete, and their merged report must have the tenants and incidents of the one run.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
import typing as t
from pathlib import Path

from ansible_collections.mssp.defender_xdr.tests.bench import laboratory

BIN: t.Final = Path(sys.executable).parent
REPORT: t.Final = "mssp.defender_xdr.report"
SLICES: t.Final = """\
plugin: ansible.builtin.constructed
keyed_groups:
  - key: ((inventory_hostname | hash('sha256'))[:6] | int(base=16) % {count}) | string
    prefix: slice
"""


class Spent(t.NamedTuple):
    """Seconds of a run, and CPU seconds of all its processes."""

    wall: float
    cpu: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tenants", type=int, default=1000)
    parser.add_argument("--slices", type=int, default=4)
    parser.add_argument("--turns", type=int, default=3)
    options = parser.parse_args()
    spent: dict[str, list[Spent]] = {"one run": [], f"{options.slices} slices": []}
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        with laboratory.running(root / "lab", tenants=options.tenants, incidents=5) as lab:
            for turn in range(options.turns + 1):
                work = root / f"turn-{turn}"
                work.mkdir()
                inventory = lab.inventory(options.tenants)
                one = _measured(lambda w=work, i=inventory: _one_run(lab, w, i))
                many = _measured(lambda w=work, i=inventory: _in_slices(lab, w, i, options.slices))
                _check(lab, work, inventory, options.slices, options.tenants)
                if turn:  # in the first one, the lab makes its incidents
                    for name, value in zip(spent, (one, many), strict=True):
                        spent[name].append(value)
    medians = {
        name: Spent(*(statistics.median(column) for column in zip(*values, strict=True)))
        for name, values in spent.items()
    }
    for name, (wall, cpu) in medians.items():
        print(f"{name}: {wall:.2f} s, {cpu:.2f} s CPU")
    one, many = medians.values()
    print(f"slices / one run: {many.wall / one.wall:.2f} in time, {many.cpu / one.cpu:.2f} in CPU")


def _measured(work: t.Callable[[], None]) -> Spent:
    begun, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    work()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Spent(time.monotonic() - begun, cpu)


def _environment(lab: laboratory.Lab, folder: Path) -> dict[str, str]:
    return {
        "HOME": str(folder),
        "ANSIBLE_HOME": str(folder / ".ansible"),
        "DEFENDER_XDR_CA_PATH": str(lab.bundle),
        "DEFENDER_XDR_TOKEN_CACHE": str(lab.folder / "bench-tokens"),
    }


def _one_run(lab: laboratory.Lab, folder: Path, inventory: Path) -> None:
    env = {**os.environ, **_environment(lab, folder)}
    command = [BIN / "ansible-playbook", REPORT, "-i", inventory]
    command += ["-e", f"report_dest={folder / 'one'}"]
    subprocess.run(command, check=True, cwd=folder, env=env, stdout=subprocess.DEVNULL)


def _in_slices(lab: laboratory.Lab, folder: Path, inventory: Path, count: int) -> None:
    streams = []
    for number in range(count):
        data = folder / f"data-{number}"
        for name in ("project", "inventory", "env"):
            (data / name).mkdir(parents=True)
        (data / "project/report.yml").write_text(json.dumps([{"import_playbook": REPORT}]))
        (data / "inventory/hosts.yml").write_text(inventory.read_text())
        (data / "inventory/slices.yml").write_text(SLICES.format(count=count))
        (data / "env/cmdline").write_text(f"--limit slice_{number}")
        (data / "env/extravars").write_text(
            json.dumps({"report_dest": str(folder / f"slice-{number}")})
        )
        (data / "env/envvars").write_text(json.dumps(_environment(lab, folder)))
        runner, place = shlex.quote(str(BIN / "ansible-runner")), shlex.quote(str(data))
        line = (
            f"set -o pipefail; {runner} transmit {place} -p report.yml | {runner} worker |"
            f" {runner} process {place}"
        )
        env = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
        streams.append(subprocess.Popen(["bash", "-c", line], env=env, stdout=subprocess.DEVNULL))
    codes = [stream.wait() for stream in streams]
    if any(codes):
        raise SystemExit("A slice failed.")


def _check(lab: laboratory.Lab, folder: Path, inventory: Path, count: int, tenants: int) -> None:
    """Stop unless the slices are disjoint and complete, and merge into the report of one run."""
    reports = [json.loads((folder / f"slice-{n}/report.json").read_text()) for n in range(count)]
    hosts = [tenant["host"] for report in reports for tenant in report["tenants"]]
    assert len(hosts) == len(set(hosts)) == tenants, "the slices are not disjoint and complete"
    slices = [str(folder / f"slice-{n}/report.json") for n in range(count)]
    variables = {"report_dest": str(folder / "merged"), "report_slices": slices}
    task = {"ansible.builtin.include_role": {"name": REPORT}, "vars": variables}
    play = {"hosts": "tenants", "gather_facts": False, "tasks": [task]}
    (folder / "merge.yml").write_text(json.dumps([play]))
    subprocess.run(
        [BIN / "ansible-playbook", folder / "merge.yml", "-i", inventory],
        check=True,
        cwd=folder,
        env={**os.environ, **_environment(lab, folder)},
        stdout=subprocess.DEVNULL,
    )
    one, merged = (
        json.loads((folder / name / "report.json").read_text()) for name in ("one", "merged")
    )
    for key in ("coverage", "tenants", "incidents"):
        assert _comparable(merged[key]) == _comparable(one[key]), f"{key} of the merge differ"


def _comparable(value: t.Any) -> t.Any:
    """Without an order, and without the age of an incident when its report was written."""
    if not isinstance(value, list):
        return value
    rows = [{name: member for name, member in row.items() if name != "age_hours"} for row in value]
    return sorted(rows, key=lambda row: (row["host"], str(row.get("id"))))


if __name__ == "__main__":
    main()
