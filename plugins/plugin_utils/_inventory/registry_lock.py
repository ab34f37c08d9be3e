# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A lock so that only one task at a time edits a registry, across all Ansible runs on this machine.

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
    """Lock the registry for this task until its worker ends.

    A filter reads the file and another action writes it, so the lock must outlive the filter.
    Ansible starts a worker for each task of each host, and a lock ends with its process. Ansible's
    main process lasts for the whole run and writes nothing, so it takes no lock.
    """
    if multiprocessing.parent_process() is not None:
        place = os.path.realpath(os.path.expanduser(path))
        _locked(os.path.dirname(place), os.getpid())


@functools.cache
def _locked(folder: str, process: int) -> None:
    """Lock the folder, because the file itself is replaced with every edit.

    :arg process: part of the cache key, so that a fork locks again instead of using its parent's
        lock.
    """
    del process
    try:
        # never closed: it ends with the process
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        _wait(handle, folder)
    except FileNotFoundError:
        return  # the task that writes the file reports this
    except OSError as e:
        display.warning(
            f"{folder} cannot be locked ({e.strerror}); run only one task at a time that writes to"
            " the registry in it."
        )


def _wait(
    handle: int,
    folder: str,
    *,
    now: t.Callable[[], float] = time.monotonic,
    sleep: t.Callable[[float], None] = time.sleep,
) -> None:
    """Wait for the lock; raises `unavailable` if another process holds it for too long."""
    deadline = now() + WAIT
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if now() >= deadline:
                raise DefenderError(
                    "unavailable",
                    (
                        f"Another process has locked the registries in {folder} for {WAIT:.0f}"
                        " seconds; run this task again after it has ended."
                    ),
                ) from None
            sleep(PAUSE)
        else:
            return
