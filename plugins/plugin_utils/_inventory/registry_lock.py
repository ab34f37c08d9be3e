# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lets one task at a time edit a registry, in this run of Ansible and in others on this machine.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import fcntl
import functools
import multiprocessing
import os
import time
import typing as t

from ansible.utils.display import Display
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError

WAIT: t.Final = 300.0
PAUSE: t.Final = 0.05
display = Display()


def hold(path: str) -> None:
    """Keep the registry to this task from here until its worker ends.

    A filter reads the file and another action writes it, so that the lock has to outlive the
    filter. Ansible makes a worker for each task of each host, and a lock ends with its process.
    Ansible's first process lasts for the whole run and writes nothing: it takes no lock.
    """
    if multiprocessing.parent_process() is not None:
        place = os.path.realpath(os.path.expanduser(path))
        _locked(os.path.dirname(place), os.getpid())


@functools.cache
def _locked(folder: str, process: int) -> None:
    """Lock the folder, because the file itself is replaced with every edit.

    :arg process: makes a fork ask again; what its parent holds is not its own.
    """
    del process
    try:
        # never closed: the end of the process does that
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        _wait(handle, folder)
    except FileNotFoundError:
        return  # the task that writes there says so
    except OSError as e:
        display.warning(
            f"{folder} cannot be locked ({e.strerror}); let only one task at a time write to the"
            " registry in it."
        )


def _wait(
    handle: int,
    folder: str,
    *,
    now: t.Callable[[], float] = time.monotonic,
    sleep: t.Callable[[float], None] = time.sleep,
) -> None:
    """Wait for the lock; raises `unavailable` when somebody else keeps it for too long."""
    deadline = now() + WAIT
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if now() >= deadline:
                raise DefenderError(
                    "unavailable",
                    (
                        f"Another process has kept the registries in {folder} locked for {WAIT:.0f}"
                        " seconds; run this task again when it has ended."
                    ),
                ) from None
            sleep(PAUSE)
        else:
            return
