# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A sweep writes only after it has counted what all tenants together would change."""

from __future__ import annotations

import typing as t

import hypothesis
import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._sweep import (
    two_passes as _two_passes,
)
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._sweep.tenant_run import Job
from hypothesis import strategies

Json = dict[str, t.Any]
ACTIONS: t.Final = {"open action": {"status": "pending"}, "ended action": {"status": "succeeded"}}
NEEDS: t.Final = ("change", "nothing", "failure", *ACTIONS)


class Tenants:
    """Tenants by what the module finds there; `writes` are the hosts that it changed."""

    def __init__(self, *needs: str) -> None:
        self.needs = {f"host{number}": need for number, need in enumerate(needs)}
        self.writes: list[str] = []

    def run(self, jobs: t.Iterable[Job], check_mode: bool) -> t.Iterator[tuple[Job, Json]]:
        for job in jobs:
            need = self.needs[job.host]
            if need == "change" and not check_mode:
                self.writes.append(job.host)
            answer: Json = {"changed": need == "change", "failed": need == "failure"}
            if need in ACTIONS:
                answer["action"] = ACTIONS[need]
            yield job, {**answer, "check_mode": check_mode}

    def answers(
        self, *, max_changes: int | None = None, check_mode: bool = False, **own: t.Any
    ) -> dict[str, Json]:
        jobs = [Job(host, {"max_changes": own.get(host)}) for host in self.needs]
        made = _two_passes.answers(
            iter(jobs), self.run, noun="incident", max_changes=max_changes, check_mode=check_mode
        )
        return {job.host: answer for job, answer in made}


@hypothesis.given(
    needs=strategies.lists(strategies.sampled_from(NEEDS), max_size=12),
    most=strategies.integers(min_value=0, max_value=12),
    check_mode=strategies.booleans(),
)
def test_every_tenant_answers_once_and_too_many_changes_write_nothing(
    needs: list[str], most: int, check_mode: bool
) -> None:
    tenants = Tenants(*needs)
    wanted = [host for host, need in tenants.needs.items() if need == "change"]
    if most and len(wanted) > most:
        with pytest.raises(DefenderError) as caught:
            tenants.answers(max_changes=most, check_mode=check_mode)
        assert caught.value.category == "refused"
        assert tenants.writes == []
        return
    answers = tenants.answers(max_changes=most, check_mode=check_mode)
    assert set(answers) == set(tenants.needs)
    assert tenants.writes == ([] if check_mode else wanted)
    ran = [host for host, answer in answers.items() if not answer["check_mode"]]
    joining = [host for host, need in tenants.needs.items() if need == "open action"]
    assert ran == ([] if check_mode else wanted + joining)


@pytest.mark.parametrize(
    ("own", "setting"),
    [
        ({}, "max_changes of host0 is 10"),
        ({"host3": 4, "host5": "7"}, "max_changes of host3 is 4"),
        ({"host3": 0}, "max_changes of host0 is 10"),
        ({"host1": "text"}, "max_changes of host0 is 10"),
    ],
)
def test_without_its_own_limit_the_smallest_of_the_tenants_applies(own: Json, setting: str) -> None:
    with pytest.raises(DefenderError, match=setting):
        Tenants(*["change"] * 11).answers(**own)


def test_no_tenant_with_a_limit_means_no_limit() -> None:
    tenants = Tenants(*["change"] * 11)
    none: Json = dict.fromkeys(tenants.needs, 0)
    tenants.answers(**none)
    assert len(tenants.writes) == 11
    assert Tenants().answers() == {}


def test_a_negative_limit_is_refused() -> None:
    with pytest.raises(DefenderError, match="max_changes is -1, but must be at least 0"):
        _two_passes.check_option(-1)
    _two_passes.check_option(0)
    _two_passes.check_option(None)


def test_a_tenant_that_was_not_counted_may_not_change_anything_in_the_second_pass() -> None:
    allowed: list[tuple[str, Json]] = []

    class Call:
        def __init__(self, host: str) -> None:
            self.host = host

        def allow_no_change(self, state: Json) -> None:
            allowed.append((self.host, state))

    def run(jobs: t.Iterable[Job], check_mode: bool) -> t.Iterator[tuple[Job, Json]]:
        for job in jobs:
            answer = {"changed": job.host == "a", "before": {"of": job.host}}
            yield job, {**answer, "action": {"status": "pending"}}

    calls: t.Any = {host: Call(host) for host in "ab"}
    jobs = [Job(host, {}, call=calls[host]) for host in "ab"]
    made = _two_passes.answers(jobs, run, noun="device", max_changes=1, check_mode=False)
    assert [job.host for job, _answer in made] == ["a", "b"]
    assert allowed == [("b", {"of": "b"})]
