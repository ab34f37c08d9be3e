# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The result of a hunt sweep: by hunt who answered, with how many rows, and who did not; over all
hunts which tenants were read completely, in part, or not at all.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import collections
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._shapes import Json
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils import _coverage
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._batch import Batch
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._sweep.hunt_questions import (
    Question,
)

NAMED: t.Final = 10  # hosts in a warning; the result has them all
NOT_LICENSED: t.Final = "not_licensed"  # nothing that a run could do better


class HuntOutcome:
    """What became of one hunt in each host of the batch."""

    def __init__(self, question: Question, hosts: t.Sequence[str]) -> None:
        self.question = question
        self._hosts = hosts
        self.answers: dict[str, Json] = {}  # by host: count, truncated, tenant, asked_at
        self.failures: dict[str, Json] = {}
        self.rows: dict[str, list[Json]] = {}
        self.checked: bool | None = None
        self._asked_at: list[str] = []  # in this run, also where it failed

    @property
    def answered(self) -> dict[str, Json]:
        """The answers in the order of the batch."""
        return {host: self.answers[host] for host in self._hosts if host in self.answers}

    def add(self, host: str, answer: Json) -> Json | None:
        """Take the result of `hunting_query`; the line for the journal, or None for a failure."""
        self._asked_at.append(answer["asked_at"])
        if answer.get("failed"):
            self.fail(host, answer)
            return None
        line = {
            "tenant_id": answer["tenant"]["id"],
            "tenant_name": answer["tenant"]["name"],
            "count": answer.get("count", 0),
            "truncated": answer.get("truncated", False),
            "asked_at": answer["asked_at"],
        }
        if rows := answer.get("rows"):
            self.rows[host] = rows
        if "checked" in answer:
            self.checked = answer["checked"]
        self.answers[host] = line
        return line

    def fail(self, host: str, answer: Json) -> None:
        """Take a failed result, of this hunt or of what kept it from being sent."""
        error = answer.get("error") or {"category": "unavailable"}
        self.failures[host] = {**error, "msg": answer.get("msg", "")}

    def coverage(self) -> Json:
        return {
            "asked": len(self._hosts),
            "answered": len(self.answers),
            "failed": len(self.failures),
        }

    def failed_of(self, unclear: t.Container[str]) -> tuple[int, int]:
        """How many failed of how many that could have answered: a tenant without a license and a
        host that the play may have ended on purpose could not."""
        out = sum(
            1
            for host, error in self.failures.items()
            if error["category"] == NOT_LICENSED or host in unclear
        )
        return len(self.failures) - out, len(self._hosts) - out

    def as_result(self, dest: str) -> Json:
        """The hunt's entry in the result.

        :arg dest: the file with the rows of all tenants, empty where there is none.
        """
        answered = self.answered
        return {
            **self.question.about,
            "coverage": self.coverage(),
            "hits": {host: line["count"] for host, line in answered.items()},
            "truncated": [host for host, line in answered.items() if line["truncated"]],
            "failures": {
                host: self.failures[host] for host in self._hosts if host in self.failures
            },
            # of several runs the earliest: what happened later may be missing
            "asked_at": min(
                [line["asked_at"] for line in answered.values()] or self._asked_at, default=None
            ),
            "timespan": self.question.timespan,
            "limit": self.question.limit,
            "checked": self.checked is not None,
            "dest": dest,
            "rows": {host: self.rows[host] for host in answered if host in self.rows},
        }


def tenants(outcomes: t.Sequence[HuntOutcome], hosts: t.Iterable[str]) -> dict[str, str]:
    """Each host with `complete`, `partial` or `unread` over all hunts."""
    states = {}
    for host in hosts:
        answered = sum(1 for outcome in outcomes if host in outcome.answers)
        states[host] = "partial" if answered else "unread"
        if answered == len(outcomes):
            states[host] = "complete"
    return states


def coverage(states: t.Mapping[str, str]) -> Json:
    """The number of tenants in each state."""
    counts = collections.Counter(states.values())
    return {
        "asked": len(states),
        **{state: counts[state] for state in ("complete", "partial", "unread")},
    }


def warnings(outcomes: t.Sequence[HuntOutcome], states: t.Mapping[str, str]) -> list[str]:
    """A line for each security event, then one about all tenants that were not read completely;
    nothing where all were."""
    if all(state == "complete" for state in states.values()):
        return []
    alarms = {
        host: _coverage.alarm(host, outcome.failures[host]["msg"])
        for outcome in outcomes
        for host in _coverage.alarming(outcome.failures)
    }
    reasons: dict[str, dict[str, int]] = collections.defaultdict(dict)
    for outcome in outcomes:
        for host, error in outcome.failures.items():
            counts = reasons[error["category"]]
            counts[host] = counts.get(host, 0) + 1
    parts = []
    for category, counts in sorted(reasons.items()):
        named = [
            host if count == len(outcomes) else f"{host} ({count} of {len(outcomes)} hunts)"
            for host, count in [*counts.items()][:NAMED]
        ]
        more = f" and {len(counts) - NAMED} more" if len(counts) > NAMED else ""
        parts.append(f"{category}: {', '.join(named)}{more}")
    count = coverage(states)
    return [
        *alarms.values(),
        f"{count['unread']} of {count['asked']} tenants are unread and {count['partial']} partial"
        f" ({'; '.join(parts)}).",
    ]


def judge(
    result: Json,
    outcomes: t.Sequence[HuntOutcome],
    batch: Batch,
    too_many: t.Callable[[int, int], bool],
    *,
    fail_when: str,
) -> None:
    """Mark the result as failed where too many tenants did not answer one of the hunts."""
    poor = [outcome for outcome in outcomes if too_many(*outcome.failed_of(batch.unclear))]
    if not poor:
        return
    named = [
        f"{outcome.question.name} ({len(outcome.failures)} of {outcome.coverage()['asked']})"
        for outcome in poor[:NAMED]
    ]
    more = f" and {len(poor) - NAMED} more" if len(poor) > NAMED else ""
    first = next(iter(poor[0].failures.values()))
    result["failed"] = True
    result["msg"] = (
        f"Too many tenants failed in {', '.join(named)}{more}; fail_when is {fail_when}. The first"
        f" failure: {first['msg']}"
    )
