# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs tests, and once more alone those that failed, which are then counted as flaky."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
import typing as t
from pathlib import Path

from environments import WORK
from schedule import Log, counted


def twice(
    log: Log, *command: str | Path, env: t.Mapping[str, str], again: t.Sequence[str] = ()
) -> str | None:
    """Run the tests, and those that failed once more alone: two gates share two cores, and
    behaviour tests wait for real processes.

    What passed only then is said beside the gate's result and once more at the very end, so that it
    is mended and not forgotten.

    again: options of the second run.
    """
    cache = WORK / "pytest" / log.path.stem
    shutil.rmtree(cache, ignore_errors=True)
    env = {**env, "PYTEST_ADDOPTS": f"-o cache_dir={shlex.quote(str(cache))}"}
    try:
        log.run(*command, env=env)
    except subprocess.CalledProcessError:
        failed = last_failed(cache)
        if not failed:
            raise
        log.say("Once more, only what failed:")
        log.run(*command, "--last-failed", "--last-failed-no-failures=none", *again, env=env)
        log.flaky += failed
        return f"{counted(len(failed), 'test')} passed only the second time"
    return None


def last_failed(cache: Path) -> list[str]:
    """The tests that failed in the run that pytest kept this cache of."""
    path = cache / "v/cache/lastfailed"
    return sorted(json.loads(path.read_text())) if path.exists() else []
