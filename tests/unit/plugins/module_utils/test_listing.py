# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options limit and fields."""

from __future__ import annotations

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils import _listing
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError


@pytest.mark.parametrize(
    ("limit", "fields", "words"),
    [
        (-1, None, "limit is -1, but must be a number of devices, or 0 for all of them."),
        (1, ["a", "x"], "fields names x, but must list only fields of a device: a, b."),
    ],
)
def test_bad_input_is_one_sentence(limit: int, fields: list[str] | None, words: str) -> None:
    with pytest.raises(DefenderError) as caught:
        _listing.check({"limit": limit, "fields": fields}, "a device", ("a", "b"))
    assert (caught.value.category, caught.value.message) == ("bad_request", words)


def test_good_input_passes_and_chooses() -> None:
    _listing.check({"limit": 0, "fields": ["b"]}, "a device", ("a", "b"))
    thing = {"id": "1", "a": 2, "b": 3}
    assert _listing.chosen(thing, ["b"]) == {"id": "1", "b": 3}
    assert _listing.chosen(thing, []) == _listing.chosen(thing, None) == thing
