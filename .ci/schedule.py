# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs gates, two at a time, and says what became of each. A failing gate stops no other."""

from __future__ import annotations

import concurrent.futures
import contextlib
import dataclasses
import os
import re
import signal
import subprocess
import time
import typing as t
from pathlib import Path

from dev import ROOT

# Gates at a time; 1 shows what it would cost to run them one after another.
LANES = int(os.environ.get("LANES", "2"))
# Seconds for one gate; the longest ones take half of it when another gate runs beside them.
LIMIT = 40 * 60
# Seconds for all gates. An optional one with which they would take longer is not started: that CI
# ends in time is worth more than a pre-release of ansible-core on a slow machine.
WHOLE = 35 * 60
STARTED = time.monotonic()
RUNNING: set[subprocess.Popen[bytes]] = set()
PIP_SAYS = re.compile(
    r"WARNING: Location|Collecting|Processing|Looking in|Install(ing|ed) |Successfully|Using"
    r" cached|  (Downloading|Using cached) |\s+━|\s*$"
)


class GateFailed(Exception):
    """Why a gate failed, in words that need no name of a class before them."""


class Absent(Exception):
    """What an optional gate needs is not to be had; that is said and is no failure."""


@dataclasses.dataclass(frozen=True)
class Gate:
    name: str
    group: str
    work: t.Callable[[Log], str | None]  # what it gives back is said beside its result
    needs: tuple[str, ...] = ()
    alone: bool = False  # nothing else runs beside it, and its output is shown as it comes
    optional: bool = False  # it is not started where the whole would take too long with it
    like: str = ""  # the gate that takes as long, by its name
    extra: bool = False  # it runs only when it or its group is named


class Log:
    """Where a gate's commands write."""

    def __init__(self, path: Path, *, show: bool) -> None:
        self.path, self.show = path, show
        self.flaky: list[str] = []  # the tests that passed only the second time
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")

    def say(self, text: str) -> None:
        with self.path.open("a") as file:
            file.write(text + "\n")

    def run(self, *command: str | Path, env: t.Mapping[str, str], cwd: Path = ROOT) -> None:
        self.say(f"$ {' '.join(map(str, command))}")
        with self.path.open("a") as file:
            process = subprocess.Popen(
                command,
                env=env,
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=None if self.show else file,
                stderr=None if self.show else subprocess.STDOUT,
                start_new_session=True,
            )
            RUNNING.add(process)
            try:
                code = process.wait(LIMIT)
            finally:
                RUNNING.discard(process)
                stop(process)
        if code:
            raise subprocess.CalledProcessError(code, [str(part) for part in command])


def stop(process: subprocess.Popen[bytes]) -> None:
    """End the process and all that it started; each has a process group of its own."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)


@dataclasses.dataclass
class Result:
    word: str
    seconds: float
    why: str
    log: Log

    @property
    def bad(self) -> bool:
        return self.word == "FAILED"


def attempt(gate: Gate, results: dict[str, Result], logs: Path) -> Result:
    log = Log(logs / f"{gate.name}.log", show=gate.alone)
    started = time.monotonic()
    broken = next((results[need] for need in gate.needs if results[need].word != "passed"), None)
    expected = results[gate.like].seconds if gate.like in results else 0
    word, why = "passed", ""
    try:
        if broken:
            word, why = broken.word, f"after {broken.why}"
        elif gate.optional and time.monotonic() - STARTED + expected > WHOLE:
            raise Absent(
                f"not started, because the whole would take over {WHOLE // 60} minutes:"
                f" ./dev ci {gate.name} runs it alone"
            )
        else:
            print(f"▶ {gate.name}", flush=True)
            why = gate.work(log) or ""
    except Absent as error:
        word, why = "absent", str(error)
    except subprocess.CalledProcessError as error:
        word, why = "FAILED", f"{Path(error.cmd[0]).name} ended with {error.returncode}"
    except GateFailed as error:
        word, why = "FAILED", str(error)
    except Exception as error:  # whatever went wrong in one gate, the others go on
        word, why = "FAILED", f"{type(error).__name__}: {error}"
    result = Result(word, time.monotonic() - started, why, log)
    summary = [
        line
        for line in log.path.read_text(errors="replace").splitlines()
        if re.search(r"\d+ (passed|failed)\b.* in [\d.]+s", line)
    ]
    print(
        f"  {word}: {gate.name}, {result.seconds:.0f} s {why}",
        *summary,
        sep="\n    " if summary else "",
        flush=True,
    )
    return result


def run_all(gates: list[Gate], logs: Path) -> dict[str, Result]:
    """Run each when those that it needs have run; the output of each is a file in `logs`."""
    results: dict[str, Result] = {}
    waiting, running = list(gates), dict[concurrent.futures.Future[Result], Gate]()
    with concurrent.futures.ThreadPoolExecutor(LANES) as pool:
        try:
            while waiting or running:
                for gate in list(waiting):
                    alone = gate.alone or any(other.alone for other in running.values())
                    if len(running) < (1 if alone else LANES) and all(
                        need in results for need in gate.needs
                    ):
                        waiting.remove(gate)
                        running[pool.submit(attempt, gate, results, logs)] = gate
                for future in concurrent.futures.wait(
                    running, return_when=concurrent.futures.FIRST_COMPLETED
                ).done:
                    results[running.pop(future).name] = future.result()
        except BaseException:  # told to stop: so is every gate
            for process in list(RUNNING):
                stop(process)
            raise
    return results


def closing(results: t.Mapping[str, Result], seconds: float) -> list[str]:
    """What CI says last: a line for each gate, how many failed, and every test that needed a second
    run."""
    lines = ["gate                  result    seconds"]
    lines += [
        f"{name:22}{result.word:10}{result.seconds:7.0f}  {result.why[:120]}".rstrip()
        for name, result in results.items()
    ]
    bad = [name for name, result in results.items() if result.bad]
    lines += [
        f"{len(results) - len(bad)} gates did not fail, {len(bad)} failed, {seconds:.0f} s in all",
        *(f"  {name}" for name in bad),
    ]
    flaky = [f"  {name}: {test}" for name, result in results.items() for test in result.log.flaky]
    return [
        *lines,
        f"Flaky: {counted(len(flaky), 'test')} passed only the second time{':' if flaky else ''}",
        *flaky,
    ]


def counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
