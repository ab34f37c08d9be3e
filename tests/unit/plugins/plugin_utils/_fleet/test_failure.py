# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A failure is told in a few lines that fit the terminal."""

from __future__ import annotations

import typing as t

import pytest
from ansible.utils.display import get_text_width
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._fleet import failure as _failure
from hypothesis import given
from hypothesis import strategies as st

LINK = f"https://login.example/{'x' * 100}"
REFUSED = DefenderError(
    "not_consented", "No token for tenant Litware.", advice=f"Consent: {LINK}"
).as_result()
START = "fatal: [litware]: FAILED! =>"


def test_a_failure_of_ours_is_its_category_who_must_act_message_and_advice() -> None:
    assert _failure.sentences(REFUSED) == [
        "not_consented, customer must act:",
        "No token for tenant Litware.",
        f"Consent: {LINK}",
    ]


def test_a_security_event_is_not_the_chore_of_whoever_wrote_the_playbook() -> None:
    foreign = DefenderError("wrong_tenant", "A foreign token.", who="caller").as_result()
    heading = t.cast("list[str]", _failure.sentences(foreign))[0]
    assert heading == "SECURITY EVENT (wrong_tenant):"


@pytest.mark.parametrize(
    ("result", "sentences"),
    [
        ({"changed": False, "msg": "No."}, ["No."]),
        ({"assertion": "x", "evaluated_to": False, "msg": "No.", "_ansible_x": 1}, ["No."]),
        (
            {"msg": "non-zero return code", "rc": 1, "stderr": "why\n", "stdout": "x"},
            ["non-zero return code (rc 1)", "why"],
        ),
        (
            {"msg": "Failed", "rc": 1, "stderr": "", "stdout": "\n".join("abc" * 20)},
            ["Failed (rc 1)", "\n".join(("abc" * 20)[-20:])],
        ),
        ({"msg": "MODULE FAILURE", "rc": 1, "module_stdout": "x"}, None),
        ({"msg": "1 of 2 failed.", "coverage": {}, "results": {}}, ["1 of 2 failed."]),
        ({"msg": ["a", "list"]}, None),
        ({"msg": "One or more items failed", "results": []}, None),
        ({"censored": "hidden", "changed": False}, None),
        ({**REFUSED, "censored": "hidden"}, None),
        ({}, None),
    ],
)
def test_a_message_stands_for_a_result_that_holds_nothing_else(
    result: dict[str, t.Any], sentences: list[str] | None
) -> None:
    assert _failure.sentences(result) == sentences


def test_on_a_terminal_the_lines_are_wrapped_and_a_link_that_does_not_fit_is_shortened() -> None:
    texts = t.cast("list[str]", _failure.sentences(REFUSED))
    assert _failure.lines(START, texts, 66).splitlines() == [
        "fatal: [litware]: FAILED! => not_consented, customer must act:",
        "    No token for tenant Litware.",
        "    Consent:",
        f"    {LINK}"[:65] + "…",
    ]


def test_elsewhere_a_failure_is_one_line_with_the_whole_link() -> None:
    texts = t.cast("list[str]", _failure.sentences(REFUSED))
    assert _failure.lines(START, [*texts, "two\nlines\x1b[2J"], 0) == (
        f"{START} not_consented, customer must act: No token for tenant Litware. Consent: {LINK}"
        " two lines [2J"
    )


@pytest.mark.parametrize(
    ("message", "texts"),
    [(["a", "b"], ["a", "b"]), ("a", None), (["a", 1], None), ([], []), (None, None)],
)
def test_a_list_of_texts_is_shown_line_by_line(message: t.Any, texts: list[str] | None) -> None:
    assert _failure.listed({"msg": message}) == texts


def test_a_line_of_a_table_stays_as_it_is_and_a_sentence_is_folded_with_nothing_left_out() -> None:
    row = "contoso    yes     3   -"
    assert _failure.folded(row, 80) == _failure.folded(row, 0) == [row]
    assert _failure.folded(f"An administrator has to consent: {LINK}", 40) == [
        "An administrator has to consent:",
        f"    {LINK}",
    ]
    assert _failure.folded("red \x1b[31m\ttext\r\n", 80) == ["red  [31m text  "]
    assert _failure.folded(" " * 90, 80) == [""]


@given(st.lists(st.text(max_size=200), min_size=1, max_size=4), st.integers(24, 200))
def test_no_line_is_wider_than_the_terminal(texts: list[str], width: int) -> None:
    for line in _failure.lines(START, texts, width).split("\n"):
        assert line.isprintable()
        assert get_text_width(line) <= width if line else True
