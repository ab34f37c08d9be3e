# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The counts of one task over its hosts, and what its results say about each tenant.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import collections
import dataclasses
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.plugin_utils import _coverage
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._fleet.live import State

HIDDEN: t.Final = ("(no_log)", "")
NOT_SENT: t.Final = ("not sent", "caller")
LOST: t.Final = ("lost before it was asked", "caller")
SECURITY_EVENT: t.Final = (_coverage.ALARM, "security event")

Result = t.Mapping[str, t.Any]
Reason = tuple[str, str]  # category, and who must act
Outcomes = dict[str, Reason | None]  # by tenant; None for one that answered


def has_tenants(result: Result) -> bool:
    """Whether the result of a sweep counts tenants; one that was refused as a whole does not."""
    items = result.get("results")
    inner = [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []
    return isinstance(result.get("coverage"), dict) or any(map(has_tenants, inner))


def merged(found: t.Mapping[str, Outcomes]) -> Outcomes:
    """The outcomes of several questions in one; a tenant's first failure counts."""
    every: Outcomes = {}
    for part in found.values():
        for tenant, reason in part.items():
            every[tenant] = every.get(tenant) or reason
    return every


def parts(host: str, result: Result, *, failed: bool) -> dict[str, Outcomes]:
    """What a result of one of our modules says about each tenant that it queried, by the name of
    the question: the hunts of a `hunt_sweep`, otherwise one with an empty name."""
    items = result.get("results")
    if isinstance(items, list):
        every: dict[str, Outcomes] = {}
        for item in (item for item in items if isinstance(item, dict) and not item.get("skipped")):
            for name, part in parts(host, item, failed=bool(item.get("failed"))).items():
                every[name] = merged({"earlier": every.get(name, {}), "now": part})
        return every
    hunts = result.get("hunts")
    if isinstance(hunts, dict):
        return {name: _of_hunt(hunt) for name, hunt in hunts.items() if isinstance(hunt, dict)}
    if isinstance(result.get("coverage"), dict) and isinstance(result.get("failures"), dict):
        answered: Outcomes = dict.fromkeys(result.get("answered") or ())
        return {"": {**answered, **_reasons(result["failures"])}}
    if isinstance(result.get("error"), dict):
        return {"": {host: _reason(result["error"])}}
    if not failed:
        return {"": {host: None}}
    # no category: hidden by no_log, or an error of Ansible itself such as an undefined variable
    return {"": {host: HIDDEN if "censored" in result else NOT_SENT}}


def alarms(host: str, result: Result) -> dict[str, str]:
    """The message of each tenant whose failure in this result is a security event."""
    items = result.get("results")
    inner = items if isinstance(items, list) else list((result.get("hunts") or {}).values())
    messages = {
        tenant: str(message)
        for item in inner
        if isinstance(item, dict)
        for tenant, message in alarms(host, item).items()
    }
    # of a result that no_log hides, core keeps the warnings
    warnings = result.get("warnings")
    for warning in warnings if isinstance(warnings, list) else ():
        if found_alarm := _coverage.alarm_in(str(warning)):
            messages |= [found_alarm]
    if isinstance(result.get("failures"), dict):
        failures = {name: e for name, e in result["failures"].items() if isinstance(e, dict)}
        found = {name: error.get("msg", "") for name, error in failures.items() if _alarms(error)}
        return {**messages, **found}
    error = result.get("error")
    if isinstance(error, dict) and _alarms(error):
        messages[host] = str(result.get("msg", ""))
    return messages


def _alarms(error: Result) -> bool:
    return error.get("category") == _coverage.ALARM


def _of_hunt(hunt: Result) -> Outcomes:
    return {**dict.fromkeys(hunt.get("hits") or ()), **_reasons(hunt.get("failures") or {})}


def _reasons(failures: t.Mapping[str, t.Any]) -> Outcomes:
    return {
        tenant: _reason(error if isinstance(error, dict) else {"category": error})
        for tenant, error in failures.items()
    }


def _reason(error: Result) -> Reason:
    if _alarms(error):
        return SECURITY_EVENT
    return str(error.get("category") or "unavailable"), str(error.get("who") or "")


@dataclasses.dataclass
class Tally:
    """One task over its hosts."""

    name: str
    asked: int
    began: float
    sweeps: int = 0  # the number of the newest sweep before it
    word: str = "ok"  # for a host without a failure
    many: bool = True  # whether the count replaces the line of each host
    is_quiet: bool = False  # nobody needs to see that it is done
    words: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)
    reasons: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)

    def count(self, word: str, number: int = 1) -> None:
        self.words[word] += number

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
    def is_shown(self) -> bool:
        """Whether there is more to show than that hosts skipped the task, or did a quiet one."""
        return bool(self.failed or self.words.keys() - {"skipped"} and not self.is_quiet)

    @property
    def done(self) -> int:
        return self.words.total()

    def state(self) -> State:
        """Its progress; a host that skipped the task does not count as asked."""
        skipped = self.words["skipped"]
        return State(
            self.name,
            self.asked - skipped,
            self.done - skipped - self.failed,
            self.failed,
            word=self.word,
        )

    def summary(self, took: str, width: int = 0) -> str:
        """One line of at most this width, with as many categories as fit; 0 for any width."""
        order = sorted(
            self.reasons.items(), key=lambda item: (item[0] != _coverage.ALARM, -item[1])
        )
        common = [f"{category} {count}" for category, count in order]
        lines = [self._line(took, common[:shown], len(common)) for shown in range(len(common) + 1)]
        return next((line for line in reversed(lines) if not width or len(line) <= width), lines[0])

    def _line(self, took: str, categories: list[str], in_all: int) -> str:
        order = ("answered", "ok", "changed", "failed", "unreachable", "skipped")
        why = ", ".join([*categories, *(["…"] if 0 < len(categories) < in_all else [])])
        counts = [
            f"{self.words[word]} {word}{f' ({why})' if word == 'failed' and why else ''}"
            for word in order
            if self.words[word]
        ]
        return f"{', '.join(counts) or 'no host'}, {took}"
