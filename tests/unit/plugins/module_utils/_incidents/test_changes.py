# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a task wants of an incident or alert."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils._acting.desired_state import Write
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._incidents import (
    changes as _changes,
)
from hypothesis import given
from hypothesis import strategies as st

Json = dict[str, t.Any]
TAGS = st.lists(st.sampled_from("abc"), max_size=4)


class Things:
    noun: t.ClassVar[str] = "incident"

    def __init__(self, *things: Json) -> None:
        self.things = {thing["id"]: thing for thing in things}

    def get(self, key: str) -> Json:
        return self.things[key]

    def writes(self, key: str, changes: Json) -> list[Write]:
        return [Write(tuple(changes), "PATCH", key, changes, lambda thing, unused: thing)]


def change(*things: Json, **params: t.Any) -> _changes.Change:
    return _changes.Change(Things(*things), things[0]["id"], _changes.parse_request(params))


def refused(**params: t.Any) -> DefenderError:
    with pytest.raises(DefenderError) as caught:
        _changes.parse_request(params)
    return caught.value


def incident(**members: t.Any) -> Json:
    return {"id": "1", "status": "active", "assigned_to": None, "comments": [], **members}


def test_a_state_has_only_what_the_task_names() -> None:
    subject = change(incident(), status="resolved", comment="Done.")
    thing = subject.read()
    assert subject.state(thing) == {"status": "active", "comment": None}
    assert subject.wanted(thing) == {"status": "resolved", "comment": "Done."}


def test_a_comment_with_exactly_that_text_is_there_already() -> None:
    thing = incident(comments=[{"comment": "Done."}, {"comment": "done."}])
    assert change(thing, comment="Done.").state(thing) == {"comment": "Done."}
    assert change(thing, comment="Done").state(thing) == {"comment": None}


def test_an_empty_assignee_is_nobody_and_case_does_not_matter() -> None:
    held = incident(assigned_to="Sam@MSSP.example")
    assert change(held, assigned_to="").wanted(held) == {"assigned_to": None}
    same = change(held, assigned_to="sam@mssp.example")
    assert same.wanted(held) == same.state(held) == {"assigned_to": "Sam@MSSP.example"}


def test_an_empty_text_is_no_value_as_the_service_returns_it() -> None:
    for standing in (None, ""):
        thing = incident(resolving_comment=standing)
        subject = change(thing, resolving_comment=" ")
        assert subject.wanted(thing) == subject.state(thing) == {"resolving_comment": None}


def test_a_claim_names_who_has_it() -> None:
    subject = change(incident(), assigned_to="sam", claim=True)
    assert subject.settle_seconds == 2.0
    assert subject.wanted(incident()) == {"assigned_to": "sam"}
    assert subject.wanted(incident(assigned_to="SAM")) == {"assigned_to": "SAM"}
    with pytest.raises(DefenderError, match="incident 1 is assigned to kim") as caught:
        subject.wanted(incident(assigned_to="kim"))
    assert caught.value.category == "conflict"


@given(TAGS, TAGS, st.sampled_from(["present", "absent", "exact"]))
def test_tags_are_added_removed_or_replaced_and_a_second_time_changes_nothing(
    standing: list[str], given_tags: list[str], state: str
) -> None:
    thing = incident(custom_tags=list(dict.fromkeys(standing)))
    subject = change(thing, custom_tags=given_tags, custom_tags_state=state)
    tags = subject.wanted(thing)["custom_tags"]
    before, named = set(standing), set(given_tags)
    results = {"present": before | named, "absent": before - named, "exact": named}
    assert set(tags) == results[state]
    assert len(tags) == len(set(tags))
    after = incident(custom_tags=tags)
    assert subject.wanted(after) == subject.state(after)
    if before == set(tags):
        assert subject.wanted(thing) == subject.state(thing)


def test_a_determination_must_belong_to_the_standing_classification_too() -> None:
    thing = incident(classification="false_positive", determination="other")
    subject = change(thing, determination="malware")
    with pytest.raises(DefenderError, match="does not belong to the classification false_positive"):
        subject.wanted(thing)
    both = change(thing, determination="malware", classification="true_positive")
    assert both.wanted(thing)["determination"] == "malware"
    spelled = change(thing, determination="clean")
    assert spelled.wanted(thing) == {"determination": "not_malicious"}


def test_a_merged_incident_is_followed_to_its_end_and_the_target_is_written() -> None:
    things = (
        incident(status="redirected", redirect_incident_id="2"),
        incident(id="2", status="redirected", redirect_incident_id="3"),
        incident(id="3"),
    )
    subject = change(*things, status="resolved")
    assert subject.read()["id"] == "3"
    (write,) = subject.writes({"status": "active"}, {"status": "resolved"})
    assert write.path == "3"
    assert subject.read()["id"] == "3"
    assert subject.warnings == ["Incident 1 was merged into incident 3, which is used instead."]


@pytest.mark.parametrize(("target", "follow"), [("2", False), (None, True), ("1", True)])
def test_a_merged_incident_is_never_written_itself(target: str | None, follow: bool) -> None:
    merged = incident(status="redirected", redirect_incident_id=target)
    subject = change(merged, status="resolved", follow_redirects=follow)
    with pytest.raises(DefenderError, match="was merged into") as caught:
        subject.read()
    assert caught.value.category == "conflict"
    if target == "2":
        assert "incident 2" in caught.value.message


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({}, "names nothing to change"),
        ({"comment": " "}, "comment is empty"),
        ({"claim": True, "status": "active"}, "assigned_to does not say who"),
        ({"claim": True, "assigned_to": ""}, "assigned_to does not say who"),
        (
            {"classification": "false_positive", "determination": "malware"},
            "does not belong to the classification false_positive",
        ),
    ],
)
def test_bad_input_is_one_sentence(params: Json, words: str) -> None:
    error = refused(**params)
    assert error.category == "bad_request"
    assert words in error.message
