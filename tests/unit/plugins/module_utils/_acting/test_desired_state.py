# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One change of one object against a service that loses responses and has other clients."""

from __future__ import annotations

import dataclasses
import types
import typing as t

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils._acting.desired_state import (
    Outcome,
    Write,
    bring_about,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.write_records import Change
from hypothesis import given
from hypothesis import strategies as st

Json = dict[str, t.Any]
LOST: t.Final = "PATCH /things/1 was sent, but its response was lost (reset)."


@dataclasses.dataclass
class Service:
    """One object, and what happens to the next writes: `ok`, `lost` (done, no response), `undone`
    (not done, no response), `refused`, or `ignored` (200, but nothing changes)."""

    thing: Json
    fates: list[str] = dataclasses.field(default_factory=list)
    blind: bool = False  # reads fail after the first one
    rival: Json = dataclasses.field(default_factory=dict)  # written by somebody after each write
    reads: int = 0
    sent: list[Json] = dataclasses.field(default_factory=list)
    slept: list[float] = dataclasses.field(default_factory=list)
    records: list[tuple[Change, str]] = dataclasses.field(default_factory=list)

    def __post_init__(self) -> None:
        clock = types.SimpleNamespace(sleep=self.slept.append)
        self.tenant: t.Any = types.SimpleNamespace(clock=clock, expected=None)

    def predict(self, change: Change) -> None:
        self.records.append((change, "predicted"))

    def settle_write(self, outcome: str) -> None:
        change, unsettled = self.records.pop()
        assert unsettled == "lost"
        self.records.append((change, outcome))

    def write(self, method: str, path: str, payload: Json, *, about: Change) -> Json:
        assert about.after == payload
        answer = self._answer(payload, about)
        self.records.append((about, "ok"))
        return answer

    def _answer(self, payload: Json, about: Change) -> Json:
        self.sent.append(payload)
        fate = self.fates.pop(0) if self.fates else "ok"
        if fate == "refused":
            self.records.append((about, "refused"))
            raise DefenderError("bad_request", "No.")
        if fate in ("ok", "lost"):
            self.thing = {**self.thing, **payload}
        answer = dict(self.thing)
        self.thing = {**self.thing, **self.rival}
        if fate in ("lost", "undone"):
            self.records.append((about, "lost"))
            raise DefenderError("outcome_unknown", LOST, request_id="r1")
        return answer


@dataclasses.dataclass
class Subject:
    service: Service
    goal: Json
    settle_seconds: float = 0.0
    name: str = "thing 1"

    def read(self) -> Json:
        self.service.reads += 1
        if self.service.blind and self.service.reads > 1:
            raise DefenderError("network", "No connection.")
        return dict(self.service.thing)

    def state(self, thing: Json) -> Json:
        return {name: thing.get(name) for name in self.goal}

    def wanted(self, thing: Json) -> Json:
        return dict(self.goal)

    def writes(self, before: Json, after: Json) -> list[Write]:
        """One request for each part, as Graph has one for fields and one for comments."""
        return [
            Write((name,), "PATCH", "/things/1", {name: after[name]}, lambda thing, answer: answer)
            for name in after
            if before[name] != after[name]
        ]


def act(service: Service, goal: Json, *, check_mode: bool = False, wait: float = 0.0) -> Outcome:
    return bring_about(
        t.cast("t.Any", service), Subject(service, goal, wait), check_mode=check_mode
    )


def failed(service: Service, goal: Json, wait: float = 0.0) -> DefenderError:
    with pytest.raises(DefenderError) as caught:
        act(service, goal, wait=wait)
    return caught.value


STATES = st.fixed_dictionaries({"a": st.integers(0, 2), "b": st.integers(0, 2)})
GOALS = st.dictionaries(st.sampled_from("ab"), st.integers(0, 2), min_size=1)


@given(STATES, GOALS, st.lists(st.sampled_from(["ok", "lost", "undone", "refused"]), max_size=2))
def test_writes_sent_are_writes_needed_and_the_run_says_what_became_of_them(
    start: Json, goal: Json, fates: list[str]
) -> None:
    needed = [{name: value} for name, value in goal.items() if start[name] != value]
    service = Service(dict(start), list(fates))
    bad = next((fate for fate in fates[: len(needed)] if fate in ("undone", "refused")), None)
    words = {"undone": "failed", "refused": "refused", "lost": "succeeded", "ok": "ok"}
    if bad:
        error = failed(service, goal)
        outcomes = [words[fate] for fate in fates[: fates.index(bad) + 1]]
        assert [outcome for _unused, outcome in service.records] == outcomes
        assert error.category == {"undone": "unavailable", "refused": "bad_request"}[bad]
        assert service.sent == needed[: fates.index(bad) + 1]
        assert error.facts.get("changed", False) == (fates.index(bad) > 0)
        return
    outcome = act(service, goal)
    assert service.sent == needed
    assert [change.after for change, _unused in service.records] == needed
    assert [change.before for change, _unused in service.records] == [
        {name: start[name]} for write in needed for name in write
    ]
    assert {change.name for change, _unused in service.records} <= {"thing 1"}
    assert service.thing == {**start, **goal} == outcome.thing
    assert outcome.after == goal
    assert outcome.as_result("thing")["changed"] == bool(needed)
    again = Service(dict(service.thing))
    assert not act(again, goal).as_result("thing")["changed"]
    assert again.sent == []


@given(STATES, GOALS)
def test_check_mode_sends_nothing_and_says_what_the_run_says(start: Json, goal: Json) -> None:
    checked = Service(dict(start))
    predicted = act(checked, goal, check_mode=True).as_result("thing")
    assert checked.sent == []
    run = Service(dict(start))
    assert predicted == act(run, goal).as_result("thing")
    assert checked.records == [(change, "predicted") for change, _unused in run.records]


@given(STATES, GOALS, STATES)
def test_a_plan_is_applied_as_it_was_made_or_nothing_is_sent(
    start: Json, goal: Json, since: Json
) -> None:
    plan = act(Service(dict(start)), goal, check_mode=True)
    service = Service(dict(since))  # what the object is when the plan is applied
    service.tenant.expected = (plan.before, plan.after)
    state = {name: since[name] for name in goal}
    if state not in (plan.before, plan.after):
        assert failed(service, goal).category == "conflict"
        assert (service.sent, service.thing) == ([], since)
        return
    outcome = act(service, goal)
    assert outcome.after == plan.after
    assert service.thing == {**since, **goal}
    direct = Service(dict(since))
    act(direct, goal)
    assert direct.sent == service.sent


def test_a_write_whose_response_was_lost_is_looked_for_and_not_repeated() -> None:
    service = Service({"a": 0}, ["undone"])
    error = failed(service, {"a": 1})
    assert (error.category, error.request_id) == ("unavailable", "r1")
    assert "A look at thing 1 shows that it had no effect" in error.message
    assert (len(service.sent), service.slept) == (1, [2.0])


def test_an_outcome_that_cannot_be_looked_up_stays_unknown() -> None:
    service = Service({"a": 0}, ["lost"], blind=True)
    error = failed(service, {"a": 1})
    assert (error.category, error.message) == ("outcome_unknown", LOST)
    assert len(service.sent) == 1
    assert [outcome for _unused, outcome in service.records] == ["lost"]


def test_a_change_that_the_service_accepts_but_does_not_apply_is_a_conflict() -> None:
    service = Service({"a": 0}, ["ignored"])
    error = failed(service, {"a": 1})
    assert (error.category, error.facts) == ("conflict", {"changed": True})
    assert "a is 0, not 1" in error.message


def test_a_response_that_cannot_be_used_does_not_hide_that_the_write_took_effect() -> None:
    class Alarmed(Subject):
        def writes(self, before: Json, after: Json) -> list[Write]:
            return [Write(("a",), "PATCH", "/things/1", after, self.refuse)]

        def refuse(self, thing: Json, answer: Json) -> Json:
            raise DefenderError("wrong_tenant", "Another tenant's.")

    service = Service({"a": 0})
    with pytest.raises(DefenderError) as caught:
        bring_about(t.cast("t.Any", service), Alarmed(service, {"a": 1}), check_mode=False)
    assert (caught.value.category, caught.value.facts) == ("wrong_tenant", {"changed": True})


def test_who_writes_at_the_same_moment_is_seen_after_the_wait() -> None:
    service = Service({"a": 0}, rival={"a": 2})
    error = failed(service, {"a": 1}, wait=3.0)
    assert (error.category, service.slept) == ("conflict", [3.0])
    assert "a is 2, not 1" in error.message
