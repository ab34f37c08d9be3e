# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one exception: the contract's categories, who has to act, and what a cache can give back."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils import _errors
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import (
    DefenderError,
    from_memory,
)
from hypothesis import given
from hypothesis import strategies as st

WHO = {  # the contract's four, by category
    "not_consented": "customer",
    "role_missing": "customer",
    "bad_credentials": "partner",
    "credential_expired": "partner",
    "tenant_not_found": "caller",
    "not_licensed": "customer",
    "wrong_tenant": "partner",
    "wrong_audience": "caller",
    "app_disabled": "customer",
    "blocked_by_policy": "customer",
    "unsupported": "caller",
    "bad_query": "caller",
    "bad_request": "caller",
    "not_found": "caller",
    "conflict": "caller",
    "refused": "caller",
    "action_failed": "customer",
    "truncated": "caller",
    "throttled": "caller",
    "unavailable": "microsoft",
    "timeout": "microsoft",
    "network": "caller",
    "tls": "caller",
    "outcome_unknown": "caller",
}


def test_the_categories_are_the_contracts_and_each_names_who_must_act() -> None:
    assert {category: who for category, (who, _advice) in _errors.CATEGORIES.items()} == WHO
    assert all(advice.endswith(".") for _who, advice in _errors.CATEGORIES.values())


@pytest.mark.parametrize("category", WHO)
def test_only_what_may_pass_by_itself_is_retryable(category: str) -> None:
    passes = {"throttled", "unavailable", "timeout", "network"}
    assert DefenderError(category, "A fact.").as_result()["error"]["retryable"] is (
        category in passes
    )


def test_a_failed_result_has_every_key_of_the_contract() -> None:
    error = DefenderError(
        "role_missing",
        "A fact.",
        status=403,
        code="Forbidden",
        request_id="r-1",
        facts={"missing_roles": ["A"]},
    )
    assert error.as_result() == {
        "failed": True,
        "changed": False,
        "msg": "A fact.",
        "missing_roles": ["A"],
        "error": {
            "category": "role_missing",
            "status": 403,
            "code": "Forbidden",
            "request_id": "r-1",
            "retryable": False,
            "who": "customer",
            "advice": (
                "Add the role to the application; then an administrator of that tenant must"
                " consent again."
            ),
        },
    }


@given(
    category=st.sampled_from(sorted(WHO)),
    message=st.text(),
    status=st.none() | st.integers(100, 599),
    code=st.none() | st.text(),
    facts=st.dictionaries(st.text(), st.text() | st.lists(st.text(), max_size=2), max_size=3),
)
def test_a_remembered_error_is_the_same_error(
    category: str, message: str, status: int | None, code: str | None, facts: dict[str, t.Any]
) -> None:
    error = DefenderError(
        category,
        message,
        status=status,
        code=code,
        request_id="r",
        who="microsoft",
        advice="Do it.",
        facts=facts,
    )
    again = from_memory(json.loads(json.dumps(error.as_memory())))
    assert isinstance(again, DefenderError)
    assert again.as_result() == error.as_result()
    assert str(again) == message


@pytest.mark.parametrize(
    "change",
    [
        {"category": "no_such_category"},
        {"category": None},
        {"category": []},
        {"facts": 7},
        {"facts": [1]},
    ],
)
def test_a_memory_of_something_else_is_no_error(change: dict[str, t.Any]) -> None:
    memory = {**DefenderError("not_consented", "A fact.").as_memory(), **change}
    with pytest.raises((KeyError, TypeError)):
        from_memory(memory)


@pytest.mark.parametrize(
    "name", ["category", "message", "status", "code", "request_id", "who", "advice", "facts"]
)
def test_a_memory_with_a_gap_is_no_error(name: str) -> None:
    memory = DefenderError("not_consented", "A fact.").as_memory()
    del memory[name]
    with pytest.raises(KeyError):
        from_memory(memory)


@pytest.mark.parametrize("change", [{"facts": "abc"}, {"message": 5}])
def test_a_memory_whose_members_are_of_another_type_is_no_error(change: dict[str, t.Any]) -> None:
    with pytest.raises((KeyError, TypeError)):
        from_memory({**DefenderError("not_consented", "A fact.").as_memory(), **change})
