# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keys and certificates in this process's memory: one application's file serves many tenants.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import hashlib
import os
import threading
import typing as t

Passwords = tuple[bytes, ...]
Contents = tuple[tuple[t.Any, ...], tuple[t.Any, ...]]
Outcome = t.TypeVar("Outcome")


class CertificateCache:
    """The keys and certificates of the last files, by a digest of content and passwords."""

    def __init__(self, size: int) -> None:
        self._size = size
        self.clear()

    def clear(self) -> None:
        """Forget everything, also the lock, which another thread may hold while this one forks."""
        self._locks: dict[str, threading.Lock] = {}  # one, made when it is needed
        self._entries: dict[bytes, t.Any] = {}

    def get(
        self, data: bytes, passwords: Passwords, parse: t.Callable[[bytes, Passwords], Outcome]
    ) -> Outcome:
        """What `parse` returns; threads that need the same file wait for the first of them. What it
        raises is not cached."""
        key = _digest(data, passwords)
        with self._locks.setdefault("parsing", threading.Lock()):
            if key not in self._entries:
                contents = parse(data, passwords)
                if len(self._entries) >= self._size:
                    del self._entries[next(iter(self._entries))]
                self._entries[key] = contents
            return t.cast("Outcome", self._entries[key])


def _digest(data: bytes, passwords: Passwords) -> bytes:
    parts = [hashlib.sha256(part).digest() for part in (data, *passwords)]
    return hashlib.sha256(b"".join(parts)).digest()


CACHE: t.Final = CertificateCache(size=16)
# A fork may happen while another thread holds the lock, or uses a key within OpenSSL.
os.register_at_fork(after_in_child=CACHE.clear)
