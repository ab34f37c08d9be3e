# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The hosts of a summary and their facts."""

from __future__ import annotations

from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._summary.hosts import collect
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.plugin_utils._summary.facts import (
    Json,
)


class HostVars:
    def __init__(self, facts: dict[str, Json]) -> None:
        self._facts = facts

    def raw_get(self, host: str) -> Json:
        return self._facts[host]


def test_a_host_that_failed_before_counts_and_a_fact_of_another_kind_is_none() -> None:
    variables = {
        "ansible_play_hosts_all": ["a", "b"],
        "ansible_play_hosts": ["a"],
        "ansible_play_batch": ["a"],
        "hostvars": HostVars({"a": {"preflight_result": "text", "other": 1}, "b": {}}),
    }
    found = collect(variables, ("preflight_result",))
    assert found.asked == ["a", "b"]
    assert found.fact("a", "preflight_result") is None
    assert found.fact("b", "preflight_result") is None


def test_without_a_strategy_only_hosts_left_in_a_batch_are_known() -> None:
    variables = {
        "ansible_play_hosts_all": ["a", "b", "c"],
        "ansible_play_hosts": ["a", "b", "c"],
        "ansible_play_batch": ["b"],
        "hostvars": HostVars({"b": {}}),
    }
    assert collect(variables, ("preflight_result",)).asked == ["b"]
