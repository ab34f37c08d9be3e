# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tags of a device, one request each."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils._acting.desired_state import (
    Outcome,
    bring_about,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._devices import device as _devices
from ansible_collections.mssp.defender_xdr.plugins.module_utils._devices import tags as _tags
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.endpoint import Endpoint, machine
from hypothesis import given
from hypothesis import strategies as st

TAGS = st.lists(st.sampled_from("abc"), unique=True, max_size=3)
STATES = st.sampled_from(["present", "absent", "exact"])


def change(endpoint: Endpoint, tags: list[str], state: str, *, check_mode: bool = False) -> Outcome:
    api: t.Any = endpoint
    device = _devices.normalized(dict(endpoint.machines[0]))
    subject = _tags.Tags(api, device, _tags.checked(tags), state)
    return bring_about(api, subject, check_mode=check_mode)


def tagged(tags: list[str], **fields: t.Any) -> Endpoint:
    return Endpoint(machines=[machine(machineTags=list(tags))], **fields)


@given(TAGS, TAGS, STATES, st.lists(st.sampled_from(["ok", "lost"]), max_size=3))
def test_each_tag_that_differs_is_sent_once(
    before: list[str], tags: list[str], state: str, fates: list[str]
) -> None:
    wanted = {
        "present": {*before, *tags},
        "absent": set(before) - set(tags),
        "exact": set(tags),
    }[state]
    endpoint = tagged(before, fates=fates)
    predicted = change(endpoint, tags, state, check_mode=True)
    assert endpoint.sent == []
    outcome = change(endpoint, tags, state)
    assert set(endpoint.machines[0]["machineTags"]) == wanted
    assert (predicted.before, predicted.after) == (outcome.before, outcome.after)
    assert sorted(payload["Value"] for _path, payload in endpoint.sent) == sorted(
        wanted ^ set(before)
    )
    sent = len(endpoint.sent)
    assert change(endpoint, tags, state).as_result("device")["changed"] is False
    assert len(endpoint.sent) == sent


def test_a_tag_that_did_not_arrive_is_told_from_one_that_did() -> None:
    endpoint = tagged([], fates=["ok", "undone"])
    with pytest.raises(DefenderError) as caught:
        change(endpoint, ["a", "b"], "present")
    assert (caught.value.category, caught.value.facts) == ("unavailable", {"changed": True})
    assert endpoint.machines[0]["machineTags"] == ["a"]


def test_a_tag_of_somebody_else_stays() -> None:
    endpoint = tagged(["theirs"])
    change(endpoint, ["ours"], "present")
    assert [payload for _path, payload in endpoint.sent] == [{"Value": "ours", "Action": "Add"}]
    with pytest.raises(DefenderError, match="tags has an empty tag"):
        _tags.checked(["a", " "])
