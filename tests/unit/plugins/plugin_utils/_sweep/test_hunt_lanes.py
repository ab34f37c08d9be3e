# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lanes of a hunt sweep: a slow tenant delays only itself, and a tenant that cannot be queried
is not queried again."""

from __future__ import annotations

import collections
import threading
import typing as t

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import (
    service_load as _load,
)
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils import _concurrency, _pool
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._sweep import (
    hunt_lanes as _lanes,
)
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._sweep.hunt_questions import (
    Question,
)
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._sweep.tenant_run import Job
from hypothesis import given
from hypothesis import strategies as st

Json = dict[str, t.Any]
QUESTIONS: t.Final = [Question(f"q{number}", "T", {}, None, 0, {}) for number in range(4)]


def lanes(*hosts: str, questions: t.Sequence[Question] = QUESTIONS) -> list[_lanes.Lane]:
    return [_lanes.Lane(Job(host, {}), questions) for host in hosts]


def failed(category: str) -> Json:
    return DefenderError(category, f"no: {category}").as_result()


@given(st.integers(0, 12), st.integers(0, 6), st.none() | st.integers(1, 40))
def test_every_question_is_asked_once_in_every_tenant(
    hosts: int, questions: int, concurrency: int | None
) -> None:
    asked: collections.Counter[tuple[str, str]] = collections.Counter()

    def ask(job: Job, question: Question) -> Json:
        asked[job.host, question.name] += 1
        return {"changed": False}

    made = lanes(*map(str, range(hosts)), questions=QUESTIONS[:1] * questions)
    found = list(_lanes.answered(made, ask, concurrency=concurrency))
    assert sum(asked.values()) == len(found) == hosts * questions
    assert all(number == questions for number in asked.values())
    assert all(lane.open == 0 for lane in made)


def test_a_tenant_that_hangs_delays_nobody_else() -> None:
    others_done = threading.Event()

    def ask(job: Job, question: Question) -> Json:
        if job.host == "slow":
            assert others_done.wait(30)
        return {}

    made = lanes("slow", *map(str, range(20)))
    done = 0
    for lane, *_unused in _lanes.answered(made, ask, concurrency=21):
        done += lane.job.host != "slow"
        if done == 20 * len(QUESTIONS):
            others_done.set()
    assert others_done.is_set()


def test_a_few_tenants_get_several_queries_at_a_time_but_not_more_than_their_quota_bears(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    together = threading.Barrier(_lanes.MOST_AT_ONCE, timeout=30)

    def ask(job: Job, question: Question) -> Json:
        together.wait()  # passes only when so many wait
        return {}

    assert len(list(_lanes.answered(lanes("one"), ask, concurrency=32))) == 4

    taken: list[_lanes.Lane] = []

    def stream(
        jobs: t.Iterable[_lanes.Lane], *_unused: t.Any, limit: t.Callable[[], int]
    ) -> t.Iterator[t.Any]:
        taken.extend(jobs)
        return iter(())

    monkeypatch.setattr(_pool, "stream", stream)
    many = lanes("one", "two", questions=QUESTIONS * 20)
    for concurrency, each in ((2, 1), (6, 3), (32, 4), (1000, 4), (None, 4)):
        taken.clear()
        list(_lanes.answered(many, lambda job, question: {}, concurrency=concurrency))
        # a thread takes one query at a time from each slice of a lane
        assert collections.Counter(lane.job.host for lane in taken) == {"one": each, "two": each}


def test_the_number_of_queries_adapts_to_the_requests_of_each(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    limit = _concurrency.Limit(1, 50, cpu=lambda: 0.0)
    monkeypatch.setattr(_concurrency, "limit", lambda number: {None: limit}[number])

    def ask(job: Job, question: Question) -> Json:
        _load.report("graph.microsoft.com:443", "answered")
        return {}

    assert len(list(_lanes.answered(lanes("one", "two"), ask, concurrency=None))) == 8
    assert limit.now() == 1 + 8


@pytest.mark.parametrize("category", sorted(_lanes.OF_THE_TENANT))
def test_what_concerns_the_whole_tenant_is_asked_once(category: str) -> None:
    asked = []

    def ask(job: Job, question: Question) -> Json:
        asked.append(job.host)
        return failed(category) if job.host == "bad" else {}

    found = list(_lanes.answered(lanes("bad", "good"), ask, concurrency=2))
    assert collections.Counter(asked) == {"bad": 1, "good": 4}
    answers = [answer for lane, unused, answer in found if lane.job.host == "bad"]
    assert [answer["error"]["category"] for answer in answers] == [category] * 4
    assert len({id(answer) for answer in answers}) == 4


@pytest.mark.parametrize(
    "category", ["bad_query", "not_licensed", "throttled", "unavailable", "truncated", "network"]
)
def test_what_concerns_one_query_keeps_no_other_from_being_sent(category: str) -> None:
    asked = []

    def ask(job: Job, question: Question) -> Json:
        asked.append(question.name)
        return failed(category)

    assert len(list(_lanes.answered(lanes("h"), ask, concurrency=1))) == 4
    assert sorted(asked) == [question.name for question in QUESTIONS]


class Panic(BaseException):
    """What an extension module may raise."""


def test_a_panic_in_one_query_is_the_failure_of_that_query() -> None:
    class Module:
        SPEC: t.ClassVar[Json] = {"argument_spec": {"n": {"type": "int"}}}

        @staticmethod
        def run(*_unused: t.Any) -> Json:
            raise Panic("deep inside")

    ask = _lanes.asking(Module, lambda job, question: {"n": None}, check_mode=False)
    job = Job("h", {"tenant_id": "22222222-2222-2222-2222-222222222222"})
    answer = ask(job, QUESTIONS[0])
    assert answer["failed"]


def test_kept_questions_are_the_only_ones_asked() -> None:
    [lane] = lanes("h")
    lane.keep(QUESTIONS[1:2])
    found = list(_lanes.answered([lane], lambda job, question: {}, concurrency=4))
    assert [question.name for unused, question, answer in found] == ["q1"]
    assert lane.open == 0


@pytest.mark.parametrize("first", ["q0", "q3"])
def test_each_query_and_the_options_of_each_tenant_are_validated_once(first: str) -> None:
    asked = []

    def ask(job: Job, question: Question) -> Json:
        asked.append((job.host, question.name))
        if job.host == "wrong":
            return {**failed("bad_request"), "tenant": {"name": job.host}}
        tenant = {"tenant": {"name": job.host}}
        return {**failed("bad_query"), **tenant} if question.name == "q0" else {**tenant, "n": 1}

    validate = _lanes.validating(ask)
    order = sorted(QUESTIONS, key=lambda question: question.name != first)
    answers = {
        (host, question.name): validate(Job(host, {}), question)
        for host in ("a", "wrong", "b", "c")
        for question in order
    }
    assert len(asked) == 7  # the options of four tenants, and three more queries
    for (host, name), answer in answers.items():
        assert answer["tenant"] == {"name": host}
        if host == "wrong":
            assert answer["error"]["category"] == "bad_request"
        elif name == "q0":
            assert answer["error"]["category"] == "bad_query"
        else:
            assert answer["n"] == 1
