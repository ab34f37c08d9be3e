# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How long the same work takes in different ways: a token and the incidents of every tenant, whole
processes against one lab.

Run it as ``./dev bench``. All of it happens on the loopback interface; lab and clients share the
machine's cores. Results go to tests/output/bench: a table in Markdown, everything in JSON, and a
plot; with --publish into README.md and docs/benchmark too. One round with every size takes about
ten minutes.
"""

from __future__ import annotations

import argparse
import dataclasses
import datetime
import importlib.metadata
import json
import os
import platform
import ssl
import subprocess
import sys
import tempfile
import time
import typing as t
from pathlib import Path

import cases
import laboratory
import measured
import report

ROOT = Path(__file__).resolve().parents[2]
SIZES = (50, 100, 200, 1000, 3000)
BEGIN, END = "<!-- speed: written by ./dev bench --publish -->", "<!-- /speed -->"
PACKAGES = (
    "ansible-core",
    "msal",
    "requests",
    "urllib3",
    "PyJWT",
    "cryptography",
    "aiohttp",
    "jinja2",
)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="./dev bench",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--sizes",
        type=_numbers,
        default=SIZES,
        help="numbers of tenants (default: 50,100,200,1000,3000)",
    )
    parser.add_argument(
        "--runs",
        type=int,
        default=3,
        help="rounds; every case once a round, the median counts (default: %(default)s)",
    )
    parser.add_argument(
        "--cases",
        type=_cases,
        default=cases.CASES,
        help=f"out of {','.join(cases.NAMES)} (default: all)",
    )
    parser.add_argument(
        "--incidents", type=int, default=5, help="incidents a tenant (default: %(default)s)"
    )
    parser.add_argument(
        "--forks", type=int, default=5, help="Ansible's forks (default: %(default)s, as Ansible's)"
    )
    parser.add_argument(
        "--limit",
        type=float,
        default=600,
        help="the most seconds for one process (default: %(default)s)",
    )
    parser.add_argument(
        "--output", type=Path, default=ROOT / "tests/output/bench", help="folder for the results"
    )
    parser.add_argument(
        "--publish",
        action="store_true",
        help="put the figures and the plot into README.md and docs/ too",
    )
    return parser.parse_args()


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(sorted(int(part) for part in text.split(",")))


def _cases(text: str) -> tuple[cases.Case, ...]:
    if unknown := set(text.split(",")) - set(cases.NAMES):
        raise argparse.ArgumentTypeError(f"there is no {', '.join(sorted(unknown))}")
    return tuple(case for case in cases.CASES if case.name in text.split(","))


def machine(options: argparse.Namespace) -> dict[str, t.Any]:
    """What the numbers depend on."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        "",
    )
    return {
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "cores": len(os.sched_getaffinity(0)),
        "processor": model or platform.machine(),
        "load_at_start": os.getloadavg()[0],
        "python": platform.python_version(),
        "openssl": ssl.OPENSSL_VERSION,
        "packages": {name: importlib.metadata.version(name) for name in PACKAGES},
        **{name: getattr(options, name) for name in ("runs", "forks", "incidents")},
    }


def measure(
    options: argparse.Namespace, lab: laboratory.Lab, folder: Path
) -> t.Iterator[dict[str, t.Any]]:
    """One record for each process. Rounds are outermost, so that what disturbs the machine disturbs
    all cases alike."""
    (folder / "ansible.cfg").touch()
    kept = {
        name: os.environ[name]
        for name in ("PATH", "LANG", "LC_ALL", "VIRTUAL_ENV", "ANSIBLE_COLLECTIONS_PATH")
        if name in os.environ
    }

    def one(case: cases.Case, tenants: int) -> dict[str, t.Any]:
        env = cases.environment(case, kept, lab, folder, options.forks)
        command = cases.command(case, lab, tenants)
        before = lab.cpu()
        spent = measured.run(
            command,
            env=env,
            cwd=folder,
            log=options.output / f"{case.name}-{tenants}.log",
            limit=options.limit,
        )
        requests = lab.requests()
        if wrong := cases.shortfall(case, tenants, requests):
            raise SystemExit(f"{case.title}, {tenants} tenants: {wrong}.")
        return {
            "case": case.name,
            "tenants": tenants,
            **dataclasses.asdict(spent),
            "lab_cpu": lab.cpu() - before,
            "requests": requests,
        }

    # not measured: the lab makes each tenant's incidents when it is first asked, Python compiles,
    # the disk reads
    for case in cases.CASES[1:5]:
        one(case, max(options.sizes) if case.name == "client" else min(options.sizes))
    for turn in range(options.runs):
        for tenants in options.sizes:
            for case in options.cases:
                if tenants <= case.most:
                    yield {"run": turn, **one(case, tenants)}


def publish(result: dict[str, t.Any], table: str, output: Path) -> None:
    """The whole table, the JSON and the plot in docs/, and what of it a newcomer wants between the
    marks in README.md."""
    docs = ROOT / "docs/benchmark"
    docs.mkdir(parents=True, exist_ok=True)
    (docs / "README.md").write_text(
        f"# Benchmark\n\nMade by `./dev bench --publish`.\n\n{table}\n"
        "![Seconds by number of tenants](bench.svg)\n"
    )
    for name in ("results.json", "bench.svg"):
        (docs / name).write_bytes((output / name).read_bytes())
    readme = ROOT / "README.md"
    before, mark, rest = readme.read_text().partition(BEGIN)
    _old, other, after = rest.partition(END)
    if not (mark and other):
        raise SystemExit(f"README.md has no {BEGIN} … {END} to write between.")
    readme.write_text(f"{before}{mark}\n{report.short(result)}{other}{after}")


def main() -> int:
    options = arguments()
    options.output.mkdir(parents=True, exist_ok=True)
    begun = time.monotonic()
    result: dict[str, t.Any] = {
        "machine": machine(options),
        "titles": {case.name: case.title for case in cases.CASES},
        "records": [],
    }
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        (folder / "home").mkdir(mode=0o700)
        with laboratory.running(
            folder / "lab", tenants=max(options.sizes), incidents=options.incidents
        ) as lab:
            for record in measure(options, lab, folder / "home"):
                result["records"].append(record)
                (options.output / "results.json").write_text(json.dumps(result, indent=1) + "\n")
                print(
                    (
                        "{tenants:5} {case:13} {wall:7.2f} s  {cpu:7.2f} s CPU  {largest:5.0f} MiB"
                    ).format(**record),
                    file=sys.stderr,
                    flush=True,
                )
    table = report.markdown(result)
    (options.output / "table.md").write_text(table)
    print(table)
    plot = subprocess.run(
        [
            sys.executable,
            str(Path(__file__).with_name("plot.py")),
            str(options.output / "results.json"),
            str(options.output / "bench.svg"),
        ],
        check=False,
    )
    if options.publish and plot.returncode == 0:
        publish(result, table, options.output)
    print(
        f"{time.monotonic() - begun:.0f} s in all; results are in {options.output}.",
        file=sys.stderr,
    )
    return plot.returncode


if __name__ == "__main__":
    sys.exit(main())
