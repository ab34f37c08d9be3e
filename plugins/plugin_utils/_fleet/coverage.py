# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The coverage of a run: each question by asked, answered and failed, and over several questions
each tenant as complete, partial or unread.

A tenant that failed before a question counts as failed in it, as it does in a sweep: it is never a
gap.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import collections
import dataclasses
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.plugin_utils import _coverage
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._fleet.live import fit
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._fleet.tally import (
    LOST,
    SECURITY_EVENT,
    Outcomes,
    Reason,
)

NAMED: t.Final = 10  # tenants named in a row; the rest is counted
SHOWN: t.Final = 12  # questions listed; the rest is counted
NOBODY: t.Final = "–"  # instead of a figure over nobody
# Modules that check access and read nothing of the tenant's data.
ACCESS: t.Final = frozenset({"access_token", "access_token_info", "consent", "consent_info"})
ANY_WIDTH: t.Final = 10**6


@dataclasses.dataclass
class Question:
    """One task of our modules, or one hunt of it, over all its tenants."""

    name: str
    reads: bool  # whether it reads data, and does not only check access
    outcomes: Outcomes = dataclasses.field(default_factory=dict)
    failed_before: dict[str, Reason] = dataclasses.field(default_factory=dict)
    is_exact: bool = False  # a sweep counts the tenants that failed before it
    hidden: tuple[int, int] = (0, 0)  # answered and failed tenants whose names no_log hides

    @property
    def tenants(self) -> Outcomes:
        return self.outcomes if self.is_exact else {**self.failed_before, **self.outcomes}

    @property
    def figures(self) -> tuple[int, int, int]:
        """How many tenants were asked, answered and failed."""
        answered, failed = self.hidden
        failed += sum(reason is not None for reason in self.tenants.values())
        answered += sum(reason is None for reason in self.tenants.values())
        return answered + failed, answered, failed


class Coverage:
    """The questions of a run and their tenants."""

    def __init__(self) -> None:
        self._questions: dict[tuple[str, str], Question] = {}
        self._failed: dict[str, Reason] = {}  # the first failure of each tenant
        self._alarms: dict[str, str] = {}
        self._before: dict[str, dict[str, Reason]] = {}  # by task: who failed before it

    def begin(self, task: str, batch: t.Iterable[str]) -> None:
        """A task of our modules begins for the tenants of this batch."""
        self._before.setdefault(task, {}).update(
            {tenant: self._failed[tenant] for tenant in batch if tenant in self._failed}
        )

    def add(
        self, task: str, name: str, parts: t.Mapping[str, Outcomes], *, module: str, is_sweep: bool
    ) -> None:
        """The outcomes of a result, by the name of the question where it has several."""
        for part, outcomes in parts.items():
            question = self._question(task, part, part or name, module=module)
            question.is_exact |= is_sweep
            for tenant, reason in outcomes.items():
                question.outcomes[tenant] = question.outcomes.get(tenant) or reason
                if reason:
                    self._failed.setdefault(tenant, reason)

    def add_hidden(self, task: str, name: str, *, module: str, answered: int, failed: int) -> None:
        """The figures of a sweep whose result is hidden by no_log."""
        question = self._question(task, "", name, module=module)
        question.is_exact = True
        question.hidden = (question.hidden[0] + answered, question.hidden[1] + failed)

    def _question(self, task: str, part: str, name: str, *, module: str) -> Question:
        key = (task, part)
        if key not in self._questions:
            before = self._before.setdefault(task, {})
            self._questions[key] = Question(name, module not in ACCESS, failed_before=before)
        return self._questions[key]

    def lose(self, tenant: str) -> None:
        """A tenant failed in a task of another collection: later questions count it as failed."""
        self._failed.setdefault(tenant, LOST)

    def alarm(self, messages: t.Mapping[str, str]) -> list[str]:
        """Remember these security events; a line for each one that is new."""
        new = {host: text for host, text in messages.items() if host not in self._alarms}
        self._alarms |= new
        return [_coverage.alarm(host, text) for host, text in new.items()]

    def __bool__(self) -> bool:
        return bool(self._questions)

    @property
    def failed(self) -> bool:
        return any(question.figures[2] for question in self._questions.values())

    def alarm_lines(self) -> list[str]:
        """A line for each security event."""
        return [_coverage.alarm(host, text) for host, text in self._alarms.items()]

    def lines(self, columns: int = 0) -> list[str]:
        """The totals, then a row for each category of failures, in so many columns; 0 for any."""
        width = columns or ANY_WIDTH
        return [*self._totals(width), *_table(self._reasons(), width)]

    def _totals(self, width: int) -> list[str]:
        questions = list(self._questions.values())
        if len(questions) == 1:
            return [_figures(questions[0].figures, 0)]
        figures = [question.figures for question in questions]
        # the questions with the most failures are the ones to look at
        worst = sorted(range(len(questions)), key=lambda number: -figures[number][2])[:SHOWN]
        digits = max((len(str(asked)) for asked, *unused in figures), default=1)
        rows = [
            fit(f"{_figures(figures[number], digits)}: {questions[number].name}", width)
            for number in sorted(worst)
        ]
        if len(questions) > SHOWN:
            rows.append(f"{len(questions) - SHOWN} more questions, none with more failures")
        return [*self._tenants(), *rows]

    def _tenants(self) -> list[str]:
        every = [question.tenants for question in self._questions.values()]
        reading = [one.tenants for one in self._questions.values() if one.reads] or every
        asked = dict.fromkeys(tenant for tenants in every for tenant in tenants)
        states: collections.Counter[str] = collections.Counter()
        for tenant in asked:
            if all(tenants.get(tenant) is None for tenants in every):
                states["complete"] += 1
            elif any(tenants.get(tenant, LOST) is None for tenants in reading):
                states["partial"] += 1
            else:
                states["unread"] += 1
        words = ", ".join(
            f"{states[word] if asked else NOBODY} {word}"
            for word in ("complete", "partial", "unread")
        )
        return [f"{len(asked)} tenants: {words}"]

    def _reasons(self) -> dict[Reason, list[str]]:
        """The tenants of each reason; of several reasons, the first one counts."""
        first: dict[str, Reason] = {}
        for question in self._questions.values():
            for tenant, reason in question.tenants.items():
                if reason:
                    first.setdefault(tenant, reason)
        by_reason: dict[Reason, list[str]] = collections.defaultdict(list)
        for tenant, reason in first.items():
            by_reason[reason].append(tenant)
        return by_reason


def _figures(figures: tuple[int, int, int], digits: int) -> str:
    asked, answered, failed = figures
    parts = (("asked", asked), ("answered", answered), ("failed", failed))
    return ", ".join(
        f"{word} {count if asked or word == 'asked' else NOBODY:>{digits}}" for word, count in parts
    )


def _table(by_reason: t.Mapping[Reason, list[str]], width: int) -> list[str]:
    """One row for each reason: security events first, then the most frequent ones."""
    if not by_reason:
        return []
    order = sorted(by_reason.items(), key=lambda row: (row[0] != SECURITY_EVENT, -len(row[1])))
    rows = [("failed", "category", "who must act", ["tenants"])]
    rows += [(str(len(tenants)), *reason, tenants) for reason, tenants in order]
    widths = [max(len(str(row[column])) for row in rows) for column in range(3)]
    starts = [
        f"{count:>{widths[0]}}  {category:{widths[1]}}  {who:{widths[2]}}  "
        for count, category, who, unused in rows
    ]
    return [
        start + _some(row[3], width - len(start)) for start, row in zip(starts, rows, strict=True)
    ]


def _some(names: list[str], width: int) -> str:
    """The first names, at least one, and how many more there are."""
    for count in range(min(len(names), NAMED), 0, -1):
        more = f" and {len(names) - count} more" if len(names) > count else ""
        text = ", ".join(names[:count]) + more
        if len(text) <= width:
            break
    return text
