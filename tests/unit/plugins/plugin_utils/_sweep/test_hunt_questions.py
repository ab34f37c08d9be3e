# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The questions of a hunt sweep: what decides an answer, and what is refused before anything is
sent."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.modules import hunt_sweep
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils import _execution
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._hunts import packs as _packs
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._sweep import (
    hunt_questions as _questions,
)
from ansible_collections.mssp.defender_xdr.tests.unit.hunts.conftest import ROLE
from hypothesis import given
from hypothesis import strategies as st

Json = dict[str, t.Any]


def checked(
    *hunts: Json, timespan: str | None = "7d", limit: int = 10
) -> tuple[list[_questions.Question], list[Json]]:
    params = _execution.validated(hunt_sweep.SPEC, {"hunts": list(hunts)})
    return _questions.checked(params["hunts"], timespan=timespan, limit=limit)


def hunt(**options: t.Any) -> Json:
    return {"name": "one", "query": "DeviceInfo", **options}


def test_the_hunts_of_the_role_fit() -> None:
    folders = sorted(map(str, (ROLE / "files/packs").iterdir()))
    hunts = _packs.wanted(_packs.find(folders), [], {})
    questions, skipped = checked(*hunts)
    assert [question.name for question in questions] == [
        one["name"] for one in hunts if not one["missing"]
    ]
    assert {one["name"]: one["missing"] for one in skipped} == {
        one["name"]: one["missing"] for one in hunts if one["missing"]
    }
    assert questions
    assert skipped
    assert all(
        question.about == {key: one[key] for key in _questions.ABOUT}
        for question, one in zip(
            questions, (one for one in hunts if not one["missing"]), strict=True
        )
    )


def test_without_a_title_the_name_is_the_title() -> None:
    [question], skipped = checked(hunt())
    assert question.about["title"] == "one"
    assert skipped == []


@pytest.mark.parametrize(
    ("hunts", "options", "text"),
    [
        ([hunt(), hunt()], {}, "two queries named one"),
        ([hunt(name="a/b")], {}, "'a/b'"),
        ([hunt(name="..")], {}, "begin with a dot"),
        ([hunt(name="")], {}, "''"),
        ([hunt(name="a\nb")], {}, "name of a file"),
        ([hunt(name="x" * 101)], {}, "100 characters"),
        ([hunt(query="  ")], {}, "Hunt one: query is empty"),
        ([hunt(parameters={"1a": 1})], {}, "Hunt one: parameters has the name '1a'"),
        ([hunt()], {"timespan": "yesterday"}, "timespan is 'yesterday'"),
        ([hunt()], {"limit": -1}, "limit is -1"),
    ],
)
def test_a_mistake_is_refused(hunts: list[Json], options: Json, text: str) -> None:
    with pytest.raises(DefenderError, match=text):
        checked(*hunts, **options)


def test_an_option_that_a_hunt_does_not_have_is_refused() -> None:
    with pytest.raises(DefenderError, match="parametres"):
        checked(hunt(parametres={}))


@given(
    st.tuples(st.text(), st.dictionaries(st.text(), st.integers()), st.text() | st.none()),
    st.tuples(st.text(), st.dictionaries(st.text(), st.integers()), st.text() | st.none()),
    st.integers(0, 3),
    st.integers(0, 3),
)
def test_two_questions_have_one_digest_only_if_they_are_the_same(
    one: tuple[str, Json, str | None], other: tuple[str, Json, str | None], most: int, less: int
) -> None:
    first = _questions.Question("a", *one, most, {})
    second = _questions.Question("b", *other, less, {"title": "other"})
    assert (first.digest == second.digest) is ((*one, most) == (*other, less))
