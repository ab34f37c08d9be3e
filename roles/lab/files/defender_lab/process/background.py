# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Starts a lab in the background, and stops it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from defender_lab.process.folder import InUse, holder

PROGRAM = Path(__file__).parents[1]
STARTING = 60.0
ENDING = 15.0


class NotRunning(Exception):
    """No lab lives in that folder."""


class Failed(Exception):
    """The lab left before it was ready, or would not leave."""


def detached(folder: Path, options: list[str]) -> None:
    """Start a lab in a session of its own and wait until it is ready; its words are in lab.log."""
    if holder(folder):
        raise InUse(folder)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    (folder / "lab.json").unlink(missing_ok=True)
    log = os.open(folder / "lab.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        process = subprocess.Popen(
            [sys.executable, str(PROGRAM), *options],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            cwd="/",
        )
    finally:
        os.close(log)
    until = time.monotonic() + STARTING
    while not (folder / "lab.json").exists():
        if process.poll() is not None:
            raise Failed(f"The lab did not start: {(folder / 'lab.log').read_text().strip()}")
        if time.monotonic() > until:
            process.terminate()
            raise Failed(
                f"The lab was not ready after {STARTING:.0f} seconds; see {folder / 'lab.log'}."
            )
        time.sleep(0.05)


def stopped(folder: Path) -> None:
    """End the lab that lives in the folder and wait until it is gone."""
    pid = holder(folder)
    if not pid:
        raise NotRunning(f"No lab is running in {folder}.")
    os.kill(pid, signal.SIGTERM)
    until = time.monotonic() + ENDING
    while holder(folder) == pid:
        if time.monotonic() > until:
            raise Failed(f"The lab with pid {pid} did not stop within {ENDING:.0f} seconds.")
        time.sleep(0.05)
