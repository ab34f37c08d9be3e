# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""OData: no value leaves its quotes, and names go from one spelling to the other and back."""

from __future__ import annotations

import re

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils import _odata
from hypothesis import given
from hypothesis import strategies as st

WORD = st.from_regex(
    r"[a-z]{2}[a-z0-9]{0,5}", fullmatch=True
)  # where single letters meet, camelCase is ambiguous


def tokens(text: str) -> list[str]:
    """A filter in pieces, by the rules of OData 4.01: strings in single quotes, a doubled quote for
    one in it, brackets, words."""
    pieces, at = [], 0
    while at < len(text):
        if text[at] == "'":
            end, value = at + 1, ""
            while True:
                if text[end] != "'":
                    value += text[end]
                elif text[end + 1 : end + 2] == "'":
                    value += "'"
                    end += 1
                else:
                    break
                end += 1
            pieces.append(f"string:{value}")
            at = end + 1
        elif text[at] in "()":
            pieces.append(text[at])
            at += 1
        elif text[at] == " ":
            at += 1
        else:
            word = re.compile(r"[^'() ]+").match(text, at)
            assert word
            pieces.append(word[0])
            at = word.end()
    return pieces


@given(value=st.text())
def test_a_quoted_value_is_one_string_and_the_same(value: str) -> None:
    assert tokens(_odata.quote(value)) == [f"string:{value}"]


@given(
    values=st.lists(st.text(), min_size=1, max_size=4),
    others=st.lists(st.text(), min_size=1, max_size=4),
)
def test_no_value_becomes_part_of_the_filter(values: list[str], others: list[str]) -> None:
    told = _odata.all_of(
        [
            _odata.any_of("a", map(_odata.quote, values)),
            None,
            _odata.any_of("b", map(_odata.quote, others)),
        ]
    )
    assert told is not None

    def expected(name: str, wanted: list[str]) -> list[str]:
        tests = " or ".join(f"{name} eq {at}" for at in range(len(wanted))).split(" ")
        shaped = [f"string:{wanted[int(piece)]}" if piece.isdigit() else piece for piece in tests]
        return ["(", *shaped, ")"] if len(wanted) > 1 else shaped

    assert tokens(told) == [*expected("a", values), "and", *expected("b", others)]


def test_one_value_needs_no_brackets_and_none_no_test() -> None:
    assert _odata.any_of("status", ["'active'"]) == "status eq 'active'"
    assert (
        _odata.any_of("status", ["'active'", "'inProgress'"])
        == "(status eq 'active' or status eq 'inProgress')"
    )
    assert _odata.any_of("status", []) is None


def test_tests_are_joined_and_empty_ones_left_out() -> None:
    assert _odata.all_of(["a eq 1", None, "", "b eq 2"]) == "a eq 1 and b eq 2"
    assert _odata.all_of([None, None]) is None


@pytest.mark.parametrize(
    ("since", "before", "text"),
    [
        (None, None, None),
        (17_954_352_000_000_000, None, "createdDateTime ge 2026-11-23T12:00:00Z"),
        (None, 17_954_352_000_000_001, "createdDateTime lt 2026-11-23T12:00:00.0000001Z"),
        (
            0,
            17_954_352_000_000_000,
            "createdDateTime ge 1970-01-01T00:00:00Z and createdDateTime lt 2026-11-23T12:00:00Z",
        ),
    ],
)
def test_a_window_takes_its_beginning_in_and_its_end_not(
    since: int | None, before: int | None, text: str | None
) -> None:
    assert _odata.between("createdDateTime", since, before) == text


@pytest.mark.parametrize(
    ("name", "snake"),
    [
        ("lastUpdateDateTime", "last_update_date_time"),
        ("LastUpdateDateTime", "last_update_date_time"),
        ("id", "id"),
        ("@odata.type", "odata_type"),
        ("azureAdDeviceId", "azure_ad_device_id"),
        ("mdeDeviceId", "mde_device_id"),
        ("ipInterfaces", "ip_interfaces"),
        ("sha256", "sha256"),
        ("osBuild", "os_build"),
        ("TruePositive", "true_positive"),
        ("InProgress", "in_progress"),
        ("Active", "active"),
        ("microsoftDefenderForEndpoint", "microsoft_defender_for_endpoint"),
        ("microsoft365Defender", "microsoft365_defender"),
        ("fileURLHash", "file_url_hash"),
        ("already_snake", "already_snake"),
    ],
)
def test_a_name_of_graph_becomes_snake_case(name: str, snake: str) -> None:
    assert _odata.snake(name) == snake


@given(words=st.lists(WORD, min_size=1, max_size=5))
def test_snake_and_camel_and_pascal_are_inverse_for_words_of_two_letters_and_more(
    words: list[str],
) -> None:
    name = "_".join(words)
    assert _odata.snake(_odata.camel(name)) == name
    assert _odata.snake(_odata.pascal(name)) == name


@pytest.mark.parametrize(
    ("snake", "camel", "pascal"),
    [
        ("in_progress", "inProgress", "InProgress"),
        ("apt", "apt", "Apt"),
        ("not_enough_data_to_validate", "notEnoughDataToValidate", "NotEnoughDataToValidate"),
    ],
)
def test_each_api_has_its_own_spelling(snake: str, camel: str, pascal: str) -> None:
    assert _odata.camel(snake) == camel
    assert _odata.pascal(snake) == pascal
