# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rounds of a benchmark: each process with an environment of its own, its cost, and what the
lab received from it."""

from __future__ import annotations

import argparse
import dataclasses
import os
import typing as t
from pathlib import Path

from ansible_collections.mssp.defender_xdr.tests.bench import (
    cases,
    laboratory,
    measured,
    pace,
    quiet,
)
from ansible_collections.mssp.defender_xdr.tests.bench.figures import Record, spread

AGAIN: t.Final = 12
# A process that the machine slowed down is measured again, if it was not a long one.
TRIES: t.Final = 4
LONG: t.Final = 10.0  # seconds
KEPT: t.Final = ("PATH", "LANG", "LC_ALL", "VIRTUAL_ENV", "ANSIBLE_COLLECTIONS_PATH")


class Rounds:
    """Rounds are outermost, so that what disturbs the machine disturbs all cases alike."""

    def __init__(self, options: argparse.Namespace, lab: laboratory.Lab, folder: Path) -> None:
        self._options = options
        self._lab = lab
        self._folder = folder
        self._base = {name: os.environ[name] for name in KEPT if name in os.environ}
        self._token_folders = 0
        self._pace = pace.Pace()
        self._walls: dict[tuple[cases.Case, int, int], list[float]] = {}
        (folder / "ansible.cfg").touch()

    def records(self) -> t.Iterator[Record]:
        """Every case once a round; then up to `AGAIN` times more those whose rounds differ by more
        than may be published, because the machine itself is not always equally fast."""
        self._warm_up()
        options = self._options
        plan = cases.plan(options.cases, options.sizes, options.latencies)
        for run in range(options.runs):
            for step in plan:
                yield self._record(run, step, before=options.cases)
        for run in range(options.runs, options.runs + AGAIN):
            for step in plan:
                walls = self._walls[step]
                if len(walls) >= quiet.RUNS and spread(walls) > quiet.SPREAD:
                    yield self._record(run, step, before=())

    def _record(
        self, run: int, step: tuple[cases.Case, int, int], *, before: t.Container[cases.Case]
    ) -> Record:
        """Measure a case.

        before: the cases that run in the same round, so that one whose tokens it uses has just run.
        """
        case, tenants, latency = step
        if case.after and cases.BY_NAME[case.after] not in before:
            self._measure(cases.BY_NAME[case.after], tenants, 0)
        record = {"run": run, **self._undisturbed(case, tenants, latency)}
        self._walls.setdefault(step, []).append(record["wall"])
        return record

    def _undisturbed(self, case: cases.Case, tenants: int, latency: int) -> Record:
        """Measure between two probes that found the cores at full speed, if that can be had."""
        for _unused in range(TRIES):
            self._pace.wait()
            record = self._measure(case, tenants, latency)
            record["slowed"] = not self._pace.is_full()
            if record["wall"] > LONG or not record["slowed"]:
                break
        return record

    def _warm_up(self) -> None:
        """Not measured: the lab makes each tenant's incidents when it is first asked, Python
        compiles, and the disk reads."""
        self._measure(cases.BY_NAME["client"], max(self._options.sizes), 0)
        playbooks = {case.playbook: case for case in self._options.cases if not case.after}
        for case in playbooks.values():
            if case.playbook and case.most > cases.SMALL:
                self._measure(case, min(self._options.sizes), 0)

    def _measure(self, case: cases.Case, tenants: int, latency: int) -> Record:
        options, lab = self._options, self._lab
        tokens = self._tokens(case)
        command = cases.command(case, lab, tenants, tokens)
        lab.set_latency(latency)
        busy, lab_cpu, own_cpu = quiet.busy(), lab.cpu(), _own_cpu()
        spent = measured.run(
            command,
            env=cases.environment(
                case, self._base, lab.bundle, self._folder, tokens, options.forks
            ),
            cwd=self._folder,
            log=options.output / f"{case.name}-{tenants}-{latency}ms.log",
            limit=options.limit,
        )
        lab_cpu = lab.cpu() - lab_cpu
        others = quiet.busy() - busy - lab_cpu - (_own_cpu() - own_cpu) - spent.cpu
        journal = lab.journal()
        tenant_ids = [tenant["tenant_id"] for tenant in lab.facts["tenants"][:tenants]]
        if wrong := cases.shortfall(case, tenant_ids, journal):
            raise SystemExit(f"{case.title}, {tenants} tenants, {latency} ms: {wrong}.")
        return {
            "case": case.name,
            "tenants": tenants,
            "latency": latency,
            **dataclasses.asdict(spent),
            "lab_cpu": lab_cpu,
            "others_cpu": others,
            "requests": laboratory.count(journal),
        }

    def _tokens(self, case: cases.Case) -> Path:
        """A new folder for tokens, or the last one. Emptying it would make the disk work during the
        measurement."""
        if not case.after:
            self._token_folders += 1
        folder = self._folder / f"tokens-{self._token_folders:04}"
        folder.mkdir(mode=0o700, exist_ok=True)
        return folder


def _own_cpu() -> float:
    """CPU seconds of the benchmark's own process, without its children."""
    times = os.times()
    return times.user + times.system
