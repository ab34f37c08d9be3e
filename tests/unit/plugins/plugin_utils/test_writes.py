# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The records of writes on their way to the callback `audit`."""

from __future__ import annotations

import types
import typing as t

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils import _scrub
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils import _writes
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.stand_ins import CONTOSO

Json = dict[str, t.Any]
RESULT: t.Final[Json] = {"tenant": CONTOSO, "writes": [{"object": "incident 1"}]}
RECORDS: t.Final = [{**RESULT, "module": None}]


@pytest.fixture(autouse=True)
def enabled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_writes.C, "CALLBACKS_ENABLED", ["mssp.defender_xdr.audit"])


def task(**keywords: t.Any) -> types.SimpleNamespace:
    return types.SimpleNamespace(**{"no_log": False, "vars": {"x": 1}, **keywords})


def handed_over(of: types.SimpleNamespace) -> t.Any:
    return _writes.handed_over({"vars": of.vars})


def test_a_result_that_callbacks_see_is_not_handed_over() -> None:
    of = task()
    with _writes.handing_over(of) as result:
        result |= RESULT
    assert (handed_over(of), of.vars) == (None, {"x": 1})


@pytest.mark.parametrize("hidden", [{"no_log": True}, {}])
def test_the_records_of_a_hidden_result_are_and_nothing_else_of_it(hidden: Json) -> None:
    of = task(**hidden)
    with _writes.handing_over(of) as result:
        result |= {**RESULT, "secret_text": "s", "_ansible_no_log": not hidden}
    assert handed_over(of) == RECORDS


def test_the_records_of_an_earlier_attempt_are_not_handed_over_again() -> None:
    of = task(no_log=True)
    with _writes.handing_over(of) as result:
        result |= RESULT
    with _writes.handing_over(of):
        pass
    assert handed_over(of) is None


def test_the_records_of_a_task_that_is_cut_off_are_handed_over() -> None:
    of = task()

    def cut_off() -> None:
        with _writes.handing_over(of):
            error = KeyboardInterrupt()
            _scrub.keep(error, RESULT)
            raise error

    with pytest.raises(KeyboardInterrupt):
        cut_off()
    assert handed_over(of) == RECORDS


def test_nothing_is_handed_over_to_a_callback_that_is_not_enabled(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(_writes.C, "CALLBACKS_ENABLED", [])
    of = task(no_log=True)
    with _writes.handing_over(of) as result:
        result |= RESULT
    assert handed_over(of) is None


def test_a_result_without_writes_has_no_records() -> None:
    assert _writes.by_tenant({"tenant": CONTOSO, "writes": []}) == []
    assert _writes.by_tenant({"results": [RESULT], "writes": "text"}) == []
    swept = {"results": {"a": RESULT, "b": None}, "failures": {}}
    assert _writes.by_tenant(swept) == RECORDS
    (planned,) = _writes.by_tenant({**swept, "module": "mssp.defender_xdr.incident"})
    assert planned["module"] == "mssp.defender_xdr.incident"
