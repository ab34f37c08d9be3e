# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Counts for the callback: of one task over its hosts, and of a run over its tenants.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import collections
import dataclasses
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._fleet.live import State

COLLECTION: t.Final = "mssp.defender_xdr."
NAMED: t.Final = 10  # tenants named in a row; the rest is counted
HIDDEN: t.Final = ("(no_log)", "")
NOT_SENT: t.Final = ("not sent", "caller")
LOST: t.Final = ("lost before it was asked", "caller")

Reason = tuple[str, str]  # category, who must act
Outcomes = dict[str, Reason | None]  # by tenant; None for one that answered


def ours(task: t.Any) -> bool:
    return str(getattr(task, "resolved_action", None) or task.action).startswith(COLLECTION)


def is_sweep(task: t.Any) -> bool:
    return ours(task) and str(task.action).endswith("sweep")


def outcomes(host: str, result: t.Mapping[str, t.Any], *, failed: bool) -> Outcomes:
    """What a result of one of our modules says about each tenant that was asked in it."""
    items = result.get("results")
    if isinstance(items, list):
        every: Outcomes = {}
        for item in (item for item in items if isinstance(item, dict) and not item.get("skipped")):
            for tenant, reason in outcomes(host, item, failed=bool(item.get("failed"))).items():
                every[tenant] = every.get(tenant) or reason
        return every
    if isinstance(result.get("coverage"), dict) and isinstance(result.get("failures"), dict):
        answered: Outcomes = dict.fromkeys(result.get("answered") or ())
        return {
            **answered,
            **{tenant: _reason(error) for tenant, error in result["failures"].items()},
        }
    if isinstance(result.get("error"), dict):
        return {host: _reason(result["error"])}
    if not failed:
        return {host: None}
    # no category: censored by no_log, or a failure of Ansible's own, such as an undefined variable
    return {host: HIDDEN if "censored" in result else NOT_SENT}


def _reason(error: t.Mapping[str, t.Any]) -> Reason:
    return str(error.get("category") or "unavailable"), str(error.get("who") or "")


@dataclasses.dataclass
class Tally:
    """One task over its hosts."""

    name: str
    asked: int
    began: float
    sweeps: int = 0  # the number of the newest sweep before it
    word: str = "ok"  # what is said of a host that it went well on
    many: bool = True  # whether the line of a host is one of many
    words: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)
    reasons: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)

    def count(self, word: str) -> None:
        self.words[word] += 1

    def add(self, found: Outcomes) -> None:
        """Count tenants rather than hosts."""
        for reason in found.values():
            self.count("failed" if reason else "answered")
            if reason:
                self.reasons[reason[0]] += 1

    @property
    def failed(self) -> int:
        return self.words["failed"] + self.words["unreachable"]

    @property
    def done(self) -> int:
        return self.words.total()

    def state(self) -> State:
        """Where it is; a host that skipped the task is not asked in it."""
        skipped = self.words["skipped"]
        return State(
            self.name,
            self.asked - skipped,
            self.done - skipped - self.failed,
            self.failed,
            word=self.word,
        )

    def summary(self, took: str) -> str:
        order = ("answered", "ok", "changed", "failed", "unreachable", "skipped")
        why = ", ".join(f"{category} {count}" for category, count in self.reasons.most_common())
        parts = [
            f"{self.words[word]} {word}{f' ({why})' if word == 'failed' and why else ''}"
            for word in order
            if self.words[word]
        ]
        return f"{', '.join(parts) or 'no host'}, {took}"


class Coverage:
    """Which tenants a run asked, and what became of them. The first failure of a tenant counts:
    later ones follow from it."""

    def __init__(self) -> None:
        self._tenants: Outcomes = {}

    def add(self, found: Outcomes) -> None:
        for tenant, reason in found.items():
            self._tenants[tenant] = self._tenants.get(tenant) or reason

    def lost(self, tenants: t.Iterable[str]) -> None:
        """Tenants that failed in another task; they count where they were never asked."""
        for tenant in tenants:
            self._tenants.setdefault(tenant, LOST)

    def __bool__(self) -> bool:
        return bool(self._tenants)

    @property
    def failed(self) -> int:
        return sum(1 for reason in self._tenants.values() if reason)

    def lines(self, columns: int = 0) -> list[str]:
        """The table: one row for each category, the most frequent first, with as many names as fit
        into so many columns."""
        asked = len(self._tenants)
        by_reason: dict[Reason, list[str]] = collections.defaultdict(list)
        for tenant, reason in self._tenants.items():
            if reason:
                by_reason[reason].append(tenant)
        totals = [f"asked {asked}, answered {asked - self.failed}, failed {self.failed}"]
        if not by_reason:
            return totals
        rows = [("failed", "category", "who must act", ["tenants"])]
        rows += [
            (str(len(tenants)), *reason, tenants)
            for reason, tenants in sorted(by_reason.items(), key=lambda row: -len(row[1]))
        ]
        wide = [max(len(str(row[column])) for row in rows) for column in range(3)]
        starts = [
            f"{count:>{wide[0]}}  {category:{wide[1]}}  {who:{wide[2]}}  "
            for count, category, who, unused in rows
        ]
        return [
            *totals,
            *(
                start + _some(row[3], columns - len(start) if columns else 10**6)
                for start, row in zip(starts, rows, strict=True)
            ),
        ]


def _some(names: list[str], width: int) -> str:
    """The first names, one at least, and how many more there are."""
    for count in range(min(len(names), NAMED), 0, -1):
        said = ", ".join(names[:count]) + (
            f" and {len(names) - count} more" if len(names) > count else ""
        )
        if len(said) <= width:
            return said
    return said
