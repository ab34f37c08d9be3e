# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How long the same work takes in different ways: a token and the incidents of every tenant, whole
processes against one lab.

Run it as ``./dev bench``. All of it happens on the loopback interface; lab and clients share the
machine's cores; a process starts when they run at full speed. Results go to tests/output/bench: a
table in Markdown, everything in JSON, and a plot; with --publish into README.md and docs/benchmark
too, which needs a quiet machine. One round with every case and size takes about ten minutes;
``--cases sweep_cold,client256 --sizes 200 --runs 1`` takes less than one.
"""

from __future__ import annotations

import argparse
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

from ansible_collections.mssp.defender_xdr.tests.bench import (
    cases,
    laboratory,
    publication,
    quiet,
    report,
)
from ansible_collections.mssp.defender_xdr.tests.bench.figures import Figures
from ansible_collections.mssp.defender_xdr.tests.bench.rounds import Rounds

ROOT = Path(__file__).resolve().parents[2]
SIZES = (50, 100, 200, 1000, 3000)
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
        help=f"out of {','.join(cases.BY_NAME)} (default: all)",
    )
    parser.add_argument(
        "--latencies",
        type=_numbers,
        default=cases.LATENCIES,
        help="milliseconds that every answer of the lab takes; other than 0 only in the cases that"
        " use the network, and with one size (default: 0,50,150)",
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
        help="put the figures and the plot into README.md and docs/ too, unless the machine is"
        " loaded, the runs differ too much, or something was left out",
    )
    return parser.parse_args()


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(sorted(int(part) for part in text.split(",")))


def _cases(text: str) -> tuple[cases.Case, ...]:
    if unknown := set(text.split(",")) - set(cases.BY_NAME):
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


def measure(options: argparse.Namespace) -> Figures:
    """Every record is written as soon as it is there."""
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
            for record in Rounds(options, lab, folder / "home").records():
                result["records"].append(record)
                (options.output / "results.json").write_text(json.dumps(result, indent=1) + "\n")
                print(
                    (
                        "{tenants:5} {case:15} {latency:3} ms {wall:7.2f} s  {cpu:7.2f} s CPU"
                        "  {largest:5.0f} MiB  others {others_cpu:5.2f} s CPU"
                    ).format(**record),
                    file=sys.stderr,
                    flush=True,
                )
    return Figures(result)


def draw(output: Path) -> bool:
    plot = subprocess.run(
        [
            sys.executable,
            str(Path(__file__).with_name("plot.py")),
            str(output / "results.json"),
            str(output / "bench.svg"),
        ],
        check=False,
    )
    return plot.returncode == 0


def main() -> int:
    options = arguments()
    if options.publish and (refusal := refusal_at_start(options)):
        raise SystemExit(refusal)
    options.output.mkdir(parents=True, exist_ok=True)
    begun = time.monotonic()
    figures = measure(options)
    table = report.markdown(figures)
    (options.output / "table.md").write_text(table)
    print(table)
    drawn = draw(options.output)
    print(
        f"{time.monotonic() - begun:.0f} s in all; results are in {options.output}.",
        file=sys.stderr,
    )
    if options.publish:
        if refusal := quiet.refusal_after(figures):
            raise SystemExit(refusal)
        if drawn:
            publication.publish(figures, options.output, ROOT)
    return 0 if drawn else 1


def refusal_at_start(options: argparse.Namespace) -> str:
    """Before anything is measured, so that nobody waits half an hour for it."""
    return quiet.refusal_before(
        complete=(options.cases, options.sizes, options.latencies)
        == (cases.CASES, SIZES, cases.LATENCIES),
        runs=options.runs,
        load=os.getloadavg()[0],
        cores=len(os.sched_getaffinity(0)),
    )


if __name__ == "__main__":
    sys.exit(main())
