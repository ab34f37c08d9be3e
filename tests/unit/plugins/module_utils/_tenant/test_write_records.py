# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The records of writes: their content, and the outcome of a failed request."""

from __future__ import annotations

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import (
    write_records as _records,
)
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.stand_ins import NOW


def test_a_record_has_the_object_and_the_parts_that_change() -> None:
    change = _records.Change("incident 1", {"status": "active"}, {"status": "resolved"})
    assert _records.sent("/v1.0/x/1", {"a": 1}, change, at=NOW + 0.1239) == {
        "time": "2026-11-23T12:00:00.123Z",
        "object": "incident 1",
        "before": {"status": "active"},
        "after": {"status": "resolved"},
        "action_id": None,
        "request_id": None,
        "outcome": "outcome_unknown",
    }
    assert _records.predicted(change, at=NOW)["outcome"] == "predicted"


def test_without_a_change_the_record_has_the_path_and_what_was_sent_but_no_secret() -> None:
    payload = {"keys": [{"key": "MII", "name": "a"}], "secretText": "s", "password": "p", "b": 1}
    record = _records.sent("/v1.0/applications?x=1", payload, None, at=NOW)
    assert (record["object"], record["before"]) == ("/v1.0/applications", None)
    assert record["after"] == {"keys": [{"name": "a"}], "b": 1}
    assert _records.sent("/x", None, None, at=NOW)["after"] is None


@pytest.mark.parametrize(
    ("category", "status", "outcome"),
    [
        ("role_missing", 403, "failed"),
        ("conflict", 409, "failed"),
        ("unsupported", 501, "failed"),
        ("network", 302, "failed"),
        ("unavailable", 503, "outcome_unknown"),
        ("timeout", 408, "outcome_unknown"),
        ("outcome_unknown", 504, "outcome_unknown"),
        ("outcome_unknown", None, "outcome_unknown"),
        ("network", None, "outcome_unknown"),
        ("unavailable", 200, "outcome_unknown"),
    ],
)
def test_only_a_refusal_proves_that_a_request_had_no_effect(
    category: str, status: int | None, outcome: str
) -> None:
    assert _records.outcome_of(DefenderError(category, "No.", status=status)) == outcome


def test_a_look_settles_only_an_outcome_that_is_unknown() -> None:
    records = [{"outcome": "outcome_unknown"}, {"outcome": "failed"}]
    _records.settle(records, "succeeded")
    assert [record["outcome"] for record in records] == ["outcome_unknown", "failed"]
    records.pop()
    _records.settle(records, "succeeded")
    assert records == [{"outcome": "succeeded"}]
    _records.settle([], "succeeded")
