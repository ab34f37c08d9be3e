# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One lane for each tenant of a hunt sweep: its questions one after another, so that a slow tenant
delays only itself.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import collections
import dataclasses
import threading
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils import _times
from ansible_collections.mssp.defender_xdr.plugins.module_utils._shapes import Json
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils import _concurrency, _pool
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._sweep import (
    tenant_run as _run,
)
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._sweep.hunt_questions import (
    Question,
)

# Failures that every other query of the tenant would meet as well.
OF_THE_TENANT: t.Final = frozenset(
    {
        "app_disabled",
        "bad_credentials",
        "blocked_by_policy",
        "credential_expired",
        "not_consented",
        "role_missing",
        "tenant_not_found",
        "wrong_audience",
        "wrong_tenant",
    }
)
MOST_AT_ONCE: t.Final = 4  # queries in one tenant, whose quota they share
Ask = t.Callable[[_run.Job, Question], Json]


class Lane:
    """A tenant's questions. Several threads may take from it at the same time."""

    def __init__(self, job: _run.Job, questions: t.Iterable[Question]) -> None:
        self.job = job
        self.left = collections.deque(questions)  # not yet taken
        self.open = len(self.left)  # not yet answered; counted by the thread that collects
        self._refusal: Json | None = None

    def keep(self, questions: t.Iterable[Question]) -> None:
        """Ask only these; called before any thread takes from the lane."""
        self.left = collections.deque(questions)
        self.open = len(self.left)

    def answers(self, ask: Ask) -> t.Iterator[tuple[Question, Json]]:
        """Each question with its answer and when it was asked, until none is left.

        A failure that concerns the whole tenant is the answer to its other questions too, which
        are then not sent.
        """
        while True:
            try:
                question = self.left.popleft()
            except IndexError:  # another thread took the last one
                return
            asked_at = _times.this_second()
            answer = self._refusal or ask(self.job, question)
            if answer.get("failed") and answer["error"]["category"] in OF_THE_TENANT:
                self._refusal = answer
            yield question, {**answer, "asked_at": asked_at}


def asking(
    module: t.Any, options: t.Callable[[_run.Job, Question], Json], *, check_mode: bool
) -> Ask:
    """A function that asks one question in one tenant, and never raises.

    :arg module: `hunting_query`.
    :arg options: by tenant and question, the module's options beside those of the tenant.
    """

    def ask(job: _run.Job, question: Question) -> Json:
        arguments = {**job.arguments, **options(job, question)}
        # core takes an option that is null for one that was given
        given = {name: value for name, value in arguments.items() if value is not None}
        asked = dataclasses.replace(job, arguments=given)
        try:
            return _run.serve(asked, module=module, check_mode=check_mode)
        except BaseException as e:  # such as a panic in an extension module
            return _run.crashed(module, asked, e)

    return ask


def validating(ask: Ask) -> Ask:
    """A function that checks each tenant's options once and each query once, instead of each query
    for each tenant.

    :arg ask: asks with `validate_only`, so that an answer depends on the query or on the tenant's
        options, never on both.
    """
    by_host: dict[str, Json] = {}
    by_query: dict[str, Json] = {}
    one_at_a_time = threading.Lock()  # nothing is sent, so that threads would only repeat the work

    def validate(job: _run.Job, question: Question) -> Json:
        with one_at_a_time:
            if job.host not in by_host:
                answer = by_host[job.host] = ask(job, question)
                if _reached_the_query(answer):
                    by_query.setdefault(question.name, answer)
                return answer
            options = by_host[job.host]
            if not _reached_the_query(options):
                return options
            if question.name not in by_query:
                by_query[question.name] = ask(job, question)
            return {**by_query[question.name], "tenant": options["tenant"]}

    return validate


def _reached_the_query(answer: Json) -> bool:
    return not answer.get("failed") or answer["error"]["category"] == "bad_query"


def answered(
    lanes: t.Sequence[Lane], ask: Ask, *, concurrency: int | None
) -> t.Iterator[tuple[Lane, Question, Json]]:
    """Every answer of every lane as it comes.

    Threads that no lane needs help in others, so that a few tenants with many queries are not
    served one query at a time.
    """
    if not lanes:
        return
    limit = _concurrency.limit(concurrency)
    watched = limit.watching(ask)
    helpers = min(MOST_AT_ONCE, max(1, limit.most // len(lanes)))
    slices = [lane for turn in range(helpers) for lane in lanes if len(lane.left) > turn]
    stream = _pool.stream(slices, lambda lane: lane.answers(watched), limit=limit.now)
    for lane, (question, answer) in stream:
        lane.open -= 1
        yield lane, question, answer
