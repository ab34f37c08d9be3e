# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the strategy's record of a host cannot be read, nobody is taken for ended, and nobody is a
gap."""

from __future__ import annotations

import types
import typing as t

import pytest
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils import _batch, _core

HOSTS: t.Final = ["a", "b", "c", "d"]


@pytest.fixture
def task(monkeypatch: pytest.MonkeyPatch) -> t.Any:
    monkeypatch.setattr(_core, "batch_names", lambda task, variables: HOSTS)
    return types.SimpleNamespace()


def variables(**more: t.Any) -> dict[str, t.Any]:
    """Of four hosts one is left, one failed, one was unreachable, and one was ended."""
    return {
        "ansible_play_batch": ["a"],
        "ansible_failed_hosts": ["b"],
        "ansible_current_hosts": ["a", "d"],
        **more,
    }


def test_without_the_record_the_host_that_neither_failed_nor_was_unreachable_is_unclear(
    task: t.Any,
) -> None:
    assert _batch.batch(task, variables()) == _batch.Batch(
        HOSTS, lost=frozenset("bc"), unclear=frozenset("d")
    )


class Later:
    """A record that a later version of core keeps in another way."""

    def __init__(self, record: t.Any) -> None:
        self._record = record

    def get_state_for_host(self, name: str) -> t.Any:
        if isinstance(self._record, Exception):
            raise self._record
        return self._record


@pytest.mark.parametrize(
    "record",
    [None, KeyError("d"), TypeError("2 arguments"), types.SimpleNamespace(state="ended"), {}],
)
def test_a_record_of_another_form_makes_a_host_unclear(record: t.Any, task: t.Any) -> None:
    iterator = Later(record)
    assert _batch._iterator() is iterator
    assert _batch.batch(task, variables()) == _batch.Batch(
        HOSTS, lost=frozenset("bc"), unclear=frozenset("d")
    )


def test_where_core_does_not_say_who_was_unreachable_all_are_unclear(task: t.Any) -> None:
    given = variables()
    del given["ansible_current_hosts"]
    assert _batch.batch(task, given) == _batch.Batch(HOSTS, unclear=frozenset("bcd"))


def test_a_batch_that_is_complete_looks_for_no_record(
    task: t.Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_batch, "_iterator", None)
    assert _batch.batch(task, variables(ansible_play_batch=HOSTS)) == _batch.Batch(HOSTS)
