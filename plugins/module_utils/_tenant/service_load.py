# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the services bear their load: reported for each request to the observer of its thread.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import contextlib
import threading
import typing as t

# answered in time; over a quota (429); or too slow, unreachable or unavailable (503)
Load = t.Literal["answered", "throttled", "overloaded"]
Observer = t.Callable[[str, Load], None]

_current = threading.local()


@contextlib.contextmanager
def observation(observer: Observer) -> t.Iterator[None]:
    """Call the observer for every request that this thread sends in the meantime.

    :arg observer: receives host and port of the service, and its load.
    """
    _current.observer = observer
    try:
        yield
    finally:
        _current.observer = None


def report(service: str, load: Load) -> None:
    """Called by the transport. Only the first attempt of a request counts, so that the retries of
    one failing tenant do not look like many failures."""
    observer: Observer | None = getattr(_current, "observer", None)
    if observer:
        observer(service, load)
