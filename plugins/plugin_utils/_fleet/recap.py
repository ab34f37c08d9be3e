# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The recap of a run over many hosts: those that failed, and one line of sums over all.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import types
import typing as t

# core's keys of a host's counts, with the words of its own recap
WORDS: t.Final = {
    "ok": "ok",
    "changed": "changed",
    "unreachable": "unreachable",
    "failures": "failed",
    "skipped": "skipped",
    "rescued": "rescued",
    "ignored": "ignored",
}
RARE: t.Final = ("rescued", "ignored")  # left out where nothing of the kind happened


def failed_hosts(stats: t.Any) -> list[str]:
    """A line for each host that failed or was unreachable."""
    counts = {host: stats.summarize(host) for host in sorted(stats.processed)}
    failed = {
        host: count for host, count in counts.items() if count["failures"] or count["unreachable"]
    }
    width = max(map(len, failed), default=0)
    return [f"{host:{width}} : {_words(count)}" for host, count in failed.items()]


def sums(stats: t.Any) -> str:
    """The sums over all hosts in one line."""
    counts = [stats.summarize(host) for host in stats.processed]
    totals = {key: sum(count[key] for count in counts) for key in WORDS}
    return f"{len(counts)} {'host' if len(counts) == 1 else 'hosts'} : {_words(totals)}"


def without_hosts(stats: t.Any) -> t.Any:
    """The same stats for core, which then shows the rest of them only."""
    return types.SimpleNamespace(processed={}, custom=getattr(stats, "custom", {}))


def _words(counts: t.Mapping[str, int]) -> str:
    return " ".join(
        f"{word}={counts[key]}" for key, word in WORDS.items() if counts[key] or word not in RARE
    )
