# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a rotation may remove, over every mix of credentials, clocks and graces."""

from __future__ import annotations

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils._applications.credential import (
    Credential,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._applications.rotation import (
    holder_of,
    predecessors,
    removable,
)
from hypothesis import given
from hypothesis import strategies as st

FAR = 40  # times are small numbers, so that equal ones are common
times = st.integers(0, FAR)
maybe = st.none() | times


@st.composite
def applications(draw: st.DrawFn) -> list[Credential]:
    """Credentials as an application may have them; every id is there once."""
    many = draw(st.integers(0, 6))
    return [
        Credential(
            draw(st.sampled_from(["secret", "certificate"])),
            draw(st.sampled_from(["ansible", "Ansible", "ansible ", ""])),
            f"key{number}",
            draw(maybe),
            draw(maybe),
            {},
            {"hint": draw(st.sampled_from([None, "", "abc", "abd", "xyz"]))},
            began=draw(maybe),
            in_use=draw(st.booleans()),
        )
        for number in range(many)
    ]


keepers = st.builds(
    Credential,
    st.just("secret"),
    st.just("ansible"),
    st.just("kept"),
    maybe,
    maybe,
    st.just({}),
    st.just({"hint": "abc"}),
    maybe,
)


@given(held=applications(), now=times, grace=times)
def test_without_a_holder_nothing_is_removed(held: list[Credential], now: int, grace: int) -> None:
    assert removable(held, None, now=now, grace=grace) == []


@given(held=applications(), keeper=keepers, now=times, grace=times)
def test_only_what_the_keeper_replaced_goes_and_only_after_its_grace(
    held: list[Credential], keeper: Credential, now: int, grace: int
) -> None:
    gone = removable([keeper, *held], keeper, now=now, grace=grace)
    assert keeper not in gone
    for each in gone:
        assert (each.kind, each.display_name) == ("secret", "ansible")
        assert keeper.began is not None
        assert each.began is not None
        assert each.began < keeper.began <= now - grace
        assert keeper.end is None or now < keeper.end
        assert keeper.end is None or (each.end is not None and each.end <= keeper.end)
        assert not each.in_use


@given(held=applications(), keeper=keepers, now=times, grace=times, more=times)
def test_a_longer_grace_keeps_more(
    held: list[Credential], keeper: Credential, now: int, grace: int, more: int
) -> None:
    short = removable(held, keeper, now=now, grace=grace)
    long = removable(held, keeper, now=now, grace=grace + more)
    assert [each for each in long if each not in short] == []


@given(began=times, lasts=st.integers(1, FAR), grace=times, waits=times, ends=times)
def test_what_was_replaced_does_go_in_the_end(
    began: int, lasts: int, grace: int, waits: int, ends: int
) -> None:
    keeper = Credential(
        "secret",
        "ansible",
        "kept",
        began,
        began + grace + waits + lasts,
        {},
        {"hint": "abc"},
        began,
    )
    old = Credential(
        "secret", "ansible", "old", began - 1, min(ends, began), {}, {"hint": "xyz"}, began - 1
    )
    now = began + grace + waits
    assert (
        removable([old], keeper, now=now, grace=grace)
        == predecessors([old], keeper, now=now, grace=grace)
        == [old]
    )


@given(
    held=applications(),
    text=st.none() | st.sampled_from(["", "abc-and-more", "abd", "ab", "other", " abc"]),
)
def test_a_text_belongs_to_a_secret_only_if_it_can_belong_to_no_other(
    held: list[Credential], text: str | None
) -> None:
    holder = holder_of(text, held)
    if holder is None:
        return
    assert holder.kind == "secret"
    assert text is not None
    assert holder.hint
    assert text.startswith(holder.hint)
    others = [each for each in held if each.kind == "secret" and each is not holder]
    assert not any(text.startswith(each.hint) for each in others)


def test_a_text_is_known_by_its_first_characters() -> None:
    def secret(key_id: str, hint: str | None) -> Credential:
        return Credential("secret", "ansible", key_id, 0, 9, {}, {"hint": hint})

    a, b = secret("a", "abc"), secret("b", "xyz")
    assert holder_of("abc-and-more", [a, b]) == a
    assert holder_of("abc-and-more", [a, b, secret("c", "abc")]) is None
    assert holder_of("abc-and-more", [a, b, secret("c", None)]) is None
    assert holder_of(None, [a, b]) is None


@pytest.mark.parametrize(
    ("began", "end", "kept_until", "goes"),
    [
        (4, 20, 20, True),
        (4, 19, 20, True),
        (4, 21, 20, False),
        (4, None, 20, False),
        (4, 21, None, True),
        (4, None, None, True),
        (5, 20, 20, False),
        (6, 20, 20, False),
        (None, 20, 20, False),
    ],
)
def test_only_what_began_before_the_keeper_and_ends_no_later_is_its_predecessor(
    began: int | None, end: int | None, kept_until: int | None, goes: bool
) -> None:
    old = Credential("secret", "ansible", "old", 4, end, {}, {"hint": "xyz"}, began)
    keeper = Credential("secret", "ansible", "kept", 5, kept_until, {}, {"hint": "abc"}, 5)
    assert removable([old], keeper, now=9, grace=4) == ([old] if goes else [])
