# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One whole process, measured from outside: wall time, CPU time of it and all it started, and
memory."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import subprocess
import threading
import time
import typing as t
from pathlib import Path

SAMPLE_EVERY = (
    1.0  # seconds between two looks at the memory of the whole tree; a look costs milliseconds
)


@dataclasses.dataclass(frozen=True)
class Spent:
    """What a process cost. Memory is in MiB: of its largest single process, and the largest sum
    over the tree that a sample met (PSS)."""

    wall: float
    cpu: float
    largest: float
    together: float


def run(
    command: t.Sequence[str], *, env: t.Mapping[str, str], cwd: Path, log: Path, limit: float
) -> Spent:
    """Run to the end; a process that fails or lasts too long ends the benchmark with what it
    said."""
    with log.open("wb") as output:
        begun = time.perf_counter()
        process = subprocess.Popen(
            command,
            env=env,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        watch = _Watch(process.pid, limit)
        watch.start()
        try:
            _unused, status, usage = os.wait4(
                process.pid, 0
            )  # the CPU time of waited-for children is in it, and the largest of their memories
        except BaseException:
            process.terminate()
            raise
        wall = time.perf_counter() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
        together = watch.end()
    if process.returncode:
        raise SystemExit(
            f"{' '.join(command)} ended with {process.returncode} after {wall:.0f} s:\n{_said(log)}"
        )
    return Spent(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, together)


def _said(log: Path) -> str:
    """The first failures that Ansible tells of, or else the end of what was said."""
    lines = log.read_text(errors="replace").splitlines()
    return "\n".join(
        [line[:1000] for line in lines if line.startswith(("fatal:", "[ERROR]", "ERROR"))][:3]
        or lines[-20:]
    )


class _Watch(threading.Thread):
    """Samples the memory of a process and its descendants, and ends what lasts too long."""

    def __init__(self, pid: int, limit: float) -> None:
        super().__init__(daemon=True)
        self._pid = pid
        self._limit = limit
        self._over = threading.Event()
        self._most = 0.0

    def run(self) -> None:
        until = time.monotonic() + self._limit
        while not self._over.wait(SAMPLE_EVERY):
            self._most = max(self._most, sum(map(_pss, _tree(self._pid))))
            if time.monotonic() > until:
                os.killpg(self._pid, 15)  # its own session, which we made
                return

    def end(self) -> float:
        self._over.set()
        self.join()
        return self._most


def _tree(pid: int) -> list[int]:
    found = [pid]
    for one in found:
        with contextlib.suppress(OSError):
            found += [
                int(child)
                for task in Path(f"/proc/{one}/task").iterdir()
                for child in (task / "children").read_text().split()
            ]
    return found


def _pss(pid: int) -> float:
    """MiB of a process, with its part of what it shares."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
    return 0.0
