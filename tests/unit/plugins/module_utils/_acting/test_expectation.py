# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An object is changed only if it is as a plan saw it."""

from __future__ import annotations

import types
import typing as t

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils._acting import (
    expectation as _expectation,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError

NEW: t.Final = {"status": "new"}
DONE: t.Final = {"status": "done"}
OTHER: t.Final = {"status": "other"}


def tenant(expected: t.Any) -> t.Any:
    return types.SimpleNamespace(expected=expected)


@pytest.mark.parametrize("before", [NEW, DONE])
def test_an_object_as_the_plan_saw_it_or_made_it_passes_once(before: t.Any) -> None:
    planned = tenant((NEW, DONE))
    _expectation.check(planned, "incident 1", before, DONE)
    assert planned.expected is None
    _expectation.check(planned, "incident 1", OTHER, OTHER)


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (
            OTHER,
            DONE,
            "is no longer as it was in the plan or dry run (status is 'other', not 'new')",
        ),
        (
            NEW,
            OTHER,
            "in the plan or dry run (the change would be another one)",
        ),
    ],
)
def test_an_object_that_is_neither_is_a_conflict(before: t.Any, after: t.Any, words: str) -> None:
    with pytest.raises(DefenderError) as caught:
        _expectation.check(tenant((NEW, DONE)), "incident 1", before, after)
    assert caught.value.category == "conflict"
    assert caught.value.message.startswith("Incident 1 is no longer")
    assert words in caught.value.message
